"""Shows pools, vaults and positions at a glance. See docs/lens.md."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
@click.option(
    "--positions",
    "book",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write all positions to a CSV instead, which scenarios take.",
)
def cli(name: str | None, as_json: bool, rows: int, book: Path | None = None) -> None:
    """Show pools, vaults and positions of the network's address book.

    NAME is one pool (pUSDC), one vault or one basket (pUSDC/weth); without it everything is shown.
    """
    import ape

    from plimsoll.deploy import AddressBook, book_path
    from plimsoll.inspection.read import InspectError, read
    from plimsoll.inspection.show import to_json, to_rows, to_tables

    provider = ape.networks.provider
    with quiet_ape("WARNING"), looking_at(provider):
        try:
            market = read(AddressBook.load(provider, book_path(provider)), provider, name)
        except InspectError as error:
            raise click.ClickException(str(error)) from None
    if book:
        _write(book, list(to_rows(market)))
        return
    if as_json:
        click.echo(json.dumps(to_json(market), indent=2))
        return
    wide_console().print(to_tables(market, rows))


def _write(path: Path, rows: Sequence[tuple[Any, ...]]) -> None:
    """Writes a file of positions and says how a scenario takes it."""
    from plimsoll.scenario.positions_file import write

    try:
        write(path, rows)
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise click.ClickException(f"{path} cannot be written ({reason}); name another file.") from None
    names = dict.fromkeys(row[1] for row in rows)
    numbers = ", ".join(f"{vault}: {number}" for number, vault in enumerate(names))
    click.echo(
        f"{path} has {len({row[:2] for row in rows})} positions. In a scenario, with your vaults' numbers:"
    )
    click.echo(f"  borrowers: [{{file: {path}, vaults: {{{numbers}}}}}]")
