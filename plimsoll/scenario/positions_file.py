"""Positions in files: what people hold and owe, a row each; a CSV or a Parquet file.

Columns: `owner` (an address, or a name that stands for one), `vault`, `collateral` and `debt` (whole tokens),
and, where they are needed, `leg` (of a basket, whose positions have a row for each) and `behaviour`; others
are not read. The table `positions` of a run's report is such a file; `holdings` beside it has the legs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from plimsoll.market.deployment import made_up
from plimsoll.scenario.files import legible, lines_of_csv

NEEDED = ("owner", "vault", "collateral", "debt")
COLUMNS = (*NEEDED, "leg", "behaviour")
MOMENT = "moment"  # a report's tables have it: start or end
HOLDINGS, AMOUNT = "holdings.parquet", "amount"  # of a report: what its baskets' positions hold, by leg
RESERVED = 2**16  # addresses below belong to the chain
NOTHING = Decimal(0)


class Row(NamedTuple):
    """A row: a position, or what it holds of one leg of a basket."""

    line: int
    owner: str  # address
    vault: str  # as the file calls it
    leg: int | None
    collateral: Decimal  # whole tokens
    debt: Decimal  # whole tokens
    behaviour: str  # empty: none


@dataclass(frozen=True)
class Positions:
    """The rows of a file."""

    name: str  # of the file
    rows: tuple[Row, ...]

    def where(self, row: Row) -> str:
        """What an error about a row begins with."""
        return f"{self.name}, line {row.line}"


def read(path: Path, moment: str) -> Positions:
    """The positions in a file.

    Args:
        path: a CSV, or a Parquet file by its ending `.parquet`.
        moment: `start` or `end`: which rows of a report's table.

    Raises:
        ValueError: it cannot be read, or a value is none; a sentence with file, line and column. In a Parquet
            file lines are rows, counted from 1.
    """
    with legible(path):
        tables = _parquet(path) if path.suffix == ".parquet" else [_csv(path)]
    rows = tuple(row for table in tables for row in table.rows(moment))
    if not rows:
        raise ValueError(f"{path} has no positions; it needs a row for each")
    return Positions(str(path), rows)


def write(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Writes a CSV that `read` reads; a row has values for `COLUMNS`, amounts in whole tokens."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows(rows)


def cells(row: Row) -> tuple[Any, ...]:
    """A row as `write` takes it."""
    leg = "" if row.leg is None else row.leg
    return row.owner, row.vault, f"{row.collateral:f}", f"{row.debt:f}", leg, row.behaviour


@dataclass(frozen=True)
class _Table:
    """Columns by name."""

    path: Path
    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]

    def rows(self, moment: str) -> Iterator[Row]:
        missing = [name for name in NEEDED if name not in self.columns]
        if missing:
            raise ValueError(
                f"{self.path} has no column {missing[0]!r}, only {', '.join(self.columns) or 'none'} "
                f"(separated by commas); it needs {', '.join(NEEDED[:-1])} and {NEEDED[-1]}"
            )
        count = len(self.lines)
        empty: Sequence[Any] = [None] * count
        legs, behaviours = (self.columns.get(name, empty) for name in ("leg", "behaviour"))
        moments = self.columns.get(MOMENT, [moment] * count)
        known: dict[Any, str] = {}  # addresses by what the file says
        for line, owner, vault, collateral, debt, leg, behaviour, when in zip(
            self.lines, *(self.columns[name] for name in NEEDED), legs, behaviours, moments, strict=True
        ):
            if when != moment:
                continue
            address = known.get(owner)
            if address is None:
                address = known[owner] = self._owner(line, owner)
            yield Row(
                line,
                address,
                self._text(line, "vault", vault),
                self._leg(line, leg),
                self._amount(line, "collateral", collateral),
                self._amount(line, "debt", debt),
                str(behaviour or ""),
            )

    def _refusal(self, line: int, column: str, cell: Any, demand: str) -> ValueError:
        return ValueError(f"{self.path}, line {line}, column {column!r} is {str(cell)!r}; {demand}")

    def _text(self, line: int, column: str, cell: Any) -> str:
        text = "" if cell is None else str(cell).strip()
        if not text:
            raise self._refusal(line, column, text, "write one")
        return text

    def _owner(self, line: int, cell: Any) -> str:
        """An address; a name stands for one that is made up."""
        text = self._text(line, "owner", cell)
        if not text.lower().startswith("0x"):
            return made_up(f"owner {text}")
        try:
            number = int(text, 16)
        except ValueError:
            number = 0
        if len(text) != 42 or number < RESERVED:
            raise self._refusal(
                line, "owner", text, "an address has 40 hexadecimal digits after 0x, and lies above 0xffff"
            )
        return text.lower()

    def _leg(self, line: int, cell: Any) -> int | None:
        text = "" if cell is None else str(cell).strip()
        if not text:
            return None
        if not text.isdecimal():
            raise self._refusal(line, "leg", text, "it must be the number of a leg, from 0")
        return int(text)

    def _amount(self, line: int, column: str, cell: Any) -> Decimal:
        if cell is None or cell == "":
            return NOTHING
        try:
            amount = cell if type(cell) is Decimal else Decimal(str(cell).strip())
        except InvalidOperation:
            raise self._refusal(line, column, cell, "it must be a number such as 12.5") from None
        if not amount.is_finite() or amount < 0:
            raise self._refusal(line, column, cell, "it must be 0 or above")
        return amount


def _csv(path: Path) -> _Table:
    found = lines_of_csv(path)
    if not found:
        return _Table(path, {}, [])
    names = [name.strip().lower() for name in found[0][1]]
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise ValueError(f"{path} has {names.count(twice[0])} columns {twice[0]!r}; rename all but one")
    wide = len(names)
    for number, row in found[1:]:
        if len(row) != wide:
            raise ValueError(f"{path}, line {number} has {len(row)} values for {wide} columns; correct it")
    cells = list(zip(*(row for _, row in found[1:]), strict=True)) or [()] * wide
    return _Table(path, dict(zip(names, cells, strict=True)), [number for number, _ in found[1:]])


def _parquet(path: Path) -> list[_Table]:
    """The table; of a report's, what its baskets' positions hold as well."""
    found = _columns(path)
    if MOMENT not in found.columns or not (beside := path.with_name(HOLDINGS)).is_file():
        return [found]
    legs = _columns(beside)
    columns = {**legs.columns, "collateral": legs.columns.get(AMOUNT, ()), "debt": [None] * len(legs.lines)}
    return [found, _Table(beside, columns, legs.lines)]


def _columns(path: Path) -> _Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.open("rb").close()  # whose error says less than Arrow's
    try:
        names = [name for name in pq.read_schema(path).names if name in (*COLUMNS, MOMENT, AMOUNT)]
        table = pq.read_table(path, columns=names)
    except pa.ArrowInvalid:
        raise ValueError(f"{path} is no Parquet file; name another file") from None
    return _Table(
        path, {name: table.column(name).to_pylist() for name in names}, range(1, table.num_rows + 1)
    )
