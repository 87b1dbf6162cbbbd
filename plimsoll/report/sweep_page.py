"""The report of a sweep: pictures as SVG and PDF, tables, and one page that holds everything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from plimsoll.report import sweep_figures as figures
from plimsoll.report.figures.writing import picture
from plimsoll.report.folder import PAGE
from plimsoll.report.measures import MEASURES
from plimsoll.report.page import render
from plimsoll.report.summary import versions
from plimsoll.report.sweep import POINTS, ROWS, SHOWN, SUMMARY, TAIL, Study, cell, compact, each_of, step_of
from plimsoll.report.sweep_compare import difference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = ("bad_debt_es_99", "bad_debt_mean", "liquidated_debt_mean", "borrowers_cost_mean")
"""What is drawn over the axes, besides measures of one's own."""
LOSERS = {
    "written_off_mean": "written off in all",
    "lenders_loss_mean": "of it lenders",
    "uncovered_debt_mean": "uncovered at the end",
    "borrowers_cost_mean": "borrowers, by restorable closes",
    "liquidators_profit_mean": "liquidators gain",
}
"""Who loses, a path on average."""


@dataclass(frozen=True)
class Picture:
    """A figure of a sweep's page."""

    name: str
    title: str
    caption: str
    figure: Figure


def write(study: Study, folder: Path, command: str = "") -> None:
    """Writes summary, points, pictures and page of a sweep, beside its rows."""
    text = json.dumps(study.summary | {"command": command}, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
    study.points.to_csv(folder / POINTS, index=False)
    drawn = pictures(study)
    for each in drawn:
        for kind in ("svg", "pdf"):
            figures.save(each.figure, folder / f"{each.name}.{kind}")
    (folder / PAGE).write_text(_page(study, drawn, folder, command), encoding="utf-8")


def pictures(study: Study) -> list[Picture]:
    """What is drawn of a sweep: heat maps of two axes and more, curves along one, how likely losses are."""
    names = [*DRAWN, *(f"{name}_mean" for name in study.summary["measures"] if name not in MEASURES)]
    found = []
    for name in filter(partial(_is_known, study), names if study.axes else ()):
        if len(study.axes) == 1:
            kind, figure = "curve", figures.curve(study, [name])
            caption = "The band around a line is its interval of 95 %."
        else:
            kind, figure = "heat", figures.heat(study, name)
            caption = "Below each figure stands its interval of 95 %."
        found.append(Picture(f"{kind}-{name}", figures.title_of(name), caption, figure))
    if study.summary["paths"] > 1 and _is_known(study, "bad_debt_max"):
        caption = "How likely so much bad debt or more is; both axes end with the worst path that was played."
        found.append(Picture("risk", "How likely bad debt is", caption, figures.likelihood(study)))
    return found


def _is_known(study: Study, name: str) -> bool:
    """Whether a grid point has the figure, and not all have 0."""
    return any(point["figures"].get(name) for point in study.summary["points"])


def _page(study: Study, drawn: Sequence[Picture], folder: Path, command: str) -> str:
    summary = study.summary
    return render(
        "sweep.html.j2",
        study=study,
        summary=summary,
        each=each_of(summary),
        verdict=verdict(study),
        pictures=[
            (it, Markup(picture((folder / f"{it.name}.svg").read_text(encoding="utf-8"), it.title)))
            for it in drawn
        ],
        axes=list(study.short.values()),
        shown=SHOWN,
        losers={name: title for name, title in LOSERS.items() if _is_known(study, name)},
        cell=cell,
        step=step_of,
        worst=sorted(summary["points"], key=lambda point: -point["figures"]["bad_debt_es_99"]),
        measures=MEASURES,
        few=summary["paths"] > 1 and summary["of"] < 100 * TAIL,
        rows=ROWS,
        points_csv=POINTS,
        command=command,
        versions=versions(),
    )


def verdict(study: Study) -> list[str]:
    """What was found, in sentences."""
    points, loan = study.summary["points"], study.loan
    name = "bad_debt_es_99" if study.summary["paths"] > 1 else "bad_debt_mean"
    called = "ES 99 of bad debt" if study.summary["paths"] > 1 else "bad debt"
    ordered = sorted(points, key=lambda point: point["figures"][name])
    best, worst = ordered[0], ordered[-1]

    def said(point: Mapping[str, Any]) -> str:
        value, interval = cell(point, name)
        return f"{value} {loan}" + (f" ({interval})" if interval else "")

    if len(points) == 1:
        found = [f"The {called} is {said(best)}."]
    elif best["figures"][name] == worst["figures"][name]:
        found = [f"The {called} is the same at all {len(points)} grid points: {said(best)}."]
    else:
        found = [
            f"The {called} is highest at {study.label(worst)}: {said(worst)}.",
            f"It is lowest at {study.label(best)}: {said(best)}.",
        ]
        found += _told_apart(study, best["number"], worst["number"], name)
    if study.summary["paths"] > 1:
        least, most = (
            extreme(point["figures"]["bad_debt_none"] for point in points) for extreme in (min, max)
        )
        parts = f"{100 * most:.1f} %" if least == most else f"{100 * least:.1f} to {100 * most:.1f} %"
        found.append(f"{parts} of the paths are without bad debt.")
    return found


def _told_apart(study: Study, best: int, worst: int, name: str) -> list[str]:
    """Whether the paths tell two grid points apart."""
    if study.sample(best).paths != study.sample(worst).paths:
        return []  # the deepest falls of other prices
    found = difference(study, best, study, worst)[name]
    if found.value is None or found.low is None or found.high is None:
        return []
    value, low, high = compact(found.value), compact(found.low), compact(found.high)
    between = f"the difference, path by path, is {value} ({low} to {high})"
    if found.low > 0:
        return [f"The paths tell them apart: {between}."]
    return [f"These paths do not tell them apart: {between}."]
