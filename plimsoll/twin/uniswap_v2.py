"""What a Uniswap v2 pair gives and takes; the twin of ``contracts/modules/uniswap_v2.vy``.

Amounts and reserves are base units. A pair keeps 0.3 % of what comes in.
"""

from collections.abc import Sequence

FEE_BASE = 1_000
AFTER_FEE = 997

Reserves = tuple[int, int]
"""What a pair holds of the token that comes in, and of the one that goes out."""


def amount_out(amount_in: int, reserves: Reserves) -> int:
    """What a pair gives for `amount_in`, rounded down; 0 for nothing and from an empty pair."""
    if amount_in == 0:
        return 0
    reserve_in, reserve_out = reserves
    return amount_in * AFTER_FEE * reserve_out // (reserve_in * FEE_BASE + amount_in * AFTER_FEE)


def amount_in(amount_out: int, reserves: Reserves) -> int:
    """What a pair takes for at least `amount_out`, rounded up.

    Raises:
        ValueError: the pair holds no more than that.
    """
    reserve_in, reserve_out = reserves
    if amount_out >= reserve_out:
        raise ValueError(f"the pair holds {reserve_out}, which is not more than {amount_out}")
    return reserve_in * amount_out * FEE_BASE // ((reserve_out - amount_out) * AFTER_FEE) + 1


def quote_out(amount: int, pairs: Sequence[Reserves]) -> int:
    """What selling `amount` along a path of pairs yields."""
    for reserves in pairs:
        amount = amount_out(amount, reserves)
    return amount


def quote_in(amount: int, pairs: Sequence[Reserves]) -> int:
    """What must be sold along a path of pairs to get at least `amount`."""
    for reserves in reversed(pairs):
        amount = amount_in(amount, reserves)
    return amount
