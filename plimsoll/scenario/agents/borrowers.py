"""Borrowers who act before they are liquidated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from plimsoll.params import wad
from plimsoll.scenario import people
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.loans import Borrower
from plimsoll.scenario.positions_by_health import PositionsByHealth
from plimsoll.scenario.world import Action, World
from plimsoll.twin.liquidation import DebtTotals, ceil_div
from plimsoll.twin.spoke import RIGHTS_ALL
from plimsoll.twin.uniswap_v2 import amount_in
from plimsoll.units import MAX, PRICE_SCALE, WAD

HALVINGS = 8  # of a sale that is too large for the DEX


def active(
    name: str, group: people.Group, loans: Sequence[Borrower]
) -> Iterator[tuple[str, people.Active, list[Borrower]]]:
    """The loans of a group of which somebody takes care: by behaviour and vault, each with a name."""
    found: dict[tuple[str, int], list[Borrower]] = {}
    for loan in loans:
        found.setdefault((loan.behaviour, loan.vault), []).append(loan)
    vaults = {vault for _, vault in found}
    for (behaviour, vault), ours in found.items():
        settings = group.behaviour_of(behaviour)
        if isinstance(settings, people.Active):
            words = [name, behaviour, f"in {vault}" if len(vaults) > 1 else ""]
            yield " ".join(filter(None, words)), settings, ours


class BorrowerGroup:
    """Borrowers who act before they are liquidated; see `people.Active`."""

    def __init__(self, name: str, loans: Sequence[Borrower], behaviour: people.Active, world: World) -> None:
        """Borrowers of one vault, whose loans are open."""
        self.name = name
        self.number = loans[0].vault
        self._market = market = world.markets[self.number]
        self._vault = market.vault.model
        self.behaviour = behaviour
        self._below, self._to = wad(behaviour.below), wad(behaviour.to)
        self._react, own = {
            "top_up": (self._top_up, [each.collateral for each in loans]),
            "deleverage": (self._deleverage, [each.debt for each in loans]),
            "unwind": (self._unwind, [0] * len(loans)),
        }[behaviour.kind]
        self.wallets = {
            each.address: int(part * behaviour.wallet) for each, part in zip(loans, own, strict=True)
        }
        self.ranking = PositionsByHealth(self._vault)
        self._noticed: dict[str, int] = {}  # the block in which an owner fell below
        self.acted = 0

    def funding(self, world: World) -> Iterable[Action]:
        """What lets them act later: approvals, and Leverage as their operator."""
        vault = self._market.vault
        for owner in self.wallets:
            if self.behaviour.kind == "top_up":
                yield world.act(owner, self._market.collateral, "approve", vault.contract.address, MAX)
            elif self.behaviour.kind == "unwind" and world.leverage:
                yield world.act(owner, vault, "set_operator", world.leverage.contract.address, RIGHTS_ALL)

    def touch(self, owner: str) -> None:
        """A position has changed."""
        if owner in self.wallets:
            self.ranking.update(owner)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What the borrowers below their threshold do, after their latency."""
        price = view.price(self.number)
        if price is None:  # a vault takes money and collateral all the same
            if self.behaviour.kind == "unwind":
                return
            price = view.outside_price(self._market.leg.number)
        totals = DebtTotals(*view.world.debt_totals())
        noticed: dict[str, int] = {}
        for owner in list(self.ranking.below(float(self.behaviour.below), price)):
            collateral, shares = self._vault.position_of(owner)
            debt = totals.assets_up(shares)
            weighted = collateral * price // PRICE_SCALE * self._vault.risk.threshold // WAD
            if weighted * WAD < debt * self._below:
                noticed[owner] = self._noticed.get(owner, view.block)
                if view.block - noticed[owner] < self.behaviour.latency:
                    continue
                del noticed[owner]
                actions = list(self._react(view.world, owner, price, debt, weighted))
                self.acted += bool(actions)
                yield from actions
        self._noticed = noticed

    def _top_up(self, world: World, owner: str, price: int, debt: int, weighted: int) -> Iterable[Action]:
        missing = ceil_div((debt * self._to // WAD - weighted) * WAD, self._vault.risk.threshold)
        amount = min(ceil_div(missing * PRICE_SCALE, price), self.wallets[owner])
        if amount > 0:
            self.wallets[owner] -= amount
            yield world.mint(self._market.collateral, owner, amount)
            yield world.act(owner, self._market.vault, "deposit", amount, owner, label="top up")

    def _deleverage(
        self, world: World, owner: str, _price: int, debt: int, weighted: int
    ) -> Iterable[Action]:
        amount = min(debt - weighted * WAD // self._to, self.wallets[owner])
        if amount > 0:
            self.wallets[owner] -= amount
            vault = self._market.vault
            yield world.mint(world.loan, owner, amount)
            yield world.act(owner, world.loan, "approve", vault.contract.address, amount)
            yield world.act(owner, vault, "repay", amount, owner, label="deleverage")

    def _unwind(self, world: World, owner: str, price: int, debt: int, _weighted: int) -> Iterable[Action]:
        collateral = self._vault.position_of(owner)[0]
        reserves = world.reserves(self._market)

        def suffices(amount: int) -> bool:
            """Whether selling for `amount` leaves the health that is wanted."""
            if amount >= reserves[1] or (sold := amount_in(amount, reserves)) > collateral:
                return False
            value = (collateral - sold) * price // PRICE_SCALE
            return bool(value * self._vault.risk.threshold >= (debt - amount) * self._to)

        parts = (debt >> halvings for halvings in range(HALVINGS - 1, -1, -1))
        high = next((part for part in parts if suffices(part)), None)
        if high is None:  # the DEX is too thin for it
            return
        low = high // 2
        while high - low > debt // 10_000 + 1:
            middle = (low + high) // 2
            low, high = (low, middle) if suffices(middle) else (middle, high)
        yield world.unwind(self._market, owner, high)

    def record(self, _view: View) -> dict[str, int | float]:
        """How many times a borrower has acted so far."""
        return {"acted": self.acted}
