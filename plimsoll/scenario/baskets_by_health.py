"""Positions of a basket by health.

No order of theirs outlasts a move of one price against another, so the healths of all are computed anew: in
floats, which select candidates; the exact twin decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, inf

import numpy as np
import numpy.typing as npt

from plimsoll.scenario.ladder import STEPS
from plimsoll.scenario.positions_by_health import SLACK, assets_per_share, place_of
from plimsoll.twin.basket import Basket
from plimsoll.units import PRICE_SCALE, WAD


class BasketsByHealth:
    """The indebted positions of a basket."""

    def __init__(self, basket: Basket) -> None:
        """Starts empty."""
        self._basket = basket
        self._rows: dict[str, tuple[int, ...]] = {}  # amounts and debt shares
        self._table: npt.NDArray[np.float64] | None = None  # the same; None: to be made anew

    def __len__(self) -> int:
        """How many positions it holds."""
        return len(self._rows)

    def update(self, owner: str) -> None:
        """Takes an owner's position up again after a change."""
        amounts, shares = self._basket.position_of(owner)
        self._rows.pop(owner, None)
        if shares:
            self._rows[owner] = *amounts, shares
        self._table = None

    def below(self, health: float, prices: Sequence[int]) -> Iterator[str]:
        """Owners whose health is below `health`, or just above it; the lowest first.

        Args:
            health: the health factor.
            prices: 1e36, one a leg; 0 for a silent one, which counts at its ceiling.
        """
        found = self._healths(prices)
        owners = list(self._rows)
        for place in np.argsort(found, kind="stable").tolist():
            if found[place] > health * (1 + SLACK):
                return
            yield owners[place]

    def count_below(self, health: float, prices: Sequence[int]) -> int:
        """How many `below` finds."""
        return int(np.count_nonzero(self._healths(prices) <= health * (1 + SLACK)))

    def healths_at(self, parts: Sequence[float], prices: Sequence[int]) -> list[float | None]:
        """Quantiles of the healths, see `place_of`; None without debts."""
        if not self._rows:
            return [None] * len(parts)
        found = np.sort(self._healths(prices))
        return [float(found[place_of(part, len(self))]) for part in parts]

    def rungs(self, prices: Sequence[int]) -> Iterator[tuple[float, int]]:
        """Healths in steps as in `ladder`, the lowest first, and the debt shares of whose is there.

        Those whose collateral is worth nothing are left out.
        """
        sums: dict[int, int] = {}
        with np.errstate(divide="ignore"):
            places = np.floor(np.log(self._healths(prices)) * STEPS)
        for place, (*_, shares) in zip(places.tolist(), self._rows.values(), strict=True):
            if place > -inf:
                sums[int(place)] = sums.get(int(place), 0) + shares
        for rung in sorted(sums):
            yield exp(rung / STEPS), sums[rung]

    def _healths(self, prices: Sequence[int]) -> npt.NDArray[np.float64]:
        if not self._rows:
            return np.zeros(0)
        if self._table is None:
            self._table = np.array(list(self._rows.values()), dtype=float)
        backs = [  # debt that a base unit of each leg backs
            (price or leg.ceiling) / PRICE_SCALE * (leg.threshold / WAD)
            for price, leg in zip(prices, self._basket.legs, strict=True)
        ]
        debts = self._table[:, -1] * assets_per_share(self._basket.pool)
        healths: npt.NDArray[np.float64] = self._table[:, :-1] @ np.array(backs) / debts
        return healths
