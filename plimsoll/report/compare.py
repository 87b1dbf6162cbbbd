"""Two runs side by side: the same pictures on the same axes, and the measures with their differences."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from plimsoll.report import figures, page
from plimsoll.report.folder import COMPARISON, PAGE, Run, claimed, read, replacing, write_summary
from plimsoll.report.measures import MEASURES
from plimsoll.report.summary import formatted

PATH = "--path"  # what the number of the random prices is called among settings


def compare(a: Path, b: Path, folder: Path, formats: Sequence[str] = ()) -> dict[str, Any]:
    """Writes pictures, a page and a summary that lay two runs side by side.

    Args:
        a: folder of a run, as `write` left it.
        b: folder of another one.
        folder: where to; a new or empty folder, or an older report.
        formats: png or pdf, in which each figure is written beside SVG.

    Returns:
        The summary: each measure of both runs and B less A, None where either has none.

    Raises:
        FolderError: `a` or `b` is no run, or `folder` holds something else; nothing was written.
        OSError: the disk refuses.
    """
    runs = [read(a), read(b)]
    with claimed(folder), replacing(folder) as draft:
        for name in figures.CHARTS:
            figures.save(name, runs, draft, (figures.SVG, *formats))
        settings = list(_settings(*runs))
        summary = {
            "format": COMPARISON,
            **{letter: _about(run) for letter, run in zip("ab", runs, strict=True)},
            "measures": {name: _difference(name, *runs) for name in MEASURES},
            "settings": settings,
        }
        html = page.of_comparison(runs, lines(summary), settings, draft)
        (draft / PAGE).write_text(html, encoding="utf-8")
        write_summary(draft, summary)
    return summary


def lines(summary: dict[str, Any]) -> list[list[str]]:
    """Of the summary: title, both figures and their difference of each measure, formatted."""
    rows = []
    for name, each in MEASURES.items():
        row = summary["measures"][name]
        rows.append([
            each.title,
            formatted(row["a"], each.unit, summary["a"]["loan"]),
            formatted(row["b"], each.unit, summary["b"]["loan"]),
            formatted(row["difference"], each.unit, summary["b"]["loan"], "+"),
        ])  # fmt: skip
    return rows


def _about(run: Run) -> dict[str, Any]:
    return {
        "folder": str(run.folder),
        **{key: run.summary[key] for key in ("title", "seed", "path", "engine", "loan")},
    }


def _difference(name: str, a: Run, b: Run) -> dict[str, float | None]:
    """A measure of both; amounts of different assets have no difference."""
    one, other = (run.summary["measures"][name] for run in (a, b))
    unlike = None in (one, other) or (MEASURES[name].unit == "loan" and a.loan != b.loan)
    return {"a": one, "b": other, "difference": None if unlike else other - one}


def _settings(a: Run, b: Run) -> Iterator[tuple[str, str, str]]:
    """What differs of path and settings: name, of A, of B. A file is what it holds, not its name."""
    if a.summary["path"] != b.summary["path"]:
        yield PATH, str(a.summary["path"]), str(b.summary["path"])
    one, other = (dict(_flat(run.scenario.model_dump(mode="json"), "")) for run in (a, b))
    for name in one | other:
        if one.get(name) != other.get(name):
            yield name, str(one.get(name, "")), str(other.get(name, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Single values by the names that `--set` takes, such as vaults.0.bonus_max."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _flat(part, f"{name}.{key}".lstrip("."))
    if not isinstance(value, (dict, list)):
        yield name, _contents(Path(value)) if value and name.endswith(".file") else value


def _contents(file: Path) -> str:
    """The data of a file in a few letters."""
    content = file.read_bytes()
    return f"{len(content.splitlines()):,} lines, SHA-256 {sha256(content).hexdigest()[:16]}"
