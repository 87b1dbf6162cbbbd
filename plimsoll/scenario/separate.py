"""Baskets that are `separate`: a vault for each of their legs, in the same scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from plimsoll.scenario.acts import ActConfig
from plimsoll.scenario.adversaries import ForgerConfig, PumperConfig
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.newcomers import ArrivalsConfig, ExploiterConfig
from plimsoll.scenario.people import Group, PositionsConfig
from plimsoll.scenario.vaults import BasketConfig, VaultConfig

if TYPE_CHECKING:
    from plimsoll.scenario.config import Scenario

Placed = TypeVar("Placed", ForgerConfig, PumperConfig, ExploiterConfig, ArrivalsConfig)  # in one vault


def separated(scenario: Scenario) -> dict[str, Any]:
    """The same with a vault for each leg of the baskets that are `separate`."""
    vaults: list[VaultConfig | BasketConfig] = []
    moved: list[tuple[int, ...]] = []  # where each vault has gone
    for it in scenario.vaults:
        found = it.vaults() if isinstance(it, BasketConfig) and it.separate else [it]
        moved.append(tuple(range(len(vaults), len(vaults) + len(found))))
        vaults += found

    def group(it: Group) -> Group:
        if isinstance(it, PositionsConfig):
            names = {row.vault for row in it.positions.rows}
            numbers = it.vaults or {name: int(name) for name in names}
            kept = {name: moved[number][0] for name, number in numbers.items() if name in names}
            return it.model_copy(update={"vaults": kept})
        places = tuple(new for old in it.places for new in moved[old])
        if len(places) == 1:
            return it.model_copy(update={"vault": places[0]})
        return it.model_copy(update={"vault": 0, "vaults": places})

    def liquidator(it: LiquidatorConfig) -> LiquidatorConfig:
        watched = None if it.vaults is None else tuple(new for old in it.vaults for new in moved[old])
        return it.model_copy(update={"vaults": watched})

    def moved_to(it: Placed | None) -> Placed | None:
        return it and it.model_copy(update={"vault": moved[it.vault][0]})

    def acts(it: ActConfig) -> list[ActConfig]:
        if it.vault is None:
            return [it]
        return [it.model_copy(update={"vault": new}) for new in moved[it.vault]]

    return dict(scenario) | {
        "vaults": tuple(vaults),
        "borrowers": tuple(map(group, scenario.borrowers)),
        "liquidators": tuple(map(liquidator, scenario.liquidators)),
        "forger": moved_to(scenario.forger),
        "pumper": moved_to(scenario.pumper),
        "exploiter": moved_to(scenario.exploiter),
        "arrivals": tuple(map(moved_to, scenario.arrivals)),
        "acts": tuple(each for act in scenario.acts for each in acts(act)),
    }
