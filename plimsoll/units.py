"""Scales, limits and words that contracts, twin and tools share. Integers; times in seconds."""

WAD = 10**18  # ratios and rates
PRICE_SCALE = 10**36  # loan base units for a collateral base unit
FRACTION = 65_536  # fractions in a base unit: the books keep 16 bits more
MAX = 2**256 - 1  # as an amount: as much as is allowed
NO_LIMIT = 2**96 - 1  # in an order: as much as is allowed
NOBODY = "0x" + "00" * 20

HOUR = 3_600
DAY = 24 * HOUR
YEAR = 365 * DAY


def order(owner: str, limit: int = NO_LIMIT) -> int:
    """An order of a batch of liquidations: bits 0..159 the owner, 160..255 the limit in loan base units."""
    return limit << 160 | int(owner, 16)
