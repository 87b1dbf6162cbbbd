"""A debt share that is worth more than is offered, of a close that leaves legs out."""

from dataclasses import replace
from random import Random

from plimsoll.testing import Chain
from plimsoll.testing.engines import in_process
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.twin.share_math import VIRTUAL_SHARES
from plimsoll.units import FRACTION
from tests.utils.basket_positions import BasketCase, random_basket_case, random_terms
from tests.utils.basket_probe import expected, packed, probe

SHARES = 10**12
WORTH = 5  # base units that a share owes


def of_dear_shares(case: BasketCase) -> BasketCase:
    """The same debt, to a base unit or four, in shares that owe `WORTH` base units each."""
    totals = DebtTotals(WORTH * (SHARES + VIRTUAL_SHARES) * FRACTION - FRACTION, SHARES)
    return replace(case, debt_shares=case.debt // WORTH, totals=totals)


def test_one_share_if_the_offer_covers_it() -> None:
    """Whatever is offered up to two shares: none, one or two are closed, as the twin says."""
    rng, chain = Random(41), Chain(in_process())
    closed: list[int] = []
    while len(closed) < 200:
        terms = random_terms(rng)
        dear = of_dear_shares(random_basket_case(rng, terms))
        if dear.debt_shares == 0 or dear.is_slice or not dear.is_covered or not dear.quote().executable:
            continue
        offers = [replace(dear, max_repay=offer) for offer in range(2 * WORTH + 1)]
        answers = probe(chain, terms).quotes([packed(case) for case in offers])
        assert [tuple(answer) for answer in answers] == [expected(case) for case in offers]
        closed += [case.quote().shares for case in offers]
        assert [case.quote().paid for case in offers if case.quote().paid > case.max_repay] == []
    assert {0, 1, 2} == set(closed)
