"""Draws a scenario's borrowers from its seed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import exp, log

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.groups import least_debt
from plimsoll.scenario.likeness import book_of, drawn
from plimsoll.scenario.loans import Borrower, loans_in_file
from plimsoll.scenario.people import LEAST_WEIGHT, BorrowersConfig, PortfolioConfig, PositionsConfig
from plimsoll.units import PRICE_SCALE

WEIGHT_DIGITS = 4  # of a portfolio's parts


@dataclass(frozen=True, slots=True)
class _Pledge:
    """A collateral that a group has, and what it backs."""

    vault: int
    units: Fraction  # base units that are worth a base unit of the loan asset, at the feed's first answer
    threshold: Fraction


@dataclass(frozen=True, slots=True)
class _Mix:
    """What somebody owes, in parts, and locks for each base unit of it and a safety of 1."""

    units: tuple[Fraction, ...]  # of each collateral
    debts: tuple[Fraction, ...]  # which part each collateral backs


_Person = tuple[int, Fraction, _Mix]  # debt, base units; how safe it is; what is held


def draw(scenario: Scenario, first_prices: Sequence[float]) -> list[tuple[Borrower, ...]]:
    """The loans of each group's borrowers; the same seed and the same files give the same ones.

    Those of a file are as it says. Of a drawn group each owes the group's least debt and a log-normal part of
    what remains of the total. Healths, or loan-to-values, are spread evenly on a log scale. Debts are rounded
    down to whole tokens, healths, loan-to-values and weights to four digits, so that the last bit of a
    machine's logarithm does not matter.
    """
    pledges = _pledges(scenario, first_prices)
    loan_decimals = scenario.pool.loan.decimals
    files = {
        number: tuple(loans_in_file(f"borrowers.{number}", group, scenario.vaults, loan_decimals))
        for number, group in enumerate(scenario.borrowers)
        if isinstance(group, PositionsConfig)
    }
    taken = {loan.address for loans in files.values() for loan in loans}
    return [
        files[number]
        if isinstance(group, PositionsConfig)
        else _group(scenario, number, group, [it for place in group.places for it in pledges[place]], taken)
        for number, group in enumerate(scenario.borrowers)
    ]


def _pledges(scenario: Scenario, first_prices: Sequence[float]) -> list[list[_Pledge]]:
    """What may be locked in each vault."""
    rest = iter(first_prices)
    return [
        [
            _Pledge(
                number,
                Fraction(PRICE_SCALE, scenario.first_safe_price(config, next(rest))),
                Fraction(vault.risk_of(leg).threshold),
            )
            for leg, config in enumerate(vault.collaterals)
        ]
        for number, vault in enumerate(scenario.vaults)
    ]


def _group(
    scenario: Scenario,
    number: int,
    group: BorrowersConfig,
    pledges: Sequence[_Pledge],
    taken: Collection[str],
) -> tuple[Borrower, ...]:
    """The loans of a drawn group, of people whose addresses nobody has `taken`."""
    people = _alike if group.like else _sized
    loans: list[Borrower] = []
    for place, (debt, safety, mix) in enumerate(people(scenario, number, group, pledges)):
        address = made_up(name := f"borrower {scenario.seed} {number} {place}")
        while address in taken:  # a run's end, as the next one's start, has the people of the same seed
            address = made_up(name := f"{name} again")
        loans += _loans(group, address, debt, safety, mix, pledges)
    return tuple(loans)


def _sized(
    scenario: Scenario, number: int, group: BorrowersConfig, pledges: Sequence[_Pledge]
) -> Iterator[_Person]:
    """People with log-normal debts."""
    rng = np.random.default_rng([scenario.seed, 3, number])
    sizes = rng.lognormal(0.0, float(group.debt_sigma), group.count)
    safeties = _safeties(group, rng)
    mixes = _mixes(scenario, number, group, pledges)

    least_tokens = least_debt(group, [scenario.vaults[place] for place in group.places])
    spare = float(group.total_debt - group.count * least_tokens)
    least, unit = scenario.loan_units(least_tokens), 10**scenario.pool.loan.decimals
    parts = (sizes / sizes.sum()).tolist()
    for part, safety, mix in zip(parts, safeties, mixes, strict=True):
        yield least + int(spare * part) * unit, safety, mix


def _alike(
    scenario: Scenario, number: int, group: BorrowersConfig, pledges: Sequence[_Pledge]
) -> Iterator[_Person]:
    """People who are like a book's."""
    assert group.like
    vault, loan_decimals = scenario.vaults[group.vault], scenario.pool.loan.decimals
    prices = [
        float(10**each.collateral.decimals / (pledge.units * 10**loan_decimals))
        for each, pledge in zip(vault.collaterals, pledges, strict=True)
    ]
    least, total = least_debt(group, [vault]), float(group.total_debt)
    book = book_of(f"borrowers.{number}", group.like, len(pledges))
    seed = [scenario.seed, 3, number]
    for it in drawn(book, group.like, group.count, total, float(least), np.array(prices), seed):
        debt = max(it.debt * 10**loan_decimals, scenario.loan_units(least))
        yield debt, it.cover, _mix(_rounded(it.parts), pledges)


def _safeties(group: BorrowersConfig, rng: np.random.Generator) -> list[Fraction]:
    """Everybody's health, or what is locked over what is owed: 1 / ltv."""
    between = group.health or group.ltv
    assert between
    low, high = float(between.min), float(between.max)
    drawn = [round(exp(it), 4) for it in rng.uniform(log(low), log(high), group.count).tolist()]
    if group.health:
        return [Fraction(*Decimal(str(max(it, low))).as_integer_ratio()) for it in drawn]
    return [1 / Fraction(*Decimal(str(min(max(it, low), high))).as_integer_ratio()) for it in drawn]


def _loans(
    group: BorrowersConfig,
    address: str,
    debt: int,
    safety: Fraction,
    mix: _Mix,
    pledges: Sequence[_Pledge],
) -> list[Borrower]:
    """One loan against all that is pledged, or one against each part of it, equally safe."""
    # a vault rounds every value down and the debt up, by a base unit each, when it checks a loan-to-value
    covered = debt + len(pledges) + 1 if group.ltv else debt
    over, under = covered * safety.numerator, safety.denominator
    amounts = [-(-over * part.numerator // (under * part.denominator)) for part in mix.units]  # rounded up
    if group.vaults is None:
        return [Borrower(address, group.vault, tuple(amounts), debt)]
    return [
        Borrower(address, each.vault, (amount,), int(debt * part))
        for each, amount, part in zip(pledges, amounts, mix.debts, strict=True)
        if amount
    ]


def _mix(
    weights: Sequence[Fraction], pledges: Sequence[_Pledge], counts: Sequence[Fraction] | None = None
) -> _Mix:
    """Who holds so much of each collateral; of the value of each so much `counts`, else all."""
    counted = list(weights)
    if counts is not None:
        counted = [weight * part for weight, part in zip(weights, counts, strict=True)]
    backed = sum(counted)
    return _Mix(
        tuple(weight * each.units / backed for weight, each in zip(weights, pledges, strict=True)),
        tuple(part / backed for part in counted),
    )


def _mixes(scenario: Scenario, number: int, group: BorrowersConfig, pledges: Sequence[_Pledge]) -> list[_Mix]:
    """What everybody has of each collateral."""

    def mix(weights: Sequence[Fraction]) -> _Mix:
        return _mix(weights, pledges, [each.threshold for each in pledges] if group.health else None)

    settings = group.portfolio
    if settings is None:
        return [mix([Fraction(1)])] * group.count
    if settings.concentration is None:
        return [mix(list(map(Fraction, settings.weights)))] * group.count
    rng = np.random.default_rng([scenario.seed, 5, number])
    return [mix(_drawn(settings, settings.concentration, rng)) for _ in range(group.count)]


def _drawn(settings: PortfolioConfig, concentration: Decimal, rng: np.random.Generator) -> list[Fraction]:
    """One draw of the Dirichlet distribution, as gammas over their sum; small parts are left away."""
    gammas = [rng.gamma(float(weight * concentration)) if weight else 0.0 for weight in settings.weights]
    if not sum(gammas):  # all underflowed, which only a tiny concentration does
        gammas = list(map(float, settings.weights))
    parts = [gamma / sum(gammas) for gamma in gammas]
    kept = [part if part >= LEAST_WEIGHT else 0.0 for part in parts]
    return _rounded([part / sum(kept) for part in kept])


def _rounded(parts: Sequence[float]) -> list[Fraction]:
    """Parts of 1, to so many digits."""
    weights = [Fraction(str(round(part, WEIGHT_DIGITS))) for part in parts]
    largest = max(range(len(weights)), key=weights.__getitem__)
    weights[largest] += 1 - sum(weights)
    return weights
