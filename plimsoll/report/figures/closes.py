"""Figures of closes: when, how soon, how much, and at what bonus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plimsoll.report.figures.sheet import MANY, Sheet, percent, plain, shade, vaults_of
from plimsoll.report.figures.style import BLUE, COLOURS, GREY, ORANGE, PURPLE, VERMILLION
from plimsoll.report.folder import Run
from plimsoll.scenario.records import RESTORABLE, SHORTFALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATIOS = (1e-2, 1e3)  # repaid over needed; what lies outside is shown at the edge
SMALLEST_CLOSE = 1e-4  # of the largest, in the picture
WAITS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)  # blocks, on the axis
HIGHEST_LTV = 1.5  # what lies beyond is shown at the edge
KINDS = ((RESTORABLE, BLUE, "o"), (SHORTFALL, VERMILLION, "X"))


def liquidations(runs: Sequence[Run]) -> Figure:
    """Every close: when, how large, of which kind."""
    sheet = Sheet(runs, vaults_of(runs))
    for run, vault, panel, rows in _closes(sheet, "debt extinguished, {}"):
        shade(panel, run, vault)
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(plain)
        panel.yaxis.set_minor_formatter("")
        closes = pd.concat([each.of("liquidations", vault) for each in runs])
        floor = float(closes["extinguished"].max()) * SMALLEST_CLOSE
        _mark(panel, rows, rows["hour"], rows["extinguished"].astype(float).clip(lower=floor), "{} close")
    return sheet.done_in_time()


def _closes(sheet: Sheet, ylabel: str) -> Iterator[tuple[Run, int, Axes, pd.DataFrame]]:
    """The panels of vaults with closes, and these; `ylabel` has a place for the loan asset's name."""
    for run, vault, panel in sheet.vaults():
        rows = run.of("liquidations", vault)
        panel.set_ylabel(ylabel.format(run.loan))
        if rows.empty:
            sheet.empty(panel, "No liquidations")
        else:
            yield run, vault, panel, rows


def _mark(panel: Axes, rows: pd.DataFrame, across: pd.Series[Any], up: pd.Series[Any], label: str) -> None:
    """A mark for each close, by kind; `label` has a place for that. Of many closes they are a bitmap."""
    for kind, colour, marker in KINDS:
        ours = rows["kind"] == kind
        panel.scatter(
            across[ours], up[ours], c=colour, marker=marker, alpha=0.6, linewidths=0,
            label=label.format(kind), s=26 if len(rows) < MANY / 2 else 8, rasterized=len(rows) > MANY,
        )  # fmt: skip


def liquidated(runs: Sequence[Run]) -> Figure:
    """Debt that closes have ended so far, by kind."""
    sheet = Sheet(runs, vaults_of(runs))
    for run, vault, panel, rows in _closes(sheet, "debt ended so far, {}"):
        shade(panel, run, vault)
        by_kind = rows.pivot_table("extinguished", "hour", "kind", "sum", fill_value=0).cumsum()
        hours = np.array([0, *by_kind.index, run.scenario.duration], float)
        floor = np.zeros(len(hours))
        for kind, colour, _ in KINDS:
            if kind in by_kind:
                values = by_kind[kind].to_numpy(float)
                top = floor + np.array([0, *values, values[-1]])
                panel.fill_between(
                    hours, floor, top, step="post", color=colour, alpha=0.75, linewidth=0,
                    label=f"{kind} closes",
                )  # fmt: skip
                floor = top
        most = max(each.of("liquidations", vault)["extinguished"].sum() for each in runs)
        panel.set_ylim(0, most * 1.05)
    return sheet.done_in_time()


def waiting(runs: Sequence[Run]) -> Figure:
    """Part of the liquidated debt that was closed within so many blocks."""
    sheet = Sheet(runs, 1)
    waits = pd.concat([run.tables["liquidations"]["blocks_waited"] for run in runs])
    longest = max([1, *waits])
    marks = [wait for wait in WAITS if wait <= longest]
    for run, panel in sheet.row(0):
        panel.set_xscale("symlog", linthresh=1, linscale=0.5)
        panel.minorticks_off()
        panel.set_xticks(marks, [f"{wait:,}" for wait in marks])
        panel.set_xlim(-0.15, longest * 1.15)
        panel.set_ylim(0, 1.05)
        panel.yaxis.set_major_formatter(percent)
        panel.set_ylabel("part of the liquidated debt")
        panel.set_xlabel(f"closed within so many blocks of {run.scenario.block_seconds:,} s")
        if run.tables["liquidations"].empty:
            sheet.empty(panel, "No liquidations")
        for vault, symbol in enumerate(run.symbols):
            rows = run.of("liquidations", vault)
            if rows.empty:
                continue
            debt = rows.groupby("blocks_waited")["extinguished"].sum().cumsum()
            panel.step(
                [0, *debt.index, longest * 1.15], [0, *debt / debt.iloc[-1], 1], where="post",
                color=COLOURS[vault], linewidth=1.8, label=symbol if vaults_of(runs) > 1 else "",
            )  # fmt: skip
    return sheet.done()


def over_liquidation(runs: Sequence[Run]) -> Figure:
    """Debt repaid by how many times the least needed it was."""
    sheet = Sheet(runs, vaults_of(runs))
    edges = np.geomspace(*RATIOS, 51)
    for run, vault, panel in sheet.vaults():
        rows = run.of("liquidations", vault)
        rows = rows[(rows["kind"] == RESTORABLE) & (rows["repaid"] > 0)]
        panel.set_xscale("log")
        panel.minorticks_off()  # a third of the time that the picture takes
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
            bars = np.histogram(ratios[part], edges, weights=rows.loc[part, "repaid"])[0]
            panel.stairs(bars, edges, fill=True, color=colour, label=name)
        panel.axvline(1, color=VERMILLION, linewidth=1.5, linestyle="--", label="1: ends at health 1")
    return sheet.done("debt repaid in a close over the least needed")


def frontier(runs: Sequence[Run]) -> Figure:
    """Collateral taken for a unit of debt against loan-to-value, and where a close lowers health.

    A close of debt x for collateral worth (1 + b)*x lowers the health of a position with debt D and
    collateral worth V iff 1 + b > V/D. Beside our closes two rules with a fixed bonus, at the same moments.
    The same holds of a basket whatever its legs' thresholds are, for closes that take a slice: of those that
    leave legs out the mark says nothing.
    """
    sheet = Sheet(runs, vaults_of(runs), height=3.6)
    spokes = [(run, number) for run in runs for number in range(len(run.scenario.vaults))]
    known = {(id(run), number): _with_ltv(run, number) for run, number in spokes}
    highest = max([1.04, *(ltv for rows in known.values() for ltv in rows["ltv"])])
    left = 0.96 * min(_threshold(run, number) for run, number in spokes)
    right = 1.01 * min(HIGHEST_LTV, highest)
    for run, vault, panel in sheet.vaults():
        risk, rows = run.scenario.vaults[vault], known[id(run), vault]
        ltv = rows["ltv"]
        threshold, top = _threshold(run, vault), 1.6 * float(risk.bonus_max)
        along = np.linspace(left, right, 200)
        edge = 1 / along - 1
        panel.fill_between(
            along, edge, top, color=VERMILLION, alpha=0.14, linewidth=0, label="a close here lowers health"
        )
        panel.plot(along, edge, color=VERMILLION, linewidth=1.5)
        for bonus, colour, name in (
            (float(risk.bonus_max), ORANGE, "fixed at the largest here"),
            (morpho_bonus(threshold), PURPLE, "fixed as at Morpho Blue"),
        ):
            toxic = int((ltv > 1 / (1 + bonus)).sum())
            said = f": {toxic:,} of {len(rows):,} closes" if len(runs) == 1 and vaults_of(runs) == 1 else ""
            panel.axhline(bonus, color=colour, linewidth=1.5, linestyle="--", label=f"{name}{said}")
        taken = rows["worth"].astype(float) / rows["extinguished"].astype(float) - 1
        across, up = ltv.clip(upper=HIGHEST_LTV), taken.clip(lower=1 / HIGHEST_LTV - 1)
        _mark(panel, rows, across, up, "{} close, ours")
        if rows.empty:
            sheet.empty(panel, "No liquidations")
        panel.set_xlim(left, right)
        panel.set_ylim(1 / right - 1, top)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(percent)
        panel.set_ylabel("collateral taken over debt ended, less 1")
    return sheet.done("debt over the collateral's value at the oracle's price, before the close")


def _threshold(run: Run, vault: int) -> float:
    """Of a vault; of a basket the lowest of its legs."""
    config = run.scenario.vaults[vault]
    return min(float(config.risk_of(leg).threshold) for leg in range(len(config.collaterals)))


def _with_ltv(run: Run, vault: int) -> pd.DataFrame:
    """The closes of a vault or basket that took something of each leg, with the loan-to-value before."""
    rows = run.of("liquidations", vault)
    if len(run.scenario.vaults[vault].collaterals) == 1:
        rows = rows.assign(value=rows["collateral_before"].astype(float) * rows["price"])
    else:
        rows = _of_slices(rows, run.of("seizures", vault))
    rows = rows[(rows["extinguished"] > 0) & (rows["value"] > 0)]
    return rows.assign(ltv=rows["debt_before"].astype(float) / rows["value"])


def _of_slices(rows: pd.DataFrame, seizures: pd.DataFrame) -> pd.DataFrame:
    """The closes of a basket that left out no leg, with what was locked before.

    One owner's closes in one block stand in the same order in both tables.
    """
    close = ["block", "owner", "turn"]
    legs = seizures.assign(
        turn=seizures.groupby(["block", "owner", "leg"]).cumcount(),
        value=seizures["before"].astype(float) * seizures["price"].astype(float),
        taken=(seizures["seized"] > 0) | (seizures["before"] == 0),
    )
    of_close = legs.groupby(close).agg(
        value=("value", lambda it: it.sum(skipna=False)), whole=("taken", "all")
    )
    rows = rows.assign(turn=rows.groupby(["block", "owner"]).cumcount()).join(of_close, on=close)
    return rows[rows["whole"].fillna(False).astype(bool)]


def morpho_bonus(threshold: float) -> float:
    """Morpho Blue's bonus, which depends on the threshold alone: `min(1.15, 1/(0.3*LLTV + 0.7)) - 1`."""
    return min(1.15, 1 / (0.3 * threshold + 0.7)) - 1
