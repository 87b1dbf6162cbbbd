"""What a scenario file may say, and how it is read.

Amounts are whole tokens, prices whole US dollars for a whole token, times hours since `start`. Everything is
checked before anything is deployed; an error is one sentence that names the field, the value and the remedy.
"""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from plimsoll.params import PRESETS, RiskParams, base_units

HOUR = 3_600
MINUTE = 60
MAX_BORROWERS = 1_000
MAX_HOURS = 1_000
MAX_PRICE = 10**9
MAX_TOKENS = 10**12


class ScenarioError(ValueError):
    """A scenario file that cannot be used; the message is one sentence for the person who wrote it."""


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        keys = ", ".join(cls.model_fields)
        if not isinstance(data, dict):
            raise ValueError(f"{data!r} stands where the keys {keys} belong; write them as `key: value`")
        for key in data:
            if key not in cls.model_fields:
                raise ValueError(f"unknown key {key!r}; remove it or use one of {keys}")
        return data


class Waypoint(_Checked):
    """The collateral's price at one moment."""

    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="hours since the start")
    price: Decimal = Field(gt=0, le=MAX_PRICE, description="US dollars for a whole collateral token")


class Price(_Checked):
    """The path of the collateral's price."""

    interpolation: Literal["linear"] = "linear"
    waypoints: tuple[Waypoint, ...] = Field(min_length=2)

    @field_validator("waypoints")
    @classmethod
    def _in_order(cls, waypoints: tuple[Waypoint, ...]) -> tuple[Waypoint, ...]:
        if waypoints and waypoints[0].hour != 0:
            raise ValueError(f"the first hour is {waypoints[0].hour}; it must be 0")
        for before, after in pairwise(waypoints):
            if after.hour <= before.hour:
                raise ValueError(
                    f"hour {after.hour} comes after hour {before.hour}; put the waypoints in rising order"
                )
        return waypoints

    def at(self, hour: Fraction) -> Fraction:
        """US dollars at `hour`, exact, between the first waypoint and the last."""
        for before, after in pairwise(self.waypoints):
            if hour <= after.hour:
                low, high = Fraction(before.price), Fraction(after.price)
                span = Fraction(after.hour) - Fraction(before.hour)
                return low + (high - low) * (hour - Fraction(before.hour)) / span
        raise ValueError(f"hour {hour} is after the last waypoint; ask for at most {self.waypoints[-1].hour}")


class Token(_Checked):
    """A token that the run deploys."""

    symbol: str = Field(min_length=1, max_length=8)
    decimals: int = Field(strict=True, ge=0, le=27)


class Market(_Checked):
    """The pool with its vault."""

    preset: str = Field(description="risk parameters, see plimsoll.params.PRESETS")
    loan: Token
    loan_price: Decimal = Field(
        Decimal(1), gt=0, le=MAX_PRICE, description="US dollars for a whole loan token, throughout"
    )
    collateral: Token
    feed_decimals: int = Field(8, strict=True, ge=1, le=18)
    lenders: int = Field(strict=True, ge=1, le=50)
    supply: Decimal = Field(gt=0, le=MAX_TOKENS, description="loan tokens of all lenders together")
    credit_limit: Decimal = Field(gt=0, le=MAX_TOKENS, description="loan tokens that the vault may draw")
    reserve: Decimal = Field(
        Decimal(0), ge=0, le=MAX_TOKENS, description="loan tokens given to the pool's reserve at first"
    )

    @field_validator("preset")
    @classmethod
    def _known_preset(cls, preset: str) -> str:
        if preset not in PRESETS:
            raise ValueError(f"there is no preset {preset!r}; use one of {', '.join(PRESETS)}")
        return preset

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not 6 <= self.loan.decimals <= 18:
            raise ValueError(f"loan.decimals is {self.loan.decimals}; a pool takes 6 to 18")
        if self.credit_limit > self.supply:
            raise ValueError(
                f"credit_limit {self.credit_limit} exceeds supply {self.supply}; lower it or raise supply"
            )
        return self

    @property
    def risk(self) -> RiskParams:
        """The vault's risk parameters."""
        return PRESETS[self.preset]


class HealthRange(_Checked):
    """Between which healths loans start."""

    min: Decimal = Field(gt=1, le=100)
    max: Decimal = Field(gt=1, le=100)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max {self.max} is below min {self.min}; swap them")
        return self


class Borrowers(_Checked):
    """Who borrows; all are drawn from the seed."""

    count: int = Field(strict=True, ge=1, le=MAX_BORROWERS)
    total_debt: Decimal = Field(gt=0, le=MAX_TOKENS, description="loan tokens of all together")
    debt_sigma: Decimal = Field(ge=0, le=4, description="spread of the log-normal sizes, 0 = all alike")
    health: HealthRange = Field(description="health factor at the start, spread evenly on a log scale")


class Outage(_Checked):
    """Hours in which no liquidation gets through."""

    start: Decimal = Field(ge=0)
    end: Decimal = Field(gt=0, description="the first hour in which liquidations get through again")
    reason: str = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}; swap or correct them")
        return self


class Liquidator(_Checked):
    """The one liquidator."""

    capital: Decimal = Field(
        gt=0, le=MAX_TOKENS, description="loan tokens that it starts with, and all that it has"
    )
    margin: Decimal = Field(
        ge=0, lt=1, description="least profit, as a part of what it pays, at the oracle's price"
    )
    min_repay: Decimal = Field(
        Decimal(0),
        ge=0,
        le=MAX_TOKENS,
        description="loan tokens; a close cut short by lack of capital must repay as much",
    )
    outages: tuple[Outage, ...] = ()

    def outage_at(self, hour: Fraction) -> Outage | None:
        """The outage that `hour` lies in."""
        return next((outage for outage in self.outages if outage.start <= hour < outage.end), None)


class Scenario(_Checked):
    """A whole scenario."""

    title: str = Field(min_length=1, max_length=80)
    seed: int = Field(strict=True, ge=0, lt=2**63)
    start: datetime = Field(description="UTC; the chain's clock is set to it")
    step_minutes: int = Field(15, strict=True, ge=1, le=60)
    price: Price
    market: Market
    borrowers: Borrowers
    liquidator: Liquidator

    @field_validator("start")
    @classmethod
    def _in_utc(cls, start: datetime) -> datetime:
        return start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for number, waypoint in enumerate(self.price.waypoints):
            if waypoint.hour * MINUTE % self.step_minutes != 0:
                raise ValueError(
                    f"price.waypoints.{number}.hour is {waypoint.hour}, between two steps "
                    f"of {self.step_minutes} minutes, and would be skipped; move it or change step_minutes"
                )
            if waypoint.price * 10**self.market.feed_decimals < 2:
                raise ValueError(
                    f"price.waypoints.{number}.price is {waypoint.price}, below what a feed can say with "
                    f"{self.market.feed_decimals} decimals; raise market.feed_decimals"
                )
        for number, outage in enumerate(self.liquidator.outages):
            if outage.end > self.hours:
                raise ValueError(
                    f"liquidator.outages.{number}.end is {outage.end}, after the last hour {self.hours}; "
                    "lower it"
                )
        market, borrowers = self.market, self.borrowers
        least = market.risk.threshold / market.risk.ltv
        if borrowers.health.min < least:
            raise ValueError(
                f"borrowers.health.min is {borrowers.health.min}; no loan of the {market.preset} preset can "
                f"start below threshold / ltv = {least:.4f}, so raise it"
            )
        if borrowers.total_debt > market.credit_limit:
            raise ValueError(
                f"borrowers.total_debt is {borrowers.total_debt}, above market.credit_limit "
                f"{market.credit_limit}; lower the one or raise the other"
            )
        if borrowers.total_debt < borrowers.count * market.risk.min_debt:
            raise ValueError(
                f"borrowers.total_debt is {borrowers.total_debt}, but {borrowers.count} borrowers owe at "
                f"least {market.risk.min_debt} each; raise it or lower borrowers.count"
            )
        for name, amount in (
            ("market.supply", market.supply),
            ("market.credit_limit", market.credit_limit),
            ("market.reserve", market.reserve),
            ("liquidator.capital", self.liquidator.capital),
            ("liquidator.min_repay", self.liquidator.min_repay),
        ):
            try:
                base_units(amount, market.loan.decimals)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return self

    @property
    def hours(self) -> Decimal:
        """How long the scenario lasts."""
        return self.price.waypoints[-1].hour

    @property
    def step_hours(self) -> list[Fraction]:
        """The hours of all steps, from 0 to the last waypoint."""
        count = int(self.hours * MINUTE / self.step_minutes)
        return [Fraction(step * self.step_minutes, MINUTE) for step in range(count + 1)]

    def time_at(self, hour: Fraction) -> int:
        """Seconds since 1970."""
        return int(self.start.timestamp()) + int(hour * HOUR)

    def answer_at(self, hour: Fraction) -> int:
        """What the collateral's feed says at `hour`, in the feed's decimals, rounded down."""
        return int(self.price.at(hour) * 10**self.market.feed_decimals)

    def loan_units(self, tokens: Decimal) -> int:
        """Base units of the loan asset."""
        return base_units(tokens, self.market.loan.decimals)

    def with_seed(self, seed: int) -> "Scenario":
        """The same scenario with other borrowers."""
        return self.model_copy(update={"seed": seed})


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # refused later: no field has such a name
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value!r} stands twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def load(path: Path) -> Scenario:
    """The scenario in a YAML file.

    Raises:
        ScenarioError: the file cannot be read or says something impossible.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError(
            f"There is no scenario file {path}; the ones that ship are in scenarios/."
        ) from None
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise ScenarioError(
            f"The scenario file {path} cannot be read ({reason}); name another one."
        ) from None
    except UnicodeDecodeError:
        raise ScenarioError(f"The scenario file {path} is not text in UTF-8; name another one.") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Scenario:
    """The scenario in a YAML text.

    Args:
        text: the file's content.
        name: what errors call it.

    Raises:
        ScenarioError: it says something impossible.
    """
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ScenarioError(f"{name} is not valid YAML{line}: {error.problem}; correct it.") from None
    except yaml.YAMLError as error:
        raise ScenarioError(
            f"{name} is not valid YAML: {' '.join(str(error).split())}; correct it."
        ) from None
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(f"{name}: {_sentence(error)}.") from None


_REMEDIES = {
    "greater_than": "it must be above {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be below {lt}",
    "less_than_equal": "it must be at most {le}",
    "finite_number": "it must be a finite number",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "decimal_parsing": "it must be a number",
    "decimal_type": "it must be a number",
    "string_type": "it must be a text; put it in quotes",
    "string_too_short": "it must not be empty",
    "string_too_long": "it must have at most {max_length} characters",
    "literal_error": "it must be {expected}",
    "tuple_type": "it must be a list",
    "too_short": "it needs at least {min_length} entries",
}


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong: field, value, remedy."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    kind, value = first["type"], first["input"]
    if kind == "missing":
        return f"{field} is missing; add it"
    if kind == "value_error":
        message = str(first["ctx"]["error"])
        return f"{field}: {message}" if field else message
    if kind.startswith("datetime") or kind.startswith("date_"):
        return f"{field} is {value!r}; it must be a time such as 2020-03-12T00:00:00Z"
    remedy = _REMEDIES.get(kind, first["msg"][:1].lower() + first["msg"][1:]).format(**first.get("ctx", {}))
    shown = f"a list of {len(value)}" if isinstance(value, (list, tuple)) else repr(value)
    return f"{field} is {shown}; {remedy}"
