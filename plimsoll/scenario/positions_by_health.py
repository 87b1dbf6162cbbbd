"""Positions in the order in which falling prices reach them.

A position's key is its debt shares per unit of collateral. Neither the price nor interest changes it, so
only positions near the current price are evaluated. Keys are floats and select candidates; the exact twin
decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedList

from plimsoll.twin.pool import Pool
from plimsoll.twin.share_math import VIRTUAL_SHARES
from plimsoll.twin.vault import Vault
from plimsoll.units import FRACTION, PRICE_SCALE, WAD

SLACK = 1e-9  # rounding of floats and of base units
EMPTY = float("inf")


class PositionsByHealth:
    """The indebted positions of a vault, or of some of its owners."""

    def __init__(self, vault: Vault) -> None:
        """Starts empty."""
        self._vault = vault
        self._keys: dict[str, float] = {}
        self._order: SortedList[tuple[float, str]] = SortedList()

    def __len__(self) -> int:
        """How many positions it holds."""
        return len(self._order)

    def update(self, owner: str) -> None:
        """Sorts an owner's position in again after a change."""
        collateral, shares = self._vault.position_of(owner)
        key = -(shares / collateral if collateral else EMPTY) if shares else None
        before = self._keys.pop(owner, None)
        if before is not None:
            self._order.remove((before, owner))
        if key is not None:
            self._keys[owner] = key
            self._order.add((key, owner))

    def below(self, health: float, price: int) -> Iterator[str]:
        """Owners whose health at `price` (1e36) is below `health`, or just above it; the lowest first."""
        edge = -self._key_at_health_one(price) / health * (1 - SLACK)
        for key, owner in self._order:
            if key > edge:
                return
            yield owner

    def health_at(self, part: float, price: int) -> float | None:
        """The quantile of the healths at `price` (1e36), the lowest at 0; None without debts."""
        if not self._order:
            return None
        key = -self._order[min(len(self._order) - 1, int(part * len(self._order)))][0]
        return self._key_at_health_one(price) / key if key < EMPTY else 0.0

    def _key_at_health_one(self, price: int) -> float:
        """The key of a position whose health is 1."""
        return price / PRICE_SCALE * (self._vault.risk.threshold / WAD) / assets_per_share(self._vault.pool)


def assets_per_share(pool: Pool) -> float:
    """The debt that a debt share stands for, base units."""
    totals = pool.accrued()
    return (totals.total_debt + FRACTION) / (totals.total_debt_shares + VIRTUAL_SHARES) / FRACTION
