"""Writes what block explorers need to show the sources of a deployed market. See docs/networks.md."""

from pathlib import Path

import click

from plimsoll.cli.network import NetworkCommand

FOLDER = Path("verification")


@click.command(cls=NetworkCommand)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write.  [default: verification/BOOK]",
)
@click.option(
    "--book",
    "place",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the address book.  [default: deployments/NETWORK.json]",
)
def cli(out: Path | None, place: Path | None) -> None:
    """Write the standard JSON of each deployed contract, and the arguments of its constructor."""
    import ape
    from ape.exceptions import ApeException

    from plimsoll.chain.views import network_of
    from plimsoll.deploy import AddressBook, DeployError, book_path
    from plimsoll.deploy.verify import write_verification

    provider = ape.networks.provider
    place = place or book_path(provider)
    folder = out or FOLDER / (place.stem if place else "local")
    try:
        contracts = write_verification(AddressBook.load(provider, place), provider, folder)
    except DeployError as error:
        raise click.ClickException(str(error)) from None
    except (ApeException, OSError) as error:
        raise click.ClickException(
            f"The node of {network_of(provider)} does not answer ({type(error).__name__}); see that it runs."
        ) from None
    for each in contracts:
        click.echo(f"{each.address}  {each.contract:<15}  {each.name}")
    click.echo(f"{len(contracts)} contracts: {folder}")
