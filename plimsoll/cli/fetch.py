"""Gets what is not ours to ship from npm, once, into the user's cache."""

import click


@click.command()
@click.argument("what", type=click.Choice(["uniswap", "anvil"]), default="uniswap")
def cli(what: str) -> None:
    """Get Uniswap v2 with WETH9 (what the contracts trade on), or Anvil (a local chain), from npm.

    They go into the user's cache, once; package.json in Plimsoll says which versions.
    """
    from plimsoll.chain import uniswap
    from plimsoll.chain.npm import FetchError, anvil_package, fetch, version_of

    packages = sorted(set(uniswap.PACKAGES.values())) if what == "uniswap" else [anvil_package()]
    for package in packages:
        try:
            folder = fetch(package)
        except FetchError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"{package} {version_of(package)} is in {folder}")
