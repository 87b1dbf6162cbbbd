"""What a sweep says: risk at every place of its grid, as tables, a summary and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from matplotlib.figure import Figure
from rich.table import Table

from plimsoll.report.measures import over_runs
from plimsoll.scenario.sweep import Sweep

SHOWN = {  # of `over_runs`, in the terminal
    "bad_debt_none": "without bad debt",
    "bad_debt_mean": "bad debt, mean",
    "bad_debt_var_95": "VaR 95",
    "bad_debt_es_99": "ES 99",
    "bad_debt_evar_99": "EVaR 99",
    "liquidated_debt_lar_95": "LaR 95",
}


def summarise(sweep: Sweep, rows: pa.Table, folder: Path) -> dict[str, Any]:
    """The risk at every place of the grid, in loan tokens; written to `summary.json` and `risk.png`."""
    runs: list[list[dict[str, Any]]] = [[] for _ in sweep.grid]
    for row in rows.to_pylist():
        runs[row["place"]].append(row)
    summary = {
        "scenario": sweep.path.name,
        "settings": list(sweep.settings),
        "paths": sweep.paths,
        "compared": sum(row["compared"] for part in runs for row in part),
        "places": [
            {"settings": list(place), **over_runs(part)} for place, part in zip(sweep.grid, runs, strict=True)
        ],
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    _picture(summary, [[row["bad_debt"] for row in part] for part in runs], folder / "risk.png")
    return summary


def tables(summary: dict[str, Any]) -> list[Table]:
    """The risk in the terminal."""
    table = Table(title=f"{summary['scenario']}, {summary['paths']} paths each, in loan tokens")
    table.add_column("settings")
    for title in SHOWN.values():
        table.add_column(title, justify="right")
    for place in summary["places"]:
        figures = [
            f"{place[name]:.1%}" if name == "bad_debt_none" else f"{place[name]:,.0f}" for name in SHOWN
        ]
        table.add_row("\n".join(place["settings"]) or "as written", *figures)
    table.caption = f"{summary['compared']:,} numbers of the books were equal on chain and twin"
    return [table]


def _picture(summary: dict[str, Any], bad_debts: Sequence[Sequence[float]], path: Path) -> None:
    """The distribution of bad debt at every place: how many paths exceed an amount."""
    figure = Figure(figsize=(10, 5.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    for place, values in zip(summary["places"], bad_debts, strict=True):
        ordered = sorted(values)
        exceed = [(len(ordered) - number) / len(ordered) for number in range(len(ordered))]
        axes.step(ordered, exceed, where="pre", label=", ".join(place["settings"]) or "as written")
    axes.set(xlabel="bad debt, loan tokens", ylabel="part of the paths with as much or more", ylim=(0, 1.02))
    axes.set_title(f"{summary['scenario']}: bad debt over {summary['paths']} paths", loc="left")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=1, frameon=False)
    figure.savefig(path, metadata={"Software": ""})
