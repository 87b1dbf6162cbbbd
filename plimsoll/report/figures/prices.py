"""Figures of prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plimsoll.report.figures.sheet import Sheet, shade, symbol_of
from plimsoll.report.figures.style import BLUE, INK, ORANGE, PALE
from plimsoll.report.folder import Run

if TYPE_CHECKING:
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
