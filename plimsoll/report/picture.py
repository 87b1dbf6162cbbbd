"""A run in one picture: price, health, liquidated volume and losses on one time axis."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.dates import DateFormatter, HourLocator
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, StrMethodFormatter

from plimsoll.scenario.config import MINUTE
from plimsoll.scenario.records import Result

# Okabe and Ito's colours, which colour-blind people tell apart
INK = "#222222"
GREY = "#8a8a8a"
BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
THOUSAND = 1_000
DPI = 110
TOP_HEALTH = 2.6  # higher quantiles run out of the picture


def draw(result: Result, path: Path) -> None:
    """Draws the four panels of a run into a PNG file."""
    scenario, steps = result.scenario, result.steps
    asset, token = scenario.market.loan.symbol, scenario.market.collateral.symbol
    times = [datetime.fromtimestamp(step.time, UTC) for step in steps]

    def thousands(name: str) -> Any:
        scale = 10**scenario.market.loan.decimals * THOUSAND
        return np.array([getattr(step, name) / scale for step in steps])

    def health(name: str) -> Any:
        return np.array([np.nan if getattr(step, name) is None else getattr(step, name) for step in steps])

    figure = Figure(figsize=(11, 11.5), dpi=DPI, layout="constrained")
    panels = figure.subplots(4, 1, sharex=True, height_ratios=(1, 1.35, 1, 1.15))
    figure.suptitle(
        f"{scenario.title}\n{scenario.borrowers.count} loans in one {asset} market against {token}, "
        f"played on the contracts; seed {scenario.seed}",
        fontsize=13,
        color=INK,
    )
    price, healths, volume, losses = panels

    price.plot(times, [step.price for step in steps], color=INK, linewidth=1.8, label="price")
    lowest = min(steps, key=lambda step: step.price)
    price.annotate(
        f"low {lowest.price:,.0f}",
        (datetime.fromtimestamp(lowest.time, UTC), lowest.price),
        xytext=(10, -3),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=9,
        color=INK,
    )
    price.margins(y=0.1)
    price.set_title(f"Price of {token}", loc="left")
    price.set_ylabel(f"USD per {token}")

    healths.fill_between(
        times,
        health("health_p05"),
        health("health_p95"),
        color=SKY,
        alpha=0.3,
        linewidth=0,
        label="5 to 95 %",
    )
    healths.fill_between(
        times,
        health("health_p25"),
        health("health_p75"),
        color=SKY,
        alpha=0.7,
        linewidth=0,
        label="25 to 75 %",
    )
    healths.plot(times, health("health_p50"), color=BLUE, linewidth=1.8, label="median")
    healths.plot(times, health("health_min"), color=INK, linewidth=1.0, label="lowest")
    healths.axhline(1, color=VERMILLION, linewidth=1.4, linestyle="--", label="1.00: liquidatable\nbelow")
    target = float(scenario.market.risk.target_health)
    healths.axhline(
        target, color=GREEN, linewidth=1.4, linestyle=":", label=f"{target:.2f}: target of\na close"
    )
    lowest_health = float(np.nanmin(health("health_min"))) if np.isfinite(health("health_min")).any() else 0.9
    healths.set_ylim(min(0.9, lowest_health - 0.05), TOP_HEALTH)
    healths.yaxis.set_major_locator(MultipleLocator(0.2))
    healths.set_title(
        "Health factor of open positions, as the price moves and before the liquidator acts", loc="left"
    )
    healths.set_ylabel("health factor")

    width = timedelta(minutes=scenario.step_minutes * 0.9)
    restorable = thousands("repaid_restorable")
    shortfall = thousands("repaid_shortfall")
    volume.bar(times, restorable, width, color=BLUE, label="restorable closes")
    volume.bar(
        times,
        shortfall,
        width,
        bottom=restorable,
        color=VERMILLION,
        label="shortfall closes",
    )
    volume.set_title(
        f"Debt repaid by the liquidator in each step of {scenario.step_minutes} minutes", loc="left"
    )
    volume.set_ylabel(f"thousand {asset}")
    volume.set_ylim(0, max(1.0, 1.08 * float(np.max(restorable + shortfall))))

    carried = [np.cumsum(thousands(f"loss_{who}")) for who in ("reserves", "backstop", "lenders")]
    losses.stackplot(
        times,
        carried,
        colors=(SKY, ORANGE, VERMILLION),
        labels=("loss: reserve", "loss: backstop\n(no stakes)", "loss: lenders"),
        step="post",
        linewidth=0,
    )
    losses.plot(
        times, thousands("reserves"), color=INK, linewidth=1.6, drawstyle="steps-post", label="reserve left"
    )
    losses.set_title("Losses so far, by who carried them, and the reserve that is left", loc="left")
    losses.set_ylabel(f"thousand {asset}")
    highest = max(float(np.max(sum(carried))), float(np.max(thousands("reserves"))))
    losses.set_ylim(0, max(1.0, 1.08 * highest))
    losses.set_xlabel("time, UTC")

    for number, panel in enumerate(panels):
        for outage in scenario.liquidator.outages:
            begin, end = (
                scenario.start + timedelta(minutes=float(h * MINUTE)) for h in (outage.start, outage.end)
            )
            label = None if number else "no liquidation\ngets through"
            panel.axvspan(begin, end, color=GREY, alpha=0.28, linewidth=0, label=label)
        panel.grid(True, color="#dddddd", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,.1f}" if panel is healths else "{x:,.0f}"))
        panel.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), frameon=False, fontsize=9)
    losses.set_xlim(times[0], times[-1])
    hours = max(1, round(float(scenario.hours) / 8))
    every = next(each for each in (1, 2, 3, 4, 6, 12, 24, 48, 96, 240) if each >= hours or each == 240)
    losses.xaxis.set_major_locator(
        HourLocator(byhour=range(0, 24, every)) if every <= 24 else HourLocator(interval=every)
    )
    losses.xaxis.set_major_formatter(DateFormatter("%H:%M\n%d %b"))
    figure.savefig(path, metadata={"Software": ""})
