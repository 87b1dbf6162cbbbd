"""The arena plays Plimsoll's rule as the laboratory plays its contracts."""

from typing import Any

import pytest

from plimsoll import lab

NO_INTEREST = {"rate_min": "1e-9", "rate_initial": "1e-9"}  # of the pool, a year; the arena has none


@pytest.mark.parametrize(
    ("name", "passive", "tolerance"),
    [
        ("flash-wick", {}, 1e-9),
        # Debts differ by base units, so that of batches which are worth the same to a cent another is chosen.
        (
            "black-thursday",
            {"count": 200, "total_debt": 3_000_000, "debt_sigma": 1.1, "health": {"min": 1.04, "max": 1.8}},
            0.005,
        ),
    ],
)
def test_without_interest_and_with_passive_people_it_is_the_laboratory(
    name: str, passive: dict[str, Any], tolerance: float
) -> None:
    scenario = lab.load(name).with_(**{"pool.rates": NO_INTEREST})
    if passive:
        scenario = scenario.with_(borrowers=[passive])
    frames = lab.play(scenario).frames()
    closes, losses = frames["liquidations"], frames["losses"]
    row = lab.arena(scenario, ["plimsoll"]).iloc[0]
    assert row.closes == pytest.approx(len(closes), rel=tolerance)
    assert row.booked == pytest.approx(losses.extinguished.sum(), rel=tolerance, abs=1e-3)
    assert row.repaid == pytest.approx(closes.repaid.sum(), rel=tolerance)
    assert row.protocol == pytest.approx(closes.fee.sum(), rel=tolerance, abs=1e-3)
    needed = closes[["needed", "repaid"]].min(axis=1)  # in shortfall the laboratory says all of the debt
    assert row.over_liquidation == pytest.approx(closes.repaid.sum() / needed.sum(), rel=0.01)


def test_interest_of_half_a_day_moves_little() -> None:
    """It is what is left between both on flash-wick: debts higher by 0.004 %, and so other batches."""
    closes = lab.play("flash-wick").frames()["liquidations"]
    row = lab.arena("flash-wick", ["plimsoll"]).iloc[0]
    assert row.lender_loss == 0
    assert row.closes == pytest.approx(len(closes), abs=4)
    assert row.repaid == pytest.approx(closes.repaid.sum(), rel=0.05)
