"""Picking does not pay: games of a liquidator who may choose legs, order and pieces, against slices.

A position is drawn: two to eight legs, parameters that the Factory takes, a health below 1. One liquidator
takes up to five closes, half of them without random legs, each up to a random sum, and then whatever slices
are left; another takes slices alone until nothing can be closed. What each gains is what it seized less what
it paid, at the oracles' prices, which stand still, as the pool's index does. All closes are the twin's.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from random import Random
from typing import Any

from plimsoll.twin import slices
from plimsoll.twin.liquidation import DebtTotals, Risk
from plimsoll.twin.slices import Leg
from plimsoll.units import FRACTION, NO_LIMIT, PRICE_SCALE, WAD

GAMES = 100_000
CLOSES = 5
ROUNDS = 200  # slices until nothing is left; far more than there are
DOLLAR = 10**6  # base units
TOTALS = DebtTotals(10**9 * DOLLAR * FRACTION, 10**9 * DOLLAR * FRACTION)
CHUNK = 5_000  # games with one seed


@dataclass(frozen=True)
class Position:
    """A position that can be liquidated, and the basket that it is in."""

    amounts: tuple[int, ...]
    shares: int
    prices: tuple[int, ...]
    legs: tuple[Leg, ...]
    risk: Risk


@dataclass(frozen=True)
class Game:
    """What one drawn position brought; base units of the loan asset."""

    picked: int  # by picking, and slices after it
    sliced: int  # by slices alone
    was_restorable: bool

    @property
    def advantage(self) -> float:
        """Of picking, as a part of what slices bring."""
        return (self.picked - self.sliced) / max(1, self.sliced)


def drawn(random: Random, min_debt: int) -> Position:
    """A position with health below 1; `min_debt` in dollars."""
    while True:
        count = random.randint(2, 8)
        thresholds = [random.uniform(0.4, 0.93) for _ in range(count)]
        low = random.uniform(0.002, 0.05)
        high = random.uniform(low, 0.15)
        top = max(thresholds)
        if top * (1 + low) > 0.98 or top * (1 + high) > 0.99:
            continue
        flat = random.uniform(top * (1 + high), 0.99)
        numbers = (
            low, high, flat, random.uniform(1.005, 1.25), random.uniform(0, 0.25), random.uniform(0, 0.3)
        )  # fmt: skip
        risk = Risk(0, 0, *(int(number * WAD) for number in numbers), min_debt * DOLLAR)
        legs = tuple(Leg(int((w - 0.02) * WAD), int(w * WAD), 0) for w in thresholds)
        prices = tuple(int(10 ** random.uniform(-3, 5) * PRICE_SCALE / 10**12) for _ in legs)
        debt = int(10 ** random.uniform(4, 7)) * DOLLAR
        weights = [random.expovariate(1) for _ in legs]
        health = random.uniform(0.5, 1) if random.random() < 0.3 else random.uniform(0.85, 1)
        backed = sum(part * w for part, w in zip(weights, thresholds, strict=True)) / sum(weights)
        value = debt * health / backed
        amounts = tuple(
            int(value * part / sum(weights) * PRICE_SCALE / price)
            for part, price in zip(weights, prices, strict=True)
        )
        shares = debt * FRACTION
        if slices.quote(amounts, shares, prices, legs, TOTALS, NO_LIMIT, risk).executable:
            return Position(amounts, shares, prices, legs, risk)


def closed(position: Position, limit: int = NO_LIMIT, without: int = 0) -> tuple[Position, int]:
    """The position after a close, and what the liquidator gains; the same and 0 if nothing can be closed."""
    it = position
    quote = slices.quote(it.amounts, it.shares, it.prices, it.legs, TOTALS, limit, it.risk, without)
    if not quote.executable:
        return position, 0
    left = tuple(have - taken for have, taken in zip(it.amounts, quote.seized, strict=True))
    value = sum(amount * price for amount, price in zip(quote.seized, it.prices, strict=True)) // PRICE_SCALE
    after = Position(left, it.shares - quote.shares, it.prices, it.legs, it.risk)
    return after, value - quote.paid - quote.fee


def sliced(position: Position) -> int:
    """What slices bring until nothing can be closed."""
    gain = 0
    for _ in range(ROUNDS):
        before = position
        position, more = closed(position)
        gain += more
        if position is before:
            break
    return gain


def played(random: Random, min_debt: int = 0) -> Game:
    """One game."""
    position = drawn(random, min_debt)
    debt = TOTALS.assets_up(position.shares)
    worth = slices.worth_of(position.amounts, position.prices, position.legs)
    alone, gain = sliced(position), 0
    for _ in range(random.randint(1, CLOSES)):
        without = random.choice((0, random.randrange(1 << len(position.legs))))
        limit = NO_LIMIT if random.random() < 0.4 else int(debt * random.random() ** 3)
        position, more = closed(position, limit, without)
        gain += more
    restorable = worth.high * WAD >= debt * (WAD + position.risk.bonus_min)
    return Game(gain + sliced(position), alone, restorable)


def games(seed: int, count: int, min_debt: int = 0) -> list[Game]:
    """So many games."""
    random = Random(seed)
    return [played(random, min_debt) for _ in range(count)]


def told(found: Sequence[Game]) -> dict[str, Any]:
    """How often picking brought more than slices, and how much more."""
    better = [game for game in found if game.picked > game.sliced]
    highest = max(game.advantage for game in found)
    return {
        "games": len(found),
        "restorable": sum(game.was_restorable for game in found),
        "picking_brings_more": len(better),
        "above_0.1_percent": sum(game.advantage > 0.001 for game in found),
        "most_more_base_units": max(game.picked - game.sliced for game in found),
        "highest_advantage_percent": float(f"{100 * highest:.2g}"),
        "mean_advantage_percent": round(100 * sum(game.advantage for game in found) / len(found), 3),
    }


def measured(seed: int = 15, count: int = GAMES) -> dict[str, Any]:
    """With and without a smallest debt, on all processors; the same seed gives the same games."""
    firsts = range(0, count, CHUNK)
    seeds, counts = [seed + first for first in firsts], [min(CHUNK, count - first) for first in firsts]
    found = {}
    with ProcessPoolExecutor() as crew:
        for min_debt in (0, 2_500):
            parts = crew.map(games, seeds, counts, repeat(min_debt))
            found[f"min_debt {min_debt}"] = told([game for part in parts for game in part])
    return found
