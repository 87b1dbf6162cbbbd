"""The results as tables on the terminal and in docs/benchmarks.md, and as a picture."""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from rich.table import Table

from bench.peers.operations import OPERATIONS
from bench.peers.packages import ROOT
from bench.peers.results import PAIRS, Results, gas, ratio
from plimsoll.report.figures.style import BLUE, DPI, GREY, INK, ORANGE, VERMILLION
from plimsoll.units import WAD

DOCUMENT = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "images" / "peers.png"
BEGIN, END = "<!-- written by make bench ARGS=peers -->", "<!-- until here -->"
GOAL = 0.85  # of a peer's gas; what costs more has a line in the document on why
NAMES = {
    "plimsoll_slot": "Plimsoll (slot)",
    "morpho_blue": "Morpho Blue",
    "plimsoll_feeds": "Plimsoll (feeds)",
    "aave_v3": "Aave v3",
}
ROWS = (*OPERATIONS, "marginal_liquidation")
SEVERAL = {  # rows by figure
    "deposit": "deposit of a collateral that is held",
    "borrow": "borrow",
    "withdraw": "withdraw",
    "liquidate": "one liquidation, offering 7,000",
    "paid": "what it paid, loan tokens",
    "close": "taking all of a position in shortfall",
    "calls": "its calls",
    "close_at_once": "the same in one transaction",
}
COUNTED = ("paid", "calls")  # of these, no ratio
FAILED = "failed"


@dataclass(frozen=True)
class Grid:
    """A table: the first column is text, the others are figures."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def rich(self) -> Table:
        """For a terminal; ratios above the goal and failures in red."""
        table = Table(title=self.title)
        for number, column in enumerate(self.header):
            table.add_column(column, justify="right" if number else "left", no_wrap=not number)
        for row in self.rows:
            table.add_row(*(f"[red]{cell}[/red]" if _bad(cell) else cell for cell in row))
        return table

    def markdown(self) -> str:
        """For a document."""
        lines = [self.header, ("---", *["--:"] * (len(self.header) - 1)), *self.rows]
        return "\n".join([f"### {self.title}", "", *("| " + " | ".join(line) + " |" for line in lines)])


def grids(results: Results) -> list[Grid]:
    """All tables."""
    floor = results["floor"]
    beside = tuple(cell for ours, theirs in PAIRS for cell in (NAMES[ours], NAMES[theirs], "ratio"))
    parts = [*dict.fromkeys(part for row in floor.values() for part in row if part != "total"), "total"]
    return [
        Grid(
            "Steady state",
            ("operation", "floor", *beside),
            [(title(row), f"{floor[row]['total']:,}", *_beside(results, row)) for row in ROWS],
        ),
        Grid(
            "First use",
            ("operation", *beside),
            [(title(row), *_beside(results, row, "first")) for row in OPERATIONS],
        ),
        Grid(
            "Liquidations in one transaction",
            ("positions", *beside),
            [(row.removeprefix("batch_"), *_beside(results, row)) for row in _batches(results)],
        ),
        *_several(results["several"]),
        Grid(
            "What an operation touches in steady state: contracts / words of storage / of these changed",
            ("operation", *NAMES.values()),
            [(title(row), *(_touched(results, market, row) for market in NAMES)) for row in OPERATIONS],
        ),
        Grid(
            "The parts of the floor",
            ("operation", *parts),
            [(title(row), *(f"{floor[row].get(part, 0):,}" for part in parts)) for row in ROWS],
        ),
    ]


def title(row: str) -> str:
    """A row's name for people."""
    return row.replace("_", " ")


def dear(results: Results) -> list[str]:
    """The rows of any table in which Plimsoll costs more than the goal of a peer."""
    shares = {
        row: [ratio(results, pair, row, use) for pair in PAIRS for use in ("first", "steady")]
        for row in (*ROWS, *_batches(results))
    }
    return [row for row, found in shares.items() if any(share and share > GOAL for share in found)]


def _batches(results: Results) -> list[str]:
    return [f"batch_{size}" for size in results["markets"][PAIRS[0][0]]["batches"]]


def tables(results: Results) -> list[Table]:
    """For a terminal."""
    return [grid.rich() for grid in grids(results)]


def markdown(results: Results) -> str:
    """The part of the document that a run writes."""
    return "\n\n".join([BEGIN, *(grid.markdown() for grid in grids(results)), END])


def renew(results: Results) -> None:
    """Puts the figures into the document."""
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + markdown(results) + rest.split(END)[1])


def draw(results: Results, path: Path = PICTURE) -> None:
    """The ratios of the steady state with the floors, into a PNG file."""
    figure = Figure(figsize=(10, 8.5), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for number, (pair, colour) in enumerate(zip(PAIRS, (BLUE, ORANGE), strict=True)):
        for line, row in enumerate(ROWS):
            height = line + 0.4 * number - 0.2
            theirs, share = gas(results, pair[1], row), ratio(results, pair, row)
            if theirs is None or share is None:
                axes.text(0.01, height, f"{NAMES[pair[1]]}: {FAILED}", va="center", color=VERMILLION)
                continue
            axes.barh(height, share, 0.36, color=colour)
            floor = results["floor"][row]["total"] / theirs
            axes.plot([floor, floor], [height - 0.18, height + 0.18], color=INK, linewidth=2.5)
            axes.text(
                max(share, floor) + 0.014,
                height,
                f"{share:.2f}",
                va="center",
                fontsize=9,
                color=INK,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},  # above the vertical lines
            )
    axes.axvline(1, color=INK, linewidth=1)
    axes.axvline(GOAL, color=GREY, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(ROWS)), [title(row) for row in ROWS])
    axes.set_ylim(len(ROWS) - 0.4, -0.6)
    axes.set_xlim(0, 1.25)
    axes.set_xlabel("gas of Plimsoll as a share of the peer's, steady state; to the left Plimsoll is cheaper")
    axes.set_title("What Plimsoll costs beside its peers", loc="left", fontsize=13, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    handles = [
        Patch(color=BLUE, label="of Morpho Blue, both over an oracle of one slot"),
        Patch(color=ORANGE, label="of Aave v3, both over two feeds"),
        Line2D([], [], color=INK, linewidth=2.5, label="the floor, as a share of the same peer"),
        Line2D([], [], color=INK, linewidth=1, label="as much as the peer"),
        Line2D([], [], color=GREY, linewidth=1, linestyle="--", label=f"{GOAL} of the peer"),
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.45, -0.09), ncols=2, frameon=False)
    figure.savefig(path)


def _beside(results: Results, row: str, use: str = "steady") -> list[str]:
    cells = []
    for pair in PAIRS:
        for market in pair:
            figure = gas(results, market, row, use)
            cells.append(FAILED if figure is None else f"{figure:,}")
        share = ratio(results, pair, row, use)
        cells.append("-" if share is None else f"{share:.2f}")
    return cells


def _several(results: Results) -> list[Grid]:
    gas, dust, silence = (results[part] for part in ("gas", "dust", "silence"))
    markets = ("plimsoll", "aave_v3")
    names = ("Plimsoll", NAMES["aave_v3"])
    return [
        Grid(
            "Several collaterals behind one debt, steady state",
            ("operation", "collaterals", *names, "ratio"),
            [
                (name, count, *_cells(figure, *(both[market] for market in markets)))
                for figure, name in SEVERAL.items()
                for count, both in gas.items()
            ],
        ),
        Grid(
            "Collateral of 13,000 and junk of 26 behind a debt of 15,000: what a liquidator leaves",
            ("taken", *(f"{name}: {what}" for name in names for what in ("debt left", "loss booked"))),
            [
                (
                    title(row).replace("with junk", "everything").replace("without junk", "all but the junk"),
                    *(tokens(dust[market][row][part]) for market in markets for part in ("debt", "booked")),
                )
                for row in ("without_junk", "with_junk")
            ],
        ),
        Grid(
            "The collateral falls while the feed of the junk is silent: what is left of a debt of 15,000",
            ("price", *(f"{name}: {what}" for name in names for what in ("debt", "collateral"))),
            [
                (
                    f"{steps[0]['quote']:,}",
                    *(
                        tokens(figure) + (" (refused)" if step["refusal"] else "")
                        for step in steps
                        for figure in (step["debt"], step["held"][0] * step["quote"])
                    ),
                )
                for steps in zip(*(silence[market] for market in markets), strict=True)
            ],
        ),
    ]


def _cells(figure: str, ours: dict[str, int], theirs: dict[str, int]) -> tuple[str, str, str]:
    mine = ours.get(figure, ours["close"])  # which is one transaction anyway
    if figure == "paid":
        return tokens(mine), tokens(theirs[figure]), "-"
    share = "-" if figure in COUNTED else f"{mine / theirs[figure]:.2f}"
    return f"{mine:,}", f"{theirs[figure]:,}", share


def tokens(amount: int) -> str:
    """Base units of a neutral token as whole ones, to the nearest."""
    return f"{round(amount / WAD):,}"


def _touched(results: Results, market: str, row: str) -> str:
    use = results["markets"][market]["operations"][row]["steady"]
    return FAILED if "failed" in use else f"{use['contracts']} / {use['words']} / {use['changed']}"


def _bad(cell: str) -> bool:
    return cell == FAILED or (cell.count(".") == 1 and float(cell) > GOAL)
