"""The figure of who paid whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from plimsoll.report.figures.sheet import Sheet
from plimsoll.report.figures.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, VERMILLION
from plimsoll.report.folder import Run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"bonus": BLUE, "trade": ORANGE, "loss": VERMILLION, "fee": GREEN, "interest": PURPLE}
OTHERS = "others"  # of the purposes
OUTSIDE = "outside"  # what is brought from elsewhere is nobody's gain
LEAST = 1 / 500  # of all that is paid; less is left out
ROOM, GAP = 0.055, 0.02  # of the picture: what a name needs at least, and between two
BAR = 0.015  # width of a party's bar, of the picture


class Payment(NamedTuple):
    """What one party gave another for one purpose."""

    ends: tuple[str, str]  # payer, payee
    purpose: str
    value: float


Places = dict[str, tuple[float, float]]  # top and height of each party's bar, of the picture


def flows(runs: Sequence[Run]) -> Figure:
    """From who gave, on the left, to who received, on the right: a band for each purpose."""
    sheet = Sheet(runs, 1, height=4.4)
    for run, panel in sheet.row(0):
        panel.set_axis_off()
        payments = paid(run.tables["flows"])
        if not payments:
            sheet.empty(panel, "Nobody paid anybody")
            continue
        total = sum(each.value for each in payments)
        shares = [each._replace(value=each.value / total) for each in payments]
        sides = [_places((each.ends[side], each.value) for each in shares) for side in (0, 1)]
        for places, x, edge, align in (
            (sides[0], -BAR, -BAR - 0.01, "right"),
            (sides[1], 1.0, 1 + BAR + 0.01, "left"),
        ):
            for name, (top, height) in places.items():
                panel.bar(x + BAR / 2, height, BAR, bottom=top - height, color=INK)
                text = f"{name}: {height * total:,.0f} {run.loan}"
                panel.text(edge, top - height / 2, text, ha=align, va="center", fontsize=9)
        _bands(panel, shares, *sides)
        panel.set_xlim(-BAR, 1 + BAR)
        lowest = min(top - max(height, ROOM) for places in sides for top, height in places.values())
        panel.set_ylim(lowest, 1)
    return sheet.done()


def paid(flows: pd.DataFrame) -> list[Payment]:
    """What each party gave each other for each purpose in a run, the largest first; all are positive.

    Args:
        flows: the table of a run; a negative value was received by the payer.
    """
    sums: dict[tuple[tuple[str, str], str], float] = {}
    gains = flows[flows["purpose"] != OUTSIDE]
    rows = gains.groupby(["payer", "payee", "purpose"], as_index=False)["value"].sum()
    for payer, payee, purpose, value in zip(*(rows[name] for name in rows), strict=True):
        key = (payer, payee) if value > 0 else (payee, payer), purpose if purpose in COLOURS else OTHERS
        sums[key] = sums.get(key, 0.0) + abs(value)
    least = LEAST * sum(sums.values())
    payments = [Payment(*key, value) for key, value in sums.items() if value > least]
    return sorted(payments, key=lambda each: -each.value)


def _places(values: Iterable[tuple[str, float]]) -> Places:
    """Where the parties of a side stand, the largest above."""
    sums: dict[str, float] = {}
    for name, value in values:
        sums[name] = sums.get(name, 0.0) + value
    places, top = {}, 1.0
    for name in sorted(sums, key=lambda name: -sums[name]):
        slot = max(sums[name], ROOM)
        places[name] = top - (slot - sums[name]) / 2, sums[name]
        top -= slot + GAP
    return places


def _bands(panel: Axes, payments: Sequence[Payment], left: Places, right: Places) -> None:
    """A band for each payment; on either side they lie in the order of the parties on the other."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    codes = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3, Outline.LINETO]
    ranks = [{name: number for number, name in enumerate(side)} for side in (left, right)]

    def laid(side: int, places: Places) -> dict[Payment, float]:
        """The upper edge of each band on a side."""
        tops = {name: top for name, (top, _) in places.items()}
        edges = {}
        for each in sorted(payments, key=lambda it: (ranks[1 - side][it.ends[1 - side]], it.purpose)):
            edges[each] = tops[each.ends[side]]
            tops[each.ends[side]] -= each.value
        return edges

    begins, ends = laid(0, left), laid(1, right)
    known: set[str] = set()
    for each in payments:
        begin, end, depth = begins[each], ends[each], each.value
        corners = [
            (0, begin), (0.5, begin), (0.5, end), (1, end),
            (1, end - depth), (0.5, end - depth), (0.5, begin - depth), (0, begin - depth), (0, begin),
        ]  # fmt: skip
        label = "" if each.purpose in known else each.purpose
        known.add(each.purpose)
        colour = COLOURS.get(each.purpose, GREY)
        band = PathPatch(Outline(corners, codes), color=colour, alpha=0.55, linewidth=0, label=label)
        panel.add_patch(band)
