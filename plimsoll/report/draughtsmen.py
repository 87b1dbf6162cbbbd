"""Processes that draw a run's figures, while this one does something else.

They are started before a scenario is played, so that they have loaded matplotlib when there is something to
draw. This module is also what they run.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from queue import Empty, SimpleQueue
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plimsoll.report.folder import Run

Process = Popen[bytes]


class Draughtsmen:
    """As many processes as processors draw, a figure at a time each."""

    def __init__(self, processes: Sequence[Process]) -> None:
        """`processes` run this module."""
        self._processes = processes

    def draw(self, run: Run, names: Sequence[str]) -> None:
        """Draws figures into the run's folder.

        Raises:
            RuntimeError: a process fails; with the last line of what it says.
        """
        wanted: SimpleQueue[str] = SimpleQueue()
        for name in names:
            wanted.put(name)
        told = pickle.dumps(run)
        with ThreadPoolExecutor(len(self._processes)) as threads:
            list(threads.map(lambda process: _serve(process, told, wanted), self._processes))


def _serve(process: Process, run: bytes, wanted: SimpleQueue[str]) -> None:
    assert process.stdin and process.stdout and process.stderr
    try:
        process.stdin.write(run)
        while True:
            process.stdin.write(f"{wanted.get_nowait()}\n".encode())
            process.stdin.flush()
            if not process.stdout.readline():
                raise BrokenPipeError
    except Empty:
        pass
    except BrokenPipeError:
        said = process.stderr.read().decode(errors="replace").strip().splitlines()
        raise RuntimeError(
            f"a figure could not be drawn: {said[-1] if said else 'no reason given'}"
        ) from None


@contextmanager
def draughtsmen() -> Iterator[Draughtsmen]:
    """Processes that end with the block; Ctrl-C does not reach them."""
    command = [sys.executable, "-m", "plimsoll.report.draughtsmen"]
    path = os.pathsep.join(filter(None, sys.path))  # `ape run` changes it
    processes = [
        subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": path},
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield Draughtsmen(processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def main() -> None:
    """Draws what is asked for, a name a line, of the run that comes first."""
    from plimsoll.report import figures

    for module in ("matplotlib.figure", "matplotlib.backends.backend_agg"):
        import_module(module)
    run: Run = pickle.load(sys.stdin.buffer)
    for line in sys.stdin.buffer:
        name = line.decode().strip()
        figures.save(name, [run], run.folder / f"{name}.png")
        print(name, flush=True)


if __name__ == "__main__":
    main()
