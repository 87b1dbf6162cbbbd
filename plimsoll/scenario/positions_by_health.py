"""Positions in the order in which falling prices reach them.

A position's key is its debt shares per unit of collateral. Neither the price nor interest changes it, so
only positions near the current price are evaluated. Keys are floats and select candidates; the exact twin
decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from math import ceil
from operator import itemgetter

from sortedcontainers import SortedList

from plimsoll.scenario import returns
from plimsoll.twin.pool import Pool
from plimsoll.twin.share_math import VIRTUAL_SHARES
from plimsoll.twin.vault import Vault
from plimsoll.units import FRACTION, PRICE_SCALE, WAD

SLACK = 1e-9  # rounding of floats and of base units
EMPTY = float("inf")
LAST = "~"  # comes behind every owner


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
        yield from self.between(None, self.edge(health, price))

    def count_to(self, edge: float) -> int:
        """How many keys are not above an edge."""
        return int(self._order.bisect_right((edge, LAST)))

    def edge(self, health: float, price: int) -> float:
        """The key up to which `below` finds positions, whose keys are negative."""
        return -self._key_at_health_one(price) / health * (1 - SLACK)

    def key(self, owner: str) -> float | None:
        """An owner's key; None without debt."""
        return self._keys.get(owner)

    def between(self, low: float | None, high: float) -> Iterator[str]:
        """Owners whose keys are above one edge, if there is one, and not above another."""
        first = None if low is None else (low, LAST)
        yield from (owner for _, owner in self._order.irange(first, (high, LAST)))

    def by_return(self, price: int) -> Iterator[tuple[float, str]]:
        """Those below health 1 at `price` (1e36) by what a close gives for what it takes, the most first.

        Whole closes, at the oracle's price, in floats. From health 1 down the bonus rises, until equity caps
        it; then it falls to the smallest, where shortfall begins, from where it rises again. Just above that
        the cap of the fee makes a dent (2.8e-4 deep with the preset `volatile`), in which the order is not
        exact.
        """
        one, risk = self._key_at_health_one(price), self._vault.risk
        ends, peak = returns.shortfall_at(risk), returns.best_at(risk)

        def run(low: float, high: float, rising: bool) -> Iterator[tuple[float, str]]:
            first = -one / low if low else -EMPTY
            last = (-one / high, "") if high < 1 else (-one * (1 - SLACK), LAST)
            for key, owner in self._order.irange((first, ""), last, (True, False), rising):
                yield returns.return_at(min(1.0, one / -key), risk), owner

        runs = run(0, ends, False), run(ends, peak, True), run(peak, 1, False)
        yield from merge(*runs, key=itemgetter(0), reverse=True)

    def healths_at(self, parts: Sequence[float], price: int) -> list[float | None]:
        """Quantiles of the healths at `price` (1e36), see `place_of`; None without debts."""
        count = len(self._order)
        if not count:
            return [None] * len(parts)
        one, keys = self._key_at_health_one(price), (-self._order[place_of(it, count)][0] for it in parts)
        return [one / key if key < EMPTY else 0.0 for key in keys]

    def _key_at_health_one(self, price: int) -> float:
        """The key of a position whose health is 1."""
        return price / PRICE_SCALE * (self._vault.risk.threshold / WAD) / assets_per_share(self._vault.pool)


def place_of(part: float, count: int) -> int:
    """The place, from 0, of a quantile in a sorted list: the first that at least `part` do not exceed.

    numpy calls it `inverted_cdf`. The last bit of a float does not count.
    """
    return max(0, ceil(part * count - 1e-9) - 1)


def assets_per_share(pool: Pool) -> float:
    """The debt that a debt share stands for, base units."""
    totals = pool.accrued()
    return (totals.total_debt + FRACTION) / (totals.total_debt_shares + VIRTUAL_SHARES) / FRACTION
