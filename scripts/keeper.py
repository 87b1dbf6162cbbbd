"""Liquidates what can be liquidated of one vault: `ape run keeper`. See docs/keeper.md."""

import logging
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand

TIMEOUT = 10  # seconds that the node may take to answer


class Amount(click.ParamType):
    """A decimal number that is not negative."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        from decimal import Decimal, InvalidOperation

        with suppress(InvalidOperation):
            if (number := Decimal(value)).is_finite() and number >= 0:
                return number
        self.fail(f"{value} is not a number of at least 0", param, ctx)


@click.command(cls=ConnectedProviderCommand)
@click.option("--vault", "name", help="Name in the address book, or address.  [default: the only one]")
@click.option("--from-block", type=click.IntRange(0), default=0, help="For an address: its first block.")
@click.option("--account", help="Who pays and signs, see `ape accounts list`.  [default locally: TEST::0]")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and send nothing.")
@click.option("--once", is_flag=True, help="Look once and stop.")
@click.option("--interval", type=click.FloatRange(0.1), default=2.0, show_default=True, help="Seconds.")
@click.option("--floor", type=Amount(), default="0", help="Least profit of a batch, whole loan tokens.")
@click.option(
    "--discount",
    type=click.FloatRange(0, 50),
    default=1.0,
    show_default=True,
    help="% below the oracle's price at which you sell what is seized.",
)
@click.option("--pair", help="Address of the Uniswap v2 pair into which you sell, instead of --discount.")
@click.option("--liquidator", help="Address, or `book`: liquidate without funds, selling on Uniswap v2.")
@click.option("--via", multiple=True, help="Token to sell over, with --liquidator; in order.")
@click.option("--coin-price", type=Amount(), help="Whole loan tokens for the coin that gas is paid in.")
@click.option("--gas-cap", type=click.IntRange(200_000), default=15_000_000, show_default=True)
@click.option(
    "--cooldown", type=click.IntRange(0), default=60, show_default=True, help="Seconds, see the docs."
)
@click.option(
    "--patience", type=click.IntRange(1), default=30, show_default=True, help="Seconds, see the docs."
)
@click.option("--allowance", type=Amount(), help="Standing allowance, whole tokens.  [default: exact]")
@click.option("--database", type=click.Path(path_type=Path), help="[default: .keeper/<chain>-<vault>.sqlite]")
@click.option("--metrics-file", type=click.Path(path_type=Path), help="Prometheus text, after each look.")
@click.option("--metrics-port", type=click.IntRange(0, 65_535), help="Prometheus text on 127.0.0.1.")
def cli(
    name: str | None,
    from_block: int,
    account: str | None,
    dry_run: bool,
    once: bool,
    interval: float,
    floor: Any,
    discount: float,
    pair: str | None,
    liquidator: str | None,
    via: tuple[str, ...],
    coin_price: Any,
    gas_cap: int,
    cooldown: int,
    patience: int,
    allowance: Any,
    database: Path | None,
    metrics_file: Path | None,
    metrics_port: int | None,
) -> None:
    """Liquidate what can be liquidated of one vault."""
    import ape
    from rich.console import Console
    from rich.live import Live
    from rich.logging import RichHandler

    from plimsoll.chain.sources import ensure_compiled
    from plimsoll.deploy import AddressBook, DeployError, book_path, signer
    from plimsoll.keeper import metrics
    from plimsoll.keeper.execution import Execution, FlashLiquidation, Inventory
    from plimsoll.keeper.index import Index, IndexFault
    from plimsoll.keeper.loop import Keeper, Policy
    from plimsoll.keeper.node import Node, NodeError, Reverted, VaultNode
    from plimsoll.keeper.signer import ApeSigner

    provider = ape.networks.provider
    console = Console()
    log = logging.getLogger("plimsoll.keeper")
    log.setLevel(logging.INFO)
    log.addHandler(RichHandler(console=console, show_path=False))
    log.propagate = False
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # ape would stop a chain of its own in the middle
        signal.signal(number, lambda *_: stop.set())
    try:
        ensure_compiled(ape.project)
        book = AddressBook.load(provider, book_path(provider))
        name, address, first_block = chosen(book, name, from_block)
        who = signer(account, provider)
        node = Node(patient(provider.web3.provider).make_request)
        vault = VaultNode(node, address)
        if coin_price is None and node.number("eth_gasPrice") > 0:
            raise click.ClickException(
                "Gas costs something here; say with --coin-price how many loan tokens its coin is worth."
            )
        loan = 10 ** node.view(vault.loan, "decimals()", "uint8")[0]
        policy = Policy(
            floor=max(1, int(floor * loan)),
            coin_price=int((coin_price or 0) * loan * 10**18),
            gas_cap=gas_cap,
            cooldown=cooldown,
            patience=patience,
            allowance=None if allowance is None else int(allowance * loan),
            is_dry=dry_run,
        )
        execution: Execution = Inventory(vault, round(discount * 100), pair)
        if liquidator == "book":
            if book.liquidator is None:
                raise click.ClickException(f"There is no Liquidator in {book.title}; give its address.")
            liquidator = book.liquidator.address
        if liquidator is not None:
            execution = FlashLiquidation(vault, liquidator, via)
        needed = execution.spender and not dry_run
        if needed and node.view(vault.loan, "balanceOf(address)", "uint256", who.address) == (0,):
            raise click.ClickException(
                f"{who.address} has none of the loan asset {vault.loan}; send it some, or try --liquidator "
                "or --dry-run."
            )
        if not dry_run and hasattr(who, "set_autosign"):  # asks for the passphrase once, not for each batch
            who.set_autosign(True)
        path = database or Path(".keeper") / f"{provider.chain_id}-{name.replace('/', '-')}.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        index = Index(path, provider.chain_id, address, first_block)
        keeper = Keeper(vault, index, ApeSigner(who), execution, policy, time.time)
        compared = keeper.catch_up(random.Random())
        console.print(
            f"{len(index.positions):,} positions of {name} in {path}, {compared} compared with the chain; "
            f"account {who.address}{', dry run' if dry_run else ''}. Ctrl-C stops.",
            highlight=False,
        )
        if metrics_port is not None:
            metrics.serve(lambda: keeper.status, metrics_port)
        if once:
            stop.set()
            keeper.tick()
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def report(status: Any) -> None:
                if console.is_terminal:
                    live.update(table(name, status, loan), refresh=True)
                if metrics_file:
                    metrics.write(status, metrics_file)

            if once:
                report(keeper.status)
            keeper.run(stop, interval, report)
        index.close()
    except (DeployError, IndexFault, NodeError, OSError) as error:
        raise click.ClickException(str(error)) from None
    except Reverted as error:
        raise click.ClickException(f"A call reverted: {error}.") from None
    console.print(table(name, keeper.status, loan))


def chosen(book: Any, name: str | None, from_block: int) -> tuple[str, str, int]:
    """Name, address and first block of the vault that is named, or of the only one; else a sentence."""
    from eth_utils.address import is_address, to_checksum_address

    if name is not None and is_address(name):
        return name, to_checksum_address(name), from_block
    if not book.vaults:
        raise click.ClickException(
            f"There is no vault in {book.title}; deploy one (`ape run deploy market`), choose --network, or "
            "give its address with --vault."
        )
    if name is None and len(book.vaults) == 1:
        name = next(iter(book.vaults))
    if name not in book.vaults:
        what = f"{name} is no vault" if name else "There is more than one vault"
        raise click.ClickException(f"{what} in {book.title}; choose --vault from {', '.join(book.vaults)}.")
    record = book.vaults[name]
    return name, record.address, record.block or 0


def patient(provider: Any) -> Any:
    """The same node, but a request fails after `TIMEOUT` seconds and is not repeated behind our back."""
    from web3 import HTTPProvider

    if not isinstance(provider, HTTPProvider):
        return provider
    options = {**provider.get_request_kwargs(), "timeout": TIMEOUT}
    return HTTPProvider(provider.endpoint_uri, options, exception_retry_configuration=None)


def table(name: str, status: Any, loan: int) -> Any:
    """What the keeper sees and has done."""
    from rich.table import Table

    shown = Table(title=f"keeper of {name}", show_header=False)
    for title, value in (
        ("block", f"{status.block:,}"),
        ("positions", f"{status.positions:,}"),
        ("liquidatable", f"{status.liquidatable:,}"),
        ("funds", f"{status.funds / loan:,.2f}"),
        ("done", ", ".join(f"{count:,} {what}" for what, count in status.counts.items())),
        ("now", status.doing),
    ):
        shown.add_row(title, value)
    return shown
