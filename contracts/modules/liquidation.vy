# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Liquidation
@license AGPL-3.0-only
@notice How much of an unhealthy position can be closed, at what price. See docs/SPECIFICATION.md for the
        theorems; in one sentence each:

        A *restorable* position covers its debt and the minimum bonus. It is closed up to the target health; the
        bonus never exceeds the borrower's own equity, so health never falls and nothing is lost. A position in
        *shortfall* does not. It is closed pro rata: paying a share of its price extinguishes that share of the
        debt and takes that share of the collateral; what is extinguished and not paid is the loss.
@dev Bounds behind the unsafe arithmetic: collateral < 2**128; debt shares, total debt shares < 2**104; total
     debt < 2**110, hence any debt < 2**95; collateral*price is checked, hence value < 2**137; ratios of the
     risk parameters <= 2 * WAD < 2**61 (`vault_params`). No product below reaches 2**233.
"""

from ..interfaces import IPool
from ..interfaces import IVault
from . import position
from . import share_math
from . import units

WAD: constant(uint256) = units.WAD
PRICE_SCALE: constant(uint256) = units.PRICE_SCALE
MAX_ORDERS: constant(uint256) = 256  # of a batch

# an order of a batch: bits 0..159 owner, 160..255 limit in loan base units, 2**96 - 1 = no limit
OWNER_MASK: constant(uint256) = 2**160 - 1

RISK: immutable(IVault.RiskParams)


@deploy
def __init__(risk: IVault.RiskParams):
    """
    @param risk Checked by `vault_params`.
    """
    RISK = risk


@external
@view
@reentrant
def risk() -> IVault.RiskParams:
    """
    @notice The risk parameters.
    """
    return RISK


@internal
@pure
def _value_down(collateral: uint256, price: uint256) -> uint256:
    """
    @notice Collateral value in base units of the loan asset, rounded down.
    @dev The product stays checked: an 8-decimal collateral against an 18-decimal loan has prices near 2**169.
    """
    return unsafe_div(collateral * price, PRICE_SCALE)


@internal
@pure
def _quote(
    risk: IVault.RiskParams,
    word: uint256,
    price: uint256,
    weighted: uint256,
    totals: IPool.DebtTotals,
    max_repay: uint256,
) -> IVault.Quote:
    """
    @notice The close of a position for at most `max_repay`. A basket is one collateral whose unit is the basket: as
            many units as its legs are worth, at a price of 1; its close is taken from every leg alike.
    @param risk Checked by `vault_params`.
    @param word The packed position.
    @param price 1e36, above 0.
    @param weighted 0 for a vault. Of a basket, whose `risk` has no threshold: the sum of the legs' values times their
           thresholds, base units of the loan asset times WAD.
    @param totals With interest up to now.
    @param max_repay Base units of the loan asset, the fee not included.
    @return See `IVault.Quote`.
    """
    quote: IVault.Quote = empty(IVault.Quote)
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)
    # one debt share owes per_share/shares_unit base units; the conversions of `share_math`, written out
    per_share: uint256 = unsafe_add(totals.debt, share_math.VIRTUAL_VALUE)
    shares_unit: uint256 = unsafe_mul(unsafe_add(totals.shares, share_math.VIRTUAL_SHARES), share_math.FRACTION)
    round_up: uint256 = unsafe_sub(shares_unit, 1)

    debt: uint256 = unsafe_div(unsafe_add(unsafe_mul(debt_shares, per_share), round_up), shares_unit)
    value: uint256 = unsafe_div(collateral * price, PRICE_SCALE)  # checked, as in `_value_down`
    weight: uint256 = unsafe_add(unsafe_mul(value, risk.threshold), weighted)
    if weight >= unsafe_mul(debt, WAD):
        return quote

    quote.liquidatable = True
    quote.health_before = unsafe_div(weight, debt)  # weight < debt*WAD, so debt > 0
    value_wad: uint256 = unsafe_mul(value, WAD)
    shares: uint256 = debt_shares

    if value_wad >= unsafe_mul(debt, unsafe_add(WAD, risk.bonus_min)):
        # restorable; `restorable_bonus`: the ramp, at most the equity
        equity: uint256 = unsafe_sub(unsafe_div(value_wad, debt), WAD)  # per debt; >= bonus_min here
        bonus: uint256 = risk.bonus_max
        if quote.health_before > risk.health_for_max_bonus:
            bonus = unsafe_add(
                risk.bonus_min,
                unsafe_div(
                    unsafe_mul(
                        unsafe_sub(risk.bonus_max, risk.bonus_min), unsafe_sub(WAD, quote.health_before)
                    ),
                    unsafe_sub(WAD, risk.health_for_max_bonus),
                ),
            )
        bonus = min(bonus, equity)
        with_bonus: uint256 = unsafe_add(WAD, bonus)

        # `target_repay`: the least repayment that leads to the target; threshold*(1 + bonus_max) < 1 < target, and
        # weight < debt*WAD < debt*target, so neither difference can wrap
        drop: uint256 = unsafe_sub(
            risk.target_health,
            unsafe_div(unsafe_add(unsafe_mul(with_bonus, weight), unsafe_sub(value_wad, 1)), value_wad),
        )
        repay: uint256 = unsafe_div(
            unsafe_add(unsafe_sub(unsafe_mul(risk.target_health, debt), weight), unsafe_sub(drop, 1)), drop
        )
        repay = min(min(repay, debt), max_repay)
        # if the remaining debt would be below `min_debt`: all of it, or as much as leaves `min_debt`
        rest: uint256 = unsafe_sub(debt, repay)
        if rest < risk.min_debt and rest > 0:
            repay = debt if max_repay >= debt else unsafe_sub(debt, min(risk.min_debt, debt))
        if repay == 0:
            return quote

        # whole debt shares, which are paid rounded up and extinguished rounded down
        if repay != debt:
            shares = unsafe_div(unsafe_mul(repay, shares_unit), per_share)
            if shares == 0:
                # not even one share: give that one if the offer covers it
                if unsafe_div(unsafe_add(per_share, round_up), shares_unit) > max_repay:
                    return quote
                shares = 1
        owed: uint256 = unsafe_mul(shares, per_share)
        quote.paid = unsafe_div(unsafe_add(owed, round_up), shares_unit)
        quote.extinguished = unsafe_div(owed, shares_unit)
        quote.seized = unsafe_div(
            unsafe_mul(unsafe_div(unsafe_mul(quote.extinguished, with_bonus), WAD), PRICE_SCALE), price
        )
        # the fee is a part of the bonus; where the bonus is all of the equity, it leaves the liquidator `bonus_min`
        fee_rate: uint256 = min(
            unsafe_div(unsafe_mul(risk.liquidation_fee, bonus), WAD), unsafe_sub(equity, risk.bonus_min)
        )
        quote.fee = unsafe_div(unsafe_add(unsafe_mul(quote.paid, fee_rate), WAD - 1), WAD)
    else:
        # shortfall: pro rata, at the price of the whole
        whole: uint256 = self._whole_price(
            value_wad, debt, risk.bonus_min, risk.bonus_max, risk.shortfall_slope
        )
        if max_repay < whole:
            shares = unsafe_div(unsafe_mul(debt_shares, max_repay), whole)
            if shares == 0:
                return quote
        quote.paid = unsafe_div(
            unsafe_add(unsafe_mul(whole, shares), unsafe_sub(debt_shares, 1)), debt_shares
        )
        quote.extinguished = unsafe_div(unsafe_mul(shares, per_share), shares_unit)
        quote.seized = unsafe_div(unsafe_mul(collateral, shares), debt_shares)

    # health after
    quote.shares = shares
    quote.health_after = max_value(uint256)
    rest_shares: uint256 = unsafe_sub(debt_shares, shares)
    if rest_shares > 0:
        # the product is smaller than the one that was checked above
        value = unsafe_div(unsafe_mul(unsafe_sub(collateral, quote.seized), price), PRICE_SCALE)
        debt = unsafe_div(unsafe_add(unsafe_mul(rest_shares, per_share), round_up), shares_unit)
        quote.health_after = unsafe_div(unsafe_mul(value, risk.threshold), debt)
    return quote


@internal
@pure
def _shortfall(
    risk: IVault.RiskParams, word: uint256, price: uint256, totals: IPool.DebtTotals
) -> uint256:
    """
    @notice What a position in shortfall owes beyond the price of the whole of it, base units; 0 for every other.
            Arguments as for `_quote`.
    """
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)
    debt: uint256 = share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares)
    value_wad: uint256 = unsafe_mul(self._value_down(collateral, price), WAD)
    if value_wad >= unsafe_mul(debt, unsafe_add(WAD, risk.bonus_min)):
        return 0
    # the price of the whole is at most the debt, since its bonus is at least `bonus_min`
    return unsafe_sub(
        debt, self._whole_price(value_wad, debt, risk.bonus_min, risk.bonus_max, risk.shortfall_slope)
    )


@internal
@pure
def _whole_price(
    value_wad: uint256, debt: uint256, bonus_min: uint256, bonus_max: uint256, slope: uint256
) -> uint256:
    """
    @notice What a liquidator pays for the whole of a position in shortfall, base units, rounded up.
    @param value_wad Collateral value, base units times WAD; below debt*(WAD + bonus_min).
    @param slope WAD: bonus gained per unit of missing equity.
    """
    cover: uint256 = unsafe_div(unsafe_add(value_wad, unsafe_sub(debt, 1)), debt)  # at most WAD + bonus_min
    missing: uint256 = unsafe_sub(unsafe_add(WAD, bonus_min), cover)
    bonus: uint256 = min(bonus_max, unsafe_add(bonus_min, unsafe_div(unsafe_mul(slope, missing), WAD)))
    return unsafe_div(unsafe_add(value_wad, unsafe_add(WAD - 1, bonus)), unsafe_add(WAD, bonus))


@internal
@pure
def _payment_word(paid: uint256, fee: uint256, health_before: uint256, health_after: uint256) -> uint256:
    """
    @notice Pack what is the same in the events of a vault and a basket; the layout is in `IVault.Liquidation`.
    @dev paid and fee < 2**96; health before is below 1, so below 2**32.
    """
    after: uint256 = min(unsafe_div(health_after, 10**9), 2**32 - 1)
    return paid | (fee << 96) | (unsafe_div(health_before, 10**9) << 192) | (after << 224)
