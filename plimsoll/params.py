"""Parameters of pools, vaults and rate curves: in human units, checked, with tested defaults.

Ratios and yearly rates are decimals (`Decimal("0.83")` is 83 %), amounts are whole tokens. `to_struct` turns
a model into the tuple of integers that the contract's constructor takes (see `contracts/interfaces`). The
contracts check again; these checks say the same in sentences, before the first transaction.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from plimsoll.units import DAY, WAD, YEAR

# what the contracts check and market files and scenarios are held against
SHARE_DECIMALS = 3  # of a pool's shares, on top of the asset's
LOAN_DECIMALS = (6, 18)
COLLATERAL_DECIMALS = (0, 27)
AMOUNT_TOP = 2**94 - 1  # base units of a limit or a cap
NEW_LIMIT_DIVISOR = 20  # an open pool grants a new vault at most a twentieth of its assets
QUEUE_WINDOW = 3 * DAY  # in which a queued change may be executed
UNIT_VALUE_DIVISOR = 10_000  # a base unit of collateral is worth at most min_debt over this
LEAST_BONUS = 1_000  # base units of the bonus on min_debt
THRESHOLD_WITH_BONUS = Decimal("0.98")  # threshold * (1 + bonus_min) at most
LTV_WITH_BONUS = Decimal("0.96")  # ltv * (1 + bonus_min) at most
LEGS = (2, 8)  # of a basket
LEG_THRESHOLD_LEAST = Decimal("0.01")
CEILING_FACTOR = 4  # a leg's ceiling is at least so many times its price
CEILING_TOP = 2**200  # 1e36
LEG_UNITS_DIVISOR = 100  # a base unit of every leg is worth at most bonus_min of min_debt over this

ReserveFactor = Annotated[Decimal, Field(ge=0, le=Decimal("0.25"))]
CooldownDays = Annotated[Decimal, Field(ge=3, le=60)]
DrawBurst = Annotated[Decimal, Field(gt=0, le=1)]
DrawRefill = Annotated[int, Field(ge=60, le=30 * DAY)]


def wad(ratio: Decimal) -> int:
    """`ratio` scaled by 1e18, rounded down."""
    return int(ratio * WAD)


def per_second(yearly: Decimal) -> int:
    """A yearly rate as WAD per second, rounded down; a year has 365 days."""
    return int(yearly * WAD) // YEAR


def base_units(tokens: Decimal, decimals: int) -> int:
    """Whole tokens as base units; refuses amounts finer than a base unit."""
    units = Fraction(tokens) * 10**decimals
    if units.denominator != 1:
        raise ValueError(
            f"{tokens} tokens are not a whole number of base units with {decimals} decimals; round the amount"
        )
    return int(units)


def price_of(quote: Decimal | int, collateral_decimals: int, loan_decimals: int) -> int:
    """A price in whole loan tokens per whole collateral token as oracles say it, rounded down.

    That is loan base units per collateral base unit, scaled by 1e36.
    """
    return int(Fraction(quote) * 10 ** (36 + loan_decimals) / 10**collateral_decimals)


class FrozenModel(BaseModel):
    """A model that cannot be changed, refuses unknown keys and holds finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RateParams(FrozenModel):
    """The adaptive kinked rate curve; rates a year."""

    target_utilisation: Decimal = Field(
        Decimal("0.90"), gt=0, lt=1, description="where the rate stands still"
    )
    rate_min: Decimal = Field(Decimal("0.001"), gt=0, description="lowest rate at target, per year")
    rate_max: Decimal = Field(Decimal("2.0"), le=10, description="highest rate at target, per year")
    rate_initial: Decimal = Field(Decimal("0.04"), description="rate at target at the start, per year")
    speed: Decimal = Field(
        Decimal(50), ge=0, le=1_000, description="how fast it adapts, e-folds a year at full error; 0: never"
    )
    steepness: Decimal = Field(
        Decimal(4), ge=1, le=100, description="rate at full utilisation over that at target"
    )
    floor: Decimal = Field(
        Decimal(10_000),
        ge=0,
        description="whole loan tokens of total assets below which the rate stands still; meant for a "
        "loan asset worth a dollar",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.rate_min < self.rate_max:
            raise ValueError(f"rate_min {self.rate_min} must be below rate_max {self.rate_max}; lower it")
        if not self.rate_min <= self.rate_initial <= self.rate_max:
            raise ValueError(
                f"rate_initial {self.rate_initial} must lie between rate_min {self.rate_min} and rate_max "
                f"{self.rate_max}; change it"
            )
        return self

    def to_struct(self, loan_decimals: int) -> tuple[int, ...]:
        """`IPool.RateParams`: WAD, WAD per second, base units."""
        return (
            wad(self.target_utilisation),
            per_second(self.rate_min),
            per_second(self.rate_max),
            per_second(self.rate_initial),
            per_second(self.speed),
            wad(self.steepness),
            base_units(self.floor, loan_decimals),
        )


class PoolParams(FrozenModel):
    """A pool, but for the asset's address."""

    name: str = Field(min_length=1, max_length=50)
    symbol: str = Field(min_length=1, max_length=32)
    reserve_factor: ReserveFactor = Decimal("0.10")
    flash_fee: Decimal = Field(Decimal(0), ge=0, le=Decimal("0.01"))
    delay_days: Decimal = Field(Decimal(3), ge=3, le=30, description="from queueing to executing")
    insurance_target: Decimal = Field(
        Decimal("0.05"), ge=0, le=1, description="reserve kept, of the larger of assets and debt"
    )
    backstop_share: Decimal = Field(
        Decimal("0.5"), ge=0, le=1, description="the backstop's part of what the reserve pays out"
    )
    cooldown_days: CooldownDays = Field(
        Decimal(14), description="from asking to leave the backstop to leaving"
    )
    minimum_stake: Decimal = Field(
        Decimal(1_000), ge=1, description="tokens of stake below which the backstop earns nothing"
    )
    rates: RateParams = RateParams()
    draw_burst: DrawBurst = Field(
        Decimal(1), description="part of a credit line that may be drawn at once; 1 = no pace"
    )
    draw_refill: DrawRefill = Field(
        DAY, description="seconds until what was drawn at once may be drawn again"
    )

    @field_validator("name", "symbol")
    @classmethod
    def _ascii(cls, text: str) -> str:
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"{text} has characters outside ASCII, which count as several; avoid them")
        return text

    @property
    def delay(self) -> int:
        """Seconds between queueing and executing a change."""
        return int(self.delay_days * DAY)

    def to_struct(self, asset: str, loan_decimals: int) -> tuple[object, ...]:
        """`IPool.PoolParams`: WAD, WAD per second, base units, seconds, pool shares."""
        return (
            asset,
            self.name,
            self.symbol,
            wad(self.reserve_factor),
            wad(self.flash_fee),
            self.rates.to_struct(loan_decimals),
            wad(self.insurance_target),
            wad(self.backstop_share),
            int(self.cooldown_days * DAY),
            base_units(self.minimum_stake, loan_decimals + SHARE_DECIMALS),
            wad(self.draw_burst),
            self.draw_refill,
        )


class RiskParams(FrozenModel):
    """The risk parameters of a vault; `min_debt` in whole loan tokens."""

    ltv: Decimal = Field(gt=0, lt=1, description="most that may be borrowed, of the collateral's value")
    threshold: Decimal = Field(gt=0, lt=1, description="liquidation threshold")
    bonus_min: Decimal = Field(gt=0, description="bonus at health 1")
    bonus_max: Decimal = Field(le=1, description="bonus at `health_for_max_bonus` and below")
    health_for_max_bonus: Decimal = Field(gt=0, lt=1, description="where the bonus stops rising")
    target_health: Decimal = Field(ge=Decimal("1.005"), le=Decimal("1.25"), description="where a close ends")
    shortfall_slope: Decimal = Field(
        Decimal("0.1"), ge=0, le=Decimal("0.25"), description="how fast the bonus rises with missing equity"
    )
    liquidation_fee: Decimal = Field(
        Decimal("0.1"), ge=0, le=Decimal("0.3"), description="part of the bonus that goes to the reserve"
    )
    min_debt: Decimal = Field(gt=0, description="smallest loan")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.ltv < self.threshold:
            raise ValueError(f"ltv {self.ltv} must be below threshold {self.threshold}; lower ltv")
        if not self.bonus_min <= self.bonus_max:
            raise ValueError(f"bonus_min {self.bonus_min} is above bonus_max {self.bonus_max}; lower it")
        seized = self.threshold * (1 + self.bonus_min)
        if seized > THRESHOLD_WITH_BONUS:
            raise ValueError(
                f"threshold * (1 + bonus_min) is {seized}, above {THRESHOLD_WITH_BONUS}; lower one of them"
            )
        borrowed = self.ltv * (1 + self.bonus_min)
        if borrowed > LTV_WITH_BONUS:
            raise ValueError(
                f"ltv * (1 + bonus_min) is {borrowed}, above {LTV_WITH_BONUS}; lower one of them"
            )
        seized_most = self.threshold * (1 + self.bonus_max)
        if seized_most > self.health_for_max_bonus:
            raise ValueError(
                f"threshold * (1 + bonus_max) is {seized_most}, above health_for_max_bonus "
                f"{self.health_for_max_bonus}: a close could lower health; lower bonus_max or threshold"
            )
        return self

    def to_struct(self, loan_decimals: int) -> tuple[int, ...]:
        """`IVault.RiskParams`: WAD and base units."""
        struct = (
            wad(self.ltv),
            wad(self.threshold),
            wad(self.bonus_min),
            wad(self.bonus_max),
            wad(self.health_for_max_bonus),
            wad(self.target_health),
            wad(self.shortfall_slope),
            wad(self.liquidation_fee),
            base_units(self.min_debt, loan_decimals),
        )
        if struct[-1] * struct[2] < LEAST_BONUS * WAD:
            raise ValueError(
                f"min_debt {self.min_debt} times bonus_min {self.bonus_min} is below {LEAST_BONUS:,} base "
                f"units of a loan asset with {loan_decimals} decimals; raise min_debt"
            )
        return struct

    def to_basket_struct(self, loan_decimals: int) -> tuple[int, ...]:
        """The same for a basket, whose legs have ratios of their own: `ltv` and `threshold` are 0."""
        return (0, 0, *self.to_struct(loan_decimals)[2:])


BLUE_CHIP = RiskParams(
    ltv=Decimal("0.80"),
    threshold=Decimal("0.83"),
    bonus_min=Decimal("0.02"),
    bonus_max=Decimal("0.10"),
    health_for_max_bonus=Decimal("0.93"),
    target_health=Decimal("1.05"),
    min_debt=Decimal(2_500),
)
"""Deep, liquid collateral against a stable loan asset; min_debt in dollars."""

CORRELATED = RiskParams(
    ltv=Decimal("0.93"),
    threshold=Decimal("0.95"),
    bonus_min=Decimal("0.005"),
    bonus_max=Decimal("0.02"),
    health_for_max_bonus=Decimal("0.975"),
    target_health=Decimal("1.01"),
    min_debt=Decimal(10_000),
)
"""Collateral that follows the loan asset, such as wstETH against ETH; min_debt in dollars."""

VOLATILE = RiskParams(
    ltv=Decimal("0.60"),
    threshold=Decimal("0.68"),
    bonus_min=Decimal("0.05"),
    bonus_max=Decimal("0.15"),
    health_for_max_bonus=Decimal("0.85"),
    target_health=Decimal("1.10"),
    min_debt=Decimal(2_500),
)
"""Thin or jumpy collateral; min_debt in dollars."""

PRESETS: dict[str, RiskParams] = {"blue-chip": BLUE_CHIP, "correlated": CORRELATED, "volatile": VOLATILE}
"""The tested defaults by name."""


def with_preset(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """A preset's parameters with those that are `given` instead.

    Raises:
        ValueError: there is no such preset.
    """
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; use one of {', '.join(PRESETS)}")
    return PRESETS[name].model_dump() | given
