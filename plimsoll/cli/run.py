"""Plays a scenario against the contracts and reports it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plimsoll.cli import INTERRUPTED, Whole, require, with_figures
from plimsoll.scenario.files import REPORTS, file_of, shown

if TYPE_CHECKING:
    from rich.console import Console

    from plimsoll.chain.engine import Artifact
    from plimsoll.report.drawing import Complete
    from plimsoll.scenario.config import Scenario
    from plimsoll.scenario.records import Result


@contextmanager
def engine_at(name: str, clock: int) -> Iterator[Any]:
    """An engine whose clock stands at a time: `anvil`, started for the run, or `revm` in this process."""
    from plimsoll.chain.revm import Revm

    if name == "revm":
        yield Revm(clock)
        return
    from plimsoll.chain.anvil import Anvil, AnvilProcess

    with AnvilProcess() as node:  # never a chain that somebody else has started: its clock is moved
        yield Anvil(node.url, now=clock, block_seconds=0)


def was_interrupted(error: BaseException | None) -> bool:
    """Whether it began with Ctrl-C: ape stops Anvil and leaves, whereupon other things fail."""
    while error is not None and not isinstance(error, (KeyboardInterrupt, SystemExit)):
        error = error.__context__
    return error is not None


def command(engine: str) -> click.Command:
    """The command; `engine` is the one that it takes when none is named."""

    @click.command()
    @click.argument("name", metavar="SCENARIO")
    @click.option(
        "--engine", type=click.Choice(["anvil", "revm"]), default=engine, show_default=True,
        help="A node of its own, or the same bytecode in this process.",
    )  # fmt: skip
    @click.option("--seed", type=Whole(0, 2**63 - 1), help="Other borrowers, other random prices.")
    @click.option("--path", "number", type=Whole(0), default=0, help="Number of the random prices.")
    @click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="As vaults.0.bonus_max=0.08.")
    @click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: reports/SCENARIO]")
    @click.option("--what-helps", is_flag=True, help="Also play three changes that may have helped.")
    @with_figures
    def cli(
        name: str, engine: str, seed: int | None, number: int, settings: tuple[str, ...], out: Path | None,
        what_helps: bool, figures: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Play SCENARIO, a YAML file or the name of one that ships with Plimsoll, and write a report."""
        from plimsoll.report.drawing import draughtsman

        require("jinja2", "matplotlib", "pyarrow")
        with draughtsman() as drawing:  # first of all, so that it loads what it needs meanwhile
            play(drawing.complete, name, engine, seed, number, settings, out, what_helps, figures)

    return cli


cli = command("revm")


def played(
    scenario: Scenario, contracts: dict[str, Artifact], engine: str, number: int, console: Console
) -> Result:
    """Plays path `number`, with a bar that shows how far it is."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from plimsoll.scenario.run import Laboratory, clock_of

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, engine_at(engine, clock_of(scenario)) as chain:
        task = progress.add_task("deploying, lending, borrowing", total=scenario.blocks)
        return Laboratory(scenario, chain, contracts).play(
            number, progress=lambda block, _: progress.update(task, completed=block, description="blocks")
        )


def play(
    complete: Complete, name: str, engine: str, seed: int | None, number: int, settings: tuple[str, ...],
    out: Path | None, what_helps: bool, figures: tuple[str, ...],
) -> None:  # fmt: skip
    """Plays and reports; whatever goes wrong ends as a sentence."""
    from rich.console import Console

    from plimsoll.chain import artifacts
    from plimsoll.chain.engine import CallReverted
    from plimsoll.report.folder import PAGE, FolderError, claimed
    from plimsoll.report.summary import lines, lines_of_help, tried
    from plimsoll.report.table import help_table, table
    from plimsoll.report.write import write
    from plimsoll.scenario.books import ReplayFailed
    from plimsoll.scenario.reading import ScenarioError, load
    from plimsoll.scenario.remedies import remedies
    from plimsoll.scenario.world import CONTRACTS, Difference

    path = file_of(name)
    try:
        scenario = load(path, settings)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from None
    if seed is not None:
        scenario = scenario.with_seed(seed)
    folder = out or REPORTS / path.stem
    words = ["plimsoll", "run", name, "--engine", engine, "--path", str(number)]
    words += ["--seed", str(scenario.seed), *(word for each in settings for word in ("--set", each))]
    words += ["--what-helps"] if what_helps else []
    console = Console()
    try:
        with console.status("compiling the contracts, if they have changed"):
            contracts = artifacts.load(CONTRACTS, scenario.has_exchange)
        with claimed(folder):
            result = played(scenario, contracts, engine, number, console)
            helped = []
            for remedy, changed in remedies(path, settings) if what_helps else []:
                console.print(f"on the same path: {remedy.said}")
                other = played(changed.with_seed(scenario.seed), contracts, engine, number, console)
                helped.append(tried(*remedy, other))
            with console.status("writing the report"):
                summary = write(
                    result, folder, command=shlex.join(words), helped=helped, formats=figures,
                    complete=complete,
                )  # fmt: skip
    except (Difference, ReplayFailed, FolderError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from None
    except (KeyboardInterrupt, SystemExit, CallReverted, OSError, RuntimeError) as error:
        if was_interrupted(error):
            console.print("Interrupted: no report was written, and an older one is as it was.")
            raise SystemExit(INTERRUPTED) from None
        raise click.ClickException(f"The run broke off ({error}); no report was written.") from None
    console.print(table(f"{scenario.title} (seed {scenario.seed}, path {number})", lines(summary)))
    if rows := lines_of_help(summary):
        console.print(help_table(rows, summary["loan"]))
    console.print(f"report: {shown(folder / PAGE)}", soft_wrap=True)
