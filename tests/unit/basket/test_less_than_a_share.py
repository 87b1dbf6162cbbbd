"""A debt share that is worth more than is offered or needed, of a close that leaves legs out."""

from dataclasses import replace
from random import Random

from plimsoll.testing import Chain
from plimsoll.testing.engines import in_process
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.twin.share_math import VIRTUAL_SHARES
from plimsoll.units import FRACTION
from tests.utils.basket_positions import BasketCase, random_basket_case, random_terms
from tests.utils.basket_probe import expected, packed, probe

SHARES = 10**6


def of_dear_shares(case: BasketCase, worth: int) -> BasketCase:
    """About the same debt in shares that owe `worth` base units each."""
    totals = DebtTotals(worth * (SHARES + VIRTUAL_SHARES) * FRACTION - FRACTION, SHARES)
    return replace(case, debt_shares=case.debt // worth, totals=totals)


def test_one_share_if_the_offer_covers_it() -> None:
    """Whatever is offered up to two shares: none, one or two are closed, as the twin says."""
    rng, chain = Random(41), Chain(in_process())
    closed: list[int] = []
    while len(closed) < 600:
        terms = random_terms(rng)
        case = random_basket_case(rng, terms)
        worth = rng.choice((5, case.debt // 3, case.debt // 7))
        dear = of_dear_shares(case, worth) if worth else case
        if dear.debt_shares == 0 or dear.is_slice or not dear.is_covered or not dear.quote().executable:
            continue
        offers = [
            replace(dear, max_repay=offer)
            for offer in (0, 1, worth - 1, worth, worth + 1, 2 * worth - 1, 2 * worth)
        ]
        answers = probe(chain, terms).quotes([packed(case) for case in offers])
        assert [tuple(answer) for answer in answers] == [expected(case) for case in offers]
        closed += [case.quote().shares for case in offers]
        assert [case.quote().paid for case in offers if case.quote().paid > case.max_repay] == []
    assert {0, 1, 2} == set(closed)
