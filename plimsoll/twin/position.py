"""A position in one storage word, and the packed words of a liquidation's events.

A position: bits 0..127 collateral (base units), 128..231 debt shares, 232..254 spare, 255 provisioned.
"""

from collections.abc import Iterable
from typing import NamedTuple

from plimsoll.twin.share_math import to_assets_down

COLLATERAL_BITS = 128
DEBT_BITS = 104
COLLATERAL_TOP = 2**COLLATERAL_BITS - 1
DEBT_TOP = 2**DEBT_BITS - 1
PROVISIONED = 1 << 23  # among the flags: a provision stands for the position

TOTAL_DEBT_BITS = 110
PAYMENT_BITS = 96
HEALTH_BITS = 32
HEALTH_UNIT = 10**9  # of the event's health, in WAD
HEALTH_TOP = 2**HEALTH_BITS - 1  # no debt left, or a health of 4.29 or more
NO_DEBT = 2**256 - 1  # health of a position without debt


def pack(collateral: int, debt_shares: int, flags: int = 0) -> int:
    """The storage word of a position.

    Args:
        collateral: base units, below 2**128.
        debt_shares: below 2**104.
        flags: below 2**24.

    Raises:
        ValueError: when a field does not fit its lane.
    """
    lanes = (("collateral", collateral, 128), ("debt_shares", debt_shares, 104), ("flags", flags, 24))
    for name, number, bits in lanes:
        if not 0 <= number < 2**bits:
            raise ValueError(f"{name} is {number}; it must be at least 0 and below 2**{bits}")
    return collateral | (debt_shares << COLLATERAL_BITS) | (flags << (COLLATERAL_BITS + DEBT_BITS))


def unpack(word: int) -> tuple[int, int]:
    """Collateral (base units) and debt shares of a position's storage word."""
    return word & COLLATERAL_TOP, (word >> COLLATERAL_BITS) & DEBT_TOP


class LiquidationEvent(NamedTuple):
    """One `Liquidation` event, unpacked.

    The healths are WAD, rounded down to 1e-9, and None when no debt is left or health is 4.29 or more.
    """

    seized: int  # base units of collateral
    shares: int  # debt shares extinguished
    repaid: int  # base units of the loan asset, without the fee
    fee: int  # base units of the loan asset
    extinguished: int  # base units of debt, rounded down
    health_before: int | None
    health_after: int | None

    @property
    def loss(self) -> int:
        """Debt extinguished without being paid, in base units; 0 when rounding favours the pool."""
        return max(0, self.extinguished - self.repaid)


def pack_debt_totals(total_debt: int, total_debt_shares: int) -> int:
    """The word `debt_totals` of a `LiquidationCall` event: 1/65536 base units; debt shares."""
    return total_debt | (total_debt_shares << TOTAL_DEBT_BITS)


def unpack_debt_totals(word: int) -> tuple[int, int]:
    """Total debt (1/65536 base units) and total debt shares from a `LiquidationCall` event."""
    return word & (2**TOTAL_DEBT_BITS - 1), word >> TOTAL_DEBT_BITS


def pack_liquidation(
    seized: int, shares: int, repaid: int, fee: int, health_before: int, health_after: int
) -> tuple[int, int]:
    """The words `close` and `payment` of a `Liquidation` event.

    Args:
        seized: base units of collateral.
        shares: debt shares extinguished.
        repaid: base units of the loan asset, without the fee.
        fee: base units of the loan asset.
        health_before: WAD.
        health_after: WAD; `NO_DEBT` when no debt is left.

    Raises:
        ValueError: when an amount does not fit its lane.
    """
    close = pack(seized, shares)
    payment = 0
    for name, amount, position in (("repaid", repaid, 0), ("fee", fee, PAYMENT_BITS)):
        if not 0 <= amount < 2**PAYMENT_BITS:
            raise ValueError(f"{name} is {amount}; it must be at least 0 and below 2**{PAYMENT_BITS}")
        payment |= amount << position
    for health, position in (
        (health_before, 2 * PAYMENT_BITS),
        (health_after, 2 * PAYMENT_BITS + HEALTH_BITS),
    ):
        payment |= min(health // HEALTH_UNIT, HEALTH_TOP) << position
    return close, payment


def unpack_amounts(words: Iterable[int]) -> tuple[int, ...]:
    """Amounts of a basket's legs out of words with two of them each."""
    return tuple(amount for word in words for amount in (word & COLLATERAL_TOP, word >> COLLATERAL_BITS))


def unpack_liquidation(close: int, payment: int, debt_totals: int) -> LiquidationEvent:
    """The fields of a `Liquidation` event, as `IVault.vyi` draws them.

    Args:
        close: word of the event.
        payment: word of the event.
        debt_totals: word of the `LiquidationCall` event of the same call.
    """
    seized, shares = unpack(close)
    lane = 2**PAYMENT_BITS - 1
    return LiquidationEvent(
        seized=seized,
        shares=shares,
        repaid=payment & lane,
        fee=(payment >> PAYMENT_BITS) & lane,
        extinguished=to_assets_down(shares, *unpack_debt_totals(debt_totals)),
        health_before=_unpacked_health((payment >> (2 * PAYMENT_BITS)) & HEALTH_TOP),
        health_after=_unpacked_health(payment >> (2 * PAYMENT_BITS + HEALTH_BITS)),
    )


def _unpacked_health(lane: int) -> int | None:
    return None if lane == HEALTH_TOP else lane * HEALTH_UNIT
