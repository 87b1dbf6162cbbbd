"""Debt by liquidation price: all of it, at the right price, at every recorded moment."""

from itertools import groupby
from math import exp

import pytest

from plimsoll.scenario.ladder import STEPS, Ladder
from plimsoll.units import PRICE_SCALE, WAD
from tests.utils.laboratory import play, small_basket


def test_positions_stand_on_the_rung_of_their_ratio() -> None:
    ladder = Ladder()
    ladder.update("alice", 10, 1_000)
    ladder.update("bob", 20, 2_010)  # at most 2.5 % above
    ladder.update("carol", 10, 5_000)
    ladder.update("dave", 0, 5)  # without collateral, without a price
    low, high = ladder.rungs()
    assert (low.shares, low.collateral, high.shares, high.collateral) == (3_010, 30, 5_000, 10)
    for rung, ratio in ((low, 100), (low, 100.5), (high, 500)):
        assert rung.key <= ratio < rung.key * exp(1 / STEPS)
    ladder.update("alice", 10, 5_000)
    ladder.update("bob", 20, 0)
    assert [(rung.shares, rung.collateral) for rung in ladder.rungs()] == [(10_000, 20)]


def test_the_ladder_of_a_run_holds_all_debt(result) -> None:
    debts = {(row.block, row.vault): row.debt for row in result.vaults}
    moments = groupby(result.ladder, key=lambda row: (row.block, row.vault))
    found = {moment: sum(row.debt for row in rows) for moment, rows in moments}
    assert set(found) == set(debts)  # of so short a run, every block
    for moment, debt in found.items():
        assert debt == pytest.approx(debts[moment], abs=100)


@pytest.mark.parametrize("moment", ["start", "end"])
def test_prices_are_those_of_the_positions(result, moment: str) -> None:
    block = 0 if moment == "start" else result.scenario.blocks
    prices = [row.price for row in result.ladder if row.block == block]
    token, loan = result.scenario.vaults[0].collateral, result.scenario.pool.loan
    for row in result.positions:
        if row.moment == moment and row.debt:
            price = row.liquidation_price / PRICE_SCALE * 10.0 ** (token.decimals - loan.decimals)
            assert any(each <= price * 1.000_001 <= each * exp(1.001 / STEPS) for each in prices)


def test_changes_lead_from_the_positions_at_the_start_to_those_at_the_end(result) -> None:
    """With the interest since, which the index of debts has."""
    at = {row.block: row.debt_index for row in result.pool}
    known = {
        (row.vault, row.owner): (row.collateral, row.debt, 0)
        for row in result.positions
        if row.moment == "start"
    }
    assert result.changes
    assert [row.block for row in result.changes] == sorted(row.block for row in result.changes)
    for row in result.changes:
        known[row.vault, row.owner] = row.collateral, row.debt, row.block
    for row in result.positions:
        if row.moment == "end":
            collateral, debt, block = known.pop((row.vault, row.owner))
            grown = at[result.scenario.blocks] / at[block]
            assert row.collateral == collateral
            assert row.debt == pytest.approx(debt * grown, rel=1e-8)
    assert known == {}
    assert at[0] == 1 < at[result.scenario.blocks]


def test_a_basket_has_a_ladder_of_healths() -> None:
    """All debt, each at its owner's health; the basket's token has no price of its own."""
    result = play(small_basket())
    assert {(row.price, row.collateral) for row in result.ladder} == {(None, None)}
    for row in result.vaults:
        rungs = [each for each in result.ladder if each.block == row.block]
        assert sum(each.debt for each in rungs) == pytest.approx(row.debt, abs=100)
        assert rungs[0].health <= row.health_min * 1.000_001 <= rungs[0].health * exp(1.001 / STEPS)
    start = [each.health for each in result.ladder if each.block == 0]
    for row in result.positions:
        if row.moment == "start":
            assert any(each <= row.health / WAD * 1.000_001 <= each * exp(1.001 / STEPS) for each in start)


def test_a_basket_has_changes_by_leg() -> None:
    result = play(small_basket())
    start, end = (
        {(row.owner, row.leg): row.amount for row in result.holdings if row.moment == moment and row.amount}
        for moment in ("start", "end")
    )
    held = start | {(row.owner, row.leg): row.collateral for row in result.changes}
    assert {place: amount for place, amount in held.items() if amount} == end != start
