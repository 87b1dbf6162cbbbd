"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN, Context, Decimal
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from plimsoll.units import MAX

if TYPE_CHECKING:
    from plimsoll.inspection.read import Token

EXACT = Context(prec=100)  # digits; a word has 78


def price_text(price: int, collateral: Token, asset: Token) -> str:
    """Loan tokens for a collateral token, rounded down: two digits, below 100 six significant ones."""
    if price == MAX:
        return "always"
    tokens = EXACT.scaleb(Decimal(price), collateral.decimals - asset.decimals - 36)
    digits = 2 if tokens >= 100 else 5 - tokens.adjusted()
    return f"{floor(tokens, min(digits, 18)):,f}"


def percent(wad: int) -> str:
    """A ratio in per cent, to two digits."""
    return f"{ratio(wad * 100).quantize(Decimal('0.01'), context=EXACT)} %"


def ratio(wad: int) -> Decimal:
    """What a WAD stands for, exact."""
    return EXACT.scaleb(Decimal(wad), -18)


def floor(number: Decimal, digits: int) -> Decimal:
    """Rounded down to so many digits after the point."""
    return number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN, context=EXACT)


def short(address: str) -> str:
    """An address as people tell it from others."""
    address = to_checksum_address(address)
    return f"{address[:8]}…{address[-6:]}"


def count(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def clock(seconds: int) -> str:
    """A time since 1970, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
