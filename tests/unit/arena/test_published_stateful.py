"""Rules that last over blocks or move what is others', by numbers that their systems publish."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from random import Random

import pytest

from plimsoll.arena.rule import Account, Close, Offer, Offers, Terms, wad
from plimsoll.arena.rules.liquity_v2 import LiquityV2
from plimsoll.arena.rules.llamalend import Bands, LlamaLend, effective
from plimsoll.arena.rules.maker import ETH, RAY, Maker, power
from plimsoll.arena.rules.margin_venue import LIMITS, MILLION, MarginVenue
from plimsoll.arena.rules.morpho_midnight import MorphoMidnight, most_incentive
from plimsoll.units import PRICE_SCALE, WAD

DOLLAR = WAD  # the loan assets of these tests have 18 decimals, but for those of dYdX


class World:
    """A field in which a payment is made of a name's first offer, when one is due."""

    def __init__(self, price: int) -> None:
        self.now = 0
        self.prices = self.outside = (price,)
        self.payments: list[tuple[str, int]] = []
        self.taken: list[Close] = []

    def pay(self, name: str, payment: int) -> None:
        self.payments.append((name, payment))

    def serve(self, names: Iterable[str], offers: Offers, take: Callable[[str, Close], None]) -> None:
        listed = [*names]
        for name, payment in self.payments:
            found = offers(name) if name in listed else ()
            if found and (close := found[0].quote(payment)):
                self.taken.append(close)
                take(name, close)
        self.payments = []

    def call(self, _what: str, close: Close) -> bool:
        self.taken.append(close)
        return True

    def sell(self, _leg: int, amount: int, least: int, may: Callable[[int, int], bool]) -> tuple[int, int]:
        brought = amount * self.outside[0] // PRICE_SCALE
        return (amount, brought) if self.outside[0] >= least and may(amount, brought) else (0, 0)

    def record(self, _what: str, close: Close) -> None:
        self.taken.append(close)

    def trade(self, offer: Offer) -> Close | None:
        return offer.quote(offer.most)


# ------------------------------------------------------------------------------------------------- Midnight


def test_midnights_borrowers_may_owe_what_its_guide_says() -> None:
    """docs.morpho.org/build/midnight/concepts/collateral-health-liquidations: 12,090 of two collaterals."""
    rule = MorphoMidnight([wad(86), wad(77), wad(86)], 25 * WAD // 100, 0)
    prices = (3_000 * PRICE_SCALE, 90_000 * PRICE_SCALE, PRICE_SCALE)
    assert rule.weighted(Account([2 * WAD, WAD // 10, 0], 0), prices) == 12_090 * WAD * WAD
    assert rule.weighted(Account([2 * WAD, 0, 0], 0), prices) == 5_160 * WAD * WAD


def test_midnights_close_restores_health_and_two_wei_decide_whether_an_account_is_small() -> None:
    """A loan of 100 at .77 with the cursor .25, its price at .9: the boundary of `rcfThreshold`.

    So that of a topped up collateral two base units make all the difference has been shown of its contract.
    """
    debt, price = 100 * WAD, (9 * PRICE_SCALE // 10,)
    held = -(-debt * WAD // wad(77))
    plain = MorphoMidnight([wad(77)], 25 * WAD // 100, 0)
    cap = plain.most_repaid(Account([held], debt), price, 0)
    assert cap == pytest.approx(54.637_681 * WAD, rel=1e-8)
    left = held * 9 // 10 * WAD // most_incentive(wad(77), 25 * WAD // 100) - cap

    rule = MorphoMidnight([wad(77)], 25 * WAD // 100, left + 1)
    rule.dollar = 1
    most = [rule.offers(Account([held + more], debt), price)[0].most for more in (0, 1, 2)]
    assert most[0] == most[1] == debt
    assert most[2] < 55 * WAD


@pytest.mark.parametrize("bad", [False, True])
def test_midnight_writes_bad_debt_off_in_the_call_and_ends_healthy(bad: bool) -> None:
    """LiquidationTest.sol: after the largest close an account is healthy, to three base units."""
    random = Random(int(bad))
    for _ in range(200):
        lltvs = [wad(random.choice((38.5, 62.5, 77, 86, 91.5))) for _ in range(2)]
        rule = MorphoMidnight(lltvs, random.choice((WAD // 4, WAD // 2)), 0)
        account = Account([random.randrange(WAD, 100 * WAD) for _ in range(2)], 0)
        prices = tuple(int(random.uniform(0.1, 10) * PRICE_SCALE) for _ in range(2))
        counts = rule.weighted(account, prices) // WAD
        repayable = rule.bad_debt(Account(account.amounts, 10**30), prices)
        full = 10**30 - repayable  # beyond which debt is bad
        account.debt = full + WAD if bad else counts + (full - counts) // random.randrange(2, 50)
        lost = rule.bad_debt(account, prices)
        assert lost == (WAD if bad else 0)
        close = rule.offers(account, prices)[0].quote(account.debt)
        assert close
        assert close.lost == lost
        after = [have - gone for have, gone in zip(account.amounts, close.seized, strict=True)]
        left = account.debt - close.ended
        if after[0]:
            assert rule.weighted(Account(after, 0), prices) // WAD - left + 3 >= 0
            assert rule.weighted(Account(after, 0), prices) // WAD - left <= 1_000


# ---------------------------------------------------------------------------------------------------- Maker


def gold(**changes: int) -> tuple[Maker, World]:
    """src/test/clip.t.sol of dss 75cf04b2: 40 gold at 4 dollars, 100 of debt, 200 %, a penalty of 10 %."""
    ilk = ETH._replace(
        penalty=11 * WAD // 10, hole=1_000, dust=20, above=125 * RAY // 100, tip=0, chip=0, step=1
    )
    rule = Maker(Terms(wad(50), wad(50)), ilk._replace(**changes))
    rule.dollar = DOLLAR
    rule.open("me", [40 * WAD], 100 * WAD)
    return rule, World(4 * PRICE_SCALE)


def bark(rule: Maker, world: World) -> None:
    world.pay("me", 1)
    rule.block(world)


def test_an_auction_of_makers_starts_as_in_its_own_tests() -> None:
    """test_kick: 110 to raise with 40 of collateral from a price of 5 on; tip 100 and chip 2 % are paid."""
    rule, world = gold(tip=100, chip=2 * WAD // 100)
    bark(rule, world)
    sale = rule.sales["me"]
    assert (sale.tab, sale.lot, sale.due, sale.top) == (110 * WAD * RAY, 40 * WAD, 100 * WAD, 5 * RAY)
    assert world.taken[0].paid == -(100 + 110 * 2 // 100) * WAD - 2 * WAD // 10
    assert rule.book.earned == world.taken[0].paid


@pytest.mark.parametrize(("hole", "part"), [(80, 80), (75, 75), (90, 100)])
def test_the_hole_of_makers_dog_leaves_no_dust(hole: int, part: int) -> None:
    """test_bark_not_leaving_dust: of 100, 80 are taken where 20 may stay, all where less would."""
    rule, world = gold(penalty=WAD, hole=hole)
    bark(rule, world)
    assert rule.sales["me"].due == part * WAD
    assert rule.sales["me"].lot == 40 * part * WAD // 100
    assert rule.owed("me") == 100 * WAD


@pytest.mark.parametrize(
    ("payment", "paid", "lot", "tab"),
    [(55, 55, 29, 55), (110, 110, 0, 0), (90, 88, 22.4, 22), (88, 88, 22.4, 22)],
)
def test_purchases_at_makers_first_price(payment: int, paid: int, lot: float, tab: int) -> None:
    """test_take_under_tab, _at_tab, _bid_recalculates_due_to_chost_check; chost is 22."""
    rule, world = gold()
    bark(rule, world)
    world.pay("me", payment * WAD)
    rule.block(world)
    assert world.taken[-1].paid == paid * WAD
    if tab:
        assert rule.sales["me"].tab == tab * WAD * RAY
        assert rule.sales["me"].lot == int(lot * 10) * WAD // 10
        world.pay("me", tab * WAD // 2)  # test_take_bid_fails_no_partial_allowed
        rule.block(world)
        left = rule.sales["me"].tab if "me" in rule.sales else 0
        assert left == (tab * WAD * RAY if tab == 22 else 55 * WAD * RAY // 2)
    else:
        assert "me" not in rule.sales
        assert rule.accounts["me"] == Account([18 * WAD], 0)
        assert world.taken[-1].earned == 10 * WAD


def test_makers_price_falls_by_a_hundredth_a_second_as_its_own_tests_say() -> None:
    """test_take_bid_avoids_recalculate_due_no_more_lot: 2.735783211953807380973706855 after a minute."""
    rule, world = gold()
    bark(rule, world)
    sale = rule.sales["me"]
    assert rule.price_of(sale, 60) == 2735783211953807380973706855
    assert power(99 * RAY // 100, 30) == pytest.approx(0.99**30 * RAY, rel=1e-12)
    world.now = 60
    world.pay("me", 110 * WAD)
    rule.block(world)
    last = world.taken[-1]
    assert last.seized == (40 * WAD,)
    assert last.paid == -(-40 * WAD * 2735783211953807380973706855 // RAY)
    assert (last.ended, last.lost, last.earned) == (100 * WAD, 0, last.paid - 100 * WAD)


def test_makers_auction_is_reset_when_it_has_lasted_or_fallen_too_far() -> None:
    """test_auction_reset_tail: not after 3,600 seconds, but after 3,601, at 1.25 times the price then.

    test_auction_reset_cusp: not at half of the first price, but below it.
    """
    tail = {"tail": 3_600, "step": 10**6}
    cusp = {"tail": 10**6, "step": 1_000, "cut": RAY // 2, "cusp": RAY // 2}
    for settings, last, first in ((tail, 3_600, 3_601), (cusp, 1_999, 2_000)):
        rule, world = gold(**settings)
        bark(rule, world)
        world.prices = (3 * PRICE_SCALE,)
        for second, top in ((last, 5 * RAY), (first, 375 * RAY // 100)):
            world.now = second
            rule.block(world)
            assert rule.sales["me"].top == top


def test_makers_price_is_an_hour_old() -> None:
    """osm.sol: what is read in one hop counts from the next on."""
    rule = Maker.deployed(["WETH"])
    prices = {0: 200, 60: 100, 3_599: 100, 3_600: 100, 7_199: 90, 7_200: 80}
    seen = [rule._delayed(price, second) for second, price in prices.items()]
    assert seen == [200, 200, 200, 200, 200, 100]


def test_what_makers_auction_does_not_bring_is_lost() -> None:
    rule, world = gold()
    bark(rule, world)
    world.now = 75  # a price of 2.35, of which 40 bring 94.1
    world.pay("me", 110 * WAD)
    rule.block(world)
    assert rule.book.lost == pytest.approx((100 - 40 * 5 * 0.99**75) * WAD, rel=1e-9)
    assert rule.owed("me") == rule._dirt == 0  # test_take_full_lot_partial_tab


# -------------------------------------------------------------------------------------------------- Liquity


@pytest.mark.parametrize("pool", [0, 1_000, 2_100])
def test_liquity_liquidates_as_in_its_own_tests(pool: int) -> None:
    """contracts/test/liquidations.t.sol: 2 ether at 1,100 less a wei, a debt of 2,000; others have twice it.

    testLiquidationOffsetWithSurplus, testLiquidationMix, testLiquidationRedistributionNoSurplus; a dollar
    stays in the pool.
    """
    price = 1_100 * PRICE_SCALE - PRICE_SCALE // WAD
    rule = LiquityV2(Terms(WAD * 100 // 110, WAD * 100 // 110), wad(10), 0)
    rule.dollar = DOLLAR
    rule.open("a", [2 * WAD], 2_000 * WAD)
    rule.open("b", [4 * WAD], 2_000 * WAD)
    rule._pool = pool * WAD
    world = World(price)
    world.pay("a", 2_000 * WAD)
    rule.block(world)
    (close,) = world.taken
    offset = min(2_000 * WAD, max(0, pool * WAD - WAD))
    to_pool = offset * PRICE_SCALE // price * 105 // 100
    spread = 2_000 * WAD - offset
    to_b = min(2 * WAD * 995 // 1_000 - to_pool, spread * PRICE_SCALE // price * 110 // 100)
    assert rule._pool == pool * WAD - offset
    assert rule.owed("b") == pytest.approx(2_000 * WAD + spread, abs=3)
    assert rule.holdings("b")[0] == pytest.approx(4 * WAD + to_b, abs=10)
    surplus = 2 * WAD * 995 // 1_000 - to_pool - to_b
    assert rule.holdings("a")[0] == pytest.approx(surplus, abs=10)
    assert close.got == (2 * WAD // 200,)
    assert rule.owed("a") == 0
    if pool == 2_100:
        assert surplus / (2 * WAD) == pytest.approx(0.04, abs=0.001)  # "retains" 4 % of the collateral
    if pool == 0:
        assert surplus == 0


def test_what_rounding_leaves_of_a_redistribution_is_in_the_next_one() -> None:
    """`lastBoldDebtError_Redistribution`: of a hundred of them no more is lost than of one."""
    rule = LiquityV2(Terms(wad(90), wad(90)), wad(10), 0)
    rule.dollar = DOLLAR
    for number in range(100):
        rule.open(str(number), [WAD], 1_000 * WAD + number)
    rule.open("big", [7_777_777 * WAD], 2_000 * WAD)
    debt, world = sum(map(rule.owed, rule.accounts)), World(1_000 * PRICE_SCALE)
    for number in range(100):
        world.pay(str(number), 2_000 * WAD)
    rule.block(world)
    assert len(world.taken) == 100
    assert 0 <= debt - rule.owed("big") <= 7_777_777


# -------------------------------------------------------------------------------------------- margin venue


@pytest.mark.parametrize(
    ("debt", "adjustment", "spread", "price"),
    [
        (4_501, MILLION, 100_000, 49_999),
        (4_501, 2 * MILLION, 100_000, 49_998),
        (4_501, MILLION, 200_000, 49_998),
        (5_000, MILLION, 100_000, 49_500),
        (5_500, MILLION, 100_000, 49_500),
        (4_501, 2**32 - 1, 100_000, 49_500),
        (4_501, MILLION, MILLION, 49_990),
    ],
)
def test_dydx_sells_down_to_the_price_of_its_own_tests(
    debt: int, adjustment: int, spread: int, price: int
) -> None:
    """TestGetFillablePrice: 0.1 bitcoin (of 10**10 quantums) at 50,000, a maintenance margin of 10 %."""
    rule = MarginVenue([Terms(wad(80), wad(90))], LIMITS._replace(adjustment=adjustment, spread=spread))
    account, oracle = Account([10**9], debt * MILLION), (5 * PRICE_SCALE,)
    assert rule.fillable(account, oracle, 0) * 10**10 == price * MILLION * PRICE_SCALE


def test_dydx_sells_of_several_positions_at_the_price_of_its_own_tests() -> None:
    """The same, of 0.1 ether at 3,000 beside 0.004 bitcoin, and a debt of 490: 2,976."""
    rule = MarginVenue([Terms(wad(80), wad(90))] * 2, LIMITS._replace(spread=100_000))
    account, oracle = Account([4 * 10**7, 10**8], 490 * MILLION), (5 * PRICE_SCALE, 3 * PRICE_SCALE)
    assert rule.margins(account, oracle) == (10 * MILLION, 50 * MILLION)
    assert rule.fillable(account, oracle, 1) * 10**9 == 2_976 * MILLION * PRICE_SCALE


def test_dydx_closes_a_tenth_of_a_position_or_a_thousand_dollars_until_the_margin_is_met() -> None:
    """`GetMaxAndMinPositionNotionalLiquidatable`."""
    for bitcoin, debt, first in ((1, 4_510, 1_000), (10, 45_100, 5_000)):
        rule, world = MarginVenue([Terms(wad(80), wad(90))], LIMITS), World(5 * PRICE_SCALE)
        rule.dollar = MILLION
        rule.open("owner", [bitcoin * 10**9], debt * MILLION)
        rule.block(world)
        assert not world.taken[1:]
        world.now = 60
        rule.block(world)
        equity, least = rule.margins(rule.accounts["owner"], world.prices)
        assert world.taken[0].paid == first * MILLION
        assert equity >= least
        assert rule.accounts["owner"].debt > debt * MILLION // 2


def test_the_fund_pays_what_it_can_and_winners_the_rest() -> None:
    """What a sale brings beyond the bankruptcy price fills the fund, up to the fee; what lacks empties it."""
    rule = MarginVenue([Terms(wad(80), wad(90))], LIMITS._replace(part=MILLION, most=10**9))
    rule.dollar = MILLION
    world = World(5 * PRICE_SCALE)
    rule.open("rich", [10**9], 4_600 * MILLION)  # equity 400, 500 must be left
    rule.block(world)
    (sale,) = world.taken
    assert (sale.paid, sale.earned) == (5_000 * MILLION, 75 * MILLION)  # 1.5 % of 5,000
    assert (sale.ended, sale.refund) == (4_600 * MILLION, 325 * MILLION)

    rule.open("poor", [10**9], 5_050 * MILLION)  # bankrupt by 50, which the fund has
    rule.block(world)
    assert world.taken[-1].earned == -50 * MILLION == rule.book.earned - 75 * MILLION
    rule.open("poorer", [10**9], 5_060 * MILLION)  # by 60: it has 25 left
    rule.block(world)
    close = world.taken[-1]
    assert (close.paid, close.passed, close.shared) == (0, 5_060 * MILLION, (10**9,))
    assert rule.book.earned == 25 * MILLION
    assert rule.owed("poorer") == rule.book.lost == 0


# ------------------------------------------------------------------------------------------------ LlamaLend


def bands(fee: int = WAD // 100) -> Bands:
    """tests/amm/conftest.py of curve-stablecoin: a price of 3,000, an amplification of 100, a fee of 1 %."""
    return Bands(100, fee, 3_000 * WAD)


def test_bands_begin_a_hundredth_below_each_other() -> None:
    """tests/amm/test_price_oracles.py."""
    market = bands()
    for band in range(-20, 60):
        assert market.top(band) == pytest.approx(3_000 * WAD * 0.99**band, rel=1e-14)
    market.deposit("user", 10 * WAD, 1, 10)
    market.see(2_900 * WAD, 10**6)
    for band in range(1, 11):  # p_current_down = p_oracle**3 / p_oracle_up**2
        market.active = band
        assert market.spot() == pytest.approx(2_900**3 / (3_000 * 0.99**band) ** 2 * WAD, rel=1e-12)


def test_exchanges_keep_within_the_limits_of_its_own_tests() -> None:
    """tests/amm/test_exchange.py: test_dxdy_limits and test_exchange_down_up."""
    random = Random(1)
    for _ in range(60):
        market = bands()
        amounts = [random.randrange(10**16, 10**24) for _ in range(5)]
        firsts = [random.randrange(1, 21) for _ in amounts]
        for number, (amount, first) in enumerate(zip(amounts, firsts, strict=True)):
            market.deposit(str(number), amount, first, random.randrange(1, 22))
        small = market.trade(10**14, pumps=True)
        assert small.paid == 10**14
        if min(firsts) == 1:
            assert small.got == pytest.approx(10**14 / 3_000, rel=4e-2 + 0.02)
        else:
            assert small.got <= 10**14 / 3_000
        assert market.trade(10**16, pumps=False)[:2] == (0, 0)
        huge = market.trade(10**30, pumps=True)
        assert huge.paid < 10**30
        assert abs(huge.got - sum(amounts)) <= 1_000

        before = market.spot()
        there = market.trade(random.randrange(10**18, 10**27), pumps=True)
        market.exchange(there, 0)
        fee = abs(market.spot() - before) / (4 * max(market.spot(), before))
        back = market.trade(int(there.got / 0.98), pumps=False)
        assert 0 <= there.paid - back.got <= 2 * fee * there.paid


def test_who_follows_the_oracle_leaves_what_the_bands_promise() -> None:
    """tests/amm/test_xdown_yup_invariants.py: along a slow price `get_x_down` stands, and all returns."""
    market = bands(fee=10**6)
    market.deposit("user", 10 * WAD, 1, 10)
    promised = market.down("user")
    assert promised == pytest.approx(effective(10 * WAD, 10, 0, market) * market.top(1) // WAD, rel=1e-12)
    path = [3_000 * 0.9995**step for step in range(210)]  # down to 2,702, in the last band
    for second, price in enumerate([*path, *reversed(path), 3_100.0]):
        market.see(int(price * WAD), second * 1_000)
        amount, pumps = market.amount_for(int(price * WAD))
        if amount:
            market.exchange(market.trade(amount, pumps=pumps), second * 1_000)
            assert price > 2_960 or market.spot() == pytest.approx(price * WAD, rel=1e-6)
        if second % 10 == 0 and second < len(path):
            assert market.down("user") == pytest.approx(promised, rel=1e-3)
        if second == len(path) - 1:
            assert market.held("user")[1] < WAD  # nearly all is sold
    x, y = market.held("user")
    assert x < WAD // 10**6
    assert y == pytest.approx(10 * WAD, rel=2e-3)


def test_a_jump_of_the_oracle_is_limited_and_feared_for_two_minutes() -> None:
    """`limit_p_o`: 1 - (p_min / p_max)**3 at once, half of it a minute later; no jump counts beyond 25 %."""
    market = bands()
    market.deposit("user", 10 * WAD, 1, 10)
    market.exchange(market.trade(10**18, pumps=True), 0)
    for price, second, counts, feared in (
        (2_700, 0, 2_700, 1 - 0.9**3),
        (2_700, 60, 2_700, (1 - 0.9**3) / 2),
        (2_700, 120, 2_700, 0),
        (2_000, 0, 2_400, 1 - 0.8**3),
        (2_000, 120, 2_000, 0),
    ):
        market.see(price * WAD, second)
        assert market.price == pytest.approx(counts * WAD, rel=1e-15)
        assert market.feared == pytest.approx(feared * WAD, rel=1e-12, abs=2)


@pytest.mark.parametrize(("price", "fee"), [(2_000, 0.134_331), (4_000, 0.112_173), (2_970, 0.01)])
def test_bands_that_are_far_from_the_oracle_charge_a_quarter_of_the_way(price: int, fee: float) -> None:
    """`get_dynamic_fee`, of a band whose prices are p_oracle**3 / p_oracle_up**2 and a fiftieth more."""
    market = bands()
    market.see(price * WAD, 10**6)
    assert market._fee_of(market.top(1)) == pytest.approx(fee * WAD, rel=1e-5)


def test_a_loan_at_the_limit_begins_at_the_price_and_part_of_it_is_closed_for_less() -> None:
    """`calculate_debt_n1`; `_get_f_remove`: half a debt, at a discount of 6 %, for 0.4929 of a position."""
    rule = LlamaLend.deployed(["WETH"])
    rule.dollar = DOLLAR
    assert rule.terms[0].ltv / WAD == pytest.approx(0.866, abs=1e-3)  # 9 %, and half of ten bands
    most = 10 * 3_000 * rule.terms[0].ltv
    debts = [most * part // 1_000 for part in (1_000, 990, 900, 500)]
    world = World(3_000 * PRICE_SCALE)
    for number, debt in enumerate(debts):
        rule.open(str(number), [10 * WAD], debt)
    rule.block(world)
    assert rule.bands
    firsts = [rule.bands.owners[str(number)][0] for number in range(4)]
    assert firsts == [0, 1, 10, 68]
    assert [rule.health(str(number)) > 0 for number in range(4)] == [True] * 4
    healths = [rule.health(str(number)) for number in range(4)]
    assert healths[0] / WAD == pytest.approx(0.94 / 0.91 - 1, rel=1e-3)
    assert all(one < other for one, other in pairwise(healths))
    assert rule._removed(WAD // 2) / WAD == pytest.approx((1.03 / 1.06 * 0.5 + 0.5) * 0.5, rel=1e-15)
    assert rule._removed(WAD) == WAD


def test_a_loan_whose_bands_do_not_bring_its_debt_is_closed_whole() -> None:
    """After a fall in which nobody has traded: the liquidator pays the debt and takes everything."""
    rule = LlamaLend.deployed(["WETH"])
    rule.dollar = DOLLAR
    world = World(3_000 * PRICE_SCALE)
    rule.open("owner", [10 * WAD], 25_000 * WAD)
    rule.block(world)
    world.outside = (0,)  # nobody trades
    for world.now in (60, 120, 10**6):
        rule.block(world)
    world.prices, world.now = (2_000 * PRICE_SCALE,), 2 * 10**6
    rule.block(world)
    assert rule.health("owner") < 0
    world.pay("owner", 25_000 * WAD)
    world.now += 60
    rule.block(world)
    (close,) = world.taken
    assert (close.paid, close.ended, close.refund) == (25_000 * WAD, 25_000 * WAD, 0)
    assert close.seized[0] == pytest.approx(10 * WAD, abs=100)
    assert rule.owed("owner") == rule.balance("owner") == 0
