"""What a scenario may say; `reading` turns files into it.

Amounts are whole tokens, prices loan tokens for a whole collateral token, times hours since `start`.
Everything is checked before anything is deployed; an error is one sentence that names the line, the value
and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from plimsoll.params import (
    COLLATERAL_DECIMALS,
    LOAN_DECIMALS,
    DrawBurst,
    DrawRefill,
    RateParams,
    ReserveFactor,
    RiskParams,
    with_preset,
)
from plimsoll.scenario.paths import MAX_HOURS, Bootstrap, Candles, Path_, Prices, Shock
from plimsoll.scenario.strict_model import StrictModel, fault
from plimsoll.units import DAY, HOUR

MAX_BORROWERS = 200_000
MAX_BLOCKS = 200_000
MAX_TOKENS = 10**12
YEARS = 2000, 2100  # between which scenarios start

Tokens = Annotated[Decimal, Field(ge=0, le=MAX_TOKENS)]
SomeTokens = Annotated[Decimal, Field(gt=0, le=MAX_TOKENS)]
Part = Annotated[Decimal, Field(ge=0, le=1)]
Health = Annotated[Decimal, Field(gt=1, le=100)]


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


class LendersConfig(StrictModel):
    """The lenders, who supply equal parts, and when they exit."""

    count: int = Field(4, strict=True, ge=1, le=100, description="they supply equal parts")
    flee_utilisation: Part | None = Field(
        None, description="leave while utilisation is above that; without, never"
    )
    flee_loss: bool = Field(False, description="leave once lenders have lost anything")


class PoolConfig(StrictModel):
    """The pool and who supplies it."""

    loan: TokenConfig = Field(description="the loan asset; 6 to 18 decimals")
    supply: SomeTokens = Field(description="of all lenders together")
    lenders: LendersConfig = LendersConfig()
    reserve: Tokens = Field(Decimal(0), description="given to the reserve at first")
    stake: Tokens = Field(
        Decimal(0), description="supplied and staked in the backstop, which carries losses after the reserve"
    )
    reserve_factor: ReserveFactor = Field(
        Decimal("0.10"), description="part of the interest that goes to the reserve"
    )
    rates: RateParams = Field(RateParams(), description="the curve of the borrow rate")
    draw_burst: DrawBurst = Field(
        Decimal(1), description="part of a credit line that may be drawn at once; 1: no pace"
    )
    draw_refill: DrawRefill = Field(
        DAY, description="seconds until what was drawn at once may be drawn again"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        low, high = LOAN_DECIMALS
        if not low <= self.loan.decimals <= high:
            raise ValueError(f"loan.decimals is {self.loan.decimals}; a pool takes {low} to {high}")
        return self


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


class VaultConfig(StrictModel, RiskParams):
    """A market: collateral, risk parameters, credit line, price, oracle, DEX."""

    collateral: TokenConfig
    preset: str = Field("blue-chip", description="risk parameters: `blue-chip`, `correlated` or `volatile`")
    credit_limit: SomeTokens = Field(description="what it may draw from the pool")
    price: Path_
    shocks: tuple[Shock, ...] = ()
    oracle: OracleConfig = Field(OracleConfig(), description="when its feed is updated")
    dex: DexConfig | None = Field(None, description="without, collateral is sold at the outside price")

    @model_validator(mode="before")
    @classmethod
    def _merged(cls, data: Any) -> Any:
        """The preset's risk parameters below those that are given."""
        return with_preset(data.get("preset", "blue-chip"), data) if isinstance(data, dict) else data


class HealthRange(StrictModel):
    """Between which healths loans start, spread evenly on a log scale."""

    min: Health = Field(description="lowest health at the start; at least threshold / ltv")
    max: Health = Field(description="highest")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max {self.max} is below min {self.min}; swap them")
        return self


class Passive(StrictModel):
    """Does nothing."""

    kind: Literal["passive"] = Field("passive", description="`passive`: does nothing")


class Active(StrictModel):
    """Acts once health is below `below`, until it is `to`."""

    kind: Literal["top_up", "deleverage", "unwind"] = Field(
        description="`top_up` adds collateral, `deleverage` repays with own money, `unwind` sells "
        "collateral on the DEX through the Leverage contract",
    )
    below: Health = Field(description="acts once health is below that")
    to: Health = Field(description="until health is that")
    wallet: Decimal = Field(
        Decimal(1), ge=0, le=10, description="other funds, as a part of the collateral or the debt"
    )
    latency: int = Field(0, ge=0, le=10_000, description="blocks between falling below and acting")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.to <= self.below:
            raise ValueError(f"to {self.to} is not above below {self.below}; raise it")
        return self


class BorrowersConfig(StrictModel):
    """A group of borrowers with the same behaviour, drawn from the seed."""

    vault: int = Field(0, strict=True, ge=0, description="number of the vault")
    count: int = Field(strict=True, ge=1, le=MAX_BORROWERS, description="how many borrowers")
    total_debt: SomeTokens = Field(description="of all together; each owes at least the vault's `min_debt`")
    debt_sigma: Decimal = Field(
        Decimal(1), ge=0, le=4, description="spread of the log-normal sizes; 0: all alike"
    )
    health: HealthRange = Field(description="health factor at the start")
    behaviour: Passive | Active = Field(Passive(), discriminator="kind")


class LiquidatorConfig(StrictModel):
    """One liquidator.

    With `capital` it pays with its own money and sells the collateral a block later, on the vault's DEX if
    there is one, else at the outside price. With `flash` it needs none: it sells on the DEX inside the call.
    """

    kind: Literal["capital", "flash"] = Field(
        description="`capital`: own money, sells a block later; `flash`: none, sells on the DEX inside "
        "the call",
    )
    vaults: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None, description="numbers of the vaults it watches; without, all"
    )
    capital: Tokens = Field(Decimal(0), description="all that a `capital` liquidator has")
    margin: Part = Field(
        Decimal("0.005"), description="least profit at the oracle's price, as a part of what it pays"
    )
    min_profit: Tokens = Field(Decimal(0), description="least profit of a transaction, loan tokens")
    latency: int = Field(
        0, ge=0, le=10_000, description="blocks from deciding to landing; until then it sends nothing else"
    )
    bid: int = Field(
        10,
        ge=1,
        le=10**6,
        description="for its place in the block; the highest goes first, of equal ones the first in the file",
    )
    batch: int = Field(64, ge=1, le=256, description="most positions in a transaction")
    outages: tuple[Span, ...] = Field((), description="hours in which it does nothing")

    @model_validator(mode="after")
    def _funded(self) -> Self:
        if self.vaults and len(set(self.vaults)) < len(self.vaults):
            raise ValueError(f"vaults {list(self.vaults)} names one twice; remove it")
        if self.kind == "capital" and not self.capital:
            raise ValueError("a liquidator of kind capital has no capital; give it some")
        if self.kind == "flash" and self.capital:
            raise ValueError(f"a flash liquidator has capital {self.capital}; remove it, or use kind capital")
        return self


class GrieferConfig(StrictModel):
    """Closes a dust amount of the worst liquidatable positions ahead of the liquidators."""

    repay: SomeTokens = Field(Decimal("0.01"), description="loan tokens a close")
    per_block: int = Field(3, ge=1, le=50, description="closes in a block")
    bid: int = Field(10**6, ge=1, le=10**6, description="for its place in the block")


class ForgerConfig(StrictModel):
    """Has learnt to make collateral of nothing, and borrows against it whatever the vault may draw.

    The oracle goes on believing in the collateral until the vault's price falls. A guardian who is named cuts
    the vault's limit to zero, after as many hours as people need to notice and to sign.
    """

    vault: int = Field(0, strict=True, ge=0, description="number of the vault")
    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="when it begins")
    guardian_after: Decimal | None = Field(
        None, ge=0, le=MAX_HOURS, description="hours from then to the guardian's cut; without, no guardian"
    )


class Scenario(StrictModel):
    """A whole scenario."""

    title: str = Field(min_length=1, max_length=80, description="at most 80 characters")
    seed: int = Field(
        1, strict=True, ge=0, lt=2**63, description="of borrowers, prices and every other random choice"
    )
    start: datetime = Field(
        datetime(2024, 1, 1, tzinfo=UTC), description="UTC; the chain's clock is set to it"
    )
    block_seconds: int = Field(12, strict=True, ge=1, le=DAY, description="seconds from block to block")
    hours: Decimal | None = Field(
        None, gt=0, le=MAX_HOURS, description="how long to play; without, as long as the shortest price"
    )
    order: Literal["bid", "random"] = Field(
        "bid", description="of the transactions of a block: `bid` (highest first) or `random`"
    )
    pool: PoolConfig
    vaults: tuple[VaultConfig, ...] = Field(
        min_length=1, max_length=8, description="up to 8, numbered from 0"
    )
    correlation: tuple[tuple[float, ...], ...] | None = Field(
        None, description="a matrix, a row a vault: of the moves of `gbm` and `jumps`"
    )
    borrowers: tuple[BorrowersConfig, ...] = ()
    liquidators: tuple[LiquidatorConfig, ...] = ()
    griefer: GrieferConfig | None = None
    forger: ForgerConfig | None = None
    compare_every: int = Field(
        0, ge=0, description="blocks between comparisons of all books with the twin; 0: at the end alone"
    )

    @field_validator("start", mode="before")
    @classmethod
    def _date(cls, start: Any) -> Any:
        if isinstance(start, (int, float)):
            raise ValueError(f"{start} is no date; write it like 2020-03-12T00:00:00Z")
        return start

    @field_validator("start")
    @classmethod
    def _in_utc(cls, start: datetime) -> datetime:
        start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
        if not YEARS[0] <= start.year < YEARS[1]:
            raise ValueError(f"the year is {start.year}; it must be from {YEARS[0]} to {YEARS[1] - 1}")
        return start

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for number in range(len(self.vaults)):
            self._check_vault(number)
        drawn = [Decimal(0)] * len(self.vaults)
        for number, group in enumerate(self.borrowers):
            self._check_group(f"borrowers.{number}", group)
            drawn[group.vault] += group.total_debt
        for number, (vault, debt) in enumerate(zip(self.vaults, drawn, strict=True)):
            if debt > vault.credit_limit:
                raise fault(
                    f"vaults.{number}.credit_limit",
                    f"the borrowers of vaults.{number} owe {debt}, above its credit_limit "
                    f"{vault.credit_limit}; raise it or lower total_debt",
                )
        supply = self.pool.supply + self.pool.stake
        if sum(drawn) > supply:
            raise fault(
                "pool.supply",
                f"the borrowers owe {sum(drawn)}, above pool.supply and stake {supply}; raise supply",
            )
        for number, liquidator in enumerate(self.liquidators):
            self._check_liquidator(f"liquidators.{number}", liquidator)
        if self.forger:
            self._check_forger(self.forger)
        self._check_correlation()
        if not 1 <= self.blocks <= MAX_BLOCKS:
            raise fault(
                "block_seconds",
                f"{self.duration} hours are {self.blocks} blocks of {self.block_seconds} seconds; that must "
                f"be 1 to {MAX_BLOCKS}, so change block_seconds or hours",
            )
        for number, (vault, prices) in enumerate(zip(self.vaults, self.outside_prices(), strict=True)):
            low, decimals = float(prices.min()), vault.oracle.decimals
            if low * 10**decimals < 100:
                where = f"vaults.{number}.oracle.decimals"
                raise fault(where, f"{where} is {decimals}, too few for a price of {low:.3g}; raise it")
        return self

    def _check_vault(self, number: int) -> None:
        name, vault, loan = f"vaults.{number}", self.vaults[number], self.pool.loan.decimals
        try:
            vault.to_struct(loan)
        except ValueError as error:
            raise fault(f"{name}.min_debt", f"{name}: {error}") from None
        if self.hours is not None and float(self.hours) > vault.price.hours + 1e-9:
            raise fault(
                "hours",
                f"hours is {self.hours}, but {name}.price ends at hour {vault.price.hours:g}; lower it",
            )
        if vault.credit_limit > self.pool.supply + self.pool.stake:
            raise fault(
                f"{name}.credit_limit",
                f"{name}.credit_limit {vault.credit_limit} exceeds pool.supply {self.pool.supply}; lower it",
            )
        for part, spans in (
            ("shocks", vault.shocks),
            ("oracle.outages", vault.oracle.outages),
            ("oracle.freezes", vault.oracle.freezes),
            ("oracle.bad_answers", vault.oracle.bad_answers),
        ):
            self._check_hours(f"{name}.{part}", number, spans)
        if isinstance(vault.price, Candles) and self.block_seconds > vault.price.hours_per_candle * HOUR / 3:
            raise fault(
                "block_seconds",
                f"block_seconds is {self.block_seconds}, more than a third of a candle of {name}.price, so "
                "that highs and lows would be skipped; lower it",
            )
        if self.correlation is not None and isinstance(vault.price, Bootstrap):
            raise fault(
                "correlation",
                f"correlation cannot move {name}.price, whose moves are those of a file; remove it",
            )
        digits = 36 + loan - vault.collateral.decimals - vault.oracle.decimals
        if digits < 0:
            raise fault(
                f"{name}.collateral.decimals",
                f"{name}.collateral.decimals is {vault.collateral.decimals}; at most "
                f"{digits + vault.collateral.decimals} fit with the feed's decimals",
            )

    def _check_hours(self, name: str, number: int, spans: Iterable[Span | BadAnswer | Shock]) -> None:
        """What begins when the price has ended is a mistake."""
        end = self.vaults[number].price.hours
        for place, each in enumerate(spans):
            begins = each.start if isinstance(each, Span) else each.hour
            if begins >= end:
                raise fault(
                    f"{name}.{place}",
                    f"{name}.{place} begins at hour {begins}, but vaults.{number}.price ends at hour "
                    f"{end:g}; hours are decimal, so lower it",
                )

    def _check_group(self, name: str, group: BorrowersConfig) -> None:
        if group.vault >= len(self.vaults):
            raise fault(
                f"{name}.vault", f"{name}.vault is {group.vault}; the last vault is {len(self.vaults) - 1}"
            )
        vault = self.vaults[group.vault]
        least = (vault.threshold / vault.ltv).quantize(Decimal("0.0001"), ROUND_CEILING)
        if group.health.min * vault.ltv < vault.threshold:
            raise fault(
                f"{name}.health.min",
                f"{name}.health.min is {group.health.min}; no loan can start below threshold / ltv, so raise "
                f"it to {least}",
            )
        if group.total_debt < group.count * vault.min_debt:
            raise fault(
                f"{name}.total_debt",
                f"{name}.total_debt is {group.total_debt}, but {group.count} borrowers owe at least "
                f"{vault.min_debt} each; raise it or lower count",
            )
        if not isinstance(group.behaviour, Active) or group.behaviour.kind != "unwind":
            return
        if vault.dex is None:
            raise fault(name, f"{name} needs a DEX, but vaults.{group.vault} has no dex; add one")
        if group.behaviour.to < least:
            raise fault(
                f"{name}.behaviour.to",
                f"{name}.behaviour.to is {group.behaviour.to}; a withdrawal of collateral must end "
                f"at threshold / ltv or above, so raise it to {least}",
            )

    def _check_liquidator(self, name: str, liquidator: LiquidatorConfig) -> None:
        for number in self.watched(liquidator):
            if number >= len(self.vaults):
                raise fault(
                    f"{name}.vaults", f"{name}.vaults names {number}; the last is {len(self.vaults) - 1}"
                )
            self._check_hours(f"{name}.outages", number, liquidator.outages)
            if liquidator.kind == "flash" and self.vaults[number].dex is None:
                raise fault(
                    name,
                    f"{name} is flash, but vaults.{number} has no dex to sell on; add one or name other "
                    "`vaults`",
                )

    def _check_forger(self, forger: ForgerConfig) -> None:
        last = len(self.vaults) - 1
        if forger.vault > last:
            raise fault("forger.vault", f"forger.vault is {forger.vault}; the last vault is {last}")
        if forger.hour + (forger.guardian_after or 0) >= self.duration:
            raise fault(
                "forger.hour",
                f"forger.hour and guardian_after lie at the end of the scenario's {self.duration:g} hours or "
                "behind it; lower them",
            )

    def _check_correlation(self) -> None:
        if self.correlation is None:
            return
        count = len(self.vaults)
        if len(self.correlation) != count or any(len(row) != count for row in self.correlation):
            message = f"correlation must have {count} rows of {count} numbers, one a vault"
            raise fault("correlation", message)
        matrix = np.array(self.correlation)
        if not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1):
            raise fault("correlation", "correlation must be symmetric with ones on its diagonal; correct it")
        if np.linalg.eigvalsh(matrix)[0] < -1e-9:
            raise fault(
                "correlation",
                "correlation is not possible: some mix of the prices would have a negative variance",
            )

    def watched(self, liquidator: LiquidatorConfig) -> tuple[int, ...]:
        """The numbers of the vaults that a liquidator watches."""
        return tuple(range(len(self.vaults))) if liquidator.vaults is None else liquidator.vaults

    @property
    def has_exchange(self) -> bool:
        """Whether a vault has a pair on Uniswap."""
        return any(vault.dex for vault in self.vaults)

    @property
    def has_guardian(self) -> bool:
        """Whether anybody may cut limits while it is played."""
        return self.forger is not None and self.forger.guardian_after is not None

    @property
    def duration(self) -> float:
        """Hours from the first block to the last."""
        if self.hours is not None:
            return float(self.hours)
        return min(vault.price.hours for vault in self.vaults)

    @property
    def blocks(self) -> int:
        """How many blocks there are after the first one, in which the prices are those of the start."""
        return int(self.duration * HOUR / self.block_seconds + 1e-9)

    @property
    def first_time(self) -> int:
        """Seconds since 1970."""
        return int(self.start.timestamp())

    def outside_prices(self, path: int = 0) -> Prices:
        """Every vault's price without feedback: a row a vault, a column a block; `path` numbers the draws."""
        hours = np.arange(self.blocks + 1) * (self.block_seconds / HOUR)
        rng = np.random.default_rng([self.seed, 1, path])
        normals = rng.standard_normal((len(self.vaults), len(hours)))
        if self.correlation is not None:
            values, vectors = np.linalg.eigh(np.array(self.correlation))
            normals = vectors * np.sqrt(np.maximum(values, 0)) @ normals
        paths = []
        for number, vault in enumerate(self.vaults):
            own = np.random.default_rng([self.seed, 2, path, number])
            prices = vault.price.prices(hours, normals[number], own)
            for shock in vault.shocks:
                prices = prices * shock.factors(hours)
            paths.append(prices)
        return np.array(paths)

    def loan_units(self, tokens: Decimal) -> int:
        """Base units of the loan asset, rounded down."""
        return int(tokens * 10**self.pool.loan.decimals)

    def with_seed(self, seed: int) -> Scenario:
        """The same scenario with other borrowers and other random prices."""
        return self.model_copy(update={"seed": seed})
