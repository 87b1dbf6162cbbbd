"""Figures of positions: how near liquidation debt stands."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from plimsoll.report.figures.sheet import Sheet, shade, symbol_of, vaults_of
from plimsoll.report.figures.style import BLUE, GREY, INK, PALE, SKY, VERMILLION
from plimsoll.report.folder import Run
from plimsoll.scenario.ladder import STEPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 40
RUNG = exp(1 / STEPS)  # a bar of the ladder, as it was recorded
PIXELS = 600  # of a picture of debt over time
TOP_HEALTH = 4.0  # quantiles above it run out of the picture


def health(runs: Sequence[Run]) -> Figure:
    """Quantiles of the health factor, and the line at 1."""
    sheet = Sheet(runs, vaults_of(runs), height=3.4)
    for run, vault, panel in sheet.vaults():
        rows = run.of("vaults", vault)
        known: dict[str, Any] = {
            name: rows[f"health_{name}"].to_numpy(float) for name in ("min", "p05", "p25", "p50", "p75")
        }
        panel.set_ylabel("health factor")
        if not np.isfinite(known["min"]).any():
            sheet.empty(panel, "No positions with debt")
            continue
        shade(panel, run, vault)
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
    return sheet.done_in_time()


def debt_by_price(runs: Sequence[Run]) -> Figure:
    """Debt by liquidation price, of a basket by health, before and after."""
    sheet = Sheet(runs, vaults_of(runs), sharex="row")
    edges = [_edges(runs, vault) for vault in range(vaults_of(runs))]
    for run, vault, panel in sheet.vaults():
        rows = run.of("positions", vault)
        rows = rows[rows["debt"] > 0]
        if rows.empty:
            sheet.empty(panel, "No debt")
        along = _along(runs, vault)
        rows = rows[rows[along].notna()]
        before, after = (
            np.histogram(part[along], edges[vault], weights=part["debt"])[0]
            for part in (rows[rows["moment"] == "start"], rows[rows["moment"] == "end"])
        )
        panel.stairs(before, edges[vault], fill=True, color=PALE, label="debt before")
        panel.stairs(after, edges[vault], color=BLUE, linewidth=1.8, label="debt after")
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
        panel.set_xlabel(f"liquidation price, {run.loan} for 1 {symbol_of(run, vault)}")
    return sheet.done()


def debt_over_time(runs: Sequence[Run]) -> Figure:
    """Debt by liquidation price at every moment, and the oracle's price that goes through it.

    Of a basket by health, and the line at 1.
    """
    from matplotlib.colors import to_rgb

    sheet = Sheet(runs, vaults_of(runs), height=3.4)
    for run, vault, panel in sheet.vaults():
        by_health = _along(runs, vault) == "health"
        known = pd.concat([_laid_out(each, vault, by_health) for each in runs])
        rows, quotes = _laid_out(run, vault, by_health), run.of("vaults", vault)
        if rows.empty:
            sheet.empty(panel, "No debt")
            continue
        others = [[1.0]] if by_health else [each.of("vaults", vault)["outside"] for each in runs]
        places = np.concatenate([known["place"], *others]).astype(float)
        rung = known["place"].iloc[0]  # all stand a whole number of rungs from it, but for interest
        low = rung / RUNG ** np.ceil(np.log(rung / places.min()) / np.log(RUNG))
        high = places.max() * RUNG
        count = int(np.ceil(np.log(high / low) / np.log(RUNG)))
        moments = np.sort(rows["hour"].unique())
        rungs = np.clip((np.log(rows["place"] / low) / np.log(RUNG)).round().astype(int), 0, count - 1)
        debt = np.zeros((count, len(moments)))
        np.add.at(debt, (rungs, np.searchsorted(moments, rows["hour"])), rows["debt"])
        darkest = known.groupby(["hour", "place"])["debt"].sum().max()
        picture = np.empty((*debt.shape, 4))
        picture[..., :3] = to_rgb(BLUE)
        picture[..., 3] = np.sqrt(np.clip(debt / darkest, 0, 1))
        columns = np.searchsorted(moments, np.linspace(0, run.scenario.duration, PIXELS), "right") - 1
        ends = np.log10([low, low * RUNG**count])
        panel.imshow(
            picture[:, columns], origin="lower", aspect="auto", interpolation="nearest",
            extent=(0, run.scenario.duration, *ends),
        )  # fmt: skip
        panel.fill_between([], [], color=BLUE, label=f"debt; darkest: {darkest:,.0f} {run.loan} a bar")
        if by_health:
            panel.axhline(0, color=VERMILLION, linewidth=1.5, linestyle="--", label="1: liquidatable below")
        else:
            panel.plot(
                quotes["hour"], np.log10(quotes["oracle"].astype(float)), color=VERMILLION, linewidth=1.5,
                label="the oracle's price: debt above can be liquidated",
            )  # fmt: skip
        panel.set_ylim(*ends)
        panel.set_yticks(marks := _marks(low, high), [f"{place:,g}" for place in 10**marks])
        panel.set_ylabel("health factor" if by_health else f"liquidation price, {run.loan}")
    return sheet.done_in_time()


def _laid_out(run: Run, vault: int, by_health: bool) -> pd.DataFrame:
    """The ladder of a vault, with the price or the health at which each rung has its place."""
    rows, quotes = run.of("ladder", vault), run.of("vaults", vault).set_index("block")
    if not by_health:
        return rows.assign(place=rows["price"])
    price = quotes["oracle"].astype(float)
    own = rows["block"].map(price) / rows["price"].astype(float)
    rows = rows.assign(place=rows["health"].astype(float).fillna(own).clip(upper=TOP_HEALTH))
    return rows[rows["place"].notna()]


def _marks(low: float, high: float) -> Any:
    """Round prices on an axis of their logarithms, which are given."""
    if high > 10 * low:
        known = [part * 10.0**power for power in range(-40, 40) for part in (1, 2, 5)]
        return np.log10([price for price in known if low <= price <= high])
    power = 10.0 ** np.floor(np.log10(high - low))
    step = next(each * power for each in (0.2, 0.5, 1, 2) if (high - low) / (each * power) <= 7)
    return np.log10(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step)


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
