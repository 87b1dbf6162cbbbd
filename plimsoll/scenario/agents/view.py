"""What agents see, and what an agent is.

An agent is asked once a block what it sends. It sees the market as it is before the block, with the new
prices, through the exact twin; others may be faster, so that what it sends can revert. Agents of your own go
into `Laboratory.play(agents=[...])`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from plimsoll.scenario.baskets_by_health import BasketsByHealth
from plimsoll.scenario.gas import FREE, Fees
from plimsoll.scenario.positions_by_health import PositionsByHealth
from plimsoll.scenario.transactions import Action, Outcome
from plimsoll.scenario.world import World
from plimsoll.units import HOUR


@dataclass(slots=True)
class View:
    """What agents see: the world, and where and when in the scenario they are.

    It is of one moment, so that whatever many ask is looked up once.
    """

    world: World
    rankings: list[PositionsByHealth | BasketsByHealth]  # one for each vault, of every indebted position
    outside: list[float]  # loan tokens for a whole token, one for each collateral, feedback included
    block: int
    second: int  # since the start
    loan_price: float = 1.0  # dollars for a loan token
    fees: Fees = FREE
    _prices: dict[int, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False)
    _outside: dict[int, int] = field(default_factory=dict, init=False, repr=False)
    _below: dict[int, int] = field(default_factory=dict, init=False, repr=False)
    _edges: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    @property
    def hour(self) -> float:
        """Hours since the start."""
        return self.second / HOUR

    def price(self, number: int) -> int | None:
        """The oracle's price of a vault, 1e36; None while it has none."""
        (price,) = self.prices(number)
        return price or None

    def safe_price(self, number: int) -> int | None:
        """What a loan against a vault's collateral is judged at, 1e36; None while there is no price."""
        return self.world.markets[number].leg.safe_price() or None

    def prices(self, number: int) -> tuple[int, ...]:
        """The oracles' prices of a vault's or basket's collaterals, 1e36; 0 while one has none."""
        found = self._prices.get(number)
        if found is None:
            found = self._prices[number] = tuple([leg.price() for leg in self.world.markets[number].legs])
        return found

    def is_priced(self, number: int) -> bool:
        """Whether healths can be told: a vault's oracle answers; a basket's silent legs have ceilings."""
        return any(self.prices(number)) or self.world.markets[number].is_basket

    def below(self, number: int, health: float = 1.0) -> Iterator[str]:
        """Owners in a vault whose health is below `health`, or just above it; nobody if it cannot be told."""
        ranking, prices = self.rankings[number], self.prices(number)
        if isinstance(ranking, BasketsByHealth):
            yield from ranking.below(health, prices)
        elif prices[0]:
            yield from ranking.below(health, prices[0])

    def count_below(self, number: int) -> int:
        """How many are below health 1 in a vault, or just above it."""
        found = self._below.get(number)
        if found is None:
            ranking, prices = self.rankings[number], self.prices(number)
            if isinstance(ranking, BasketsByHealth):
                found = ranking.count_below(1.0, prices)
            else:
                found = ranking.count_to(self.edge(number)) if prices[0] else 0
            self._below[number] = found
        return found

    def edge(self, number: int) -> float:
        """The key at which health is 1 in a vault whose oracle answers; see `PositionsByHealth.edge`."""
        found = self._edges.get(number)
        if found is None:
            ranking, (price,) = self.rankings[number], self.prices(number)
            assert isinstance(ranking, PositionsByHealth)
            found = self._edges[number] = ranking.edge(1.0, price)
        return found

    def by_return(self, number: int) -> Iterator[tuple[float, str]]:
        """Owners in a vault whose health is below 1 by what a close returns; see `PositionsByHealth`."""
        ranking, (price,) = self.rankings[number], self.prices(number)
        assert isinstance(ranking, PositionsByHealth)
        return ranking.by_return(price) if price else iter(())

    def healths_at(self, number: int, parts: Sequence[float]) -> list[float | None]:
        """The least healths that `parts` of a vault's do not exceed; None without debts or oracle's price."""
        ranking, prices = self.rankings[number], self.prices(number)
        if isinstance(ranking, BasketsByHealth):
            return ranking.healths_at(parts, prices)
        return ranking.healths_at(parts, prices[0]) if prices[0] else [None] * len(parts)

    def outside_price(self, number: int) -> int:
        """The outside price of a collateral in base units, 1e36; numbers count all vaults' collaterals."""
        found = self._outside.get(number)
        if found is None:
            leg = self.world.legs[number]
            found = self._outside[number] = leg.config.oracle.answer(self.outside[number]) * leg.scale
        return found


class Agent(Protocol):
    """Acts in a scenario."""

    name: str

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What is sent in this block."""

    def record(self, view: View) -> dict[str, int | float]:
        """What to record of this agent at the end of a recorded block."""


@runtime_checkable
class Told(Agent, Protocol):
    """An agent that is told what has become of its transactions."""

    def note(self, world: World, outcome: Outcome) -> None:
        """One of its transactions is done, or has reverted."""


class Delayed:
    """An agent whose transactions land some blocks later; until then it sends nothing else."""

    def __init__(self, agent: Agent, blocks: int) -> None:
        """Delays an agent's actions."""
        self.name = agent.name
        self._agent = agent
        self._blocks = blocks
        self._sent: list[Action] = []
        self._lands = 0  # the block in which they land

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What was sent `blocks` ago."""
        if not self._sent:
            self._sent = list(self._agent.update(rng, view))
            self._lands = view.block + self._blocks
        if view.block < self._lands:
            return ()
        landed, self._sent = self._sent, []
        return landed

    def record(self, view: View) -> dict[str, int | float]:
        """As the agent."""
        return self._agent.record(view)
