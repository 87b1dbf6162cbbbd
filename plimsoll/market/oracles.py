"""The price source of a collateral: a ``ChainlinkOracle`` and what it reads, on an engine and on the twin.

A second source and a fallback are oracles of their own, each on a feed of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from plimsoll.chain.engine import Contract
from plimsoll.chain.protocol import Deployer
from plimsoll.twin.chain import Chain
from plimsoll.twin.chainlink_oracle import (
    Anchor,
    ChainlinkOracle,
    Feed,
    FeedTerms,
    OracleParts,
    RateVault,
)
from plimsoll.units import NOBODY

ANSWERS = (1, 2**95)  # between which, exclusively, an oracle believes a feed
RATE_DECIMALS = 18  # of a vault's shares and of its asset
PRICE_DECIMALS = 36

Part = TypeVar("Part")


@dataclass(frozen=True)
class FeedPlan:
    """A feed that is to be, which anyone may set."""

    answer: int  # at first
    decimals: int
    heartbeat: int  # seconds after which its oracle refuses an answer


@dataclass(frozen=True)
class RatePlan:
    """An ERC-4626 vault that is to be, whose rate anyone may set, and when the oracle believes it."""

    rate: int  # when the oracle is made, RATE_DECIMALS
    growth: int  # of the cap, WAD per second
    fall: int  # WAD, see `ChainlinkOracle`


@dataclass(frozen=True)
class OraclePlan:
    """An oracle that is to be."""

    feed: FeedPlan
    rate: RatePlan | None = None
    second: FeedPlan | None = None
    fallback: FeedPlan | None = None

    def exponent(self, token_decimals: tuple[int, int]) -> int:
        """Of the power of ten that turns answers and rates into a price; decimals of collateral and loan."""
        collateral, loan = token_decimals
        digits = PRICE_DECIMALS + loan - collateral - self.feed.decimals
        return digits - RATE_DECIMALS if self.rate else digits

    def first_price(self, token_decimals: tuple[int, int]) -> int:
        """What it says at first, 1e36, rounded down."""
        value = self.feed.answer * (self.rate.rate if self.rate else 1)
        exponent = self.exponent(token_decimals)
        return int(value * 10**exponent if exponent >= 0 else value // 10**-exponent)

    def of_source(self, feed: FeedPlan, token_decimals: tuple[int, int]) -> OraclePlan:
        """The oracle over another source's feed, which says at first what this one does."""
        digits = OraclePlan(feed).exponent(token_decimals)
        return OraclePlan(replace(feed, answer=self.first_price(token_decimals) // 10**digits))


@dataclass(frozen=True)
class Sources(Generic[Part]):
    """An oracle with the feeds and the rate that it reads, and the feeds of its other sources."""

    oracle: Part
    feed: Part
    rate: Part | None = None
    second: Part | None = None
    fallback: Part | None = None


@dataclass(frozen=True)
class UptimeFeed(Generic[Part]):
    """A sequencer's feed, and for how many seconds after a halt oracles give no price."""

    feed: Part
    grace: int


def deployed_oracle(
    deployer: Deployer,
    plan: OraclePlan,
    tokens: tuple[Contract, Contract],
    token_decimals: tuple[int, int],
    sequencer: UptimeFeed[Contract] | None,
) -> Sources[Contract]:
    """Deploys an oracle and what it reads, each feed at its first answer.

    Args:
        deployer: who deploys.
        plan: what is to be.
        tokens: collateral and loan asset.
        token_decimals: theirs.
        sequencer: whose feed it asks first.
    """
    make = deployer.make
    feed = make("MockFeed", plan.feed.decimals, plan.feed.answer)
    rate = None
    if plan.rate:
        asset = make("MockRateVault", NOBODY, RATE_DECIMALS, 1)
        rate = make("MockRateVault", asset.address, RATE_DECIMALS, plan.rate.rate)

    def other(source: FeedPlan | None) -> tuple[Contract | None, Contract | None]:
        """Its oracle and its feed."""
        if source is None:
            return None, None
        own = plan.of_source(source, token_decimals)
        made = deployed_oracle(deployer, own, tokens, token_decimals, None)
        return made.oracle, made.feed

    second, second_feed = other(plan.second)
    fallback, fallback_feed = other(plan.fallback)
    oracle = make("ChainlinkOracle", (
        *(token.address for token in tokens), plan.first_price(token_decimals),
        (feed.address, plan.feed.heartbeat, *ANSWERS), (NOBODY, 0, 0, 0),
        (rate.address, plan.rate.growth, plan.rate.fall) if rate and plan.rate else (NOBODY, 0, 0),
        (NOBODY, 0, 0), *(part.address if part else NOBODY for part in (second, fallback)),
        *((sequencer.feed.address, sequencer.grace) if sequencer else (NOBODY, 0)),
    ))  # fmt: skip
    return Sources(oracle, feed, rate, second_feed, fallback_feed)


def modelled_oracle(
    chain: Chain,
    plan: OraclePlan,
    address: str,
    token_decimals: tuple[int, int],
    sequencer: UptimeFeed[Feed] | None,
) -> Sources[Any]:
    """The same on the twin, at an address."""
    feed, none = Feed(chain, plan.feed.answer), Sources[Any](None, None)
    rate = RateVault(chain, plan.rate.rate) if plan.rate else None
    second, fallback = (
        modelled_oracle(chain, plan.of_source(source, token_decimals), "", token_decimals, None)
        if source
        else none
        for source in (plan.second, plan.fallback)
    )
    parts = OracleParts(
        FeedTerms(feed, plan.feed.heartbeat, *ANSWERS),
        collateral_rate=Anchor(rate, rate.rate, plan.rate.growth, plan.rate.fall, chain.now)
        if rate and plan.rate
        else None,
        second=second.oracle,
        fallback=fallback.oracle,
        sequencer=sequencer.feed if sequencer else None,
        grace=sequencer.grace if sequencer else 0,
    )
    oracle = ChainlinkOracle(chain, parts, plan.exponent(token_decimals), address)
    return Sources(oracle, feed, rate, second.feed, fallback.feed)
