"""A sheet of panels: a column a run, rows with the same axes; one legend below them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from plimsoll.report.figures import calendar
from plimsoll.report.figures.style import BROWN, DPI, GREY, GRID, INK, ORANGE, PURPLE, VERMILLION
from plimsoll.report.folder import Run
from plimsoll.scenario.spans import Span

if TYPE_CHECKING:  # who only asks for titles does not wait for matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAD = 6  # pixels
LETTERS = "AB"
TITLE_WIDTH = 95  # letters
EMPTY = "-empty"  # what a figure is called in which no panel has anything
MANY = 2_000  # marks, which a vector file holds as a bitmap
Sharing = Literal["all", "row"]


class Sheet:
    """Panels of one or several runs."""

    def __init__(self, runs: Sequence[Run], rows: int, height: float = 2.9, sharex: Sharing = "all") -> None:
        """Empty panels; `height` is a row's, inches."""
        from matplotlib.figure import Figure

        self._runs = runs
        self._empty: set[Axes] = set()
        self.figure = Figure(figsize=(10 if len(runs) == 1 else 12, 1.4 + height * rows), dpi=DPI)
        self._panels = self.figure.subplots(rows, len(runs), sharex=sharex, sharey="row", squeeze=False)
        for panel in self._panels.flat:
            panel.grid(True, color=GRID, linewidth=0.6)
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
            panel.spines[:].set_in_layout(False)  # they end with the panel, and measuring them is slow
            for axis in (panel.xaxis, panel.yaxis):
                axis.set_major_formatter(plain)
        if len(runs) > 1:
            for letter, name, panel in zip(LETTERS, names(runs), self._panels[0], strict=False):
                panel.set_title(fill(f"{letter}: {name}", 55), loc="left", fontsize=10, color=INK)

    def row(self, number: int) -> Iterator[tuple[Run, Axes]]:
        """The panels of a row, with their runs."""
        return zip(self._runs, self._panels[number], strict=True)

    def vaults(self) -> Iterator[tuple[Run, int, Axes]]:
        """The panels of all vaults, a row a vault; a run that lacks one has an empty place there."""
        return self._rows(lambda run: run.symbols)

    def collaterals(self) -> Iterator[tuple[Run, int, Axes]]:
        """The panels of all collaterals, in the same way."""
        return self._rows(lambda run: run.collateral_symbols)

    def _rows(self, known: Callable[[Run], list[str]]) -> Iterator[tuple[Run, int, Axes]]:
        for number, row in enumerate(self._panels):
            lacking = [number >= len(known(run)) for run in self._runs]
            for run, panel, lacks in zip(self._runs, row, lacking, strict=True):
                if lacks:
                    panel.set_visible(False)
                    continue
                if lacking[0]:  # whose axis the others share
                    panel.tick_params(labelleft=True)
                if len(self._panels) > 1:
                    above = panel.get_title(loc="left")
                    panel.set_title(f"{above}\n{known(run)[number]}".strip(), loc="left", fontsize=10)
                yield run, number, panel

    def empty(self, panel: Axes, text: str) -> None:
        """Says in a panel why there is nothing in it."""
        self._empty.add(panel)
        if len(self._runs) == 1:
            panel.set_yticks([])
        panel.text(
            0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=GREY, fontsize=13
        )

    def done(self, xlabel: str = "") -> Figure:
        """The figure, with its legend; `xlabel` names the horizontal axis of every column."""
        if self._empty.issuperset(panel for panel in self._panels.flat if panel.get_visible()):
            self.figure.set_label(EMPTY)
        known: dict[str, Any] = {}
        for panel in self._panels.flat:
            if panel.get_visible():
                for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
                    known.setdefault(label, handle)
        for column in self._panels.T:
            lowest = [panel for panel in column if panel.get_visible()][-1]
            lowest.tick_params(labelbottom=True)
            if xlabel:
                lowest.set_xlabel(xlabel)
        if known:
            self.figure.legend(
                known.values(),
                known.keys(),
                loc="lower center",
                ncols=3 if len(known) in (5, 6) else 4,
                frameon=False,
                markerscale=1.6,
            )
        return self.figure

    def done_in_time(self) -> Figure:
        """The figure, whose horizontal axis is the time: dates, and hours since the start.

        Runs that start at different times have the hours alone, which they share.
        """
        from matplotlib.ticker import FixedFormatter, FixedLocator

        longest = max(run.scenario.duration for run in self._runs)
        starts = {run.scenario.start for run in self._runs}
        for panel in self._panels.flat:
            panel.set_xlim(-0.01 * longest, 1.01 * longest)
        if len(starts) > 1:
            return self.done("hours since the start")
        (start,) = starts
        places, labels = calendar.ticks(start, longest, 9 if len(self._runs) == 1 else 5)
        for panel in self._panels.flat:  # `set_xticks` would make the marks twice
            panel.xaxis.set_major_locator(FixedLocator(places))
            panel.xaxis.set_major_formatter(FixedFormatter(labels))
        return self.done(calendar.caption(start))


def names(runs: Sequence[Run]) -> list[str]:
    """A name for each run: title, seed, the path's number where it tells something, and engine."""
    paths = [run.summary["path"] for run in runs]
    tells = any(path != paths[0] or path for path in paths)
    return [
        f"{run.scenario.title}; seed {run.scenario.seed}, {f'path {path}, ' if tells else ''}"
        f"{run.summary['engine']}"
        for run, path in zip(runs, paths, strict=True)
    ]


def head(figure: Figure, title: str, runs: Sequence[Run]) -> None:
    """Writes the title above a figure, and of a single run which one it is; makes room for all labels."""
    lines = [title, *(fill(name, TITLE_WIDTH) for name in names(runs) if len(runs) == 1)]
    above = figure.suptitle(
        "\n".join(lines), x=0.01, y=1 - PAD / figure.bbox.height, ha="left", fontsize=12, color=INK
    )
    height = _place(figure, len(runs))
    # so that a page, which has a heading of its own, can leave out the title, or a figure that shows nothing
    above.set_gid(f"title-{72 * (height + PAD) / figure.dpi:.0f}{figure.get_label()}")


def _place(figure: Figure, columns: int) -> float:
    """Makes room for what stands around the panels: labels, title, legend. Gives the title's height, pixels.

    Measures each once. matplotlib's own layouts do it twice, in case that room changes what is in it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    around = np.zeros((len(figure.axes), 4))  # pixels, for each panel: left, below, right, above
    for panel, room in zip(figure.axes, around, strict=True):
        outer = panel.get_tightbbox(renderer)
        if outer:  # else it is hidden
            room[:] = np.abs(np.subtract(outer.extents, panel.bbox.extents))
    left, below, right, above = np.moveaxis(around.reshape(-1, columns, 4), 2, 0)
    title = max(text.get_window_extent(renderer).height for text in figure.texts)
    above[0] += PAD + title
    below[-1] += sum(PAD + legend.get_window_extent(renderer).height for legend in figure.legends)
    x0, x1, wspace = _spans(left.max(axis=0), right.max(axis=0), figure.bbox.width)
    y1, y0, hspace = _spans(above.max(axis=1), below.max(axis=1), figure.bbox.height)
    figure.subplots_adjust(x0, 1 - y0, x1, 1 - y1, wspace, hspace)
    return float(title)


def _spans(before: Any, after: Any, size: float) -> tuple[float, float, float]:
    """Where equal panels begin and end, of the whole, and the space between two, of a panel.

    Args:
        before: pixels before each panel.
        after: pixels after each.
        size: of the whole, pixels.
    """
    first, last = PAD + before[0], PAD + after[-1]
    space = PAD + max(after[:-1] + before[1:], default=0)
    panel = (size - first - last - space * (len(before) - 1)) / len(before)
    return first / size, 1 - last / size, space / panel


def plain(value: float, _: float) -> str:
    """A number on an axis."""
    return f"{value:,.10g}"


def percent(part: float, _: float) -> str:
    """A part of one on an axis."""
    return f"{100 * part:g}%"


def vaults_of(runs: Sequence[Run]) -> int:
    """Of the run that has the most."""
    return max(len(run.scenario.vaults) for run in runs)


def symbol_of(run: Run, vault: int, leg: int = 0) -> str:
    """Of a vault's collateral, or of a basket's leg."""
    return run.scenario.vaults[vault].collaterals[leg].collateral.symbol


def shade(panel: Axes, run: Run, vault: int, leg: int | None = None) -> None:
    """Marks the hours in which something of a vault did not work, or of one of its collaterals."""
    for name, colour, span in spans(run, vault, leg):
        panel.axvspan(float(span.start), float(span.end), color=colour, alpha=0.22, linewidth=0, label=name)


def spans(run: Run, vault: int, leg: int | None = None) -> Iterator[tuple[str, str, Span]]:
    """The hours in which something of a vault or one of its collaterals did not work: what, colour, when."""
    known = run.scenario.vaults[vault].collaterals
    concerned = known if leg is None else known[leg : leg + 1]
    keepers = [each for each in run.scenario.liquidators if vault in run.scenario.watched(each)]
    for found, colour, name in (
        (_once(keeper.outages for keeper in keepers), PURPLE, "a liquidator is out"),
        (_once(each.oracle.outages for each in concerned), ORANGE, "no answers of the feed"),
        (_once(each.oracle.freezes for each in concerned), BROWN, "the feed is frozen"),
        (_once(each.halts for each in concerned), VERMILLION, "the token is halted"),
        (run.scenario.sequencer.halts if run.scenario.sequencer else (), GREY, "there are no blocks"),
    ):
        for span in found:
            yield name, colour, span


def _once(groups: Iterable[Iterable[Span]]) -> Iterable[Span]:
    """All of them, each once."""
    return dict.fromkeys(span for group in groups for span in group)
