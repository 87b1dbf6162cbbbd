"""What somebody should know of a market at once: what an alert is, where it begins and how it is said.

`watch` finds alerts in what the Lens says, the page of `plimsoll play` in what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from plimsoll.inspection.figures import clock, floor, percent, ratio
from plimsoll.units import WAD


class Limits(NamedTuple):
    """Where alerts begin, WAD."""

    health: int = WAD * 105 // 100  # of a position with debt: below
    utilisation: int = WAD * 95 // 100  # of a pool: above


class Alert(NamedTuple):
    """One thing to be told of."""

    kind: str  # health, oracle, utilisation, raise or node
    where: str  # name of the vault, basket or pool; the network
    owner: str  # of the position; empty if it is about none
    value: int | None  # WAD
    limit: int | None  # WAD
    said: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same alert at the next look."""
        return self.kind, self.where, self.owner


def low_health(where: str, owner: str, position: str, health: int, limit: int) -> Alert:
    """A position can be liquidated, or is close to it.

    Args:
        where: the vault or basket.
        owner: whose it is.
        position: what it is called in the sentence.
        health: its health, WAD.
        limit: below which there is an alert, WAD.
    """
    close = f"below {ratio(limit).normalize():f}"
    said = (
        f"{position} in {where} has a health of {floor(ratio(health), 4)}, "
        f"{'and can be liquidated' if health < WAD else close}"
    )
    return Alert("health", where, owner, health, limit, said)


def silent(where: str, symbols: Sequence[str]) -> Alert:
    """A vault or basket has no price of these collaterals."""
    said = f"the oracle of {' and '.join(symbols)} in {where} is silent"
    return Alert("oracle", where, "", None, None, said)


def full(pool: str, utilisation: int, limit: int) -> Alert:
    """Most of a pool is lent; `limit` is that of the alert."""
    said = f"{pool} is used to {percent(utilisation)}, above {percent(limit)}"
    return Alert("utilisation", pool, "", utilisation, limit, said)


def without_witness(pool: str, subject: str, limit: Decimal, symbol: str, ready: int) -> Alert:
    """A higher limit is queued for a vault or basket, in whole loan tokens, from a time in seconds on."""
    said = (
        f"a raise of the limit of {subject} to {floor(limit, 2):,f} {symbol} is queued for {clock(ready)}, "
        "and nobody has witnessed it; anyone may call witness()"
    )
    return Alert("raise", pool, "", None, None, said)
