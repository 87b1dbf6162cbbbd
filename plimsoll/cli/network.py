"""What the commands share that talk to a node, through ape."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from plimsoll.cli import INTERRUPTED, require

WIDTH = 140  # of tables when the output is not a terminal

book_option = click.option(
    "--book",
    "place",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the address book.  [default: deployments/NETWORK.json]",
)


class NetworkCommand(click.Command):
    """A command with `--network`, as ape has it; connected, by ape, while the command runs."""

    def __init__(self, *arguments: Any, needs: Sequence[str] = (), **settings: Any) -> None:
        """A command, with its option; `needs` are modules that an extra brings, besides ape."""
        super().__init__(*arguments, **settings)
        self._needs = needs
        option = click.Option(
            ["--network"],
            metavar="NETWORK",
            help="See `ape networks list`, or a node's URL.  [default: that of ape-config.yaml]",
        )
        self.params.append(option)

    def invoke(self, ctx: click.Context) -> Any:
        """Connects and runs.

        Raises:
            click.ClickException: the network is not known, or its node does not answer.
            KeyboardInterrupt: Ctrl-C.
        """
        require(*self._needs)
        try:
            with connected(ctx.params.pop("network")):
                return super().invoke(ctx)
        except SystemExit as left:
            if left.code == INTERRUPTED:  # so ape answers Ctrl-C
                raise KeyboardInterrupt from None
            raise


@contextmanager
def connected(network: str | None) -> Iterator[None]:
    """Connected to a network by ape. Raises `click.ClickException`."""
    from ape import networks
    from ape.exceptions import ApeException

    with ExitStack() as connection:
        try:
            provider = connection.enter_context(networks.parse_network_choice(network))
        except ApeException as error:
            reason = str(error).splitlines()[0].removesuffix(" Options:")
            raise click.ClickException(
                f"{reason} Give a node's URL, or a name that `ape networks list` shows."
            ) from None
        if provider.name == "test":
            raise click.ClickException(
                "Without an ape-config.yaml ape's chain is one that lives in this process alone; name "
                "another, such as --network ethereum:local:foundry or a node's URL."
            )
        yield


@contextmanager
def quiet_ape(level: str) -> Iterator[None]:
    """Shows what ape logs from a level on; its own `at_level` does not go back when something is raised."""
    from ape.logging import logger

    before = logger.level
    logger.set_level(level)
    try:
        yield
    finally:
        logger.set_level(before)


@contextmanager
def looking_at(provider: Any) -> Iterator[None]:
    """What goes wrong while a network is looked at ends as a sentence."""
    from ape.exceptions import ApeException
    from web3.exceptions import Web3Exception

    from plimsoll.chain.views import network_of
    from plimsoll.deploy import DeployError

    try:
        yield
    except DeployError as error:
        raise click.ClickException(str(error)) from None
    except (ApeException, Web3Exception, OSError) as error:
        raise click.ClickException(
            f"The node of {network_of(provider)} does not answer ({type(error).__name__}); see that it runs."
        ) from None


def wide_console() -> Any:
    """A terminal for tables, or a file with room for them."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console
