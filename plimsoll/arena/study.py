"""Plays rules on scenarios and paths; each play is a row that lasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plimsoll.arena.field import known
from plimsoll.arena.play import Outcome, play
from plimsoll.arena.rule import Rule, Terms
from plimsoll.params import wad
from plimsoll.scenario.borrowers import draw
from plimsoll.scenario.config import Scenario


class Unplayable(ValueError):
    """A rule cannot play a scenario; a sentence."""


def made(name: str, scenario: Scenario, vault: int) -> Rule:
    """A rule in place of a vault, with its loan-to-value and threshold.

    Raises:
        Unplayable: there is no such rule, or it has no such market.
    """
    rules, config = known(), scenario.vaults[vault]
    if name not in rules:
        raise Unplayable(f"There is no rule {name!r}; choose of {', '.join(rules)}.")
    risks = [config.risk_of(leg) for leg in range(len(config.collaterals))]
    try:
        return rules[name].alike([Terms(wad(risk.ltv), wad(risk.threshold)) for risk in risks])
    except ValueError as error:
        raise Unplayable(f"{error}.") from None


def outcomes(scenario: Scenario, name: str, path: int = 0) -> list[Outcome]:
    """What a rule leaves behind on a path, in each vault of a scenario.

    Raises:
        Unplayable: it cannot play the scenario.
    """
    first = [float(prices[0]) for prices in scenario.outside_prices(0)]
    people = [each for group in draw(scenario, first) for each in group]
    return [
        play(scenario, vault, made(name, scenario, vault), [it for it in people if it.vault == vault], path)
        for vault in range(len(scenario.vaults))
    ]


def row(scenario: Scenario, found: Sequence[Outcome]) -> dict[str, Any]:
    """What is measured of one path, all vaults together, whole loan tokens unless said otherwise."""
    unit = 10**scenario.pool.loan.decimals
    sums = {
        name: sum(getattr(each, name) for each in found) / unit
        for name in (
            "lender_loss", "booked", "hidden", "borrower_cost", "ended", "repaid", "keepers", "protocol",
            "venues",
        )
    }  # fmt: skip
    needed = sum(each.needed for each in found)
    return {
        "rule": found[0].rule,
        "path": found[0].path,
        **sums,
        "over_liquidation": sum(each.repaid for each in found) / needed if needed else None,
        "under_water": sum(each.under_water for each in found),
        "closes": sum(each.closes for each in found),
        "fall": min(each.fall for each in found),
    }
