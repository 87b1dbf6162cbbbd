"""Candles of a CSV file: what a scenario says of it, and that they follow each other without a gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, PrivateAttr, model_validator

from plimsoll.scenario.files import legible, lines_of_csv
from plimsoll.scenario.moments import Moment, moment_of, shown
from plimsoll.scenario.strict_model import NamedFile, StrictModel
from plimsoll.units import HOUR

MAX_PRICE = 10**9
MAX_FILLED = 100_000  # candles
TIMES = ("time", "timestamp", "ts", "date", "datetime", "unix", "open time", "open_time")
AUTO, NONE = "auto", "none"  # instead of a column of times

Prices = npt.NDArray[np.float64]


Column = str | Annotated[int, Field(ge=0, le=1_000)]


class _Row(NamedTuple):
    """A candle, and where it stands."""

    line: int
    at: datetime | None
    prices: tuple[float, ...]  # open, high, low, close


class CandleFile(StrictModel):
    """OHLC candles of a CSV file, as exchanges export them."""

    file: NamedFile = Field(description="a CSV, relative to the scenario's folder")
    hours_per_candle: Decimal = Field(
        Decimal(1), ge=Decimal("0.0003"), le=24 * 31, description="length of a candle, to the second"
    )
    columns: tuple[Column, Column, Column, Column] = Field(
        ("open", "high", "low", "close"),
        description="what the columns are called, in this order; numbers from 0, such as `[1, 2, 3, "
        "4]`, for a file without a line of names",
    )
    time: Column = Field(
        AUTO,
        description="the name or number of the column that says when each candle begins; `auto`: one with "
        "a usual name, or with a time in every cell; `none`: there is none",
    )
    newest_first: bool = Field(False, description="the file's first candle is the last in time")
    gaps: Literal["refuse", "fill"] = Field(
        "refuse", description="candles that are missing: `refuse`, or `fill` with straight lines"
    )
    since: Moment | None = Field(None, alias="from", description="of the file, only what is then or later")
    until: Moment | None = Field(None, alias="to", description="of the file, only what is before")
    # both go where the scenario goes, without the file
    _candles: tuple[tuple[float, ...], ...] = PrivateAttr()
    _begins: datetime | None = PrivateAttr()

    @model_validator(mode="after")
    def _readable(self) -> Self:
        names, lines = self._lines()
        places = [self._place(column, names, lines[0][1]) for column in self.columns]
        at = self._times(names, lines, places)
        rows = [
            _Row(line, moment, self._candle(line, row, places))
            for (line, row), moment in zip(lines, at, strict=True)
        ]
        rows = self._cut(rows[::-1] if self.newest_first else rows)
        self._begins = rows[0].at
        self._candles = tuple(self._in_steps(rows))
        return self

    @property
    def length(self) -> float:
        """Hours of a candle: whole seconds, so that 0.3333 are 20 minutes."""
        return round(self.hours_per_candle * HOUR) / HOUR

    @property
    def longest_block(self) -> float:
        """Hours of the longest block with which no high or low is skipped."""
        return self.length / 3

    @property
    def begins(self) -> datetime | None:
        """When the first candle begins, where the file says so."""
        return self._begins

    def candles(self) -> Prices:
        """Rows of open, high, low, close, the oldest first, as the file said when the scenario was read."""
        return np.array(self._candles)

    def _lines(self) -> tuple[list[str], list[tuple[int, list[str]]]]:
        """Names of the columns in lower case, none where `columns` are numbers; numbered lines of candles."""
        with legible(self.file):
            lines = lines_of_csv(self.file)
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
                    f"{self.file} has no column {column}, only 0 to {len(first) - 1}; correct the number"
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
            text = _cell(row, place)
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

    # ---------------------------------------------------------------------------------------------- times

    def _times(
        self, names: Sequence[str], lines: Sequence[tuple[int, list[str]]], prices: Sequence[int]
    ) -> list[datetime | None]:
        """When each candle begins; None throughout where the file does not say."""
        if self.time == NONE:
            return [None] * len(lines)
        if self.time != AUTO:
            place = self._place(self.time, names, lines[0][1])
        elif usual := [place for place, name in enumerate(names) if name in TIMES and place not in prices]:
            place = usual[0]
        else:
            others = (place for place in range(len(lines[0][1])) if place not in prices)
            for other in others:
                found = [moment_of(_cell(row, other)) for _, row in lines]
                if None not in found:
                    return found
            return [None] * len(lines)
        found = []
        for line, row in lines:
            text = _cell(row, place)
            if (moment := moment_of(text)) is None:
                raise ValueError(
                    f"{self.file}, line {line}: {text!r} is no time that is understood; write it like "
                    "2020-03-12T00:00:00Z, or say `time: none`"
                )
            found.append(moment)
        return found

    def _cut(self, rows: list[_Row]) -> list[_Row]:
        """Those from `from` to `to`."""
        if self.since is None and self.until is None:
            return rows
        cut = [row for row in rows if row.at and self._is_within(row.at)]
        if not cut and rows[0].at is None:
            raise ValueError(
                f"{self.file} has no times for `from` and `to` to cut it by; name their column with `time`"
            )
        if not cut:
            first, last = (shown(at) for row in (rows[0], rows[-1]) if (at := row.at))
            raise ValueError(
                f"{self.file} goes from {first} to {last}, and has no candle in `from` to `to`; correct them"
            )
        return cut

    def _is_within(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def _in_steps(self, rows: Sequence[_Row]) -> Iterable[tuple[float, ...]]:
        """The candles, with those that are missing where they may be filled."""
        self._check_order(rows)
        length = timedelta(hours=self.length)
        before: _Row | None = None
        filled = 0
        for row in rows:
            if before and before.at and row.at and (apart := row.at - before.at) != length:
                missing, rest = round(apart / length) - 1, apart % length
                hours = f"{apart / timedelta(hours=1):g} hour{'s' * (apart != timedelta(hours=1))}"
                where = f"{self.file}, lines {before.line} and {row.line}"
                if rest:
                    raise ValueError(
                        f"{where} are {hours} apart, which no number of candles of "
                        f"{self.hours_per_candle} fills; correct the lines or `hours_per_candle`"
                    )
                if self.gaps == "refuse":
                    raise ValueError(
                        f"{where} are {hours} apart (candles missing: {missing}); add them or "
                        "say `gaps: fill`"
                    )
                filled += missing
                if filled > MAX_FILLED:
                    raise ValueError(f"{where} are {hours} apart, too many candles to fill; use `from`")
                yield from _line(before.prices[3], row.prices[0], missing)
            yield row.prices
            before = row

    def _check_order(self, rows: Sequence[_Row]) -> None:
        """Times rise, and usually by a candle."""
        known = [(row.line, row.at) for row in rows if row.at]
        if len(known) < 2:
            return
        (_, first), (_, last) = known[0], known[-1]
        if first > last:
            begins, ends = (last, first) if self.newest_first else (first, last)
            raise ValueError(
                f"{self.file} goes from {shown(begins)} to {shown(ends)}; set "
                f"`newest_first: {str(not self.newest_first).lower()}`"
            )
        for (line, at), (next_line, after) in pairwise(known):
            if at == after:
                raise ValueError(
                    f"{self.file}, lines {line} and {next_line} are both {shown(at)}; remove one"
                )
            if at > after:
                raise ValueError(
                    f"{self.file}, line {next_line} is {shown(after)}, out of order beside line {line} with "
                    f"{shown(at)}; sort the lines"
                )
        steps = sorted(after - at for (_, at), (_, after) in pairwise(known))
        usual = steps[len(steps) // 2]
        if usual != timedelta(hours=self.length):
            raise ValueError(
                f"{self.file} has candles {usual / timedelta(hours=1):g} hours apart; set `hours_per_candle` "
                "to that"
            )


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _line(closed: float, opens: float, count: int) -> Iterable[tuple[float, ...]]:
    """So many candles on a straight line from a close to an open."""
    ends = np.linspace(closed, opens, count + 1).tolist()
    for start, end in pairwise(ends):
        yield start, max(start, end), min(start, end), end


def along(candles: Prices, length: float, hours: Prices) -> Prices:
    """The price at each of `hours`, evenly spaced and no more than a third of a candle apart.

    Within a candle it goes open, low, high, close when it closes at or above its open, and open, high, low,
    close otherwise, in straight lines, with the two turns at a third and at two thirds, each put on the block
    that is nearest.

    Args:
        candles: rows of open, high, low, close.
        length: hours of a candle.
        hours: since the first candle began.
    """
    opened, high, low, closed = candles.T
    rises = closed >= opened
    turns = np.where(rises, low, high), np.where(rises, high, low)
    starts = np.arange(len(candles))
    # the close stands just before the next open
    points = starts[:, None] + np.array([0.0, 1 / 3, 2 / 3, 1 - 1e-9])[None, :]
    prices = np.interp(hours / length, points.ravel(), np.column_stack([opened, *turns, closed]).ravel())
    for part, values in zip((1 / 3, 2 / 3), turns, strict=True):
        put(prices, hours, (starts + part) * length, values)
    return prices


def put(prices: Prices, hours: Prices, at: Prices, values: Prices) -> None:
    """Writes values at the blocks nearest to their hours, where there are such blocks.

    Hours that lie a block or more apart have different ones.
    """
    step = hours[1] - hours[0]
    blocks = np.floor((at - hours[0]) / step + 0.5 + 1e-9).astype(int)  # halves up, in spite of floats
    within = (blocks >= 0) & (blocks < len(hours))
    prices[blocks[within]] = values[within]
