"""Draws a scenario's borrowers from its seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.scenario.config import BorrowersConfig, Scenario
from plimsoll.scenario.world import World


@dataclass(frozen=True, slots=True)
class Borrower:
    """A loan to be opened at the scenario's first price."""

    address: str
    collateral: int  # base units
    debt: int  # base units of the loan asset


def draw(scenario: Scenario, first_prices: Sequence[float]) -> list[tuple[Borrower, ...]]:
    """The borrowers of each group; the same seed gives the same ones.

    Each owes the vault's minimum debt and a log-normal part of what remains of the total. Healths are spread
    evenly on a log scale. Debts are rounded down to whole tokens and healths to four digits, so that the last
    bit of a machine's logarithm does not matter.
    """
    return [
        _group(scenario, number, group, first_prices[group.vault])
        for number, group in enumerate(scenario.borrowers)
    ]


def _group(scenario: Scenario, number: int, group: BorrowersConfig, price: float) -> tuple[Borrower, ...]:
    vault = scenario.vaults[group.vault]
    rng = np.random.default_rng([scenario.seed, 3, number])
    weights = rng.lognormal(0.0, float(group.debt_sigma), group.count)
    low, high = log(float(group.health.min)), log(float(group.health.max))
    positions = rng.uniform(low, high, group.count)

    spare = float(group.total_debt - group.count * vault.min_debt)
    least = scenario.loan_units(vault.min_debt)
    answer = Fraction(World.answer_of(vault, price), 10**vault.oracle.decimals)
    per_token = Fraction(vault.threshold) * answer  # loan tokens that a collateral token backs
    borrowers = []
    for place, (weight, position) in enumerate(zip(weights / weights.sum(), positions, strict=True)):
        debt = least + int(spare * float(weight)) * 10**scenario.pool.loan.decimals
        health = max(round(exp(position), 4), float(group.health.min))
        tokens = Fraction(debt, 10**scenario.pool.loan.decimals)
        units = tokens * Fraction(str(health)) / per_token * 10**vault.collateral.decimals
        borrowers.append(
            Borrower(
                address=made_up(f"borrower {scenario.seed} {number} {place}"),
                collateral=-(-units.numerator // units.denominator),
                debt=debt,
            )
        )
    return tuple(borrowers)
