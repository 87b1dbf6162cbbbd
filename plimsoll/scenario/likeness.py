"""Draws people who are like those of a book: what they owe and how safe that is, from its rows together.

Rows are drawn with replacement (a bootstrap), so that the few who owe most, and how safe these are, are as
frequent as in the book; no distribution is fitted. Noise keeps people from being copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from plimsoll.scenario.people import LikeConfig
from plimsoll.scenario.strict_model import fault, fault_at

DIGITS = (
    4  # of what is locked over what is owed, so that the last bit of a machine's logarithm does not matter
)

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Book:
    """The loans of a book's vault: debts, and amounts by leg, in whole tokens."""

    debts: Numbers
    amounts: Numbers  # a row a loan


@dataclass(frozen=True)
class Person:
    """Somebody who has been drawn."""

    debt: int  # whole tokens
    cover: Fraction  # value of what is locked over the debt
    parts: tuple[float, ...]  # of that value, by leg


def book_of(name: str, like: LikeConfig, legs: int) -> Book:
    """The loans that a group is to be like.

    Args:
        name: where the group stands, such as `borrowers.0`.
        like: its settings.
        legs: how many collaterals its vault or basket has.

    Raises:
        PydanticCustomError: there is none, or it has other legs; a sentence.
    """
    found: dict[str, list[float]] = {}  # by owner: debt, amounts
    for row in like.positions.rows:
        if row.vault != like.vault:
            continue
        leg = row.leg or 0
        if leg >= legs:
            raise fault_at(
                f"{name}.like",
                f"{like.positions.where(row)}, column 'leg' is '{leg}', but the group's vault has {legs} "
                f"collateral{'s' * (legs > 1)}; name a book like it",
            )
        loan = found.setdefault(row.owner, [0.0] * (legs + 1))
        loan[0] += float(row.debt)
        loan[1 + leg] += float(row.collateral)
    loans = [loan for loan in found.values() if loan[0] and any(loan[1:])]
    if not loans:
        vaults = sorted({row.vault for row in like.positions.rows})
        raise fault(
            f"{name}.like.vault",
            f"is {like.vault!r}, in which nobody of {like.positions.name} owes anything; "
            f"its vaults are {', '.join(vaults[:5])}",
        )
    table = np.array(loans)
    return Book(table[:, 0], table[:, 1:])


def drawn(
    book: Book, like: LikeConfig, count: int, total: float, least: float, prices: Numbers, seed: list[int]
) -> list[Person]:
    """People who are like a book's.

    Args:
        book: the book.
        like: how much noise, and the prices at its time.
        count: how many people.
        total: whole tokens that they owe together.
        least: whole tokens that everybody owes at least: what would be less is that.
        prices: the first prices, loan tokens for a whole collateral token, one a leg.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    places = rng.integers(0, len(book.debts), count)
    noise = np.exp(float(like.jitter) * rng.standard_normal((2, count)))
    then = prices if like.prices is None else np.array(like.prices, dtype=float)
    values = book.amounts[places] * then
    worth = values.sum(axis=1)
    covers = worth / book.debts[places] * noise[0]
    debts = scaled(book.debts[places] * noise[1], total, least)
    return [
        Person(int(debt), Fraction(str(round(cover, DIGITS))), tuple(parts))
        for debt, cover, parts in zip(
            debts.tolist(), covers.tolist(), (values / worth[:, None]).tolist(), strict=True
        )
    ]


def scaled(sizes: Numbers, total: float, least: float) -> Numbers:
    """Sizes times one factor, those below `least` raised to that, so that they add up to `total`."""
    order = np.sort(sizes)
    above = np.cumsum(order[::-1])[::-1]  # what each and all larger ones add up to
    factors = (total - least * np.arange(len(order))) / above
    first = int(np.argmax(factors * order >= least)) if (factors * order >= least).any() else len(order) - 1
    found: Numbers = np.maximum(sizes * factors[first], least)
    return found
