"""Plays a scenario many times and sums up the risk."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import closing
from pathlib import Path

import click

from plimsoll.cli import Whole
from plimsoll.cli.counting import bars, counted, kept, remembered_interrupt
from plimsoll.scenario.files import REPORTS, file_of, shown


@click.command()
@click.argument("name", metavar="SCENARIO")
@click.option(
    "--paths",
    type=Whole(1, 10**6),
    help="For each grid point.  [default: 100, or 1 where nothing is random]",
)
@click.option(
    "--of",
    type=Whole(2, 10**7),
    help="Draw so many, and play the deepest falls among them and some of the others.",
)
@click.option(
    "--grid",
    "axes",
    multiple=True,
    metavar="KEY=VALUE,VALUE",
    help="An axis, as vaults.0.bonus_max=0.05,0.08; tied ones as 'a=1,2 & b=3,4'.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="For all, as pool.supply=1000000."
)
@click.option(
    "--agent", "agents", multiple=True, metavar="MODULE:NAME", help="An agent of your own, in all runs."
)
@click.option(
    "--measure", "measures", multiple=True, metavar="MODULE:NAME", help="A measure of your own, of each run."
)
@click.option("--workers", type=Whole(1, 1024), default=os.cpu_count(), show_default=True, help="Processes.")
@click.option(
    "--dask", "address", metavar="ADDRESS", help="Play on a Dask cluster instead, as tcp://host:8786."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: reports/SCENARIO-sweep]")
def cli(
    name: str, paths: int | None, of: int | None, axes: tuple[str, ...], settings: tuple[str, ...],
    agents: tuple[str, ...], measures: tuple[str, ...], workers: int, address: str | None, out: Path | None,
) -> None:  # fmt: skip
    """Play SCENARIO on many random paths, at every grid point.

    A sweep that was stopped goes on with the same command, and one with more --paths plays only what is new.
    """
    from rich.console import Console

    from plimsoll.chain import artifacts
    from plimsoll.report.folder import PAGE
    from plimsoll.report.sweep import study_of, tables
    from plimsoll.report.sweep_page import write
    from plimsoll.scenario.grid import grid_of, points_of
    from plimsoll.scenario.reading import ScenarioError, source_of
    from plimsoll.scenario.sweep import Sweep, run, sampled
    from plimsoll.scenario.sweep_folder import SweepError, check_folder
    from plimsoll.scenario.workers import Cluster, processes
    from plimsoll.scenario.world import CONTRACTS

    sys.path.insert(0, str(Path.cwd()))  # where modules of one's own lie
    words = ["plimsoll", "sweep", name]
    options = {"--grid": axes, "--set": settings, "--agent": agents, "--measure": measures}
    words += [word for option, values in options.items() for value in values for word in (option, value)]
    words += [
        word for option, value in (("--paths", paths), ("--of", of)) if value for word in (option, str(value))
    ]
    path = file_of(name)
    folder = out or REPORTS / f"{path.stem}-sweep"
    console = Console()
    with kept(folder, console, ScenarioError, SweepError, FileNotFoundError):
        source, grid = source_of(path, settings), grid_of(axes)
        points, corners = points_of(source, grid)
        sweep = Sweep(source, grid, tuple(points), agents, measures)
        sweep.check_own()
        check_folder(folder)
        if not sweep.is_random:
            console.print(f"Nothing in {path.name} is random: every path of a grid point is the same.")
        with console.status("compiling the contracts, if they have changed"):
            found = artifacts.load(CONTRACTS, sweep.has_exchange)
        with bars(console) as progress, remembered_interrupt() as pressed:
            samples = sampled(sweep, paths, of, counted(progress, "prices", pressed))
            with closing(Cluster(address)) if address else processes(workers) as crew:
                rows = run(sweep, samples, folder, found, crew, counted(progress, "paths", pressed))
        study = study_of(sweep, corners, samples, rows)
        write(study, folder, shlex.join(words))
    for table in tables(study):
        console.print(table)
    console.print(f"report: {shown(folder / PAGE)}", soft_wrap=True)
