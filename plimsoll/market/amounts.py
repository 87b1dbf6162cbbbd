"""Whole tokens, ratios and prices: exact numbers that know their integers."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from plimsoll.market.refusals import MarketError
from plimsoll.params import base_units
from plimsoll.units import MAX

Number = Decimal | int | float | str
WAD_DECIMALS = 18
_EXACT = Context(prec=100)  # digits; a word has 78


class Amount(Decimal):
    """A number of whole units, exact.

    What comes out of a calculation with it is a plain `Decimal`.

    Attributes:
        raw: the same in base units: of the token, WAD for ratios, 1e36 for prices.
        decimals: digits of `raw` behind the point.
        unit: what is counted, such as `USDC`; empty for ratios.
    """

    __slots__ = ("decimals", "raw", "unit")
    raw: int
    decimals: int
    unit: str

    def __new__(cls, raw: int, decimals: int, unit: str = "") -> Amount:
        """An amount by its integer; the largest word stands for infinity, as the contracts have it."""
        exact = _EXACT.scaleb(Decimal(raw), -decimals)
        it = super().__new__(cls, "Infinity" if raw == MAX else exact)
        it.raw, it.decimals, it.unit = raw, decimals, unit
        return it

    def __str__(self) -> str:
        """All of its digits."""
        return _trimmed(f"{self:f}")

    def __format__(self, specifier: str, *context: Any) -> str:
        """As `Decimal` has it; without a specifier as `str`."""
        return super().__format__(specifier, *context) if specifier else str(self)

    def __repr__(self) -> str:
        """All of its digits, in groups, and the unit."""
        return f"{_trimmed(f'{self:,f}')} {self.unit}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """What copies through pickle are made of."""
        return Amount, (self.raw, self.decimals, self.unit)

    def __copy__(self) -> Amount:
        """Itself: it cannot change."""
        return self

    def __deepcopy__(self, _memo: Any) -> Amount:
        """Itself: it cannot change."""
        return self


class Amounts(dict[str, Amount]):
    """Amounts by name, such as those of a basket's legs."""

    def __repr__(self) -> str:
        """With their units, or `nothing`."""
        return ", ".join(repr(amount) for amount in self.values()) or "nothing"

    __str__ = __repr__


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def ratio(wad: int) -> Amount:
    """A ratio by its WAD."""
    return Amount(wad, WAD_DECIMALS)


def exact(value: Number, what: str) -> Decimal:
    """A number as it is written; floats as Python prints them, so that 0.1 is a tenth.

    Raises:
        MarketError: it is no finite number, or below zero.
    """
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (ArithmeticError, TypeError, ValueError):
        raise MarketError(f"{what} is {value!r}, which is no number; give a number such as 1.5.") from None
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise MarketError(f"{what} is {value!r}; give a finite number, zero or above.")
    return number


def units_of(value: Number, decimals: int, what: str) -> int:
    """Base units of whole tokens.

    Raises:
        MarketError: it is no amount, or finer than a base unit.
    """
    try:
        return base_units(exact(value, what), decimals)
    except ValueError as error:
        raise MarketError(f"{what}: {error}.") from None


def positive(value: Number, what: str) -> Decimal:
    """As `exact`, above zero. Raises `MarketError`."""
    number = exact(value, what)
    if not number:
        raise MarketError(f"{what} is 0; give one above.")
    return number
