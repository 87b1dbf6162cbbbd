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
class LoanPlan:
    """What is to be asked of the loan asset, by whose price and rate oracles divide."""

    feed: FeedPlan
    rate: RatePlan | None = None


@dataclass(frozen=True)
class OraclePlan:
    """An oracle that is to be; `loan` is the market's, whose oracles share it."""

    feed: FeedPlan
    rate: RatePlan | None = None
    second: FeedPlan | None = None
    fallback: FeedPlan | None = None
    loan: LoanPlan | None = None

    def exponent(self, token_decimals: tuple[int, int]) -> int:
        """Of the power of ten that turns answers and rates into a price; decimals of collateral and loan."""
        collateral, loan = token_decimals
        digits = PRICE_DECIMALS + loan - collateral - self.feed.decimals
        digits += self.loan.feed.decimals if self.loan else 0
        rates = bool(self.loan and self.loan.rate) - bool(self.rate)
        return digits + rates * RATE_DECIMALS

    def first_price(self, token_decimals: tuple[int, int]) -> int:
        """What it says at first, 1e36, rounded down."""
        above, below = self.feed.answer * (self.rate.rate if self.rate else 1), 1
        if self.loan:
            below = self.loan.feed.answer * (self.loan.rate.rate if self.loan.rate else 1)
        exponent = self.exponent(token_decimals)
        return int(above * 10 ** max(0, exponent) // (below * 10 ** max(0, -exponent)))

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


@dataclass(frozen=True)
class LoanSide(Generic[Part]):
    """The loan asset's feed and its rate."""

    feed: Part
    rate: Part | None = None


@dataclass(frozen=True)
class Shared(Generic[Part]):
    """What all oracles of a market ask."""

    sequencer: UptimeFeed[Part] | None = None
    loan: LoanSide[Part] | None = None


def deployed_loan_side(deployer: Deployer, plan: LoanPlan | None) -> LoanSide[Contract] | None:
    """Deploys the loan asset's feed and rate, where there are any."""
    return LoanSide(_feed(deployer, plan.feed), _rate(deployer, plan.rate)) if plan else None


def modelled_loan_side(chain: Chain, plan: LoanPlan | None) -> LoanSide[Any] | None:
    """The same on the twin."""
    if plan is None:
        return None
    return LoanSide(Feed(chain, plan.feed.answer), RateVault(chain, plan.rate.rate) if plan.rate else None)


def _feed(deployer: Deployer, plan: FeedPlan) -> Contract:
    return deployer.make("MockFeed", plan.decimals, plan.answer)


def _rate(deployer: Deployer, plan: RatePlan | None) -> Contract | None:
    if plan is None:
        return None
    asset = deployer.make("MockRateVault", NOBODY, RATE_DECIMALS, 1)
    return deployer.make("MockRateVault", asset.address, RATE_DECIMALS, plan.rate)


def deployed_oracle(
    deployer: Deployer,
    plan: OraclePlan,
    tokens: tuple[Contract, Contract],
    token_decimals: tuple[int, int],
    shared: Shared[Contract],
) -> Sources[Contract]:
    """Deploys an oracle and what it reads, each feed at its first answer.

    Args:
        deployer: who deploys.
        plan: what is to be.
        tokens: collateral and loan asset.
        token_decimals: theirs.
        shared: what it asks besides; its other sources do not.
    """
    feed, rate = _feed(deployer, plan.feed), _rate(deployer, plan.rate)

    def other(source: FeedPlan | None) -> tuple[Contract | None, Contract | None]:
        """Its oracle and its feed."""
        if source is None:
            return None, None
        own = plan.of_source(source, token_decimals)
        made = deployed_oracle(deployer, own, tokens, token_decimals, Shared())
        return made.oracle, made.feed

    second, second_feed = other(plan.second)
    fallback, fallback_feed = other(plan.fallback)
    up, asked = shared.sequencer, plan.loan
    loan_feed, loan_rate = (shared.loan.feed, shared.loan.rate) if shared.loan else (None, None)
    oracle = deployer.make("ChainlinkOracle", (
        *(token.address for token in tokens), plan.first_price(token_decimals),
        _feed_terms(feed, plan.feed), _feed_terms(loan_feed, asked.feed if asked else None),
        _rate_terms(rate, plan.rate), _rate_terms(loan_rate, asked.rate if asked else None),
        *(part.address if part else NOBODY for part in (second, fallback)),
        *((up.feed.address, up.grace) if up else (NOBODY, 0)),
    ))  # fmt: skip
    return Sources(oracle, feed, rate, second_feed, fallback_feed)


def _feed_terms(feed: Contract | None, plan: FeedPlan | None) -> tuple[str, int, int, int]:
    """A feed as the constructor takes it."""
    return (feed.address, plan.heartbeat, *ANSWERS) if feed and plan else (NOBODY, 0, 0, 0)


def _rate_terms(rate: Contract | None, plan: RatePlan | None) -> tuple[str, int, int]:
    """A rate as the constructor takes it."""
    return (rate.address, plan.growth, plan.fall) if rate and plan else (NOBODY, 0, 0)


def modelled_oracle(
    chain: Chain,
    plan: OraclePlan,
    address: str,
    token_decimals: tuple[int, int],
    shared: Shared[Any],
) -> Sources[Any]:
    """The same on the twin, at an address."""
    feed, none = Feed(chain, plan.feed.answer), Sources[Any](None, None)
    rate = RateVault(chain, plan.rate.rate) if plan.rate else None
    second, fallback = (
        modelled_oracle(chain, plan.of_source(source, token_decimals), "", token_decimals, Shared())
        if source
        else none
        for source in (plan.second, plan.fallback)
    )
    up, asked = shared.sequencer, plan.loan
    loan_feed, loan_rate = (shared.loan.feed, shared.loan.rate) if shared.loan else (None, None)
    parts = OracleParts(
        FeedTerms(feed, plan.feed.heartbeat, *ANSWERS),
        loan_feed=FeedTerms(loan_feed, asked.feed.heartbeat, *ANSWERS) if asked and loan_feed else None,
        collateral_rate=_anchor(rate, plan.rate, chain.now),
        loan_rate=_anchor(loan_rate, asked.rate if asked else None, chain.now),
        second=second.oracle,
        fallback=fallback.oracle,
        sequencer=up.feed if up else None,
        grace=up.grace if up else 0,
    )
    oracle = ChainlinkOracle(chain, parts, plan.exponent(token_decimals), address)
    return Sources(oracle, feed, rate, second.feed, fallback.feed)


def _anchor(rate: RateVault | None, plan: RatePlan | None, now: int) -> Anchor | None:
    """A rate as it stands when its oracle is made."""
    return Anchor(rate, rate.rate, plan.growth, plan.fall, now) if rate and plan else None
