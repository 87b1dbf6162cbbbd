"""Deploys a Factory, pools and vaults from a market file.

Each command does what the ones before it do as well. Running a command again sends only what is missing; with
--dry-run it sends nothing. See docs/deploying.md.
"""

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from plimsoll.cli.network import NetworkCommand, book_option, quiet_ape, wide_console


def read_market(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Any:
    """Refuses a bad market file before a chain is started."""
    from plimsoll.deploy import DeployError, load_market

    try:
        return load_market(path) if path else None
    except DeployError as error:
        raise click.ClickException(str(error)) from None


@click.group()
def cli() -> None:
    """Deploy a Factory, pools and vaults; each command does what those before it do as well."""


def command(stage: str, text: str, *, needs_file: bool = True) -> None:
    """Adds the command that deploys up to a stage."""

    @cli.command(stage, help=text, cls=NetworkCommand)
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
    @click.option("--yes", is_flag=True, help="Sign without asking for each transaction.")
    @book_option
    def run(market: Any, account: str | None, dry_run: bool, yes: bool, place: Path | None) -> None:
        deploy(stage, market, account, dry_run=dry_run, yes=yes, place=place)


command("factory", "Deploy the blueprints, the Factory and the Lens.", needs_file=False)
command("pool", "Deploy the pool of a market, without its vaults, closed.")
command("vault", "Deploy the vaults of a market, with their oracles and limits.")
command("market", "Deploy all of a market, and open its pool.")


@quiet_ape("ERROR")  # it would speak up at each signature
def deploy(
    stage: str,
    market: Any,
    account: str | None,
    *,
    dry_run: bool,
    yes: bool = False,
    place: Path | None = None,
) -> None:
    """Plans, then carries the plan out or only shows it; whatever goes wrong ends as a sentence."""
    import ape
    from ape.exceptions import ApeException
    from web3.exceptions import Web3Exception

    from plimsoll.chain.views import network_of
    from plimsoll.deploy import (
        AddressBook,
        DeployError,
        Stage,
        book_path,
        locked,
        plan,
        sign_without_asking,
        signer,
        unlock,
    )
    from plimsoll.deploy.steps import reason

    provider = ape.networks.provider
    console = wide_console()
    results: dict[str, Any] = {}
    try:
        sender = signer(account, provider)
        place = place or book_path(provider)
        with locked(None if dry_run else place):
            book = AddressBook.load(provider, place)
            planned = plan(market, book, sender, Stage[stage.upper()])
            console.print(f"Network {network_of(provider)}, account {sender.address}, {book.title}")
            console.print(costs(planned))
            for warning in planned.warnings:
                console.print(f"Warning: {warning}", style="yellow", markup=False)
            if not dry_run:
                if planned.missing:
                    (sign_without_asking if yes else unlock)(sender)
                for result in planned.apply(lambda said: console.print(f"  {said}", markup=False)):
                    results[result.step.what] = result
                    done = f"{len(results)}/{len(planned.missing)} {result.step.what}: {result.step.note}"
                    console.print(f"  {done}", markup=False)
    except DeployError as error:
        raise click.ClickException(str(error)) from None
    except (ApeException, Web3Exception, OSError) as error:
        raise click.ClickException(
            f"The node of {network_of(provider)} does not do what it is asked ({reason(error)}); see that it "
            "runs, and run the command again, which goes on from here."
        ) from None
    console.print(table(planned.steps, results))
    count = f"{len(planned.missing)} transaction{'' if len(planned.missing) == 1 else 's'}"
    if not planned.missing:
        console.print("Nothing to do.")
    elif dry_run:
        console.print(f"Nothing was sent; {count} to go.")
    else:
        console.print(f"{count} sent for {planned.coins(sum(result.cost for result in results.values()))}.")
    if book.path is None:
        console.print(
            "This chain ends with this command, and nothing is written down. To keep a chain, start anvil in "
            "another terminal and set APE_FOUNDRY_HOST=http://127.0.0.1:8545."
        )


def costs(planned: Any) -> str:
    """What a plan will cost, as far as that is known, and what the account has."""
    price = planned.account.provider.gas_price
    known = [step for step in planned.missing if step.gas is not None]
    later = len(planned.missing) - len(known)
    data = sum(step.data_fee for step in known)
    total = sum(step.gas for step in known) * price + data
    text = f"{len(known)} transactions cost about {planned.coins(total)} at {price / 10**9:.3f} gwei"
    text += f", {planned.coins(data)} of it for their data" if data else ""
    text += f", {later} more depend on these" if later else ""
    return f"{text}; the account has {planned.coins(planned.account.balance)}."


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
