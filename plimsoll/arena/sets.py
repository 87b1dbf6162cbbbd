"""Sets of scenarios, rules, variations and paths that have a name, so that results can be cited by it.

A set never changes once it is released: another scenario, rule or number of paths is another set.
"""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.arena.variation import Variation, variations


class Set(NamedTuple):
    """What a name stands for."""

    scenarios: tuple[str, ...]
    rules: tuple[str, ...]
    variations: tuple[Variation, ...]
    paths: int  # of each scenario as it is written
    varied: int  # of each variation


SETS = {
    "arena-1": Set(
        (
            "black-thursday", "may-2021", "august-2024", "october-2025", "slow-bleed", "flash-wick", "depeg",
            "keeper-outage", "oracle-freeze", "cascade", "whale", "sequencer-halt", "correlated-crash",
            "leg-depeg",
        ),
        ("aave-v3", "morpho-blue", "plimsoll"),
        variations("competitive,scarce,strategic,absent", "x0.5,x2", "10", "leveraged,whales"),
        1_000,
        100,
    )
}  # fmt: skip
