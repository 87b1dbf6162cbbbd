"""Risk over many runs, with intervals. Each function's first paragraphs are its definition.

Values are one number a run; weights are how much each run counts, a row of them or many rows (the resamples
of a bootstrap), each of which gives a figure. Amounts are whole loan tokens, as floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from plimsoll.report.measures import BAD_DEBT, LIQUIDATED_DEBT
from plimsoll.scenario.sample import Sample

Numbers = npt.NDArray[np.float64]
Figures = Callable[[Mapping[str, Numbers], Numbers], dict[str, Any]]
"""Figures of the runs' measures, each for every row of weights."""

RESAMPLES = 1_000
INSIDE = 0.95  # part of the resampled figures within an interval
AT_ONCE = 4_000_000  # weights in memory


class Estimate(NamedTuple):
    """A figure with its interval, which is None where there is but one run."""

    value: float | None
    low: float | None = None
    high: float | None = None


def value_at_risk(values: Sequence[float] | Numbers, level: float, weights: Numbers | None = None) -> Any:
    """The smallest value that at least `level` of the runs do not exceed (VaR, LaR)."""
    ordered, parts = _ordered(values, weights)
    return _plain(ordered[_rank(parts, level)])


def expected_shortfall(
    values: Sequence[float] | Numbers, level: float, weights: Numbers | None = None
) -> Any:
    """The mean of the worst 1 - `level` of the runs, one of them counted in part if need be (ES, CVaR).

    `VaR + mean(max(0, value - VaR))/(1 - level)`.
    """
    ordered, parts = _ordered(values, weights)
    place = _rank(parts, level)
    beyond = np.arange(len(ordered)) > place[..., None]
    tail = np.where(beyond, parts, 0.0)
    edge = ordered[place]
    return _plain(edge + (tail @ ordered - tail.sum(axis=-1) * edge) / (1 - level))


def entropic_value_at_risk(
    values: Sequence[float] | Numbers, level: float, weights: Numbers | None = None
) -> Any:
    """The tightest exponential bound of the VaR (EVaR).

    `inf over t > 0 of ln(mean(exp(t*value))/(1 - level))/t`.
    At least the expected shortfall, at most the worst run, which it is when that is at least 1 - `level` of
    all. Found to 1e-9 of the values' range.
    """
    ordered, parts = _ordered(values, weights)
    low, high = ordered[0], np.where(parts > 0, ordered, -np.inf).max(axis=-1)
    spread = np.where(high > low, high - low, 1.0)
    scaled = (ordered - high[..., None]) / spread[..., None]  # at most 0 where it counts: nothing overflows
    scaled = np.minimum(scaled, 0.0)
    margin = -log(1 - level)

    def bound(inverse: Numbers) -> Numbers:
        """The bound at t = 1/`inverse`, convex in it."""
        means = (parts * np.exp(scaled / inverse[..., None])).sum(axis=-1)
        found: Numbers = inverse * (np.log(means) + margin)
        return found

    # at 0 the bound is the worst run, and beyond 1/margin it exceeds that
    best = _least(bound, np.full(high.shape, 1e-12), np.full(high.shape, 1 / margin))
    return _plain(np.where(high > low, high + spread * np.minimum(0.0, best), high))


def _least(function: Callable[[Numbers], Numbers], left: Numbers, right: Numbers) -> Numbers:
    """The least values of convex functions on intervals, by golden sections."""
    golden = (5**0.5 - 1) / 2
    one, two = right - golden * (right - left), left + golden * (right - left)
    at_one, at_two = function(one), function(two)
    for _ in range(60):  # 0.618^60 is 3e-13
        lower = at_one <= at_two
        left, right = np.where(lower, left, one), np.where(lower, two, right)
        kept, at_kept = np.where(lower, one, two), np.where(lower, at_one, at_two)
        new = np.where(lower, right - golden * (right - left), left + golden * (right - left))
        at_new = function(new)
        one, two = np.where(lower, new, kept), np.where(lower, kept, new)
        at_one, at_two = np.where(lower, at_new, at_kept), np.where(lower, at_kept, at_new)
    return np.minimum(at_one, at_two)


def _ordered(values: Sequence[float] | Numbers, weights: Numbers | None) -> tuple[Numbers, Numbers]:
    """The different values in order, and the part of the runs that has each, in the shape of the weights."""
    known = np.asarray(values, dtype=float)
    if known.size == 0:
        raise ValueError("there is no run to measure; give at least one")
    if not np.isfinite(known).all():
        raise ValueError("a run has no finite number; leave it out or see why")
    parts = np.ones(len(known)) if weights is None else weights
    order = np.argsort(known, kind="stable")
    ordered, first = np.unique(known[order], return_index=True)
    joined = np.add.reduceat(parts[..., order], first, axis=-1)
    return ordered, joined / joined.sum(axis=-1, keepdims=True)


def _rank(parts: Numbers, level: float) -> npt.NDArray[np.intp]:
    """The place of the quantile among ordered values; a float's last bits do not count."""
    reached = np.cumsum(parts, axis=-1) >= level - 1e-12
    reached[..., -1] = True
    return np.asarray(np.argmax(reached, axis=-1))


def _plain(figures: Any) -> Any:
    """A number for a single row of weights."""
    return float(figures) if np.ndim(figures) == 0 else figures


def mean(values: Numbers, weights: Numbers) -> Any:
    """The mean over the runs that have the number; NaN where none has."""
    has = np.isfinite(values)
    total = weights[..., has].sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _plain(weights[..., has] @ values[has] / total)


def losses(runs: Mapping[str, Numbers], weights: Numbers) -> dict[str, Any]:
    """The figures of `over_runs`, unless others are wanted."""
    bad, liquidated = runs[BAD_DEBT], runs[LIQUIDATED_DEBT]
    quantiles = (5, 25, 50, 75, 90, 99)
    used = np.where(weights > 0, bad, -np.inf)
    return {
        "bad_debt_mean": _plain(weights @ bad),
        "bad_debt_none": _plain(weights @ (bad == 0).astype(float)),
        **{f"bad_debt_p{part:02}": value_at_risk(bad, part / 100, weights) for part in quantiles},
        "bad_debt_max": _plain(used.max(axis=-1)),
        "bad_debt_var_95": value_at_risk(bad, 0.95, weights),
        "bad_debt_es_99": expected_shortfall(bad, 0.99, weights),
        "bad_debt_evar_99": entropic_value_at_risk(bad, 0.99, weights),
        "liquidated_debt_lar_95": value_at_risk(liquidated, 0.95, weights),
        **{f"{name}_mean": mean(values, weights) for name, values in runs.items() if name != BAD_DEBT},
    }


def over_runs(runs: Mapping[str, Numbers], sample: Sample, figures: Figures = losses) -> dict[str, Estimate]:
    """Risk over many runs, from the measures of each (see `measure`).

    VaR 95, ES 99, EVaR 99, mean and distribution of bad debt, and the part of the runs without any; LaR 95,
    the VaR 95 of liquidated debt; of every other measure the mean over the runs that have it. Each figure has
    an interval: the middle 95 % of what it is in 1,000 bootstrap resamples of the runs.

    Raises:
        ValueError: there is no run, or one lacks a number of bad or liquidated debt.
    """
    if not sample.paths:
        raise ValueError("there is no run to measure; give at least one")
    found = figures(runs, sample.weights())
    if len(sample.paths) < 2:
        return {name: Estimate(_known(value)) for name, value in found.items()}
    rng = np.random.default_rng(1)
    resampled = _joined(figures(runs, weights) for weights in _blocks(sample, rng))
    return {name: estimate(value, resampled[name]) for name, value in found.items()}


def differences(
    one: Mapping[str, Numbers], other: Mapping[str, Numbers], sample: Sample, figures: Figures = losses
) -> dict[str, Estimate]:
    """Every figure of the other runs less that of the one, on the same paths, resampled together."""
    found, changed = figures(one, sample.weights()), figures(other, sample.weights())
    names = [name for name in found if name in changed]
    if len(sample.paths) < 2:
        return {name: Estimate(_known(changed[name] - found[name])) for name in names}
    rng = np.random.default_rng(1)
    resampled = _joined(
        {name: there[name] - here[name] for name in names}
        for weights in _blocks(sample, rng)
        for here, there in [(figures(one, weights), figures(other, weights))]
    )
    return {name: estimate(changed[name] - found[name], resampled[name]) for name in names}


def estimate(value: float, resampled: Numbers) -> Estimate:
    """A figure with the interval in which the middle of its resamples lies."""
    known = resampled[np.isfinite(resampled)]
    if not known.size:
        return Estimate(_known(value))
    low, high = np.quantile(known, [(1 - INSIDE) / 2, (1 + INSIDE) / 2])
    return Estimate(_known(value), float(low), float(high))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _blocks(sample: Sample, rng: np.random.Generator) -> Iterator[Numbers]:
    """The weights of all resamples, some at a time."""
    left, most = RESAMPLES, max(1, AT_ONCE // len(sample.paths))
    while left:
        yield sample.resampled(min(left, most), rng)
        left -= min(left, most)


def _joined(blocks: Iterator[dict[str, Any]]) -> dict[str, Numbers]:
    parts = list(blocks)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
