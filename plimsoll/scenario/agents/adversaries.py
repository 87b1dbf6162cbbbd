"""Who means harm: a griefer, a forger of collateral, a pumper of its price."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.params import wad
from plimsoll.scenario.adversaries import ForgerConfig, GrieferConfig, PumperConfig
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.flows import FORGED
from plimsoll.scenario.markets import Market
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import GUARDIAN, World
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import HOUR, MAX, PRICE_SCALE, WAD


class Griefer:
    """Takes dust out of positions ahead of others; see `GrieferConfig`."""

    name = "griefer"

    def __init__(self, settings: GrieferConfig, world: World) -> None:
        """A griefer with enough money for dust."""
        self.address = made_up(self.name)
        self._settings = settings
        self._repay = max(1, world.loan_units(settings.repay))
        self.closes = 0

    def funding(self, world: World) -> Iterable[Action]:
        """Money and approvals."""
        yield world.mint(world.loan, self.address, 10**9 * self._repay)
        for market in world.markets:
            yield world.act(self.address, world.loan, "approve", market.vault.contract.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Dust out of the worst positions."""
        left = self._settings.per_block
        for number, market in enumerate(view.world.markets):
            for owner in view.below(number):
                if left == 0:
                    break
                if market.vault.model.preview_liquidate(owner, self._repay).executable:
                    left -= 1
                    self.closes += 1
                    yield self._close(view.world, market, owner)

    def _close(self, world: World, market: Market, owner: str) -> Action:
        bid, label = self._settings.bid, self.name
        if market.is_basket:
            terms: tuple[Any, ...] = (owner, self._repay, [], 0, self.address)
            return world.act_on_basket(self.address, market, "liquidate", *terms, bid=bid, label=label)
        arguments = (owner, self._repay, 0, self.address)
        return world.act(self.address, market.vault, "liquidate", *arguments, bid=bid, label=label)

    def record(self, _view: View) -> dict[str, int | float]:
        """How many closes it has sent."""
        return {"closes": self.closes}


class Forger:
    """Borrows against collateral made of nothing, until a guardian cuts; see `ForgerConfig`."""

    name = "forger"

    def __init__(self, settings: ForgerConfig, world: World) -> None:
        """Has no collateral yet."""
        self.address = made_up(self.name)
        self._settings = settings
        self._market = world.markets[settings.vault]
        self._least = world.loan_units(self._market.config.min_debt)
        self._ltv = wad(self._market.config.ltv)
        self._begins = settings.hour * HOUR
        wait = settings.guardian_after
        self._cut_at = None if wait is None else self._begins + wait * HOUR

    def funding(self, world: World) -> Iterable[Action]:
        """The approval."""
        vault = self._market.vault.contract.address
        yield world.act(self.address, self._market.collateral, "approve", vault, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """All that the vault may draw, once that is a loan's least size."""
        world, vault = view.world, self._market.vault
        address, pool = vault.contract.address, world.pool.model
        if self._cut_at is not None and view.second >= self._cut_at and pool.line(address)[0]:
            yield world.act(GUARDIAN, world.council, "cut_limit", address, bid=1, label="cut")
        price, room = view.safe_price(self._settings.vault), pool.max_draw(address)
        if view.second < self._begins or price is None or room < self._least:
            return
        forged = 2 * ceil_div(room * PRICE_SCALE * WAD, price * self._ltv)
        yield world.mint(self._market.collateral, self.address, forged)._replace(label=FORGED)
        yield world.act(self.address, vault, "open", forged, MAX, self.address, self.address, label=self.name)

    def record(self, _view: View) -> dict[str, int | float]:
        """What it owes, base units."""
        return {"owes": self._market.vault.model.debt_of(self.address)}


class Pumper:
    """Pushes a token's price on its DEX up; see `PumperConfig`."""

    name = "pumper"

    def __init__(self, settings: PumperConfig, world: World) -> None:
        """Has bought nothing yet."""
        self.address = made_up(self.name)
        self._settings = settings
        self._leg = world.markets[settings.vault].leg
        scenario = world.scenario
        seconds = range(0, scenario.blocks * scenario.block_seconds + 1, scenario.block_seconds)
        blocks = max(1, sum(map(settings.covers, seconds)))
        self._capital = world.loan_units(settings.capital)
        self._part = self._capital // blocks
        self._has_sold = False

    def funding(self, world: World) -> Iterable[Action]:
        """Money and approvals."""
        assert world.router
        yield world.mint(world.loan, self.address, self._capital)
        for token in (world.loan, self._leg.collateral):
            yield world.act(self.address, token, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Buys, the last in the block; sells what it has once it is over."""
        world = view.world
        if self._settings.covers(view.second):
            yield world.swap(self._leg, self.address, world.loan, self._part, label=self.name)
        elif view.second >= self._settings.end * HOUR and not self._has_sold:
            self._has_sold = True
            bought = self._leg.collateral.model.balance_of(self.address)
            yield world.swap(self._leg, self.address, self._leg.collateral, bought, label=self.name)

    def record(self, view: View) -> dict[str, int | float]:
        """What it has lost or gained, without the tokens that it holds; base units."""
        return {"profit": view.world.loan.model.balance_of(self.address) - self._capital}
