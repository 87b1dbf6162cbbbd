"""Who provides the liquidity of a DEX, and takes it away when the market moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import log, sqrt

import numpy as np

from plimsoll.market.deployment import DEPLOYER, made_up
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.markets import Leg
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.units import HOUR, MAX, YEAR

LIQUIDITY = "liquidity"  # what providers' transactions are for


def provider_of(leg: Leg) -> str | None:
    """The address of who provides the liquidity of a collateral's pair, if any of it is ever taken out."""
    return made_up(f"provider {leg.number}") if leg.shares else None


class Provider:
    """Holds all shares of a pair; see `collateral.ThinningConfig`."""

    def __init__(self, leg: Leg, world: World) -> None:
        """The pair has its first depth."""
        assert leg.config.dex and leg.config.dex.thinning and leg.shares
        self.name = f"provider {leg.number}"
        self.address = made_up(self.name)
        self._leg = leg
        self._settings = leg.config.dex.thinning
        self._model = leg.shares.model
        self._first: int = self._model.balance_of(DEPLOYER)
        blocks = int(self._settings.window * HOUR / world.scenario.block_seconds)
        self._squares: deque[float] = deque(maxlen=max(1, blocks))  # of the logarithms of moves, a block each
        self._sum = 0.0
        self._last: float | None = None

    def funding(self, world: World) -> Iterable[Action]:
        """The shares, from who deployed the pair, and approvals."""
        assert world.router and self._leg.shares
        yield world.act(DEPLOYER, self._leg.shares, "transfer", self.address, self._first)
        yield world.approve_shares(self._leg, self.address)
        for token in (world.loan, self._leg.collateral):
            yield world.act(self.address, token, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Takes out what is too much, or brings back what is missing, behind all others of the block."""
        self._see(view.outside[self._leg.number])
        world, held = view.world, self._model.balance_of(self.address)
        wanted = int(self._first * self._target(world.scenario.block_seconds))
        if self._leg.is_halted or abs(wanted - held) < self._first * self._settings.step:
            return
        if wanted < held:
            yield world.remove_liquidity(self._leg, self.address, held - wanted, LIQUIDITY)
            return
        loan, collateral = (
            -(-(wanted - held) * there // self._model.supply) for there in self._model.reserves()
        )
        for token, amount in ((world.loan, loan), (self._leg.collateral, collateral)):
            lacking = amount - token.model.balance_of(self.address)
            if lacking > 0:
                yield world.mint(token, self.address, lacking)
        yield world.add_liquidity(self._leg, self.address, loan, collateral, LIQUIDITY)

    def _target(self, block_seconds: int) -> float:
        """Which part of the first depth stays."""
        if self._sum <= 0:
            return 1.0
        volatility = sqrt(self._sum / len(self._squares) * YEAR / block_seconds)
        return min(1.0, max(float(self._settings.least), float(self._settings.calm) / volatility))

    def _see(self, price: float) -> None:
        if self._last is not None:
            if len(self._squares) == self._squares.maxlen:
                self._sum -= self._squares[0]
            self._squares.append(log(price / self._last) ** 2)
            self._sum += self._squares[-1]
        self._last = price

    def record(self, _view: View) -> dict[str, int | float]:
        """Which part of its first shares it has in the pair."""
        return {"provided": self._model.balance_of(self.address) / self._first}
