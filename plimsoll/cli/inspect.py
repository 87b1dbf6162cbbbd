"""Shows pools, vaults and positions at a glance. See docs/lens.md."""

import json

import click

from plimsoll.cli import Whole
from plimsoll.cli.network import NetworkCommand, looking_at, quiet_ape, wide_console

ROWS = 30


@click.command(cls=NetworkCommand)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Everything, for machines; integers as strings.")
@click.option(
    "--rows",
    type=Whole(min=1),
    default=ROWS,
    show_default=True,
    help="Positions shown of each vault and basket, the least healthy first.",
)
def cli(name: str | None, as_json: bool, rows: int) -> None:
    """Show pools, vaults and positions of the network's address book.

    NAME is one pool (pUSDC), one vault or one basket (pUSDC/weth); without it everything is shown.
    """
    import ape

    from plimsoll.deploy import AddressBook, book_path
    from plimsoll.inspection.read import InspectError, read
    from plimsoll.inspection.show import to_json, to_tables

    provider = ape.networks.provider
    with quiet_ape("WARNING"), looking_at(provider):
        try:
            market = read(AddressBook.load(provider, book_path(provider)), provider, name)
        except InspectError as error:
            raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(to_json(market), indent=2))
        return
    wide_console().print(to_tables(market, rows))
