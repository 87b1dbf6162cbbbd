"""Where prices go: paths of an outside price, one number a block.

A path is loan tokens for one whole collateral token. Random ones are driven by standard normal numbers that
the caller draws, so that several assets can be correlated.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from plimsoll.scenario.checked import Checked

HOUR = 3_600
YEAR = 31_536_000
MAX_PRICE = 10**9
MAX_HOURS = 20_000

Prices = npt.NDArray[np.float64]


class Waypoints(Checked):
    """Straight lines between points."""

    kind: Literal["waypoints"] = "waypoints"
    points: tuple[tuple[Decimal, Decimal], ...] = Field(min_length=2, description="[hour, price], ascending")

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

    def prices(self, hours: Prices, _normals: Prices, _rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        known = np.array(self.points, dtype=float)
        return np.interp(hours, known[:, 0], known[:, 1])


def _beside(file: Path, info: ValidationInfo) -> Path:
    """A file that is named relative to the scenario's folder."""
    return Path((info.context or {}).get("folder", "")) / file


CsvFile = Annotated[Path, AfterValidator(_beside)]


class Candles(Checked):
    """OHLC candles of a CSV file, as exchanges export them.

    Within a candle the price goes open, low, high, close when it closes at or above its open, and open, high,
    low, close otherwise, so that both wicks count; straight lines between.
    """

    kind: Literal["csv"]
    file: CsvFile
    hours_per_candle: Decimal = Field(Decimal(1), gt=0, le=24 * 31)
    columns: tuple[str, str, str, str] = ("open", "high", "low", "close")
    _candles: tuple[tuple[float, ...], ...] = PrivateAttr()  # go where the scenario goes, without the file

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self._candles = tuple(map(tuple, self._read().tolist()))
        return self

    def candles(self) -> Prices:
        """Rows of open, high, low, close, as the file said when the scenario was read."""
        return np.array(self._candles)

    def _read(self) -> Prices:
        try:
            with self.file.open(newline="", encoding="utf-8-sig") as lines:
                rows = list(csv.DictReader(lines))
        except OSError as error:
            reason = str(error.strerror or error).lower()
            raise ValueError(f"{self.file} cannot be read ({reason}); name another file") from None
        except UnicodeDecodeError:
            raise ValueError(f"{self.file} is not text in UTF-8; name another file") from None
        if not rows:
            raise ValueError(f"{self.file} has no candles; it needs a line of column names, and one a candle")
        names = {(name or "").strip().lower(): name for name in rows[0]}
        for column in self.columns:
            if column.lower() not in names:
                raise ValueError(
                    f"{self.file} has no column {column!r}, only {', '.join(filter(None, names))}; "
                    "name its columns with `columns`"
                )
        found = np.empty((len(rows), 4))
        for number, row in enumerate(rows):
            for place, column in enumerate(self.columns):
                text = row[names[column.lower()]]
                where = f"{self.file}, line {number + 2}, column {column!r}"
                try:
                    price = float(text)
                except (TypeError, ValueError):
                    raise ValueError(f"{where} is {text!r}; it must be a number") from None
                if not 0 < price <= MAX_PRICE:  # NaN as well
                    raise ValueError(f"{where} is {text}; it must be above 0, at most {MAX_PRICE}")
                found[number, place] = price
            opened, high, low, closed = found[number]
            if not low <= min(opened, closed) <= max(opened, closed) <= high:
                raise ValueError(
                    f"{self.file}, line {number + 2}: open {opened:g} and close {closed:g} do not lie "
                    f"between low {low:g} and high {high:g}; correct the line or `columns`"
                )
        return found

    @property
    def hours(self) -> float:
        """How long it lasts."""
        return len(self.candles()) * float(self.hours_per_candle)

    def prices(self, hours: Prices, _normals: Prices, _rng: np.random.Generator) -> Prices:
        """The price at each of `hours`; a block that covers several turns takes the last."""
        candles = self.candles()
        opened, high, low, closed = candles.T
        rises = closed >= opened
        turns = np.column_stack([opened, np.where(rises, low, high), np.where(rises, high, low), closed])
        # a third of a candle from turn to turn; the close stands just before the next open
        starts = np.arange(len(candles))[:, None] + np.array([0.0, 1 / 3, 2 / 3, 1 - 1e-9])[None, :]
        return np.interp(hours / float(self.hours_per_candle), starts.ravel(), turns.ravel())


class _Random(Checked):
    start: Decimal = Field(gt=0, le=MAX_PRICE, description="first price")
    hours: float = Field(gt=0, le=MAX_HOURS)
    drift: float = Field(0.0, ge=-50, le=50, description="of the price, a year")
    volatility: float = Field(ge=0, le=20, description="a year, of the logarithm")

    def _logs(self, hours: Prices, normals: Prices) -> Prices:
        """Logarithms relative to the start."""
        years = np.diff(hours, prepend=hours[0]) * HOUR / YEAR
        steps = (self.drift - self.volatility**2 / 2) * years + self.volatility * np.sqrt(years) * normals
        return np.cumsum(steps)


class Brownian(_Random):
    """Geometric Brownian motion."""

    kind: Literal["gbm"]

    def prices(self, hours: Prices, normals: Prices, _rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        return float(self.start) * np.exp(self._logs(hours, normals))


class Jumps(_Random):
    """Geometric Brownian motion with jumps (Merton)."""

    kind: Literal["jumps"]
    jumps_per_year: float = Field(ge=0, le=10_000)
    jump_mean: float = Field(ge=-3, le=3, description="of the logarithm of a jump")
    jump_sigma: float = Field(ge=0, le=3, description="of the logarithm of a jump")

    def prices(self, hours: Prices, normals: Prices, rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        years = np.diff(hours, prepend=hours[0]) * HOUR / YEAR
        counts = rng.poisson(self.jumps_per_year * years)
        jumps = self.jump_mean * counts + self.jump_sigma * np.sqrt(counts) * rng.standard_normal(len(hours))
        logs: Prices = self._logs(hours, normals) + np.cumsum(jumps)
        return float(self.start) * np.exp(logs)


class Bootstrap(Checked):
    """Moves of a CSV file's closes, drawn in blocks with replacement."""

    kind: Literal["bootstrap"]
    file: CsvFile
    start: Decimal = Field(gt=0, le=MAX_PRICE, description="first price")
    hours: float = Field(gt=0, le=MAX_HOURS)
    hours_per_candle: Decimal = Field(Decimal(1), gt=0, le=24 * 31)
    block: int = Field(24, ge=1, le=10_000, description="candles drawn together")
    columns: tuple[str, str, str, str] = ("open", "high", "low", "close")

    _moves: tuple[float, ...] = PrivateAttr()  # of the logarithm, from close to close

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        source = Candles(
            kind="csv", file=self.file, hours_per_candle=self.hours_per_candle, columns=self.columns
        )
        self._moves = tuple(np.diff(np.log(source.candles()[:, 3])).tolist())
        if len(self._moves) < self.block:
            raise ValueError(
                f"block is {self.block}, but {self.file} has only {len(self._moves)} moves; lower it"
            )
        return self

    def prices(self, hours: Prices, _normals: Prices, rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        moves = np.array(self._moves)
        candle = float(self.hours_per_candle)
        needed = int(hours[-1] / candle) + 2
        starts = rng.integers(0, len(moves) - self.block + 1, -(-needed // self.block))
        drawn = (starts[:, None] + np.arange(self.block)[None, :]).ravel()[:needed]
        logs = np.concatenate([[0.0], np.cumsum(moves[drawn])])
        return float(self.start) * np.exp(np.interp(hours / candle, np.arange(len(logs)), logs))


Path_ = Annotated[Waypoints | Candles | Brownian | Jumps | Bootstrap, Field(discriminator="kind")]


class Shock(Checked):
    """A fall or rise on top of a path."""

    hour: Decimal = Field(ge=0, le=MAX_HOURS)
    factor: Decimal = Field(gt=0, le=100, description="by which the price is multiplied")
    hours: Decimal | None = Field(None, gt=0, description="until it recovers at once; without: for good")

    def factors(self, hours: Prices) -> Prices:
        """What each price is multiplied by."""
        end = float("inf") if self.hours is None else float(self.hour + self.hours)
        during = (hours >= float(self.hour)) & (hours < end)
        return np.where(during, float(self.factor), 1.0)
