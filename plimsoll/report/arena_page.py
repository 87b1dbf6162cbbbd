"""The page of a tournament: one file with a verdict, small pictures, and a table for each scenario."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from plimsoll.arena.tournament import PLAYS
from plimsoll.arena.variation import KEEPERS, POPULATION
from plimsoll.report import arena_figures as figures
from plimsoll.report import sweep_figures
from plimsoll.report.arena import ALIKE, FIRST, JUDGED, MEASURES, Results, measure_of
from plimsoll.report.arena_words import cell, is_few, verdict
from plimsoll.report.figures.writing import picture
from plimsoll.report.folder import PAGE, SUMMARY
from plimsoll.report.page import render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = (
    "lender_loss_mean", "lender_loss_median", "lender_loss_es_99", "booked_mean", "hidden_mean",
    "others_mean", "others_gain_mean", "borrower_cost_mean", "borrower_cost_median", "borrower_cost_es_99",
    "over_liquidation_mean", "keepers_mean", "protocol_mean", "venues_mean", "under_water_mean",
    "cascade_mean", "closes_mean",
)  # fmt: skip
"""The columns of a scenario's table."""
SUITING = {
    "lender_loss": "lender_loss_mean",
    "borrower_cost": "borrower_cost_mean",
    "pools": "borrower_cost_mean",
}
"""The columns of the rules that suit a scenario, and the figure that stands in each."""
VARIED = {"lender_loss_mean": "What lenders lose", "borrower_cost_mean": "What borrowers pay"}


def write(results: Results, folder: Path) -> None:
    """Writes summary, pictures and page of a tournament, beside its plays."""
    text = json.dumps(results.summary, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
    drawn = dict(_pictures(results, folder))
    (folder / PAGE).write_text(_page(results, drawn), encoding="utf-8")


def _pictures(results: Results, folder: Path) -> Iterator[tuple[str, Markup]]:
    """Every picture by the name of its file, as the page has it."""
    for scenario in results.scenarios:
        if rows := results.of(scenario["name"]):
            shown = figures.panel(results, rows, scenario["name"])
            yield _saved(shown, folder, f"scenario-{scenario['name']}", scenario["title"])
    if len(results.summary["common"]) > 1:
        title = "Over all scenarios"
        yield _saved(figures.panel(results, results.summary["overall"], title), folder, "overall", title)
    if len(results.summary["variations"]) > 1 and results.summary["common"]:
        for name, title in VARIED.items():
            yield _saved(figures.sensitivity(results, name), folder, f"varied-{name}", title)


def _saved(figure: Figure, folder: Path, name: str, label: str) -> tuple[str, Markup]:
    path = folder / f"{name}.svg"
    sweep_figures.save(figure, path)
    return name, Markup(picture(path.read_text(encoding="utf-8"), label))


def _page(results: Results, drawn: Mapping[str, Markup]) -> str:
    return render(
        "arena.html.j2",
        results=results,
        summary=results.summary,
        verdict=verdict(results),
        drawn=drawn,
        columns=SHOWN,
        column=_column,
        cell=cell,
        judged=JUDGED,
        suiting=SUITING,
        alike=f"{100 * ALIKE['part']:g}\u00a0%",
        suits={name: _suits(results, name) for name in SUITING if name != FIRST[0]},
        others=[rule for rule in results.rules if rule != results.baseline],
        few=is_few(results),
        measures=MEASURES,
        keepers=KEEPERS,
        population=POPULATION,
        varied=VARIED,
        plays=PLAYS,
    )


def _suits(results: Results, name: str) -> dict[str, int]:
    """In how many scenarios each rule is among those that suit it, the most first; those of none left out."""
    return dict(Counter(rule for each in results.summary["suited"] for rule in each[name]).most_common())


def _column(figure: str) -> tuple[str, str]:
    """The head of a column, and what stands below it."""
    measure, kind = measure_of(figure)
    return measure.title, "" if kind == "mean" else kind
