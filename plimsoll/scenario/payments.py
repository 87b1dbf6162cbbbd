"""Sums that are owed and sums that are due, matched; and sums in parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def pairs(payers: Mapping[str, int], payees: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    """Payments from those who owe to those who are owed, in order, until one side has nothing left."""
    owing, owed = list(payers.items()), list(payees.items())
    while owing and owed:
        (payer, one), (payee, other) = owing[0], owed[0]
        amount = min(one, other)
        if amount:
            yield payer, payee, amount
        owing[0], owed[0] = (payer, one - amount), (payee, other - amount)
        if one == amount:
            owing.pop(0)
        if other == amount:
            owed.pop(0)


def negative(amounts: Mapping[str, int]) -> dict[str, int]:
    """What is owed, of amounts below 0."""
    return {party: -amount for party, amount in amounts.items() if amount < 0}


def positive(amounts: Mapping[str, int]) -> dict[str, int]:
    """What is due, of amounts above 0."""
    return {party: amount for party, amount in amounts.items() if amount > 0}


def difference(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """By how much each has changed."""
    return {party: amount - before.get(party, 0) for party, amount in after.items()}


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts like the weights, rounded down, and what that leaves to the last that has any."""
    total = sum(weights)
    parts = [amount * weight // total if total else 0 for weight in weights]
    last = max((number for number, weight in enumerate(weights) if weight), default=0)
    parts[last] += amount - sum(parts)
    return parts
