"""Draws a scenario's borrowers from its seed."""

from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from math import exp, log

import numpy as np
from eth_utils.address import to_checksum_address

from plimsoll.scenario.config import Scenario


@dataclass(frozen=True, slots=True)
class Borrower:
    """A loan to be opened at the scenario's first price."""

    address: str
    collateral: int  # base units
    debt: int  # base units of the loan asset


def draw(scenario: Scenario) -> tuple[Borrower, ...]:
    """The borrowers of a scenario; the same seed gives the same ones.

    Each owes the vault's minimum debt and a log-normal part of what remains of the total. Healths are spread
    evenly on a log scale. Debts are rounded down to whole tokens and healths to four digits, so that the last
    bit of a machine's logarithm does not matter.
    """
    market, people = scenario.market, scenario.borrowers
    rng = np.random.default_rng(scenario.seed)
    weights = rng.lognormal(0.0, float(people.debt_sigma), people.count)
    low, high = log(float(people.health.min)), log(float(people.health.max))
    positions = rng.uniform(low, high, people.count)

    spare = people.total_debt - people.count * market.risk.min_debt
    value_of_token = scenario.price.at(Fraction(0)) / Fraction(market.loan_price)
    borrowers = []
    for number, (weight, position) in enumerate(zip(weights / weights.sum(), positions, strict=True)):
        debt = int(market.risk.min_debt) + int(float(spare) * float(weight))
        health = max(round(exp(position), 4), float(people.health.min))
        tokens = debt * Fraction(str(health)) / (Fraction(market.risk.threshold) * value_of_token)
        units = tokens * 10**market.collateral.decimals
        digest = sha256(f"plimsoll borrower {scenario.seed} {number}".encode()).hexdigest()
        borrowers.append(
            Borrower(
                address=to_checksum_address("0x" + digest[:40]),
                collateral=-(-units.numerator // units.denominator),
                debt=debt * 10**market.loan.decimals,
            )
        )
    return tuple(borrowers)
