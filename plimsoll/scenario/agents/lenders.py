"""Lenders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from plimsoll.params import wad
from plimsoll.scenario import people
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.world import Action


class Lenders:
    """Lenders, who exit as far as the pool's cash allows once their condition is met."""

    name = "lenders"

    def __init__(self, settings: people.LendersConfig, addresses: Sequence[str]) -> None:
        """Lenders who have supplied."""
        self._settings = settings
        self._addresses = addresses
        self._lost = 0

    def note_loss(self, amount: int) -> None:
        """Lenders have lost `amount` base units."""
        self._lost += amount

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Exits in a random order, as far as the pool's cash goes."""
        pool = view.world.pool.model
        limit = self._settings.flee_utilisation
        runs = limit is not None and pool.utilisation() > wad(limit)
        if not runs and not (self._settings.flee_loss and self._lost):
            return
        totals = pool.accrued()
        left = pool.available(totals)
        for lender in rng.permutation(self._addresses).tolist():
            shares = pool.balances.get(lender, 0)
            if shares > 0 and left > 0:
                left -= pool.exit_assets(totals, shares)
                yield view.world.act(lender, view.world.pool, "exit", shares, 0, lender, lender, label="flee")

    def record(self, view: View) -> dict[str, int | float]:
        """What they have in the pool, base units."""
        pool = view.world.pool.model
        totals = pool.accrued()
        return {
            "supplied": sum(pool.exit_assets(totals, pool.balances.get(each, 0)) for each in self._addresses)
        }
