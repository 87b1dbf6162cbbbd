"""Where prices go: paths of an outside price, one number a block.

A path is loan tokens for one whole collateral token. What is drawn for a path is drawn in `joint`, for all
collaterals together.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from plimsoll.scenario.candles import MAX_PRICE, CandleFile, Prices, along, put
from plimsoll.scenario.strict_model import StrictModel
from plimsoll.units import HOUR, YEAR

MAX_HOURS = 20_000
MAX_FACTOR = 10  # of a shock: above, a percentage is more likely than a price that many times as high


class Waypoints(StrictModel):
    """Straight lines between points."""

    kind: Literal["waypoints"] = Field("waypoints", description="`waypoints`: straight lines between points")
    points: tuple[tuple[Decimal, Decimal], ...] = Field(
        min_length=2, description="[hour, price], the first at hour 0"
    )

    @field_validator("points")
    @classmethod
    def _sound(cls, points: tuple[tuple[Decimal, Decimal], ...]) -> tuple[tuple[Decimal, Decimal], ...]:
        if points and points[0][0] != 0:
            raise ValueError(f"the first hour is {points[0][0]}; it must be 0")
        last = Decimal(-1)
        for hour, price in points:
            if not hour.is_finite() or not price.is_finite():
                raise ValueError(f"[{hour}, {price}] is no pair of finite numbers; correct it")
            if hour <= last:
                raise ValueError(f"hour {hour} comes after hour {last}; put the points in rising order")
            if not 0 < price <= MAX_PRICE:
                raise ValueError(
                    f"the price at hour {hour} is {price}; it must be above 0, at most {MAX_PRICE}"
                )
            last = hour
        return points

    @property
    def hours(self) -> float:
        """How long it lasts."""
        return float(self.points[-1][0])

    @property
    def longest_block(self) -> float:
        """Hours of the longest block with which no turn is skipped: the least between two of them."""
        hours, prices = self._turns()
        apart = np.diff(hours)[np.diff(prices) != 0]
        return float(apart.min()) if len(apart) else np.inf

    def prices(self, hours: Prices) -> Prices:
        """The price at each of `hours`; every turn is put on the block that is nearest."""
        known = np.array(self.points, dtype=float)
        found = np.interp(hours, known[:, 0], known[:, 1])
        put(found, hours, *self._turns())
        return found

    def _turns(self) -> tuple[Prices, Prices]:
        """Hours and prices of both ends, and of where it changes its direction, stops or goes on."""
        hours, prices = np.array(self.points, dtype=float).T
        ways = np.sign(np.diff(prices))
        turns = np.concatenate([[True], ways[1:] != ways[:-1], [True]])
        return hours[turns], prices[turns]


class Candles(CandleFile):
    """Candles of a CSV file as they were; see `along` for the way within a candle."""

    kind: Literal["csv"] = Field(
        description="`csv`: candles, which go open, low, high, close when they close at or above their "
        "open, else open, high, low, close",
    )

    @property
    def hours(self) -> float:
        """How long it lasts."""
        return len(self._candles) * self.length

    def prices(self, hours: Prices) -> Prices:
        """The price at each of `hours`."""
        return along(self.candles(), self.length, hours)


class Random(StrictModel):
    """What is drawn from a model."""

    start: Decimal = Field(gt=0, le=MAX_PRICE, description="first price")
    hours: float = Field(gt=0, le=MAX_HOURS, description="how long")
    drift: float = Field(
        0.0, ge=-50, le=50, description="of the price, per year; in `jumps` without the jumps"
    )
    volatility: float = Field(
        ge=0, le=20, description="per year, of the logarithm; in `jumps` without the jumps"
    )

    longest_block: ClassVar[float] = np.inf

    @property
    def jump_law(self) -> tuple[float, float, float]:
        """How many jumps a year, mean and spread of their logarithms."""
        return 0.0, 0.0, 0.0

    def prices(self, hours: Prices, normals: Prices, jumps: Prices) -> Prices:
        """The price at each of `hours`.

        Args:
            hours: since the start.
            normals: standard normal numbers, one a block.
            jumps: the logarithm of what jumps in each block.
        """
        years = np.diff(hours, prepend=hours[0]) * HOUR / YEAR
        steps = (self.drift - self.volatility**2 / 2) * years + self.volatility * np.sqrt(years) * normals
        found: Prices = float(self.start) * np.exp(np.cumsum(steps + jumps))
        return found


class Brownian(Random):
    """Geometric Brownian motion."""

    kind: Literal["gbm"] = Field(description="`gbm`: geometric Brownian motion")


class Jumps(Random):
    """Geometric Brownian motion with jumps (Merton)."""

    kind: Literal["jumps"] = Field(description="`jumps`: Merton's jump diffusion")
    jumps_per_year: float = Field(ge=0, le=10_000, description="how many on average")
    jump_mean: float = Field(ge=-3, le=3, description="mean of a jump's logarithm")
    jump_sigma: float = Field(ge=0, le=3, description="spread of a jump's logarithm")

    @property
    def jump_law(self) -> tuple[float, float, float]:
        """How many jumps a year, mean and spread of their logarithms."""
        return self.jumps_per_year, self.jump_mean, self.jump_sigma


class Bootstrap(CandleFile):
    """Candles of a CSV file, drawn in blocks with replacement, each set on the close before it."""

    kind: Literal["bootstrap"] = Field(
        description="`bootstrap`: candles of a CSV, drawn in blocks with replacement, each set on the close "
        "before it; several such prices draw the same candles"
    )
    start: Decimal = Field(gt=0, le=MAX_PRICE, description="first price")
    hours: float = Field(gt=0, le=MAX_HOURS, description="how long")
    block: int = Field(24, ge=1, le=10_000, description="candles drawn together")

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        count = len(self._candles) - 1
        if count < self.block:
            raise ValueError(f"block is {self.block}, but {self.file} has only {count} moves; lower it")
        return self

    def prices(self, hours: Prices, candles: Prices) -> Prices:
        """The price at each of `hours`.

        Args:
            hours: since the start.
            candles: those drawn: open, high, low, close as parts of the close before.
        """
        levels = np.cumprod(np.concatenate([[1.0], candles[:-1, 3]]))
        path = candles * levels[:, None]
        return along(path * (float(self.start) / path[0, 0]), self.length, hours)


Path_ = Annotated[Waypoints | Candles | Brownian | Jumps | Bootstrap, Field(discriminator="kind")]


class Shock(StrictModel):
    """A fall or rise on top of a path."""

    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="when")
    factor: Decimal = Field(gt=0, description="by which the price is multiplied; 0.93 is a fall of 7 %")
    hours: Decimal | None = Field(None, gt=0, description="until it is undone at once; without, never")

    @field_validator("factor")
    @classmethod
    def _plausible(cls, factor: Decimal) -> Decimal:
        if factor > MAX_FACTOR:
            raise ValueError(
                f"{factor} times the price is above {MAX_FACTOR} times; a fall of 7 % is 0.93, a higher "
                "rise is several shocks"
            )
        return factor

    def factors(self, hours: Prices) -> Prices:
        """What each price is multiplied by."""
        seconds = np.round(hours * HOUR)
        end = float("inf") if self.hours is None else float((self.hour + self.hours) * HOUR)
        during = (seconds >= float(self.hour * HOUR)) & (seconds < end)
        return np.where(during, float(self.factor), 1.0)
