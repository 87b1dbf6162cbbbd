"""A run as data frames: whole tokens as floats, times in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plimsoll.report.columns import TABLES, Column
from plimsoll.scenario.config import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from plimsoll.scenario.records import Result

AMOUNTS = ("profit", "inventory", "supplied")
"""What agents record in base units of the loan asset."""


class Frames(dict[str, "pd.DataFrame"]):
    """Data frames by the name of their table."""

    def __repr__(self) -> str:
        """Names and sizes."""
        return "\n".join(
            f"{name}: {len(each):,} rows, {', '.join(each.columns)}" for name, each in self.items()
        )


def frames(result: Result) -> Frames:
    """Every table of a run; amounts are floats of whole tokens, and rows of a block have its time.

    The Parquet files of a report hold the same with all digits, and integers as the contracts have them.
    """
    return Frames({name: _frame(TABLES[name], rows, result) for name, rows in result.tables().items()})


def _frame(columns: tuple[Column, ...], rows: list[Any], result: Result) -> pd.DataFrame:
    import pandas as pd

    scenario = result.scenario
    shown = [column for column in columns if column.kind != "exact price"]
    frame = pd.DataFrame({column.name: _values(column, rows, scenario) for column in shown})
    if "key" in frame:
        amounts = frame["key"].isin(AMOUNTS)
        frame.loc[amounts, "value"] /= 10**scenario.pool.loan.decimals
    if "block" in frame:
        seconds = scenario.first_time + frame["block"].astype("int64") * scenario.block_seconds
        frame.insert(1, "time", pd.to_datetime(seconds, unit="s", utc=True))
    return frame


def _values(column: Column, rows: list[Any], scenario: Scenario) -> pd.Series[Any]:
    import pandas as pd

    values = [column.value(row, scenario) for row in rows]
    if column.kind == "text":
        return pd.Series(values, dtype=object)
    if column.kind == "integer" and None not in values:
        return pd.Series(values, dtype="int64")
    return pd.Series([None if value is None else float(value) for value in values], dtype=float)
