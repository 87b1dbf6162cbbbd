"""Liquidity that leaves a DEX when the market moves, and comes back: real shares of the pair."""

from math import log, sqrt
from typing import Any

import pytest

from plimsoll.scenario.records import Result
from plimsoll.units import HOUR, YEAR
from tests.utils.laboratory import play, small_basket, tiny

THIN = "vaults.0.dex={depth: 300_000, arbitrage: 50_000, thinning: {calm: 1, window: 0.5}}"
STORM = "vaults.0.price.points=[[0, 200], [0.5, 180], [0.6, 190], [1, 190.5], [2, 192], [3, 192.5]]"


class Depth:
    """Keeps what the pair holds before each block, and its price."""

    name = "depth"

    def __init__(self) -> None:
        self.roots: list[float] = []
        self.prices: list[float] = []

    def update(self, _rng: Any, view: Any) -> list[Any]:
        (leg, *_) = view.world.legs
        collateral, loan = view.world.reserves(leg)
        self.roots.append(sqrt(collateral * loan))
        self.prices.append(view.world.dex_price(leg))
        return []

    def record(self, _view: Any) -> dict[str, float]:
        return {}


def provided(result: Result) -> list[float]:
    """Which part of the first depth is in the pair at the end of each block."""
    return [row.value for row in result.agents if row.key == "provided"]


def test_it_leaves_with_volatility_and_comes_back_all_of_it() -> None:
    """Every book is compared after every block, the pair's shares among them."""
    depth = Depth()
    calm = ("borrowers=[]", "liquidators=[]", "compare_every=1")
    result = play(tiny(THIN.replace("arbitrage: 50_000, ", ""), STORM, *calm), agents=[depth])
    parts = provided(result)
    assert parts[0] == 1
    assert parts[-1] == pytest.approx(1)
    first = log(200 / (200 - 20 / 3)) * sqrt(YEAR / 600)
    assert parts[1] == pytest.approx(max(0.1, 1 / first), rel=1e-6)
    assert min(parts) < 0.2
    thinned = [root / depth.roots[0] for root in depth.roots[1:]]
    assert thinned == pytest.approx(parts[:-1], rel=1e-6)
    assert depth.prices == pytest.approx([200] * len(depth.prices))  # nobody has traded


def test_who_provides_a_dex_is_the_dex() -> None:
    """What it takes out is no loss of the DEX, and nobody has gained anything."""
    result = play(tiny(THIN.replace("arbitrage: 50_000, ", ""), STORM, "borrowers=[]", "liquidators=[]"))
    rows = {row.party: row for row in result.profits}
    assert "provider 0" not in rows
    assert rows["dex 0"].gained == 0
    assert rows["dex 0"].brought > 0  # half of what comes back is worth less than what had left
    assert {row.purpose for row in result.flows if "dex 0" in (row.payer, row.payee)} <= {"outside"}


def test_it_acts_behind_the_sales_of_a_block_and_leaves_what_has_to_stay() -> None:
    result = play(tiny(THIN.replace("window: 0.5", "window: 0.5, least: 0.3"), "compare_every=1"))
    parts = provided(result)
    assert parts[0] == 1
    assert min(parts) == pytest.approx(0.3)
    assert result.liquidations


def test_small_changes_are_not_worth_a_transaction() -> None:
    """A step of 1 is never reached: nobody moves."""
    idle = play(tiny(THIN.replace("window: 0.5", "window: 0.5, step: 1")))
    assert set(provided(idle)) == {1}
    rest = play(tiny("vaults.0.dex={depth: 300_000, arbitrage: 50_000}"))
    closes = [(close.block, close.owner, close.repaid) for close in rest.liquidations]
    assert [(close.block, close.owner, close.repaid) for close in idle.liquidations] == closes


def test_liquidity_that_leaves_moves_no_outside_price() -> None:
    """Only sales do, by `feedback`."""
    fed = THIN.replace("arbitrage: 50_000", "feedback: 1")
    result = play(tiny(fed, "liquidators=[]", "borrowers=[]"))
    assert min(provided(result)) < 0.2
    assert [row.outside for row in result.vaults] == [row.path for row in result.vaults]


def test_nobody_takes_a_halted_token_out() -> None:
    halts = "vaults.0.halts=[{start: 0, end: 1}]"
    parts = provided(play(tiny(THIN, halts, "compare_every=1")))
    assert parts[:6] == [1] * 6
    assert parts[6] < 1


def test_a_leg_of_a_basket_has_providers_of_its_own() -> None:
    thin = "vaults.0.legs.1.dex={depth: 3_000_000, arbitrage: 50_000, thinning: {calm: 1}}"
    result = play(small_basket(thin, "compare_every=1"))
    names = {row.agent for row in result.agents if row.key == "provided"}
    assert names == {"provider 1"}
    assert min(provided(result)) < 0.9


def test_the_window_forgets() -> None:
    """Half an hour after the last move everything is back, an hour after with a window of an hour."""
    step = ("vaults.0.price.points=[[0, 200], [3, 200]]", "vaults.0.shocks=[{hour: 0.15, factor: 0.95}]")
    for window, hours in (("0.5", 0.5), ("1", 1)):
        thin = THIN.replace("window: 0.5", f"window: {window}")
        parts = provided(play(tiny(thin, *step, "borrowers=[]", "liquidators=[]")))
        back = next(block for block, part in enumerate(parts) if block > 1 and part > 0.999)
        assert back == 1 + round(hours * HOUR / 600)
