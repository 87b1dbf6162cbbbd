"""A run's figures for the terminal."""

from collections.abc import Sequence

from rich.table import Table

from plimsoll.report.measures import MEASURES
from plimsoll.report.summary import HELP


def table(title: str, lines: Sequence[tuple[str, str, str]]) -> Table:
    """A table of group, label and figure; see `plimsoll.report.summary.lines`."""
    shown = Table(title=title, show_header=False)
    shown.add_column("group", style="bold")
    shown.add_column("label")
    shown.add_column("figure", justify="right")
    for number, (group, label, figure) in enumerate(lines):
        ends_group = number + 1 == len(lines) or bool(lines[number + 1][0])
        shown.add_row(group, label, figure, end_section=ends_group)
    return shown


def help_table(rows: Sequence[Sequence[str]], loan: str) -> Table:
    """What changes would have done; see `plimsoll.report.summary.lines_of_help`."""
    shown = Table(title=f"what would have helped, on the same path; {loan}")
    shown.add_column("change")
    for name in HELP:
        shown.add_column(MEASURES[name].title, justify="right")
    for row in rows:
        shown.add_row(*row)
    return shown
