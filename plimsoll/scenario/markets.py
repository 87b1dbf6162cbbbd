"""Vaults and baskets with what belongs to them, on chain and twin."""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.oracles import FeedConfig
from plimsoll.scenario.routes import Between
from plimsoll.scenario.sides import Side
from plimsoll.scenario.vaults import BasketConfig, VaultConfig
from plimsoll.twin.oracle import asked


@dataclass(slots=True)
class Leg:
    """A collateral with its price source and its DEX."""

    number: int  # among the collaterals of all vaults
    config: CollateralConfig
    collateral: Side
    oracle: Side
    feed: Side
    scale: int  # what turns an answer of the feed, for a whole token, into a price, 1e36
    pair: str | None  # address of the DEX's pair
    shares: Side | None  # the pair as a token of those who provide its liquidity, where they come and go
    rate: Side | None
    second: Side | None  # the feed of the second source
    fallback: Side | None  # the feed of the fallback
    between: Between | None = None  # a second way to sell it

    def price(self) -> int:
        """The oracle's price, 1e36; 0 while it has none."""
        return asked(self.oracle.model.price)

    def safe_price(self) -> int:
        """The oracle's safe price, 1e36; 0 while it has none."""
        return asked(self.oracle.model.safe_price)

    @property
    def has_safe_price(self) -> bool:
        """Whether its safe price may be another than its price."""
        parts = self.oracle.model.parts
        return bool(parts.second or parts.fallback or parts.collateral_rate or parts.loan_rate)

    def feeds(self) -> list[tuple[FeedConfig, Side]]:
        """The oracle's own feed and those of its other sources, with when they are updated."""
        sides = [side for side in (self.feed, self.second, self.fallback) if side]
        return [(each, side) for (_, each), side in zip(self.config.oracle.feeds, sides, strict=True)]

    @property
    def is_halted(self) -> bool:
        """Whether nobody can move the token."""
        return bool(self.config.halts) and self.collateral.model.halted


@dataclass(slots=True)
class Market:
    """A vault or basket with what belongs to it."""

    config: VaultConfig | BasketConfig
    vault: Side
    legs: tuple[Leg, ...]  # of a vault one
    is_basket: bool  # whether it has several

    @property
    def owners(self) -> list[str]:
        """Who has, or has had, a position."""
        return list(self.vault.model.shares if self.is_basket else self.vault.model.positions)

    @property
    def leg(self) -> Leg:
        """The only one of a vault."""
        (leg,) = self.legs
        return leg

    @property
    def collateral(self) -> Side:
        """A vault's collateral."""
        return self.leg.collateral

    @property
    def pair(self) -> str | None:
        """Address of a vault's pair on the DEX."""
        return self.leg.pair


Traded = Market | Leg  # what may have a DEX
