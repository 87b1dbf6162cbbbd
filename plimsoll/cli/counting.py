"""How far a long command is, and Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def bars(console: Console) -> Progress:
    """A bar for each thing that is counted: how many of how many, and how long still."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


@contextmanager
def remembered_interrupt() -> Iterator[Event]:
    """Set by Ctrl-C, whose exception is lost when it is raised in a destructor, of which dask has many."""
    pressed, before = Event(), signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: FrameType | None) -> None:
        pressed.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, handler)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def counted(progress: Progress, title: str, pressed: Event) -> Callable[[int, int], None]:
    """Shows how far something is, and lets Ctrl-C end it."""
    task = progress.add_task(title, total=None)

    def report(done: int, total: int) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        progress.update(task, completed=done, total=total)

    return report
