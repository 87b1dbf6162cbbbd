"""Tables, figures and page of a run: written here, or by a process that is ready when the run is.

The process is started before a scenario is played, so that it has loaded pyarrow, pandas and matplotlib when
there is something to write, and draws on all processors. This module is also what it runs.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.report.folder import Run
    from plimsoll.scenario.records import Result


@dataclass(frozen=True)
class Draft:
    """A folder that is to become the report of a run.

    Attributes:
        folder: an empty one.
        result: the run.
        summary: of the run.
        formats: png or pdf, in which each figure is written beside SVG.
    """

    folder: Path
    result: Result
    summary: dict[str, Any]
    formats: Sequence[str] = ()


Complete = Callable[[Draft], None]
Each = Callable[[Callable[[str], None], Iterable[str]], Iterable[None]]


def complete(draft: Draft, each: Each = map) -> None:
    """Writes tables, scenario, figures and page; `each` does something with each of many."""
    from plimsoll.report import figures, page
    from plimsoll.report.data import heads, write_scenario, write_tables
    from plimsoll.report.folder import PAGE, SCENARIO, Run, read_tables

    folder, scenario = draft.folder, draft.result.scenario
    write_tables(draft.result, folder)
    write_scenario(scenario, folder / SCENARIO)
    run = Run(folder, scenario, draft.summary, read_tables(folder))
    for _ in each(partial(_save, run, (figures.SVG, *draft.formats)), figures.CHARTS):
        pass
    text = (folder / SCENARIO).read_text(encoding="utf-8")
    (folder / PAGE).write_text(page.of_run(run, heads(draft.result), text), encoding="utf-8")


def _save(run: Run, formats: Sequence[str], name: str) -> None:
    from plimsoll.report import figures

    figures.save(name, [run], run.folder, formats)


class Draughtsman:
    """A process that completes one draft."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """`process` runs this module."""
        self._process = process

    def complete(self, draft: Draft) -> None:
        """As the function of that name.

        Raises:
            RuntimeError: the process fails; with the last line of what it says.
        """
        try:
            _, said = self._process.communicate(pickle.dumps(draft))
        except BaseException:
            self.stop()  # before somebody removes the folder in which it writes
            raise
        if self._process.returncode:
            reason = (said.decode(errors="replace").strip() or "no reason given").splitlines()[-1]
            raise RuntimeError(f"the report could not be written: {reason}")

    def stop(self) -> None:
        """Ends it, with those that it has started."""
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(self._process.pid, signal.SIGKILL)


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
        drawing = Draughtsman(process)
        try:
            yield drawing
        finally:
            drawing.stop()


def main() -> None:
    """Completes the draft that standard input brings."""
    gc.disable()  # the process ends soon
    artist = import_module("matplotlib.artist")
    artist.__dict__["kwdoc"] = lambda _: ""  # help on classes, a third of what loading matplotlib takes
    for module in ("figure", "backends.backend_agg", "backends.backend_svg"):
        import_module(f"matplotlib.{module}")
    for module in ("data", "page"):
        import_module(f"plimsoll.report.{module}")
    try:
        draft = pickle.load(sys.stdin.buffer)
    except EOFError:  # nobody wants a report any more
        return
    with get_context("fork" if sys.platform == "linux" else "spawn").Pool() as pool:
        complete(draft, pool.imap_unordered)
    gc.freeze()  # else leaving takes 0.2 s longer


if __name__ == "__main__":
    import_module("plimsoll.report.drawing").main()  # by its name, so that drafts can be unpickled
