"""Shares and the amounts they stand for: of lenders in total assets, of borrowers in total debt."""

from plimsoll.units import FRACTION

VIRTUAL_VALUE = FRACTION
VIRTUAL_SHARES = 1_000


def to_value_up(shares: int, total: int, total_shares: int) -> int:
    """What `shares` are worth in 1/65536 units, rounded up."""
    return -(-shares * (total + VIRTUAL_VALUE) // (total_shares + VIRTUAL_SHARES))


def to_value_down(shares: int, total: int, total_shares: int) -> int:
    """What `shares` are worth in 1/65536 units, rounded down."""
    return shares * (total + VIRTUAL_VALUE) // (total_shares + VIRTUAL_SHARES)


def to_assets_up(shares: int, total: int, total_shares: int) -> int:
    """What `shares` are worth in base units, rounded up."""
    return -(-shares * (total + VIRTUAL_VALUE) // ((total_shares + VIRTUAL_SHARES) * FRACTION))


def to_assets_down(shares: int, total: int, total_shares: int) -> int:
    """What `shares` are worth in base units, rounded down."""
    return shares * (total + VIRTUAL_VALUE) // ((total_shares + VIRTUAL_SHARES) * FRACTION)


def to_shares_up(assets: int, total: int, total_shares: int) -> int:
    """The shares that `assets` base units stand for, rounded up."""
    return -(-assets * (total_shares + VIRTUAL_SHARES) * FRACTION // (total + VIRTUAL_VALUE))


def to_shares_down(assets: int, total: int, total_shares: int) -> int:
    """The shares that `assets` base units stand for, rounded down."""
    return assets * (total_shares + VIRTUAL_SHARES) * FRACTION // (total + VIRTUAL_VALUE)
