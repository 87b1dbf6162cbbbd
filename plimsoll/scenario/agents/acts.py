"""Acts in time: of a curator, of a guardian, of anybody who pokes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from plimsoll.market.deployment import CURATOR, made_up
from plimsoll.scenario import acts
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import GUARDIAN, World
from plimsoll.twin import liquidation, slices
from plimsoll.units import HOUR


class Council:
    """The people of the council, who act when it is written that they do; see `acts.ActConfig`."""

    name = "council"

    def __init__(self, settings: Sequence[acts.ActConfig]) -> None:
        """Nobody has acted yet."""
        self._left = sorted(settings, key=lambda act: act.hour)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What is due."""
        while self._left and self._left[0].hour * HOUR <= view.second:
            yield self._action(view.world, self._left.pop(0))

    @staticmethod
    def _action(world: World, act: acts.ActConfig) -> Action:
        council, name = world.council, act.act
        terms: list[str | int] = []
        if act.vault is not None:
            terms.append(world.markets[act.vault].vault.contract.address)
        if act.limit is not None:
            terms.append(world.loan_units(act.limit))
        if name in acts.OF_ANYBODY:
            model = getattr(council.model, name)
            return Action(CURATOR, council.contract, name, (), model, label=name)
        sender = GUARDIAN if name in acts.OF_A_GUARDIAN else CURATOR
        return world.act(sender, council, name, *terms, label=name)

    def record(self, _view: View) -> dict[str, int | float]:
        """Nothing."""
        return {}


class Poker:
    """Reports shortfalls to the pool; see `acts.PokerConfig`."""

    name = "poker"

    def __init__(self, settings: acts.PokerConfig) -> None:
        """Has poked nobody."""
        self.address = made_up(self.name)
        self._settings = settings
        self.pokes = 0

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Pokes of what lacks most beyond its provision."""
        if view.block % self._settings.every:
            return
        found = [
            (-lack, number, owner)
            for number in range(len(view.rankings))
            for owner, lack in _lacks(view, number)
        ]
        for _, number, owner in sorted(found)[: self._settings.per_block]:
            self.pokes += 1
            vault = view.world.markets[number].vault
            poke = partial(vault.model.poke, owner)
            bid = self._settings.bid
            yield Action(self.address, vault.contract, "poke", (owner,), poke, bid, self.name)

    def record(self, _view: View) -> dict[str, int | float]:
        """How many pokes it has sent."""
        return {"pokes": self.pokes}


def _lacks(view: View, number: int) -> Iterator[tuple[str, int]]:
    """Owners in a vault or basket, and what their shortfall exceeds its provision by, base units."""
    market = view.world.markets[number]
    vault, prices = market.vault.model, view.prices(number)
    if not view.is_priced(number):
        return
    totals = view.world.debt_totals()
    for owner in view.below(number):
        amounts, shares = vault.position_of(owner)
        if market.is_basket:
            high = slices.worth_of(amounts, prices, vault.legs).high
            lack = slices.shortfall(high, shares, totals, vault.risk)
        else:
            lack = liquidation.shortfall(amounts, shares, prices[0], totals, vault.risk)
        if (rise := lack - vault.provision_of.get(owner, 0)) > 0:
            yield owner, rise
