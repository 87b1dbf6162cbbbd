"""Pictures of a tournament: a panel for each scenario, and what variations do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plimsoll.report.arena import Results, measure_of
from plimsoll.report.arena_words import shown_as
from plimsoll.report.figures.style import BLUE, DPI, GRID, INK, PAPER, VERMILLION
from plimsoll.report.sweep_figures import DARK_INK, HEAT, PALE_INK, styled, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSSES = {"lender_loss": (VERMILLION, "o"), "borrower_cost": (BLUE, "D")}
"""What a panel shows, its colours and marks."""


@styled
def panel(results: Results, rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """What lenders lose and borrowers pay under each rule: mean with its interval, ES 99 as a bar.

    Args:
        results: whose baseline is set off.
        rows: of a scenario or over all, in the order in which they stand.
        title: of the figure by itself.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4.4, 1.0 + 0.36 * len(rows)), dpi=DPI, layout="constrained")
    axes: Axes = figure.subplots()
    for place, row in enumerate(rows):
        for offset, (name, (colour, mark)) in zip((-0.17, 0.17), LOSSES.items(), strict=True):
            mean, tail = (row["figures"][f"{name}_{kind}"] for kind in ("mean", "es_99"))
            low, high = row["intervals"].get(f"{name}_mean", (mean, mean))
            axes.plot([100 * mean, 100 * tail], [place + offset] * 2, color=colour, alpha=0.35, linewidth=1)
            axes.plot([100 * tail], [place + offset], color=colour, marker="|", markersize=8)
            axes.plot([100 * low, 100 * high], [place + offset] * 2, color=colour, linewidth=3, alpha=0.6)
            axes.plot([100 * mean], [place + offset], color=colour, marker=mark, markersize=5, clip_on=False)
    axes.set_yticks(range(len(rows)), [row["rule"] for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        if row["rule"] == results.baseline:
            label.set_fontweight("bold")
            axes.axhspan(label.get_position()[1] - 0.5, label.get_position()[1] + 0.5, color=GRID, alpha=0.45)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.grid(True, axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return titled(figure, title)


@styled
def sensitivity(results: Results, figure_name: str) -> Figure:
    """A figure of every rule, a row each, under every variation, a column each.

    Args:
        results: with more than one variation.
        figure_name: `lender_loss_mean` or `borrower_cost_mean`.
    """
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.figure import Figure

    rows, columns = results.summary["overall"], results.summary["variations"]
    measure, _ = measure_of(figure_name)
    show = shown_as(measure.unit)
    cells = np.array([[row["varied"][column][figure_name] for column in columns] for row in rows])
    norm = Normalize(0.0, float(cells.max()) or 1.0)
    colours = LinearSegmentedColormap.from_list("plimsoll", HEAT)
    figure = Figure(
        figsize=(max(10.0, 2.0 + 1.0 * len(columns)), 1.6 + 0.34 * len(rows)), dpi=DPI, layout="constrained"
    )
    axes: Axes = figure.subplots()
    edges = [np.arange(size + 1) - 0.5 for size in cells.shape]
    axes.pcolormesh(edges[1], edges[0], cells, cmap=colours, norm=norm, edgecolor=PAPER)
    for row, column in np.ndindex(cells.shape):
        ink = PALE_INK if norm(cells[row, column]) > 0.55 else DARK_INK
        axes.text(column, row, show(cells[row, column]), ha="center", va="center", color=ink, fontsize=9)
    axes.set_xticks(range(len(columns)), [column.replace(" ", "\n", 1) for column in columns])
    axes.set_yticks(range(len(rows)), [row["rule"] for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        if row["rule"] == results.baseline:
            label.set_fontweight("bold")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    return titled(figure, f"{measure.title}, mean of the scenarios that all rules play")
