"""The results of a tournament in words and as tables of the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plimsoll.report.arena import JUDGED, Results, measure_of
from plimsoll.report.sweep import TAIL

if TYPE_CHECKING:
    from rich.table import Table

WORSE = {
    "lender_loss_mean": "Lenders lose more",
    "lender_loss_es_99": "In the worst hundredth of the paths lenders lose more",
    "borrower_cost_mean": "Borrowers pay more",
    "under_water_mean": "Debt is under water for longer",
}
BRIEF = {
    "lender_loss_mean": "lenders\nlose",
    "lender_loss_median": "\nmedian",
    "lender_loss_es_99": "\nES 99",
    "borrower_cost_mean": "borrowers\npay",
    "over_liquidation_mean": "times\nthe\nneed",
    "under_water_mean": "hours\nunder\nwater",
}
"""The columns of a table in the terminal, and their heads."""


def shown_as(unit: str) -> Callable[[float], str]:
    """How a figure of a unit is written."""
    match unit:
        case "part":
            return lambda value: f"{100 * value:z.2f}\u00a0%"
        case "times":
            return lambda value: f"{value:.2f}"
        case "hours":
            return lambda value: f"{value:z,.2f}"
        case _:
            return lambda value: f"{value:z,.0f}"


def cell(row: Mapping[str, Any], figure: str) -> tuple[str, str]:
    """A figure, and its interval if it is one of `JUDGED` and has one."""
    measure, _ = measure_of(figure)
    show, value = shown_as(measure.unit), row["figures"][figure]
    interval = row["intervals"].get(figure) if figure in JUDGED else None
    if value is None:
        return "none", ""
    return show(value), f"{show(interval[0])} to {show(interval[1])}" if interval else ""


def verdict(results: Results) -> list[str]:
    """What was found, in sentences, also where the baseline is worse."""
    summary, rules = results.summary, results.rules
    said = []
    if common := summary["common"]:
        where = (
            f"Over the {len(common)} scenarios that all" if len(common) > 1 else f"In {common[0]}, which all"
        )
        said += [
            f"{where} {len(rules)} rules play, {_placed(results, 'lender_loss_mean', 'lenders lose')}"
            if len(rules) > 1
            else f"Lenders lose {_said(summary['overall'][0], 'lender_loss_mean')} of what was borrowed.",
        ]
        if len(rules) > 1:
            placed = _placed(results, "borrower_cost_mean", "borrowers pay")
            said.append(f"{placed[:1].upper()}{placed[1:]}")
    for figure in JUDGED:
        said += _worse(results, figure)
    said += [_varied(results)] if len(summary["variations"]) > 1 and common else []
    return said


def _said(row: Mapping[str, Any], figure: str) -> str:
    value, interval = cell(row, figure)
    return f"{value} ({interval})" if interval else value


def _placed(results: Results, figure: str, words: str) -> str:
    """Who is best over all, who is not told apart from that, and how the baseline does."""
    ordered = sorted(results.summary["overall"], key=lambda row: row["figures"][figure])
    best, ours = ordered[0], results.baseline
    least = results.summary["least"][figure.removesuffix("_mean")]
    alike = [row["rule"] for row in ordered if row["rule"] in least and row is not best]
    place = [row["rule"] for row in ordered].index(ours)
    said = f"{words} least under {best['rule']}: {_said(best, figure)} of what was borrowed"
    if alike:
        said += f", not told apart from {', '.join(alike)}"
    if place == 0 and not alike:
        return f"{said}; next is {ordered[1]['rule']} with {_said(ordered[1], figure)}."
    if ours in (best["rule"], *alike):
        return f"{said}."
    return f"{said}; {ours} is number {place + 1} of {len(ordered)} with {_said(ordered[place], figure)}."


def _worse(results: Results, figure: str) -> list[str]:
    """Where other rules are better than the baseline by a figure, with the best of them."""
    ours, found, played = results.baseline, [], 0
    for scenario in results.scenarios:
        rows = {row["rule"]: row for row in results.of(scenario["name"])}
        better = [rule for rule in rows if scenario["name"] in results.against(rule, figure)["worse"]]
        played += ours in rows and len(rows) > 1
        if better:
            best = min(better, key=lambda rule: rows[rule]["figures"][figure])
            one, other = cell(rows[ours], figure)[0], cell(rows[best], figure)[0]
            found.append(f"{scenario['name']} ({one}; {best} {other})")
    if not played:
        return []
    begin = f"{WORSE[figure]} under {ours} than under another rule"
    if not found:
        return [f"{begin} in none of {played} scenarios."]
    return [f"{begin} in {len(found)} of {played} scenarios: {', '.join(found)}."]


def _varied(results: Results) -> str:
    """What each variation does to the baseline's lenders, and who does best under it."""
    said = []
    for variation in results.summary["variations"]:
        losses = {
            row["rule"]: row["varied"][variation]["lender_loss_mean"] for row in results.summary["overall"]
        }
        ours, best, show = losses[results.baseline], min(losses, key=losses.__getitem__), shown_as("part")
        least = "" if losses[best] == ours else f" ({best} {show(losses[best])})"
        said.append(f"{variation} {show(ours)}{least}")
    return (
        f"What lenders lose under {results.baseline}, and under the best rule, when one thing is different: "
        f"{'; '.join(said)}."
    )


def is_few(results: Results) -> bool:
    """Whether the tail rests on too few paths for its intervals to be trusted."""
    return 1 < int(results.summary["paths"]) < 100 * TAIL


def tables(results: Results) -> list[Table]:
    """One for each scenario, one over all, and what could not be played."""
    from rich.table import Table

    summary = results.summary
    found = []
    for scenario in results.scenarios:
        rows = results.of(scenario["name"])
        if rows:
            paths = f"{rows[0]['paths']:,} paths" if rows[0]["paths"] > 1 else "one path"
            found.append(_table(f"{scenario['name']}, {paths}, of what was borrowed", rows))
    if len(summary["common"]) > 1:
        title = f"over the {len(summary['common'])} scenarios that all rules play"
        found.append(_table(title, summary["overall"]))
    if is_few(results):
        found[-1].caption = "ES 99 rests on the worst hundredth of the paths, too few to trust its intervals"
    if summary["unplayable"]:
        table = Table("scenario", "rule", "because", title="not played")
        for each in summary["unplayable"]:
            table.add_row(each["scenario"], each["rule"], each["because"])
        found.append(table)
    return found


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("rule", no_wrap=True)
    for words in BRIEF.values():
        table.add_column(words, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row["rule"], *(cell(row, figure)[0] for figure in BRIEF))
    return table
