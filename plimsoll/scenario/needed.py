"""The least repayment that brings a position's health back to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from plimsoll.twin import liquidation, slices
from plimsoll.twin.liquidation import DebtTotals, Risk, ceil_div, is_restorable
from plimsoll.twin.slices import Leg
from plimsoll.units import WAD

ROUNDED = 3  # base units of the loan asset that rounding takes of a close at most
PRECISION = 10**6  # a repayment of which rounding is a smaller part is as good as exact


def least_repayment(
    amounts: Sequence[int],
    shares: int,
    prices: Sequence[int],
    legs: Sequence[Leg],
    totals: DebtTotals,
    risk: Risk,
) -> int | None:
    """The least that a close of a whole slice must pay for health 1; None of a position in shortfall.

    The formula does not know how debt shares and collateral are rounded and says some base units too many.
    Where they count, in dust, the least offer is looked for below it. `min_debt` does not count.

    Args:
        amounts: base units of each collateral.
        shares: debt shares.
        prices: the oracles' prices, 1e36; 0 for a silent leg of a basket.
        legs: the collaterals, that of a vault without a ceiling.
        totals: the pool's debt after accrual.
        risk: the vault's parameters.

    Returns:
        Base units of the loan asset, without the fee; above a million times what rounding takes, to a
        millionth.
    """
    debt, worth = totals.assets_up(shares), slices.worth_of(amounts, prices, legs)
    to_one, of_any_size = _aims(risk)
    if not is_restorable(worth.low, debt, risk.bonus_min):
        return None
    bonus = liquidation.restorable_bonus(worth.high, worth.high_weight, debt, risk)
    about = liquidation.target_repay(worth.high, worth.high_weight, debt, bonus, to_one)
    healing = WAD - ceil_div((WAD + bonus) * worth.high_weight, worth.high * WAD)  # by a unit paid
    units = ceil_div(ROUNDED * WAD, healing) if healing > 0 else debt
    if about > units * PRECISION:
        return about

    def heals(offer: int) -> bool:
        if len(amounts) == 1:
            close = liquidation.quote(amounts[0], shares, prices[0], totals, offer, of_any_size)
            return close.health_after >= WAD
        return slices.quote(amounts, shares, prices, legs, totals, offer, of_any_size).health_after >= WAD

    return next(filter(heals, range(max(1, about - units), about)), about)


@cache
def _aims(risk: Risk) -> tuple[Risk, Risk]:
    """The same parameters with health 1 as target, and without a least debt."""
    return replace(risk, target_health=WAD), replace(risk, min_debt=0)
