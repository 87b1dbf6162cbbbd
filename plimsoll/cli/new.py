"""Writes a file to start from."""

from pathlib import Path

import click

STARTS = Path(__file__).with_name("starts")
KINDS = {path.stem: path for path in sorted(STARTS.iterdir()) if path.suffix in (".py", ".yaml")}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("name")
def cli(kind: str, name: str) -> None:
    """Write a scenario, a market file or an agent to start from, as NAME.yaml or NAME.py."""
    start = KINDS[kind]
    path = Path(name)
    if not path.name:
        raise click.UsageError(f"{name!r} is no name for a file; give another.")
    path = path.with_name(path.name.removesuffix(start.suffix) + start.suffix)
    text = start.read_text(encoding="utf-8").replace("NAME", path.stem).replace("THIS_FILE", path.name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(f"{path} exists; give another name.") from None
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise click.ClickException(f"{path} cannot be written ({reason}); choose another folder.") from None
    click.echo(f"{path} is written; its first lines say what to do with it.")
