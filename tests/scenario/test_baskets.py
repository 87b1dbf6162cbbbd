"""Baskets in the laboratory: portfolios, slices and legs left out, silence, halts, and separate vaults."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from plimsoll.keeper.basket_choice import masks
from plimsoll.report.measures import measure
from plimsoll.scenario.agents.basket_closes import BasketCloser
from plimsoll.scenario.baskets_by_health import BasketsByHealth
from plimsoll.scenario.borrowers import Borrower, draw
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.grid import grid_of, points_of
from plimsoll.scenario.reading import ScenarioError, Source, parse
from plimsoll.scenario.records import SHORTFALL, Result
from plimsoll.scenario.sweep import Sweep, is_random
from plimsoll.twin import slices
from plimsoll.units import WAD
from tests.utils.laboratory import BASKET, laboratory, play, small_basket

PRICES = (2_000.0, 60_000.0, 1.0)
DECIMALS = (18, 8, 6)
THRESHOLDS = (0.83, 0.83, 0.845)
SEPARATE = "vaults.0.separate=true"


@pytest.fixture(scope="module")
def result() -> Result:
    """The short scenario of a basket, played once."""
    return play(small_basket("compare_every=1"))


def people(*settings: str) -> tuple[Borrower, ...]:
    (group,) = draw(small_basket(*settings), PRICES)
    return group


def values(person: Borrower) -> list[float]:
    """What a person's legs are worth, dollars."""
    amounts = zip(person.amounts, PRICES, DECIMALS, strict=True)
    return [amount * price / 10**digits for amount, price, digits in amounts]


# -------------------------------------------------------------------------------------------------- people


def test_portfolios_that_are_given_are_everybodys() -> None:
    for person in people("borrowers.0.portfolio={weights: [0.6, 0, 0.4]}"):
        ether, bitcoin, dollars = values(person)
        assert bitcoin == 0
        assert ether / (ether + dollars) == pytest.approx(0.6, abs=1e-6)


def test_portfolios_that_are_drawn_scatter_around_the_weights() -> None:
    crowd = ("borrowers.0.count=400", "borrowers.0.total_debt=2_900_000")
    parts = []
    for person in people(*crowd):
        worth = np.array(values(person))
        assert all(part == 0 or part > 0.0999 for part in worth / worth.sum())
        parts.append(worth / worth.sum())
    means, spreads = np.mean(parts, axis=0), np.std(parts, axis=0)
    assert means == pytest.approx([0.5, 0.3, 0.2], abs=0.04)
    assert min(spreads) > 0.1
    narrow = [values(each) for each in people("borrowers.0.portfolio.concentration=10_000")]
    assert max(abs(each[0] / sum(each) - 0.5) for each in narrow) < 0.03


def test_health_at_the_start_counts_every_leg_at_its_own_threshold() -> None:
    for person in people():
        health = sum(np.array(values(person)) * THRESHOLDS) / (person.debt / 1e6)
        assert 1.04 <= round(health, 6) <= 1.6001
        assert person.debt >= 20 * 200 * 10**6


def test_the_same_people_borrow_in_separate_vaults() -> None:
    """The same collateral, the same debt but for rounding, and in each vault the same health."""
    together, apart = people(), people(SEPARATE)
    assert small_basket(SEPARATE).borrowers[0].vaults == (0, 1, 2)
    assert {each.address for each in together} == {each.address for each in apart}
    for person in together:
        loans = [each for each in apart if each.address == person.address]
        assert {loan.vault: loan.collateral for loan in loans} == {
            leg: amount for leg, amount in enumerate(person.amounts) if amount
        }
        assert 0 <= person.debt - sum(loan.debt for loan in loans) < 3
        worth = values(person)
        healths = [worth[loan.vault] * THRESHOLDS[loan.vault] / (loan.debt / 1e6) for loan in loans]
        assert max(healths) == pytest.approx(min(healths), rel=1e-6)


def test_separate_vaults_have_the_legs_terms_and_prices() -> None:
    basket, vaults = small_basket(), small_basket(SEPARATE)
    assert [each.collateral.symbol for each in vaults.vaults] == ["WETH", "WBTC", "USDX"]
    assert [each.threshold for each in vaults.vaults] == [Decimal("0.83"), Decimal("0.83"), Decimal("0.845")]
    assert {each.min_debt for each in vaults.vaults} == {200}
    assert (basket.outside_prices(3) == vaults.outside_prices(3)).all()


# ----------------------------------------------------------------------------------------------------- runs


def test_a_basket_plays_in_lockstep(result: Result) -> None:
    """Every book is compared after every block, the amounts of all legs among them."""
    assert len(result.liquidations) > 20
    assert not result.reverts
    assert result.compared > 18 * 20 * 4


def test_slices_take_the_same_part_of_every_leg(result: Result) -> None:
    """Only what does not pay on a DEX is left out."""
    by_close: dict[tuple[int, str], list[float]] = {}
    for row in result.seizures:
        if row.before > 1_000:  # of dust a part is a whole unit
            by_close.setdefault((row.block, row.owner), []).append(row.seized / row.before)
    assert len(by_close) == len(result.liquidations)
    whole = [parts for parts in by_close.values() if all(parts)]
    assert len(whole) > 0.4 * len(by_close)
    assert any(len(parts) == 3 for parts in whole)
    for parts in whole:
        assert max(parts) == pytest.approx(min(parts), abs=1e-3)


def test_rows_of_legs_add_up(result: Result) -> None:
    """What was seized, what is locked, and what positions hold."""
    for leg in range(3):
        rows = [row for row in result.legs if row.leg == leg]
        seized = sum(row.seized for row in result.seizures if row.leg == leg)
        held = {
            moment: sum(row.amount for row in result.holdings if (row.moment, row.leg) == (moment, leg))
            for moment in ("start", "end")
        }
        assert sum(row.seized for row in rows) == seized == held["start"] - held["end"] > 0
        assert rows[-1].locked == held["end"]
    assert {row.path for row in result.vaults} == {None}
    for close in result.liquidations:
        assert (close.price, close.seized, close.collateral_before) == (None, None, None)
        assert close.worth > close.repaid


def test_positions_are_found_as_their_prices_fall() -> None:
    """In floats as the twin has them, the lowest first, a silent leg at its ceiling."""
    lab = laboratory(small_basket())
    (market,) = lab.world.markets
    ranking = BasketsByHealth(market.vault.model)
    for owner in market.owners:
        ranking.update(owner)
    full = tuple(leg.oracle.model.price() for leg in market.legs)
    for prices in (full, (full[0] // 2, *full[1:]), (0, *full[1:]), (full[0], full[1] * 2 // 3, full[2])):
        healths = {}
        for owner in market.owners:
            amounts, _ = market.vault.model.position_of(owner)
            worth = slices.worth_of(amounts, prices, market.vault.model.legs)
            healths[owner] = worth.high_weight / market.vault.model.debt_of(owner) / WAD
        for bound in (1.0, 1.2, 3.0):
            expected = sorted((owner for owner in healths if healths[owner] < bound), key=healths.__getitem__)
            assert list(ranking.below(bound, prices)) == expected
            assert ranking.count_below(bound, prices) == len(expected)
        median = np.quantile(list(healths.values()), 0.5, method="inverted_cdf")
        expected = pytest.approx([min(healths.values()), median], rel=1e-9)
        assert ranking.healths_at([0, 0.5], prices) == expected


def test_a_silent_leg_shields_only_who_has_it() -> None:
    """While its feed is out, those with the leg count it at its ceiling; the others are closed."""
    silence = "vaults.0.legs.1.oracle={outages: [{start: 1, end: 2}], heartbeat: 600, patience: 1200}"
    silent = play(small_basket(silence))
    quiet = {row.block for row in silent.legs if row.leg == 1 and row.oracle is None}
    assert len(quiet) >= 3
    held = {row.owner for row in silent.holdings if row.moment == "start" and row.leg == 1}
    closed = {close.owner for close in silent.liquidations if close.block in quiet}
    assert closed
    assert not closed & held
    after = {close.owner for close in silent.liquidations if close.block > max(quiet)}
    assert after & held


def test_who_never_takes_a_leg_leaves_it_out() -> None:
    picky = play(small_basket("liquidators.0.leaves_out=[USDX]"))
    rows = [row for row in picky.seizures if row.leg == 2]
    assert len(rows) > 10
    assert not any(row.seized for row in rows)
    assert any(row.seized for row in picky.seizures if row.leg == 0)


@pytest.mark.parametrize("leaves_out", ["[]", "[USDX]"])
def test_baskets_are_closed_without_capital(leaves_out: str) -> None:
    """Each leg is sold on its own DEX inside the call; nobody ends with a token."""
    flash = f"liquidators.0={{kind: flash, min_profit: 1, leaves_out: {leaves_out}}}"
    result = play(small_basket("vaults.0.legs.2.dex={depth: 3_000_000, arbitrage: 50_000}", flash))
    assert len(result.liquidations) > 10
    assert not result.reverts
    measured = measure(result)
    assert measured["liquidators_profit"] > 0.005 * measured["liquidated_debt"]
    assert {row.value for row in result.agents if row.key == "inventory"} == {0}
    assert any(row.seized for row in result.seizures if row.leg == 2) == (leaves_out == "[]")


def test_a_leg_that_cannot_be_sold_is_left_out_for_the_others() -> None:
    """The slice does not pay on a DEX without depth; without that leg it does."""
    thin = play(small_basket("vaults.0.legs.2.dex={depth: 100}"))
    taken = Counter(row.seized > 0 for row in thin.seizures if row.leg == 2)
    assert taken[False] > taken[True]
    assert measure(thin)["liquidated_debt"] > 0.5 * measure(play(small_basket()))["liquidated_debt"]


def test_what_is_hopeless_has_no_part_that_pays(monkeypatch) -> None:
    """Not looking for parts changes no row; here most of those who wait are hopeless."""
    scenario = small_basket("vaults.0.legs.2.dex={depth: 100}", "vaults.0.legs.1.dex={depth: 20_000}")
    found = play(scenario)
    asked = Counter()

    def is_hopeless(*arguments: Any) -> bool:
        asked[told(*arguments)] += 1
        return False

    told = BasketCloser._is_hopeless
    monkeypatch.setattr(BasketCloser, "_is_hopeless", is_hopeless)
    assert replace(play(scenario), seconds=0) == replace(found, seconds=0)
    assert min(asked[True], asked[False]) > 10


def test_who_holds_nothing_of_a_barred_leg_goes_into_the_batch() -> None:
    """A slice needs no transaction of its own."""
    assert list(masks((1, 0, 5), 0b010)) == [0, 0b001, 0b100]
    assert list(masks((1, 2, 5), 0b010)) == [0b010, 0b011, 0b110]
    assert list(masks((0, 2, 0), 0b010)) == []
    assert list(masks((0, 2, 0), 0b001)) == [0]


def test_acts_follow_the_legs_of_a_basket_that_is_taken_apart() -> None:
    scenario = small_basket(SEPARATE, "acts=[{hour: 1, act: cut_limit, vault: 0}, {hour: 1, act: pause}]")
    assert [(act.act, act.vault) for act in scenario.acts] == [
        ("cut_limit", 0),
        ("cut_limit", 1),
        ("cut_limit", 2),
        ("pause", None),
    ]


def test_separate_vaults_play_and_cost_lenders_more_when_one_leg_goes() -> None:
    """A gap of the stable leg: in a basket the others pay for it, and what lenders keep borrowers lose."""
    gap = "vaults.0.legs.2.shocks=[{hour: 0.5, factor: 0.3}]"
    calm = [
        f"vaults.0.legs.{leg}.price.points=[[0, {price}], [3, {price}]]"
        for leg, price in enumerate((2_000, 60_000))
    ]
    shared, separate = (measure(play(small_basket(gap, *calm, *more))) for more in ((), (SEPARATE,)))
    assert shared["bad_debt"] < 0.5 * separate["bad_debt"]
    assert shared["borrowers_equity"] < separate["borrowers_equity"]


def test_a_griefer_takes_dust_out_of_baskets() -> None:
    result = play(small_basket("griefer={repay: 0.01}"))
    dust = [close for close in result.liquidations if close.liquidator == "griefer"]
    assert dust
    assert max(close.repaid for close in dust) <= 10_000


# ---------------------------------------------------------------------------------------------------- halts

CRASH = """\
title: A leg is halted in a crash
block_seconds: 600
pool: {loan: {symbol: USDC, decimals: 6}, supply: 4_000_000}
vaults:
  - min_debt: 200
    credit_limit: 3_000_000
    legs:
      - collateral: {symbol: WETH, decimals: 18}
        price: {kind: waypoints, points: [[0, 2_000], [6, 2_000]]}
        shocks: &fall [{hour: 1, factor: 0.9}, {hour: 2, factor: 0.75}]
      - collateral: {symbol: WBTC, decimals: 8}
        price: {kind: waypoints, points: [[0, 60_000], [6, 60_000]]}
        shocks: *fall
      - collateral: {symbol: USDX, decimals: 6}
        price: {kind: waypoints, points: [[0, 1], [6, 1]]}
        shocks: *fall
        halts: [{start: 1.5, end: 4}]
borrowers:
  - {count: 30, total_debt: 1_000_000, health: {min: 1.04, max: 1.5}, portfolio: {weights: []}}
liquidators:
  - {kind: capital, capital: 2_000_000, margin: 0.001}
"""


def crash(part: float, *settings: str) -> Scenario:
    """All legs fall together; one, so large a part of everybody's basket, is halted meanwhile."""
    rest = (1 - part) / 2
    return parse(CRASH, "crash.yaml", [f"borrowers.0.portfolio.weights=[{rest}, {rest}, {part}]", *settings])


@pytest.mark.parametrize("part", [0.1, 0.25, 0.5])
def test_a_halted_leg_is_left_out_and_nothing_is_stuck(part: float) -> None:
    """Debt is served and losses are booked out of the other legs; the rest when the token moves again."""
    result = play(crash(part))
    assert not result.reverts
    hours = {row.hour for row in result.liquidations}
    assert any(2 <= hour < 4 for hour in hours)
    during = [row for row in result.seizures if row.leg == 2 and 1.5 <= row.hour < 4]
    assert during
    assert not any(row.seized for row in during)

    closes = [close for close in result.liquidations if 2 <= close.hour < 4]
    lost = sum(loss.extinguished for loss in result.losses if 2 <= loss.hour < 4)
    in_shortfall = [close for close in closes if close.kind == SHORTFALL]
    assert in_shortfall
    assert lost > 0
    assert sum(close.repaid for close in closes) > 0
    # all of the other legs of who is in shortfall is served: what is left has the halted leg alone
    owners = {close.owner for close in in_shortfall}
    at_the_end = [row for row in result.seizures if row.leg == 2 and row.hour >= 4 and row.owner in owners]
    assert any(row.seized for row in at_the_end)
    assert sum(row.liquidatable for row in result.vaults if row.block == 36) == 0
    moving = play(crash(part, "vaults.0.legs.2.halts=[]"))
    assert measure(result)["bad_debt"] == pytest.approx(measure(moving)["bad_debt"], rel=0.05)


def test_a_sweep_knows_candles_of_legs_by_what_they_say(tmp_path) -> None:
    """Wherever they lie; and that their paths are drawn."""
    digests = set()
    for folder, low in (("a", 1_000), ("b", 1_000), ("c", 900)):
        place = tmp_path / folder
        place.mkdir()
        (place / "eth.csv").write_text(f"open,high,low,close\n2000,2000,{low},1500\n1500,1600,1400,1450\n")
        price = "vaults.0.legs.0.price={kind: csv, file: eth.csv, hours_per_candle: 2}"
        source, grid = Source("basket.yaml", BASKET, place, (price,)), grid_of(())
        digests.add(Sweep(source, grid, tuple(points_of(source, grid)[0])).digest({}))
    assert len(digests) == 2
    assert not is_random(small_basket())
    assert is_random(small_basket("vaults.0.legs.2.price={kind: gbm, start: 1, hours: 3, volatility: 0.1}"))


# ------------------------------------------------------------------------------------------------- refusals

REFUSALS = [
    (
        "vaults.0.legs.0.threshold=0.95",
        "vaults.0.legs.0: threshold * (1 + bonus_max) is 1.0450, above health_for_max_bonus 0.93: a "
        "close could lower health; lower bonus_max or threshold",
    ),
    (
        "vaults.0.legs.0.ltv=0.9",
        "vaults.0.legs.0: ltv 0.9 must be below threshold 0.83; lower ltv",
    ),
    (
        "vaults.0.legs=[]",
        "vaults.0.legs is a list of 0, but needs at least 2 entries; add some",
    ),
    (
        "vaults.0.legs.1.ceiling=3",
        "vaults.0.legs.1.ceiling is 3, but must be at least 4; raise it",
    ),
    (
        "vaults.0.legs.1.halts=[{start: 3, end: 4}]",
        "vaults.0.legs.1.halts.0 begins at hour 3, but vaults.0.legs.1.price ends at hour 3; hours "
        "are decimal, so lower it",
    ),
    (
        "borrowers.0.portfolio=null",
        "borrowers.0 has 3 collaterals; say with `portfolio` how much of each",
    ),
    (
        "borrowers.0.portfolio.weights=[0.5, 0.5]",
        "borrowers.0.portfolio.weights has 2 weights for 3 collaterals; give one for each",
    ),
    (
        "borrowers.0.portfolio.weights=[0.5, 0.4, 0.2]",
        "borrowers.0.portfolio.weights: the weights add up to 1.1; they must add up to 1",
    ),
    (
        "borrowers.0.portfolio.weights=[0.5, 0.45, 0.05]",
        "borrowers.0.portfolio.weights: a weight is 0.05; it must be 0 or at least 0.1",
    ),
    (
        "borrowers.0.behaviour={kind: unwind, below: 1.01, to: 1.03}",
        "borrowers.0.behaviour.to is 1.03; a withdrawal of collateral must end at threshold / ltv or above, "
        "so raise it to 1.0375",
    ),
    (
        "borrowers.0.total_debt=50_000",
        "borrowers.0.total_debt is 50000, but 20 borrowers owe at least 4000 each; raise it or lower count",
    ),
    (
        "borrowers.0.vaults=[0, 0]",
        "borrowers.0.vaults is [0, 0]; name two vaults or more, once each",
    ),
    (
        "borrowers.0.vaults=[0, 1]",
        "borrowers.0.vaults names 1; the last vault is 0",
    ),
    (
        "liquidators.0={kind: flash}",
        "liquidators.0 is flash, but vaults.0.legs.2 has no dex to sell on; add one or name other `vaults`",
    ),
    (
        "liquidators.0.leaves_out=[DAI]",
        "liquidators.0.leaves_out names DAI; its vaults have WETH, WBTC, USDX",
    ),
    (
        "forger={hour: 1}",
        "forger.vault is 0, which is a basket; name a vault of one collateral",
    ),
    (
        "correlation=[[1]]",
        "correlation must have 3 rows of 3 numbers, one a vault or leg",
    ),
]


@pytest.mark.parametrize(("setting", "sentence"), REFUSALS, ids=[setting for setting, _ in REFUSALS])
def test_what_is_impossible_is_refused_in_one_sentence(setting: str, sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse(BASKET, "basket.yaml", [setting])
    assert str(refused.value) == f"basket.yaml, as changed by {setting}: {sentence}."


def test_the_line_of_a_leg_is_named() -> None:
    text = BASKET.replace("{symbol: WBTC, decimals: 8}", "{symbol: WBTC, decimals: 28}")
    said = r"^basket.yaml, line 18: vaults.0.legs.1.collateral.decimals is 28, but must be at most 27"
    with pytest.raises(ScenarioError, match=said):
        parse(text, "basket.yaml")
