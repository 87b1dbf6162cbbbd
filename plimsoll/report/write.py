"""Writes a run's folder: tables, summary, scenario, pictures and a page."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from plimsoll.report.columns import HEAD, TABLES, Column, cell
from plimsoll.report.drawing import Draft, Illustrate, illustrate
from plimsoll.report.folder import SCENARIO, replacing, write_summary
from plimsoll.report.summary import summarise
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.records import Result

DIGITS, MANY_DIGITS = 38, 76  # of a decimal of 128 and of 256 bits


def write(
    result: Result,
    folder: Path,
    *,
    command: str = "",
    illustrate: Illustrate = illustrate,
) -> dict[str, Any]:
    """Writes a finished run; an older report in the folder stays until all is written.

    `scenario.yaml` says everything that was played, defaults included, and the CSV files of its prices stand
    beside it. Pictures and page are drawn from the tables as they were written.

    Args:
        result: the run.
        folder: where to; see `check_folder`.
        command: what repeats the run, if there is one.
        illustrate: draws the figures and writes the page.

    Returns:
        The summary.

    Raises:
        FolderError: the folder holds something else; nothing was written.
        OSError: the disk refuses.
    """
    with replacing(folder) as draft:
        summary = summarise(result) | {"command": command}
        for name, rows in result.tables().items():
            pq.write_table(_table(TABLES[name], rows, result.scenario), draft / f"{name}.parquet")
        settings = result.scenario.model_dump(mode="json", exclude_none=True)
        for number, vault in enumerate(settings["vaults"]):
            if "file" in vault["price"]:
                beside = f"prices-{number}.csv"
                shutil.copyfile(vault["price"]["file"], draft / beside)
                vault["price"]["file"] = beside
        YAML().dump(settings, draft / SCENARIO)
        heads = {name: _head(name, rows, result.scenario) for name, rows in result.tables().items()}
        illustrate(Draft(draft, result.scenario, summary, heads))
        write_summary(draft, summary)
    return summary


def _head(name: str, rows: list[Any], scenario: Scenario) -> list[list[str]]:
    """The first rows of a table, formatted."""
    return [[cell(column, column.value(row, scenario)) for column in TABLES[name]] for row in rows[:HEAD]]


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
        fits = all(abs(value) < 10 ** (DIGITS - digits) for value in values)
        return pa.decimal128(DIGITS, digits) if fits else pa.decimal256(MANY_DIGITS, digits)
    simple = {"text": pa.string(), "exact price": pa.string(), "integer": pa.int64()}
    return simple.get(column.kind, pa.float64())
