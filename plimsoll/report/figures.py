"""The figures of a run, or of several side by side: a column a run, on the same axes.

Each function takes runs and returns a figure that says one thing. Vaults have a panel or a colour each, and
in the picture of prices so have the legs of a basket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from plimsoll.report.folder import Run
from plimsoll.scenario.collateral import Span
from plimsoll.scenario.records import RESTORABLE, SHORTFALL
from plimsoll.units import HOUR

if TYPE_CHECKING:  # who only asks for titles does not wait for matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind people tell apart
INK, GREY, PALE = "#222222", "#8a8a8a", "#d0d0d0"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILLION, PURPLE, YELLOW = "#E69F00", "#D55E00", "#CC79A7", "#B8A800"
COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, YELLOW, INK)
DPI = 120
PAD = 6  # pixels
BINS = 40
TOP_HEALTH = 4.0  # quantiles above it run out of the picture
RATIOS = (1e-2, 1e3)  # repaid over needed; what lies outside is shown at the edge
WAITS = (0, 1, 2, 16)  # blocks
SMALLEST_CLOSE = 1e-4  # of the largest, in the picture
LETTERS = "AB"
Sharing = Literal["all", "row"]
COMPRESSION = 3  # of 9


def prices(runs: Sequence[Run]) -> Figure:
    """Path without feedback, outside price with feedback, oracle, DEX."""
    sheet = _Sheet(runs, max(len(run.collaterals) for run in runs))
    refused = any(run.quotes(*place)["oracle"].isna().any() for run in runs for place in run.collaterals)
    for run, number, panel in sheet.collaterals():
        vault, leg = run.collaterals[number]
        rows = run.quotes(vault, leg)
        hours = rows["hour"]
        panel.plot(hours, rows["path"], color=PALE, linewidth=5, label="outside, without feedback")
        panel.plot(hours, rows["outside"], color=INK, linewidth=1.8, label="outside, with feedback")
        if rows["dex"].notna().any():
            panel.plot(hours, rows["dex"], color=ORANGE, linewidth=1.2, label="DEX")
        panel.plot(
            hours, rows["oracle"], color=BLUE, linewidth=1.3, linestyle=(0, (4, 2)), drawstyle="steps-post",
            label="oracle (a gap: it refuses)" if refused else "oracle",
        )  # fmt: skip
        _shade(panel, run, vault, leg)
        panel.margins(y=0.08)
        panel.set_ylabel(f"{run.loan} for 1 {_symbol(run, vault, leg)}")
    return sheet.done("hours since the start")


def _symbol(run: Run, vault: int, leg: int = 0) -> str:
    return run.scenario.vaults[vault].collaterals[leg].collateral.symbol


def _shade(panel: Axes, run: Run, vault: int, leg: int | None = None) -> None:
    """Marks the hours in which something of a vault did not work, or of one of its collaterals."""
    known = run.scenario.vaults[vault].collaterals
    concerned = known if leg is None else known[leg : leg + 1]
    keepers = [each for each in run.scenario.liquidators if vault in run.scenario.watched(each)]
    for spans, colour, name in (
        (_once(keeper.outages for keeper in keepers), PURPLE, "a liquidator is out"),
        (_once(each.oracle.outages for each in concerned), ORANGE, "no answers of the feed"),
        (_once(each.oracle.freezes for each in concerned), YELLOW, "the feed is frozen"),
        (_once(each.halts for each in concerned), VERMILLION, "the token is halted"),
    ):
        for span in spans:
            panel.axvspan(
                float(span.start), float(span.end), color=colour, alpha=0.22, linewidth=0, label=name
            )


def _once(groups: Iterable[Iterable[Span]]) -> Iterable[Span]:
    """All of them, each once."""
    return dict.fromkeys(span for group in groups for span in group)


def health(runs: Sequence[Run]) -> Figure:
    """Quantiles of the health factor, and the line at 1."""
    sheet = _Sheet(runs, _vaults(runs), height=3.4)
    for run, vault, panel in sheet.vaults():
        rows = run.of("vaults", vault)
        known: dict[str, Any] = {
            name: rows[f"health_{name}"].to_numpy(float) for name in ("min", "p05", "p25", "p50", "p75")
        }
        panel.set_ylabel("health factor")
        if not np.isfinite(known["min"]).any():
            sheet.empty(panel, "No positions with debt")
            continue
        _shade(panel, run, vault)
        hours = rows["hour"].to_numpy(float)
        for low, high, depth in (("p05", "p25", 0.3), ("p25", "p75", 0.65)):
            panel.fill_between(
                hours, known[low], known[high], color=SKY, alpha=depth, linewidth=0,
                label=f"{int(low[1:])} to {int(high[1:])} % of positions",
            )  # fmt: skip
        panel.plot(hours, known["p50"], color=BLUE, linewidth=1.8, label="median")
        panel.plot(hours, known["min"], color=INK, linewidth=1.0, label="lowest")
        panel.axhline(1, color=VERMILLION, linewidth=1.5, linestyle="--", label="1: liquidatable below")
        all_rows = pd.concat([each.of("vaults", vault) for each in runs])
        lowest, highest = (
            np.nanmin([*all_rows["health_min"], 0.95]),
            np.nanmax([*all_rows["health_p75"], 1.1]),
        )
        panel.set_ylim(lowest - 0.05, min(TOP_HEALTH, highest + 0.05))
    return sheet.done("hours since the start")


def debt_by_price(runs: Sequence[Run]) -> Figure:
    """Debt by liquidation price, of a basket by health, before and after."""
    sheet = _Sheet(runs, _vaults(runs), sharex="row")
    edges = [_edges(runs, vault) for vault in range(_vaults(runs))]
    for run, vault, panel in sheet.vaults():
        rows = run.of("positions", vault)
        rows = rows[rows["debt"] > 0]
        if rows.empty:
            sheet.empty(panel, "No debt")
        along = _along(runs, vault)
        rows = rows[rows[along].notna()]
        before, after = (rows[rows["moment"] == moment] for moment in ("start", "end"))
        panel.hist(before[along], edges[vault], weights=before["debt"], color=PALE, label="debt before")
        panel.hist(
            after[along], edges[vault], weights=after["debt"], histtype="step", color=BLUE,
            linewidth=1.8, label="debt after",
        )  # fmt: skip
        panel.set_ylabel(f"debt, {run.loan}, a bar")
        if along == "health":
            panel.axvline(1, color=VERMILLION, linewidth=1.5, linestyle="--", label="1: liquidatable below")
            panel.set_xlabel("health factor, at the prices of that moment")
            continue
        outside = run.of("vaults", vault)["outside"]
        for price, colour, style, name in (
            (outside.iloc[0], GREY, ":", "outside price at the start"),
            (outside.min(), VERMILLION, "--", "lowest outside price"),
            (outside.iloc[-1], INK, "-.", "outside price at the end"),
        ):
            panel.axvline(price, color=colour, linewidth=1.5, linestyle=style, label=name)
        panel.set_xlabel(f"liquidation price, {run.loan} for 1 {_symbol(run, vault)}")
    return sheet.done()


def _along(runs: Sequence[Run], vault: int) -> str:
    """By what the debt of one vault of all runs is laid out: a basket has no price of its own."""
    baskets = any(len(it.collaterals) > 1 for run in runs for it in run.scenario.vaults[vault : vault + 1])
    return "health" if baskets else "liquidation_price"


def _edges(runs: Sequence[Run], vault: int) -> Any:
    """Edges of the bars of one vault, the same for all runs."""
    known: list[float] = []
    along = _along(runs, vault)
    for run in runs:
        rows = run.of("positions", vault)
        top = TOP_HEALTH if along == "health" else np.inf
        known += list(rows.loc[(rows["debt"] > 0) & (rows[along] <= top), along])
        known += [1.0] if along == "health" else list(run.of("vaults", vault)["outside"])
    low, high = min(known, default=0.0), max(known, default=1.0) * 1.02
    return np.linspace(low * 0.98 if low > high / 2 else 0, high or 1, BINS + 1)


def liquidations(runs: Sequence[Run]) -> Figure:
    """Every close: when, how large, of which kind."""
    sheet = _Sheet(runs, _vaults(runs))
    for run, vault, panel in sheet.vaults():
        rows = run.of("liquidations", vault)
        panel.set_xlim(0, max(each.scenario.duration for each in runs))
        panel.set_ylabel(f"debt extinguished, {run.loan}")
        if rows.empty:
            sheet.empty(panel, "No liquidations")
            continue
        _shade(panel, run, vault)
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(_plain)
        panel.yaxis.set_minor_formatter("")
        size = 26 if len(rows) < 1_000 else 8
        closes = pd.concat([each.of("liquidations", vault) for each in runs])
        floor = float(closes["extinguished"].max()) * SMALLEST_CLOSE
        for kind, colour, marker in ((RESTORABLE, BLUE, "o"), (SHORTFALL, VERMILLION, "X")):
            of_kind = rows[rows["kind"] == kind]
            panel.scatter(
                of_kind["hour"], of_kind["extinguished"].astype(float).clip(lower=floor), s=size, c=colour,
                marker=marker, alpha=0.6, linewidths=0, label=f"{kind} close",
            )  # fmt: skip
    return sheet.done("hours since the start")


def waiting(runs: Sequence[Run]) -> Figure:
    """Part of the liquidated debt that was closed within 0, 1, 2 and 16 blocks."""
    sheet = _Sheet(runs, 1)
    for run, panel in sheet.row(0):
        vaults = len(run.symbols)
        width = 0.8 / vaults
        for vault, symbol in enumerate(run.symbols):
            rows = run.of("liquidations", vault)
            debt = rows["extinguished"].sum()
            parts = [
                rows.loc[rows["blocks_waited"] <= wait, "extinguished"].sum() / debt if debt else 0.0
                for wait in WAITS
            ]
            places = np.arange(len(WAITS)) + (vault - (vaults - 1) / 2) * width
            bars = panel.bar(
                places, parts, width * 0.92, color=COLOURS[vault], label=symbol if vaults > 1 else ""
            )
            if debt and vaults <= 3:
                panel.bar_label(bars, [f"{part:.0%}" for part in parts], fontsize=9, padding=1)
        if run.tables["liquidations"].empty:
            sheet.empty(panel, "No liquidations")
        panel.set_ylim(0, 1.1)
        panel.yaxis.set_major_formatter(_percent)
        panel.set_xticks(range(len(WAITS)), ["the same block", "1 block", "2 blocks", "16 blocks"])
        panel.set_xlabel("closed within ... of the price that made it liquidatable")
        panel.set_ylabel("part of the liquidated debt")
    return sheet.done()


def over_liquidation(runs: Sequence[Run]) -> Figure:
    """Debt repaid by how many times the least needed it was."""
    sheet = _Sheet(runs, _vaults(runs))
    edges = np.geomspace(*RATIOS, 51)
    for run, vault, panel in sheet.vaults():
        rows = run.of("liquidations", vault)
        rows = rows[(rows["kind"] == RESTORABLE) & (rows["repaid"] > 0)]
        panel.set_xscale("log")
        panel.set_xlim(*RATIOS)
        panel.xaxis.set_major_formatter(lambda ratio, _: f"{ratio:g}")
        panel.set_ylabel(f"debt repaid, {run.loan}, a bar")
        if rows.empty:
            sheet.empty(panel, "No restorable closes")
            continue
        ratios = np.clip(rows["repaid"] / rows["needed"].clip(lower=1e-30), *RATIOS)
        short = ratios < 1
        for part, colour, name in (
            (short, GREY, "less than needed: closed in part"),
            (~short, BLUE, "needed or more"),
        ):
            panel.hist(ratios[part], list(edges), weights=rows.loc[part, "repaid"], color=colour, label=name)
        panel.axvline(1, color=VERMILLION, linewidth=1.5, linestyle="--", label="1: ends at health 1")
    return sheet.done("debt repaid in a close over the least needed")


def profits(runs: Sequence[Run]) -> Figure:
    """What each liquidator has made so far."""
    sheet = _Sheet(runs, 1)
    for run, panel in sheet.row(0):
        rows = run.tables["agents"]
        rows = rows[rows["key"].isin(["profit", "inventory"]) & rows["agent"].str.startswith("liquidator ")]
        if rows.empty:
            sheet.empty(panel, "No liquidators")
        unit = 10**run.scenario.pool.loan.decimals
        for number, (agent, own) in enumerate(rows.groupby("agent", sort=False)):
            name = str(agent)
            known = own.groupby("block")["value"].sum()
            kind = run.scenario.liquidators[int(name.removeprefix("liquidator "))].kind
            panel.plot(
                known.index * run.scenario.block_seconds / HOUR, known / unit,
                color=COLOURS[number % len(COLOURS)], linestyle=("-", "--", ":")[number // len(COLOURS) % 3],
                linewidth=1.8, drawstyle="steps-post", label=f"{name} ({kind})",
            )  # fmt: skip
        panel.axhline(0, color=INK, linewidth=0.8)
        panel.set_ylabel(f"profit so far, {run.loan}")
    return sheet.done("hours since the start")


def rates(runs: Sequence[Run]) -> Figure:
    """Utilisation of the pool, and what borrowers pay."""
    sheet = _Sheet(runs, 2, height=2.4)
    for row, name, colour, label in (
        (0, "utilisation", BLUE, "utilisation"),
        (1, "borrow_rate", VERMILLION, "borrow rate per year"),
    ):
        for run, panel in sheet.row(row):
            pool = run.tables["pool"]
            panel.plot(pool["hour"], pool[name], color=colour, linewidth=1.8)
            highest = max(each.tables["pool"][name].max() for each in runs)
            panel.set_ylim(0, highest * 1.1 or 1)
            panel.yaxis.set_major_formatter(_percent)
            panel.set_ylabel(label)
    return sheet.done("hours since the start")


def waterfall(runs: Sequence[Run]) -> Figure:
    """Debt written off, and who carried it."""
    sheet = _Sheet(runs, 1)
    names = ("written off", "reserve", "backstop", "lenders")
    for run, panel in sheet.row(0):
        losses = run.tables["losses"]
        by_vault = losses.groupby("vault")[["extinguished", "reserve", "backstop", "lenders"]].sum()
        if losses.empty:
            sheet.empty(panel, "No losses")
        totals = by_vault.sum().to_numpy(float)
        # each bar hangs where the one before it ends
        tops = np.array([totals[0], totals[0], totals[0] - totals[1], totals[3]])
        floors = tops - totals
        for vault, parts in by_vault.iterrows():
            number = int(str(vault))
            name = "of none" if number < 0 else f"of {run.symbols[number]}'s vault"
            colour = GREY if number < 0 else COLOURS[number]
            panel.bar(
                names, parts.to_numpy(float), 0.6, bottom=floors, color=colour,
                label=name if _vaults(runs) > 1 else "",
            )  # fmt: skip
            floors = floors + parts.to_numpy(float)
        for place, (top, total) in enumerate(zip(tops, totals, strict=True)):
            if not losses.empty:
                panel.annotate(
                    f"{total:,.0f}", (place, top), xytext=(0, 3), textcoords="offset points", ha="center"
                )
        panel.set_xticks(range(len(names)), names)
        panel.set_xlim(-0.5, len(names) - 0.5)
        highest = max(each.tables["losses"]["extinguished"].sum() for each in runs)
        panel.set_ylim(0, highest * 1.12 or 1)
        panel.set_ylabel(run.loan)
    return sheet.done()


def reserves(runs: Sequence[Run]) -> Figure:
    """What bears losses before lenders, and the share price."""
    sheet = _Sheet(runs, 2, height=2.6)
    for run, panel in sheet.row(0):
        pool = run.tables["pool"]
        for name, colour in (("reserves", BLUE), ("backstop", ORANGE)):
            label = "reserve" if name == "reserves" else name
            panel.plot(
                pool["hour"], pool[name], color=colour, linewidth=1.8, drawstyle="steps-post", label=label
            )
        panel.set_ylabel(run.loan)
    for run, panel in sheet.row(1):
        pool = run.tables["pool"]
        panel.plot(pool["hour"], pool["share_price"], color=GREEN, linewidth=1.8, drawstyle="steps-post")
        panel.set_ylabel("share price, 1 at the start")
    return sheet.done("hours since the start")


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with its title, how it is read, and what draws it."""

    title: str
    caption: str
    draw: Callable[[Sequence[Run]], Figure]


CHARTS = {
    "prices": Chart(
        "Prices",
        "Without feedback the outside price follows its path. With it, sales of collateral on the DEX lower "
        "it for good.",
        prices,
    ),
    "health": Chart(
        "Health factors",
        "Positions with debt, at the oracle's price and at the end of each recorded block. Gaps: the oracle "
        "refuses, or there is no debt. In a basket a leg whose oracle refuses counts at its ceiling.",
        health,
    ),
    "debt-by-price": Chart(
        "Debt at risk, before and after",
        "Debt to the right of the price can be liquidated. Liquidations move what is left of it to the left. "
        "Of a basket, which has no price of its own, by health factor: debt left of 1 can be liquidated.",
        debt_by_price,
    ),
    "liquidations": Chart(
        "Liquidations",
        "One mark for each close: when, and the debt that ceased to exist. Less than a ten-thousandth of the "
        "largest stands at that.",
        liquidations,
    ),
    "waiting": Chart(
        "How soon positions were liquidated",
        "Blocks since the oracle's price made the position liquidatable. Positions that were never closed "
        "are left out.",
        waiting,
    ),
    "over-liquidation": Chart(
        "Debt repaid against the least needed",
        "Restorable closes. Needed is what would have brought health to 1; a close goes on to the target "
        "health, so just below health 1 the ratio is large.",
        over_liquidation,
    ),
    "profits": Chart(
        "Profit of liquidators",
        "What each has above its capital at the start; collateral that it has not sold yet counts at the "
        "outside price.",
        profits,
    ),
    "rates": Chart("Utilisation and borrow rate", "At the end of each recorded block.", rates),
    "waterfall": Chart(
        "Who carried the losses",
        "Debt extinguished and not paid is carried by the reserve, then the backstop, then lenders.",
        waterfall,
    ),
    "reserves": Chart(
        "Reserve, backstop and lenders' shares",
        "The reserve grows by fees and interest and shrinks by losses.",
        reserves,
    ),
}
"""The figures by name, which is that of their PNG file."""


def draw(name: str, runs: Sequence[Run]) -> Figure:
    """A figure of `CHARTS`, with its title: one run's, or several side by side on the same axes."""
    chart = CHARTS[name]
    figure = chart.draw(runs)
    title = chart.title if len(runs) > 1 else f"{chart.title}\n{_name(runs[0])}"
    figure.suptitle(title, x=0.01, y=1 - PAD / figure.bbox.height, ha="left", fontsize=12, color=INK)
    _place(figure, len(runs))
    return figure


def save(name: str, runs: Sequence[Run], path: Path) -> None:
    """Writes a figure as PNG. `Figure.savefig` would draw it twice, for layouts that settle late."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(draw(name, runs))
    canvas.draw()
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(path, compress_level=COMPRESSION)


def _place(figure: Figure, columns: int) -> None:
    """Makes room for what stands around the panels: labels, title, legend.

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
    above[0] += PAD + max(text.get_window_extent(renderer).height for text in figure.texts)
    below[-1] += sum(PAD + legend.get_window_extent(renderer).height for legend in figure.legends)
    x0, x1, wspace = _spans(left.max(axis=0), right.max(axis=0), figure.bbox.width)
    y1, y0, hspace = _spans(above.max(axis=1), below.max(axis=1), figure.bbox.height)
    figure.subplots_adjust(x0, 1 - y0, x1, 1 - y1, wspace, hspace)


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


def _plain(value: float, _: float) -> str:
    return f"{value:,.10g}"


def _percent(part: float, _: float) -> str:
    return f"{100 * part:g}%"


def _name(run: Run) -> str:
    return f"{run.scenario.title}; seed {run.scenario.seed}, {run.summary['engine']}"


def _vaults(runs: Sequence[Run]) -> int:
    return max(len(run.scenario.vaults) for run in runs)


class _Sheet:
    """Panels: a column a run, rows with the same axes; one legend below them all."""

    def __init__(self, runs: Sequence[Run], rows: int, height: float = 2.9, sharex: Sharing = "all") -> None:
        from matplotlib.figure import Figure

        self._runs = runs
        self.figure = Figure(figsize=(10 if len(runs) == 1 else 12, 1.4 + height * rows), dpi=DPI)
        self._panels = self.figure.subplots(rows, len(runs), sharex=sharex, sharey="row", squeeze=False)
        for panel in self._panels.flat:
            panel.grid(True, color="#dddddd", linewidth=0.6)
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
            panel.spines[:].set_in_layout(False)  # they end with the panel, and measuring them is slow
            for axis in (panel.xaxis, panel.yaxis):
                axis.set_major_formatter(_plain)
        if len(runs) > 1:
            for run, letter, panel in zip(runs, LETTERS, self._panels[0], strict=False):
                panel.set_title(fill(f"{letter}: {_name(run)}", 55), loc="left", fontsize=10, color=INK)

    def row(self, number: int) -> Iterator[tuple[Run, Axes]]:
        """The panels of a row, with their runs."""
        return zip(self._runs, self._panels[number], strict=True)

    def vaults(self) -> Iterator[tuple[Run, int, Axes]]:
        """The panels of all vaults, a row a vault; a run that lacks one has an empty place there."""
        return self._rows(lambda run: run.symbols)

    def collaterals(self) -> Iterator[tuple[Run, int, Axes]]:
        """The panels of all collaterals, in the same way."""
        return self._rows(lambda run: run.collateral_symbols)

    def _rows(self, names: Callable[[Run], list[str]]) -> Iterator[tuple[Run, int, Axes]]:
        for number, row in enumerate(self._panels):
            lacking = [number >= len(names(run)) for run in self._runs]
            for run, panel, lacks in zip(self._runs, row, lacking, strict=True):
                if lacks:
                    panel.set_visible(False)
                    continue
                if lacking[0]:  # whose axis the others share
                    panel.tick_params(labelleft=True)
                if len(self._panels) > 1:
                    above = panel.get_title(loc="left")
                    panel.set_title(f"{above}\n{names(run)[number]}".strip(), loc="left", fontsize=10)
                yield run, number, panel

    def empty(self, panel: Axes, text: str) -> None:
        """Says in a panel why there is nothing in it."""
        if len(self._runs) == 1:
            panel.set_yticks([])
        panel.text(
            0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=GREY, fontsize=13
        )

    def done(self, xlabel: str = "") -> Figure:
        """The figure, with its legend; `xlabel` names the horizontal axis of every column."""
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
