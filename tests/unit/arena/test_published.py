"""Rules of other systems by numbers that those systems published: their documents and their own tests."""

from collections.abc import Callable, Iterable
from random import Random

import pytest

from plimsoll.arena.rule import Account, Close, Offers, Terms, value, wad
from plimsoll.arena.rules.aave_v4 import ALL, AaveV4, Spoke
from plimsoll.arena.rules.compound_v3 import CompoundV3
from plimsoll.arena.rules.euler_v2 import EulerV2
from plimsoll.arena.rules.fluid import Fluid, ratio_at, tick_at
from plimsoll.arena.rules.silo import Silo, most_to_repay, taken
from plimsoll.units import PRICE_SCALE, WAD

E18 = 10**18


def v4(factor: float, highest: int, *spoke: int, legs: int = 1) -> AaveV4:
    terms = [Terms(wad(factor), wad(factor))] * legs
    return AaveV4(terms, [highest] * legs, 1_000, Spoke(*spoke))


# --------------------------------------------------------------------------------------------------- Aave v4


@pytest.mark.parametrize(
    ("lowest", "part", "highest", "health", "bonus"),
    [
        # tests/contracts/spoke/libraries/liquidation-logic/LiquidationLogic.LiquidationBonus.t.sol
        (wad(80), 5_000, 11_000, WAD - 1, 10_500),
        (wad(80), 5_000, 11_000, wad(96), 10_600),
        # docs/features/LiquidationEngine.md, examples 1 and 2
        (wad(85), 8_000, 10_500, wad(95), 10_433),
        (wad(85), 8_000, 10_500, wad(80), 10_500),
    ],
)
def test_aaves_bonus_rises_as_health_falls(
    lowest: int, part: int, highest: int, health: int, bonus: int
) -> None:
    assert v4(50, highest, WAD, lowest, part).bonus(0, health) == bonus


@pytest.mark.parametrize(("target", "repay"), [(wad(125), 9_000), (WAD, 8_000)])
def test_aave_repays_up_to_the_target(target: int, repay: int) -> None:
    """LiquidationLogic.DebtToTargetHealthFactor.t.sol: UnitPrice and NoPrecisionLoss, in dollars."""
    rule = v4(50, 15_000, target, wad(80), ALL)
    assert rule.restores(10_000 * 10**6, wad(80), 0, 15_000) == repay * 10**6


@pytest.mark.parametrize(
    ("amounts", "repay", "seized", "fee"),
    [((16_000, 0), 5_000, 6_000, 100), ((5_625, 10_375), 4_687.5, 5_625, 93.75)],
)
def test_aaves_amounts(amounts: tuple[int, int], repay: float, seized: float, fee: float) -> None:
    """LiquidationLogic.LiquidationAmounts.t.sol, in dollars: enough collateral, or too little.

    Health is .8, half the collateral counts, the bonus is 20 %, of which 10 % are the protocol's.
    """
    rule = v4(50, 12_000, WAD, wad(80), 5_000, legs=2)
    account = Account([each * 10**6 for each in amounts], 10_000 * 10**6)
    (offer, *_) = rule.offers(account, (PRICE_SCALE, PRICE_SCALE))
    close = offer.quote(offer.most)
    assert close is not None
    assert (close.paid, close.seized[0], close.kept[0]) == (repay * 10**6, seized * 10**6, fee * 10**6)
    assert close.lost == 0


def test_aave_leaves_no_dust() -> None:
    """Less than 1,000 dollars of debt or collateral: then all of the one or the other; the rest is lost."""
    rule = v4(80, 10_500, wad(105), wad(90), 9_000)
    (offer,) = rule.offers(Account([2_000 * 10**6], 1_700 * 10**6), (PRICE_SCALE,))
    close = offer.quote(offer.most)
    assert close is not None
    assert close.paid == 1_700 * 10**6  # 840 would restore the target, and leave 860
    assert offer.quote(1_699 * 10**6) is None
    (offer,) = rule.offers(Account([2_000 * 10**6], 1_950 * 10**6), (PRICE_SCALE,))
    close = offer.quote(offer.most)
    assert close is not None
    assert close.seized == (2_000 * 10**6,)
    assert close.paid == pytest.approx(2_000 / 1.05 * 10**6, abs=1)
    assert close.lost == 1_950 * 10**6 - close.paid


# ---------------------------------------------------------------------------------------------- Compound III


@pytest.mark.parametrize(
    ("price", "factor", "store_front", "paid", "bought"),
    [(200, 60, 50, 200, 1.25), (9, 80, 50, 810, 100), (200, 75, 80, 1e15, 6.25e12), (200, 60, 0, 200, 1)],
)
def test_compound_sells_at_a_discount(
    price: int, factor: int, store_front: int, paid: float, bought: float
) -> None:
    """compound-finance/comet, test/quote-collateral-test.ts."""
    rule = CompoundV3([Terms(0, 0)], [WAD - wad(factor)], wad(store_front))
    rule.book.stock[0] = 10**40
    close = rule.sale(0, price * 10**6 * PRICE_SCALE // E18).quote(int(paid) * 10**6)
    assert close is not None
    assert close.got == (int(bought * 10**6) * 10**12,)


@pytest.mark.parametrize(("penalty", "refund"), [(12, 1.8), (25, 0.5)])
def test_compound_pays_an_absorbed_account_the_rest(penalty: int, refund: float) -> None:
    """Ten million in COMP against seven of debt: www.comp.xyz/t/4965 (Gauntlet, January 2024)."""
    rule = CompoundV3([Terms(wad(65), wad(70))], [wad(penalty)], wad(50))
    close = rule.absorption(Account([10 * 10**12], 7 * 10**12), (PRICE_SCALE,))
    assert close.ended == 7 * 10**12
    assert close.got == (0,)
    assert close.refund == int(refund * 10**12)


def test_compound_absorbs_what_has_no_collateral() -> None:
    """test/absorb-test.ts: the reserves pay it all."""
    rule = CompoundV3([Terms(wad(65), wad(70))], [wad(7)], wad(50))
    close = rule.absorption(Account([0], 100), (PRICE_SCALE,))
    assert (close.ended, close.refund) == (100, 0)


# -------------------------------------------------------------------------------------------------- Euler v2


@pytest.mark.parametrize(
    ("ratio", "debt", "price", "repay", "seized", "lost"),
    [(30, 5, 0.4 / 2.5, 5, 32.552083, 0), (99, 17, 0.4 / 2.7, 12.781409, 100, 4.218591)],
)
def test_eulers_discount_is_what_lacks_to_health(
    ratio: int, debt: int, price: float, repay: float, seized: float, lost: float
) -> None:
    """test/unit/evault/modules/Liquidation/full.t.sol: basicFullLiquidation and extremeCollateralFactors."""
    rule = EulerV2([Terms(wad(ratio), wad(ratio))], 2_000)
    (offer,) = rule.offers(Account([100 * E18], debt * E18), (int(price * PRICE_SCALE),))
    close = offer.quote(offer.most)
    assert close is not None
    assert [each / E18 for each in (close.paid, close.seized[0], close.lost)] == pytest.approx(
        [repay, seized, lost], abs=1e-6
    )
    part = offer.quote(offer.most // 4)  # partialLiquidation
    assert part is not None
    assert part.seized[0] == offer.most // 4 * close.seized[0] // offer.most
    assert part.lost == 0


# --------------------------------------------------------------------------------------------------- Silo v2


@pytest.mark.parametrize(
    ("debt", "worth", "target", "fee", "repay"),
    [
        # silo-core/test/foundry/data-readers/EstimateMaxRepayValueTestData.sol
        (E18, 2 * E18, 0.5001, 0.05, 0),
        (80 * E18, 100 * E18, 0.79, 0.2659, 80 * E18),
        (80 * E18, 100 * E18, 0.79, 0.2658, 80 * E18),
        (180 * E18, 180 * E18, 0.7, 0.0001, 180 * E18),
        (80 * E18, 100 * E18, 0, 0.05, 80 * E18),
        (80 * E18, 100 * E18, 0.7, 0.05, 37735849056603773584),
        (80 * E18, 112 * E18, 0.7, 0.05, 6037735849056603773),
        # MaxLiquidationPreviewTestData.sol
        (98 * E18, 100 * E18, 0.97, 0.031, 98 * E18),
        (98 * E18, 100 * E18, 0.97, 0.0204, 98 * E18),
    ],
)
def test_silo_repays_up_to_the_target(debt: int, worth: int, target: float, fee: float, repay: int) -> None:
    assert most_to_repay(debt, worth, wad(target * 100), wad(fee * 100)) == repay


@pytest.mark.parametrize(
    ("repay", "worth", "fee", "value"),
    [
        (37735849056603773584, 100 * E18, 0.05, 39622641509433962263),
        (98 * E18, 100 * E18, 0.0204, 99999200000000000000),
        (180 * E18, 100 * E18, 0.05, 100 * E18),
    ],
)
def test_silo_takes_the_repayment_and_the_fee(repay: int, worth: int, fee: float, value: int) -> None:
    """MaxLiquidationPreviewTestData.sol."""
    assert taken(repay, worth, wad(fee * 100)) == value


def test_silo_closes_any_part_under_water_and_books_no_loss() -> None:
    """LiquidationPreviewTestData.sol #10 and #12, the second up to what takes all collateral."""
    rule = Silo(Terms(wad(8), wad(8)), wad(7.2), wad(10))
    (offer,) = rule.offers(Account([100 * E18], 180 * E18), (PRICE_SCALE,))
    part, whole = offer.quote(10 * E18), offer.quote(offer.most)
    assert part is not None
    assert whole is not None
    assert (part.paid, part.seized) == (10 * E18, (11 * E18,))
    assert whole.seized == (100 * E18,)
    assert whole.paid == -(-100 * E18 * 10 // 11)
    assert whole.lost == 0


# ------------------------------------------------------------------------------------------------------ Fluid


class Liquidator:
    """A field in which a part of the first or of the last offer is taken once a block."""

    now = 0

    def __init__(self, price: float, part: float = 1, which: int = 0) -> None:
        self.prices = (int(price * 10**9) * PRICE_SCALE // 10**9,)
        self.taken: list[Close] = []
        self._part, self._which = part, which

    def serve(self, names: Iterable[str], offers: Offers, take: Callable[[str, Close], None]) -> None:
        for name in names:
            if found := offers(name):
                offer = found[self._which]
                if close := offer.quote(int(offer.most * self._part)):
                    self.taken.append(close)
                    take(name, close)

    def call(self, _what: str, close: Close) -> bool:
        self.taken.append(close)
        return True


def vault(penalty: float = 0) -> Fluid:
    """As in Instadapp/fluid-contracts-public, test/foundry/vaultT1/vault/vault.t.sol."""
    return Fluid(Terms(wad(80), wad(81)), wad(90), wad(penalty))


def after(rule: Fluid, liquidator: Liquidator) -> list[Close]:
    rule.block(liquidator)
    return liquidator.taken


@pytest.mark.parametrize(
    ("tick", "ratio"),
    [
        # contracts/libraries/tickMath.sol, its comments, and tickMath.t.sol
        (1, 79347004758035734099934266261),
        (2, 79466025265172787701084167660),
        (16384, 3665252098134783297721995888537077351735),
        (-32766, 37130684),
    ],
)
def test_fluids_ticks(tick: int, ratio: int) -> None:
    assert ratio_at(tick) == ratio
    assert (tick_at(ratio), tick_at(ratio + 1), tick_at(ratio - 1)) == (tick, tick, tick - 1)


def test_fluid_liquidates_down_to_the_threshold_the_highest_first_and_equals_alike() -> None:
    """7,990 against 10,000 at a price of 1, which falls by 2 %; 81 % of .98 is left, all to ticks of .15 %.

    How much is repaid is the formula in `liquidate`: (debt - x) / (col - x * colPerDebt) is the ratio after.
    """
    rule = vault()
    for owner, debt in (("one", 7_990), ("two", 7_990), ("low", 7_000)):
        rule.open(owner, [10_000 * E18], debt * E18)
    assert not after(rule, Liquidator(1))
    (close,) = after(rule, Liquidator(0.98))
    limit = int(0.81 * 0.98 * 2**96)
    first, last = (1.0015**tick for tick in (tick_at((7_990 << 96) // 10_000) + 1, tick_at(limit)))
    assert close.paid / E18 == pytest.approx(2 * (first - last) * 10_000 / (1 - last / 0.98), rel=1e-9)
    assert close.seized[0] == pytest.approx(close.paid / 0.98)
    assert rule.owed("one") == pytest.approx(rule.owed("two"), rel=1e-9)  # _verifyPosition
    assert rule.holdings("one") == rule.holdings("two")
    ratio = rule.owed("one") / rule.holdings("one")[0]
    assert 0.997 * limit < ratio * 2**96 <= limit
    assert rule.holdings("low") == [10_000 * E18]
    assert rule.owed("one") == pytest.approx(7_990 * E18 - close.paid / 2, rel=1e-8)


def test_fluid_absorbs_what_is_above_the_max_limit_and_sells_it_for_its_debt() -> None:
    rule = vault(penalty=3)
    rule.open("high", [10_000 * E18], 7_990 * E18)
    rule.open("low", [10_000 * E18], 7_300 * E18)
    owed = rule.owed("high")
    absorbed, close = after(rule, Liquidator(0.87, which=-1))
    assert absorbed.seized == absorbed.kept
    assert absorbed.seized[0] == pytest.approx(10_000 * E18)
    assert absorbed.ended == owed
    assert (rule.owed("high"), rule.holdings("high")) == (0, [0])
    assert close.got[0] - close.seized[0] == absorbed.seized[0]  # all of it, for all its debt
    assert close.paid - close.ended == pytest.approx(owed, rel=0.0015)
    assert close.seized[0] == pytest.approx(close.ended * 1.03 / 0.87)
    assert rule.book.stock == [0]
    assert 0 <= rule.book.cash <= owed * 0.0015  # what a tick rounds up


@pytest.mark.parametrize("seed", range(7, 12))
def test_fluid_accounts_for_all_debt_and_collateral_whenever_positions_open(seed: int) -> None:
    """Branches above others, merged when prices fall on, and absorbed ones."""
    random = Random(seed)
    rule, price, lent, locked = vault(penalty=3), 1.0, 0, 0
    closes: list[Close] = []
    for number in range(150):
        amount = random.randrange(10**21, 10**22)
        rule.open(str(number), [amount], int(amount * price * random.uniform(0.5, 0.8)))
        lent, locked = lent + rule.owed(str(number)), locked + amount
        price *= random.uniform(0.85, 1.17)
        closes += after(rule, Liquidator(price, random.uniform(0.3, 1), random.choice((0, -1))))
        owed = sum(map(rule.owed, rule.accounts))
        held = sum(rule.holdings(owner)[0] for owner in rule.accounts)
        ended, seized = sum(close.ended for close in closes), sum(close.seized[0] for close in closes)
        assert abs(lent - owed - ended) < 1_000
        assert abs(locked - held - seized) < 1_000
        assert rule.book.stock[0] == sum(close.kept[0] for close in closes if close.kept) >= 0
        for owner in rule.accounts:
            worth = value(rule.holdings(owner), (int(price * PRICE_SCALE),))
            assert rule.owed(owner) <= worth * 0.9015
    assert sum(bool(close.kept) for close in closes) > 5
    assert sum(close.ended > 0 for close in closes) > 20


def test_fluid_refuses_a_penalty_that_leaves_nothing() -> None:
    """updateLiquidationMaxLimit: 99.7 % with the penalty."""
    with pytest.raises(ValueError, match=r"fluid has no threshold of 96\.0%"):
        Fluid.alike([Terms(wad(95), wad(96))])
