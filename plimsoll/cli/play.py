"""A market to play with in a browser. See docs/play.md."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from plimsoll.cli import Whole, require

if TYPE_CHECKING:
    from plimsoll.play.session import Session

PORT = 8642


@click.command()
@click.argument("file", metavar="[MARKET]", required=False)
@click.option(
    "--engine", type=click.Choice(["revm", "anvil"]), default="revm", show_default=True,
    help="The contracts in this process, or on a node of its own, for wallets and other tools.",
)  # fmt: skip
@click.option("--borrowers", type=Whole(0, 20_000), help="Loans at first.  [default: 60]")
@click.option("--seed", type=Whole(0, 2**63 - 1), help="Other borrowers.")
@click.option(
    "--connect", metavar="NETWORK", help="A deployed market instead: a network as ape has it, or a URL."
)
@click.option(
    "--account", help="Who signs on a live network, see `ape accounts list`; without, the page only looks."
)
@click.option(
    "--port", type=Whole(0, 65_535), default=PORT, show_default=True, help="On 127.0.0.1; 0: any free one."
)
@click.option("--no-browser", is_flag=True, help="Print the link alone.")
def cli(
    file: str | None,
    engine: str,
    borrowers: int | None,
    seed: int | None,
    connect: str | None,
    account: str | None,
    port: int,
    no_browser: bool,
) -> None:
    """Play with a market in a browser: drag the price, open loans, see who is liquidated.

    MARKET is a market file of mock tokens, or the name of one that ships.
    """
    require("starlette", "uvicorn", "websockets", "markupsafe")
    if account and not connect:
        raise click.UsageError("--account goes with --connect; on a chain of its own people are made up.")
    if connect and file:
        raise click.UsageError("Give a market file, or --connect to a deployed market.")
    with ExitStack() as stack:
        make = _deployed(stack, connect, account) if connect else _own(file, engine, borrowers, seed)
        _serve(make, port, no_browser)


def _own(file: str | None, engine: str, borrowers: int | None, seed: int | None) -> Callable[[], Session]:
    from plimsoll.play import session

    count = session.BORROWERS if borrowers is None else borrowers
    return lambda: session.own(file or session.FILE, engine, count, session.SEED if seed is None else seed)


def _deployed(stack: ExitStack, network: str, account: str | None) -> Callable[[], Session]:
    from plimsoll.cli.network import connected, looking_at, quiet_ape

    stack.enter_context(quiet_ape("WARNING"))
    stack.enter_context(connected(network))
    import ape

    from plimsoll.play.deployed import session_at

    provider = ape.networks.provider

    def make() -> Session:
        with looking_at(provider):
            return session_at(provider, account)

    return make


def _serve(make: Callable[[], Session], port: int, no_browser: bool) -> None:
    import uvicorn

    from plimsoll.deploy.market import DeployError
    from plimsoll.market.refusals import MarketError
    from plimsoll.play.app import Server

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            reason = str(error.strerror or error).lower()
            raise click.ClickException(
                f"Port {port} cannot be taken ({reason}); choose another with --port."
            ) from None
        port = listening.getsockname()[1]
        click.echo("Starting: the link comes here in some seconds.", err=True)
        token = secrets.token_urlsafe(16)
        try:
            server = Server(make, token, port)
        except (MarketError, DeployError, FileNotFoundError) as error:
            raise click.ClickException(str(error)) from None
        address = f"http://127.0.0.1:{port}/?token={token}"

        class Announced(uvicorn.Server):
            """Says the link once it answers, and Ctrl-C ends it in order."""

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                click.echo(f"{address}\nThe link is for this machine and for you alone. Ctrl-C stops.")
                if not no_browser:
                    click.launch(address)

        settings = uvicorn.Config(
            server.app,
            log_level="warning",
            ws="websockets-sansio",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        try:
            Announced(settings).run(sockets=[listening])
        finally:
            server.close()
