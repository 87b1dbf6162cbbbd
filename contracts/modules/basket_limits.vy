# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Basket limits
@license AGPL-3.0-only
@notice What health allows a basket at the oracles' prices: the checks of a loan, the most of a leg that passes them,
        and what is known to be lacking. For a loan a silent leg counts for nothing.
"""

from ..interfaces import IOracle
from ..interfaces import IPool
from . import basket
from . import liquidation
from . import position
from . import share_math
from . import units

uses: basket
uses: liquidation

WAD: constant(uint256) = units.WAD
PRICE_SCALE: constant(uint256) = units.PRICE_SCALE
ENTRY_DIVISOR: constant(uint256) = 100  # a leg enters with at least min_debt over this


@internal
@view
def _check_leg(leg: uint256):
    assert leg < len(basket.LEGS), "basket: no such leg"


@internal
@view
def _check_entry(leg: uint256, amount: uint256):
    """
    @notice Refuse a leg that an owner does not hold yet while its oracle does not answer, and a little of it: neither
            may shield the rest.
    """
    price: uint256 = staticcall IOracle(basket.LEGS[leg].oracle).price()
    worth: uint256 = basket._value_down(amount, price)
    assert worth * ENTRY_DIVISOR >= liquidation.RISK.min_debt, "basket: too little of a new leg"


@internal
@view
def _check_collateralised(word: uint256, lanes: uint256[4], totals: IPool.DebtTotals, least: uint256):
    """
    @notice Refuse a debt above what the legs allow at the safe prices, and one below `least`, base units.
    """
    debt: uint256 = share_math._part_to_assets_up(position._debt_shares(word), totals.debt, totals.shares)
    assert debt >= least, "vault: below the minimum debt"
    assert basket._safe_worth(word, lanes, True) >= unsafe_mul(debt, WAD), "vault: above the loan-to-value"


@internal
@view
def _max_withdraw(word: uint256, lanes: uint256[4], leg: uint256, totals: IPool.DebtTotals) -> uint256:
    """
    @notice What may be withdrawn of a leg, base units: bound by health at the safe prices. Without debt no oracle is
            asked.
    """
    held: uint256 = basket._amount(lanes[leg >> 1], leg)
    debt: uint256 = share_math._part_to_assets_up(position._debt_shares(word), totals.debt, totals.shares)
    if debt == 0:
        return held
    bit: uint256 = 1 << leg
    others: uint256 = basket._safe_worth(word & ~bit, lanes, True)
    return basket._removable(held, basket._safe_worth(bit, lanes, True), others, debt)


@internal
@view
def _known_shortfall(
    noted: uint256, word: uint256, lanes: uint256[4], prices: uint256[8], totals: IPool.DebtTotals
) -> uint256:
    """
    @notice A position's shortfall, base units, silent legs at their ceilings; falls below what was `noted` only as
            far as the safe prices agree, silent legs at nothing.
    @param prices 1e36, 0 = silent.
    """
    found: uint256 = self._shortfall(word, basket._worth(word, lanes, prices, 0).high, totals)
    if noted <= found:
        return found
    return min(noted, self._shortfall(word, basket._safe_worth(word, lanes, False) // WAD, totals))


@internal
@view
def _shortfall(word: uint256, worth: uint256, totals: IPool.DebtTotals) -> uint256:
    """
    @notice See `liquidation._shortfall`; a basket is as many units as its legs are worth, at a price of 1.
    """
    unit: uint256 = min(worth, basket.LANE) | (position._debt_shares(word) << 128)
    return liquidation._shortfall(liquidation.RISK, unit, PRICE_SCALE, totals)
