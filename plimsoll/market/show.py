"""Tables for a terminal and for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from math import inf
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from plimsoll.market.amounts import Amount

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[tuple[str, Any]]
_NEAR = ((1.0, "bold red"), (1.05, "red"), (1.25, "yellow"))  # healths and their colours; above: green


def figures(title: str, rows: Rows) -> RenderableType:
    """Names and figures, under a title."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right", no_wrap=True)
    for name, figure in rows:
        table.add_row(name, text(figure))
    return Group(Text(title, style="bold"), table)


def html_figures(title: str, rows: Rows) -> str:
    """As `figures`, as HTML without colours of its own, for light and dark pages."""
    return f"<p><b>{escape(title)}</b></p>" + _html([], [[name, figure] for name, figure in rows])


def html_positions(frame: pd.DataFrame) -> str:
    """A frame of positions as HTML, likewise without colours."""
    return _html([_title(name) for name in frame.columns], frame.to_numpy().tolist())


def _html(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table whose first column is text, the others figures."""
    lines = [(head, "th"), *((list(map(text, row)), "td") for row in rows)]
    body = "".join(
        "<tr>"
        + "".join(
            f'<{tag} style="text-align:{"right" if place else "left"}">{escape(cell)}</{tag}>'
            for place, cell in enumerate(cells)
        )
        + "</tr>"
        for cells, tag in lines
        if cells
    )
    return f"<table>{body}</table>"


def positions(frame: pd.DataFrame) -> RenderableType:
    """A frame of positions, coloured by health."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for place, name in enumerate(frame.columns):
        table.add_column(_title(name), justify="right" if place else "left", no_wrap=True)
    for row in frame.to_dict("records"):
        table.add_row(*(Text(text(value), style=_colour(name, value)) for name, value in _cells(row)))
    return table


def text(figure: Any) -> str:
    """A figure for people, rounded to what they read."""
    if figure is None:
        return "-"
    if isinstance(figure, bool):
        return "yes" if figure else "no"
    if isinstance(figure, datetime):
        return f"{figure:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(figure, Amount) and figure.unit:
        return f"{_rounded(figure)} {figure.unit}"
    return _rounded(figure) if isinstance(figure, Decimal | float | int) else str(figure)


def _rounded(number: Decimal | float) -> str:
    """Two digits from 10 on, else four significant ones."""
    size = abs(float(number))
    if size == inf:
        return "∞"
    return f"{number:,.2f}" if size >= 10 or not size else f"{number:.4g}"


def _title(column: str) -> str:
    return column.removeprefix("is_").replace("_", " ")


def _cells(row: dict[Any, Any]) -> Iterable[tuple[str, Any]]:
    return ((str(name), value) for name, value in row.items())


def _colour(name: str, value: Any) -> str:
    if not name.startswith("health"):
        return ""
    return next((colour for bound, colour in _NEAR if value < bound), "green")
