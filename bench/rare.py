"""What it saves to play the deepest falls of many paths, where losses are rare; writes bench/rare.json.

A thin market whose token jumps is played on so many paths that they can stand for the world. Then samples are
drawn from these, again and again: of as many paths as are drawn, and of the deepest falls among many. How far
their figures lie from the world's is how good they are; and how often an interval of 95 % holds the world's.
"""

import json
from typing import Any

import numpy as np

from plimsoll import lab
from plimsoll.report.risk import expected_shortfall
from plimsoll.scenario.files import ROOT
from plimsoll.scenario.sample import Sample, deepest, every

RESULTS = ROOT / "bench" / "rare.json"
WORLD = 2_000
PLAYED, OF = 100, 2_000
SAMPLES, RESAMPLES = 400, 200
MARKET = """
title: A thin market
seed: 11
block_seconds: 900
pool: {loan: {symbol: USDC, decimals: 6}, supply: 5_000_000}
vaults:
  - collateral: {symbol: CRAB, decimals: 18}
    preset: volatile
    credit_limit: 4_000_000
    price:
      {kind: jumps, start: 1, hours: 12, volatility: 1.2, jumps_per_year: 200, jump_mean: -0.15,
       jump_sigma: 0.08}
    dex: {depth: 1_000_000, arbitrage: 50_000, feedback: 0.02}
borrowers:
  - {count: 40, total_debt: 2_000_000, health: {min: 1.14, max: 1.7}}
liquidators:
  - {kind: flash, min_profit: 20}
"""


def main() -> None:
    world = lab.sweep(MARKET, paths=WORLD, out=ROOT / "reports" / "rare").paths
    falls = world["fall"].to_numpy()
    found = {name: compared(falls, world[name].to_numpy()) for name in ("bad_debt", "liquidated_debt")}
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(RESULTS.read_text())


def compared(falls: np.ndarray, amounts: np.ndarray) -> dict[str, Any]:
    """How good samples of either kind are, for an amount that most paths do not have."""
    truth = figures(amounts, every(WORLD))
    rng = np.random.default_rng(1)
    found: dict[str, Any] = {
        "world": {"paths": WORLD, "part": float(np.mean(amounts > 0)), "mean": truth[0], "es_99": truth[1]}
    }
    for name, of in ((f"{PLAYED} paths", PLAYED), (f"{PLAYED} of {OF} paths", OF)):
        estimates, held = [], np.zeros(2)
        for _ in range(SAMPLES):
            drawn = rng.integers(0, WORLD, of)
            sample = every(of) if of == PLAYED else deepest(falls[drawn], PLAYED)
            values = amounts[drawn][list(sample.paths)]
            estimates.append(figures(values, sample))
            weights = sample.resampled(RESAMPLES, rng)
            for place, resampled in enumerate((weights @ values, expected_shortfall(values, 0.99, weights))):
                low, high = np.quantile(resampled, [0.025, 0.975])
                held[place] += low <= truth[place] <= high
        errors = np.sqrt(np.mean((np.array(estimates) - truth) ** 2, axis=0))
        found[name] = {
            "mean_error": float(errors[0]), "es_99_error": float(errors[1]),
            "mean_held": held[0] / SAMPLES, "es_99_held": held[1] / SAMPLES,
        }  # fmt: skip
    return found


def figures(lost: np.ndarray, sample: Sample) -> tuple[float, float]:
    """Mean and ES 99."""
    weights = sample.weights()
    return float(weights @ lost), float(expected_shortfall(lost, 0.99, weights))
