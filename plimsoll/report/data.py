"""The data of a report: a run's scenario, and its tables as Parquet files whose fields say what they mean."""

import shutil
from collections.abc import Callable
from heapq import nsmallest
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from plimsoll.report.columns import HEAD, TABLES, Column, cell
from plimsoll.scenario import positions_file
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.people import PositionsConfig
from plimsoll.scenario.records import Result


class Order(NamedTuple):
    """By what a table's rows are laid out."""

    said: str
    key: Callable[[Any], Any]  # of a row; the smallest first


WORST = {
    "vaults": Order("lowest health", lambda row: _or_last(row.health_min)),
    "pool": Order("highest utilisation", lambda row: -row.utilisation),
    "liquidations": Order(
        "debt that nobody paid, then by lowest health before",
        lambda row: (row.repaid - row.extinguished, row.health_before),
    ),
    "losses": Order("size", lambda row: -row.extinguished),
    "agents": Order("lowest value", lambda row: row.value),
    "positions": Order(
        "lowest health at the end", lambda row: (row.moment != "end", _or_last(row.health), -row.debt)
    ),
    "changes": Order("highest debt after it", lambda row: -row.debt),
    "legs": Order("deepest fall of the outside price", lambda row: row.outside / row.path),
    "seizures": Order("latest", lambda row: -row.block),
    "fees": Order("what was paid", lambda row: -(row.gas_paid + row.bids_paid)),
    "flows": Order("value", lambda row: -abs(row.value)),
    "profits": Order("lowest profit", lambda row: row.profit),
    "ladder": Order("debt", lambda row: -row.debt),
    "holdings": Order("moment, then vault and leg", lambda row: (row.moment, row.vault, row.leg)),
}
"""Which rows of a table the page shows."""

DIGITS, MANY_DIGITS = 38, 76  # of a decimal of 128 and of 256 bits


def write_tables(result: Result, folder: Path) -> None:
    """A file for each table of `Result.tables`."""
    for name, rows in result.tables().items():
        pq.write_table(_table(TABLES[name], rows, result.scenario), folder / f"{name}.parquet")


def write_scenario(scenario: Scenario, path: Path) -> None:
    """All that is played, defaults included, as YAML; its files of prices and positions stand beside it."""
    settings = scenario.model_dump(mode="json", exclude_none=True, by_alias=True)
    prices = [each["price"] for vault in settings["vaults"] for each in vault.get("legs", [vault])]
    prices.append(settings["pool"].get("loan_price", {}))
    for number, price in enumerate(prices):
        if "file" in price:
            beside = f"prices-{number}.csv"
            shutil.copyfile(price["file"], path.with_name(beside))
            price["file"] = beside
    for number, (group, told) in enumerate(zip(scenario.borrowers, settings["borrowers"], strict=True)):
        book = group if isinstance(group, PositionsConfig) else group.like
        if book:
            where = told if book is group else told["like"]
            where["file"] = f"positions-{number}.csv"
            rows = map(positions_file.cells, book.positions.rows)
            positions_file.write(path.with_name(where["file"]), rows)
    YAML().dump(settings, path)


def heads(result: Result) -> dict[str, list[list[str]]]:
    """The worst rows of each table, formatted."""
    return {
        name: [
            [cell(column, column.value(row, result.scenario)) for column in TABLES[name]]
            for row in nsmallest(HEAD, rows, WORST[name].key)
        ]
        for name, rows in result.tables().items()
    }


def _or_last(value: float | None) -> float:
    return inf if value is None else value


def _table(columns: tuple[Column, ...], rows: list[Any], scenario: Scenario) -> Any:
    """Rows as an Arrow table whose fields carry unit and meaning."""
    fields, arrays = [], []
    for column in columns:
        values = [column.value(row, scenario) for row in rows]
        kind = _type(column, values, scenario)
        arrays.append(pa.array(values, type=kind))
        about = {"unit": column.unit(scenario), "meaning": column.meaning}
        fields.append(pa.field(column.name, kind, metadata=about))
    about = {"title": scenario.title, "seed": str(scenario.seed)}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=about))


def _type(column: Column, values: list[Any], scenario: Scenario) -> Any:
    """The Arrow type. Exact decimals have 128 bits, and 256 where 38 digits do not hold the largest."""
    if column.is_exact:
        digits = column.digits(scenario)
        fits = all(abs(value) < 10 ** (DIGITS - digits) for value in values if value is not None)
        return pa.decimal128(DIGITS, digits) if fits else pa.decimal256(MANY_DIGITS, digits)
    simple = {"text": pa.string(), "exact price": pa.string(), "integer": pa.int64()}
    return simple.get(column.kind, pa.float64())
