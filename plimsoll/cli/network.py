"""Commands that talk to a node, through ape."""

from contextlib import ExitStack
from typing import Any

import click


class NetworkCommand(click.Command):
    """A command with `--network`, as ape has it; connected, by ape, while the command runs."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """A command, with its option."""
        super().__init__(*arguments, **settings)
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
        """
        from ape import networks
        from ape.exceptions import ApeException

        with ExitStack() as connection:
            try:
                connection.enter_context(networks.parse_network_choice(ctx.params.pop("network")))
            except ApeException as error:
                raise click.ClickException(str(error)) from None
            return super().invoke(ctx)
