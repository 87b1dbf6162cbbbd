"""How far a long command is, Ctrl-C, and what is said when it ends early."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

import click

from plimsoll.cli import INTERRUPTED
from plimsoll.scenario.files import shown

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


@contextmanager
def kept(folder: Path, console: Console, *refusals: type[Exception]) -> Iterator[None]:
    """Says what becomes of plays that `folder` keeps when Ctrl-C, a disk or one of `refusals` ends them."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):  # under `ape run`, ape answers Ctrl-C by leaving
        if any(folder.glob("parts/*.parquet")):
            said = f"what was played is kept in {shown(folder)}; the same command goes on"
        else:
            said = "nothing was played yet"
        console.print(f"Interrupted: {said}.", soft_wrap=True, highlight=False)
        raise SystemExit(INTERRUPTED) from None
    except refusals as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"It broke off ({error}); what was played is kept, and the same command goes on."
        ) from None
