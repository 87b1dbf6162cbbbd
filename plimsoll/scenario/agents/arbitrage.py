"""Who pulls a DEX to the outside price."""

from __future__ import annotations

from collections.abc import Iterable
from math import isqrt

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.world import Action, Leg, World
from plimsoll.units import MAX, PRICE_SCALE

ARBITRAGE = "arbitrage"  # what arbitrageurs' transactions are for


class Arbitrageur:
    """Pulls a collateral's DEX to the outside price, as far as its capital goes in a block."""

    def __init__(self, name: str, leg: Leg, world: World) -> None:
        """An arbitrageur who can trade elsewhere at the outside price."""
        assert leg.config.dex
        self.name = name
        self.address = made_up(name)
        self._leg = leg
        self._capital = world.loan_units(leg.config.dex.arbitrage)

    def funding(self, world: World) -> Iterable[Action]:
        """Approvals."""
        assert world.router
        for token in (world.loan, self._leg.collateral):
            yield world.act(self.address, token, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """One swap that leaves the DEX at the outside price, give or take the fee."""
        world = view.world
        if self._leg.is_halted:
            return
        price = view.outside_price(self._leg.number)
        collateral, loan = world.reserves(self._leg)
        if loan * PRICE_SCALE > price * collateral:  # collateral costs more on the DEX: sell it there
            token, held, other = self._leg.collateral, collateral, loan * PRICE_SCALE // price
            limit = self._capital * PRICE_SCALE // price
        else:
            token, held, other = world.loan, loan, collateral * price // PRICE_SCALE
            limit = self._capital
        if (other - held) * 1000 < held * 4:  # nothing beyond the fee
            return
        amount = min(isqrt(held * other) - held, limit)
        if amount <= 0:
            return
        yield world.mint(token, self.address, amount)
        yield world.swap(self._leg, self.address, token, amount, bid=1, label=ARBITRAGE)

    def record(self, _view: View) -> dict[str, int | float]:
        """Nothing."""
        return {}
