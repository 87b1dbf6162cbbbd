"""A position in one storage word, and the packed words of the `Liquidation` event.

A position: bits 0..127 collateral (base units), 128..231 debt shares, 232..255 flags.
"""

from dataclasses import dataclass

COLLATERAL_BITS = 128
DEBT_BITS = 104
COLLATERAL_TOP = 2**COLLATERAL_BITS - 1
DEBT_TOP = 2**DEBT_BITS - 1

REPAID_BITS = 96
HEALTH_BITS = 32
HEALTH_UNIT = 10**9  # of the event's health, in WAD
HEALTH_TOP = 2**HEALTH_BITS - 1  # no debt left, or a health above 4.29
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


@dataclass(frozen=True, slots=True)
class LiquidationEvent:
    """One `Liquidation` event, unpacked.

    The healths are WAD, rounded down to 1e-9, and None when no debt is left or health is above 4.29.
    """

    seized: int  # base units of collateral
    shares: int  # debt shares extinguished
    repaid: int  # base units of the loan asset, without the fee
    extinguished: int  # base units of debt, rounded down
    fee: int  # base units of the loan asset
    health_before: int | None
    health_after: int | None

    @property
    def loss(self) -> int:
        """Debt extinguished without being paid, in base units; 0 when rounding favours the pool."""
        return max(0, self.extinguished - self.repaid)


def _packed_health(health: int) -> int:
    lane: int = min(health // HEALTH_UNIT, HEALTH_TOP)
    return lane


def _unpacked_health(lane: int) -> int | None:
    return None if lane == HEALTH_TOP else lane * HEALTH_UNIT


def pack_liquidation(
    seized: int, shares: int, repaid: int, extinguished: int, health_before: int, health_after: int
) -> tuple[int, int]:
    """The words `close` and `amounts` of a `Liquidation` event; healths in WAD, `NO_DEBT` without debt."""
    close = pack(seized, shares)
    for name, amount in (("repaid", repaid), ("extinguished", extinguished)):
        if not 0 <= amount < 2**REPAID_BITS:
            raise ValueError(f"{name} is {amount}; it must be at least 0 and below 2**{REPAID_BITS}")
    amounts = repaid | (extinguished << REPAID_BITS)
    amounts |= _packed_health(health_before) << (2 * REPAID_BITS)
    amounts |= _packed_health(health_after) << (2 * REPAID_BITS + HEALTH_BITS)
    return close, amounts


def unpack_liquidation(close: int, amounts: int, fee: int) -> LiquidationEvent:
    """The fields of a `Liquidation` event from its three words, as `IVault.vyi` draws them."""
    seized, shares = unpack(close)
    lane = 2**REPAID_BITS - 1
    return LiquidationEvent(
        seized=seized,
        shares=shares,
        repaid=amounts & lane,
        extinguished=(amounts >> REPAID_BITS) & lane,
        fee=fee,
        health_before=_unpacked_health((amounts >> 2 * REPAID_BITS) & HEALTH_TOP),
        health_after=_unpacked_health(amounts >> (2 * REPAID_BITS + HEALTH_BITS)),
    )
