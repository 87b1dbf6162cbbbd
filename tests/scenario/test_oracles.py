"""The parts of an oracle beside its own feed: second source, rate, fallback and marks, sequencer."""

import itertools
from typing import Any

import pytest

from plimsoll.market.deployment import made_up
from plimsoll.scenario.oracles import OracleConfig, RateConfig
from plimsoll.scenario.reading import ScenarioError
from plimsoll.scenario.records import Result
from plimsoll.units import DAY, HOUR, MAX, NOBODY
from tests.utils.laboratory import laboratory, play, small_basket, tiny

OTHER = "vaults.0.oracle.second={deviation: 0, heartbeat: 3600}"


class Watcher:
    """Keeps what the oracle of one collateral says in every block, whole tokens; None while it refuses."""

    name = "watcher"

    def __init__(self, leg: int = 0) -> None:
        self.leg = leg
        self.said: list[tuple[float | None, float | None]] = []
        self.blocks: list[int] = []  # in which it was asked
        self.times: list[int] = []

    def update(self, _rng: Any, view: Any) -> list[Any]:
        leg = view.world.legs[self.leg]
        unit = leg.scale * 10**leg.config.oracle.decimals
        self.said.append(tuple(price / unit if price else None for price in (leg.price(), leg.safe_price())))
        self.blocks.append(view.block)
        self.times.append(view.world.engine.now)
        return []

    def record(self, _view: Any) -> dict[str, float]:
        return {}


class Greedy:
    """Has a position without debt, and borrows all it can in one block."""

    name = "greedy"

    def __init__(self, block: int) -> None:
        self.block = block
        self.address = made_up(self.name)

    def update(self, _rng: Any, view: Any) -> Any:
        market, world = view.world.markets[0], view.world
        if view.block == self.block:
            held = 100 * 10**18
            yield world.mint(market.collateral, self.address, held)
            yield world.act(self.address, market.collateral, "approve", market.vault.contract.address, MAX)
            yield world.act(self.address, market.vault, "open", held, MAX, self.address, self.address)

    def record(self, view: Any) -> dict[str, float]:
        return {"borrowed": view.world.loan.model.balance_of(self.address) / 10**6}


def borrowed(block: int, *settings: str) -> float:
    """What 100 collateral tokens carry in a block of the short scenario."""
    result = play(tiny("borrowers=[]", "liquidators=[]", *settings), agents=[Greedy(block)])
    return max(row.value for row in result.agents if row.agent == "greedy")


def watched(scenario: Any, leg: int = 0) -> Watcher:
    """What its oracle says."""
    watcher = Watcher(leg)
    play(scenario, agents=[watcher])
    return watcher


def said(*settings: str) -> list[tuple[float | None, float | None]]:
    """What the oracle of the short scenario says, block by block."""
    return watched(tiny(*settings)).said


# ------------------------------------------------------------------------------------------------- deployment


def test_what_is_not_named_is_not_deployed() -> None:
    (leg,) = laboratory(tiny()).world.legs
    config = leg.oracle.contract.call("config")
    assert config.collateral_feed.feed == leg.feed.contract.address
    assert config.loan_feed == (NOBODY, 0, 0, 0)
    assert config.collateral_rate == config.loan_rate == (NOBODY, 0, 0)
    assert (config.second, config.fallback, config.sequencer, config.grace) == (NOBODY, NOBODY, NOBODY, 0)


def test_what_is_named_is_deployed() -> None:
    parts = "rate: {start: 1.2, cap_growth: 0.1, fall: 0.3}, second: {patience: 700}, fallback: {decimals: 6}"
    lab = laboratory(tiny(f"vaults.0.oracle={{{parts}}}", "sequencer={grace: 900}"))
    (leg,) = lab.world.legs
    config = leg.oracle.contract.call("config")
    assert leg.rate
    assert config.collateral_rate[0] == leg.rate.contract.address
    assert config.collateral_rate[1:] == (10**17 // (365 * DAY), 3 * 10**17)
    assert leg.oracle.contract.call("collateral_rate_cap") > 12 * 10**17
    assert config.sequencer == lab.world.sequencer.contract.address
    assert config.grace == 900
    assert len({config.second, config.fallback, NOBODY}) == 3


def test_a_long_heartbeat_is_believed_for_the_seven_days_that_an_oracle_may() -> None:
    """Twice five days would be refused by its constructor."""
    assert OracleConfig(heartbeat=5 * DAY).stale_after == 7 * DAY
    laboratory(tiny(f"vaults.0.oracle={{heartbeat: {5 * DAY}}}"))


# --------------------------------------------------------------------------------------------- second source


def test_liquidations_take_the_higher_price_and_loans_the_lower() -> None:
    spike = "bad_answers: [{hour: 0.4, price: 300}], freezes: [{start: 0.5, end: 0.8}]"
    high = said("liquidators=[]", f"vaults.0.oracle.second={{deviation: 0, {spike}}}")
    dip = "bad_answers: [{hour: 0.4, price: 100}], freezes: [{start: 0.5, end: 0.8}]"
    low = said("liquidators=[]", f"vaults.0.oracle.second={{deviation: 0, {dip}}}")
    assert high[:6] == [(200, 200), (195, 195), (190, 190), (300, 185), (300, 180), (175, 175)]
    assert low[:6] == [(200, 200), (195, 195), (190, 190), (185, 100), (180, 100), (175, 175)]


def test_one_source_is_enough() -> None:
    """The own feed stops, the second answers alone; then nobody does."""
    own = "vaults.0.oracle.outages=[{start: 0.1, end: 3}]"
    patience = ["vaults.0.oracle.heartbeat=600", "vaults.0.oracle.patience=600"]
    alone = said(*patience, own, OTHER)
    assert alone[5] == (175, 175)
    late = "second={deviation: 0, heartbeat: 600, patience: 600, outages: [{start: 1, end: 2}]}"
    gone = said(*patience, own, f"vaults.0.oracle.{late}")
    assert gone[5:8] == [(175, 175), (175, 175), (None, None)]
    assert None not in gone[12]


def test_a_spike_of_one_source_lends_nothing_on_it() -> None:
    spike = "vaults.0.oracle.bad_answers=[{hour: 0.5, price: 2_000}]"
    assert round(borrowed(3)) == 100 * 185 * 0.8
    assert round(borrowed(3, spike)) == 100 * 2_000 * 0.8
    assert round(borrowed(3, spike, OTHER)) == 100 * 185 * 0.8


def test_tables_have_both_prices() -> None:
    """Of two sources, of one, and while both are silent."""
    dip = "second={deviation: 0, bad_answers: [{hour: 0.4, price: 100}], freezes: [{start: 0.5, end: 0.8}]}"
    two = play(tiny("liquidators=[]", f"vaults.0.oracle.{dip}"))
    assert [(row.oracle, row.safe) for row in two.vaults[2:4]] == [(190, 190), (185, 100)]
    one = play(tiny("vaults.0.oracle={outages: [{start: 0.1, end: 9}], heartbeat: 600, patience: 600}"))
    assert [(row.oracle, row.safe) for row in one.vaults[:2]] == [(200, 200), (None, None)]


# ------------------------------------------------------------------------------------------------------ rates


def test_a_rate_earns_from_report_to_report() -> None:
    rate = RateConfig(start="1.2", earns="0.1", period=DAY)
    assert [rate.at(days * DAY, "vault") for days in (0, 365)] == [1.2, pytest.approx(1.32)]
    assert rate.at(DAY - 1, "market") == 1.2 < rate.at(DAY, "market") == rate.at(2 * DAY - 1, "vault")


def test_a_move_is_the_vaults_the_markets_or_both() -> None:
    moves = [{"hour": number, "factor": 2, "of": of} for number, of in enumerate(("both", "vault", "market"))]
    rate = RateConfig(moves=moves)
    found = [(rate.at(hour * HOUR, "vault"), rate.at(hour * HOUR, "market")) for hour in range(3)]
    assert found == [(2, 2), (4, 2), (4, 4)]


def test_the_feed_says_what_the_asset_costs_and_the_oracle_what_a_share_does() -> None:
    lab = laboratory(tiny("vaults.0.oracle.rate={start: 1.5, earns: 0.05}", "liquidators=[]"))
    result = lab.play()
    assert [row.outside for row in result.vaults[:3]] == [300, 292.5, 285]
    assert [row.oracle for row in result.vaults[:3]] == [300, 292.5, 285]
    assert lab.world.legs[0].feed.model.answer == 200 * 10**8


def test_nobody_lends_on_a_jump_of_the_rate_and_nobody_is_liquidated_by_the_cap() -> None:
    jump = "vaults.0.oracle.rate={start: 1, cap_growth: 0.05, moves: [{hour: 0.5, factor: 1.5, of: vault}]}"
    prices = said(jump, "liquidators=[]")
    assert prices[2] == (190, 190)
    price, safe = prices[3]
    assert price == 185 * 1.5
    assert 185 < safe < 185 * (1 + 0.05 / 200)  # a day and a half of growth
    assert borrowed(3, jump) == pytest.approx(safe * 80)


def test_a_cap_below_the_truth_lends_less_and_liquidates_nobody() -> None:
    """The oracle was made at a rate that is 4 % below that of the start."""
    low = "vaults.0.oracle.rate={start: 1, anchor: 0.96, cap_growth: 0.0001}"
    for price, safe in said(low, "liquidators=[]"):
        assert 0.9599 < safe / price < 0.9601
    usual, capped = (
        [row.health for row in play(tiny(rate, "liquidators=[]")).positions if row.moment == "start"]
        for rate in ("vaults.0.oracle.rate={}", low)
    )
    assert [a / b for a, b in zip(capped, usual, strict=True)] == pytest.approx([1 / 0.96] * len(usual))


def test_a_rate_that_fell_too_far_leaves_the_second_source_alone() -> None:
    slashed = "rate: {start: 1, fall: 0.1, moves: [{hour: 0.5, factor: 0.85}]}, second: {deviation: 0}"
    prices = said(f"vaults.0.oracle={{{slashed}}}", "liquidators=[]")
    assert prices[2] == (190, 190)
    assert prices[3] == (pytest.approx(185 * 0.85), pytest.approx(185 * 0.85))


# -------------------------------------------------------------------------------------------- the loan asset

LOAN = [
    "pool.loan_price={kind: waypoints, points: [[0, 1], [1, 0.8], [3, 0.8]]}",
    "vaults.0.oracle={quote: dollars, deviation: 0}",
    "liquidators=[]",
]


def test_what_is_named_of_the_loan_asset_is_deployed_once() -> None:
    feed, rate = (
        "pool.loan_feed={patience: 900, decimals: 6}",
        "pool.loan_rate={start: 1.25, cap_growth: 0.1}",
    )
    vaults = "vaults.0.legs.{}.oracle.quote=dollars"
    lab = laboratory(small_basket(feed, rate, *(vaults.format(leg) for leg in range(3))))
    for leg in lab.world.legs:
        config = leg.oracle.contract.call("config")
        assert config.loan_feed[:2] == (lab.world.loan_feed.contract.address, 900)
        assert config.loan_rate[:2] == (lab.world.loan_rate.contract.address, 10**17 // (365 * DAY))
        assert leg.oracle.contract.call("loan_rate_cap") >= 125 * 10**16
    assert lab.world.loan_feed.model.answer == 800_000


def test_oracles_divide_by_what_a_loan_token_is_worth() -> None:
    """200, 195 and so on in dollars; a loan token loses a fifth within the first hour."""
    blind = said(*LOAN)
    sees = said(*LOAN, "pool.loan_feed={deviation: 0}")
    assert [price for price, _ in blind[:7]] == [200, 195, 190, 185, 180, 175, 170]
    worth = [1 - 0.2 * part / 6 for part in range(7)]
    expected = [price / each for (price, _), each in zip(blind, worth, strict=False)]
    assert [price for price, _ in sees[:7]] == pytest.approx(expected, rel=1e-7)
    late = said(*LOAN, "pool.loan_feed={deviation: 0, delay: 2}")
    assert late[4][0] == pytest.approx(180 / worth[2], rel=1e-7)


def test_without_the_loan_assets_feed_there_is_no_price() -> None:
    out = "pool.loan_feed={heartbeat: 600, patience: 600, outages: [{start: 0.5, end: 1}]}"
    prices = [price for price, _ in said(*LOAN, out)]
    assert [price is None for price in prices[:8]] == [False, False, False, False, True, True, False, False]


def test_a_loan_token_that_is_a_share_is_divided_by_its_rate() -> None:
    """A jump that the vault tells lowers what is lent at once, and the price as far as the cap lets it."""
    jump = "pool.loan_rate={start: 1.25, cap_growth: 0.05, moves: [{hour: 0.5, factor: 1.5, of: vault}]}"
    prices = said(*LOAN[1:], "pool.loan_feed={deviation: 0}", jump)
    assert prices[2] == pytest.approx((190, 190), rel=1e-7)
    price, safe = prices[3]
    assert safe == pytest.approx(185 / 1.5, rel=1e-7)
    assert 185 * (1 - 0.05 / 200) < price < 185
    both = said(*LOAN[1:], "pool.loan_feed={deviation: 0}", jump.replace("of: vault", "of: both"))
    assert both[3][1] == pytest.approx(185, rel=1e-7)  # the asset is worth a third less, a share as much


def test_loans_start_at_what_the_anchor_of_the_loan_assets_rate_lets_them() -> None:
    """The oracle was made at a rate that is 4 % above that of the start, which loans count."""
    usual, capped = (
        [row.health for row in play(tiny(*LOAN[1:], feed, rate)).positions if row.moment == "start"]
        for feed in ["pool.loan_feed={}"]
        for rate in ("pool.loan_rate={}", "pool.loan_rate={anchor: 1.04}")
    )
    assert [a / b for a, b in zip(capped, usual, strict=True)] == pytest.approx([1.04] * len(usual))


# --------------------------------------------------------------------------------------- fallback and marks


def long_run(oracle: str) -> list[tuple[int, float | None]]:
    """Days since the start and the oracle's price, over forty days; the asset costs 200, then 100."""
    days = [
        "block_seconds=21600", "vaults.0.price.points=[[0, 200], [24, 200], [30, 100], [960, 100]]",
        "liquidators=[]", f"vaults.0.oracle={{heartbeat: 21600, {oracle}}}",
    ]  # fmt: skip
    return [(block // 4, price) for block, (price, _) in enumerate(said(*days))]


def test_the_fallback_answers_fourteen_days_after_the_last_update() -> None:
    silent = "outages: [{start: 48, end: 800}]"
    prices = dict(long_run(f"{silent}, fallback: {{}}"))
    alone = dict(long_run(silent))
    assert [day for day in range(40) if prices[day] is None] == list(range(2, 16))
    assert [day for day in range(40) if alone[day] is None] == list(range(2, 33))


def test_marks_prove_that_a_rate_has_failed_and_only_they_do() -> None:
    """The feeds are fresh; what is refused is the rate."""
    broken = "rate: {fall: 0.1, moves: [{hour: 48, factor: 0.5, of: vault, hours: 600}]}, fallback: {}"
    marked = dict(long_run(f"{broken}, mark_every: 24"))
    unmarked = dict(long_run(broken))
    assert [day for day in range(40) if unmarked[day] is None] == list(range(2, 27))
    assert [day for day in range(40) if marked[day] is None] == list(range(2, 16))
    assert marked[30] == 100


def test_marks_are_recorded() -> None:
    settings = [
        "vaults.0.oracle={fallback: {}, mark_every: 0.5, outages: [{start: 0.1, end: 9}], patience: 600}"
    ]
    result = play(tiny(*settings, "liquidators=[]"))
    since = [int(row.value) for row in result.agents if row.key == "failing_since"]
    start = tiny().first_time
    assert since[:3] == [0, 0, 0]
    assert set(since[3:]) == {start + 30 * 60}


# ------------------------------------------------------------------------------------------------- sequencer


def halted(grace: object) -> tuple[Watcher, Result]:
    """The short scenario without blocks from minute 30 to minute 90."""
    watcher = Watcher()
    scenario = tiny(f"sequencer={{grace: {grace}, halts: [{{start: 0.5, end: 1.5}}]}}")
    return watcher, play(scenario, agents=[watcher])


def test_a_halt_has_no_blocks_and_prices_move_on() -> None:
    watcher, result = halted(600)
    assert watcher.blocks == [0, 1, 2, *range(9, 19)]
    gaps = [later - sooner for sooner, later in itertools.pairwise(watcher.times)]
    assert gaps == [600, 600, 4_200, *[600] * 9]
    assert [row.outside for row in result.vaults[3:9]] == [185, 180, 175, 170, 160, 150]
    assert {row.oracle for row in result.vaults[3:9]} == {190}
    assert not [close for close in result.liquidations if 3 <= close.block < 11]


def test_after_a_halt_there_is_no_price_for_the_grace() -> None:
    """In the block in which it is over, and as long as no more than `grace` seconds have passed since."""
    assert [price for price, _ in halted(600)[0].said][2:6] == [190, None, None, 120]
    assert [price for price, _ in halted(599)[0].said][2:6] == [190, None, 130, 120]
    assert [price for price, _ in halted("null")[0].said][2:6] == [190, 140, 130, 120]


def test_who_watches_the_market_adds_collateral_within_the_grace() -> None:
    """Those of the group that tops up; a vault takes it without a price."""
    result = halted(1_800)[1]
    acted = [int(row.value) for row in result.agents if row.key == "acted"]
    assert acted[2:9] == [acted[2]] * 7
    assert acted[9] > acted[8]
    assert [row.oracle for row in result.vaults[9:12]] == [None] * 3


def test_a_late_feed_is_late_by_blocks_that_never_came() -> None:
    """Its publisher has watched meanwhile."""
    halts = "sequencer={grace: null, halts: [{start: 0.5, end: 1.5}]}"
    assert said(halts, "vaults.0.oracle.delay=2", "liquidators=[]")[3][0] == 160


# ---------------------------------------------------------------------------------------- a DEX as the source


def test_a_feed_of_the_dex_says_where_it_stood_after_the_block_before() -> None:
    lab = laboratory(tiny("vaults.0.oracle={reads: dex, deviation: 0}", "liquidators=[]"))
    result = lab.play()
    dex = [row.dex for row in result.vaults]
    assert [row.oracle for row in result.vaults[1:]] == pytest.approx(dex[:-1], rel=1e-8)


# ---------------------------------------------------------------------------------------------------- baskets


def test_a_leg_has_the_same_parts() -> None:
    jump = "moves: [{hour: 1, factor: 1.5, of: vault}]"
    scenario = small_basket(
        f"vaults.0.legs.1.oracle={{rate: {{start: 1.1, {jump}}}, second: {{deviation: 0}}}}",
        "sequencer={halts: [{start: 2, end: 2.5}]}",
    )
    for price, safe in watched(scenario, 1).said[7:12]:
        assert price and safe
        assert price / safe == pytest.approx(1.5)
    lab = laboratory(scenario)
    assert [leg.rate is not None for leg in lab.world.legs] == [False, True, False]


# --------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (
            "vaults.0.oracle.rate={fall: 0.1}",
            "vaults.0.oracle: rate.fall is 0.1, which needs a second source or a fallback; add one, or set "
            "it to 1",
        ),
        (
            "vaults.0.oracle.mark_every=24",
            "vaults.0.oracle: mark_every is 24, which needs a fallback; add one or remove it",
        ),
        (
            "vaults.0.oracle.rate={moves: [{hour: 3, factor: 0.9}]}",
            "vaults.0.oracle.rate.moves.0 begins at hour 3, but vaults.0.price ends at hour 3; hours are "
            "decimal, so lower it",
        ),
        (
            "vaults.0.oracle.second={outages: [{start: 4, end: 5}]}",
            "vaults.0.oracle.second.outages.0 begins at hour 4, but vaults.0.price ends at hour 3; hours are "
            "decimal, so lower it",
        ),
        (
            "vaults.0.oracle={second: {decimals: 2}, rate: {start: 0.0001}}",
            "vaults.0.oracle.second.decimals is 2, too few for a price of 0.011; raise it",
        ),
        (
            "sequencer={halts: [{start: 0, end: 1}]}",
            "sequencer: halts.0 begins at hour 0, before the first block; start it later",
        ),
        (
            "sequencer={halts: [{start: 3, end: 4}]}",
            "sequencer.halts.0 begins at hour 3, but 3 are played; lower it",
        ),
        ("sequencer={grace: 0}", "sequencer.grace is 0, but must be at least 1; raise it"),
        (
            "pool.loan_rate={}",
            "pool: loan_rate needs loan_feed, which says what the vault's asset is worth; add one",
        ),
        (
            "pool.loan_feed={}",
            "vaults.0.oracle.quote is loan, but pool.loan_feed divides it; set it to dollars",
        ),
    ],
)
def test_what_does_not_fit_is_refused(setting: str, sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        tiny(setting)
    assert str(refused.value).endswith(f": {sentence}.")


def test_a_feed_of_a_dex_needs_one() -> None:
    with pytest.raises(ScenarioError, match=r"vaults.0.oracle.second.reads is dex, but vaults.0 has no dex"):
        tiny("vaults.0.oracle.second={reads: dex}", "vaults.0.dex=null", "liquidators=[]")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            ["pool.loan_feed={}", "pool.loan_rate={fall: 0.2}"],
            "pool.loan_rate.fall is 0.2, which needs a second source or a fallback in vaults.0.oracle; add "
            "one, or set it to 1",
        ),
        (
            ["pool.loan_feed={freezes: [{start: 3, end: 4}]}"],
            "pool.loan_feed.freezes.0 begins at hour 3, but 3 are played; lower it",
        ),
        (
            ["pool.loan_feed={}", "pool.loan_rate={moves: [{hour: 5, factor: 2}]}"],
            "pool.loan_rate.moves.0 begins at hour 5, but 3 are played; lower it",
        ),
        (
            ["pool.loan_feed={decimals: 1}"],
            "pool.loan_feed.decimals is 1, too few for a price of 1; raise it",
        ),
    ],
)
def test_what_does_not_fit_the_loan_assets_side_is_refused(settings: list[str], sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        tiny("vaults.0.oracle.quote=dollars", *settings)
    assert str(refused.value).endswith(f": {sentence}.")
