"""One run of all markets as plain data, as bench/peers.json keeps it."""

from typing import Any

from bench.peers import several
from bench.peers.aave_v3 import AaveV3
from bench.peers.floor import floors
from bench.peers.ground import Failed, Ground
from bench.peers.morpho_blue import MorphoBlue
from bench.peers.operations import Measured, Use, measure
from bench.peers.ours import Plimsoll, feed_oracle, slot_oracle
from bench.peers.packages import compilers, pinned

Results = dict[str, Any]

PAIRS = (("plimsoll_slot", "morpho_blue"), ("plimsoll_feeds", "aave_v3"))
"""Each peer beside Plimsoll over the same kind of oracle."""


def run(ground: Ground) -> Results:
    """Deploys all markets, then measures one after the other; about a minute."""
    markets = {
        "plimsoll_slot": Plimsoll(ground, slot_oracle),
        "morpho_blue": MorphoBlue(ground),
        "plimsoll_feeds": Plimsoll(ground, feed_oracle),
        "aave_v3": AaveV3(ground),
    }
    return {
        "command": "make bench ARGS=peers",
        "packages": pinned(),
        "compilers": compilers(),
        "floor": floors(ground),
        "markets": {name: plain(measure(ground, market)) for name, market in markets.items()},
        "several": several.run(ground),
    }


def plain(measured: Measured) -> Results:
    """A market's figures; what failed is `{"failed": reason}`."""
    return {
        "operations": {
            name: {"first": _plain(first), "steady": _plain(steady)}
            for name, (first, steady) in measured.operations.items()
        },
        "batches": {str(size): _plain(use) for size, use in measured.batches.items()},
        "marginal_liquidation": _plain(measured.marginal),
        "bad_debt_left": measured.bad_debt_left,
    }


def _plain(figure: Use | int) -> Any:
    if isinstance(figure, Failed):
        return {"failed": figure.reason}
    return figure if isinstance(figure, int) else vars(figure)


def gas(results: Results, market: str, row: str, use: str = "steady") -> int | None:
    """The gas of an operation, of "batch_n" or of the marginal liquidation; None where it failed."""
    figures = results["markets"][market]
    if row == "marginal_liquidation":
        figure = figures[row]
        return None if isinstance(figure, dict) else int(figure)
    if row.startswith("batch_"):
        figure = figures["batches"][row.removeprefix("batch_")]
    else:
        figure = figures["operations"][row][use]
    return figure.get("gas")


def ratio(results: Results, pair: tuple[str, str], row: str, use: str = "steady") -> float | None:
    """Plimsoll's gas over the peer's; None where one of the two failed."""
    ours, theirs = (gas(results, market, row, use) for market in pair)
    return None if ours is None or theirs is None else ours / theirs
