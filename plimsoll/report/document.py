"""Writes docs/results.md from the tables, figures and measures: `python -m plimsoll.report.document`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from plimsoll.report.columns import KINDS, PURPOSES, TABLES
from plimsoll.report.figures import CHARTS
from plimsoll.report.folder import PAGE, SCENARIO, SUMMARY
from plimsoll.report.measures import (
    MEASURES,
    entropic_value_at_risk,
    expected_shortfall,
    over_runs,
    value_at_risk,
)

TARGET = Path(__file__).parents[2] / "docs" / "results.md"
INTRODUCTION = f"""\
# Results

<!-- made by `python -m plimsoll.report.document`; change the text there -->

A run leaves a folder: `{SUMMARY}`, `{SCENARIO}` (all that was played, defaults included; CSV files of prices
beside it), one Parquet file a table, one PNG a figure, and `{PAGE}`, one page that holds everything and needs
no network. The folder appears when all of it is written; an interrupted run leaves an older report as it was.
A folder that holds anything else is refused.

    ape run compare reports/A reports/B

lays two runs side by side: the figures on the same axes, the measures with their differences, the settings
that differ. It writes a folder as well, by default `reports/A-and-B`. Only runs can be compared, not
comparisons.

## Tables

Amounts are exact decimals of whole tokens with all digits of the token: 128 bits, or 256 bits where 38 digits
do not hold a column's largest value. In a table of several vaults collateral has the digits of the token with
the most. Prices are floats, and beside them the oracle's integers as text. Each column of a Parquet file
carries its unit and meaning as metadata.

```python
import pandas

closes = pandas.read_parquet("reports/black-thursday/liquidations.parquet")
closes.groupby("kind").repaid.sum()
```

In runs of 800 blocks and more the tables `vaults`, `pool` and `agents` have 400 to 800 recorded blocks;
`liquidations` and `losses` have all.
"""
MEASURED = """
## Measures of a run

They are in `summary.json` under `measures`; null where a run has none, such as a time to liquidation without
liquidations.
"""


def text() -> str:
    """The whole document."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    names = {"loan": "loan token", "collateral": "collateral token"}
    yield from _table(
        ("kind", "unit", "type"),
        ((kind, unit.format(**names), held) for kind, (unit, held) in KINDS.items()),
    )
    for name, columns in TABLES.items():
        yield f"\n### {name}.parquet\n\n{PURPOSES[name].capitalize()}.\n"
        rows = ((f"`{each.name}`", each.kind, each.unit(), each.meaning) for each in columns)
        yield from _table(("column", "kind", "unit", "meaning"), rows)
    yield "\n## Figures\n"
    yield from _table(
        ("file", "shows", "reading it"),
        ((f"`{name}.png`", chart.title, chart.caption) for name, chart in CHARTS.items()),
    )
    yield MEASURED
    yield from _table(
        ("measure", "unit", "definition"),
        ((f"`{name}`", each.unit, each.definition) for name, each in MEASURES.items()),
    )
    yield f"\n## Measures of many runs\n\n{_said(over_runs)}\n"
    for function in (value_at_risk, expected_shortfall, entropic_value_at_risk):
        yield f"- `{function.__name__}`: {_said(function)}"


def _said(function: Callable[..., object]) -> str:
    """A function's docstring in one line, without its sections."""
    return " ".join((function.__doc__ or "").split("Raises:")[0].split())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(each.split()) for each in row)} |"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
