"""What a liquidation pays and seizes: the integers of the specification, exactly.

Two kinds of close. *Restorable* positions can pay their debt and the smallest bonus: a close repays up to
what brings health back to the target, and never lowers it. In a *shortfall* every close takes the same share
of debt and of collateral; what is extinguished and not paid is the loss.

Units: `collateral`, `seized` base units of the collateral; `paid`, `fee`, `max_repay`, debts and values base
units of the loan asset; ratios WAD; prices 1e36. Debts round up, collateral values down.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from plimsoll.twin.position import NO_DEBT
from plimsoll.twin.share_math import to_assets_down, to_assets_up, to_shares_down
from plimsoll.units import MAX, PRICE_SCALE, WAD


def ceil_div(numerator: int, denominator: int) -> int:
    """The quotient, rounded up."""
    return -(-numerator // denominator)


@dataclass(frozen=True, slots=True)
class Risk:
    """`IVault.RiskParams`: WAD, `min_debt` in base units of the loan asset."""

    ltv: int
    threshold: int
    bonus_min: int
    bonus_max: int
    health_for_max_bonus: int
    target_health: int
    shortfall_slope: int
    liquidation_fee: int
    min_debt: int

    @classmethod
    def from_struct(cls, struct: Sequence[int]) -> "Risk":
        """From the tuple that a vault's constructor takes."""
        return cls(*struct)


class DebtTotals(NamedTuple):
    """The debt side of a pool's books after accrual."""

    debt: int  # all debt, in 1/65536 of a base unit
    shares: int  # all debt shares

    def assets_up(self, shares: int) -> int:
        """Debt that `shares` stand for, in base units, rounded up."""
        return to_assets_up(shares, self.debt, self.shares)

    def assets_down(self, shares: int) -> int:
        """Debt that `shares` stand for, in base units, rounded down."""
        return to_assets_down(shares, self.debt, self.shares)


class Quote(NamedTuple):
    """`IVault.Quote`: what one close does.

    All zero when not `liquidatable`; all but `health_before` when nothing can be closed.
    """

    liquidatable: bool
    shares: int = 0  # debt shares extinguished
    paid: int = 0  # base units of the loan asset for the debt
    fee: int = 0  # base units of the loan asset on top
    seized: int = 0  # base units of collateral
    extinguished: int = 0  # base units of debt, rounded down
    health_before: int = 0  # WAD, rounded down
    health_after: int = 0  # WAD, rounded down; NO_DEBT when no debt is left

    @property
    def executable(self) -> bool:
        """Whether the close can execute."""
        return self.shares > 0

    @property
    def due(self) -> int:
        """Base units of the loan asset that the liquidator pays, with the fee."""
        return self.paid + self.fee


_HEALTHY = Quote(liquidatable=False)


def collateral_value(collateral: int, price: int) -> int:
    """What `collateral` is worth in base units of the loan asset, rounded down."""
    return collateral * price // PRICE_SCALE


def is_liquidatable(value: int, debt: int, threshold: int) -> bool:
    """Whether collateral worth `value` times `threshold` (WAD) is below `debt`."""
    return value * threshold < debt * WAD


def is_restorable(value: int, debt: int, bonus_min: int) -> bool:
    """Whether `value` can pay `debt` and the smallest bonus (WAD) on it."""
    return value * WAD >= debt * (WAD + bonus_min)


def health(value: int, debt: int, threshold: int) -> int:
    """Health factor, WAD, rounded down; `NO_DEBT` without debt."""
    return value * threshold // debt if debt else NO_DEBT


def ramp(health_factor: int, risk: Risk) -> int:
    """The bonus (WAD) at a health of at most 1, before the equity cap; rounded down."""
    if health_factor <= risk.health_for_max_bonus:
        return risk.bonus_max
    climb = (risk.bonus_max - risk.bonus_min) * (WAD - health_factor)
    return risk.bonus_min + climb // (WAD - risk.health_for_max_bonus)


def restorable_bonus(value: int, weight: int, debt: int, risk: Risk) -> int:
    """The bonus (WAD) of a restorable close: the ramp, but never more than the equity per debt.

    `weight` is the value times the threshold; of a basket, the sum of both products.
    """
    equity = value * WAD // debt - WAD
    return min(ramp(weight // debt, risk), equity)


def shortfall_bonus(value: int, debt: int, risk: Risk) -> int:
    """The bonus (WAD) of a shortfall close; grows with the missing equity, rounded down."""
    equity_up = ceil_div(value * WAD, debt)
    rise = risk.shortfall_slope * (WAD + risk.bonus_min - equity_up) // WAD
    return min(risk.bonus_max, risk.bonus_min + rise)


def target_repay(value: int, weight: int, debt: int, bonus: int, risk: Risk) -> int:
    """`x*`: the repayment (base units, rounded up, at most `debt`) that brings health to the target."""
    per_unit = ceil_div((WAD + bonus) * weight, value * WAD)
    missing = risk.target_health * debt - weight
    return min(debt, ceil_div(missing, risk.target_health - per_unit))


def quote(
    collateral: int, debt_shares: int, price: int, totals: DebtTotals, max_repay: int, risk: Risk
) -> Quote:
    """The close for an offer of at most `max_repay`.

    Args:
        collateral: base units in the position.
        debt_shares: of the position.
        price: the oracle's price, 1e36.
        totals: the pool's debt after accrual (at the start of a batch, for all its orders).
        max_repay: the most the liquidator pays for debt, in base units, the fee not counted.
        risk: the vault's parameters.
    """
    debt = totals.assets_up(debt_shares)
    value = collateral_value(collateral, price)
    if not is_liquidatable(value, debt, risk.threshold):
        return _HEALTHY
    restorable = is_restorable(value, debt, risk.bonus_min)
    weight = value * risk.threshold
    close = whole_close(value, weight, debt, debt_shares, totals, max_repay, risk)
    health_before = health(value, debt, risk.threshold)
    if close is None:
        return Quote(True, health_before=health_before)
    shares, paid, fee, worth = close
    seized = worth * PRICE_SCALE // price if restorable else collateral * shares // debt_shares
    value_after = collateral_value(collateral - seized, price)
    debt_after = totals.assets_up(debt_shares - shares)
    extinguished = totals.assets_down(shares)
    health_after = health(value_after, debt_after, risk.threshold)
    return Quote(True, shares, paid, fee, seized, extinguished, health_before, health_after)


def quotes(
    positions: Iterable[tuple[int, int]], price: int, totals: DebtTotals, risk: Risk, max_repay: int = MAX
) -> Iterator[tuple[int, Quote]]:
    """The closes of many positions of one vault at one price; those that are healthy are left out.

    Each equals `quote` of the position by itself, as in a batch that names no owner twice.

    Args:
        positions: collateral in base units and debt shares of each.
        price: the oracle's price, 1e36.
        totals: the pool's debt after accrual.
        risk: the vault's parameters.
        max_repay: the most that is paid for the debt of each, base units.

    Yields:
        The number of a position that can be liquidated, from 0 in the order given, and its close.
    """
    for number, (collateral, debt_shares) in enumerate(positions):
        close = quote(collateral, debt_shares, price, totals, max_repay, risk)
        if close.liquidatable:
            yield number, close


def shortfall(collateral: int, debt_shares: int, price: int, totals: DebtTotals, risk: Risk) -> int:
    """What a position in shortfall owes beyond the price of the whole of it, base units; else 0."""
    debt = totals.assets_up(debt_shares)
    value = collateral_value(collateral, price)
    if is_restorable(value, debt, risk.bonus_min):
        return 0
    return debt - whole_price(value, debt, risk)


def whole_price(value: int, debt: int, risk: Risk) -> int:
    """What a liquidator pays for the whole of a position in shortfall, base units, rounded up."""
    return ceil_div(value * WAD, WAD + shortfall_bonus(value, debt, risk))


def whole_close(
    value: int, weight: int, debt: int, debt_shares: int, totals: DebtTotals, max_repay: int, risk: Risk
) -> tuple[int, int, int, int] | None:
    """The close of a liquidatable position, whatever its collateral is; None when nothing can be closed.

    Returns:
        Debt shares; base units paid; fee on top; the value that is handed over, 0 in a shortfall, where it is
        the same part of the collateral as of the debt.
    """
    if is_restorable(value, debt, risk.bonus_min):
        return _restorable(value, weight, debt, debt_shares, totals, max_repay, risk)
    return _shortfall(value, debt, debt_shares, max_repay, risk)


def shares_for(repay: int, debt: int, debt_shares: int, totals: DebtTotals, limit: int) -> int:
    """The whole debt shares that `repay` extinguishes; one if it is not even one and `limit` covers that."""
    if repay == debt:
        return debt_shares
    shares = to_shares_down(repay, totals.debt, totals.shares)
    return shares or int(totals.assets_up(1) <= limit)


def fee_for(paid: int, bonus: int, value: int, debt: int, risk: Risk) -> int:
    """The fee on what is paid: a part of the bonus, and no more than the equity beyond the smallest."""
    spare = value * WAD // debt - WAD - risk.bonus_min
    return ceil_div(paid * min(risk.liquidation_fee * bonus // WAD, spare), WAD)


def _restorable(
    value: int, weight: int, debt: int, debt_shares: int, totals: DebtTotals, max_repay: int, risk: Risk
) -> tuple[int, int, int, int] | None:
    bonus = restorable_bonus(value, weight, debt, risk)
    repay = min(target_repay(value, weight, debt, bonus, risk), max_repay)
    if 0 < debt - repay < risk.min_debt:
        repay = debt if max_repay >= debt else debt - risk.min_debt
    if repay <= 0:
        return None
    shares = shares_for(repay, debt, debt_shares, totals, max_repay)
    if shares == 0:
        return None
    paid = totals.assets_up(shares)
    worth = totals.assets_down(shares) * (WAD + bonus) // WAD
    return shares, paid, fee_for(paid, bonus, value, debt, risk), worth


def _shortfall(
    value: int, debt: int, debt_shares: int, max_repay: int, risk: Risk
) -> tuple[int, int, int, int] | None:
    whole = whole_price(value, debt, risk)
    repay = min(whole, max_repay)
    shares = debt_shares if repay == whole else debt_shares * repay // whole
    if shares == 0:
        return None
    paid = ceil_div(whole * shares, debt_shares)
    return shares, paid, 0, 0
