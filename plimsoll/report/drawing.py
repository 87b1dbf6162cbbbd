"""A process that draws a run's figures on all processors, while this one does something else.

It is started before a scenario is played, so that it has loaded matplotlib when there is something to draw.
This module is also what it runs.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plimsoll.report.folder import Run


class Draughtsman:
    """Draws once."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """`process` runs this module."""
        self._process = process

    def draw(self, run: Run, names: Sequence[str]) -> None:
        """Draws figures into the run's folder.

        Raises:
            RuntimeError: the process fails; with the last line of what it says.
        """
        _, said = self._process.communicate(pickle.dumps((run, names)))
        if self._process.returncode:
            reason = (said.decode(errors="replace").strip() or "no reason given").splitlines()[-1]
            raise RuntimeError(f"the figures could not be drawn: {reason}")


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


def _save(run: Run, name: str) -> None:
    from plimsoll.report import figures

    figures.save(name, [run], run.folder / f"{name}.png")


def main() -> None:
    """Draws what standard input asks for: a run, and names of figures."""
    for module in ("matplotlib.figure", "matplotlib.backends.backend_agg", "plimsoll.report.figures"):
        import_module(module)
    try:
        run, names = pickle.load(sys.stdin.buffer)
    except EOFError:  # nobody wants figures any more
        return
    with get_context("fork" if sys.platform == "linux" else "spawn").Pool() as pool:
        pool.map(partial(_save, run), names, chunksize=1)


if __name__ == "__main__":
    main()
