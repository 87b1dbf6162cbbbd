"""The results of a sweep: risk at every grid point, as tables, a summary and a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.figure import Figure
from rich.table import Table

from plimsoll.report.measures import BAD_DEBT, LIQUIDATED_DEBT, over_runs
from plimsoll.scenario.sweep import Sweep

DRAWN = 10  # points in the picture, as many as there are colours

SHOWN = {  # of `over_runs`, in the terminal
    "bad_debt_none": "without bad debt",
    "bad_debt_mean": "bad debt, mean",
    "bad_debt_var_95": "VaR 95",
    "bad_debt_es_99": "ES 99",
    "bad_debt_evar_99": "EVaR 99",
    "liquidated_debt_lar_95": "LaR 95",
}


def summarise(sweep: Sweep, rows: pa.Table, folder: Path) -> dict[str, Any]:
    """The risk at every grid point, in loan tokens; written to `summary.json` and `risk.png`.

    Args:
        sweep: what was played.
        rows: a row a path, in order, as `plimsoll.scenario.sweep.run` returns them.
        folder: where to.
    """
    points = [rows.slice(number * sweep.paths, sweep.paths) for number in range(len(sweep.grid))]
    summary = {
        "scenario": sweep.path.name,
        "settings": list(sweep.settings),
        "paths": sweep.paths,
        "compared": pc.sum(rows["compared"]).as_py(),
        "points": [
            {"settings": list(settings), **over_runs(_runs(point))}
            for settings, point in zip(sweep.grid, points, strict=True)
        ],
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    _picture(summary, [point[BAD_DEBT].to_numpy() for point in points], folder / "risk.png")
    return summary


def _runs(point: pa.Table) -> Iterator[dict[str, Any]]:
    """What `over_runs` reads of each path; a million paths must not be a million dictionaries at once."""
    for batch in point.select([BAD_DEBT, LIQUIDATED_DEBT]).to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def tables(summary: dict[str, Any]) -> list[Table]:
    """The risk in the terminal: a row a point, with the values of its axes."""
    table = Table(title=f"{summary['scenario']}, {_each(summary)}, in loan tokens")
    for setting in summary["points"][0]["settings"]:
        table.add_column(setting.partition("=")[0].replace(".", ".\n").replace("_", "_\n"), overflow="fold")
    for title in SHOWN.values():
        table.add_column(title, justify="right", overflow="fold")
    for point in summary["points"]:
        values = [setting.partition("=")[2] for setting in point["settings"]]
        values = [value.replace("_", "") if value[:1].isdigit() else value for value in values]
        figures = [
            f"{point[name]:.1%}" if name == "bad_debt_none" else _compact(point[name]) for name in SHOWN
        ]
        table.add_row(*values, *figures)
    table.caption = f"{summary['compared']:,} numbers of the books were equal on chain and twin"
    if 1 < summary["paths"] <= 100:
        table.caption += "; of up to 100 paths ES 99 and EVaR 99 are the worst one"
    return [table]


def _compact(amount: float) -> str:
    """An amount in eight characters; summary.json has all of it."""
    if amount >= 1e6:
        return f"{amount / 1e6:,.2f} M"
    return f"{amount / 1e3:,.0f} k" if amount >= 1e4 else f"{amount:,.0f}"


def _picture(summary: dict[str, Any], bad_debts: Sequence[npt.NDArray[np.float64]], path: Path) -> None:
    """The bad debt at every point: how likely an amount or more is, or bars where there is one path each."""
    worst_first = sorted(summary["points"], key=lambda point: -point["bad_debt_es_99"])
    worst = [point["settings"] for point in worst_first[:DRAWN]]
    drawn = [
        (", ".join(point["settings"]) or "as written", values)
        for point, values in zip(summary["points"], bad_debts, strict=True)
        if point["settings"] in worst
    ]
    figure = Figure(figsize=(10, 4.5 + 0.25 * len(drawn)), layout="constrained", dpi=110)
    axes = figure.subplots()
    if summary["paths"] == 1:
        bars = axes.barh([label for label, _ in drawn], [values[0] for _, values in drawn])
        axes.bar_label(bars, fmt="{:,.0f}", padding=4)
        axes.invert_yaxis()
    else:
        for label, values in drawn:
            ordered = np.sort(values)
            likely = 1 - np.arange(len(ordered)) / len(ordered)
            label += f": {np.mean(ordered > 0):.1%} of the paths with bad debt"
            axes.step(ordered, likely, where="pre", label=label)
        axes.set(yscale="log", ylim=(0.7 / summary["paths"], 1.3))
        axes.set_ylabel("part of the paths with as much or more")
        axes.yaxis.set_major_formatter(lambda part, _: f"{100 * part:g}%")
        figure.legend(loc="outside lower center", ncols=1, frameon=False)
    axes.set_xlabel("bad debt, loan tokens")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(0, 1.2 * max(1.0, *(values.max() for _, values in drawn)))  # with room for a bar's number
    title = f"{summary['scenario']}: bad debt, {_each(summary)}"
    if len(drawn) < len(bad_debts):
        title += f"; the {len(drawn)} points of {len(bad_debts)} with the highest ES 99"
    axes.set_title(title, loc="left")
    axes.grid(alpha=0.3)
    figure.savefig(path, metadata={"Software": ""})


def _each(summary: dict[str, Any]) -> str:
    paths = summary["paths"]
    return f"{paths:,} paths each" if paths > 1 else "one path each"
