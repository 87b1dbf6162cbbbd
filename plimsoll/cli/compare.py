"""Lays two runs side by side, or two sweeps path by path. See docs/results.md."""

from pathlib import Path

import click

from plimsoll.cli import with_figures
from plimsoll.scenario.files import REPORTS, shown

DIFFERENCES = 20  # settings that the terminal shows


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the comparison.  [default: reports/<A>-and-<B>]",
)
@with_figures
def cli(a: Path, b: Path, out: Path | None, figures: tuple[str, ...]) -> None:
    """Show two runs on the same axes, and what differs between them; or two sweeps, path by path.

    A and B are folders that `plimsoll run` has written, or `plimsoll sweep`.
    """
    from rich.console import Console
    from rich.table import Table

    from plimsoll.report import compare as runs
    from plimsoll.report import sweep_compare as sweeps
    from plimsoll.report.folder import PAGE, FolderError
    from plimsoll.report.sweep import is_sweep

    folder = out or REPORTS / f"{a.absolute().name}-and-{b.absolute().name}"
    if folder.resolve() in (a.resolve(), b.resolve()):
        raise click.ClickException(f"{folder} is one of the two; name another folder with --out.")
    console = Console()
    try:
        with console.status("drawing the comparison"):
            if are_sweeps := is_sweep(a) or is_sweep(b):
                summary = sweeps.compare(a, b, folder)
            else:
                summary = runs.compare(a, b, folder, figures)
    except FolderError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"The comparison broke off ({error}); nothing was written.") from None
    headings = ["measure", "A", "B", "B less A"]
    if are_sweeps:
        headings.append("interval of 95 %")
        parts = [(point["label"], sweeps.lines(point)) for point in summary["points"]]
    else:
        titles = (
            f"{letter.upper()}: {it['title']} (seed {it['seed']}, path {it['path']})"
            for letter, it in ((letter, summary[letter]) for letter in "ab")
        )
        parts = [("\n".join(titles), runs.lines(summary))]
    for title, rows in parts:
        table = Table(title=title)
        for heading in headings:
            table.add_column(heading, justify="left" if heading == "measure" else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    if not are_sweeps:
        differs = [
            f"{name}: {one or 'none'} -> {other or 'none'}" for name, one, other in summary["settings"]
        ]
        if len(differs) > DIFFERENCES:
            differs[DIFFERENCES:] = [f"and {len(differs) - DIFFERENCES} more, see the page"]
        text = "\n  ".join(["what differs:", *(differs or ["nothing: the same scenario on the same path"])])
        console.print(text, soft_wrap=True, highlight=False, markup=False)
    console.print(f"page: {shown(folder / PAGE)}", soft_wrap=True)
