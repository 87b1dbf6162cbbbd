"""What a scenario may say about a collateral: its token, price, oracle and DEX."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from plimsoll.params import COLLATERAL_DECIMALS
from plimsoll.scenario.paths import MAX_HOURS, Path_, Shock
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.units import DAY, HOUR

MAX_TOKENS = 10**12

Tokens = Annotated[Decimal, Field(ge=0, le=MAX_TOKENS)]
SomeTokens = Annotated[Decimal, Field(gt=0, le=MAX_TOKENS)]
Part = Annotated[Decimal, Field(ge=0, le=1)]


class Span(StrictModel):
    """Hours in which something is so."""

    start: Decimal = Field(ge=0, le=MAX_HOURS, description="first hour")
    end: Decimal = Field(gt=0, le=MAX_HOURS, description="the first hour in which it is over")
    reason: str = Field("", max_length=100, description="for reports")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}; swap or correct them")
        return self

    def covers(self, second: int) -> bool:
        """Whether it is so at a second after the start."""
        return self.start * HOUR <= second < self.end * HOUR


class BadAnswer(StrictModel):
    """A wrong answer of the feed, from one hour until its next update."""

    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="when")
    price: Decimal = Field(gt=0, le=10**9, description="a wrong answer, until the next update")


class OracleConfig(StrictModel):
    """When the feed is updated.

    It is as soon as the price has moved by `deviation` since the last answer, or the answer is `heartbeat`
    old; what it says is the price `delay` blocks ago. The vault's oracle refuses older answers than
    `patience`. In an outage nothing is updated, so that the answer becomes stale. While it is frozen the
    feed is updated with the old answer.
    """

    deviation: Part = Field(Decimal("0.005"), description="part of the last answer")
    heartbeat: int = Field(HOUR, ge=1, le=7 * DAY, description="seconds")
    patience: int | None = Field(
        None,
        ge=1,
        le=30 * DAY,
        description="seconds after which the vault's oracle refuses an answer; without, twice the heartbeat",
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
        """Seconds after which the vault's oracle refuses an answer."""
        return self.patience or 2 * self.heartbeat


class TokenConfig(StrictModel):
    """A token that the run deploys."""

    symbol: str = Field(min_length=1, max_length=8, description="at most 8 characters")
    decimals: int = Field(strict=True, ge=0, le=COLLATERAL_DECIMALS[1], description="0 to 27")

    @field_validator("symbol")
    @classmethod
    def _printable(cls, symbol: str) -> str:
        if not all("!" <= letter <= "~" for letter in symbol):
            raise ValueError(f"{symbol!r} has a space or a character outside ASCII; rename it")
        return symbol


class DexConfig(StrictModel):
    """A Uniswap v2 pair of the collateral and the loan asset."""

    depth: SomeTokens = Field(description="loan tokens on either side of the pair at the first price")
    arbitrage: Tokens = Field(
        Decimal(0), description="loan tokens that an arbitrageur trades in a block at most"
    )
    feedback: Part = Field(
        Decimal(0),
        description="cascade strength: the part of what sales take off the DEX's price that the outside "
        "price loses too, for good, both as logarithms; arbitrageurs' trades do not count",
    )


class CollateralConfig(StrictModel):
    """A collateral: a vault has one, a basket several."""

    collateral: TokenConfig
    price: Path_
    shocks: tuple[Shock, ...] = ()
    oracle: OracleConfig = Field(OracleConfig(), description="when its feed is updated")
    dex: DexConfig | None = Field(None, description="without, collateral is sold at the outside price")
    halts: tuple[Span, ...] = Field((), description="hours in which nobody can move the token")

    def is_halted(self, second: int) -> bool:
        """Whether the token is stopped at a second after the start."""
        return any(span.covers(second) for span in self.halts)
