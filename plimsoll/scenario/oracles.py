"""What a scenario may say about oracles: feeds, a second source, a fallback, a rate, the chain's sequencer.

The parts are those of ``ChainlinkOracle``; what is not named is not deployed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from plimsoll.market.oracles import RATE_DECIMALS, FeedPlan, LoanPlan, OraclePlan, RatePlan
from plimsoll.params import per_second, wad
from plimsoll.scenario.candles import Prices
from plimsoll.scenario.paths import MAX_HOURS, Shock
from plimsoll.scenario.spans import Part, Span
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.units import DAY, HOUR, YEAR

LEAST_ANSWER = 2  # that oracles believe
PATIENCE = 7 * DAY  # that an oracle may have at most


class BadAnswer(StrictModel):
    """A wrong answer of the feed, from one hour until its next update."""

    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="when")
    price: Decimal = Field(gt=0, le=10**9, description="a wrong answer, until the next update")


class LoanFeedConfig(StrictModel):
    """When a feed is updated; that of the loan asset, in dollars.

    It is as soon as the price has moved by `deviation` since the last answer, or the answer is `heartbeat`
    old; what it says is the price `delay` blocks ago. Its oracle refuses older answers than `patience`. In an
    outage nothing is updated, so that the answer becomes stale. While it is frozen the feed is updated with
    the old answer.
    """

    deviation: Part = Field(Decimal("0.005"), description="part of the last answer")
    heartbeat: int = Field(HOUR, ge=1, le=PATIENCE, description="seconds")
    patience: int | None = Field(
        None,
        ge=1,
        le=PATIENCE,
        description="seconds after which the oracle refuses an answer; without, twice the heartbeat, at most "
        "604,800",
    )
    delay: int = Field(0, ge=0, le=10_000, description="blocks by which answers are late")
    decimals: int = Field(8, strict=True, ge=1, le=18, description="of the feed")
    outages: tuple[Span, ...] = Field((), description="nothing is updated, the answer becomes stale")
    freezes: tuple[Span, ...] = Field((), description="the old answer is repeated with a fresh time")
    bad_answers: tuple[BadAnswer, ...] = Field(
        (), description="one that falls into an outage comes at its end"
    )

    @property
    def stale_after(self) -> int:
        """Seconds after which the oracle refuses an answer."""
        return self.patience or min(2 * self.heartbeat, PATIENCE)

    def answer(self, price: float) -> int:
        """A price as the feed says it; at least the least that an oracle believes."""
        return max(LEAST_ANSWER, round(price * 10.0**self.decimals))

    def plan(self, price: float) -> FeedPlan:
        """The feed at a first price."""
        return FeedPlan(self.answer(price), self.decimals, self.stale_after)


class FeedConfig(LoanFeedConfig):
    """The same of a collateral's feed, and what it says."""

    reads: Literal["outside", "dex"] = Field(
        "outside",
        description="`outside`: the outside price; `dex`: that of the collateral's DEX at the end of the "
        "block before",
    )
    quote: Literal["loan", "dollars"] = Field(
        "loan",
        description="`loan`: what the collateral costs in loan tokens; `dollars`: in dollars, whatever the "
        "loan asset is worth (see `pool.loan_price`)",
    )


class RateMove(Shock):
    """A move of a rate beside what it earns."""

    of: Literal["both", "vault", "market"] = Field(
        "both",
        description="what moves: the `vault`'s rate alone, as by a donation or a lie; what the `market` pays "
        "for a share alone, as by a discount or a loss that the vault does not tell; or `both`",
    )


class RateConfig(StrictModel):
    """A token is a share of an ERC-4626 vault: a collateral, whose `price` is that of the vault's asset.

    The feed says what the asset costs, the vault how many a share is worth, and the oracle multiplies. What
    the market pays for a share is the outside price. By the rate of the loan asset oracles divide.
    """

    start: Decimal = Field(Decimal(1), gt=0, le=10**6, description="assets for a share at first")
    earns: Decimal = Field(Decimal(0), gt=-1, le=10, description="by which it rises a year, as a part")
    period: int = Field(
        DAY, ge=1, le=30 * DAY, description="seconds from one report of the vault to the next"
    )
    moves: tuple[RateMove, ...] = Field((), description="jumps and losses")
    anchor: Decimal | None = Field(
        None,
        gt=0,
        le=10**6,
        description="what a share was worth when the oracle was made, a day before the start: where the cap "
        "begins; without, `start`",
    )
    cap_growth: Decimal = Field(
        Decimal("0.05"),
        gt=0,
        le=1,
        description="how fast the cap rises up to which a share counts in lending, a year, compounding",
    )
    fall: Decimal = Field(
        Decimal(1),
        gt=0,
        le=1,
        description="the oracle refuses a rate that is lower than `anchor` by more than that part; 1: none",
    )

    def rates(self, hours: Prices, of: Literal["vault", "market"]) -> Prices:
        """Assets for a share at each of `hours`: as the vault says, or as the market pays."""
        reports = np.floor(np.round(hours * HOUR) / self.period)
        found = float(self.start) * np.power(1 + float(self.earns), reports * self.period / YEAR)
        for move in self.moves:
            if move.of in ("both", of):
                found = found * move.factors(hours)
        return np.asarray(found, dtype=float)

    def at(self, second: int, of: Literal["vault", "market"]) -> float:
        """The same at a second after the start."""
        return float(self.rates(np.array([second / HOUR]), of)[0])

    def units(self, second: int) -> int:
        """The vault's rate in base units."""
        return round(self.at(second, "vault") * 10.0**RATE_DECIMALS)

    def plan(self) -> RatePlan:
        """The vault when the oracle is made."""
        rate = int((self.anchor or self.start) * 10**RATE_DECIMALS)
        return RatePlan(rate, per_second(self.cap_growth), wad(self.fall))


class OracleConfig(FeedConfig):
    """The oracle of a collateral: its own feed, and what else it has."""

    rate: RateConfig | None = Field(None, description="of an ERC-4626 vault, by which answers are multiplied")
    second: FeedConfig | None = Field(
        None,
        description="another oracle's feed, of the outside price: liquidations take the higher price of the "
        "two, loans the lower one",
    )
    fallback: FeedConfig | None = Field(
        None, description="the feed of the oracle that answers once feed and second have failed for 14 days"
    )
    mark_every: Decimal | None = Field(
        None,
        gt=0,
        le=MAX_HOURS,
        description="hours between calls of `mark`, which record that the oracle fails; without, nobody does",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.rate and self.rate.fall < 1 and not (self.second or self.fallback):
            raise ValueError(
                f"rate.fall is {self.rate.fall}, which needs a second source or a fallback; add one, or set "
                "it to 1"
            )
        if self.mark_every and not self.fallback:
            raise ValueError(f"mark_every is {self.mark_every}, which needs a fallback; add one or remove it")
        return self

    @property
    def feeds(self) -> Iterator[tuple[str, FeedConfig]]:
        """Its own feed and those of the other sources, with where they stand."""
        yield "oracle", self
        for name, feed in (("second", self.second), ("fallback", self.fallback)):
            if feed:
                yield f"oracle.{name}", feed

    def asset_price(self, price: float, second: int) -> float:
        """What its own feed says of an outside price: the same, or that of the vault's asset."""
        return price / self.rate.at(second, "market") if self.rate else price

    def oracle_plan(self, price: float, loan: LoanPlan | None) -> OraclePlan:
        """The oracle at a first outside price, made before anything has moved; `loan` is the market's."""
        return OraclePlan(
            self.plan(self.asset_price(price, 0)),
            self.rate.plan() if self.rate else None,
            self.second.plan(price) if self.second else None,
            self.fallback.plan(price) if self.fallback else None,
            loan,
        )

    def first_safe_price(
        self, price: float, token_decimals: tuple[int, int], loan: LoanPlan | None, loan_rate: int
    ) -> int:
        """What loans before the start are judged at, 1e36, or a day's growth of the cap less.

        Args:
            price: the first outside price.
            token_decimals: of collateral and loan asset.
            loan: what oracles ask of the loan asset.
            loan_rate: its rate at the start, in base units.
        """
        plan = self.oracle_plan(price, loan)
        if loan and loan.rate:
            most = max(loan.rate.rate, loan_rate)
            plan = replace(plan, loan=replace(loan, rate=replace(loan.rate, rate=most)))
        if self.rate and plan.rate:
            counted = min(plan.rate.rate, self.rate.units(0))
            plan = replace(plan, rate=replace(plan.rate, rate=counted))
        found = [plan.first_price(token_decimals)]
        if plan.second:
            found.append(OraclePlan(plan.second).first_price(token_decimals))
        return min(found)


class SequencerConfig(StrictModel):
    """The sequencer of a rollup, which makes its blocks.

    In a halt there are no blocks, for nobody: nothing is sent, no feed is updated, while prices move on. The
    first block afterwards says that the sequencer is up again.
    """

    halts: tuple[Span, ...] = Field((), description="hours without blocks")
    grace: int | None = Field(
        HOUR,
        ge=1,
        le=DAY,
        description="seconds after a halt in which the oracles give no price; `null`: they do not ask",
    )

    @model_validator(mode="after")
    def _begun(self) -> Self:
        for number, halt in enumerate(self.halts):
            if halt.start <= 0:
                raise ValueError(f"halts.{number} begins at hour 0, before the first block; start it later")
        return self

    def is_down(self, second: int) -> bool:
        """Whether there is no block at a second after the start."""
        return any(halt.covers(second) for halt in self.halts)
