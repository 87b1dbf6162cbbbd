"""Sets of scenarios, rules, variations and paths that have a name, so that results can be cited by it.

A set never changes once it is released: another scenario, rule or number of paths is another set.
"""

from __future__ import annotations

from typing import NamedTuple

from plimsoll.arena.tournament import Entrant, Tournament
from plimsoll.arena.variation import Variation, variations


class Set(NamedTuple):
    """What a name stands for."""

    scenarios: tuple[str, ...]
    rules: tuple[str, ...]
    variations: tuple[Variation, ...]
    paths: int  # of each scenario as it is written
    varied: int  # of each variation

    def is_whole(self, it: Tournament) -> bool:
        """Whether a tournament is all of the set and nothing else, so that it can be cited by its name."""
        return (
            tuple((entry.name, entry.source.settings) for entry in it.entries)
            == tuple((name, ()) for name in self.scenarios)
            and it.entrants == tuple(map(Entrant, self.rules))
            and (it.variations, it.paths, it.varied) == (self.variations, self.paths, self.varied)
            and not it.deployed
        )


SETS = {
    "arena-1": Set(
        (
            "black-thursday", "may-2021", "august-2024", "october-2025", "slow-bleed", "flash-wick", "depeg",
            "keeper-outage", "oracle-freeze", "cascade", "whale", "sequencer-halt", "correlated-crash",
            "leg-depeg",
        ),
        (
            "aave-v3", "aave-v3.0", "aave-v4", "compound-v3", "euler-v2", "fluid", "liquity-v2", "llamalend",
            "maker", "margin-venue", "morpho-blue", "morpho-midnight", "plimsoll", "silo-v2",
        ),
        variations("competitive,scarce,strategic,absent", "x0.5,x2", "10", "leveraged,whales"),
        1_000,
        50,
    )
}  # fmt: skip
