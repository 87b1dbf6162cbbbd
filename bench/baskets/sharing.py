"""Sharing collateral against separate vaults: the two scenarios of baskets, many times.

For each seed other people are drawn, for each path other prices; the same of both are played with the
basket and with a vault for each leg. What is told: means over all runs, and the mean difference with its
standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from math import sqrt
from statistics import mean, stdev
from typing import Any

from plimsoll.chain import artifacts
from plimsoll.chain.revm import Revm
from plimsoll.report.measures import measure
from plimsoll.scenario.files import SCENARIOS
from plimsoll.scenario.reading import load
from plimsoll.scenario.run import Laboratory, clock_of
from plimsoll.scenario.world import CONTRACTS

PLAYED = ("correlated-crash", "leg-depeg")
SEEDS = range(101, 111)  # not those that ship
PATHS = 2
MEASURED = ("liquidated_debt", "bad_debt", "lenders_loss", "borrowers_cost", "borrowers_equity")

Run = dict[str, float]


def played(name: str, separate: bool, seed: int, paths: int = PATHS) -> list[Run]:
    """The measures of some paths with one seed's people."""
    settings = [f"seed={seed}", f"vaults.0.separate={str(separate).lower()}"]
    scenario = load(SCENARIOS / f"{name}.yaml", settings)
    found = artifacts.load(CONTRACTS, scenario.has_exchange)
    laboratory = Laboratory(scenario, Revm(clock_of(scenario)), found)
    measured = [measure(laboratory.play(path)) for path in range(paths)]
    return [{key: each[key] or 0.0 for key in MEASURED} for each in measured]


def compared(basket: Sequence[Run], vaults: Sequence[Run]) -> dict[str, Any]:
    """Means of each measure, and the basket's less the vaults' with its standard error over all runs."""
    found = {}
    for key in MEASURED:
        shared, separate = [run[key] for run in basket], [run[key] for run in vaults]
        apart = [one - other for one, other in zip(shared, separate, strict=True)]
        found[key] = {
            "basket": round(mean(shared)),
            "separate": round(mean(separate)),
            "difference": round(mean(apart)),
            "error": round(stdev(apart) / sqrt(len(apart))),
            "basket_less": sum(each < 0 for each in apart),
        }
    return {"runs": len(basket), "measures": found}


def measured() -> dict[str, Any]:
    """Of both scenarios."""
    work = list(product(PLAYED, (False, True), SEEDS))
    with ProcessPoolExecutor() as crew:
        runs = dict(zip(work, crew.map(played, *zip(*work, strict=True)), strict=True))
    found = {}
    for name in PLAYED:
        basket, vaults = (
            [run for seed in SEEDS for run in runs[name, separate, seed]] for separate in (False, True)
        )
        found[name] = compared(basket, vaults)
    return found
