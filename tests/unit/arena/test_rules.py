"""Rules of other systems by their own numbers, and what holds for every rule."""

from collections.abc import Callable, Iterable, Sequence
from random import Random

import pytest
from ruamel.yaml import YAML

from plimsoll import lab
from plimsoll.arena.registry import ArenaError, known
from plimsoll.arena.rule import Account, Close, Offer, Offers, Rule, Terms, value, wad
from plimsoll.arena.rules.aave_v3 import AaveV3, AaveV30
from plimsoll.arena.rules.morpho_blue import MorphoBlue, incentive
from plimsoll.arena.rules.plimsoll import Plimsoll
from plimsoll.arena.study import Unplayable, adapted, made
from plimsoll.scenario.loans import Borrower
from plimsoll.scenario.reading import ScenarioError
from plimsoll.units import PRICE_SCALE, WAD
from tests.utils.laboratory import TINY, small_basket, tiny

UNIT = 10**6  # of the loan asset
TERMS = Terms(wad(80), wad(83))


def price(dollars: float) -> int:
    """Of a token with 18 decimals, 1e36."""
    return int(dollars * UNIT) * 10**18


class Buyer:
    """A field whose keepers take every offer whole, as often as there is one, and send what may be called."""

    now = 0

    def __init__(self, *prices: int) -> None:
        self.prices = self.outside = prices
        self.taken: list[Close] = []

    def sell(self, leg: int, amount: int, least: int, may: Callable[[int, int], bool]) -> tuple[int, int]:
        brought = amount * self.outside[leg] // PRICE_SCALE
        return (amount, brought) if self.outside[leg] >= least and may(amount, brought) else (0, 0)

    def record(self, _what: str, close: Close) -> None:
        self.taken.append(close)

    def trade(self, offer: Offer) -> Close | None:
        close = offer.quote(offer.most)
        if close:
            self.taken.append(close)
        return close

    def serve(self, names: Iterable[str], offers: Offers, take: Callable[[str, Close], None]) -> None:
        for name in [*names]:
            while close := next(filter(None, (offer.quote(offer.most) for offer in offers(name))), None):
                self.taken.append(close)
                take(name, close)

    def call(self, _what: str, close: Close) -> bool:
        self.taken.append(close)
        return True


def flow(close: Close) -> int:
    """What of a payment neither ends debt nor is anybody else's: the protocol's cash."""
    return close.paid - close.earned - close.refund - (close.ended - close.lost - close.passed)


def liquidated(rule: Rule, amounts: Sequence[int], debt: int, *prices: int) -> list[Close]:
    rule.open("owner", amounts, debt * UNIT)
    buyer = Buyer(*prices)
    rule.block(buyer)
    return buyer.taken


# --------------------------------------------------------------------------------------------- by the numbers


@pytest.mark.parametrize(
    ("lltv", "factor"), [(38.5, 1.15), (77, 1.0741), (86, 1.0438), (94.5, 1.0168), (98, 1.006)]
)
def test_morphos_incentive_falls_with_the_limit(lltv: float, factor: float) -> None:
    """min(1.15, 1 / (.3 LLTV + .7)), to four digits."""
    assert incentive(wad(lltv)) / WAD == pytest.approx(factor, abs=5e-5)


def test_aave_closes_half_above_a_health_of_095_and_all_below() -> None:
    half = liquidated(AaveV3([TERMS], [10_500], 0), [10 * 10**18], 15_000, price(1_750))
    assert half[0].paid == 7_500 * UNIT  # health .968
    whole = liquidated(AaveV3([TERMS], [10_500], 0), [10 * 10**18], 15_000, price(1_700))
    assert [close.paid for close in whole] == [15_000 * UNIT]  # health .941
    assert whole[0].seized[0] == 15_000 * 10**18 * 105 // 100 // 1_700


def test_aave_as_deployed_closes_small_accounts_whole_and_leaves_no_dust() -> None:
    """Below 2,000 dollars of collateral or debt; what is left of both is worth 1,000 each."""
    (whole,) = liquidated(AaveV3([TERMS], [10_500], 0), [12 * 10**17], 1_799, price(1_750))
    assert whole.paid == 1_799 * UNIT  # health .969
    rule = AaveV3([TERMS], [10_500], 0)
    account, prices = Account([2 * 10**18], 2_600 * UNIT), (price(1_500),)
    (offer,) = rule.offers(account, prices)
    assert offer.most == 1_300 * UNIT  # health .9577
    assert offer.quote(1_300 * UNIT)
    account = Account([2 * 10**18], 2_800 * UNIT)  # health .889
    (offer,) = rule.offers(account, prices)
    assert offer.quote(2_800 * UNIT)
    assert offer.quote(1_801 * UNIT) is None  # 999 would be left of the debt
    assert offer.quote(1_800 * UNIT)
    account = Account([2 * 10**18], 2_990 * UNIT)
    (offer,) = rule.offers(account, prices)
    assert offer.quote(1_910 * UNIT) is None  # 994.50 of the collateral


def test_aave_as_deployed_books_what_is_left_without_collateral() -> None:
    rule = AaveV3([TERMS] * 2, [10_500] * 2, 1_000)
    account, prices = Account([10 * 10**18, 10**18], 15_000 * UNIT), (price(1_300), price(1_300))
    first, _ = rule.offers(account, prices)
    close = first.quote(first.most)
    assert close and close.lost == 0  # the other collateral stands behind what is left
    account = Account([0, 10**18], 15_000 * UNIT - close.paid)
    (last,) = rule.offers(account, prices)
    close = last.quote(last.most)
    assert close and close.paid + close.lost == close.ended == account.debt


def test_of_large_accounts_aave_as_deployed_does_what_its_first_release_does() -> None:
    """To two base units, its roundings; so what is held against the bytecode holds for both."""
    random, kinds = Random("large"), set()
    for _ in range(2_000):
        first, now = (kind([TERMS], [10_500], 1_000) for kind in (AaveV30, AaveV3))
        worth, held = random.uniform(1e5, 1e7), 10 ** random.uniform(18, 22)
        account, prices = (
            Account([int(held)], int(worth * UNIT * random.uniform(0.8, 1.1))),
            (int(worth * UNIT * 10**36 / held),),
        )
        assert abs(first.health(account, prices) - now.health(account, prices)) < 10**6
        most = first.most(account, prices, 0)
        assert most == pytest.approx(now.most(account, prices, 0), abs=1)
        for repay in (int(most * random.uniform(0, 0.9)), most):
            one, other = (rule.close(account, prices, repay, 0) for rule in (first, now))
            assert one and other
            assert abs(one.paid - other.paid) <= 1
            assert abs(one.seized[0] - other.seized[0]) <= 1
            assert abs(one.kept[0] - other.kept[0]) <= 2
            is_over = one.seized[0] == account.amounts[0]
            assert other.lost == (account.debt - other.paid if is_over else 0)
            kinds.add((is_over, most == account.debt))
    assert kinds == {(False, False), (False, True), (True, True)}


def test_aave_takes_all_collateral_when_it_is_short_and_leaves_the_rest_of_the_debt() -> None:
    rule = AaveV30([TERMS], [10_500], 1_000)
    (close,) = liquidated(rule, [10 * 10**18], 15_000, price(1_500))
    assert close.seized == (10 * 10**18,)
    assert close.paid == pytest.approx(15_000 * UNIT / 1.05, abs=1)
    assert close.kept[0] == pytest.approx(0.1 * (10 - 10 / 1.05) * 10**18, rel=1e-9)
    assert close.lost == 0
    assert rule.accounts["owner"].debt == 15_000 * UNIT - close.paid


def test_morpho_writes_off_what_is_left_without_collateral() -> None:
    rule = MorphoBlue(wad(86))
    (close,) = liquidated(rule, [10 * 10**18], 15_000, price(1_500))
    assert close.paid == pytest.approx(15_000 * UNIT / 1.0438, rel=1e-4)
    assert close.paid + close.lost == close.ended == 15_000 * UNIT
    assert rule.accounts["owner"] == Account([0], 0)


def test_plimsolls_close_is_the_twins() -> None:
    """As in the README: alice at 1,750 is closed to a health of 1.05."""
    rule = Plimsoll.alike([TERMS])
    (close,) = liquidated(rule, [10 * 10**18], 15_000, price(1_750))
    account = rule.accounts["owner"]
    assert rule.health(account, (price(1_750),)) / WAD == pytest.approx(1.05, abs=1e-6)
    assert close.earned > 0
    assert close.lost == 0


# ---------------------------------------------------------------------------------------------- of every rule


@pytest.mark.parametrize("name", known())
@pytest.mark.parametrize("legs", [1, 3])
def test_money_adds_up(name: str, legs: int) -> None:
    """And nothing is closed that is healthy, nor more taken or ended than there is."""
    random = Random(f"{name} {legs}")
    try:
        known()[name].alike([TERMS] * legs)
    except ValueError as refused:
        assert str(refused) == f"{name} has markets of one collateral, not of {legs}"
        return
    count = 0
    for _ in range(300):
        rule, amounts = (
            known()[name].alike([TERMS] * legs),
            [random.randrange(10**16, 10**20) for _ in range(legs)],
        )
        prices = tuple(price(random.uniform(100, 3_000)) for _ in range(legs))
        rule.open("owner", amounts, int(value(amounts, prices) * random.uniform(0.5, 1.3)))
        rule.open("another", [10**24] * legs, UNIT)
        debt, others, buyer = rule.owed("owner"), rule.owed("another"), Buyer(*prices)
        rule.block(buyer)
        closes, book, left = buyer.taken, rule.book, rule.holdings("owner")
        count += len(closes)
        # base units of the loan asset: Fluid counts collateral by the debt, LlamaLend leaves dust in bands
        slack = 3 if name in ("fluid", "llamalend") else 0
        assert 0 <= debt - rule.owed("owner") - sum(close.ended for close in closes) <= slack
        assert 0 <= sum(close.moved for close in closes) - (rule.owed("another") - others) <= 1
        assert sum(close.lost for close in closes) == book.lost
        for leg, amount in enumerate(amounts):
            taken = sum(close.seized[leg] for close in closes)
            kept = sum(close.kept[leg] for close in closes if close.kept)
            assert 0 <= (amount - left[leg] - taken) * prices[leg] <= slack * PRICE_SCALE
            assert left[leg] >= 0
            assert kept == book.stock[leg] >= 0
        for close in closes:
            assert min(close.ended, close.lost, close.passed, *close.got) >= 0
            if not any(close.kept):
                assert 0 <= flow(close) <= 1  # rounding
        assert book.cash == sum(map(flow, closes))
        if value(amounts, prices) * 0.83 >= debt * 1.003:  # a tick of Fluid's is 0.15 % wide
            assert not closes
    assert count > 100


# ---------------------------------------------------------------------------------------------- on a scenario


def test_all_rules_play_a_scenario_on_the_same_path() -> None:
    scenario = YAML().load(TINY)
    frame = lab.arena(scenario).set_index("rule")
    assert list(frame.index) == list(known())
    assert (frame.repaid > 10_000).all()
    spared = {"compound-v3", "fluid", "liquity-v2", "llamalend", "margin-venue"}  # somebody else bears it
    assert set(frame.index[frame.lender_loss == 0]) == spared
    assert set(frame.index[frame.others > 0]) == {"liquity-v2", "margin-venue"}
    assert frame.loc["compound-v3", "protocol"] > 0  # its reserves won with what they took over
    assert frame.loc["aave-v3.0", "booked"] == 0
    assert frame.loc["aave-v3.0", "hidden"] > 0
    assert frame.loc["aave-v3", "booked"] > 0
    assert frame.loc["morpho-blue", "booked"] > 0
    assert lab.arena(scenario).equals(lab.arena(scenario))


def test_paths_are_played_under_every_variation() -> None:
    """Also those that are said once, by an iterator."""
    scenario = YAML().load(TINY)
    frame = lab.arena(scenario, ["morpho-blue"], iter((0, 1)), keepers="absent")
    assert list(zip(frame.variation, frame.path, strict=True)) == [
        (variation, path) for variation in ("as written", "keepers absent") for path in (0, 1)
    ]
    with pytest.raises(ScenarioError, match="There is no path -1; they are numbered from 0"):
        lab.arena(scenario, ["morpho-blue"], [0, -1])


def test_what_a_rule_cannot_play_is_said() -> None:
    with pytest.raises(Unplayable, match="morpho-blue has markets of one collateral, not of 3"):
        made("morpho-blue", small_basket(), 0)
    with pytest.raises(Unplayable, match="not deployed with USDX as collateral"):
        made("aave-v3", small_basket(), 0, deployed=True)
    with pytest.raises(Unplayable, match="known of markets that lend dollars, not WETH"):
        made("aave-v3", lab.load("rate-jump").config, 0, deployed=True)
    with pytest.raises(ArenaError, match="There is no rule 'aave'; choose of aave-v3, aave-v3"):
        made("aave", tiny(), 0)


def test_people_borrow_what_is_lent_where_a_rule_is_deployed() -> None:
    """A token is worth 200 dollars; Aave lends 80.5 % of it, Morpho 86 %, Plimsoll 80 %."""
    scenario = tiny()
    for name, ltv in (("aave-v3", 80.5), ("morpho-blue", 86), ("plimsoll", 80)):
        rule = made(name, scenario, 0, deployed=True)
        assert rule.terms[0].ltv == wad(ltv)
        people = [Borrower("low", 0, (10**18,), 100 * UNIT), Borrower("high", 0, (10**18,), 199 * UNIT)]
        lent = [person.debt for person in adapted(people, rule, scenario, 0)]
        assert lent == [100 * UNIT, int(2 * ltv * UNIT)]
    frame = lab.arena(YAML().load(TINY), deployed=True).set_index("rule")
    alike = lab.arena(YAML().load(TINY)).set_index("rule")
    assert alike.borrowed.nunique() == 1
    assert (frame.borrowed <= alike.borrowed).all()
    assert frame.loc["morpho-blue", "borrowed"] == alike.loc["morpho-blue", "borrowed"]
    assert frame.loc["morpho-blue", "ended"] < alike.loc["morpho-blue", "ended"]  # .86 instead of .83
