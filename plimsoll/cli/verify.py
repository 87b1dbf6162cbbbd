"""Writes what block explorers need to show the sources of a deployed market. See docs/networks.md."""

from pathlib import Path

import click

from plimsoll.cli.network import NetworkCommand, book_option, looking_at

FOLDER = Path("verification")


@click.command(cls=NetworkCommand)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write.  [default: verification/BOOK]",
)
@book_option
def cli(out: Path | None, place: Path | None) -> None:
    """Write the standard JSON of each deployed contract, and the arguments of its constructor."""
    import ape

    from plimsoll.deploy import AddressBook, book_path
    from plimsoll.deploy.verify import write_verification

    provider = ape.networks.provider
    place = place or book_path(provider)
    folder = out or FOLDER / (place.stem if place else "local")
    with looking_at(provider):
        contracts = write_verification(AddressBook.load(provider, place), provider, folder)
    for each in contracts:
        click.echo(f"{each.address}  {each.contract:<15}  {each.name}")
    click.echo(f"{len(contracts)} contracts: {folder}")
