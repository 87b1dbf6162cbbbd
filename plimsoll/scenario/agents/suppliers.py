"""Who supplies the pool: lenders, large visitors, stakers of the backstop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from plimsoll.market.deployment import made_up
from plimsoll.params import wad
from plimsoll.scenario import suppliers
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.twin.chain import Event
from plimsoll.twin.share_math import to_assets_down
from plimsoll.units import HOUR, MAX


class Lenders:
    """Lenders, who exit as far as the pool's cash allows once their condition is met, and may come back."""

    name = "lenders"

    def __init__(self, settings: suppliers.LendersConfig, addresses: Sequence[str]) -> None:
        """Lenders who have supplied."""
        self._settings = settings
        self._addresses = addresses
        self._have_lost = False

    def update(self, rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Exits in a random order, as far as the pool's cash goes; or supplies of those who come back."""
        self._have_lost |= any(event.values[3] > 0 for event in losses(view))
        utilisation = view.world.pool.model.utilisation()
        go, come = self._settings.flee_utilisation, self._settings.return_utilisation
        if (go is not None and utilisation > wad(go)) or (self._settings.flee_loss and self._have_lost):
            yield from _exits(view, rng.permutation(self._addresses).tolist(), "flee")
        elif come is not None and utilisation < wad(come):
            for lender in self._addresses:
                if amount := view.world.loan.model.balance_of(lender):
                    yield view.world.act(lender, view.world.pool, "deposit", amount, lender, label="return")

    def record(self, view: View) -> dict[str, int | float]:
        """What they have in the pool, base units."""
        return {"supplied": _supplied(view, self._addresses)}


class Visitor:
    """Supplies at one hour and takes out at another; see `suppliers.VisitorConfig`."""

    def __init__(self, number: int, settings: suppliers.VisitorConfig, world: World) -> None:
        """Has supplied nothing yet."""
        self.name = f"visitor {number}"
        self.address = made_up(self.name)
        self._settings = settings
        self._left = world.loan_units(settings.amount)

    def funding(self, world: World) -> Iterable[Action]:
        """The money, and the approval."""
        yield world.mint(world.loan, self.address, self._left)
        yield world.act(self.address, world.loan, "approve", world.pool.contract.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """The supply when it is time, as far as the pool takes it; exits when that is time."""
        start, end = self._settings.start * HOUR, self._settings.end
        if end is not None and view.second >= end * HOUR:
            yield from _exits(view, [self.address], "leave")
        elif self._left and view.second >= start:
            amount = min(self._left, view.world.pool.model.max_deposit())
            self._left = 0
            if amount:
                world, who = view.world, self.address
                yield world.act(who, world.pool, "deposit", amount, who, label="visit")

    def record(self, view: View) -> dict[str, int | float]:
        """What it has in the pool, base units."""
        return {"supplied": _supplied(view, [self.address])}


class Stakers:
    """Stakers of the backstop, who ask to leave it, wait, and leave; see `suppliers.StakersConfig`."""

    name = "stakers"

    def __init__(self, settings: suppliers.StakersConfig, addresses: Sequence[str]) -> None:
        """Stakers who have staked."""
        self._settings = settings
        self._addresses = addresses
        self._alarmed = False

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Requests, departures of those whose cooldown is over, and exits from the pool after that."""
        self._alarmed |= any(losses(view))
        at = self._settings.request_at
        leaves = (self._settings.request_on_loss and self._alarmed) or (
            at is not None and view.second >= at * HOUR
        )
        if not leaves:
            return
        world, backstop = view.world, view.world.backstop
        books = backstop.model.books()
        for staker in self._addresses:
            if shares := backstop.model.departing(staker, books):
                is_due = backstop.model.departures[staker].matures <= world.engine.now
                if is_due and backstop.model.net(books).assets_down(shares):
                    terms = shares, 0, staker, staker  # at any haircut
                    yield world.act(staker, backstop, "leave", *terms, label="leave the backstop")
            elif shares := backstop.model.balance_of(staker):
                yield world.act(staker, backstop, "request", shares, label="request")
        yield from _exits(view, self._addresses, "leave")

    def record(self, view: View) -> dict[str, int | float]:
        """Shares staked; how many have left the backstop and have no request either."""
        model = view.world.backstop.model
        books = model.books()
        staked = [model.balances.get((books.stake.generation, each), 0) for each in self._addresses]
        left = [who for who, stake in zip(self._addresses, staked, strict=True) if not stake]
        gone = [who for who in left if not model.departing(who, books)]
        return {"staked": sum(staked), "left": len(gone)}


def losses(view: View) -> list[Event]:
    """The losses that were booked in the last block with transactions: vault, reserve, backstop, lenders."""
    return [event for event in view.world.events if event.name == "Loss"]


def _exits(view: View, addresses: Iterable[str], label: str) -> Iterable[Action]:
    """Exits of whoever has shares, as far as the pool's cash goes."""
    pool = view.world.pool.model
    totals = pool.accrued()
    left = pool.available(totals)
    for owner in addresses:
        shares = pool.balances.get(owner, 0)
        if shares > 0 and left > 0:
            left -= pool.exit_assets(totals, shares)
            yield view.world.act(owner, view.world.pool, "exit", shares, 0, owner, owner, label=label)


def _supplied(view: View, owners: Iterable[str]) -> int:
    """What owners have in the pool together, base units."""
    pool = view.world.pool.model
    terms = pool.exit_terms(pool.accrued())
    return sum(to_assets_down(pool.balances.get(owner, 0), *terms) for owner in owners)
