"""What a liquidation of a basket pays and seizes: the integers of the specification, exactly.

A close takes the same part of every leg. A liquidator may leave legs out, for the smallest bonus, less as
the others restore less health; legs whose oracle is silent are left out by themselves. Units as in
`liquidation`; lists have an entry for each leg; a price of 0 is silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from plimsoll.twin import liquidation
from plimsoll.twin.liquidation import DebtTotals, Risk, ceil_div, fee_for, shares_for
from plimsoll.twin.position import NO_DEBT
from plimsoll.units import MAX, PRICE_SCALE, WAD

VALUE_TOP = MAX // PRICE_SCALE  # values saturate here


@dataclass(frozen=True, slots=True)
class Leg:
    """`IBasket.Leg` without its contracts: ratios in WAD; `ceiling` 1e36."""

    ltv: int
    threshold: int
    ceiling: int


class Quote(NamedTuple):
    """`IBasket.Quote`: what one close does. All zero when not `liquidatable`."""

    liquidatable: bool
    known: bool = False  # silent legs leave no doubt that the debt is covered
    shares: int = 0  # debt shares extinguished
    paid: int = 0  # base units of the loan asset for the debt
    fee: int = 0  # base units of the loan asset on top
    seized: tuple[int, ...] = ()  # base units of each leg
    extinguished: int = 0  # base units of debt, rounded down
    health_before: int = 0  # WAD, rounded down, silent legs at their ceilings
    health_after: int = 0  # WAD, likewise; NO_DEBT when no debt is left

    @property
    def executable(self) -> bool:
        """Whether the close can execute."""
        return self.shares > 0

    @property
    def due(self) -> int:
        """Base units of the loan asset that the liquidator pays, with the fee."""
        return self.paid + self.fee


class Worth(NamedTuple):
    """What legs are worth, base units of the loan asset; weights are times the thresholds (WAD)."""

    high: int  # silent legs at their ceilings, rounded up
    high_weight: int
    low: int  # silent legs at nothing
    low_weight: int
    taken: tuple[bool, ...]  # has a price, and is not left out
    part: int  # of the legs taken
    part_weight: int


def value_down(amount: int, price: int) -> int:
    """What an amount is worth, rounded down; saturates."""
    return min(amount * price, MAX) // PRICE_SCALE


def value_up(amount: int, price: int) -> int:
    """What an amount is worth, rounded up; saturates."""
    product = amount * price
    return VALUE_TOP if product > MAX - PRICE_SCALE else ceil_div(product, PRICE_SCALE)


def worth_of(amounts: Sequence[int], prices: Sequence[int], legs: Sequence[Leg], without: int = 0) -> Worth:
    """What amounts are worth at prices; `without` is a mask of legs that are not taken."""
    high = high_weight = low = low_weight = part = part_weight = 0
    taken = []
    for number, (amount, price, leg) in enumerate(zip(amounts, prices, legs, strict=True)):
        is_taken = amount > 0 and price > 0 and not without >> number & 1
        taken.append(is_taken)
        if price == 0:
            most = value_up(amount, leg.ceiling)
            high += most
            high_weight += most * leg.threshold
            continue
        value = value_down(amount, price)
        low += value
        low_weight += value * leg.threshold
        if is_taken:
            part += value
            part_weight += value * leg.threshold
    return Worth(high + low, high_weight + low_weight, low, low_weight, tuple(taken), part, part_weight)


def quote(
    amounts: Sequence[int],
    debt_shares: int,
    prices: Sequence[int],
    legs: Sequence[Leg],
    totals: DebtTotals,
    max_repay: int,
    risk: Risk,
    without: int = 0,
) -> Quote:
    """The close for an offer of at most `max_repay`.

    Args:
        amounts: base units of each leg in the position.
        debt_shares: of the position.
        prices: the oracles' prices, 1e36; 0 for a silent leg.
        legs: the basket's.
        totals: the pool's debt after accrual (at the start of a batch, for all its orders).
        max_repay: the most the liquidator pays for debt, in base units, the fee not counted.
        risk: the basket's parameters; its `ltv` and `threshold` are 0.
        without: mask of the legs that are left out.
    """
    debt = totals.assets_up(debt_shares)
    worth = worth_of(amounts, prices, legs, without)
    if worth.high_weight >= debt * WAD:
        return Quote(liquidatable=False)
    health_before = worth.high_weight // debt
    covered = liquidation.is_restorable(worth.low, debt, risk.bonus_min)
    if not covered and worth.low != worth.high:
        return Quote(True, health_before=health_before)
    whole = all(is_taken or amount == 0 for is_taken, amount in zip(worth.taken, amounts, strict=True))
    if whole:
        close = liquidation.whole_close(
            worth.high, worth.high_weight, debt, debt_shares, totals, max_repay, risk
        )
    elif covered:
        close = _restoring(worth, debt, debt_shares, totals, max_repay, risk)
    else:
        close = _losing(worth, debt, debt_shares, max_repay, risk)
    if close is None:
        return Quote(True, True, health_before=health_before)
    shares, paid, fee, handed = close
    # of each leg taken, numerator/denominator
    numerator, denominator = handed, worth.part
    if not covered:
        numerator, denominator = shares if whole else handed, debt_shares
    seized = tuple(
        amount * numerator // denominator if is_taken else 0
        for amount, is_taken in zip(amounts, worth.taken, strict=True)
    )
    left = [amount - taken for amount, taken in zip(amounts, seized, strict=True)]
    debt_left = totals.assets_up(debt_shares - shares)
    health_after = worth_of(left, prices, legs).high_weight // debt_left if debt_left else NO_DEBT
    extinguished = totals.assets_down(shares)
    return Quote(True, True, shares, paid, fee, seized, extinguished, health_before, health_after)


def _restoring(
    worth: Worth, debt: int, debt_shares: int, totals: DebtTotals, max_repay: int, risk: Risk
) -> tuple[int, int, int, int] | None:
    """Shares, paid, fee and value handed over of a restorable position, from some legs."""
    if worth.part == 0:
        return None

    def cost(with_bonus: int) -> int:
        """Weighted value that a unit repaid takes, WAD, rounded up."""
        return ceil_div(with_bonus * worth.part_weight, worth.part * WAD)

    of_part = risk.target_health - cost(WAD + risk.bonus_min)
    of_slice = risk.target_health - (WAD + risk.bonus_min) * worth.high_weight // (worth.high * WAD)
    bonus = min(risk.bonus_min, risk.bonus_min * of_part // of_slice)
    with_bonus = WAD + bonus
    if bonus == 0 or cost(with_bonus) > worth.low_weight // debt:
        return None
    limit = min(max_repay, worth.part * WAD // with_bonus)
    needed = ceil_div(risk.target_health * debt - worth.high_weight, risk.target_health - cost(with_bonus))
    repay = min(debt, limit, needed)
    shares = shares_for(repay, debt, debt_shares, totals, limit) if repay else 0
    if shares == 0:
        return None
    paid = totals.assets_up(shares)
    fee = fee_for(paid, bonus, worth.low, debt, risk)
    return shares, paid, fee, totals.assets_down(shares) * with_bonus // WAD


def _losing(
    worth: Worth, debt: int, debt_shares: int, max_repay: int, risk: Risk
) -> tuple[int, int, int, int] | None:
    """Shares, paid, no fee, and the shares whose slice of everything is worth what is taken of some legs."""
    price = liquidation.whole_price(worth.high, debt, risk)
    shares = debt_shares * worth.part // worth.high if worth.high else debt_shares
    if max_repay < price:
        shares = min(shares, debt_shares * max_repay // price)
    if shares == 0:
        return None
    paid = ceil_div(price * shares, debt_shares)
    return shares, paid, 0, shares * worth.high // worth.part if worth.high else shares


def shortfall(worth: int, debt_shares: int, totals: DebtTotals, risk: Risk) -> int:
    """What a position in shortfall owes beyond the price of the whole of it, base units; else 0."""
    debt = totals.assets_up(debt_shares)
    if liquidation.is_restorable(worth, debt, risk.bonus_min):
        return 0
    return debt - liquidation.whole_price(worth, debt, risk)
