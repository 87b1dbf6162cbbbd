"""The figures of a run, or of several side by side: a column a run, on the same axes.

Each function takes runs and returns a figure that says one thing. Vaults have a panel or a colour each, and
in the picture of prices so have the legs of a basket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.report.figures import closes, flows, money, people, prices, sheet, writing
from plimsoll.report.figures.style import STYLE
from plimsoll.report.folder import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with its title, how it is read, what draws it, and the tables that it is drawn from."""

    title: str
    caption: str
    draw: Callable[[Sequence[Run]], Figure]
    tables: tuple[str, ...]


CHARTS = {
    "prices": Chart(
        "Prices",
        "Without feedback the outside price follows its path. With it, sales of collateral on the DEX lower "
        "it for good.",
        prices.prices,
        ("vaults", "legs"),
    ),
    "health": Chart(
        "Health factors",
        "Positions with debt, at the oracle's price and at the end of each recorded block. Gaps: the oracle "
        "refuses, or there is no debt. In a basket a leg whose oracle refuses counts at its ceiling.",
        people.health,
        ("vaults",),
    ),
    "debt-by-price": Chart(
        "Debt at risk, before and after",
        "Debt to the right of the price can be liquidated. Liquidations move what is left of it to the left. "
        "Of a basket, which has no price of its own, by health factor: debt left of 1 can be liquidated.",
        people.debt_by_price,
        ("positions", "vaults"),
    ),
    "debt-over-time": Chart(
        "Debt by liquidation price, over time",
        "Where the price runs into debt, liquidations take it away or move it down; what stays above the "
        "price waits. At 100 to 200 moments; a bar is 2.5 % of the price. Of a basket by health factor: what "
        "stands below 1 waits.",
        people.debt_over_time,
        ("ladder", "vaults"),
    ),
    "liquidations": Chart(
        "Liquidations",
        "One mark for each close: when, and the debt that ceased to exist. Less than a ten-thousandth of the "
        "largest stands at that.",
        closes.liquidations,
        ("liquidations",),
    ),
    "liquidated": Chart(
        "Debt liquidated so far",
        "Debt that ceased to exist in closes: of positions that could pay debt and bonus, and of others.",
        closes.liquidated,
        ("liquidations",),
    ),
    "waiting": Chart(
        "How soon positions were liquidated",
        "The distribution of the blocks between the oracle's price that made a position liquidatable and its "
        "close, by debt. Positions that were never closed are left out.",
        closes.waiting,
        ("liquidations",),
    ),
    "frontier": Chart(
        "Where a liquidation makes things worse",
        "One mark for each close. Above the line a close takes more collateral for a unit of debt than the "
        "position holds for one, and health falls; shortfall closes stand on the line. A fixed bonus crosses "
        "it: right of the crossing a close of a part under such a rule lowers health, and the legend counts "
        "how many of ours happened there. What lies beyond 150 % stands at that. Of a basket closes "
        "that leave out no leg.",
        closes.frontier,
        ("liquidations", "seizures"),
    ),
    "over-liquidation": Chart(
        "Debt repaid against the least needed",
        "Restorable closes. Needed is what would have brought health to 1; a close goes on to the target "
        "health, so just below health 1 the ratio is large.",
        closes.over_liquidation,
        ("liquidations",),
    ),
    "profits": Chart(
        "Profit of liquidators",
        "What each has above its capital at the start; collateral that it has not sold yet counts at the "
        "outside price.",
        money.profits,
        ("agents",),
    ),
    "flows": Chart(
        "Who paid whom",
        "What each gave, on the left, to whom, on the right, in the whole run: what one gains and another "
        "loses. A liquidator's bonus is there again as what its sales left on the DEX. Less than a "
        "five-hundredth of all is left out.",
        flows.flows,
        ("flows",),
    ),
    "rates": Chart(
        "Utilisation and borrow rate", "At the end of each recorded block.", money.rates, ("pool",)
    ),
    "drawdown": Chart(
        "Bad debt against the fall of the price",
        "The way that the run takes: to the right while the price falls, up while losses are booked or debt "
        "exceeds the worth of its collateral, and back as the price recovers.",
        prices.drawdown,
        ("losses", "ladder", "vaults"),
    ),
    "waterfall": Chart(
        "Who carried the losses",
        "Debt extinguished and not paid is carried by the reserve, then the backstop, then lenders.",
        money.waterfall,
        ("losses",),
    ),
    "reserves": Chart(
        "Reserve, backstop and lenders' shares",
        "The reserve grows by fees and interest and shrinks by losses.",
        money.reserves,
        ("pool",),
    ),
}
"""The figures by name, which is that of their files."""

SVG = "svg"  # what a page shows


def draw(name: str, runs: Sequence[Run]) -> Figure:
    """A figure of `CHARTS`, with its title: one run's, or several side by side on the same axes."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        figure = CHARTS[name].draw(runs)
        sheet.head(figure, CHARTS[name].title, runs)
    return figure


def save(name: str, runs: Sequence[Run], folder: Path, formats: Sequence[str]) -> None:
    """Draws a figure once and writes it to a folder, as `SVG`, `png` or `pdf`."""
    from matplotlib import rc_context

    figure = draw(name, runs)
    with rc_context(STYLE):
        for kind in formats:
            writing.write(figure, folder / f"{name}.{kind}")
