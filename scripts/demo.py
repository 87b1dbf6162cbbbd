"""Plays a crash against the contracts on a local chain and reports it: `ape run demo`, or `make demo`."""

import shlex
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand

ROOT = Path(__file__).parents[1]
SCENARIO = ROOT / "scenarios" / "black-thursday.yaml"
REPORTS = ROOT / "reports"


def shown(path: Path) -> str:
    """The path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def read_scenario(_context: click.Context, _parameter: click.Parameter, path: Path) -> tuple[Path, Any]:
    """Refuses a bad scenario before a chain is started."""
    from plimsoll.scenario.config import ScenarioError, load

    try:
        return path, load(path)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from None


def command_for(path: Path, seed: int | None, out: Path | None) -> str:
    """What repeats the run."""
    words = ["ape", "run", "demo"]
    if path.absolute() != SCENARIO:
        words += ["--scenario", shown(path.absolute())]
    if seed is not None:
        words += ["--seed", str(seed)]
    if out is not None:
        words += ["--out", shown(out.absolute())]
    return shlex.join(words)


@click.command(cls=ConnectedProviderCommand)
@click.option(
    "--scenario",
    "chosen",
    type=click.Path(path_type=Path),
    default=SCENARIO,
    callback=read_scenario,
    help="Scenario file (YAML).  [default: scenarios/black-thursday.yaml]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the report.  [default: reports/<scenario's file name>]",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), help="Draw other borrowers than the scenario's seed does."
)
def cli(chosen: tuple[Path, Any], out: Path | None, seed: int | None) -> None:
    """Play a crash against the contracts and write a report."""
    import ape
    from ape.exceptions import ApeException
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from plimsoll.chain.node import TransactionFailed
    from plimsoll.chain.sources import ensure_compiled
    from plimsoll.report.summary import lines
    from plimsoll.report.table import table
    from plimsoll.report.write import FolderError, check_folder, write
    from plimsoll.scenario.checks import CheckFailed
    from plimsoll.scenario.run import run

    def quiet() -> Any:
        """Without ape's lines on every transaction and contract."""
        return ape.logging.logger.at_level(ape.logging.LogLevel.WARNING)

    path, scenario = chosen
    command = command_for(path, seed, out)
    if seed is not None:
        scenario = scenario.with_seed(seed)
    folder = out or REPORTS / path.stem
    console = Console()
    if not ape.chain.provider.network.is_local or "anvil" not in ape.chain.provider.client_version.lower():
        raise click.ClickException(
            f"The demonstration sets prices and clocks, which only a local Anvil allows, not "
            f"{ape.chain.provider.network_choice}; leave --network out."
        )
    try:
        check_folder(folder)
        with quiet(), console.status("compiling the contracts, if they have changed"):
            ensure_compiled(ape.project)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("deploying, lending, borrowing", total=len(scenario.step_hours))

            def on_step(row: Any) -> None:
                text = f"hour {row.hour:5.2f}  price {row.price:8,.2f}  liquidatable {row.liquidatable:3}"
                progress.update(task, advance=1, description=text)

            with quiet():
                result = run(
                    scenario,
                    provider=ape.chain.provider,
                    project=ape.project,
                    deployer=ape.accounts.test_accounts[0],
                    on_step=on_step,
                )
        with console.status("writing the report"):
            summary = write(result, folder, source=path.read_text(encoding="utf-8"), command=command)
    except (KeyboardInterrupt, SystemExit):  # ape answers Ctrl-C by stopping Anvil and leaving
        console.print("Interrupted: no report was written, and an older one is as it was.")
        raise SystemExit(130) from None
    except (CheckFailed, FolderError, TransactionFailed) as error:
        raise click.ClickException(str(error)) from None
    except (ApeException, OSError) as error:
        raise click.ClickException(f"The run broke off ({error}); no report was written.") from None
    console.print(table(f"{scenario.title} (seed {scenario.seed})", lines(summary)))
    console.print(f"report: {shown(folder.absolute() / 'index.html')}", soft_wrap=True)
