"""Two ways to sell a collateral: its pair, and a detour through another token; real pairs on both sides."""

from typing import Any

import pytest

from plimsoll.keeper.choice import Route
from plimsoll.scenario.reading import ScenarioError
from plimsoll.scenario.records import Result
from plimsoll.scenario.routes import Routes, Way
from tests.utils.laboratory import laboratory, play, small_basket, tiny

DEX = "depth: 30_000, arbitrage: 5_000"
DETOUR = f"vaults.0.dex={{{DEX}, detour: {{symbol: USDT, decimals: 6, depth: 300_000, arbitrage: 5_000}}}}"
FLASH = "liquidators=[{kind: flash, min_profit: 1}]"
CAPITAL = "liquidators=[{kind: capital, capital: 50_000, margin: 0.01}]"


class Sales:
    """Keeps the paths of what liquidators sell."""

    name = "sales"

    def __init__(self) -> None:
        self.hops: list[int] = []
        self.prices: list[tuple[float, float]] = []

    def update(self, _rng: Any, view: Any) -> list[Any]:
        leg = view.world.legs[0]
        self.prices.append(tuple(_marginal(way) for way in view.world.routes(leg).ways))  # type: ignore[arg-type]
        return []

    def record(self, view: Any) -> dict[str, float]:
        leg = view.world.legs[0]
        middle = leg.between.token.contract.address
        moves = [event.values[:2] for event in view.world.events if event.contract == middle]
        self.hops.append(sum(move == leg.between.pairs for move in moves))  # from one pair to the other
        return {}


def _marginal(way: Way) -> float:
    """Whole loan tokens (6 digits) for the next collateral token (18), without fees."""
    price = 1.0
    for reserve_in, reserve_out in way.route.pairs:
        price *= reserve_out / reserve_in
    return price * 10**12


def watched(*settings: str) -> tuple[Sales, Result]:
    """The short scenario with every book compared after every block."""
    sales = Sales()
    return sales, play(tiny(*settings, "compare_every=1"), agents=[sales])


@pytest.mark.parametrize("who", [FLASH, CAPITAL])
def test_what_is_too_much_for_the_pair_goes_the_other_way(who: str) -> None:
    direct = play(tiny(f"vaults.0.dex={{{DEX}}}", who))
    sales, result = watched(DETOUR, who)
    assert sum(sales.hops) >= 2
    assert sum(close.repaid for close in result.liquidations) > 1.5 * sum(
        close.repaid for close in direct.liquidations
    )


def test_the_pair_is_taken_where_it_pays_more() -> None:
    """The detour costs a second fee and is as thin as can be."""
    sales, result = watched(DETOUR.replace("depth: 300_000", "depth: 100"), FLASH)
    assert result.liquidations
    assert sum(sales.hops) == 0


def test_arbitrageurs_pull_both_of_its_pairs() -> None:
    sales = watched(DETOUR, "liquidators=[]", "borrowers=[]")[0]
    path = [200, 195, 190, 185, 180, 175, 170, 160]
    for (direct, detour), outside in zip(sales.prices[1:], path[:-1], strict=False):
        assert direct == pytest.approx(outside, rel=0.03)
        assert detour == pytest.approx(outside, rel=0.03)
    alone = DETOUR.replace("depth: 300_000, arbitrage: 5_000", "depth: 300_000")
    idle = watched(alone, "liquidators=[]", "borrowers=[]")[0]
    assert {round(detour, 6) for _, detour in idle.prices} == {200}


def test_what_a_detour_costs_and_brings_is_accounted_for() -> None:
    """Who trades with its pairs trades with the DEX, whose gain is no more than fees and arbitrage."""
    result = watched(DETOUR, FLASH)[1]
    profit = {row.party: row.profit for row in result.profits}
    trades = [row for row in result.flows if "dex 0" in (row.payer, row.payee)]
    assert {row.purpose for row in trades} == {"trade"}
    assert profit["arbitrageur 0 a"] > 0
    assert profit["arbitrageur 0 b"] >= 0
    assert profit["liquidator 0"] > 0


def test_the_token_between_has_a_price_and_digits_of_its_own() -> None:
    weth = "detour: {symbol: WETH2, decimals: 18, price: 2_000, depth: 300_000, arbitrage: 5_000}"
    sales, result = watched(f"vaults.0.dex={{{DEX}, {weth}}}", FLASH)
    assert sales.prices[0] == pytest.approx((200, 200))
    assert sum(sales.hops) >= 1
    usdt = watched(DETOUR, FLASH)[1]
    repaid = [sum(close.repaid for close in each.liquidations) for each in (result, usdt)]
    assert repaid[0] == pytest.approx(repaid[1], rel=1e-6)


def test_a_leg_of_a_basket_has_a_detour_for_a_flash_liquidator() -> None:
    detour = "detour: {symbol: USDT, decimals: 6, depth: 3_000_000}"
    legs = [f"vaults.0.legs.{leg}.dex={{depth: 100_000, {detour}}}" for leg in (0, 1)]
    result = play(
        small_basket(*legs, "vaults.0.legs.2.dex={depth: 1_000_000}", FLASH, "compare_every=1"),
    )
    direct = play(
        small_basket(
            *(leg.replace(f", {detour}", "") for leg in legs), "vaults.0.legs.2.dex={depth: 1_000_000}", FLASH
        )
    )
    assert sum(close.repaid for close in result.liquidations) > 1.5 * sum(
        close.repaid for close in direct.liquidations
    )


def test_the_best_of_several_ways_by_amount() -> None:
    """A shallow one with the better price for a little, a deep one for much."""
    shallow, deep = Route(((1_000, 1_100),)), Route(((10**6, 10**6),))
    routes = Routes([Way(["a"], shallow), Way(["b"], deep)])
    assert routes.best(10).path == ["a"]
    assert routes.best(1_000).path == ["b"]
    assert routes.proceeds(1_000) == deep.proceeds(1_000) > shallow.proceeds(1_000)
    assert routes.marginal(0) == shallow.marginal(0) > deep.marginal(0)
    after = routes.behind(10)
    out = shallow.proceeds(10)
    assert after.ways[0].route.pairs == ((1_010, 1_100 - out),)
    assert after.ways[1] == routes.ways[1]


def test_two_pairs_one_after_the_other_are_followed() -> None:
    routes = Routes([Way(["a"], Route(((1_000, 1_000), (1_000, 2_000))))])
    middle = Route(((1_000, 1_000),)).proceeds(100)
    out = routes.proceeds(100)
    assert routes.behind(100).ways[0].route.pairs == ((1_100, 1_000 - middle), (1_000 + middle, 2_000 - out))


def test_without_a_detour_nothing_is_deployed() -> None:
    (leg,) = laboratory(tiny()).world.legs
    assert leg.between is None


def test_a_token_of_which_a_pair_would_have_nothing_is_refused() -> None:
    with pytest.raises(ScenarioError) as refused:
        tiny("vaults.0.dex={depth: 1_000, detour: {symbol: GOLD, decimals: 0, price: 3_000, depth: 1_000}}")
    assert str(refused.value).endswith(
        "vaults.0.dex.detour: 1000 loan tokens are 0 base units of GOLD; a pair holds 1000000 to "
        "5192296858534827628530496329220095, so change depth, price or decimals."
    )
