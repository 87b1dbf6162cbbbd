"""Looks at a deployed market again and again and gives alerts. See docs/watching.md."""

from __future__ import annotations

import signal
import threading
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plimsoll.cli import Number
from plimsoll.cli.network import NetworkCommand, looking_at, quiet_ape, wide_console
from plimsoll.inspection.alerts import Limits
from plimsoll.units import WAD

if TYPE_CHECKING:
    from plimsoll.inspection.watch import Look

ALERTED = 3  # exit code of --once
FLUSH = 20  # seconds that a webhook has at the end


@click.command(cls=NetworkCommand, needs=("requests",))
@click.argument("name", required=False)
@click.option(
    "--health", type=Number(0.01, 100), default=Limits().health / WAD, show_default=True,
    help="Alert: a position's is below.",
)  # fmt: skip
@click.option(
    "--utilisation", type=Number(0, 1), default=Limits().utilisation / WAD, show_default=True,
    help="Alert: a pool's is above.",
)  # fmt: skip
@click.option("--interval", type=Number(0.1), default=12.0, show_default=True, help="Seconds between looks.")
@click.option(
    "--webhook",
    metavar="URL",
    envvar="PLIMSOLL_WEBHOOK",
    help="Alerts are posted there as JSON; PLIMSOLL_WEBHOOK hides it from who sees your commands.",
)
@click.option(
    "--log", "path", type=click.Path(path_type=Path, dir_okay=False), help="Alerts are added to it as JSON."
)
@click.option("--once", is_flag=True, help=f"Look once and stop; the exit code is {ALERTED} if alerts stand.")
@quiet_ape("ERROR")
def cli(
    name: str | None,
    health: float,
    utilisation: float,
    interval: float,
    webhook: str | None,
    path: Path | None,
    once: bool,
) -> None:
    """Watch pools, vaults and positions of the network's address book, and give alerts.

    NAME is one pool (pUSDC), one vault or one basket (pUSDC/weth); without it everything is watched. Alerts
    are raised at positions of low health, silent oracles, pools in full use, raises that are queued and
    not witnessed, and a node that is silent. Nothing is ever sent to the chain.
    """
    import ape

    from plimsoll.deploy import AddressBook, book_path
    from plimsoll.inspection.bells import BellError, LogFile, Webhook
    from plimsoll.inspection.read import InspectError
    from plimsoll.inspection.watch import Watcher, watch

    provider, console = ape.networks.provider, wide_console()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def complain(text: str) -> None:
        console.print(f"Warning: {text}", style="yellow", markup=False)

    bells: list[Any] = []
    try:
        if path:
            bells.append(LogFile(path))
        if webhook:
            bells.append(Webhook(webhook, complain))
        with looking_at(provider):
            limits = Limits(*(int(Decimal(str(each)) * WAD) for each in (health, utilisation)))
            watcher = Watcher(AddressBook.load(provider, book_path(provider)), provider, limits, name)
            first = watcher.look()  # a node that does not answer at the start is a sentence
    except (BellError, InspectError) as error:
        raise click.ClickException(str(error)) from None

    shown = ""

    def tell(look: Look) -> None:
        nonlocal shown
        if look.line != shown:  # else there is no new block
            console.print(look.line, markup=False, soft_wrap=True)
        shown = look.line
        for alert in look.begun:
            console.print(f"  ALERT  {alert.said}", style="bold red", markup=False, soft_wrap=True)
        for alert in look.over:
            console.print(f"  over   {alert.said}", style="green", markup=False, soft_wrap=True)
        if look.begun or look.over:
            for bell in bells:
                try:
                    bell.ring(look.to_json())
                except OSError as error:
                    complain(f"{path} cannot be written ({error.strerror or error}); an alert is not in it.")

    tell(first)
    if not once and not stop.wait(interval):
        watch(watcher, tell, stop, interval)
    for bell in bells:
        bell.close(FLUSH) if isinstance(bell, Webhook) else bell.close()
    standing = len(watcher.standing)
    console.print(
        f"{standing or 'No'} alert{'' if standing == 1 else 's'} stand{'s' if standing == 1 else ''}."
    )
    if once and standing:
        raise SystemExit(ALERTED)
