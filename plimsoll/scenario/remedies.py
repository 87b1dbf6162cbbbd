"""What would have helped: changes of a scenario, to be played on the same path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from pathlib import Path
from typing import NamedTuple

from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.people import BorrowersConfig, LtvRange
from plimsoll.scenario.reading import ScenarioError, load
from plimsoll.scenario.vaults import BasketConfig

TRIED = 3
LOWER_LTV, HIGHER_BONUS, DEEPER = Decimal("0.9"), Decimal("1.5"), 2
DIGITS = Decimal("0.0001")
STAKED = Decimal("0.05")  # of the debt at the start
_FAULTS = {"outages": (), "freezes": (), "bad_answers": (), "delay": 0}  # of a feed, and what is none


class Remedy(NamedTuple):
    """A change that may have helped."""

    said: str
    settings: tuple[str, ...]  # like `vaults.0.bonus_max=0.08`


def remedies(path: Path, settings: Sequence[str]) -> list[tuple[Remedy, Scenario]]:
    """The first three changes that a scenario allows, and the scenario with each; its seed is the file's.

    In this order: liquidators without outages and latency, feeds without faults, an LTV a tenth lower, with
    loans that keep to it, a higher bonus, as far as the threshold leaves room for it and at most by half,
    DEXs twice as deep, a backstop of 5 % of the debt. What a scenario does not have, or refuses, is left
    away.

    Args:
        path: the scenario's file.
        settings: what is changed of it already.
    """
    scenario, found = load(path, settings), []
    for said, changes in (
        ("liquidators without outages and latency", _awake(scenario)),
        ("feeds without outages, freezes, delays and bad answers", _faultless(scenario)),
        ("an LTV a tenth lower, with loans that keep to it", _safer(scenario)),
        ("a higher bonus, at most by half", _dearer(scenario)),
        ("DEXs twice as deep", _deeper(scenario)),
        ("a backstop of 5 % of the debt", _backed(scenario)),
    ):
        remedy = Remedy(said, tuple(changes))
        if not remedy.settings:
            continue
        try:
            found.append((remedy, load(path, (*settings, *remedy.settings))))
        except ScenarioError:  # such as a bonus that the threshold has no room for
            continue
        if len(found) == TRIED:
            break
    return found


def _awake(scenario: Scenario) -> Iterator[str]:
    for number, liquidator in enumerate(scenario.liquidators):
        if liquidator.outages:
            yield f"liquidators.{number}.outages=[]"
        if liquidator.latency:
            yield f"liquidators.{number}.latency=0"


def _faultless(scenario: Scenario) -> Iterator[str]:
    for place, collateral in _collaterals(scenario):
        for name, none in _FAULTS.items():
            if getattr(collateral.oracle, name) != none:
                yield f"{place}.oracle.{name}={'0' if none == 0 else '[]'}"


def _safer(scenario: Scenario) -> Iterable[str]:
    """Nothing where loans do not say how safe they are, or baskets have ratios of their legs."""
    if any(isinstance(vault, BasketConfig) for vault in scenario.vaults):
        return ()
    ltvs = [vault.ltv * LOWER_LTV for vault in scenario.vaults]
    changes = [f"vaults.{number}.ltv={ltv}" for number, ltv in enumerate(ltvs)]
    for number, group in enumerate(scenario.borrowers):
        if not isinstance(group, BorrowersConfig) or group.like:
            return ()
        cap = min(ltvs[place] for place in group.places)
        if group.ltv:
            changes += _ltvs(f"borrowers.{number}", group.ltv, cap)
        elif group.health:
            least = max(scenario.vaults[place].threshold / ltvs[place] for place in group.places)
            least = max(group.health.min, least.quantize(DIGITS, ROUND_UP))
            changes.append(f"borrowers.{number}.health={{min: {least}, max: {max(least, group.health.max)}}}")
    for number, arrivals in enumerate(scenario.arrivals):
        changes += _ltvs(f"arrivals.{number}", arrivals.ltv, ltvs[arrivals.vault])
    return changes


def _ltvs(place: str, ltv: LtvRange, cap: Decimal) -> Iterator[str]:
    yield f"{place}.ltv={{min: {min(ltv.min, cap)}, max: {min(ltv.max, cap)}}}"


def _dearer(scenario: Scenario) -> Iterator[str]:
    for number, vault in enumerate(scenario.vaults):
        risks = (
            [vault.risk_of(leg) for leg in range(len(vault.legs))]
            if isinstance(vault, BasketConfig)
            else [vault]
        )
        room = min(risk.health_for_max_bonus / risk.threshold for risk in risks) - 1
        bonus = min(vault.bonus_max * HIGHER_BONUS, room).quantize(DIGITS, ROUND_DOWN)
        if bonus > vault.bonus_max:
            yield f"vaults.{number}.bonus_max={bonus}"


def _deeper(scenario: Scenario) -> Iterator[str]:
    for place, collateral in _collaterals(scenario):
        if collateral.dex:
            yield f"{place}.dex.depth={collateral.dex.depth * DEEPER}"


def _backed(scenario: Scenario) -> Iterator[str]:
    debt = sum(group.total_debt for group in scenario.borrowers if isinstance(group, BorrowersConfig))
    stake = int(debt * STAKED)
    if stake > scenario.pool.stake:
        yield f"pool.stake={stake}"


def _collaterals(scenario: Scenario) -> Iterator[tuple[str, CollateralConfig]]:
    """Every collateral with its place in the file."""
    for number, vault in enumerate(scenario.vaults):
        for leg, collateral in enumerate(vault.collaterals):
            basket = isinstance(vault, BasketConfig)
            yield f"vaults.{number}.legs.{leg}" if basket else f"vaults.{number}", collateral
