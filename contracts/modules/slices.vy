# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Slices
@license AGPL-3.0-only
@notice How much of an unhealthy basket can be closed, at what price. See docs/SPECIFICATION.md; in one sentence each:

        A close takes the same part of every leg: a *slice*. So no leg per debt share ever falls, and health does not
        fall at any prices whatsoever. What is paid is what a vault's close pays, the basket being one collateral.

        A liquidator may leave legs out, because one that nobody can move or sell must not shield the rest. Then the
        bonus is the smallest, less as the legs taken restore less health, so that choosing legs gains nothing.

        Legs whose oracle is silent are left out by themselves, and nothing is closed while they leave open whether
        debt and smallest bonus are covered.
@dev Bounds behind the unsafe arithmetic: as in `liquidation`; a liquidatable basket's weighted value is below
     debt*WAD < 2**155, and thresholds are at least WAD/100, so its value is below 2**102.
"""

from ..interfaces import IBasket
from ..interfaces import IPool
from ..interfaces import IVault
from . import basket
from . import liquidation
from . import margin
from . import position
from . import share_math
from . import units

uses: basket
uses: liquidation

WAD: constant(uint256) = units.WAD
PRICE_SCALE: constant(uint256) = units.PRICE_SCALE


@internal
@view
def _slice(
    word: uint256,
    lanes: uint256[4],
    prices: uint256[8],
    without: uint256,
    totals: IPool.DebtTotals,
    max_repay: uint256,
) -> IBasket.Quote:
    """
    @notice The close of a position for at most `max_repay`.
    @param word The position.
    @param lanes Its amounts, two legs a word.
    @param prices 1e36, 0 = silent.
    @param without Mask of the legs that are left out.
    @param totals With interest up to now.
    @param max_repay Base units of the loan asset, the fee not included.
    @return See `IBasket.Quote`.
    """
    found: IBasket.Quote = empty(IBasket.Quote)
    worth: basket.Worth = basket._worth(word, lanes, prices, without)
    debt_shares: uint256 = position._debt_shares(word)
    debt: uint256 = share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares)
    if worth.high_weighted >= unsafe_mul(debt, WAD):
        return found

    found.liquidatable = True
    found.known = True
    found.health_before = unsafe_div(worth.high_weighted, debt)
    covered: bool = unsafe_mul(worth.low, WAD) >= unsafe_mul(debt, unsafe_add(WAD, liquidation.RISK.bonus_min))
    # of each leg taken, numerator/denominator is seized
    numerator: uint256 = 0
    denominator: uint256 = worth.part if covered else debt_shares
    if worth.taken == word & basket.HELD:
        close: IVault.Quote = liquidation._quote(
            liquidation.RISK,
            worth.high | (debt_shares << 128),
            PRICE_SCALE,
            worth.high_weighted,
            totals,
            max_repay,
        )
        found.shares = close.shares
        found.paid = close.paid
        found.fee = close.fee
        found.extinguished = close.extinguished
        numerator = close.seized if covered else close.shares
    elif covered:
        found.shares, found.paid, found.fee, numerator = self._restoring(
            worth, debt, debt_shares, totals, max_repay
        )
    elif worth.low == worth.high:
        found.shares, found.paid, numerator = self._losing(worth, debt, debt_shares, max_repay)
    else:
        found.known = False
    if found.shares == 0:
        return found
    if found.extinguished == 0:  # a slice has brought its own
        found.extinguished = share_math._to_assets_down(found.shares, totals.debt, totals.shares)

    # what is left: legs that are not taken as they were, the others less what is seized
    weighted: uint256 = unsafe_sub(worth.high_weighted, worth.part_weighted)
    i: uint256 = 0
    for leg: IBasket.Leg in basket.LEGS:
        if (worth.taken >> i) & 1 != 0:
            amount: uint256 = (lanes[i >> 1] >> ((i & 1) << 7)) & basket.LANE
            taken: uint256 = unsafe_div(unsafe_mul(amount, numerator), denominator)
            found.seized[i >> 1] = unsafe_add(found.seized[i >> 1], taken << ((i & 1) << 7))
            left: uint256 = basket._value_down(unsafe_sub(amount, taken), prices[i])
            weighted = unsafe_add(weighted, unsafe_mul(left, leg.threshold))
        i = unsafe_add(i, 1)
    found.health_after = max_value(uint256)
    if found.shares < debt_shares:
        found.health_after = unsafe_div(
            weighted,
            share_math._part_to_assets_up(unsafe_sub(debt_shares, found.shares), totals.debt, totals.shares),
        )
    return found


@internal
@view
def _restoring(
    worth: basket.Worth, debt: uint256, debt_shares: uint256, totals: IPool.DebtTotals, max_repay: uint256
) -> (uint256, uint256, uint256, uint256):
    """
    @notice The close of a position that covers debt and smallest bonus, from some of its legs.
    @return Debt shares; base units paid; fee on top; value to hand over. All 0 when these legs restore nothing.
    """
    risk: IVault.RiskParams = liquidation.RISK
    if worth.part == 0:
        return 0, 0, 0, 0
    # health that a unit repaid restores, times debt: of these legs, rounded down, and of a slice, rounded up; both are
    # above 0, since every threshold times (1 + bonus_min) is at most .98 (`vault_params`)
    cost: uint256 = self._weight_of(unsafe_add(WAD, risk.bonus_min), worth)
    of_slice: uint256 = unsafe_sub(
        risk.target_health,
        unsafe_div(
            unsafe_mul(unsafe_add(WAD, risk.bonus_min), worth.high_weighted), unsafe_mul(worth.high, WAD)
        ),
    )
    bonus: uint256 = min(
        risk.bonus_min,
        unsafe_div(unsafe_mul(risk.bonus_min, unsafe_sub(risk.target_health, cost)), of_slice),
    )
    with_bonus: uint256 = unsafe_add(WAD, bonus)
    cost = self._weight_of(with_bonus, worth)
    if bonus == 0 or cost > unsafe_div(worth.low_weighted, debt):
        return 0, 0, 0, 0

    limit: uint256 = min(max_repay, unsafe_div(unsafe_mul(worth.part, WAD), with_bonus))
    repay: uint256 = margin._ceil_div(
        unsafe_sub(unsafe_mul(risk.target_health, debt), worth.high_weighted),
        unsafe_sub(risk.target_health, cost),
    )
    repay = min(min(repay, debt), limit)
    shares: uint256 = debt_shares
    if repay < debt:
        shares = share_math._to_shares_down(repay, totals.debt, totals.shares)
        if shares == 0:
            # not even one share: give that one if the offer covers it
            if repay == 0 or share_math._part_to_assets_up(1, totals.debt, totals.shares) > limit:
                return 0, 0, 0, 0
            shares = 1
    paid: uint256 = share_math._part_to_assets_up(shares, totals.debt, totals.shares)
    extinguished: uint256 = share_math._to_assets_down(shares, totals.debt, totals.shares)
    equity: uint256 = unsafe_sub(unsafe_div(unsafe_mul(worth.low, WAD), debt), WAD)
    fee_rate: uint256 = min(
        unsafe_div(unsafe_mul(risk.liquidation_fee, bonus), WAD), unsafe_sub(equity, risk.bonus_min)
    )
    fee: uint256 = margin._ceil_div(unsafe_mul(paid, fee_rate), WAD)
    return shares, paid, fee, unsafe_div(unsafe_mul(extinguished, with_bonus), WAD)


@internal
@pure
def _weight_of(with_bonus: uint256, worth: basket.Worth) -> uint256:
    """
    @notice What paying a unit of debt with the legs taken costs in weighted value, WAD, rounded up.
    """
    return margin._ceil_div(unsafe_mul(with_bonus, worth.part_weighted), unsafe_mul(worth.part, WAD))


@internal
@view
def _losing(
    worth: basket.Worth, debt: uint256, debt_shares: uint256, max_repay: uint256
) -> (uint256, uint256, uint256):
    """
    @notice The close of a position in shortfall, from some of its legs: of the debt at most their part of the value,
            at the price of the whole; the rest keeps its share of the debt.
    @return Debt shares; base units paid; debt shares whose slice of everything is worth what is taken.
    """
    risk: IVault.RiskParams = liquidation.RISK
    whole: uint256 = liquidation._whole_price(
        unsafe_mul(worth.high, WAD), debt, risk.bonus_min, risk.bonus_max, risk.shortfall_slope
    )
    shares: uint256 = debt_shares  # also when nothing is worth anything
    if worth.high > 0:
        shares = unsafe_div(unsafe_mul(debt_shares, worth.part), worth.high)
    if max_repay < whole:
        shares = min(shares, unsafe_div(unsafe_mul(debt_shares, max_repay), whole))
    if shares == 0:
        return 0, 0, 0
    paid: uint256 = margin._ceil_div(unsafe_mul(whole, shares), debt_shares)
    if worth.high == 0:
        return shares, paid, shares
    return shares, paid, unsafe_div(unsafe_mul(shares, worth.high), worth.part)
