"""What a whole close gives for what it takes, by the health of the position alone; in floats.

A position's size matters to the smallest debt and to rounding only, which the exact twin knows.
"""

from __future__ import annotations

from plimsoll.twin.liquidation import Risk
from plimsoll.units import WAD


def shortfall_at(risk: Risk) -> float:
    """The health below which the collateral cannot pay the debt and the smallest bonus."""
    return risk.threshold * (WAD + risk.bonus_min) / WAD**2


def best_at(risk: Risk) -> float:
    """The health at which a restorable close gives most: where equity begins to cap the bonus."""
    slope = (risk.bonus_max - risk.bonus_min) / (WAD - risk.health_for_max_bonus)
    capped = (1 + risk.bonus_min / WAD + slope) / (WAD / risk.threshold + slope)
    return min(1.0, max(capped, risk.health_for_max_bonus / WAD, shortfall_at(risk)))


def return_at(health: float, risk: Risk) -> float:
    """Collateral at the oracle's price for a unit of the loan asset, fee included; health is at most 1."""
    equity = health * WAD / risk.threshold - 1
    least, most = risk.bonus_min / WAD, risk.bonus_max / WAD
    if equity < least:
        return 1 + min(most, least + risk.shortfall_slope / WAD * (least - equity))
    ramp = min(1.0, (1 - health) / (1 - risk.health_for_max_bonus / WAD))
    bonus = min(least + (most - least) * ramp, equity)
    return (1 + bonus) / (1 + min(risk.liquidation_fee / WAD * bonus, equity - least))
