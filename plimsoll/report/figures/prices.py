"""Figures of prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plimsoll.report.figures.sheet import Sheet, percent, shade, symbol_of, vaults_of
from plimsoll.report.figures.style import BLUE, GREY, INK, ORANGE, PALE, VERMILLION
from plimsoll.report.folder import Run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def prices(runs: Sequence[Run]) -> Figure:
    """Path without feedback, outside price with feedback, oracle, DEX."""
    sheet = Sheet(runs, max(len(run.collaterals) for run in runs))
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
        shade(panel, run, vault, leg)
        panel.margins(y=0.08)
        panel.set_ylabel(f"{run.loan} for 1 {symbol_of(run, vault, leg)}")
    return sheet.done_in_time()


def drawdown(runs: Sequence[Run]) -> Figure:
    """Bad debt against how far the outside price stands below its highest."""
    sheet = Sheet(runs, vaults_of(runs))
    for run, vault, panel in sheet.vaults():
        panel.set_ylabel(f"bad debt, {run.loan}")
        panel.xaxis.set_major_formatter(percent)
        if len(run.scenario.vaults[vault].collaterals) > 1:
            sheet.empty(panel, "Not drawn for a basket, which has no price of its own")
            continue
        below, written_off, bad = _bad_debt(run, vault)
        if not (written_off.any() or bad.any()):
            sheet.empty(panel, "No bad debt")
            continue
        panel.plot(below, written_off, color=GREY, linewidth=1.5, linestyle="--", label="written off so far")
        panel.plot(
            below[bad.index], bad, color=BLUE, linewidth=1.8, marker=".",
            label="with debt beyond the worth of its collateral",
        )  # fmt: skip
        panel.plot(
            below[bad.index[-1:]], bad.iloc[-1:], "o", color=VERMILLION, markersize=8, label="at the end"
        )
    return sheet.done("outside price below its highest so far")


def _bad_debt(run: Run, vault: int) -> tuple[pd.Series[float], pd.Series[float], pd.Series[float]]:
    """By block: how far the outside price is below its highest, what was written off, all bad debt."""
    losses, ladder, quotes = (run.of(name, vault) for name in ("losses", "ladder", "vaults"))
    outside = quotes.set_index("block")["outside"].astype(float)
    lost = losses.groupby("block")["extinguished"].sum().cumsum()
    written_off = lost.reindex(outside.index.union(lost.index)).ffill().fillna(0)[outside.index]
    worth = ladder["collateral"] * ladder["block"].map(outside)
    uncovered = (ladder["debt"] - worth).clip(lower=0).groupby(ladder["block"]).sum()
    return 1 - outside / outside.cummax(), written_off, written_off[uncovered.index] + uncovered
