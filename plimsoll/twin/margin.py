"""A position in the terms of an exchange; the twin of ``contracts/modules/margin.vy``."""

from typing import NamedTuple

from plimsoll.twin.liquidation import Risk, ceil_div, collateral_value, health
from plimsoll.units import MAX, PRICE_SCALE, WAD


class Terms(NamedTuple):
    """Amounts in base units, ratios in WAD, prices in 1e36; `MAX` where there is no bound."""

    collateral: int
    debt: int  # rounded up
    equity: int  # value of the collateral, rounded down, less debt
    leverage: int  # value over equity, rounded down; MAX without equity
    health: int  # rounded down; MAX without debt
    initial_margin: int  # 1 - ltv
    maintenance_margin: int  # 1 - threshold
    liquidation_price: int  # the lowest at which the position is healthy; 0 without debt
    bankruptcy_price: int  # the lowest at which the collateral covers the debt; 0 without debt


def terms(collateral: int, debt: int, price: int, risk: Risk) -> Terms:
    """The terms of a position at a price.

    Args:
        collateral: base units.
        debt: base units of the loan asset.
        price: 1e36.
        risk: the vault's parameters.
    """
    value = collateral_value(collateral, price)
    equity = value - debt
    return Terms(
        collateral=collateral,
        debt=debt,
        equity=equity,
        leverage=value * WAD // equity if equity > 0 else MAX,
        health=health(value, debt, risk.threshold),
        initial_margin=WAD - risk.ltv,
        maintenance_margin=WAD - risk.threshold,
        liquidation_price=price_for(ceil_div(debt * WAD, risk.threshold), collateral),
        bankruptcy_price=price_for(debt, collateral),
    )


def price_for(worth: int, collateral: int) -> int:
    """The lowest price (1e36) at which `collateral` is worth `worth`; `MAX` without collateral."""
    if worth == 0:
        return 0
    return ceil_div(worth * PRICE_SCALE, collateral) if collateral else MAX


def fall_to(needed: int, high: int, low: int) -> int:
    """The part by which a basket's legs that have a price may fall together until it is worth too little.

    Args:
        needed: worth below which it is too little.
        high: worth of the basket, silent legs at their ceilings.
        low: worth of the legs that have a price.

    Returns:
        WAD, rounded down; 0 when it is too little now, 1 when no fall makes it so.
    """
    steady = high - low
    if needed <= steady:
        return WAD
    return WAD - ceil_div((needed - steady) * WAD, low) if needed < high else 0
