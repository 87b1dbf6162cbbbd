"""What a scenario may say; `reading` turns files into it.

Amounts are whole tokens, prices loan tokens for a whole collateral token, times hours since `start`.
Everything is checked before anything is deployed; an error is one sentence that names the line, the value
and the remedy.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, ModelWrapValidatorHandler, model_validator

from plimsoll.scenario import joint
from plimsoll.scenario.acts import OF_A_GUARDIAN, ActConfig, PokerConfig
from plimsoll.scenario.adversaries import ForgerConfig, GrieferConfig, PumperConfig
from plimsoll.scenario.candles import Prices
from plimsoll.scenario.checks import check
from plimsoll.scenario.collateral import CollateralConfig, distinct
from plimsoll.scenario.gas import GasConfig
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.moments import Moment
from plimsoll.scenario.newcomers import ArrivalsConfig, ExploiterConfig, RefinancingConfig
from plimsoll.scenario.oracles import SequencerConfig
from plimsoll.scenario.paths import MAX_HOURS, Candles, Path_
from plimsoll.scenario.people import Group_
from plimsoll.scenario.pool import PoolConfig
from plimsoll.scenario.separate import separated
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.scenario.vaults import BasketConfig, Spoke_
from plimsoll.units import DAY, HOUR


class Scenario(StrictModel):
    """A whole scenario."""

    title: str = Field(min_length=1, max_length=80, description="at most 80 characters")
    seed: int = Field(
        1, strict=True, ge=0, lt=2**63, description="of borrowers, prices and every other random choice"
    )
    start: Moment = Field(
        datetime(2024, 1, 1, tzinfo=UTC),
        description="UTC; the chain's clock is set to it. Candles of a `csv` that says when must begin then; "
        "without `start`, that is when they begin",
    )
    block_seconds: int = Field(12, strict=True, ge=1, le=DAY, description="seconds from block to block")
    hours: Decimal | None = Field(
        None, gt=0, le=MAX_HOURS, description="how long to play; without, as long as the shortest price"
    )
    order: Literal["bid", "random"] = Field(
        "bid", description="of the transactions of a block: `bid` (highest first) or `random`"
    )
    pool: PoolConfig
    vaults: tuple[Spoke_, ...] = Field(
        min_length=1, max_length=8, description="up to 8 vaults and baskets, numbered from 0"
    )
    correlation: tuple[tuple[float, ...], ...] | None = Field(
        None,
        description="a matrix, a row a vault or leg in their order: of the returns of `gbm` and `jumps`, "
        "jumps included; 0 beside prices of other kinds",
    )
    borrowers: tuple[Group_, ...] = ()
    liquidators: tuple[LiquidatorConfig, ...] = ()
    gas: GasConfig | None = Field(None, description="without, gas costs nothing and blocks have room for all")
    griefer: GrieferConfig | None = None
    forger: ForgerConfig | None = None
    pumper: PumperConfig | None = None
    exploiter: ExploiterConfig | None = None
    arrivals: tuple[ArrivalsConfig, ...] = ()
    refinancing: RefinancingConfig | None = None
    acts: tuple[ActConfig, ...] = ()
    poker: PokerConfig | None = None
    sequencer: SequencerConfig | None = Field(None, description="of a rollup; without, there is none")
    compare_every: int = Field(
        0, ge=0, description="blocks between comparisons of all books with the twin; 0: at the end alone"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check(self)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _completed(cls, data: Any, validated: ModelWrapValidatorHandler[Self]) -> Self:
        """Once all is right, the start of its candles, and vaults for the baskets that are `separate`."""
        scenario = validated(data)
        if "start" not in scenario.model_fields_set and (begins := scenario.first_candles()):
            scenario = scenario.model_copy(update={"start": begins[0][1]})
        if not any(isinstance(it, BasketConfig) and it.separate for it in scenario.vaults):
            return scenario
        return validated(separated(scenario))

    def first_candles(self) -> list[tuple[str, datetime]]:
        """Where candles are that say when they begin, and when."""
        return [(name, kind.begins) for name, kind in self.paths if isinstance(kind, Candles) and kind.begins]

    def watched(self, liquidator: LiquidatorConfig) -> tuple[int, ...]:
        """The numbers of the vaults that a liquidator watches."""
        return tuple(range(len(self.vaults))) if liquidator.vaults is None else liquidator.vaults

    @property
    def paths(self) -> list[tuple[str, Path_]]:
        """Every price and where it stands: of the collaterals in their order, then of the loan asset."""
        paths = [(f"{name}.price", each.price) for name, each in self.collaterals]
        return [*paths, ("pool.loan_price", self.pool.loan_price)] if self.pool.loan_price else paths

    @property
    def collaterals(self) -> list[tuple[str, CollateralConfig]]:
        """Every vault's collateral and every basket's legs in their order, with where they stand."""
        return [it for number in range(len(self.vaults)) for it in self.places(number)]

    @property
    def collateral_symbols(self) -> list[str]:
        """A name for each of these."""
        return distinct(each.collateral.symbol for _, each in self.collaterals)

    def places(self, number: int) -> list[tuple[str, CollateralConfig]]:
        """The collaterals of one vault or basket, with where they stand."""
        vault, name = self.vaults[number], f"vaults.{number}"
        if isinstance(vault, BasketConfig):
            return [(f"{name}.legs.{leg}", each) for leg, each in enumerate(vault.legs)]
        return [(name, each) for each in vault.collaterals]

    @property
    def has_exchange(self) -> bool:
        """Whether a collateral has a pair on Uniswap."""
        return any(each.dex for _, each in self.collaterals)

    @property
    def has_guardian(self) -> bool:
        """Whether anybody may cut limits while it is played."""
        cuts = self.forger is not None and self.forger.guardian_after is not None
        return cuts or any(act.act in OF_A_GUARDIAN for act in self.acts)

    @property
    def duration(self) -> float:
        """Hours from the first block to the last."""
        if self.hours is not None:
            return float(self.hours)
        return min(kind.hours for _, kind in self.paths)

    @property
    def blocks(self) -> int:
        """How many blocks there are after the first one, in which the prices are those of the start.

        The last one is at the end of the duration, or the first after it.
        """
        return ceil(self.duration * HOUR / self.block_seconds - 1e-9)

    @property
    def first_time(self) -> int:
        """Seconds since 1970."""
        return int(self.start.timestamp())

    def outside_prices(self, path: int = 0) -> Prices:
        """Prices without feedback: a row a collateral, a column a block; `path` numbers the draws."""
        hours = self._hours()
        paths = self._drawn(path)[: len(self.collaterals)]
        for prices, (_, each) in zip(paths, self.collaterals, strict=True):
            for shock in each.shocks:
                prices *= shock.factors(hours)
            if each.oracle.rate:
                prices *= each.oracle.rate.rates(hours, "market")
        return np.array(paths) / self.loan_prices(path)

    def first_safe_price(self, config: CollateralConfig, price: float) -> int:
        """What loans before the start are judged at, 1e36, at a first outside price; see `OracleConfig`."""
        pool, decimals = self.pool, (config.collateral.decimals, self.pool.loan.decimals)
        rate = pool.loan_rate.units(0) if pool.loan_rate else 0
        return config.oracle.first_safe_price(price, decimals, pool.loan_plan, rate)

    def loan_prices(self, path: int = 0) -> Prices:
        """Dollars for a loan token, a block each; `path` numbers the draws."""
        return np.ones(self.blocks + 1) if self.pool.loan_price is None else self._drawn(path)[-1]

    def _drawn(self, path: int) -> list[Prices]:
        """The prices of `paths`, without shocks, a block each."""
        kinds = [kind for _, kind in self.paths]
        return joint.drawn(kinds, self._hours(), self.correlation, self.seed, path)

    def _hours(self) -> Prices:
        """When blocks are."""
        return np.arange(self.blocks + 1) * (self.block_seconds / HOUR)

    def loan_units(self, tokens: Decimal) -> int:
        """Base units of the loan asset, rounded down."""
        return int(tokens * 10**self.pool.loan.decimals)

    def with_seed(self, seed: int) -> Scenario:
        """The same scenario with other borrowers and other random prices."""
        return self.model_copy(update={"seed": seed})
