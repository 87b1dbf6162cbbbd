"""Reports as HTML pages that need no network."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from plimsoll.report.columns import PURPOSES, TABLES
from plimsoll.report.data import WORST
from plimsoll.report.figures import CHARTS, SVG
from plimsoll.report.figures.writing import picture, shades
from plimsoll.report.folder import Run
from plimsoll.report.measures import BAD_DEBT, LIQUIDATED_DEBT, MEASURES
from plimsoll.report.summary import lines, lines_by_vault
from plimsoll.scenario.records import RESTORABLE, SHORTFALL


def of_run(run: Run, heads: Mapping[str, Sequence[Sequence[str]]], scenario: str) -> str:
    """The page of a run.

    Args:
        run: whose pictures are in its folder.
        heads: the worst rows of each table, formatted.
        scenario: the text of its scenario file.
    """
    return render(
        "page.html.j2",
        run=run,
        summary=run.summary,
        when=_when(run),
        story=_story(run),
        keys=_keys(run),
        lines=lines(run.summary),
        by_vault=lines_by_vault(run.summary),
        measures=MEASURES,
        charts=CHARTS,
        pictures=_pictures(run.folder),
        tables=TABLES,
        purposes=PURPOSES,
        heads=heads,
        worst={name: order.said for name, order in WORST.items()},
        linked=True,
        source=scenario,
    )


def of_comparison(
    runs: Sequence[Run],
    rows: Sequence[Sequence[str]],
    settings: Sequence[Sequence[str]],
    folder: Path,
) -> str:
    """The page of two runs side by side.

    Args:
        runs: the two.
        rows: title, each run's figure and the difference of each measure.
        settings: name and each run's value of each setting that differs.
        folder: where the pictures are.
    """
    return render(
        "comparison.html.j2",
        runs=runs,
        rows=rows,
        settings=settings,
        charts=CHARTS,
        pictures=_pictures(folder),
        measures=MEASURES,
        linked=False,
    )


def render(template: str, **known: Any) -> str:
    """A page of a template of this folder."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    light, dark = shades()
    return str(environment.get_template(template).render(light=light, dark=dark, **known))


def _pictures(folder: Path) -> dict[str, Markup]:
    """The figures of a report's folder, in the colours of the page; matplotlib has escaped their text."""
    return {
        name: Markup(picture((folder / f"{name}.{SVG}").read_text(encoding="utf-8"), chart.title))
        for name, chart in CHARTS.items()
    }


def _when(run: Run) -> str:
    """From when to when a run goes."""
    first = run.scenario.start
    last = first + timedelta(hours=run.scenario.duration)
    return f"{first.day} {first:%B %Y, %H:%M} to {last.day} {last:%B %Y, %H:%M} UTC"


def _keys(run: Run) -> list[tuple[str, str]]:
    """The six figures that matter most, and what they are."""
    summary, loan = run.summary, run.loan
    measures = summary["measures"]
    vaults = run.tables["vaults"]
    debt = vaults.loc[vaults["block"] == 0, "debt"].sum()
    within = measures["liquidated_within_1"]
    return [
        (f"{measures[BAD_DEBT]:,.0f} {loan}", f"bad debt{_of(measures[BAD_DEBT], debt)}"),
        (f"{measures['lenders_loss']:,.0f} {loan}", "carried by lenders"),
        (f"{summary['borrowers_liquidated']:,} of {summary['borrowers']:,}", "borrowers liquidated"),
        (
            f"{measures[LIQUIDATED_DEBT]:,.0f} {loan}",
            f"debt liquidated{_of(measures[LIQUIDATED_DEBT], debt)}",
        ),
        ("none" if within is None else f"{within:.0%}", "of it within one block of the price"),
        (f"{measures['liquidators_profit']:,.0f} {loan}", "profit of liquidators"),
    ]


def _of(amount: float, debt: float) -> str:
    return f", {amount / debt:.1%} of the debt at the start" if debt and amount else ""


def _story(run: Run) -> list[str]:
    """What happened, in a sentence a collateral and two for all."""
    summary, loan = run.summary, run.loan
    closes, measures = summary["closes"], summary["measures"]
    story = []
    for place, symbol in zip(run.collaterals, run.collateral_symbols, strict=True):
        outside = run.quotes(*place)["outside"]
        story.append(
            f"{symbol} went from {outside.iloc[0]:,.6g} {loan} to {outside.min():,.6g} at its lowest and "
            f"{outside.iloc[-1]:,.6g} at the end."
        )
    if closes["all"]:
        story.append(
            f"{summary['borrowers_liquidated']:,} of {summary['borrowers']:,} borrowers were liquidated, in "
            f"{closes['all']:,} closes: {closes[RESTORABLE]:,} restorable, {closes[SHORTFALL]:,} shortfall."
        )
    else:
        story.append("Nobody was liquidated.")
    losses = run.tables["losses"]
    if losses.empty:
        story.append("No debt was written off.")
    else:
        parts = {who: losses[who].sum() for who in ("reserve", "backstop", "lenders")}
        story.append(
            f"Of {measures['written_off']:,.0f} {loan} written off the reserve carried "
            f"{parts['reserve']:,.0f}, the backstop {parts['backstop']:,.0f} and "
            f"lenders {parts['lenders']:,.0f}."
        )
    if measures["uncovered_debt"] > 0:
        story.append(
            f"At the end {measures['uncovered_debt']:,.0f} {loan} of debt were not covered by collateral."
        )
    return story
