"""Pictures of a sweep: heat maps of two axes, curves with bands of one, and how likely an amount is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from io import BytesIO
from itertools import cycle
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

from plimsoll.report.figures import writing
from plimsoll.report.figures.sheet import PAD, TITLE_WIDTH, percent
from plimsoll.report.figures.style import COLOURS, DPI, GREY, GRID, INK, PAPER, STYLE
from plimsoll.report.measures import MEASURES
from plimsoll.report.sweep import Study, compact, each_of, is_number, label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = 8  # points in the picture of likelihoods, as many as there are colours
DARK_INK, PALE_INK = "#101820", "#fcfcfd"  # on a cell, which has the same colour on a dark page
HEAT = ("#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b")
TITLES = {
    "bad_debt_none": "paths without bad debt",
    "bad_debt_mean": "bad debt, mean",
    "bad_debt_max": "bad debt, most",
    "bad_debt_var_95": "bad debt, VaR 95",
    "bad_debt_es_99": "bad debt, ES 99",
    "bad_debt_evar_99": "bad debt, EVaR 99",
    "liquidated_debt_lar_95": "liquidated debt, LaR 95",
    **{f"bad_debt_p{part:02}": f"bad debt, quantile {part} %" for part in (5, 25, 50, 75, 90, 99)},
}
"""What figures of many runs are called; means of measures by the measure's title."""


class Drawn:
    """A figure that a notebook shows and that can be saved.

    Attributes:
        figure: matplotlib's.
    """

    def __init__(self, figure: Figure) -> None:
        """A figure in the style of reports."""
        self.figure = figure

    def save(self, path: str | Path) -> Path:
        """Writes it as SVG, PDF or PNG, by the end of the file's name.

        Raises:
            FileNotFoundError: there is no folder for it.
            ValueError: it ends otherwise.
        """
        save(self.figure, Path(path))
        return Path(path)

    def __repr__(self) -> str:
        """Its title."""
        return f"<figure: {self.figure.get_suptitle().partition(chr(10))[0]}>"

    def _repr_png_(self) -> bytes:
        data = BytesIO()
        self.figure.savefig(data, format="png")
        return data.getvalue()


Drawing = ParamSpec("Drawing")


def styled(draw: Callable[Drawing, Figure]) -> Callable[Drawing, Figure]:
    """Draws in the colours and type of all pictures."""

    @wraps(draw)
    def drawn(*words: Drawing.args, **options: Drawing.kwargs) -> Figure:
        from matplotlib import rc_context

        with rc_context(STYLE):
            return draw(*words, **options)

    return drawn


def title_of(name: str) -> str:
    """What a figure is called."""
    measure = MEASURES.get(name.removesuffix("_mean"))
    return TITLES.get(name) or (f"{measure.title}, mean" if measure else name.replace("_", " "))


def unit_of(name: str) -> str:
    """A figure's unit, as measures have it; empty for a ratio and for measures of one's own."""
    if name in TITLES:
        return "part" if name == "bad_debt_none" else "loan"
    measure = MEASURES.get(name.removesuffix("_mean"))
    return measure.unit if measure and measure.unit != "ratio" else ""


def shown_as(name: str) -> Callable[[float], str]:
    """How a figure is written in a cell."""
    match unit_of(name):
        case "part":
            return lambda value: f"{100 * value:z.3g}\u00a0%"
        case "loan":
            return compact
        case _:
            return lambda value: compact(value) if abs(value) >= 1e4 else f"{value:,.4g}"


@styled
def heat(study: Study, name: str) -> Figure:
    """A figure over two axes: a cell a grid point, with its interval below; hatched where it is impossible.

    Args:
        study: a sweep of two axes or more; of more, a panel for each combination of the others.
        name: of the figure, such as `bad_debt_es_99`.

    Raises:
        ValueError: there are fewer axes, or the figure is not known.
    """
    grid = _Grid(study, name)
    if len(grid.axes) < 2:
        raise ValueError(f"a heat map has two axes, and this sweep {len(grid.axes)}; draw a curve")
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    rows, columns = grid.axes[:2]
    others = grid.others()
    width = max(6.0 if len(others) > 1 else 9.0, 1.6 + 1.15 * len(columns.labels))
    height = 1.3 + 0.62 * len(rows.labels)
    figure, all_panels = _panels(len(others), width, height)
    known = grid.values[np.isfinite(grid.values)]
    norm = Normalize(min(0.0, float(known.min(initial=0.0))), float(known.max(initial=0.0)) or 1.0)
    colours = LinearSegmentedColormap.from_list("plimsoll", HEAT)
    show = shown_as(name)
    image: Any = None
    for panel, (label, place) in zip(all_panels, others, strict=True):
        cells = grid.values[(slice(None), slice(None), *place)]
        edges = [np.arange(size + 1) - 0.5 for size in cells.shape]
        image = panel.pcolormesh(edges[1], edges[0], cells, cmap=colours, norm=norm, edgecolor=PAPER)
        for row, column in np.ndindex(cells.shape):
            if not np.isfinite(cells[row, column]):
                panel.text(column, row, "impossible" if grid.is_skipped((row, column, *place)) else "none",
                           ha="center", va="center", fontsize=8, color=GREY)  # fmt: skip
                continue
            ink = PALE_INK if norm(cells[row, column]) > 0.55 else DARK_INK
            low, high = (ends[(row, column, *place)] for ends in (grid.low, grid.high))
            panel.text(column, row + 0.13, show(cells[row, column]), ha="center", va="center", color=ink)
            if np.isfinite(low):
                panel.text(column, row - 0.22, f"{show(low)} to {show(high)}", ha="center", va="center",
                           color=ink, fontsize=7.5)  # fmt: skip
        panel.set_xticks(range(len(columns.labels)), columns.labels)
        panel.set_yticks(range(len(rows.labels)), rows.labels)
        panel.set_xlabel(columns.title)
        panel.set_ylabel(rows.title)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
        if label:
            panel.set_title(label, loc="left", fontsize=10)
    bar = figure.colorbar(image, ax=all_panels, shrink=0.9, pad=0.02)
    bar.ax.yaxis.set_major_formatter(partial(_written, show))
    bar.outline.set_visible(False)
    return _headed(figure, study, _with_unit(study, name), "below each figure its interval of 95 %")


@styled
def curve(study: Study, names: Sequence[str]) -> Figure:
    """Figures along the first axis, with their intervals as bands; a line for each value of the others.

    Raises:
        ValueError: there is no axis, or a figure is not known.
    """
    figure, panels = _panels(len(names), 8.5, 3.2)
    for panel, name in zip(panels, names, strict=True):
        grid = _Grid(study, name)
        if not grid.axes:
            raise ValueError("a curve needs an axis, and this sweep has none")
        axis, show = grid.axes[0], shown_as(name)
        for colour, (label, place) in zip(cycle(COLOURS), grid.others(1), strict=False):
            at = (slice(None), *place)
            panel.fill_between(
                axis.places, grid.low[at], grid.high[at], color=colour, alpha=0.18, linewidth=0
            )
            panel.plot(axis.places, grid.values[at], color=colour, marker="o", markersize=4, label=label)
        if not axis.is_numeric:
            panel.set_xticks(axis.places, axis.labels)
        else:
            panel.xaxis.set_major_formatter(lambda value, _: label_of(f"{value:.6g}"))
        panel.set_xlabel(axis.title)
        panel.set_title(_with_unit(study, name), loc="left", fontsize=10)
        panel.yaxis.set_major_formatter(partial(_written, show))
        panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))
        _plain(panel)
        lines, labels = panel.get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(lines, labels, loc="outside lower left", ncols=3, frameon=False)
    return _headed(figure, study, f"along {grid.axes[0].title}", "around each line its interval of 95 %")


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as SVG, PDF or PNG, by the end of its file's name."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        writing.write(figure, path)


@styled
def likelihood(study: Study) -> Figure:
    """How likely an amount of bad debt or more is, at the grid points with the highest ES 99."""
    from matplotlib.ticker import NullFormatter

    points = sorted(study.summary["points"], key=lambda each: -each["figures"]["bad_debt_es_99"])[:DRAWN]
    points.sort(key=lambda each: each["number"])
    figure, (panel,) = _panels(1, 10, 4 + 0.25 * len(points))
    most, least = 0.0, 1.0
    for colour, point in zip(COLOURS, points, strict=False):
        values = study.of(point["number"])["bad_debt"].to_numpy()
        order = np.argsort(values)
        weights = study.sample(point["number"]).weights()[order]
        likely = 1 - np.concatenate([[0.0], np.cumsum(weights)[:-1]])
        label = study.label(point)
        label += f": {1 - point['figures']['bad_debt_none']:.2%} of the paths with bad debt"
        panel.step(values[order], likely, where="pre", label=fill(label, 100), color=colour)
        most, least = max(most, float(values.max())), min(least, float(weights.min()))
    panel.set(yscale="log", ylim=(0.7 * least, 1.3), xlim=(0, 1.05 * max(1.0, most)))
    panel.yaxis.set_major_formatter(percent)
    panel.yaxis.set_minor_formatter(percent if least > 0.05 else NullFormatter())
    panel.set_ylabel("part of the paths with as much or more")
    panel.set_xlabel(f"bad debt, {study.loan}")
    panel.xaxis.set_major_formatter("{x:,.0f}")
    _plain(panel)
    figure.legend(loc="outside lower left", ncols=1, frameon=False)
    title = "bad debt"
    if len(points) < len(study.summary["points"]):
        title += f"; the {len(points)} points of {len(study.summary['points'])} with the highest ES 99"
    return _headed(figure, study, title)


class _Axis:
    """An axis with the values on it, rising where they are numbers."""

    def __init__(self, study: Study, keys: Sequence[str]) -> None:
        known = [_step(point["settings"], keys) for point in study.summary["points"]]
        known += [_step(corner["settings"], keys) for corner in study.summary["skipped"]]
        steps = list(dict.fromkeys(known))
        texts = [step[0].replace("_", "") for step in steps]
        self.is_numeric = all(is_number(text) for text in texts)
        if self.is_numeric:
            steps = [step for _, step in sorted(zip(map(float, texts), steps, strict=True))]
        self.steps = steps
        self.keys = keys
        self.labels = [", ".join(map(label_of, step)) for step in steps]
        self.places = (
            [float(step[0].replace("_", "")) for step in steps]
            if self.is_numeric
            else list(map(float, range(len(steps))))
        )
        self.title = ", ".join(study.short[key] for key in keys)


class _Grid:
    """A figure at every point of a grid, with the ends of its interval; NaN where there is none."""

    def __init__(self, study: Study, name: str) -> None:
        first = study.summary["points"][0]["figures"]
        if name not in first:
            raise ValueError(f"{name!r} is no figure of this sweep; it has {', '.join(first)}")
        self.axes = [_Axis(study, keys) for keys in study.axes]
        shape = [len(axis.steps) for axis in self.axes]
        self.values: Any = np.full(shape, np.nan)
        self.low: Any = np.full(shape, np.nan)
        self.high: Any = np.full(shape, np.nan)
        for point in study.summary["points"]:
            place = self._place(point["settings"])
            value = point["figures"][name]
            self.values[place] = np.nan if value is None else value
            self.low[place], self.high[place] = point["intervals"].get(name, (np.nan, np.nan))
        self._skipped = {self._place(corner["settings"]) for corner in study.summary["skipped"]}

    def _place(self, settings: Sequence[str]) -> tuple[int, ...]:
        return tuple(axis.steps.index(_step(settings, axis.keys)) for axis in self.axes)

    def is_skipped(self, place: tuple[int, ...]) -> bool:
        """Whether it is an impossible corner."""
        return place in self._skipped

    def others(self, drawn: int = 2) -> list[tuple[str, tuple[int, ...]]]:
        """Every combination of the axes beyond those that are drawn: what it is called, and its place."""
        rest = self.axes[drawn:]
        found = [
            (
                ", ".join(f"{axis.title} {axis.labels[at]}" for axis, at in zip(rest, place, strict=True)),
                place,
            )
            for place in np.ndindex(*(len(axis.steps) for axis in rest))
        ]
        return [(label, at) for label, at in found if np.isfinite(self.values[(..., *at)]).any()]


def _step(settings: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
    known = dict(each.partition("=")[::2] for each in settings)
    return tuple(known[key] for key in keys)


def _written(show: Callable[[float], str], value: float, _: float) -> str:
    """A number on an axis, as in cells."""
    return show(value)


def _panels(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Panels side by side, two in a row."""
    from matplotlib.figure import Figure

    columns = min(2, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows + 0.5), dpi=DPI, layout="constrained")
    made = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in made[count:]:
        spare.set_visible(False)
    return figure, made[:count]


def _plain(panel: Axes) -> None:
    panel.grid(True, color=GRID, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def _with_unit(study: Study, name: str) -> str:
    unit = {"loan": study.loan, "part": ""}.get(unit_of(name), unit_of(name))
    return title_of(name) + (f", {unit}" if unit else "")


def _headed(figure: Figure, study: Study, title: str, note: str = "") -> Figure:
    """The figure with its title, and what it is of."""
    about = f"{study.summary['title']}, {each_of(study.summary)}"
    if note and study.summary["paths"] > 1:
        about += f"; {note}"
    return titled(figure, f"{title[:1].upper()}{title[1:]}\n{fill(about, TITLE_WIDTH)}")


def titled(figure: Figure, title: str) -> Figure:
    """The figure with a title, which a page with a heading of its own can leave out."""
    above = figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    figure.draw_without_rendering()
    height = above.get_window_extent().height
    above.set_gid(f"title-{72 * (height + 2 * PAD) / figure.dpi:.0f}")
    return figure
