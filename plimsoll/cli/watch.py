"""Watches a deployed market and speaks up. See docs/play.md."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from plimsoll.cli import Number
from plimsoll.cli.network import NetworkCommand, quiet_ape


@click.command(cls=NetworkCommand)
@click.option("--health", type=Number(0), default=1.05, show_default=True, help="Speak up of loans below.")
@click.option(
    "--utilisation", type=Number(0, 1), default=0.95, show_default=True, help="Speak up when so much is lent."
)
@click.option("--interval", type=Number(0.1), default=15.0, show_default=True, help="Seconds.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Add JSON lines to a file, too.")
@click.option("--webhook", metavar="URL", help="Send the same JSON to an address by POST, too.")
@click.option("--once", is_flag=True, help="Look once; the exit code is 3 when there is something to tell.")
@quiet_ape("ERROR")
def cli(
    health: float, utilisation: float, interval: float, log: Path | None, webhook: str | None, once: bool
) -> None:
    """Watch the network's market: loans in danger, silent oracles, utilisation, raises without a witness."""
    if webhook and not webhook.startswith(("https://", "http://")):
        raise click.UsageError(f"--webhook is {webhook}, but must begin with https:// or http://.")
    import ape

    from plimsoll.market.refusals import MarketError
    from plimsoll.play.alerts import Alert, Limits, Watch, alerts
    from plimsoll.play.deployed import session_at

    try:
        session = session_at(ape.networks.provider, None)
    except MarketError as error:
        raise click.ClickException(str(error)) from None
    limits = Limits(Decimal(str(health)), Decimal(str(utilisation)))
    watch = Watch(session.network or "", click.echo, log, webhook)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while True:
        try:
            found = alerts(session.state(), limits)
        except session.faults as error:
            found = [Alert("chain", "pool", "", f"The node does not answer ({type(error).__name__}).")]
        try:
            watch.look(found, datetime.now(UTC))
        except OSError as error:
            raise click.ClickException(f"{log} cannot be written ({error.strerror or error}).") from None
        if once:
            raise SystemExit(3 if found else 0)
        if stop.wait(interval):
            return
