"""Rules of other systems by numbers that those systems published: their documents and their own tests."""

import pytest

from plimsoll.arena.rule import Account, Terms, wad
from plimsoll.arena.rules.aave_v4 import ALL, AaveV4, Spoke
from plimsoll.arena.rules.compound_v3 import CompoundV3
from plimsoll.arena.rules.euler_v2 import EulerV2
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
