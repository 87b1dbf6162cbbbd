"""Plays a scenario many times and sums up the risk."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import FrameType

import click

from plimsoll.cli import INTERRUPTED, Whole
from plimsoll.scenario.files import REPORTS, file_of, shown

PATHS = 100  # for each grid point, where anything is random


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


@click.command()
@click.argument("name", metavar="SCENARIO")
@click.option(
    "--paths",
    type=Whole(1, 10**6),
    help="For each grid point.  [default: 100, or 1 where nothing is random]",
)
@click.option(
    "--grid",
    "axes",
    multiple=True,
    metavar="KEY=VALUE,VALUE",
    help="An axis, as vaults.0.bonus_max=0.05,0.08.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="For all, as pool.supply=1000000."
)
@click.option("--workers", type=Whole(1, 1024), default=os.cpu_count(), show_default=True, help="Processes.")
@click.option(
    "--dask", "address", metavar="ADDRESS", help="Play on a Dask cluster instead, as tcp://host:8786."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: reports/SCENARIO-sweep]")
def cli(
    name: str, paths: int | None, axes: tuple[str, ...], settings: tuple[str, ...], workers: int,
    address: str | None, out: Path | None,
) -> None:  # fmt: skip
    """Play SCENARIO on many random paths, at every grid point. A sweep that was stopped goes on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from plimsoll.chain import artifacts
    from plimsoll.report.sweep import summarise, tables
    from plimsoll.scenario.reading import ScenarioError
    from plimsoll.scenario.sweep import Sweep, SweepError, check_folder, grid_of, is_random, run
    from plimsoll.scenario.workers import Cluster, processes
    from plimsoll.scenario.world import CONTRACTS

    path = file_of(name)
    folder = out or REPORTS / f"{path.stem}-sweep"
    console = Console()
    try:
        sweep = Sweep(path, settings, grid_of(axes), paths or 1)
        scenarios = sweep.scenarios()
        check_folder(folder)
        if any(map(is_random, scenarios)):
            sweep = replace(sweep, paths=paths or PATHS)
        else:
            console.print(f"Nothing in {path.name} is random: every path of a grid point is the same.")
        with console.status("compiling the contracts, if they have changed"):
            found = artifacts.load(CONTRACTS, any(scenario.has_exchange for scenario in scenarios))
        columns = (TextColumn("paths"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with (
            closing(Cluster(address)) if address else processes(workers) as crew,
            Progress(*columns, console=console) as progress,
            remembered_interrupt() as pressed,
        ):
            task = progress.add_task("", total=len(sweep.grid) * sweep.paths)

            def report(done: int, _total: int) -> None:
                if pressed.is_set():
                    raise KeyboardInterrupt
                progress.update(task, completed=done)

            rows = run(sweep, folder, found, crew, report)
        summary = summarise(sweep, rows, folder)
    except (KeyboardInterrupt, SystemExit):  # under `ape run`, ape answers Ctrl-C by leaving
        if any(folder.glob("parts/*.parquet")):
            said = f"what was played is kept in {shown(folder)}; the same command goes on"
        else:
            said = "nothing was played yet"
        console.print(f"Interrupted: {said}.", soft_wrap=True, highlight=False)
        raise SystemExit(INTERRUPTED) from None
    except (ScenarioError, SweepError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"The sweep broke off ({error}); what was played is kept, and the same command goes on."
        ) from None
    for table in tables(summary):
        console.print(table)
    console.print(f"rows: {shown(folder / 'paths.parquet')}", soft_wrap=True)
