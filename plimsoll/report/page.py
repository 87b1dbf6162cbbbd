"""The report as one HTML page that needs no network."""

from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plimsoll.report.columns import TABLES
from plimsoll.report.summary import lines
from plimsoll.scenario.records import END, RESTORABLE, SHORTFALL, START, Result

PURPOSES = {
    "steps": "one row for each step of the price",
    "liquidations": "one row for each close of a position",
    "positions": "one row for each borrower at the start, and one at the end",
}


def render(result: Result, summary: dict[str, Any], picture: Path, source: str, command: str) -> str:
    """The page.

    Args:
        result: the run.
        summary: its figures, see `summarise`.
        picture: a PNG file, which becomes part of the page.
        source: the scenario file's text.
        command: what repeats the run.
    """
    scenario = result.scenario
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    tables = {
        name: [
            SimpleNamespace(**{column.name: column.value(row, scenario) for column in TABLES[name]})
            for row in rows
        ]
        for name, rows in result.rows().items()
    }
    starts = [row for row in tables["positions"] if row.moment == START]
    ends = {row.owner: row for row in tables["positions"] if row.moment == END}
    return environment.get_template("page.html.j2").render(
        scenario=scenario,
        loan=scenario.market.loan.symbol,
        collateral=scenario.market.collateral.symbol,
        story=_story(result, summary),
        notes=_notes(result),
        words=_words(result),
        lines=lines(summary),
        promises=result.checks,
        closes=tables["liquidations"],
        positions=[(row, ends[row.owner]) for row in starts],
        tables=TABLES,
        purposes=PURPOSES,
        counts={name: len(rows) for name, rows in tables.items()},
        versions=result.versions,
        picture=b64encode(picture.read_bytes()).decode(),
        source=source,
        command=command,
    )


def _story(result: Result, summary: dict[str, Any]) -> list[str]:
    """What happened, in three sentences or so."""
    market, closes, losses = result.scenario.market, summary["closes"], summary["losses"]
    prices, loan = summary["price"], market.loan.symbol
    story = [
        f"The price of {market.collateral.symbol} went from {prices['first']:,.2f} US dollars to "
        f"{prices['lowest']:,.2f} at its lowest and {prices['last']:,.2f} at the end. "
        f"{closes['positions_touched']} of {closes['positions']} positions were liquidated, in "
        f"{closes['all']} closes: {closes[RESTORABLE]} restorable ones, none of which lost anything, and "
        f"{closes[SHORTFALL]} in shortfall. No close lowered a position's health."
    ]
    for outage in result.scenario.liquidator.outages:
        story.append(
            f"From hour {outage.start} to hour {outage.end} the scenario lets no liquidation through: "
            f"{outage.reason}. Positions that sank meanwhile had to wait."
        )
    if losses["all"] > 0:
        share = losses["lenders"] / summary["pool"][START]["lenders_assets"]
        story.append(
            f"Of {losses['all']:,.0f} {loan} of losses the reserve carried {losses['reserves']:,.0f} and "
            f"lenders {losses['lenders']:,.0f}, which is {share:.2%} of their assets. Each was booked in "
            "the transaction that found it."
        )
    else:
        story.append("There was no loss to carry.")
    return story


def _notes(result: Result) -> list[str]:
    """What the run leaves out, or sets by decree."""
    scenario = result.scenario
    settings, loan = scenario.liquidator, scenario.market.loan.symbol
    notes = [
        "Prices are rounded, by the hour, with straight lines between them; both feeds answer in every step.",
        "Borrowers do not react: nobody repays, tops up or borrows more, and lenders neither come nor go.",
        f"There is one liquidator, with {settings.capital:,} {loan} and no flash loan. It takes a close that "
        f"pays {settings.margin:.1%} or more at the oracle's price. What it seizes it sells a step later, at "
        "the price of that step, however much it is: its capital also gains or loses by the price.",
        "Gas costs nothing, and a transaction that is sent gets into the next block, 12 seconds later.",
        "Nobody has staked in the backstop, so what the reserve cannot carry falls on lenders.",
        "Positions without debt have no health and drop out of its distribution.",
    ]
    if settings.outages:
        notes.append(
            "When liquidations get through is set by the scenario; nothing in the contracts can stop them."
        )
    if scenario.market.reserve:
        notes.append(
            f"The pool started with a reserve of {scenario.market.reserve:,} {loan}, given by the scenario."
        )
    return notes


def _words(result: Result) -> list[tuple[str, str]]:
    risk = result.scenario.market.risk
    return [
        ("health factor", f"collateral value times the liquidation threshold ({risk.threshold}), over debt"),
        ("liquidatable", "health factor below 1"),
        (
            "restorable",
            f"collateral covers the debt and the minimum bonus of {risk.bonus_min:.0%}; a close loses "
            f"nothing and brings health to {risk.target_health}, or all the way when little debt would stay",
        ),
        (
            "shortfall",
            "collateral does not cover that; a close takes the same part of collateral and debt, and what "
            "it does not pay of the debt is a loss, booked at once",
        ),
        ("extinguished", "debt that ceases to exist in a close: what is repaid, and in a shortfall the loss"),
        (
            "fee",
            f"part of the bonus ({risk.liquidation_fee:.0%}), paid by the liquidator into the pool's reserve",
        ),
        ("reserve", "cash and debt of the pool less what lenders own; carries losses first"),
        ("backstop", "pool shares that carry losses before other lenders"),
        ("gross profit", "value of what was seized at the oracle's price, less repaid debt and fees"),
    ]
