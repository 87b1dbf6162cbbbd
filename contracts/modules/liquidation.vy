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
     risk parameters <= 2 * WAD < 2**61 (`risk_params`). No product below reaches 2**233.
"""

from ..interfaces import IVault
from . import shares as conversion

WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36


@internal
@pure
def _ceil_div(a: uint256, b: uint256) -> uint256:
    """
    @dev a + b < 2**256 and b > 0 at every call in this module.
    """
    return unsafe_div(unsafe_add(a, unsafe_sub(b, 1)), b)


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
def _health_down(worth: uint256, debt: uint256, threshold: uint256) -> uint256:
    """
    @notice Health factor, WAD, rounded down; the largest uint without debt.
    @param worth Collateral value, base units of the loan asset.
    """
    if debt == 0:
        return max_value(uint256)
    return unsafe_div(unsafe_mul(worth, threshold), debt)


@internal
@pure
def _quote(
    collateral: uint256,
    debt_shares: uint256,
    price: uint256,
    total_debt: uint256,
    total_debt_shares: uint256,
    max_repay: uint256,
    risk: IVault.RiskParams,
) -> IVault.Quote:
    """
    @notice The close of a position for at most `max_repay`.
    @param collateral Base units.
    @param price 1e36, above 0.
    @param total_debt 1/65536 base units, with interest up to now.
    @param max_repay Base units of the loan asset, the fee not included.
    @return See `IVault.Quote`.
    """
    quote: IVault.Quote = empty(IVault.Quote)
    debt: uint256 = conversion._to_assets_up(debt_shares, total_debt, total_debt_shares)
    value: uint256 = self._value_down(collateral, price)
    weighted: uint256 = unsafe_mul(value, risk.threshold)
    if weighted >= unsafe_mul(debt, WAD):
        return quote

    quote.liquidatable = True
    health: uint256 = unsafe_div(weighted, debt)  # weighted < debt*WAD, so debt > 0
    value_wad: uint256 = unsafe_mul(value, WAD)

    if value_wad >= unsafe_mul(debt, unsafe_add(WAD, risk.bonus_min)):
        # restorable
        equity: uint256 = unsafe_sub(unsafe_div(value_wad, debt), WAD)  # per debt; >= bonus_min here
        bonus: uint256 = risk.bonus_max
        if health > risk.health_for_max_bonus:
            bonus = unsafe_add(
                risk.bonus_min,
                unsafe_div(
                    unsafe_mul(unsafe_sub(risk.bonus_max, risk.bonus_min), unsafe_sub(WAD, health)),
                    unsafe_sub(WAD, risk.health_for_max_bonus),
                ),
            )
        bonus = min(bonus, equity)
        with_bonus: uint256 = unsafe_add(WAD, bonus)

        # the least repayment that leads to the target; threshold*(1 + bonus_max) < 1 < target, and
        # weighted < debt*WAD < debt*target, so neither difference can wrap
        repay: uint256 = self._ceil_div(
            unsafe_sub(unsafe_mul(risk.target_health, debt), weighted),
            unsafe_sub(risk.target_health, self._ceil_div(unsafe_mul(with_bonus, risk.threshold), WAD)),
        )
        repay = min(min(repay, debt), max_repay)
        rest: uint256 = unsafe_sub(debt, repay)
        if rest < risk.min_debt and rest > 0:
            repay = debt if max_repay >= debt else unsafe_sub(debt, min(risk.min_debt, debt))
        if repay == 0:
            return quote

        shares: uint256 = debt_shares
        if repay != debt:
            shares = conversion._to_shares_down(repay, total_debt, total_debt_shares)
            if shares == 0:
                if conversion._to_assets_up(1, total_debt, total_debt_shares) > max_repay:
                    return quote
                shares = 1
        quote.shares = shares
        quote.paid = conversion._to_assets_up(shares, total_debt, total_debt_shares)
        quote.extinguished = conversion._to_assets_down(shares, total_debt, total_debt_shares)
        quote.seized = unsafe_div(
            unsafe_mul(unsafe_div(unsafe_mul(quote.extinguished, with_bonus), WAD), PRICE_SCALE), price
        )
        fee_rate: uint256 = min(
            unsafe_div(unsafe_mul(risk.liquidation_fee, bonus), WAD), unsafe_sub(equity, risk.bonus_min)
        )
        quote.fee = self._ceil_div(unsafe_mul(quote.paid, fee_rate), WAD)
    else:
        # shortfall; value*WAD < debt*(WAD + bonus_min), so `worth` <= WAD + bonus_min
        worth: uint256 = self._ceil_div(value_wad, debt)
        missing: uint256 = unsafe_sub(unsafe_add(WAD, risk.bonus_min), worth)
        bonus: uint256 = min(
            risk.bonus_max,
            unsafe_add(risk.bonus_min, unsafe_div(unsafe_mul(risk.shortfall_slope, missing), WAD)),
        )
        full: uint256 = self._ceil_div(value_wad, unsafe_add(WAD, bonus))
        shares: uint256 = debt_shares
        if max_repay < full:
            shares = unsafe_div(unsafe_mul(debt_shares, max_repay), full)
            if shares == 0:
                return quote
        quote.shares = shares
        quote.paid = self._ceil_div(unsafe_mul(full, shares), debt_shares)
        quote.seized = unsafe_div(unsafe_mul(collateral, shares), debt_shares)
        quote.extinguished = conversion._to_assets_down(shares, total_debt, total_debt_shares)

    quote.health_before = health
    quote.health_after = self._health_down(
        self._value_down(unsafe_sub(collateral, quote.seized), price),
        conversion._to_assets_up(unsafe_sub(debt_shares, quote.shares), total_debt, total_debt_shares),
        risk.threshold,
    )
    return quote
