"""What a scenario may say; `reading` turns files into it.

Amounts are whole tokens, prices loan tokens for a whole collateral token, times hours since `start`.
Everything is checked before anything is deployed; an error is one sentence that names the line, the value
and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from typing import Any, Literal, Self, TypeVar

import numpy as np
from pydantic import Field, ModelWrapValidatorHandler, model_validator

from plimsoll.params import LOAN_DECIMALS, CooldownDays, DrawBurst, DrawRefill, RateParams, ReserveFactor
from plimsoll.scenario import joint
from plimsoll.scenario.acts import OF_A_GUARDIAN, ActConfig, PokerConfig
from plimsoll.scenario.adversaries import ForgerConfig, GrieferConfig, PumperConfig
from plimsoll.scenario.candles import Prices
from plimsoll.scenario.collateral import CollateralConfig, TokenConfig
from plimsoll.scenario.gas import GasConfig
from plimsoll.scenario.groups import check_ceilings, check_group, check_owners
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.moments import Moment, shown
from plimsoll.scenario.newcomers import ArrivalsConfig, ExploiterConfig, RefinancingConfig
from plimsoll.scenario.oracles import BadAnswer, SequencerConfig
from plimsoll.scenario.paths import MAX_HOURS, Candles, Path_, Shock
from plimsoll.scenario.people import Group, Group_, PositionsConfig
from plimsoll.scenario.spans import SomeTokens, Span, Tokens
from plimsoll.scenario.strict_model import StrictModel, fault
from plimsoll.scenario.suppliers import LendersConfig, StakersConfig, VisitorConfig
from plimsoll.scenario.vaults import BasketConfig, Spoke_, VaultConfig
from plimsoll.units import DAY, HOUR

MAX_BLOCKS = 200_000
Placed = TypeVar("Placed", ForgerConfig, PumperConfig, ExploiterConfig, ArrivalsConfig)  # in one vault


class PoolConfig(StrictModel):
    """The pool and who supplies it."""

    loan: TokenConfig = Field(description="the loan asset; 6 to 18 decimals")
    loan_price: Path_ | None = Field(
        None,
        description="what a loan token is worth, in dollars, 1 at first; prices of collaterals are then in "
        "dollars, too. Without, it keeps its peg",
    )
    supply: SomeTokens = Field(description="of all lenders together")
    lenders: LendersConfig = LendersConfig()
    visitors: tuple[VisitorConfig, ...] = ()
    reserve: Tokens = Field(Decimal(0), description="given to the reserve at first")
    stake: Tokens = Field(
        Decimal(0), description="supplied and staked in the backstop, which carries losses after the reserve"
    )
    stakers: StakersConfig = StakersConfig()
    cooldown_days: CooldownDays = Field(
        Decimal(14), description="from asking to leave the backstop to leaving"
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
        for number in range(len(self.vaults)):
            self._check_vault(number)
        for name, each in self.collaterals:
            self._check_collateral(name, each)
        drawn = [Decimal(0)] * len(self.vaults)
        for number, group in enumerate(self.borrowers):
            owed = check_group(f"borrowers.{number}", group, self.vaults, self.pool.loan.decimals)
            for place, debt in owed.items():
                drawn[place] += debt
        check_owners(self.borrowers, self.vaults, self.pool.loan.decimals)
        for number, (vault, debt) in enumerate(zip(self.vaults, drawn, strict=True)):
            if debt > vault.credit_limit:
                raise fault(
                    f"vaults.{number}.credit_limit",
                    f"the borrowers of vaults.{number} owe {debt}, above its credit_limit "
                    f"{vault.credit_limit}; raise it or lower total_debt",
                )
            if debt > (burst := vault.credit_limit * self.pool.draw_burst):
                raise fault(
                    "pool.draw_burst",
                    f"the borrowers of vaults.{number} owe {debt}, above the {burst} that its pace lets them "
                    "draw before the scenario begins; raise credit_limit or pool.draw_burst",
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
        if self.pumper:
            self._check_pumper(self.pumper)
        self._check_newcomers()
        for number, halt in enumerate(self.sequencer.halts if self.sequencer else ()):
            if halt.start >= self.duration:
                where = f"sequencer.halts.{number}"
                raise fault(
                    where, f"{where} begins at hour {halt.start}, but {self.duration:g} are played; lower it"
                )
        self._check_paths()
        if self.blocks > MAX_BLOCKS:
            raise fault(
                "block_seconds",
                f"{self.duration:g} hours are {self.blocks} blocks of {self.block_seconds} seconds, above "
                f"{MAX_BLOCKS}; raise block_seconds or lower hours",
            )
        if (first := float(self.loan_prices()[0])) != 1:
            raise fault(
                "pool.loan_price",
                f"pool.loan_price begins at {first:g}; it must begin at 1, as long as the peg holds",
            )
        outside = self.outside_prices()
        for (name, each), prices in zip(self.collaterals, outside, strict=True):
            low = float(prices.min())
            for feed_name, feed in each.oracle.feeds:
                if low * 10**feed.decimals < 100:
                    where = f"{name}.{feed_name}.decimals"
                    raise fault(
                        where, f"{where} is {feed.decimals}, too few for a price of {low:.3g}; raise it"
                    )
        rest = iter(outside[:, 0].tolist())
        by_vault = [[next(rest) for _ in vault.collaterals] for vault in self.vaults]
        for number, group in enumerate(self.borrowers):
            check_ceilings(f"borrowers.{number}", group, self.vaults, self.pool.loan.decimals, by_vault)
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _completed(cls, data: Any, validated: ModelWrapValidatorHandler[Self]) -> Self:
        """Once all is right, the start of its candles, and vaults for the baskets that are `separate`."""
        scenario = validated(data)
        if "start" not in scenario.model_fields_set and (begins := scenario._first_candles()):
            scenario = scenario.model_copy(update={"start": begins[0][1]})
        if not any(isinstance(it, BasketConfig) and it.separate for it in scenario.vaults):
            return scenario
        return validated(_separate(scenario))

    def _check_vault(self, number: int) -> None:
        name, vault = f"vaults.{number}", self.vaults[number]
        for leg in range(len(vault.collaterals)):
            try:
                vault.risk_of(leg).to_struct(self.pool.loan.decimals)
            except ValueError as error:
                basket = isinstance(vault, BasketConfig)
                field = f"{name}.legs.{leg}" if basket and "min_debt" not in str(error) else name
                raise fault(f"{name}.min_debt" if field == name else field, f"{field}: {error}") from None
        if vault.credit_limit > self.pool.supply + self.pool.stake:
            raise fault(
                f"{name}.credit_limit",
                f"{name}.credit_limit {vault.credit_limit} exceeds pool.supply {self.pool.supply}; lower it",
            )

    def _check_collateral(self, name: str, each: CollateralConfig) -> None:
        if self.hours is not None and float(self.hours) > each.price.hours + 1e-9:
            raise fault(
                "hours",
                f"hours is {self.hours}, but {name}.price ends at hour {each.price.hours:g}; lower it",
            )
        self._check_oracle(name, each)
        for part, spans in (("shocks", each.shocks), ("halts", each.halts)):
            _check_hours(f"{name}.{part}", name, each, spans)
        for number, shock in enumerate(each.shocks):
            if shock.hours is not None and shock.hours * HOUR < self.block_seconds:
                raise fault(
                    f"{name}.shocks.{number}.hours",
                    f"{name}.shocks.{number} lasts {float(shock.hours * HOUR):g} seconds, less than a block; "
                    "lengthen it or lower block_seconds",
                )
        digits = 36 + self.pool.loan.decimals - max(feed.decimals for _, feed in each.oracle.feeds)
        if digits < each.collateral.decimals:
            raise fault(
                f"{name}.collateral.decimals",
                f"{name}.collateral.decimals is {each.collateral.decimals}; at most {digits} fit with the "
                "feed's decimals",
            )

    def _check_oracle(self, name: str, each: CollateralConfig) -> None:
        """What its feeds do lies within the price; what reads a DEX has one."""
        for feed_name, feed in each.oracle.feeds:
            if feed.reads == "dex" and not each.dex:
                where = f"{name}.{feed_name}.reads"
                raise fault(where, f"{where} is dex, but {name} has no dex; add one or remove it")
            for part in ("outages", "freezes", "bad_answers"):
                _check_hours(f"{name}.{feed_name}.{part}", name, each, getattr(feed, part))
        if each.oracle.rate:
            _check_hours(f"{name}.oracle.rate.moves", name, each, each.oracle.rate.moves)

    def _check_liquidator(self, name: str, liquidator: LiquidatorConfig) -> None:
        if self.gas is None and (liquidator.pays or liquidator.private):
            field = "pays" if liquidator.pays else "private"
            raise fault(
                f"{name}.{field}",
                f"{name}.{field} means nothing where gas has no price; add `gas` or remove it",
            )
        for number in self.watched(liquidator):
            if number >= len(self.vaults):
                raise fault(
                    f"{name}.vaults", f"{name}.vaults names {number}; the last is {len(self.vaults) - 1}"
                )
            for place, each in self._places(number):
                _check_hours(f"{name}.outages", place, each, liquidator.outages)
                if liquidator.kind == "flash" and each.dex is None:
                    raise fault(
                        name,
                        f"{name} is flash, but {place} has no dex to sell on; add one or name other `vaults`",
                    )
        known = [
            each.collateral.symbol
            for number in self.watched(liquidator)
            for each in self.vaults[number].collaterals
        ]
        if strange := [symbol for symbol in liquidator.leaves_out if symbol not in known]:
            raise fault(
                f"{name}.leaves_out",
                f"{name}.leaves_out names {strange[0]}; its vaults have {', '.join(dict.fromkeys(known))}",
            )

    def _check_forger(self, forger: ForgerConfig) -> None:
        last = len(self.vaults) - 1
        if forger.vault > last:
            raise fault("forger.vault", f"forger.vault is {forger.vault}; the last vault is {last}")
        if isinstance(self.vaults[forger.vault], BasketConfig):
            raise fault(
                "forger.vault",
                f"forger.vault is {forger.vault}, which is a basket; name a vault of one collateral",
            )
        if forger.hour + (forger.guardian_after or 0) >= self.duration:
            raise fault(
                "forger.hour",
                f"forger.hour and guardian_after lie at the end of the scenario's {self.duration:g} hours or "
                "behind it; lower them",
            )

    def _check_pumper(self, pumper: PumperConfig) -> None:
        last = len(self.vaults) - 1
        if pumper.vault > last:
            raise fault("pumper.vault", f"pumper.vault is {pumper.vault}; the last vault is {last}")
        vault = self.vaults[pumper.vault]
        if isinstance(vault, BasketConfig) or not vault.dex:
            raise fault(
                "pumper.vault",
                f"pumper.vault is {pumper.vault}, which has no DEX of its own; name a vault that has one",
            )
        if pumper.start >= self.duration:
            raise fault(
                "pumper.start",
                f"pumper.start is {pumper.start}, but {self.duration:g} hours are played; lower it",
            )

    def _check_newcomers(self) -> None:
        people: list[tuple[str, ArrivalsConfig | ExploiterConfig]] = [
            (f"arrivals.{number}", each) for number, each in enumerate(self.arrivals)
        ]
        if self.exploiter:
            people.append(("exploiter", self.exploiter))
        for name, each in people:
            if each.vault >= len(self.vaults):
                last = len(self.vaults) - 1
                raise fault(f"{name}.vault", f"{name}.vault is {each.vault}; the last vault is {last}")
            vault = self.vaults[each.vault]
            if isinstance(vault, BasketConfig):
                raise fault(
                    f"{name}.vault",
                    f"{name}.vault is {each.vault}, which is a basket; name a vault of one collateral",
                )
            if isinstance(each, ArrivalsConfig):
                each.check(name, vault)
        hours = [(f"arrivals.{number}.start", each.start) for number, each in enumerate(self.arrivals)]
        hours += [(f"acts.{number}.hour", act.hour) for number, act in enumerate(self.acts)]
        hours += [(f"pool.visitors.{number}.start", it.start) for number, it in enumerate(self.pool.visitors)]
        for name, hour in hours:
            if hour >= self.duration:
                raise fault(
                    name, f"{name} is {hour}, but the scenario ends at hour {self.duration:g}; lower it"
                )
        for number, act in enumerate(self.acts):
            if act.vault is not None and act.vault >= len(self.vaults):
                name, last = f"acts.{number}.vault", len(self.vaults) - 1
                raise fault(name, f"{name} is {act.vault}; the last vault is {last}")

    def _check_paths(self) -> None:
        """Prices fit into blocks, begin together and can be drawn together."""
        for name, kind in self.paths:
            if self.block_seconds > kind.longest_block * HOUR + 1e-6:
                raise fault(
                    "block_seconds",
                    f"block_seconds is {self.block_seconds}, so that highs or lows of {name} would be "
                    f"skipped; lower it to {kind.longest_block * HOUR:.0f} or less",
                )
        begins, said = self._first_candles(), "start" in self.model_fields_set
        for name, moment in begins:
            wanted, where = (self.start, "start is") if said else (begins[0][1], f"{begins[0][0]} at")
            if moment != wanted:
                raise fault(
                    name,
                    f"{name} begins at {shown(moment)}, but {where} {shown(wanted)}; "
                    f"{'set `start` to that, ' if said else ''}cut the file with `from`, or take another",
                )
        joint.check(self.paths, len(self.collaterals), self.correlation)

    def _first_candles(self) -> list[tuple[str, datetime]]:
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
        return [it for number in range(len(self.vaults)) for it in self._places(number)]

    def _places(self, number: int) -> list[tuple[str, CollateralConfig]]:
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


def _check_hours(
    name: str, place: str, collateral: CollateralConfig, spans: Iterable[Span | BadAnswer | Shock]
) -> None:
    """What begins when the price of a collateral has ended is a mistake."""
    end = collateral.price.hours
    for number, each in enumerate(spans):
        begins = each.start if isinstance(each, Span) else each.hour
        if begins >= end:
            raise fault(
                f"{name}.{number}",
                f"{name}.{number} begins at hour {begins}, but {place}.price ends at hour "
                f"{end:g}; hours are decimal, so lower it",
            )


def _separate(scenario: Scenario) -> dict[str, Any]:
    """The same with a vault for each leg of the baskets that are `separate`."""
    vaults: list[VaultConfig | BasketConfig] = []
    moved: list[tuple[int, ...]] = []  # where each vault has gone
    for it in scenario.vaults:
        found = it.vaults() if isinstance(it, BasketConfig) and it.separate else [it]
        moved.append(tuple(range(len(vaults), len(vaults) + len(found))))
        vaults += found

    def group(it: Group) -> Group:
        if isinstance(it, PositionsConfig):
            names = {row.vault for row in it.positions.rows}
            numbers = it.vaults or {name: int(name) for name in names}
            kept = {name: moved[number][0] for name, number in numbers.items() if name in names}
            return it.model_copy(update={"vaults": kept})
        places = tuple(new for old in it.places for new in moved[old])
        if len(places) == 1:
            return it.model_copy(update={"vault": places[0]})
        return it.model_copy(update={"vault": 0, "vaults": places})

    def liquidator(it: LiquidatorConfig) -> LiquidatorConfig:
        watched = None if it.vaults is None else tuple(new for old in it.vaults for new in moved[old])
        return it.model_copy(update={"vaults": watched})

    def moved_to(it: Placed | None) -> Placed | None:
        return it and it.model_copy(update={"vault": moved[it.vault][0]})

    def acts(it: ActConfig) -> list[ActConfig]:
        if it.vault is None:
            return [it]
        return [it.model_copy(update={"vault": new}) for new in moved[it.vault]]

    return dict(scenario) | {
        "vaults": tuple(vaults),
        "borrowers": tuple(map(group, scenario.borrowers)),
        "liquidators": tuple(map(liquidator, scenario.liquidators)),
        "forger": moved_to(scenario.forger),
        "pumper": moved_to(scenario.pumper),
        "exploiter": moved_to(scenario.exploiter),
        "arrivals": tuple(map(moved_to, scenario.arrivals)),
        "acts": tuple(each for act in scenario.acts for each in acts(act)),
    }
