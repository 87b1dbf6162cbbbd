"""The theorems of a basket's closes on the integers of both languages, and the bytecode against the twin.

`FUZZ_STEPS=n` plays five times as many closes, `make fuzz` a million; `FUZZ_SEED=n` takes other ones.
"""

import os
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from plimsoll.chain.engine import Engine
from plimsoll.testing import Chain
from plimsoll.twin.liquidation import restorable_bonus, shortfall_bonus
from plimsoll.twin.slices import Quote
from plimsoll.units import PRICE_SCALE, WAD
from tests.utils.basket_positions import BasketCase, random_basket_case, random_terms
from tests.utils.basket_probe import expected, packed, probe
from tests.utils.baskets import falls

pytestmark = pytest.mark.slow

FUZZ = os.environ.get("FUZZ_STEPS")
FIRST_SEED = int(os.environ.get("FUZZ_SEED", 0))
CLOSES = 5 * int(FUZZ) if FUZZ else 6_000
OF_A_BASKET = 100
RUNS = 10  # the closes are played in so many tests
CASES_A_CALL = 50
KINDS = ("healthy", "unknown", "nothing", "slice covered", "slice short", "part covered", "part short")


def cases(number: int) -> list[BasketCase]:
    """Positions in one basket."""
    rng = Random(FIRST_SEED + number)
    terms = random_terms(rng)
    return [random_basket_case(rng, terms) for _ in range(OF_A_BASKET)]


def baskets(run: int) -> range:
    return range(run, -(-CLOSES // OF_A_BASKET), RUNS)


def kind(case: BasketCase, quote: Quote) -> str:
    if not quote.liquidatable:
        return "healthy"
    if not quote.known:
        return "unknown"
    if not quote.executable:
        return "nothing"
    return f"{'slice' if case.is_slice else 'part'} {'covered' if case.is_covered else 'short'}"


def held(case: BasketCase) -> int:
    """N: the legs with an amount."""
    return sum(amount > 0 for amount in case.amounts)


def index(case: BasketCase) -> int:
    """Base units that a thousand debt shares owe, rounded up."""
    return -(-case.totals.debt * 1_000 // (case.totals.shares * 65_536)) + 1


def assert_promises(case: BasketCase, quote: Quote) -> None:
    """L2b, L3b: what every close holds, whatever it is; tolerances in base units of the loan asset."""
    before, debt, legs = case.worth, case.debt, held(case)
    left = case.after(quote)
    after, owed = left.worth, left.debt
    assert quote.paid <= min(debt, case.max_repay), "the offer bounds what is paid"
    assert all(0 <= taken <= amount for taken, amount in zip(quote.seized, case.amounts, strict=True))
    assert not any(taken and case.without >> leg & 1 for leg, taken in enumerate(quote.seized)), "left out"
    if case.is_slice:
        assert falls((case.amounts, case.debt_shares), (left.amounts, left.debt_shares)) == [], (
            "L2b, Theorem 4"
        )
    if case.is_covered:
        assert quote.paid >= quote.extinguished, "no restorable close ends in a loss"
        assert after.low >= owed, "no restorable close leaves one"
        if owed:  # health falls by flooring alone: a unit of value for each leg
            assert (after.high_weight + legs * WAD) * debt >= before.high_weight * owed, "health"
    else:
        assert quote.fee == 0
        if owed and not case.is_slice:
            assert (after.high + legs) * debt >= before.high * owed, "equity"
    assert_bonus(case, quote)


def assert_bonus(case: BasketCase, quote: Quote) -> None:
    """L7b: what is handed over is what is paid and the bonus, but for a unit of each leg."""
    risk, worth = case.terms.risk, case.worth
    if not case.is_covered:
        bonus = shortfall_bonus(worth.high, case.debt, risk)
    elif case.is_slice:
        bonus = restorable_bonus(worth.high, worth.high_weight, case.debt, risk)
    else:
        bonus = risk.bonus_min
    value = case.value_of(quote.seized) * WAD
    assert value <= (quote.paid * (WAD + bonus) + held(case) * WAD) * PRICE_SCALE, "bonus"


def gain(case: BasketCase, *quotes: Quote) -> int:
    """What a liquidator makes of some closes, base units times 1e36."""
    made = [quote for quote in quotes if quote.executable]
    return sum(case.value_of(quote.seized) - (quote.paid + quote.fee) * PRICE_SCALE for quote in made)


def assert_splits_do_not_pay(case: BasketCase, quote: Quote, rng: Random) -> None:
    """L5b: two slices earn no more than one of their sum, but for what roundings weigh.

    N units, the index, a base unit of each leg, and of the bonus a WADth of the debt.
    """
    first = replace(case, max_repay=rng.randint(1, quote.paid))
    one = first.quote()
    if not one.executable:
        return
    two = first.after(one, quote.paid - one.paid + 1).quote()
    slack = (held(case) + index(case) + case.debt // WAD) * PRICE_SCALE + sum(case.prices)
    assert gain(case, one, two) <= gain(case, quote) + slack, "splitting"


@pytest.mark.parametrize("run", range(RUNS))
def test_closes(run: int) -> None:
    """Theorem 4, the promises, splits; every kind of close occurs, and how often is printed."""
    seen: Counter[str] = Counter()
    for number in baskets(run):
        rng = Random(number)
        for case in cases(number):
            quote = case.quote()
            seen[kind(case, quote)] += 1
            if not quote.executable:
                continue
            try:
                assert_promises(case, quote)
                if case.is_slice and quote.paid > 1 and rng.random() < 0.3:
                    assert_splits_do_not_pay(case, quote, rng)
            except AssertionError as error:
                raise AssertionError(f"{error}: {case}, basket {FIRST_SEED + number}") from None
    least = sum(seen.values()) // 100
    print(dict(seen))
    assert all(seen[what] > least for what in KINDS), seen


# ------------------------------------------------------------------------------------------- bytecode


@pytest.mark.parametrize("run", range(RUNS))
def test_the_bytecode_closes_as_the_twin(engine: Engine, run: int) -> None:
    chain = Chain(engine)
    for number in baskets(run):
        made = cases(number)
        with chain.isolated():
            contract = probe(chain, made[0].terms)
            for at in range(0, len(made), CASES_A_CALL):
                part = made[at : at + CASES_A_CALL]
                answers = contract.quotes([packed(case) for case in part])
                for case, answer in zip(part, answers, strict=True):
                    assert tuple(answer) == expected(case), f"{case}, basket {FIRST_SEED + number}"


def test_a_basket_of_one_collateral_twice() -> None:
    """Theorem 5: two legs at one price and one threshold are one collateral; half of each is seized."""
    rng = Random(7)
    checked = 0
    while checked < 300:
        terms = random_terms(rng)
        price, leg = terms.prices[0], terms.legs[0]
        both = replace(terms, legs=(leg, leg), prices=(price, price))
        case = random_basket_case(rng, both)
        amount = 2 * (case.amounts[0] // 2)
        if not amount:
            continue
        now = max(case.prices) or price
        twice = replace(case, amounts=(amount // 2, amount // 2), prices=(now, now), without=0)
        once = replace(twice, terms=replace(terms, legs=(leg,)), amounts=(amount,), prices=(now,))
        if twice.worth.high != once.worth.high:  # floored apart
            continue
        checked += 1
        two, one = twice.quote(), once.quote()
        assert two[:5] == one[:5]
        if one.executable:
            assert 0 <= one.seized[0] - sum(two.seized) <= 1
            assert two.seized[0] == two.seized[1]
