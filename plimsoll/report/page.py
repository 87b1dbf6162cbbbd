"""Reports as HTML pages that need no network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from plimsoll.page import parts
from plimsoll.report.columns import PURPOSES, TABLES
from plimsoll.report.data import WORST
from plimsoll.report.figures import CHARTS, SVG
from plimsoll.report.figures.writing import picture
from plimsoll.report.folder import Run
from plimsoll.report.measures import BAD_DEBT, LIQUIDATED_DEBT, MEASURES
from plimsoll.report.scrubber import comparison, scrubber, tables
from plimsoll.report.story import keys, story, verdict, when
from plimsoll.report.summary import HELP, lines, lines_by_vault, lines_of_help

KEYS = (
    BAD_DEBT, "lenders_loss", LIQUIDATED_DEBT, "borrowers_cost", "liquidated_within_1", "liquidators_profit"
)  # fmt: skip
"""The measures that a comparison begins with."""
HERE = Path(__file__).parent
PLAIN = 'import {begin} from "plimsoll/report";\nbegin();\n'


def of_run(run: Run, heads: Mapping[str, Sequence[Sequence[str]]], scenario: str) -> str:
    """The page of a run.

    Args:
        run: whose pictures are in its folder.
        heads: the worst rows of each table, formatted.
        scenario: the text of its scenario file.
    """
    return render(
        "page.html.j2",
        script="scrubber",
        data={"run": scrubber(run), "tables": tables(run)},
        run=run,
        summary=run.summary,
        when=when(run),
        verdict=verdict(run),
        story=story(run),
        keys=keys(run),
        lines=lines(run.summary),
        by_vault=lines_by_vault(run.summary),
        helped=lines_of_help(run.summary),
        judged=HELP,
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
        script="comparison",
        data={"together": comparison(runs)},
        runs=runs,
        rows=rows,
        keys=[row for name, row in zip(MEASURES, rows, strict=True) if name in KEYS],
        settings=settings,
        charts=CHARTS,
        pictures=_pictures(folder),
        measures=MEASURES,
        linked=False,
    )


def render(template: str, *, script: str = "", data: Mapping[str, Any] | None = None, **known: Any) -> str:
    """A page of a template of this folder.

    Args:
        template: name of the file.
        script: name of the module that the page begins with; without one it does what every report does.
        data: what the module reads, by the name of its place in the page.
        known: what the template names.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    begins = (HERE / f"{script}.js").read_text(encoding="utf-8") if script else PLAIN
    return environment.get_template(template).render(
        scripts=parts.embedded({"plimsoll/report": (HERE / "page.js").read_text(encoding="utf-8")}, begins),
        styles=parts.styles(),
        data={name: parts.as_json(each) for name, each in (data or {}).items()},
        **known,
    )


def _pictures(folder: Path) -> dict[str, Markup]:
    """The figures of a report's folder, in the colours of the page; matplotlib has escaped their text."""
    return {
        name: Markup(picture((folder / f"{name}.{SVG}").read_text(encoding="utf-8"), chart.title))
        for name, chart in CHARTS.items()
    }
