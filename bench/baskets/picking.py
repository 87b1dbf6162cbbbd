"""Slices, picking as at Aave, and separate vaults on four crashes: what lenders and borrowers lose.

The same people, prices and liquidators for three rules. Slices are the twin's own functions, picking is
written here. What is assumed:

- Ether and bitcoin are the candles of `scenarios/data` (hours or half hours, rounded): open, low, high, close
  where they close at or above their open, else open, high, low, close. A staked ether is worth ether less a
  discount of a fifth of ether's fall since the start. A fourth token moves 1.3 times as ether does, with
  own noise drawn by the seed.
- A basket has the first two, three or four of these. Weights are drawn (Dirichlet, concentration 3),
  healths are spread from threshold / ltv to 1.8 on a log scale, all debts are alike, and nobody reacts.
- At every point of a candle one liquidator without limits closes what pays at that price. Selling costs a
  part of what is sold, by leg: the worse the leg, the more. What does not pay is left and looked at again
  at the next point.
- Slices: the blue-chip bonus of 2 to 10 %, to a health of 1.05; where no slice pays, without one leg. The
  same with a fixed bonus of 5 %, to tell what the bonus does from what slices do.
- Picking: half of the debt above a health of .95, else all; a fixed bonus of 5 %; out of the collateral
  that costs least to sell, and the next one when it is used up. Debt without collateral is lost.
- Picking a slice's worth: what a slice pays and takes in value, out of the collateral that costs least to
  sell, to tell what is picked from how much. In a shortfall the slice.
- Separate vaults: the same collateral, and in each vault debt that starts at the person's health; the rule
  of slices.

Lenders lose what is written off and what is not covered at the end; borrowers what closes take beyond the
debt that they end. Both in basis points of all debt at the start.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from random import Random
from statistics import mean
from typing import Any

from plimsoll.params import BLUE_CHIP
from plimsoll.places import SCENARIOS
from plimsoll.twin import slices
from plimsoll.twin.liquidation import DebtTotals, Risk
from plimsoll.twin.position import NO_DEBT
from plimsoll.twin.slices import Leg
from plimsoll.units import FRACTION, NO_LIMIT, PRICE_SCALE, WAD

CRASHES = {
    "2020-03": "march-2020", "2021-05": "may-2021", "2024-08": "august-2024", "2025-10": "october-2025",
}  # fmt: skip
SEEDS = range(1, 6)
PEOPLE = 200
DOLLAR, TOKEN = 10**6, 10**18  # base units
DUST = 1e-6  # dollars
DEBT = 10_000 * DOLLAR
TOTALS = DebtTotals(10**9 * DOLLAR * FRACTION, 10**9 * DOLLAR * FRACTION)
# ltv and threshold, and the part lost by selling: of ether, bitcoin, staked ether, the fourth
TERMS = ((0.80, 0.83), (0.80, 0.83), (0.77, 0.80), (0.68, 0.72))
SALE = (0.005, 0.005, 0.01, 0.03)
FIXED_BONUS = 0.05
CLOSE_FACTOR_ABOVE = 0.95
RISK = Risk(0, 0, *BLUE_CHIP.to_struct(6)[2:8], 0)
FIXED = replace(RISK, bonus_min=int(FIXED_BONUS * WAD), bonus_max=int(FIXED_BONUS * WAD))
LEGS = tuple(Leg(int(ltv * WAD), int(threshold * WAD), 0) for ltv, threshold in TERMS)

Prices = tuple[float, ...]


@dataclass
class Loan:
    """A position, and what has become of it; dollars."""

    amounts: list[float]
    debt: float
    lost: float = 0.0  # debt written off
    taken: float = 0.0  # value seized beyond the debt that it ended


Rule = Callable[[Loan, Prices], bool]  # closes once if that pays; whether it has


@cache
def crashes() -> dict[str, list[tuple[float, float]]]:
    """Ether and bitcoin at the four points of each candle, by crash."""
    found: dict[str, list[tuple[float, float]]] = {}
    for crash, name in CRASHES.items():
        with (SCENARIOS / "data" / f"{name}.csv").open(newline="") as text:
            for row in csv.DictReader(text):
                turns = zip(_turns(row, "eth"), _turns(row, "btc"), strict=True)
                found.setdefault(crash, []).extend(turns)
    return found


def _turns(row: dict[str, str], asset: str) -> list[float]:
    opened, high, low, closed = (float(row[f"{asset}_{part}"]) for part in ("open", "high", "low", "close"))
    return [opened, low, high, closed] if closed >= opened else [opened, high, low, closed]


def paths(crash: str, random: Random) -> list[Prices]:
    """The prices of all four tokens, as parts of their first price."""
    points = crashes()[crash]
    first, fourth, before = points[0], 1.0, 1.0
    found = []
    for point in points:
        ether, bitcoin = (price / start for price, start in zip(point, first, strict=True))
        fourth *= (ether / before) ** 1.3 * (1 + random.gauss(0, 0.01))
        before = ether
        found.append((ether, bitcoin, ether * (1 - 0.2 * max(0.0, 1 - ether)), fourth))
    return found


def people(count: int, random: Random) -> list[Loan]:
    """Loans against `count` legs at prices of 1."""
    least = max(threshold / ltv for ltv, threshold in TERMS[:count])
    found = []
    for _ in range(PEOPLE):
        draws = [random.gammavariate(3 / count, 1) for _ in range(count)]
        weights = [draw / sum(draws) for draw in draws]
        backed = sum(weight * threshold for weight, (_, threshold) in zip(weights, TERMS, strict=False))
        health = least * (1.8 / least) ** random.random()
        found.append(Loan([DEBT / DOLLAR * health / backed * weight for weight in weights], DEBT / DOLLAR))
    return found


def separate(loan: Loan) -> list[Loan]:
    """The same collateral with a loan for each leg, all at the same health."""
    backed = [amount * threshold for amount, (_, threshold) in zip(loan.amounts, TERMS, strict=False)]
    return [
        Loan(
            [amount if place == number else 0.0 for place in range(len(backed))],
            loan.debt * part / sum(backed),
        )
        for number, (amount, part) in enumerate(zip(loan.amounts, backed, strict=True))
    ]


# --------------------------------------------------------------------------------------------------- rules


def slice_of(loan: Loan, prices: Prices, risk: Risk = RISK) -> bool:
    """One close by the twin's rule; if no slice pays, without the leg that sells worst, or the next one."""
    count = len(loan.amounts)
    shares = int(loan.debt * DOLLAR) * FRACTION
    amounts = [int(amount * TOKEN) for amount in loan.amounts]
    quoted = [int(price * DOLLAR * PRICE_SCALE / TOKEN) for price in prices[:count]]
    for without in (0, *(1 << leg for leg in range(count - 1, -1, -1))):
        quote = slices.quote(amounts, shares, quoted, LEGS[:count], TOTALS, NO_LIMIT, risk, without)
        if not quote.executable:
            continue
        values = [amount / TOKEN * price for amount, price in zip(quote.seized, prices, strict=False)]
        proceeds = sum(value * (1 - cost) for value, cost in zip(values, SALE, strict=False))
        if proceeds <= quote.due / DOLLAR:
            continue
        ended, paid = quote.extinguished / DOLLAR, quote.paid / DOLLAR
        seized = [amount / TOKEN for amount in quote.seized]
        loan.amounts = [have - taken for have, taken in zip(loan.amounts, seized, strict=True)]
        loan.debt = 0.0 if quote.health_after == NO_DEBT else loan.debt - ended
        loan.lost += max(0.0, ended - paid)
        loan.taken += max(0.0, sum(values) - ended)
        return True
    return False


def slices_worth_of(loan: Loan, prices: Prices) -> bool:
    """A close that takes what a slice is worth out of what sells best; in a shortfall the slice."""
    amounts, debt, taken = list(loan.amounts), loan.debt, loan.taken
    if not slice_of(loan, prices):
        return False
    is_restorable = _value(Loan(amounts, debt), prices) >= debt * (1 + RISK.bonus_min / WAD)
    if not is_restorable:
        return True
    left = debt - loan.debt + loan.taken - taken  # the value that was seized
    for leg in sorted(range(len(amounts)), key=SALE.__getitem__):
        value = min(left, amounts[leg] * prices[leg])
        amounts[leg] -= value / prices[leg]
        left -= value
    loan.amounts = amounts
    return True


def pick_of(loan: Loan, prices: Prices) -> bool:
    """One close for the fixed bonus, out of the collateral that sells best of those that are left."""
    part = 0.5 if _backed(loan, prices) > CLOSE_FACTOR_ABOVE * loan.debt else 1.0
    held = [leg for leg, amount in enumerate(loan.amounts) if amount > 0]
    leg = min(held, key=SALE.__getitem__, default=None)
    if leg is None or (1 + FIXED_BONUS) * (1 - SALE[leg]) <= 1:
        return False
    value = loan.amounts[leg] * prices[leg]
    repaid = min(loan.debt * part, value / (1 + FIXED_BONUS))
    used_up = repaid < loan.debt * part
    loan.amounts[leg] = 0.0 if used_up else loan.amounts[leg] - repaid * (1 + FIXED_BONUS) / prices[leg]
    loan.debt -= repaid
    loan.taken += repaid * FIXED_BONUS
    if not any(loan.amounts) or loan.debt < DUST:  # the deficit is booked
        loan.lost, loan.debt = loan.lost + loan.debt, 0.0
    return True


def _value(loan: Loan, prices: Prices) -> float:
    return sum(amount * price for amount, price in zip(loan.amounts, prices, strict=False))


def _backed(loan: Loan, prices: Prices) -> float:
    """Debt that a loan's collateral backs."""
    weighed = (price * threshold for price, (_, threshold) in zip(prices, TERMS, strict=True))
    return sum(amount * weight for amount, weight in zip(loan.amounts, weighed, strict=False))


def lived(loans: list[Loan], points: Sequence[Prices], close: Rule) -> tuple[float, float]:
    """What lenders and borrowers lose, basis points of all debt at the start."""
    debt = sum(loan.debt for loan in loans)
    for prices in points:
        for loan in loans:
            while loan.debt and _backed(loan, prices) < loan.debt and close(loan, prices):
                pass
    uncovered = sum(max(0.0, loan.debt - _value(loan, points[-1])) for loan in loans)
    lost, taken = sum(loan.lost for loan in loans) + uncovered, sum(loan.taken for loan in loans)
    return 10_000 * lost / debt, 10_000 * taken / debt


def compared(crash: str, count: int, seed: int) -> dict[str, tuple[float, float]]:
    """The rules on one draw of people and of the fourth token's noise."""
    points = paths(crash, Random(f"{seed} {crash}"))

    def drawn() -> list[Loan]:
        return people(count, Random(f"{seed} {count}"))

    return {
        "slices": lived(drawn(), points, slice_of),
        "slices, fixed bonus": lived(drawn(), points, partial(slice_of, risk=FIXED)),
        "picking": lived(drawn(), points, pick_of),
        "picking, a slice's worth": lived(drawn(), points, slices_worth_of),
        "separate": lived([part for loan in drawn() for part in separate(loan)], points, slice_of),
    }


def measured() -> dict[str, Any]:
    """Means over the seeds: lenders' and borrowers' loss by crash, number of legs and rule."""
    found: dict[str, Any] = {}
    for crash in crashes():
        for count in (2, 3, 4):
            runs = [compared(crash, count, seed) for seed in SEEDS]
            found[f"{crash}, {count} legs"] = {
                rule: [round(mean(run[rule][who] for run in runs), 1) for who in (0, 1)] for rule in runs[0]
            }
    return found
