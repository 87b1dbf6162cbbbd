"""A run in words: a verdict, what happened, and the six figures that matter most."""

from __future__ import annotations

from datetime import timedelta

from plimsoll.report.folder import Run
from plimsoll.report.measures import BAD_DEBT, LIQUIDATED_DEBT
from plimsoll.scenario.records import RESTORABLE, SHORTFALL
from plimsoll.units import HOUR

MINUTE = 60  # seconds
SOUND = 0.999  # what a lender's dollar is worth at least, or the verdict says so


def verdict(run: Run) -> str:
    """Whether the market held, at whose cost, and why not."""
    measures = run.summary["measures"]
    said = [_cost(run)] if measures[BAD_DEBT] else [_held(run)]
    if measures["uncovered_debt"]:
        said.append(
            f"{measures['uncovered_debt']:,.0f} {run.loan} of debt are not covered at the end, a loss that "
            "nobody has booked."
        )
    if measures["share_in_dollars"] < SOUND:
        share = 100 * measures["share_in_dollars"]
        said.append(f"In dollars, lenders are left with {share:.1f} % of what they had.")
    closes = run.tables["liquidations"]
    late = closes[closes["kind"] == SHORTFALL].sort_values("blocks_waited")
    if len(late):
        debt = late["extinguished"].cumsum()
        waited = int(late["blocks_waited"][debt >= debt.iloc[-1] / 2].iloc[0])
        time = _time(waited * run.summary["block_seconds"])
        said.append(
            f"Half of the debt that fell short had waited {time} or longer for its liquidation."
            if waited
            else "Half of the debt that fell short was closed in the block of the price: it jumped past them."
        )
    said.append(_help(run))
    return " ".join(filter(None, said))


def _help(run: Run) -> str:
    """Which change would have left the least bad debt on this path; empty when none was tried or helped."""
    bad, tried = run.summary["measures"][BAD_DEBT], run.summary["what_helps"]
    best = min(tried, key=lambda each: float(each["measures"][BAD_DEBT]), default=None)
    if best is None or best["measures"][BAD_DEBT] >= bad:
        return ""
    return (
        f"What would have helped most of what was tried: {best['said']}, with bad debt of "
        f"{best['measures'][BAD_DEBT]:,.0f} {run.loan}."
    )


def _held(run: Run) -> str:
    """There is no bad debt."""
    if len(run.tables["liquidations"]):
        return "The market held: all debt that was liquidated was paid."
    if run.tables["vaults"]["liquidatable"].any():
        return "The market held, although nobody was liquidated."
    return "Nothing was put to the test: nobody could be liquidated."


def _cost(run: Run) -> str:
    """Who has carried bad debt; empty when nobody has yet."""
    losses, loan = run.tables["losses"], run.loan
    reserve, backstop, lenders = (losses[who].sum() for who in ("reserve", "backstop", "lenders"))
    before = " and ".join(
        f"the {who}" for who, paid in (("reserve", reserve), ("backstop", backstop)) if paid
    )
    if lenders:
        part = lenders / run.tables["pool"]["total_assets"].iloc[0]
        after = f", after {before} had paid {reserve + backstop:,.0f}" if before else ""
        return f"Lenders lost {lenders:,.0f} {loan}, {100 * part:.2f} % of what they had{after}."
    if not before:
        return ""
    paid = f"{before} paid {reserve + backstop:,.0f} {loan} of debt that borrowers did not"
    if run.summary["measures"]["uncovered_debt"]:
        return f"T{paid[1:]}; lenders have lost nothing yet."
    return f"The market held, at a cost: {paid}, and lenders lost nothing."


def _time(seconds: int) -> str:
    """A span in the largest unit that leaves at least two."""
    for unit, size in (("days", 24 * HOUR), ("hours", HOUR), ("minutes", MINUTE)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds} seconds"


def when(run: Run) -> str:
    """From when to when a run goes."""
    first = run.scenario.start
    last = first + timedelta(hours=run.scenario.duration)
    return f"{first.day} {first:%B %Y, %H:%M} to {last.day} {last:%B %Y, %H:%M} UTC"


def keys(run: Run) -> list[tuple[str, str]]:
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
        ("none" if within is None else f"{100 * within:.0f} %", "of it within one block of the price"),
        (f"{measures['liquidators_profit']:,.0f} {loan}", "profit of liquidators"),
    ]


def _of(amount: float, debt: float) -> str:
    return f", {100 * amount / debt:.1f} % of the debt at the start" if debt and amount else ""


def story(run: Run) -> list[str]:
    """What happened, in a sentence a collateral and two for all."""
    summary, loan = run.summary, run.loan
    closes, measures = summary["closes"], summary["measures"]
    told = []
    for place, symbol in zip(run.collaterals, run.collateral_symbols, strict=True):
        outside = run.quotes(*place)["outside"]
        told.append(
            f"{symbol} went from {outside.iloc[0]:,.6g} {loan} to {outside.min():,.6g} at its lowest and "
            f"{outside.iloc[-1]:,.6g} at the end."
        )
    if closes["all"]:
        told.append(
            f"{summary['borrowers_liquidated']:,} of {summary['borrowers']:,} borrowers were liquidated, in "
            f"{closes['all']:,} closes: {closes[RESTORABLE]:,} restorable, {closes[SHORTFALL]:,} shortfall."
        )
    else:
        told.append("Nobody was liquidated.")
    losses = run.tables["losses"]
    if losses.empty:
        told.append("No debt was written off.")
    else:
        parts = {who: losses[who].sum() for who in ("reserve", "backstop", "lenders")}
        told.append(
            f"Of {measures['written_off']:,.0f} {loan} written off the reserve carried "
            f"{parts['reserve']:,.0f}, the backstop {parts['backstop']:,.0f} and "
            f"lenders {parts['lenders']:,.0f}."
        )
    if measures["uncovered_debt"] > 0:
        told.append(
            f"At the end {measures['uncovered_debt']:,.0f} {loan} of debt were not covered by collateral."
        )
    return told
