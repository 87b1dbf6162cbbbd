"""Where prices go: paths of an outside price, one number a block.

A path is loan tokens for one whole collateral token. Random ones are driven by standard normal numbers that
the caller draws, so that several assets can be correlated.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from plimsoll.scenario.strict_model import StrictModel
from plimsoll.units import HOUR, YEAR

MAX_PRICE = 10**9
MAX_HOURS = 20_000
TIMES = ("time", "timestamp", "date", "datetime", "unix", "open time", "open_time")  # names

Prices = npt.NDArray[np.float64]


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

    def prices(self, hours: Prices, _normals: Prices, _rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        known = np.array(self.points, dtype=float)
        return np.interp(hours, known[:, 0], known[:, 1])


def _beside(file: Path, info: ValidationInfo) -> Path:
    """A file that is named relative to the scenario's folder."""
    return Path((info.context or {}).get("folder", "")) / file


CsvFile = Annotated[Path, AfterValidator(_beside)]


Column = str | Annotated[int, Field(ge=0, le=1_000)]


class _File(StrictModel):
    """OHLC candles of a CSV file, as exchanges export them."""

    file: CsvFile = Field(description="a CSV, relative to the scenario's folder")
    hours_per_candle: Decimal = Field(Decimal(1), gt=0, le=24 * 31, description="length of a candle")
    columns: tuple[Column, Column, Column, Column] = Field(
        ("open", "high", "low", "close"),
        description="what the columns are called, in this order; numbers from 0, such as `[1, 2, 3, "
        "4]`, for a file without a line of names",
    )
    newest_first: bool = Field(False, description="the file's first candle is the last in time")
    _candles: tuple[tuple[float, ...], ...] = PrivateAttr()  # go where the scenario goes, without the file

    @model_validator(mode="after")
    def _readable(self) -> Self:
        names, rows = self._lines()
        places = [self._place(column, names, rows[0][1]) for column in self.columns]
        found = [self._candle(line, row, places) for line, row in rows]
        self._check_times(names, rows)
        self._candles = tuple(found[::-1] if self.newest_first else found)
        return self

    def candles(self) -> Prices:
        """Rows of open, high, low, close, the oldest first, as the file said when the scenario was read."""
        return np.array(self._candles)

    def _lines(self) -> tuple[list[str], list[tuple[int, list[str]]]]:
        """Names of the columns in lower case, none where `columns` are numbers; numbered lines of candles."""
        try:
            with self.file.open(newline="", encoding="utf-8-sig") as text:
                lines = [(number, row) for number, row in enumerate(csv.reader(text), 1) if any(row)]
        except OSError as error:
            reason = str(error.strerror or error).lower()
            raise ValueError(f"{self.file} cannot be read ({reason}); name another file") from None
        except UnicodeDecodeError:
            raise ValueError(f"{self.file} is not text in UTF-8; name another file") from None
        named = any(isinstance(column, str) for column in self.columns)
        names = [name.strip().lower() for name in lines[0][1]] if named and lines else []
        rows = lines[1:] if named else lines
        if not rows:
            raise ValueError(f"{self.file} has no candles; it needs a line of column names, and one a candle")
        return names, rows

    def _place(self, column: Column, names: Sequence[str], first: Sequence[str]) -> int:
        if isinstance(column, int):
            if column >= len(first):
                raise ValueError(
                    f"{self.file} has no column {column}, only 0 to {len(first) - 1}; correct `columns`"
                )
            return column
        if column.lower() not in names:
            raise ValueError(
                f"{self.file} has no column {column!r}, only {', '.join(filter(None, names))} (separated by "
                "commas); name its columns with `columns`, or number them from 0 if it has no line of names"
            )
        if names.count(column.lower()) > 1:
            raise ValueError(f"{self.file} has {names.count(column.lower())} columns {column!r}; number them")
        return names.index(column.lower())

    def _candle(self, line: int, row: Sequence[str], places: Sequence[int]) -> tuple[float, ...]:
        found = []
        for column, place in zip(self.columns, places, strict=True):
            text = row[place] if place < len(row) else ""
            where = f"{self.file}, line {line}, column {column!r}"
            try:
                price = float(text)
            except ValueError:
                raise ValueError(f"{where} is {text!r}; it must be a number") from None
            if not 0 < price <= MAX_PRICE:  # NaN as well
                raise ValueError(f"{where} is {text}; it must be above 0, at most {MAX_PRICE}")
            found.append(price)
        opened, high, low, closed = found
        if not low <= min(opened, closed) <= max(opened, closed) <= high:
            raise ValueError(
                f"{self.file}, line {line}: open {opened:g} and close {closed:g} do not lie between low "
                f"{low:g} and high {high:g}; correct the line or `columns`"
            )
        return tuple(found)

    def _check_times(self, names: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> None:
        """Where a column says when, candles must go the way and last as long as the scenario says."""
        place = next((place for place, name in enumerate(names) if name in TIMES), None)
        if place is None or len(rows) < 2:
            return
        first, last = (row[place] if place < len(row) else "" for _, row in (rows[0], rows[-1]))
        hours = _hours(first, last)
        if hours is None:
            return
        if (hours < 0) != self.newest_first:
            raise ValueError(
                f"{self.file} goes from {first} to {last}; set `newest_first: {str(hours < 0).lower()}`"
            )
        apart = abs(hours) / (len(rows) - 1)
        if abs(apart / float(self.hours_per_candle) - 1) > 0.05:
            raise ValueError(
                f"{self.file} has {len(rows)} candles from {first} to {last}, {apart:g} hours apart; set "
                "`hours_per_candle` to that, or fill the gaps"
            )


def _hours(first: str, last: str) -> float | None:
    """Hours from one time to another: seconds, milliseconds or microseconds since 1970, or ISO 8601."""
    try:
        one, other = float(first), float(last)
    except ValueError:
        try:
            between = datetime.fromisoformat(last) - datetime.fromisoformat(first)
        except (ValueError, TypeError):  # a format of its own; one with a zone, the other without
            return None
        return between.total_seconds() / HOUR or None
    unit = next((unit for unit in (1, 1_000, 1_000_000) if 10**8 * unit <= one < 10**11 * unit), None)
    return (other - one) / unit / HOUR or None if unit else None


class Candles(_File):
    """Candles of a CSV file as they were.

    Within a candle the price goes open, low, high, close when it closes at or above its open, and open, high,
    low, close otherwise, so that both wicks count; straight lines between.
    """

    kind: Literal["csv"] = Field(
        description="`csv`: candles, which go open, low, high, close when they close at or above their "
        "open, else open, high, low, close",
    )

    @property
    def hours(self) -> float:
        """How long it lasts."""
        return len(self._candles) * float(self.hours_per_candle)

    def prices(self, hours: Prices, _normals: Prices, _rng: np.random.Generator) -> Prices:
        """The price at each of `hours`; a block that covers several turns takes the last."""
        candles = self.candles()
        opened, high, low, closed = candles.T
        rises = closed >= opened
        turns = np.column_stack([opened, np.where(rises, low, high), np.where(rises, high, low), closed])
        # a third of a candle from turn to turn; the close stands just before the next open
        starts = np.arange(len(candles))[:, None] + np.array([0.0, 1 / 3, 2 / 3, 1 - 1e-9])[None, :]
        return np.interp(hours / float(self.hours_per_candle), starts.ravel(), turns.ravel())


class _Random(StrictModel):
    start: Decimal = Field(gt=0, le=MAX_PRICE, description="first price")
    hours: float = Field(gt=0, le=MAX_HOURS, description="how long")
    drift: float = Field(
        0.0, ge=-50, le=50, description="of the price, per year; in `jumps` without the jumps"
    )
    volatility: float = Field(
        ge=0, le=20, description="per year, of the logarithm; in `jumps` without the jumps"
    )

    def _logs(self, hours: Prices, normals: Prices) -> Prices:
        """Logarithms relative to the start."""
        years = np.diff(hours, prepend=hours[0]) * HOUR / YEAR
        steps = (self.drift - self.volatility**2 / 2) * years + self.volatility * np.sqrt(years) * normals
        return np.cumsum(steps)


class Brownian(_Random):
    """Geometric Brownian motion."""

    kind: Literal["gbm"] = Field(description="`gbm`: geometric Brownian motion")

    def prices(self, hours: Prices, normals: Prices, _rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        return float(self.start) * np.exp(self._logs(hours, normals))


class Jumps(_Random):
    """Geometric Brownian motion with jumps (Merton)."""

    kind: Literal["jumps"] = Field(description="`jumps`: Merton's jump diffusion")
    jumps_per_year: float = Field(ge=0, le=10_000, description="how many on average")
    jump_mean: float = Field(ge=-3, le=3, description="mean of a jump's logarithm")
    jump_sigma: float = Field(ge=0, le=3, description="spread of a jump's logarithm")

    def prices(self, hours: Prices, normals: Prices, rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        years = np.diff(hours, prepend=hours[0]) * HOUR / YEAR
        counts = rng.poisson(self.jumps_per_year * years)
        jumps = self.jump_mean * counts + self.jump_sigma * np.sqrt(counts) * rng.standard_normal(len(hours))
        logs: Prices = self._logs(hours, normals) + np.cumsum(jumps)
        return float(self.start) * np.exp(logs)


class Bootstrap(_File):
    """Moves of a CSV file's closes, drawn in blocks with replacement."""

    kind: Literal["bootstrap"] = Field(
        description="`bootstrap`: moves of a CSV's closes, drawn in blocks with replacement"
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

    def prices(self, hours: Prices, _normals: Prices, rng: np.random.Generator) -> Prices:
        """The price at each of `hours`."""
        moves = np.diff(np.log(self.candles()[:, 3]))
        candle = float(self.hours_per_candle)
        needed = int(hours[-1] / candle) + 2
        starts = rng.integers(0, len(moves) - self.block + 1, -(-needed // self.block))
        drawn = (starts[:, None] + np.arange(self.block)[None, :]).ravel()[:needed]
        logs = np.concatenate([[0.0], np.cumsum(moves[drawn])])
        return float(self.start) * np.exp(np.interp(hours / candle, np.arange(len(logs)), logs))


Path_ = Annotated[Waypoints | Candles | Brownian | Jumps | Bootstrap, Field(discriminator="kind")]


class Shock(StrictModel):
    """A fall or rise on top of a path."""

    hour: Decimal = Field(ge=0, le=MAX_HOURS, description="when")
    factor: Decimal = Field(gt=0, le=100, description="by which the price is multiplied")
    hours: Decimal | None = Field(None, gt=0, description="until it is undone at once; without, never")

    def factors(self, hours: Prices) -> Prices:
        """What each price is multiplied by."""
        seconds = np.round(hours * HOUR)
        end = float("inf") if self.hours is None else float((self.hour + self.hours) * HOUR)
        during = (seconds >= float(self.hour * HOUR)) & (seconds < end)
        return np.where(during, float(self.factor), 1.0)
