"""Draws a scenario's borrowers from its seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, exp, log

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.people import LEAST_DEBT, LEAST_WEIGHT, BorrowersConfig, PortfolioConfig
from plimsoll.scenario.world import World

WEIGHT_DIGITS = 4  # of a portfolio's parts


@dataclass(frozen=True, slots=True)
class Borrower:
    """A loan to be opened at the scenario's first price; who borrows in several vaults has several."""

    address: str
    vault: int
    amounts: tuple[int, ...]  # base units of each collateral
    debt: int  # base units of the loan asset

    @property
    def collateral(self) -> int:
        """Base units of the only collateral."""
        (amount,) = self.amounts
        return amount


@dataclass(frozen=True, slots=True)
class _Pledge:
    """A collateral that a group has, and what it backs."""

    vault: int
    config: CollateralConfig
    price: Fraction  # as the feed says it
    threshold: Fraction

    def units(self, value: Fraction) -> int:
        """Base units that are worth so many loan tokens, rounded up."""
        return ceil(value / self.price * Fraction(10) ** self.config.collateral.decimals)


def draw(scenario: Scenario, first_prices: Sequence[float]) -> list[tuple[Borrower, ...]]:
    """The loans of each group's borrowers; the same seed gives the same ones.

    Each owes the vault's minimum debt (20 times that with a portfolio) and a log-normal part of what remains
    of the total. Healths are spread evenly on a log scale. Debts are rounded down to whole tokens, healths
    and weights to four digits, so that the last bit of a machine's logarithm does not matter.
    """
    pledges = _pledges(scenario, first_prices)
    return [
        _group(scenario, number, group, [each for place in group.places for each in pledges[place]])
        for number, group in enumerate(scenario.borrowers)
    ]


def _pledges(scenario: Scenario, first_prices: Sequence[float]) -> list[list[_Pledge]]:
    """What may be locked in each vault."""
    rest = iter(first_prices)
    return [
        [
            _Pledge(
                number,
                config,
                Fraction(World.answer_of(config, next(rest)), 10**config.oracle.decimals),
                Fraction(vault.risk_of(leg).threshold),
            )
            for leg, config in enumerate(vault.collaterals)
        ]
        for number, vault in enumerate(scenario.vaults)
    ]


def _group(
    scenario: Scenario, number: int, group: BorrowersConfig, pledges: Sequence[_Pledge]
) -> tuple[Borrower, ...]:
    rng = np.random.default_rng([scenario.seed, 3, number])
    sizes = rng.lognormal(0.0, float(group.debt_sigma), group.count)
    low, high = log(float(group.health.min)), log(float(group.health.max))
    positions = rng.uniform(low, high, group.count)
    portfolios = _portfolios(scenario, number, group)

    least_tokens = max(scenario.vaults[place].min_debt for place in group.places)
    if group.portfolio:
        least_tokens *= LEAST_DEBT
    spare = float(group.total_debt - group.count * least_tokens)
    least = scenario.loan_units(least_tokens)
    loans: list[Borrower] = []
    for place, (size, position) in enumerate(zip(sizes / sizes.sum(), positions, strict=True)):
        debt = least + int(spare * float(size)) * 10**scenario.pool.loan.decimals
        health = Fraction(str(max(round(exp(position), 4), float(group.health.min))))
        address = made_up(f"borrower {scenario.seed} {number} {place}")
        loans += _loans(scenario, group, address, debt, health, portfolios[place], pledges)
    return tuple(loans)


def _loans(
    scenario: Scenario,
    group: BorrowersConfig,
    address: str,
    debt: int,
    health: Fraction,
    weights: Sequence[Fraction],
    pledges: Sequence[_Pledge],
) -> list[Borrower]:
    """One loan against all that is pledged, or one against each part of it, at the same health."""
    tokens = Fraction(debt, 10**scenario.pool.loan.decimals)
    backed = [weight * each.threshold for weight, each in zip(weights, pledges, strict=True)]
    value = tokens * health / sum(backed)
    amounts = [each.units(value * weight) for weight, each in zip(weights, pledges, strict=True)]
    if group.vaults is None:
        return [Borrower(address, group.vault, tuple(amounts), debt)]
    return [
        Borrower(address, each.vault, (amount,), int(debt * part / sum(backed)))
        for each, amount, part in zip(pledges, amounts, backed, strict=True)
        if amount
    ]


def _portfolios(scenario: Scenario, number: int, group: BorrowersConfig) -> list[list[Fraction]]:
    """What part of the value of their collateral everybody has of each."""
    settings = group.portfolio
    if settings is None:
        return [[Fraction(1)]] * group.count
    if settings.concentration is None:
        return [list(map(Fraction, settings.weights))] * group.count
    rng = np.random.default_rng([scenario.seed, 5, number])
    return [_drawn(settings, settings.concentration, rng) for _ in range(group.count)]


def _drawn(settings: PortfolioConfig, concentration: Decimal, rng: np.random.Generator) -> list[Fraction]:
    """One draw of the Dirichlet distribution, as gammas over their sum; small parts are left away."""
    gammas = [rng.gamma(float(weight * concentration)) if weight else 0.0 for weight in settings.weights]
    if not sum(gammas):  # all underflowed, which only a tiny concentration does
        gammas = list(map(float, settings.weights))
    parts = [gamma / sum(gammas) for gamma in gammas]
    kept = [part if part >= LEAST_WEIGHT else 0.0 for part in parts]
    weights = [Fraction(str(round(part / sum(kept), WEIGHT_DIGITS))) for part in kept]
    largest = max(range(len(weights)), key=weights.__getitem__)
    weights[largest] += 1 - sum(weights)
    return weights
