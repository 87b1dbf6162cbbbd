"""Positions in the order in which falling prices reach them.

A position's place is its debt shares per unit of collateral. Neither the price nor interest changes it, so a
position costs nothing until a price or the worth of a debt share reaches it. Places are floats: they say
where to look, the exact twin says what is.
"""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedList

from plimsoll.twin.share_math import VIRTUAL_SHARES
from plimsoll.twin.vault import Vault
from plimsoll.units import FRACTION, PRICE_SCALE, WAD

SLACK = 1e-9  # a float's doubt and a base unit's
EMPTY = float("inf")


class PositionsByHealth:
    """The indebted positions of a vault, or of some of its owners."""

    def __init__(self, vault: Vault) -> None:
        """Nobody is on it."""
        self._vault = vault
        self._places: dict[str, float] = {}
        self._order: SortedList[tuple[float, str]] = SortedList()

    def __len__(self) -> int:
        """How many are on it."""
        return len(self._order)

    def update(self, owner: str) -> None:
        """Puts an owner where the position belongs now."""
        collateral, shares = self._vault.position_of(owner)
        place = -(shares / collateral if collateral else EMPTY) if shares else None
        before = self._places.pop(owner, None)
        if before is not None:
            self._order.remove((before, owner))
        if place is not None:
            self._places[owner] = place
            self._order.add((place, owner))

    def below(self, health: float, price: int) -> Iterator[str]:
        """Owners whose health at `price` (1e36) may be below `health`, the worst first, and hardly others."""
        edge = -self._of_health_one(price) / health * (1 - SLACK)
        for place, owner in self._order:
            if place > edge:
                return
            yield owner

    def health_at(self, part: float, price: int) -> float | None:
        """The quantile of the healths at `price` (1e36), the lowest at 0; None without debts."""
        if not self._order:
            return None
        place = -self._order[min(len(self._order) - 1, int(part * len(self._order)))][0]
        return self._of_health_one(price) / place if place < EMPTY else 0.0

    def _of_health_one(self, price: int) -> float:
        """The place of a position whose health is 1."""
        totals = self._vault.pool.accrued()
        a_share = (totals.total_debt + FRACTION) / (totals.total_debt_shares + VIRTUAL_SHARES) / FRACTION
        return price / PRICE_SCALE * (self._vault.risk.threshold / WAD) / a_share
