"""Differences between grid points, of one sweep or of two, path by path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plimsoll.report.folder import COMPARISON, PAGE, FolderError, claimed, replacing, write_summary
from plimsoll.report.measures import MEASURES
from plimsoll.report.page import render
from plimsoll.report.risk import Estimate, differences
from plimsoll.report.sweep import SHOWN, Study, each_of, measures_of, read
from plimsoll.report.sweep_figures import shown_as, title_of


def difference(a: Study, one: int, b: Study, other: int) -> dict[str, Estimate]:
    """Every figure of a grid point of `b` less that of one of `a`, with intervals of the difference.

    Both have played the same paths, which are resampled together: what prices do to both points cancels.

    Raises:
        FolderError: they have not played the same paths.
    """
    samples = a.sample(one), b.sample(other)
    if samples[0].paths != samples[1].paths or samples[0].of != samples[1].of:
        raise FolderError(
            f"{a!r} and {b!r} have not played the same paths; repeat one with the other's --paths and --of."
        )
    return differences(measures_of(a, one), measures_of(b, other), samples[0])


def pairs(a: Study, b: Study) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The grid points of two sweeps that belong together: of the same settings, or the only ones."""
    points, others = a.summary["points"], b.summary["points"]
    if len(points) == len(others) == 1:
        yield points[0], others[0]
        return
    known = {json.dumps(each["values"], sort_keys=True): each for each in others}
    for point in points:
        if found := known.get(json.dumps(point["values"], sort_keys=True)):
            yield point, found


def compare(a: Path, b: Path, folder: Path) -> dict[str, Any]:
    """Writes a page and a summary with what is different between two sweeps, at every grid point of both.

    Args:
        a: folder of a sweep.
        b: folder of another one, of the same paths.
        folder: where to; a new or empty folder, or an older report.

    Returns:
        The summary: for each grid point the figures of both, and B less A with its interval.

    Raises:
        FolderError: `a` or `b` is no sweep, they have no grid point or not the same paths in common, or
            `folder` holds something else; nothing was written.
        OSError: the disk refuses.
    """
    one, other = read(a), read(b)
    if one.loan != other.loan:
        raise FolderError(f"{a} counts {one.loan} and {b} {other.loan}, which cannot be compared.")
    points = []
    for here, there in pairs(one, other):
        found = difference(one, here["number"], other, there["number"])
        points.append({
            "label": one.label(here),
            "a": {name: here["figures"][name] for name in found},
            "b": {name: there["figures"][name] for name in found},
            "differences": {name: list(each) for name, each in found.items()},
        })  # fmt: skip
    if not points:
        raise FolderError(f"{a} and {b} have no grid point in common; repeat one with the axes of the other.")
    summary = {
        "format": COMPARISON,
        "a": _about(a, one),
        "b": _about(b, other),
        "points": points,
        "left_out": len(one.summary["points"]) + len(other.summary["points"]) - 2 * len(points),
    }
    with claimed(folder), replacing(folder) as draft:
        page = render("sweeps.html.j2", summary=summary, loan=one.loan, lines=lines, measures=MEASURES)
        (draft / PAGE).write_text(page, encoding="utf-8")
        write_summary(draft, summary)
    return summary


def _about(folder: Path, study: Study) -> dict[str, Any]:
    about = {key: study.summary[key] for key in ("title", "settings", "paths", "of", "loan")}
    return {"folder": str(folder), **about, "each": each_of(study.summary)}


def lines(point: dict[str, Any]) -> list[list[str]]:
    """Of a grid point: title, both figures, their difference and its interval, of all that differ."""
    rows = []
    for name, (value, low, high) in point["differences"].items():
        if value is None or (value == 0 and name not in SHOWN):
            continue
        show = shown_as(name)
        interval = "" if low is None else f"{show(low)} to {show(high)}"
        rows.append([title_of(name), show(point["a"][name]), show(point["b"][name]), show(value), interval])
    return rows
