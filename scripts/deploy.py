"""Deploys a Factory, pools and vaults from a market file: `ape run deploy market --file markets/x.yaml`.

Each command does what the ones before it do as well. Running a command again sends only what is missing; with
--dry-run it sends nothing. See docs/deploying.md.
"""

from pathlib import Path
from typing import Any

import ape
import click
from ape.cli import ConnectedProviderCommand
from rich.console import Console
from rich.table import Table

WIDTH = 140  # when the output is not a terminal


def read_market(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Any:
    """Refuses a bad market file before a chain is started."""
    from plimsoll.deploy import DeployError, load_market

    try:
        return load_market(path) if path else None
    except DeployError as error:
        raise click.ClickException(str(error)) from None


@click.group(help="Deploy a Factory, pools and vaults; each command does what those before it do as well.")
def cli() -> None:
    pass


def command(stage: str, text: str, *, needs_file: bool = True) -> None:
    """Adds the command that deploys up to a stage."""

    @cli.command(stage, help=text, cls=ConnectedProviderCommand)
    @click.option(
        "--file",
        "market",
        type=click.Path(path_type=Path),
        required=needs_file,
        callback=read_market,
        help="Market file (YAML), see markets/.",
    )
    @click.option(
        "--account", help="Who signs, see `ape accounts list`.  [default on a local chain: TEST::0]"
    )
    @click.option("--dry-run", is_flag=True, help="Show what would be done, and send nothing.")
    def run(market: Any, account: str | None, dry_run: bool) -> None:
        deploy(stage, market, account, dry_run)


command("factory", "Deploy the blueprints, the Factory and the Lens.", needs_file=False)
command("pool", "Deploy the pool of a market, without its vaults, closed.")
command("vault", "Deploy the vaults of a market, with their oracles and limits.")
command("market", "Deploy all of a market, and open its pool.")


def deploy(stage: str, market: Any, account: str | None, dry_run: bool) -> None:
    """Plans, then carries the plan out or only shows it; mistakes of the user end as sentences."""
    from plimsoll.chain.sources import ensure_compiled
    from plimsoll.chain.views import network_of
    from plimsoll.deploy import AddressBook, DeployError, Stage, book_path, plan, signer

    provider = ape.networks.provider
    ensure_compiled(ape.project)
    ape.logging.logger.set_level(ape.logging.LogLevel.WARNING)  # else each transaction is reported twice
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    results: dict[str, Any] = {}
    try:
        sender = signer(account, provider)
        book = AddressBook.load(provider, book_path(provider))
        planned = plan(market, book, sender, Stage[stage.upper()])
        console.print(
            f"Network {network_of(provider)}, account {sender.address}, {book.title}", highlight=False
        )
        for warning in planned.warnings:
            console.print(f"Warning: {warning}", style="yellow", markup=False)
        if not dry_run:
            for result in planned.apply():
                results[result.step.what] = result
                console.print(
                    f"  {len(results)}/{len(planned.missing)} {result.step.what}: {result.step.note}"
                )
    except DeployError as error:
        raise click.ClickException(str(error)) from None
    console.print(table(planned.steps, results))
    count = f"{len(planned.missing)} transaction{'' if len(planned.missing) == 1 else 's'}"
    if not planned.missing:
        console.print("Nothing to do.")
    else:
        console.print(f"Nothing was sent; {count} to go." if dry_run else f"{count} sent.")
    if book.path is None:
        console.print(
            "This chain ends with this command, and nothing is written down. To keep a chain, start anvil in "
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
            table.add_row(step.what, f"[yellow]{step.note}", "", "", f"~{step.gas:,}" if step.gas else "?")
        else:
            table.add_row(step.what, step.note, step.address or "", "", "")
    return table
