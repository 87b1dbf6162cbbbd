"""Measures of a run by hand, and of many runs, against numbers known beforehand."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest

from plimsoll.report.measures import (
    MEASURES,
    entropic_value_at_risk,
    expected_shortfall,
    measure,
    over_runs,
    value_at_risk,
)

HUNDRED = [float(value) for value in range(1, 101)]


def test_the_measures_of_a_run(result) -> None:
    """Each worked out by hand from the rows of `result`."""
    assert measure(result) == pytest.approx(
        {
            "liquidated_debt": 4_000,
            "bad_debt": 520,
            "written_off": 400,
            "uncovered_debt": 120,  # 1,620 owed for 3 WETH at 500
            "lenders_loss": 50,
            "borrower_loss": 0.05,  # 1,050 and 2,100 seized for 1,000 and 2,000
            "borrowers_cost": 150,
            "borrowers_equity": 20_000,  # 1 WBTC at 40,000 for 20,000 owed
            "over_liquidation": 1.2,  # 3,000 repaid; 500 needed, and 2,000 of 2,500
            "time_to_liquidation_median": 2,
            "time_to_liquidation_95": 20,
            "liquidated_within_1": 0.25,
            "liquidated_within_2": 0.75,
            "liquidated_within_16": 0.75,
            "left_liquidatable": 3,
            "cascade_amplification": 1.5,  # 2,000 to 500 instead of 1,000
            "final_price": 0.5,
            "liquidators_profit": 45,
            "highest_utilisation": 0.8,
        }
    )


def test_a_run_without_liquidations_has_no_times_and_ratios(calm) -> None:
    found = measure(calm)
    none = {name for name, value in found.items() if value is None}
    assert none == {
        "borrower_loss", "over_liquidation", "time_to_liquidation_median", "time_to_liquidation_95",
        "liquidated_within_1", "liquidated_within_2", "liquidated_within_16", "cascade_amplification",
    }  # fmt: skip
    assert found["bad_debt"] == found["liquidated_debt"] == 0


def test_the_amplification_is_that_of_the_worst_vault(result) -> None:
    """The other vault falls by 1,000 with feedback 3,000."""
    rows = [replace(row, path=39_000.0, outside=37_000.0) if row.vault == 1 and row.block == 1 else row
            for row in result.vaults]  # fmt: skip
    assert measure(replace(result, vaults=rows))["cascade_amplification"] == pytest.approx(3)


def test_every_measure_says_what_it_is() -> None:
    for each in MEASURES.values():
        assert each.definition.endswith(".")
        assert "{" not in each.definition
    assert "50%" in MEASURES["time_to_liquidation_median"].definition


@pytest.mark.parametrize(("level", "expected"), [(0.95, 95), (0.99, 99), (0.5, 50), (0.955, 96), (0.001, 1)])
def test_value_at_risk_is_the_smallest_that_enough_runs_do_not_exceed(level, expected) -> None:
    assert value_at_risk(list(reversed(HUNDRED)), level) == expected


def test_expected_shortfall_is_the_mean_of_the_worst_runs() -> None:
    assert expected_shortfall(HUNDRED, 0.95) == pytest.approx((96 + 97 + 98 + 99 + 100) / 5)
    assert expected_shortfall(HUNDRED, 0.99) == pytest.approx(100)
    # 2.5 runs: 100, 99 and half of 98
    assert expected_shortfall(HUNDRED, 0.975) == pytest.approx((100 + 99 + 98 / 2) / 2.5)


def divergence(q: float, p: float) -> float:
    return q * log(q / p) + (1 - q) * log((1 - q) / (1 - p))


@pytest.mark.parametrize("losing", [1, 20, 200])
def test_evar_of_two_values_is_the_worst_mean_within_the_divergence(losing) -> None:
    """Its dual: the largest chance of the loss whose divergence from the true one is ln(1/(1 - level))."""
    count, loss, chance = 100_000, 7_000.0, losing / 100_000
    values = [loss] * losing + [0.0] * (count - losing)
    low, high = chance, 1 - 1e-12
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if divergence(middle, chance) < -log(0.01) else (low, middle)
    assert entropic_value_at_risk(values, 0.99) == pytest.approx(loss * low, rel=1e-7)


def test_evar_of_a_normal_distribution() -> None:
    """It is mean + deviation*sqrt(2 ln(1/(1 - level))); at level 0.8 the tail of the grid does not count."""
    grid = np.linspace(-8, 8, 401)
    counts = np.round(np.exp(-(grid**2) / 2) * 1_000).astype(int)
    values = 1e6 + 250.0 * np.repeat(grid, counts)
    deviation = float(np.std(values))
    expected = float(np.mean(values)) + deviation * sqrt(2 * log(5))
    assert entropic_value_at_risk(values, 0.8) == pytest.approx(expected, abs=deviation / 100)


def test_evar_is_at_least_the_shortfall_and_at_most_the_worst_run() -> None:
    rng = np.random.default_rng(3)
    for scale in (1e-9, 1.0, 1e12):
        values = scale * np.exp(rng.normal(0, 2, 500))
        found = entropic_value_at_risk(values, 0.99)
        assert expected_shortfall(values, 0.99) <= found * (1 + 1e-9)
        assert found <= values.max()


def test_evar_is_the_worst_run_when_that_is_likely_enough() -> None:
    assert entropic_value_at_risk([0.0] * 98 + [5.0] * 2, 0.99) == pytest.approx(5)
    assert entropic_value_at_risk([3.0, 3.0], 0.99) == 3


def test_evar_scales_and_shifts_with_the_values() -> None:
    values = [exp(number / 20) for number in range(200)]
    plain = entropic_value_at_risk(values, 0.95)
    assert entropic_value_at_risk([1e9 * value - 5 for value in values], 0.95) == pytest.approx(
        1e9 * plain - 5
    )


def test_over_many_runs() -> None:
    runs = ({"bad_debt": max(0.0, value - 50), "liquidated_debt": 10 * value} for value in HUNDRED)
    found = over_runs(runs)
    assert found["runs"] == 100
    assert found["bad_debt_none"] == 0.5
    assert found["bad_debt_mean"] == pytest.approx(sum(range(51)) / 100)
    assert (found["bad_debt_p50"], found["bad_debt_max"], found["bad_debt_var_95"]) == (0, 50, 45)
    assert found["bad_debt_es_99"] == pytest.approx(50)
    assert found["bad_debt_evar_99"] == pytest.approx(50)
    assert found["liquidated_debt_lar_95"] == 950


@pytest.mark.parametrize("runs", [[], [{"bad_debt": float("nan"), "liquidated_debt": 1.0}]])
def test_no_runs_and_no_numbers_are_refused(runs) -> None:
    with pytest.raises(ValueError, match="run"):
        over_runs(runs)
