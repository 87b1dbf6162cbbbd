"""Figures of money: of the pool, of liquidators, and of losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plimsoll.report.figures.sheet import Sheet, percent, vaults_of
from plimsoll.report.figures.style import BLUE, COLOURS, GREEN, GREY, INK, ORANGE, VERMILLION
from plimsoll.report.folder import Run
from plimsoll.units import HOUR

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def profits(runs: Sequence[Run]) -> Figure:
    """What each liquidator has made so far."""
    sheet = Sheet(runs, 1)
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
    return sheet.done_in_time()


def rates(runs: Sequence[Run]) -> Figure:
    """Utilisation of the pool, and what borrowers pay."""
    sheet = Sheet(runs, 2, height=2.4)
    for row, name, colour, label in (
        (0, "utilisation", BLUE, "utilisation"),
        (1, "borrow_rate", VERMILLION, "borrow rate per year"),
    ):
        for run, panel in sheet.row(row):
            pool = run.tables["pool"]
            panel.plot(pool["hour"], pool[name], color=colour, linewidth=1.8)
            highest = max(each.tables["pool"][name].max() for each in runs)
            panel.set_ylim(0, highest * 1.1 or 1)
            panel.yaxis.set_major_formatter(percent)
            panel.set_ylabel(label)
    return sheet.done_in_time()


def waterfall(runs: Sequence[Run]) -> Figure:
    """Debt written off, and who carried it."""
    sheet = Sheet(runs, 1)
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
                label=name if vaults_of(runs) > 1 else "",
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
    sheet = Sheet(runs, 2, height=2.6)
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
    return sheet.done_in_time()
