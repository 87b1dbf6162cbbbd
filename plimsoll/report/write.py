"""Writes a run's folder: tables, summary, scenario, pictures and a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plimsoll.report.drawing import Complete, Draft, complete
from plimsoll.report.folder import replacing, write_summary
from plimsoll.report.summary import summarise
from plimsoll.scenario.records import Result


def write(
    result: Result,
    folder: Path,
    *,
    command: str = "",
    helped: Sequence[dict[str, Any]] = (),
    formats: Sequence[str] = (),
    complete: Complete = complete,
) -> dict[str, Any]:
    """Writes a finished run; an older report in the folder stays until all is written.

    `scenario.yaml` says everything that was played, defaults included, and the CSV files of its prices stand
    beside it. Pictures and page are drawn from the tables as they were written.

    Args:
        result: the run.
        folder: where to; see `check_folder`.
        command: what repeats the run, if there is one.
        helped: what came of changes on the same path, see `summary.tried`.
        formats: png or pdf, in which each figure is written beside SVG.
        complete: writes everything but the summary.

    Returns:
        The summary.

    Raises:
        FolderError: the folder holds something else; nothing was written.
        OSError: the disk refuses.
    """
    with replacing(folder) as draft:
        summary = summarise(result) | {"command": command, "what_helps": list(helped)}
        complete(Draft(draft, result, summary, formats))
        write_summary(draft, summary)
    return summary
