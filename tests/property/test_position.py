"""Packing and unpacking: nothing is lost, nothing leaks into another lane."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.twin.position import (
    COLLATERAL_TOP,
    DEBT_TOP,
    HEALTH_TOP,
    HEALTH_UNIT,
    NO_DEBT,
    pack,
    pack_debt_totals,
    pack_liquidation,
    unpack,
    unpack_debt_totals,
    unpack_liquidation,
)
from plimsoll.twin.share_math import to_assets_down

collaterals, shares = st.integers(0, COLLATERAL_TOP), st.integers(0, DEBT_TOP)
amounts, healths = st.integers(0, 2**96 - 1), st.integers(0, HEALTH_TOP * HEALTH_UNIT * 2)


@given(collaterals, shares, st.integers(0, 2**24 - 1))
def test_a_position_is_one_word(collateral, debt, flags):
    word = pack(collateral, debt, flags)
    assert unpack(word) == (collateral, debt)
    assert word >> 232 == flags
    assert word < 2**256


@pytest.mark.parametrize("fields", [(2**128, 0), (0, 2**104), (0, 0, 2**24), (-1, 0), (0, -1)])
def test_what_does_not_fit_is_refused(fields):
    with pytest.raises(ValueError, match="must be at least 0 and below"):
        pack(*fields)


@given(collaterals, shares, amounts, amounts, healths, st.one_of(healths, st.just(NO_DEBT)))
def test_the_event_of_a_liquidation(seized, debt, repaid, fee, before, later):
    totals = pack_debt_totals(2**110 - 1, 2**104 - 1)
    event = unpack_liquidation(*pack_liquidation(seized, debt, repaid, fee, before, later), totals)
    assert (event.seized, event.shares, event.repaid, event.fee) == (seized, debt, repaid, fee)
    assert event.extinguished == to_assets_down(debt, 2**110 - 1, 2**104 - 1)
    assert event.loss == max(0, event.extinguished - repaid)
    for health, seen in ((before, event.health_before), (later, event.health_after)):
        if health >= HEALTH_TOP * HEALTH_UNIT:
            assert seen is None
        else:
            assert seen is not None
            assert seen <= health < seen + HEALTH_UNIT


@pytest.mark.parametrize("field", ["repaid", "fee"])
def test_an_amount_beyond_its_lane_is_refused(field):
    with pytest.raises(ValueError, match=field):
        pack_liquidation(0, 0, **{"repaid": 0, "fee": 0, field: 2**96}, health_before=0, health_after=0)


@given(st.integers(0, 2**110 - 1), shares)
def test_the_totals_of_a_liquidation(debt, count):
    assert unpack_debt_totals(pack_debt_totals(debt, count)) == (debt, count)
