# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Margin
@license AGPL-3.0-only
@notice A position in the terms of an exchange, from its collateral, its debt, a price and the vault's parameters.
@dev The vault's views and the Lens use these.
"""

from ..interfaces import IVault
from . import units

WAD: constant(uint256) = units.WAD
PRICE_SCALE: constant(uint256) = units.PRICE_SCALE


struct Terms:
    collateral: uint256  # base units
    debt: uint256  # base units of the loan asset, rounded up
    equity: int256  # base units of the loan asset: value of the collateral, rounded down, less debt
    leverage: uint256  # WAD: value over equity, rounded down; the largest uint without equity
    health: uint256  # WAD, rounded down; the largest uint without debt
    initial_margin: uint256  # WAD: 1 - ltv
    maintenance_margin: uint256  # WAD: 1 - threshold
    liquidation_price: uint256  # 1e36: lowest price at which the position is healthy; 0 without debt
    bankruptcy_price: uint256  # 1e36: lowest price at which the collateral covers the debt; 0 without debt


@internal
@pure
def _terms(collateral: uint256, debt: uint256, price: uint256, risk: IVault.RiskParams) -> Terms:
    """
    @param price Loan base units per collateral base unit, scaled by 1e36.
    """
    worth: uint256 = collateral * price // PRICE_SCALE
    terms: IVault.MarginTerms = self._margin_terms(risk, collateral, debt)
    return Terms(
        collateral=collateral,
        debt=debt,
        equity=self._equity(worth, debt),
        leverage=self._leverage(worth, debt),
        health=self._health(worth, debt, risk.threshold),
        initial_margin=terms.initial_margin,
        maintenance_margin=terms.maintenance_margin,
        liquidation_price=terms.liquidation_price,
        bankruptcy_price=terms.bankruptcy_price,
    )


@internal
@pure
def _margin_terms(risk: IVault.RiskParams, collateral: uint256, debt: uint256) -> IVault.MarginTerms:
    """
    @notice What does not depend on the price, see `IVault.MarginTerms`.
    @param collateral Base units.
    @param debt Base units of the loan asset, rounded up.
    """
    return IVault.MarginTerms(
        initial_margin=WAD - risk.ltv,
        maintenance_margin=WAD - risk.threshold,
        liquidation_price=self._price_for(self._ceil_div(debt * WAD, risk.threshold), collateral),
        bankruptcy_price=self._price_for(debt, collateral),
    )


@internal
@pure
def _health(worth: uint256, debt: uint256, threshold: uint256) -> uint256:
    """
    @notice Health factor, WAD, rounded down; the largest uint without debt.
    @param worth Base units of the loan asset, as `debt`.
    @param threshold WAD.
    """
    if debt == 0:
        return max_value(uint256)
    return worth * threshold // debt


@internal
@pure
def _equity(worth: uint256, debt: uint256) -> int256:
    """
    @notice Value less debt, base units of the loan asset.
    """
    return convert(worth, int256) - convert(debt, int256)


@internal
@pure
def _leverage(worth: uint256, debt: uint256) -> uint256:
    """
    @notice Value over equity, WAD, rounded down; the largest uint without equity.
    """
    if worth <= debt:
        return max_value(uint256)
    return worth * WAD // (worth - debt)


@internal
@pure
def _price_for(worth: uint256, collateral: uint256) -> uint256:
    """
    @notice The lowest price at which `collateral` is worth `worth` base units; the largest uint without any.
    """
    if worth == 0:
        return 0
    if collateral == 0:
        return max_value(uint256)
    return self._ceil_div(worth * PRICE_SCALE, collateral)


@internal
@pure
def _ceil_div(a: uint256, b: uint256) -> uint256:
    return (a + b - 1) // b
