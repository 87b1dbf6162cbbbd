"""Borrowers who act before they are liquidated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from plimsoll.params import wad
from plimsoll.scenario import people
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.baskets_by_health import BasketsByHealth
from plimsoll.scenario.loans import Borrower
from plimsoll.scenario.positions_by_health import PositionsByHealth
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.twin.liquidation import ceil_div
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


class BorrowerGroup(ABC):
    """Borrowers of one vault or basket who act before they are liquidated; see `people.Active`.

    Attributes:
        ranking: their positions by health; `ranking_of` makes it.
    """

    ranking_of: type[PositionsByHealth] | type[BasketsByHealth]
    ranking: PositionsByHealth | BasketsByHealth

    def __init__(self, name: str, loans: Sequence[Borrower], behaviour: people.Active, world: World) -> None:
        """Borrowers whose loans are open."""
        self.name = name
        self.number = loans[0].vault
        self.market = world.markets[self.number]
        self.model = self.market.vault.model
        self.ranking = self.ranking_of(self.model)
        self.behaviour = behaviour
        self._below, self.to = wad(behaviour.below), wad(behaviour.to)
        self._react = {"top_up": self.top_up, "deleverage": self._deleverage, "unwind": self.unwind}[
            behaviour.kind
        ]
        part = behaviour.wallet
        self._money = {loan.address: int(loan.debt * part) for loan in loans}
        self.wallets = {loan.address: [int(amount * part) for amount in loan.amounts] for loan in loans}
        self._noticed: dict[str, int] = {}  # the block in which an owner fell below
        self.acted = 0

    def touch(self, owner: str) -> None:
        """A position has changed."""
        if owner in self.wallets:
            self.ranking.update(owner)

    @abstractmethod
    def falling(self, prices: Sequence[int]) -> Iterable[str]:
        """Whose health is below what they act at, or just above."""

    @abstractmethod
    def weight(self, owner: str, prices: Sequence[int]) -> int:
        """What somebody's collateral counts for in health, base units of the loan asset."""

    @abstractmethod
    def top_up(
        self, world: World, owner: str, prices: Sequence[int], debt: int, weight: int
    ) -> Iterable[Action]:
        """Collateral out of the wallet."""

    @abstractmethod
    def unwind(
        self, world: World, owner: str, prices: Sequence[int], debt: int, weight: int
    ) -> Iterable[Action]:
        """Collateral that is sold to repay."""

    def funding(self, world: World) -> Iterable[Action]:
        """What lets them act later: approvals, and Leverage as their operator."""
        vault = self.market.vault
        for owner, wallet in self.wallets.items():
            if self.behaviour.kind == "top_up":
                for leg, amount in zip(self.market.legs, wallet, strict=True):
                    if amount:
                        yield world.act(owner, leg.collateral, "approve", vault.contract.address, MAX)
            elif self.behaviour.kind == "unwind" and world.leverage:
                yield world.act(owner, vault, "set_operator", world.leverage.contract.address, RIGHTS_ALL)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """What the borrowers below their threshold do, after their latency."""
        known = view.prices(self.number)
        if self.behaviour.kind == "unwind" and not any(known):
            return
        prices = [  # a vault takes money and collateral all the same when its oracle is silent
            price or view.outside_price(leg.number)
            for leg, price in zip(self.market.legs, known, strict=True)
        ]
        totals = view.world.debt_totals()
        noticed: dict[str, int] = {}
        for owner in list(self.falling(prices)):
            debt = totals.assets_up(self.model.shares_of(owner))
            weight = self.weight(owner, prices)
            if weight * WAD < debt * self._below:
                noticed[owner] = self._noticed.get(owner, view.block)
                if view.block - noticed[owner] < self.behaviour.latency:
                    continue
                del noticed[owner]
                seen = known if self.behaviour.kind == "unwind" else prices
                actions = list(self._react(view.world, owner, seen, debt, weight))
                self.acted += bool(actions)
                yield from actions
        self._noticed = noticed

    def _deleverage(
        self, world: World, owner: str, _prices: Sequence[int], debt: int, weight: int
    ) -> Iterable[Action]:
        amount = min(debt - weight * WAD // self.to, self._money[owner])
        if amount > 0:
            self._money[owner] -= amount
            vault = self.market.vault
            yield world.mint(world.loan, owner, amount)
            yield world.act(owner, world.loan, "approve", vault.contract.address, amount)
            yield world.act(owner, vault, "repay", amount, owner, label="deleverage")

    def record(self, _view: View) -> dict[str, int | float]:
        """How many times a borrower has acted so far."""
        return {"acted": self.acted}


class VaultBorrowers(BorrowerGroup):
    """Those of a vault."""

    ranking_of = PositionsByHealth
    ranking: PositionsByHealth

    def falling(self, prices: Sequence[int]) -> Iterable[str]:
        """Whose health is below what they act at, or just above."""
        return self.ranking.below(float(self.behaviour.below), prices[0])

    def weight(self, owner: str, prices: Sequence[int]) -> int:
        """What somebody's collateral counts for in health, base units of the loan asset."""
        value = self.model.position_of(owner)[0] * prices[0] // PRICE_SCALE
        return int(value * self.model.risk.threshold // WAD)

    def top_up(
        self, world: World, owner: str, prices: Sequence[int], debt: int, weight: int
    ) -> Iterable[Action]:
        """Collateral out of the wallet."""
        missing = ceil_div((debt * self.to // WAD - weight) * WAD, self.model.risk.threshold)
        amount = min(ceil_div(missing * PRICE_SCALE, prices[0]), self.wallets[owner][0])
        if amount > 0:
            self.wallets[owner][0] -= amount
            yield world.mint(self.market.collateral, owner, amount)
            yield world.act(owner, self.market.vault, "deposit", amount, owner, label="top up")

    def unwind(
        self, world: World, owner: str, prices: Sequence[int], debt: int, _weight: int
    ) -> Iterable[Action]:
        """Collateral that is sold to repay."""
        collateral = self.model.position_of(owner)[0]
        reserves = world.reserves(self.market)

        def suffices(amount: int) -> bool:
            """Whether selling for `amount` leaves the health that is wanted."""
            if amount >= reserves[1] or (sold := amount_in(amount, reserves)) > collateral:
                return False
            value = (collateral - sold) * prices[0] // PRICE_SCALE
            return bool(value * self.model.risk.threshold >= (debt - amount) * self.to)

        repayment = least_sale(debt, suffices)
        if repayment is not None:  # else the DEX is too thin for it
            yield world.unwind(self.market, owner, repayment)


def least_sale(debt: int, suffices: Callable[[int], bool]) -> int | None:
    """About the least repayment that suffices, to a ten-thousandth of the debt; None if none does."""
    parts = (debt >> halvings for halvings in range(HALVINGS - 1, -1, -1))
    high = next((part for part in parts if suffices(part)), None)
    if high is None:
        return None
    low = high // 2
    while high - low > debt // 10_000 + 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high
