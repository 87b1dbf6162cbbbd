"""The pool's totals and how time changes them; the twin of ``contracts/modules/ledger.vy``."""

from typing import NamedTuple

from plimsoll.twin import rates
from plimsoll.units import FRACTION, WAD

VALUE_TOP = 2**110 - 1
"""Largest total, in fractions."""
COUNT_TOP = 2**104 - 1
"""Largest share count."""
CLOCK = 2**32
"""The clock of the last accrual wraps after this many seconds."""

FLAG_OPEN = 1
FLAG_CAPPED = 2
FLAG_PAUSED = 4
FLAG_PROVISIONED = 8


class Totals(NamedTuple):
    """A pool's totals, in the order of `ledger.Totals`; values in fractions, 1/65536 base unit."""

    total_assets: int
    total_debt: int
    total_supply: int
    total_debt_shares: int
    log_rate: int
    flags: int


def utilisation(total_assets: int, total_debt: int) -> int:
    """Debt over lenders' assets.

    Args:
        total_assets: fractions.
        total_debt: fractions.

    Returns:
        WAD, rounded down, at most WAD; without assets 0 or, in debt, WAD.
    """
    if total_debt == 0:
        return 0
    if total_debt >= total_assets:
        return WAD
    return total_debt * WAD // total_assets


def accrued(totals: Totals, elapsed: int, curve: rates.Curve, reserve_factor: int) -> Totals:
    """The totals after an interval without a call.

    The debt grows by `x + x**2/2 + x**3/6`, `x` being rate times time but at most 1; the reserve's part of
    the interest is rounded up, the lenders' part goes to total assets. Interest that a field cannot hold is
    not charged.

    Args:
        totals: before the interval.
        elapsed: seconds; counts modulo 2**32.
        curve: the pool's curve.
        reserve_factor: the reserve's part of the interest, WAD.

    Returns:
        The totals after it.
    """
    elapsed %= CLOCK
    if elapsed == 0:
        return totals
    log_rate, rate = rates.step(
        utilisation(totals.total_assets, totals.total_debt),
        totals.log_rate,
        elapsed,
        totals.total_assets // FRACTION,
        curve,
    )
    x = min(WAD, rate * elapsed)
    x2 = x * x // (2 * WAD)
    x3 = x2 * x // (3 * WAD)
    interest = totals.total_debt * (x + x2 + x3) // WAD
    interest = min(interest, VALUE_TOP - totals.total_debt)
    reserve_part = -(-interest * reserve_factor // WAD)
    return totals._replace(
        total_assets=min(totals.total_assets + interest - reserve_part, VALUE_TOP),
        total_debt=totals.total_debt + interest,
        log_rate=log_rate,
    )
