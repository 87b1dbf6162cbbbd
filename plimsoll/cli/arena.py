"""Plays rules of liquidation side by side. See docs/arena.md."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from plimsoll.cli import Whole, require
from plimsoll.cli.counting import bars, counted, kept, remembered_interrupt
from plimsoll.scenario.files import REPORTS, file_of, shown

PATHS = 100  # where none are named
PLACED = 2  # sentences of the verdict in the terminal: who is best, by what lenders lose and borrowers pay


@click.command()
@click.argument("names", metavar="SCENARIO...", nargs=-1, required=True)
@click.option("--rules", metavar="NAME,NAME", help="Rules, or all, or none.  [default: all, or the set's]")
@click.option(
    "--rule", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help="A file with a rule of your own.",
)  # fmt: skip
@click.option("--paths", type=Whole(1, 10**6), help="Of each scenario.  [default: 100, or the set's]")
@click.option(
    "--varied", type=Whole(1, 10**6), help="Paths of each variation.  [default: as --paths, or the set's]"
)
@click.option("--keepers", metavar="KIND,KIND", help="Also with competitive, scarce, strategic, absent ones.")
@click.option("--depth", metavar="xN,xN", help="Also with DEXes so many times as deep, as x0.5,x2.")
@click.option("--latency", metavar="N,N", help="Also with keepers so many blocks late.")
@click.option("--population", metavar="KIND,KIND", help="Also with other people: leveraged, whales.")
@click.option("--deployed", is_flag=True, help="Every rule as its system is deployed.")
@click.option("--seed", type=Whole(0, 2**62), help="Other borrowers, other random prices.")
@click.option("--workers", type=Whole(1, 1024), default=os.cpu_count(), show_default=True, help="Processes.")
@click.option(
    "--dask", "address", metavar="ADDRESS", help="Play on a Dask cluster instead, as tcp://host:8786."
)
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="Folder.  [default: reports/NAME-arena, of several reports/arena]",
)  # fmt: skip
def cli(
    names: tuple[str, ...], rules: str | None, files: tuple[Path, ...], paths: int | None, varied: int | None,
    keepers: str | None, depth: str | None, latency: str | None, population: str | None, deployed: bool,
    seed: int | None, workers: int, address: str | None, out: Path | None,
) -> None:  # fmt: skip
    """Play rules of liquidation side by side: the same people, prices, DEXes and liquidators.

    SCENARIO is a YAML file, the name of one that ships with Plimsoll, or a set that has a name, as arena-1.
    What was stopped goes on with the same command, and one with more --paths plays only what is new.
    """
    from rich.console import Console

    from plimsoll.arena.registry import ArenaError, known, text_of, written
    from plimsoll.arena.sets import SETS
    from plimsoll.arena.tournament import TOURNAMENT, Entrant, Tournament, entries_of, run
    from plimsoll.arena.variation import variations
    from plimsoll.report.arena import results_of
    from plimsoll.report.arena_page import write
    from plimsoll.report.arena_words import tables, verdict
    from plimsoll.report.folder import PAGE
    from plimsoll.report.summary import versions
    from plimsoll.scenario.reading import ScenarioError, source_of
    from plimsoll.scenario.sweep_folder import SweepError, check_folder
    from plimsoll.scenario.workers import crew_of

    require("jinja2", "matplotlib", "pyarrow")
    sys.path.insert(0, str(Path.cwd()))  # where modules of one's own lie
    name = Path(names[0]).stem if len(names) == 1 else ""
    options = {
        "--rules": rules, "--paths": paths, "--varied": varied, "--keepers": keepers, "--depth": depth,
        "--latency": latency, "--population": population, "--seed": seed,
    }  # fmt: skip
    words = ["plimsoll", "arena", *names, *(word for file in files for word in ("--rule", str(file)))]
    words += [word for option, it in options.items() if it is not None for word in (option, str(it))]
    words += ["--deployed"] if deployed else []
    one_set = SETS.get(names[0]) if len(names) == 1 else None
    folder = out or REPORTS / (f"{name}-arena" if name else "arena")
    console = Console()
    with kept(folder, console, ArenaError, ScenarioError, SweepError):
        settings = () if seed is None else (f"seed={seed}",)
        wanted = one_set.scenarios if one_set else names
        entries = entries_of([source_of(file_of(each), settings) for each in wanted])
        named = list(one_set.rules) if one_set and rules is None else _listed(rules, [*known()])
        entrants = [Entrant(each) for each in named]
        for file in files:
            text = text_of(file)
            entrants += [Entrant(each, text, str(file)) for each in written(text, str(file))]
        asked = (keepers, depth, latency, population)
        count = paths or (one_set.paths if one_set else PATHS)
        tournament = Tournament(
            entries,
            tuple(dict.fromkeys(entrants)),
            one_set.variations if one_set and not any(asked) else variations(*asked),
            count,
            varied or (one_set.varied if one_set and not paths else count),
            deployed,
        )
        tournament.check()
        check_folder(folder, TOURNAMENT)
        with bars(console) as progress, remembered_interrupt() as pressed, crew_of(workers, address) as crew:
            rows = run(tournament, folder, crew, counted(progress, "plays", pressed))
        with console.status("summing up"):
            about = {
                "name": name, "plays": rows.num_rows,
                "set": one_set and {"name": name, "whole": one_set.is_whole(tournament)},
                "command": shlex.join(words), "versions": versions(),
            }  # fmt: skip
            results = results_of(tournament, rows, about)
            write(results, folder)
    for table in tables(results):
        console.print(table)
    console.print(" ".join(verdict(results)[:PLACED]), highlight=False)
    console.print(f"report: {shown(folder / PAGE)}", soft_wrap=True)


def _listed(text: str | None, known: list[str]) -> list[str]:
    """The names in `a,b`; `all` is all, `none` is none."""
    return known if text in (None, "all") else [] if text == "none" else [*text.split(",")]
