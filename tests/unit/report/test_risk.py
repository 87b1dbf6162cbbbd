"""Risk over many runs, against numbers known beforehand; intervals that hold what they promise."""

from math import exp, log, sqrt

import numpy as np
import pytest

from plimsoll.report.risk import (
    entropic_value_at_risk,
    expected_shortfall,
    mean,
    over_runs,
    value_at_risk,
)
from plimsoll.scenario.sample import Sample, deepest, every

HUNDRED = [float(value) for value in range(1, 101)]
RISKS = (value_at_risk, expected_shortfall, entropic_value_at_risk)


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
    values = np.array(HUNDRED)
    runs = {"bad_debt": np.maximum(0.0, values - 50), "liquidated_debt": 10 * values, "lenders_loss": values}
    found = over_runs(runs, every(100))
    value = {name: each.value for name, each in found.items()}
    assert value["bad_debt_none"] == 0.5
    assert value["bad_debt_mean"] == pytest.approx(sum(range(51)) / 100)
    assert (value["bad_debt_p50"], value["bad_debt_max"], value["bad_debt_var_95"]) == (0, 50, 45)
    assert value["bad_debt_es_99"] == pytest.approx(50)
    assert value["bad_debt_evar_99"] == pytest.approx(50)
    assert value["liquidated_debt_lar_95"] == 950
    assert value["lenders_loss_mean"] == pytest.approx(50.5)
    assert all(each.low <= each.value <= each.high for each in found.values())
    spread = 1.96 * np.std(values) / 10
    assert found["lenders_loss_mean"].low == pytest.approx(50.5 - spread, abs=0.6)
    assert found["lenders_loss_mean"].high == pytest.approx(50.5 + spread, abs=0.6)


def test_one_run_has_no_interval_and_a_measure_that_no_run_has_no_figure() -> None:
    one = np.array([7.0])
    found = over_runs({"bad_debt": one, "liquidated_debt": one, "mine": np.array([np.nan])}, every(1))
    assert found["bad_debt_es_99"] == (7, None, None)
    assert found["mine_mean"] == (None, None, None)


def test_a_mean_is_over_the_runs_that_have_the_number() -> None:
    assert mean(np.array([1.0, np.nan, 4.0]), np.array([0.5, 0.25, 0.25])) == pytest.approx(2)


@pytest.mark.parametrize("values", [[], [float("nan"), 1.0]])
def test_no_runs_and_no_numbers_are_refused(values) -> None:
    numbers = np.array(values, dtype=float)
    with pytest.raises(ValueError, match="run"):
        over_runs({"bad_debt": numbers, "liquidated_debt": numbers}, every(len(values)))


@pytest.mark.parametrize("risk", RISKS)
def test_a_run_of_weight_three_is_three_runs(risk) -> None:
    rng = np.random.default_rng(5)
    values, weights = np.round(rng.exponential(100, 60)), rng.integers(0, 4, 60)
    repeated = risk(np.repeat(values, weights), 0.9)
    assert risk(values, 0.9, weights.astype(float)) == pytest.approx(repeated, rel=1e-9)
    rows = np.array([weights, np.ones(60)], dtype=float)
    assert risk(values, 0.9, rows) == pytest.approx([repeated, risk(values, 0.9)], rel=1e-9)


# ------------------------------------------------------------------------------------------- samples in parts


def world(rng: np.random.Generator, count: int, edge: float = 0.55) -> tuple[np.ndarray, np.ndarray]:
    """How deep prices fall on each path, and what is lost: mostly nothing, and not only by the fall."""
    falls = rng.beta(2, 6, count)
    return falls, np.maximum(0.0, falls - edge + rng.normal(0, 0.04, count)) * 1e6


def drawn_in_parts(rng: np.random.Generator, paths: int, of: int) -> tuple[np.ndarray, Sample]:
    """What is lost on the paths that are played of so many."""
    falls, lost = world(rng, of)
    sample = deepest(falls, paths)
    return lost[list(sample.paths)], sample


def test_weights_are_those_of_the_paths_that_each_stands_for() -> None:
    drawn = Sample((0, 1, 2, 3, 4), np.array([True, False, True, False, False]), 32)
    assert drawn.weights() == pytest.approx([1 / 32, 10 / 32, 1 / 32, 10 / 32, 10 / 32])
    weights = drawn.resampled(4_000, np.random.default_rng(2))
    assert weights.sum(axis=1) == pytest.approx(np.ones(4_000), abs=0.07)  # a sample without a deep fall
    assert weights.mean(axis=0) == pytest.approx(drawn.weights(), abs=0.01)
    assert np.unique(every(3).resampled(50, np.random.default_rng(2))) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_samples_in_parts_have_the_right_mean_and_a_smaller_spread() -> None:
    """Of 200 samples of 100 paths each; the truth is that of a million."""
    rng = np.random.default_rng(11)
    _, many = world(rng, 1_000_000)
    truth = [float(np.mean(many)), expected_shortfall(many, 0.99)]
    plain, parts = [], []
    for _ in range(200):
        _, lost = world(rng, 100)
        plain.append([np.mean(lost), expected_shortfall(lost, 0.99)])
        lost, drawn = drawn_in_parts(rng, 100, 2_000)
        parts.append([drawn.weights() @ lost, expected_shortfall(lost, 0.99, drawn.weights())])
    error = np.std(parts, axis=0) / np.sqrt(len(parts))
    assert np.mean(parts, axis=0)[0] == pytest.approx(truth[0], abs=4 * error[0])
    assert np.mean(parts, axis=0)[1] == pytest.approx(truth[1], rel=0.02)
    assert (np.std(parts, axis=0) < np.std(plain, axis=0) / 2).all()


@pytest.mark.parametrize("parts", [False, True])
def test_nineteen_of_twenty_intervals_hold_the_truth(parts) -> None:
    """Of the mean, of 200 samples of 200 paths; by chance 90 to 99 % of so many.

    Of all that are drawn a fifth loses something; of the sample in parts four of a hundred are enough.
    """
    rng = np.random.default_rng(3)
    truth = float(np.mean(world(rng, 1_000_000, 0.55 if parts else 0.35)[1]))
    held = 0
    for _ in range(200):
        if parts:
            lost, drawn = drawn_in_parts(rng, 200, 2_000)
        else:
            lost, drawn = world(rng, 200, 0.35)[1], every(200)
        resampled = drawn.resampled(200, rng) @ lost
        low, high = np.quantile(resampled, [0.025, 0.975])
        held += low <= truth <= high
    assert 0.90 <= held / 200 <= 0.99
