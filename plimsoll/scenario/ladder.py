"""Debt of a vault by the price at which it can be liquidated, kept up as positions change."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, floor, log
from typing import NamedTuple

STEPS = 40  # rungs in which a price grows e-fold: each is 2.5 % above the one below


class Rung(NamedTuple):
    """The positions between a price and the next one."""

    key: float  # the lowest debt shares per unit of collateral, base units
    shares: int  # debt shares
    collateral: int  # base units


class Ladder:
    """Debt shares and collateral of all positions of a vault, by their ratio.

    Neither prices nor interest change the ratio, so that only positions that change move. Those without
    collateral have no price and are left out.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self._places: dict[str, tuple[int, int, int]] = {}
        self._rungs: dict[int, list[int]] = {}

    def update(self, owner: str, collateral: int, shares: int) -> None:
        """Moves an owner's position to where it now belongs."""
        if owner in self._places:
            place, had, owed = self._places.pop(owner)
            rung = self._rungs[place]
            rung[0] -= owed
            rung[1] -= had
            if not rung[0]:
                del self._rungs[place]
        if shares and collateral:
            place = floor(log(shares / collateral) * STEPS)
            self._places[owner] = place, collateral, shares
            rung = self._rungs.setdefault(place, [0, 0])
            rung[0] += shares
            rung[1] += collateral

    def rungs(self) -> Iterator[Rung]:
        """Those with debt, from the lowest price on."""
        for place in sorted(self._rungs):
            yield Rung(exp(place / STEPS), *self._rungs[place])
