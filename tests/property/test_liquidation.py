"""The theorems of a liquidation, on the integers that both languages compute; no chain.

Each example is a seed for a hundred positions under one set of parameters: any that a vault accepts.
"""

import functools
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.twin.liquidation import (
    DebtTotals,
    Quote,
    is_liquidatable,
    is_restorable,
    quotes,
    ramp,
    restorable_bonus,
    shortfall_bonus,
)
from plimsoll.twin.share_math import to_value_down
from plimsoll.units import MAX, PRICE_SCALE, WAD
from tests.utils.positions import Case, random_case, random_risk

pytestmark = pytest.mark.slow

CASES = 100
SEEDS = 60
seeds = st.integers(0, SEEDS - 1)
examples = settings(max_examples=SEEDS, deadline=None, derandomize=True)


@functools.cache
def cases(seed: int) -> tuple[Case, ...]:
    """Positions of a seed; making them takes longer than what a test does with them."""
    rng = Random(seed)
    risk = random_risk(rng)
    return tuple(random_case(rng, risk) for _ in range(CASES))


@functools.cache
def closes(seed: int) -> tuple[tuple[Case, Quote, bool], ...]:
    """Positions whose close can be executed; whether they are restorable."""
    return tuple(
        (case, quote, is_restorable(case.value, case.debt, case.risk.bonus_min))
        for case in cases(seed)
        if (quote := case.quote()).executable
    )


def after(case: Case, quote: Quote, max_repay: int = MAX) -> Case:
    """What a close leaves, at the debt per share before it, as in a batch."""
    left = case.collateral - quote.seized, case.debt_shares - quote.shares
    return Case(*left, case.price, case.totals, max_repay, case.risk)


def fine(case: Case) -> bool:
    """Whether a unit of collateral is worth no more than a unit of the loan asset."""
    return case.price <= PRICE_SCALE


def bonus_of(case: Case) -> int:
    if is_restorable(case.value, case.debt, case.risk.bonus_min):
        return restorable_bonus(case.value, case.value * case.risk.threshold, case.debt, case.risk)
    return shortfall_bonus(case.value, case.debt, case.risk)


@given(seeds)
@examples
def test_a_close_stays_within_offer_debt_and_collateral(seed):
    for case, quote, _ in closes(seed):
        assert quote.paid <= min(case.max_repay, case.debt), case
        assert quote.seized <= case.collateral, case
        assert 0 < quote.shares <= case.debt_shares, case


@given(seeds)
@examples
def test_l1_some_close_is_always_accepted(seed):
    """L1: whatever is liquidatable can be closed by whoever offers enough, and nothing else can."""
    for case in cases(seed):
        quote = case.quote(MAX)
        assert quote.executable == quote.liquidatable, case
        assert quote.liquidatable == is_liquidatable(case.value, case.debt, case.risk.threshold), case


@given(seeds)
@examples
def test_l2_collateral_per_debt_share_never_falls(seed):
    """L2, promise 1: without tolerance, at any price, for any offer."""
    for case, quote, _ in closes(seed):
        left = after(case, quote)
        assert left.collateral * case.debt_shares >= case.collateral * left.debt_shares, case


@given(seeds)
@examples
def test_l3_a_restorable_close_loses_nothing(seed):
    """L3, promise 2: what goes is paid for, and what stays covers its debt."""
    for case, quote, restorable in closes(seed):
        if restorable:
            left = after(case, quote)
            assert quote.paid >= quote.extinguished, case
            assert quote.paid * 65_536 >= to_value_down(quote.shares, case.totals.debt, case.totals.shares), (
                case
            )
            assert left.value >= left.debt, case


@given(seeds)
@examples
def test_v3_no_restorable_close_leaves_less_than_the_minimum(seed):
    """V3: as long as a debt share is worth no more than a base unit; beyond, but for less than a share."""
    for case, quote, restorable in closes(seed):
        left = after(case, quote)
        if restorable and left.debt_shares > 0:
            slack = case.totals.assets_up(1) - 1
            assert left.debt >= case.risk.min_debt - slack, case


@given(seeds)
@examples
def test_l4_an_uncapped_restorable_close_ends_healthy(seed):
    """L4: at the target or a little above, but for the weight of a debt share and a base unit."""
    for case in cases(seed):
        quote = case.quote(MAX)
        left = after(case, quote)
        if not is_restorable(case.value, case.debt, case.risk.bonus_min) or not quote.executable:
            continue
        if left.debt_shares > 0:
            assert not is_liquidatable(left.value, left.debt, case.risk.threshold), case
            short = (1 + case.totals.assets_up(1)) * case.risk.target_health // left.debt
            assert quote.health_after >= case.risk.target_health - short - 1, case


@given(seeds, st.floats(0, 1))
@examples
def test_l5_splits_never_pay(seed, part):
    """L5, restorable: in two parts no more is paid, seized or gained than as a whole.

    But for what roundings weigh: of the bonus a WADth of the debt, of the second target a unit and a share.
    """
    for case in cases(seed):
        whole = case.quote(MAX)
        restorable = is_restorable(case.value, case.debt, case.risk.bonus_min)
        if not (whole.executable and restorable and fine(case)):
            continue
        first = case.quote(int(whole.paid * part))
        if not first.executable:
            continue
        rest = after(case, first)
        second = rest.quote(MAX)
        slack = case.totals.assets_up(1) + 1 + case.debt // WAD
        assert first.paid + second.paid <= whole.paid + slack, case
        more = (first.seized + second.seized - whole.seized) * case.price
        assert more <= 2 * slack * PRICE_SCALE, case
        paid_more = first.paid + first.fee + second.paid + second.fee - whole.paid - whole.fee
        assert more - paid_more * PRICE_SCALE <= 2 * slack * PRICE_SCALE, case
        if second.executable:
            assert bonus_of(rest) <= bonus_of(case) + (slack + 2) * WAD // rest.debt + 1, case


@given(seeds, st.lists(st.floats(0, 1), min_size=1, max_size=5))
@examples
def test_l5_parts_of_a_shortfall_lose_a_unit_more_each_at_most(seed, parts):
    """L5, theorem 3: and they seize all of the collateral between them, but for roundings."""
    for case in cases(seed):
        whole = case.quote(MAX)
        restorable = is_restorable(case.value, case.debt, case.risk.bonus_min)
        if restorable or not (whole.executable and fine(case)):
            continue
        state, lost, closed = case, 0, 0
        for part in (*parts, None):
            quote = state.quote(MAX if part is None else int(whole.paid * part / len(parts)))
            if quote.executable:
                state, closed = after(state, quote), closed + 1
                lost += quote.extinguished - quote.paid
        assert lost <= whole.extinguished - whole.paid + closed, case
        if state.debt_shares > 0:  # a debt of a few units, which a rounding has made healthy
            assert not state.quote().liquidatable and case.debt < 1_000, case
            continue
        # what rounding kept for the owner on the way; at the seam it can make him restorable
        assert state.value <= 2 * closed + case.debt // WAD, case


@given(seeds)
@examples
def test_l6_no_collateral_no_debt(seed):
    """L6."""
    for case, quote, _ in closes(seed):
        left = after(case, quote)
        assert left.collateral > 0 or left.debt_shares == 0 or case.collateral == 0, case
        if case.value == 0:
            assert left.debt_shares == 0, case


@given(seeds)
@examples
def test_l7_the_liquidator_gets_the_bonus_at_most(seed):
    """L7: in shortfall but for the unit by which the whole value was rounded down."""
    for case, quote, restorable in closes(seed):
        worth = quote.seized * case.price // PRICE_SCALE
        assert worth * WAD <= quote.paid * (WAD + bonus_of(case)) + (not restorable) * WAD, case


@given(seeds)
@examples
def test_bonus_keeps_its_bounds(seed):
    """Between the minimum and the maximum; never more than the equity; the ramp falls with health."""
    for case in cases(seed):
        risk, value, debt = case.risk, case.value, case.debt
        if not is_liquidatable(value, debt, risk.threshold):
            continue
        bonus = bonus_of(case)
        assert risk.bonus_min <= bonus <= risk.bonus_max, case
        if is_restorable(value, debt, risk.bonus_min):
            assert bonus <= value * WAD // debt - WAD, case
            health = value * risk.threshold // debt
            assert ramp(health, risk) >= ramp(min(health + 10**12, WAD), risk), case


@given(seeds)
@examples
def test_the_fee_comes_out_of_the_bonus(seed):
    """At most its share of the bonus; the minimum bonus is left alone; none in shortfall."""
    for case, quote, restorable in closes(seed):
        if not restorable:
            assert quote.fee == 0, case
            continue
        bonus, risk = bonus_of(case), case.risk
        assert quote.fee * WAD < quote.paid * (risk.liquidation_fee * bonus // WAD) + WAD, case
        spare = case.value * WAD // case.debt - WAD - risk.bonus_min
        assert quote.fee * WAD < quote.paid * spare + WAD, case


@given(seeds, st.integers(0, 2**70), st.integers(0, 2**70))
@examples
def test_more_is_closed_for_more(seed, one, other):
    """Paid, seized and shares grow with the offer, but where the minimum debt extends or cuts."""
    low, high = sorted((one, other))
    for case in cases(seed):
        less, more = case.quote(low), case.quote(high)
        assert (less.paid, less.shares, less.seized) <= (more.paid, more.shares, more.seized), case


@given(seeds)
@examples
def test_many_quotes_are_each_as_by_itself(seed):
    """The healthy are left out, the numbers tell which."""
    rng = Random(seed)
    for case in cases(seed)[:10]:
        book = [
            (case.collateral * rng.randint(50, 150) // 100, case.debt_shares * rng.randint(0, 150) // 100)
            for _ in range(20)
        ]
        alone = [
            Case(*position, case.price, case.totals, case.max_repay, case.risk).quote() for position in book
        ]
        expected = [(number, quote) for number, quote in enumerate(alone) if quote.liquidatable]
        together = quotes(iter(book), case.price, case.totals, case.risk, case.max_repay)
        assert list(together) == expected, case


@given(seeds)
@examples
def test_healths_are_what_they_say(seed):
    """`health_before` whenever liquidatable, below 1; `health_after` that of what is left."""
    for case in cases(seed):
        quote, threshold = case.quote(), case.risk.threshold
        if quote.liquidatable:
            assert quote.health_before == case.value * threshold // case.debt < WAD, case
        if quote.executable:
            left = after(case, quote)
            assert quote.health_after == (left.value * threshold // left.debt if left.debt else MAX), case
        else:
            assert (quote.paid, quote.fee, quote.seized, quote.extinguished) == (0, 0, 0, 0), case


@pytest.mark.parametrize("shares", [1, 1_000, 10**15])
def test_a_position_at_par_owes_what_it_says(shares):
    """A thousand shares a unit, rounded up."""
    assert DebtTotals(shares * 65_536 // 1_000, shares).assets_up(shares) == -(-shares // 1_000)
