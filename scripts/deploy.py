"""Deploys a Factory, pools and vaults from a market file: `ape run deploy market --file markets/x.yaml`.

Each command does what the ones above it do as well. Running a command again sends only what is missing; with
--dry-run it sends nothing. See docs/deploying.md.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ape
import click
from ape.cli import ConnectedProviderCommand
from rich.console import Console
from rich.table import Table

WIDTH = 140  # when the output is not a terminal


@click.group(help=__doc__.split("\n")[0])
def cli() -> None:
    pass


def options(*, needs_file: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that the commands share."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in (
            click.option("--dry-run", is_flag=True, help="Say what would be done, and send nothing."),
            click.option(
                "--account", help="Who signs: a name in `ape accounts list`; locally TEST::0 unless given."
            ),
            click.option(
                "--file",
                "path",
                type=click.Path(path_type=Path),
                required=needs_file,
                help="The market file.",
            ),
        ):
            command = option(command)
        return command

    return add


@cli.command(cls=ConnectedProviderCommand)
@options(needs_file=False)
def factory(path: Path | None, account: str | None, dry_run: bool) -> None:
    """Deploy the blueprints and the Factory."""
    run("FACTORY", path, account, dry_run)


@cli.command(cls=ConnectedProviderCommand)
@options(needs_file=True)
def pool(path: Path, account: str | None, dry_run: bool) -> None:
    """Deploy the pool of a market, without vaults, closed."""
    run("POOL", path, account, dry_run)


@cli.command(cls=ConnectedProviderCommand)
@options(needs_file=True)
def vault(path: Path, account: str | None, dry_run: bool) -> None:
    """Deploy the vaults of a market, with their oracles and limits."""
    run("VAULT", path, account, dry_run)


@cli.command(cls=ConnectedProviderCommand)
@options(needs_file=True)
def market(path: Path, account: str | None, dry_run: bool) -> None:
    """Deploy all of a market, and open its pool."""
    run("MARKET", path, account, dry_run)


def run(stage: str, path: Path | None, account: str | None, dry_run: bool) -> None:
    """Plans, shows the plan or carries it out; mistakes of the user end as sentences."""
    from plimsoll.deploy import DeployError

    try:
        deploy(stage, path, account, dry_run)
    except DeployError as error:
        raise click.ClickException(str(error)) from None


def deploy(stage: str, path: Path | None, account: str | None, dry_run: bool) -> None:
    from plimsoll.chain.sources import ensure_compiled
    from plimsoll.deploy import AddressBook, Stage, book_path, load_market, plan, signer

    provider = ape.networks.provider
    market = load_market(path) if path else None
    ensure_compiled(ape.project)
    ape.logging.logger.set_level(ape.logging.LogLevel.WARNING)
    sender = signer(account, provider)
    book = AddressBook.load(provider, book_path(provider))
    planned = plan(market, book, sender, Stage[stage])

    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    where = f"{provider.network.ecosystem.name}:{provider.network.name}, chain {provider.chain_id}"
    console.print(f"Network {where}; account {sender.address}; address book {book.path or 'in memory only'}")
    results = {}
    if not dry_run:
        for result in planned.apply():
            results[result.step.what] = result
            console.print(f"  {len(results)}/{len(planned.missing)} {result.step.what}: {result.step.note}")
    console.print(table(planned.steps, results))
    if dry_run:
        console.print(f"Nothing was sent; {len(planned.missing)} transactions are missing.")
    else:
        console.print(f"{len(results)} transactions sent." if results else "Nothing to do.")
    if book.path is None:
        console.print(
            "This chain ends with this command, and nothing is written down. To keep it, start anvil in "
            "another terminal and set APE_FOUNDRY_HOST=http://127.0.0.1:8545."
        )


def table(steps: Any, results: dict[str, Any]) -> Table:
    """The steps of a plan and what became of them."""
    table = Table()
    table.add_column("step", overflow="fold")
    table.add_column("state", overflow="fold")
    table.add_column("address", no_wrap=True, min_width=42)
    table.add_column("transaction", no_wrap=True)
    table.add_column("gas", justify="right", no_wrap=True)
    for step in steps:
        result = results.get(step.what)
        if result:
            tx = f"{result.tx[:8]}…{result.tx[-6:]}"
            table.add_row(step.what, f"[green]✓ {step.note}", result.address, tx, f"{result.gas:,}")
        elif step.is_missing:
            table.add_row(step.what, f"[yellow]{step.note}", "", "", f"{step.gas:,}" if step.gas else "?")
        else:
            table.add_row(step.what, step.note, step.address or "", "", "")
    return table
