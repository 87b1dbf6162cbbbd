"""Reports as HTML pages that need no network."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plimsoll.report.columns import PURPOSES, TABLES
from plimsoll.report.figures import CHARTS
from plimsoll.report.folder import Run
from plimsoll.report.measures import MEASURES
from plimsoll.report.summary import lines
from plimsoll.scenario.records import RESTORABLE, SHORTFALL


def of_run(run: Run, heads: Mapping[str, Sequence[Sequence[str]]], scenario: str) -> str:
    """The page of a run.

    Args:
        run: whose pictures are in its folder.
        heads: the first rows of each table, formatted.
        scenario: the text of its scenario file.
    """
    return _render(
        "page.html.j2",
        run=run,
        summary=run.summary,
        story=_story(run),
        lines=lines(run.summary),
        measures=MEASURES,
        charts=CHARTS,
        pictures=_pictures(run.folder),
        tables=TABLES,
        purposes=PURPOSES,
        heads=heads,
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
    return _render(
        "comparison.html.j2",
        runs=runs,
        rows=rows,
        settings=settings,
        charts=CHARTS,
        pictures=_pictures(folder),
        measures=MEASURES,
    )


def _render(template: str, **known: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return str(environment.get_template(template).render(**known))


def _pictures(folder: Path) -> dict[str, str]:
    return {name: b64encode((folder / f"{name}.png").read_bytes()).decode() for name in CHARTS}


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
