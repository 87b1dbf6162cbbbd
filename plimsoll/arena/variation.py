"""What is varied, one thing at a time: who liquidates and how late, how deep the DEX is, who borrows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from plimsoll.arena.keepers import Keeper, keepers_of
from plimsoll.arena.registry import ArenaError
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.people import BorrowersConfig, Group
from plimsoll.scenario.vaults import BasketConfig

EAGER = Decimal("0.001")  # margin of who competes
PICKY = Decimal("0.02")  # of who is alone
PART = 20  # of what lenders have, the capital of who is alone
SIGMA = Decimal("2.5")  # of debts, where a few owe most

KEEPERS = {
    "competitive": "the scenario's, who act at once, for 0.1 %, with as much capital as lenders have",
    "scarce": "one alone, with a twentieth of what lenders have, who wants 2 %",
    "strategic": "the scenario's, who wait for the next block as long as an offer gets better",
    "absent": "nobody",
}
POPULATION = {
    "leveraged": "healths (or loan-to-values) within the half of their range that is nearest to liquidation",
    "whales": "a few owe most: debts have a spread (`debt_sigma`) of 2.5",
}


class Variation(NamedTuple):
    """One thing that is different; without a kind the scenario is as it is written."""

    kind: str = ""
    value: str = ""

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.kind} {self.value}" if self.kind else "as written"

    def scenario(self, scenario: Scenario) -> Scenario:
        """The scenario with it; an equal one where it changes nothing."""
        match self.kind:
            case "keepers":
                return _with_other_keepers(scenario, self.value)
            case "depth":
                return _with_depth(scenario, Decimal(self.value.removeprefix("x")))
            case "latency":
                return _with_keepers(scenario, lambda _: {"latency": int(self.value)})
            case "population":
                groups = tuple(_other(each, self.value) for each in scenario.borrowers)
                return scenario.model_copy(update={"borrowers": groups})
        return scenario

    @property
    def lets_wait(self) -> bool:
        """Whether keepers wait while an offer gets better."""
        return self == ("keepers", "strategic")

    def keepers(self, scenario: Scenario, vault: int) -> list[Keeper]:
        """Who liquidates in a vault of the scenario that it has changed."""
        keepers = keepers_of(scenario, vault)
        for each in keepers:
            each.waits = self.lets_wait
        return keepers

    def changes(self, scenario: Scenario) -> bool:
        """Whether it makes a difference to a scenario."""
        waits = self.lets_wait and bool(scenario.liquidators)
        return not self.kind or waits or self.scenario(scenario) != scenario


AS_WRITTEN = Variation()


def variations(
    keepers: str | None = None,
    depth: str | None = None,
    latency: str | None = None,
    population: str | None = None,
) -> tuple[Variation, ...]:
    """The scenario as written, then each alone of what is said as `scarce,absent`, `x0.5`, `10`, `whales`.

    Raises:
        ArenaError: a value is none.
    """
    asked = {"keepers": keepers, "depth": depth, "latency": latency, "population": population}
    found = [each for kind, text in asked.items() if text for each in _several(kind, text)]
    return tuple(dict.fromkeys([AS_WRITTEN, *found]))


def _several(kind: str, text: str) -> Iterator[Variation]:
    for value in text.split(","):
        named = {"keepers": KEEPERS, "population": POPULATION}.get(kind)
        if named and value not in named:
            raise ArenaError(f"--{kind} {value!r} is none of {', '.join(named)}.")
        if kind == "depth" and not _is_factor(value):
            raise ArenaError(f"--depth {value!r} is no factor; write it like x0.5.")
        if kind == "latency" and not (value.isdecimal() and int(value) <= 10_000):
            raise ArenaError(f"--latency {value!r} is no number of blocks from 0 to 10,000.")
        yield Variation(kind, value)


def _is_factor(text: str) -> bool:
    try:
        return text.startswith("x") and Decimal("0.001") <= Decimal(text[1:]) <= 1_000
    except InvalidOperation:
        return False


def _with_keepers(scenario: Scenario, wanted: Callable[[LiquidatorConfig], dict[str, Any]]) -> Scenario:
    changed = tuple(each.model_copy(update=wanted(each)) for each in scenario.liquidators)
    return scenario.model_copy(update={"liquidators": changed})


def _with_other_keepers(scenario: Scenario, kind: str) -> Scenario:
    lent = scenario.pool.supply + scenario.pool.stake
    match kind:
        case "competitive":
            eager = {"margin": EAGER, "min_profit": Decimal(0), "latency": 0}
            return _with_keepers(
                scenario, lambda each: eager if each.kind == "flash" else eager | {"capital": lent}
            )
        case "scarce":
            alone = scenario.model_copy(update={"liquidators": scenario.liquidators[-1:]})
            picky = {"kind": "capital", "capital": lent / PART, "margin": PICKY, "vaults": None}
            return _with_keepers(alone, lambda _: picky)
        case "absent":
            return scenario.model_copy(update={"liquidators": ()})
    return scenario


def _with_depth(scenario: Scenario, times: Decimal) -> Scenario:
    def deeper(each: Any) -> Any:
        if isinstance(each, BasketConfig):
            return each.model_copy(update={"legs": tuple(map(deeper, each.legs))})
        if each.dex is None:
            return each
        return each.model_copy(update={"dex": each.dex.model_copy(update={"depth": each.dex.depth * times})})

    return scenario.model_copy(update={"vaults": tuple(map(deeper, scenario.vaults))})


def _other(group: Group, population: str) -> Group:
    """A group of another population; one from a file, or like one, stays."""
    if not isinstance(group, BorrowersConfig) or group.like:
        return group
    if population == "whales":
        return group.model_copy(update={"debt_sigma": SIGMA})
    between = group.health or group.ltv
    assert between
    name, end = ("health", "max") if group.health else ("ltv", "min")
    nearer = between.model_copy(update={end: (between.min + between.max) / 2})
    return group.model_copy(update={name: nearer})
