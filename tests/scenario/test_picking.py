"""What `bench/baskets` measures, on a small scale and by hand."""

from dataclasses import replace
from random import Random

import pytest

from bench.baskets.games import closed, drawn, games, told
from bench.baskets.picking import Loan, compared, crashes, lived, pick_of, separate, slice_of, slices_worth_of
from bench.baskets.sharing import MEASURED
from bench.baskets.sharing import compared as shared
from plimsoll.twin import liquidation, slices
from plimsoll.units import WAD

FEW = 1_500


def test_picking_brings_no_more_than_rounding() -> None:
    """The same for 10^5 games: python -m bench baskets games."""
    found = told(games(7, FEW))
    assert found["most_more_base_units"] <= 10
    assert found["restorable"] > FEW / 2
    assert found["mean_advantage_percent"] < -5


def test_a_full_bonus_without_legs_would_pay(monkeypatch) -> None:
    """The games would notice a rule that pays the ramp's bonus for legs that are picked."""

    def unscaled(worth, debt, debt_shares, totals, max_repay, risk):
        weight = worth.part * worth.high_weight // worth.high
        return liquidation.whole_close(worth.part, weight, debt, debt_shares, totals, max_repay, risk)

    monkeypatch.setattr(slices, "_restoring", unscaled)
    assert told(games(7, FEW))["highest_advantage_percent"] > 1


def test_games_begin_below_health_one_and_end_when_nothing_can_be_closed() -> None:
    random = Random(3)
    for _ in range(50):
        position = drawn(random, 0)
        worth = slices.worth_of(position.amounts, position.prices, position.legs)
        assert worth.high_weight < position.shares // 2**16 * WAD
        gain = 1
        while gain:
            position, gain = closed(position)
        assert closed(position) == (position, 0)


def test_a_pick_takes_half_or_all_for_the_fixed_bonus() -> None:
    """Out of the leg that sells best; the deficit is booked when nothing is left."""
    loan = Loan([50.0, 70.0], 100.0)
    prices = (1.0, 0.99, 1.0, 1.0)
    assert pick_of(loan, prices)
    assert (loan.debt, loan.taken) == pytest.approx((100 - 50 / 1.05, 50 * 0.05 / 1.05))
    assert loan.amounts == [0.0, 70.0]
    poor = Loan([0.0, 0.0, 0.0, 80.0], 100.0)
    assert pick_of(poor, (1.0, 1.0, 1.0, 1.0))
    assert (poor.debt, poor.lost) == pytest.approx((0, 100 - 80 / 1.05))


def test_a_slice_is_the_twins() -> None:
    loan = Loan([50.0, 68.0], 100.0)
    assert slice_of(loan, (1.0, 1.0, 1.0, 1.0))
    assert loan.amounts[0] / loan.amounts[1] == pytest.approx(50 / 68)
    assert sum(loan.amounts) * 0.83 / loan.debt == pytest.approx(1.05, rel=1e-6)
    healthy = Loan([100.0, 100.0], 100.0)
    assert not slice_of(healthy, (1.0, 1.0, 1.0, 1.0))


def test_a_slices_worth_is_picked_from_what_sells_best() -> None:
    """The same debt ends for the same value, which the first leg alone gives while it lasts."""
    prices = (1.0, 1.0, 1.0, 1.0)
    sliced, picked = Loan([50.0, 10.0, 60.0], 100.0), Loan([50.0, 10.0, 60.0], 100.0)
    assert slice_of(sliced, prices)
    assert slices_worth_of(picked, prices)
    assert (picked.debt, picked.taken) == (sliced.debt, sliced.taken)
    assert sum(picked.amounts) == pytest.approx(sum(sliced.amounts))
    assert picked.amounts[2] == 60
    assert picked.amounts[0] < sliced.amounts[0]
    poor = Loan([20.0, 0.0, 60.0], 100.0)
    assert slices_worth_of(poor, prices)
    assert not any(poor.amounts)


def test_separate_loans_start_at_the_same_health() -> None:
    parts = separate(Loan([50.0, 30.0, 20.0, 10.0], 60.0))
    assert sum(part.debt for part in parts) == pytest.approx(60)
    thresholds = (0.83, 0.83, 0.80, 0.72)
    healths = [max(part.amounts) * own / part.debt for part, own in zip(parts, thresholds, strict=True)]
    assert max(healths) == pytest.approx(min(healths))


def test_what_is_not_covered_at_the_end_is_lost() -> None:
    """Even where nothing pays, so that nobody closes."""
    loan = Loan([100.0], 80.0)
    assert lived([replace(loan)], [(0.5, 1, 1, 1)], lambda *_: False) == pytest.approx((3_750, 0))


def test_four_crashes_are_there_and_every_rule_is_told() -> None:
    assert {name: len(points) for name, points in crashes().items()} == {
        "2020-03": 192, "2021-05": 96, "2024-08": 288, "2025-10": 192,
    }  # fmt: skip
    found = compared("2021-05", 3, 1)
    assert len(found) == 5
    assert found["slices"][0] < found["picking"][0]


def test_differences_are_told_with_their_errors() -> None:
    basket = [dict.fromkeys(MEASURED, value) for value in (1.0, 2.0, 3.0, 6.0)]
    vaults = [dict.fromkeys(MEASURED, value) for value in (3.0, 2.0, 1.0, 2.0)]
    found = shared(basket, vaults)
    assert found["runs"] == 4
    assert found["measures"]["bad_debt"] == {
        "basket": 3, "separate": 2, "difference": 1, "error": 1, "basket_less": 1
    }  # fmt: skip
