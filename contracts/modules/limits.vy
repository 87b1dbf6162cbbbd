# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Limits
@license AGPL-3.0-only
@notice What health, credit line and cash allow at the oracle's prices: the checks of a loan, and the largest
        amounts that pass them.
"""

from ..interfaces import IOracle
from ..interfaces import IPool
from . import debts
from . import liquidation
from . import margin
from . import position
from . import share_math
from . import units

uses: debts
uses: liquidation

WAD: constant(uint256) = units.WAD

ORACLE: immutable(IOracle)


@deploy
def __init__(oracle: address):
    """
    @param oracle Price of the collateral in the loan asset, see `IOracle`.
    """
    ORACLE = IOracle(oracle)


@external
@view
@reentrant
def oracle() -> address:
    """
    @notice The price source, see `IOracle`.
    """
    return ORACLE.address


@internal
@view
def _price() -> uint256:
    """
    @notice The oracle's price for liquidation, 1e36.
    """
    price: uint256 = staticcall ORACLE.price()
    assert price > 0, "vault: oracle price is zero"
    return price


@internal
@view
def _known_shortfall(noted: uint256, word: uint256, price: uint256, totals: IPool.DebtTotals) -> uint256:
    """
    @notice A position's shortfall at the oracle's price, base units; falls below what was `noted` only as far as
            the safe price agrees, so that nobody lifts a price for one call and has a provision vanish.
    @param price Of the oracle, 1e36.
    """
    found: uint256 = liquidation._shortfall(liquidation.RISK, word, price, totals)
    if noted <= found:
        return found
    return min(noted, liquidation._shortfall(liquidation.RISK, word, staticcall ORACLE.safe_price(), totals))


@internal
@view
def _check_collateralised(collateral: uint256, debt: uint256):
    """
    @notice Refuse a debt, in base units, above what `collateral` allows at the oracle's safe price.
    """
    value: uint256 = liquidation._value_down(collateral, staticcall ORACLE.safe_price())
    # value < 2**137 and debt < 2**95, ratios and WAD < 2**60
    assert unsafe_mul(value, liquidation.RISK.ltv) >= unsafe_mul(debt, WAD), "vault: above the loan-to-value"


@internal
@view
def _check_borrowed(word: uint256, shares: uint256, totals: IPool.DebtTotals):
    """
    @notice Check a position that has just drawn `shares`; nothing to check when it drew none.
    """
    if shares == 0:
        return
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)
    debt: uint256 = share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares)
    assert debt >= liquidation.RISK.min_debt, "vault: below the minimum debt"
    self._check_collateralised(collateral, debt)


@internal
@view
def _max_borrow(word: uint256) -> uint256:
    """
    @notice What a position may borrow, base units: bound by health at the safe price, line and cash.
    """
    collateral: uint256 = 0
    debt_shares: uint256 = 0
    collateral, debt_shares = position._unpack(word)
    value: uint256 = liquidation._value_down(collateral, staticcall ORACLE.safe_price())
    return debts._room(debt_shares, value * liquidation.RISK.ltv // WAD)


@internal
@view
def _max_withdraw(collateral: uint256, debt_shares: uint256, totals: IPool.DebtTotals) -> uint256:
    """
    @notice What may be withdrawn, base units: bound by health at the safe price, with one base unit of debt to
            spare for what settling in the same call may add.
    """
    if debt_shares == 0:
        return collateral
    debt: uint256 = share_math._part_to_assets_up(debt_shares, totals.debt, totals.shares) + 1
    value: uint256 = margin._ceil_div(debt * WAD, liquidation.RISK.ltv)
    safe_price: uint256 = staticcall ORACLE.safe_price()
    assert safe_price > 0, "vault: safe price is zero"
    needed: uint256 = margin._ceil_div(value * units.PRICE_SCALE, safe_price)
    return collateral - min(needed, collateral)
