"""Figures and page of a run: drawn here, or by a process that is ready when the run is.

The process is started before a scenario is played, so that it has loaded pandas and matplotlib when there is
something to draw, and draws on all processors. This module is also what it runs.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.report.folder import Run
    from plimsoll.scenario.config import Scenario


@dataclass(frozen=True)
class Draft:
    """A folder in which figures and page are missing.

    Attributes:
        folder: with the tables and the scenario's file.
        scenario: what was played.
        summary: of the run.
        heads: the first rows of each table, formatted.
    """

    folder: Path
    scenario: Scenario
    summary: dict[str, Any]
    heads: dict[str, list[list[str]]]


Illustrate = Callable[[Draft], None]
Each = Callable[[Callable[[str], None], Iterable[str]], Iterable[None]]


def illustrate(draft: Draft, each: Each = map) -> None:
    """Draws the figures and writes the page; `each` does something with each of many."""
    from plimsoll.report import figures, page
    from plimsoll.report.folder import PAGE, SCENARIO, Run, read_tables

    run = Run(draft.folder, draft.scenario, draft.summary, read_tables(draft.folder))
    for _ in each(partial(_save, run), figures.CHARTS):
        pass
    text = (draft.folder / SCENARIO).read_text(encoding="utf-8")
    (draft.folder / PAGE).write_text(page.of_run(run, draft.heads, text), encoding="utf-8")


def _save(run: Run, name: str) -> None:
    from plimsoll.report import figures

    figures.save(name, [run], run.folder / f"{name}.png")


class Draughtsman:
    """A process that illustrates once."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """`process` runs this module."""
        self._process = process

    def illustrate(self, draft: Draft) -> None:
        """As the function of that name.

        Raises:
            RuntimeError: the process fails; with the last line of what it says.
        """
        _, said = self._process.communicate(pickle.dumps(draft))
        if self._process.returncode:
            reason = (said.decode(errors="replace").strip() or "no reason given").splitlines()[-1]
            raise RuntimeError(f"the report could not be written: {reason}")


@contextmanager
def draughtsman() -> Iterator[Draughtsman]:
    """A process that ends with the block; Ctrl-C does not reach it."""
    command = [sys.executable, "-m", "plimsoll.report.drawing"]
    path = os.pathsep.join(filter(None, sys.path))  # `ape run` changes it
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield Draughtsman(process)
        finally:
            with suppress(ProcessLookupError):  # it has ended
                os.killpg(process.pid, signal.SIGKILL)  # with those that it has started


def main() -> None:
    """Illustrates the draft that standard input brings."""
    for module in ("matplotlib.figure", "matplotlib.backends.backend_agg", "plimsoll.report.page"):
        import_module(module)
    try:
        draft = pickle.load(sys.stdin.buffer)
    except EOFError:  # nobody wants a report any more
        return
    with get_context("fork" if sys.platform == "linux" else "spawn").Pool() as pool:
        illustrate(draft, pool.imap_unordered)


if __name__ == "__main__":
    import_module("plimsoll.report.drawing").main()  # by its name, so that drafts can be unpickled
