"""Liquidates what can be liquidated of one vault or basket. See docs/keeper.md."""

import logging
import random
import signal
import threading
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from plimsoll.cli import Number, Whole
from plimsoll.cli.network import NetworkCommand, quiet_ape
from plimsoll.keeper.settings import Settings
from plimsoll.sentences import demand


def settings_options(command: Any) -> Any:
    """Gives a command an option for each of the keeper's settings."""
    for name, field in reversed(Settings.model_fields.items()):
        words = f"{field.description}."
        text = words[0].upper() + words[1:]
        if field.annotation is bool:
            kind: dict[str, Any] = {"is_flag": True}
        elif isinstance(field.default, tuple):
            kind = {"multiple": True}
        else:
            kind = {}
            text += "" if field.default is None else f"  [default: {field.default}]"
        command = click.option(f"--{name.replace('_', '-')}", name, help=text, **kind)(command)
    return command


def settings_from(given: dict[str, Any]) -> Settings:
    """The settings that the options and the environment give; the first mistake is a sentence."""
    try:
        return Settings(**{name: value for name, value in given.items() if value not in (None, False, ())})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise click.UsageError(f"--{name} is {first['input']}, but {demand(first)}.") from None


@click.command(cls=NetworkCommand, needs=("prometheus_client",))
@settings_options
@click.option("--account", help="Who pays and signs, see `ape accounts list`.  [default locally: TEST::0]")
@click.option("--once", is_flag=True, help="Look once and stop.")
@click.option("--interval", type=Number(0.1), default=2.0, show_default=True, help="Seconds.")
@click.option("--metrics-file", type=click.Path(path_type=Path), help="Prometheus text, after each look.")
@click.option("--metrics-port", type=Whole(0, 65_535), help="Prometheus text on 127.0.0.1.")
@quiet_ape("ERROR")  # it would speak up at each signature
def cli(
    account: str | None,
    once: bool,
    interval: float,
    metrics_file: Path | None,
    metrics_port: int | None,
    **given: Any,
) -> None:
    """Liquidate what can be liquidated of one vault or basket."""
    settings = settings_from(given)
    import ape
    from prometheus_client import start_http_server, write_to_textfile
    from rich.console import Console
    from rich.live import Live
    from rich.logging import RichHandler

    from plimsoll.deploy import DeployError, signer
    from plimsoll.keeper.assembly import KeeperError, assemble
    from plimsoll.keeper.index import IndexFault
    from plimsoll.keeper.metrics import registry
    from plimsoll.keeper.node import NodeError, Reverted

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
        who = signer(account, provider)
        made = assemble(settings, provider, who)
        keeper = made.keeper
        compared = keeper.catch_up(random.Random())
        mode = ", dry run" if settings.dry_run else ""
        console.print(
            f"{len(made.index.positions):,} positions of {made.vault} in {made.database}, {compared} "
            f"compared with the chain; account {who.address}{mode}. Ctrl-C stops.",
            highlight=False,
        )
        metrics = registry(lambda: keeper.status)
        if metrics_port is not None:
            start_http_server(metrics_port, "127.0.0.1", metrics)
        if once:
            stop.set()
            keeper.tick()
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def report(status: Any) -> None:
                if console.is_terminal:
                    live.update(table(made.vault, status, made.unit), refresh=True)
                if metrics_file:
                    write_to_textfile(str(metrics_file), metrics)

            if once:
                report(keeper.status)
            keeper.run(stop, interval, report)
        made.index.close()
    except (DeployError, IndexFault, KeeperError, NodeError, OSError) as error:
        raise click.ClickException(str(error)) from None
    except Reverted as error:
        raise click.ClickException(f"A call reverted: {error}.") from None
    console.print(table(made.vault, keeper.status, made.unit))


def table(name: str, status: Any, unit: int) -> Any:
    """What the keeper sees and has done."""
    from rich.table import Table

    shown = Table(title=f"keeper of {name}", show_header=False)
    for title, value in (
        ("block", f"{status.block:,}"),
        ("positions", f"{status.positions:,}"),
        ("liquidatable", f"{status.liquidatable:,}"),
        ("funds", f"{status.funds / unit:,.2f}"),
        ("spent in a day", f"{status.spent / unit:,.2f}"),
        ("done", ", ".join(f"{count:,} {what}" for what, count in status.counts.items())),
        ("now", status.doing),
    ):
        shown.add_row(title, value)
    return shown
