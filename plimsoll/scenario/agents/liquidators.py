"""Liquidators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from plimsoll.keeper.choice import Candidate, Gas, Venue, choose
from plimsoll.market.deployment import made_up
from plimsoll.params import wad
from plimsoll.scenario.agents.basket_closes import BasketCloser
from plimsoll.scenario.agents.inventory import Inventory
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.positions_by_health import SLACK
from plimsoll.scenario.world import Action, Leg, Market, Outcome, World
from plimsoll.twin import liquidation
from plimsoll.twin.liquidation import DebtTotals, Quote
from plimsoll.twin.vault import Vault
from plimsoll.units import MAX, NO_LIMIT, PRICE_SCALE, WAD, order

BEYOND = 64  # closes that are looked at besides those that are worth as much as the venue takes
HALVINGS = 8  # of a close that is too large for the DEX
PATIENCE = 1_000  # batches that a liquidator looks at; more hardly ever find a better one


class Liquidator:
    """Closes what pays; see `LiquidatorConfig`."""

    def __init__(self, name: str, settings: LiquidatorConfig, vaults: Sequence[int], world: World) -> None:
        """A liquidator, whose capital is minted by `funding`."""
        self.name = name
        self.address = made_up(name)
        self._settings = settings
        self._vaults = vaults
        self._margin = WAD + wad(settings.margin)
        self._least = max(1, world.loan_units(settings.min_profit))
        self._capital = world.loan_units(settings.capital)
        self._bearable = int(self._capital * settings.stops_after)
        self._inventory = Inventory(self.address, settings)

    def funding(self, world: World) -> Iterable[Action]:
        """Capital and approvals."""
        if self._settings.kind == "flash":
            return
        yield world.mint(world.loan, self.address, self._capital)
        for market in self._markets(world):
            yield world.act(self.address, world.loan, "approve", market.vault.contract.address, MAX)
            for leg in market.legs:
                if leg.pair and world.router:
                    yield world.act(self.address, leg.collateral, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Sells what it has, then closes what pays, the best first."""
        if any(outage.covers(view.second) for outage in self._settings.outages):
            return
        for leg in self._legs(view.world):
            yield from self._inventory.sales(view, leg)
        if self._settings.kind == "capital" and self._lost(view) > self._bearable:
            return
        budget = view.world.loan.model.balance_of(self.address)
        for number, market in zip(self._vaults, self._markets(view.world), strict=True):
            prices = view.prices(number)
            venues = [
                self._inventory.venue(view, leg, price)
                for leg, price in zip(market.legs, prices, strict=True)
            ]
            if market.is_basket:
                closer = BasketCloser(
                    market, self._settings, (self.name, self.address), self._margin, self._least
                )
                limit = NO_LIMIT if self._settings.kind == "flash" else budget
                closes = closer.closes(view, number, venues, limit)
                budget -= sum(close.cost for close in closes)
                yield from closer.actions(view, closes)
            elif prices[0] and not self._leaves_out(market):
                for action, cost in self._vault_closes(view, number, prices[0], venues[0], budget):
                    budget -= cost
                    yield action

    def note(self, world: World, outcome: Outcome) -> None:
        """What has become of a transaction of its own."""
        self._inventory.note(world, outcome)

    def _lost(self, view: View) -> int:
        """Base units of the loan asset, its collateral at the outside prices."""
        held = self._inventory.worth(view, self._legs(view.world))
        return self._capital - held - int(view.world.loan.model.balance_of(self.address))

    def _markets(self, world: World) -> list[Market]:
        return [world.markets[number] for number in self._vaults]

    def _legs(self, world: World) -> list[Leg]:
        return [leg for market in self._markets(world) for leg in market.legs]

    def _leaves_out(self, market: Market) -> bool:
        """Whether it cannot or does not take a vault's collateral."""
        return market.leg.is_halted or market.leg.config.collateral.symbol in self._settings.leaves_out

    def _vault_closes(
        self, view: View, number: int, price: int, venue: Venue, budget: int
    ) -> Iterable[tuple[Action, int]]:
        """Transactions that close positions of a vault, and what they cost of `budget`."""
        market = view.world.markets[number]
        for closes in self._choose(view, number, price, venue):
            if self._settings.kind == "flash":
                orders = [close.order for close in closes]
                sold = sum(close.quote.seized for close in closes)
                terms = sold, self._least, self._settings.bid, self.name
                yield view.world.flash_liquidation(market, self.address, orders, *terms), 0
                continue
            found = self._within_budget(view, number, closes, price, venue, budget)
            if found:
                cost = sum(close.cost for close in found)
                budget -= cost
                orders = [close.order for close in found]
                rate = self._margin * PRICE_SCALE * PRICE_SCALE // (WAD * price) if not market.pair else 0
                action = view.world.act(
                    self.address, market.vault, "liquidate_batch", orders, rate, self.address,
                    bid=self._settings.bid, label=self.name,
                )  # fmt: skip
                yield action, cost

    def _choose(self, view: View, number: int, price: int, venue: Venue) -> Iterable[list[Close]]:
        """Closes that pay, one list for each transaction."""
        market = view.world.markets[number]
        vault = market.vault.model
        totals = DebtTotals(*view.world.debt_totals())
        found, seized, beyond = [], 0, 0
        for value, owner in view.by_return(number):
            if value * WAD < self._margin * (1 - SLACK) or beyond == BEYOND:
                break
            quote = _quote(vault, owner, price, totals, MAX)
            if quote.executable and quote.seized * price * WAD >= _cost(quote) * self._margin * PRICE_SCALE:
                found.append(Close(owner, quote))
                seized += quote.seized
                beyond += venue.marginal(seized) * value <= price
        if not found:
            return
        found.sort(key=_unit_cost)
        if market.pair is None:
            for first in range(0, len(found), self._settings.batch):
                batch = found[first : first + self._settings.batch]
                gains = (venue.proceeds(close.quote.seized) - close.cost for close in batch)
                if sum(gains) >= self._least:
                    yield batch
            return
        gas = Gas(cap=96_000 + 9_600 * self._settings.batch)
        best = choose([Candidate(close.owner, close.quote) for close in found], venue, gas, PATIENCE)
        if best.candidates and best.profit >= self._least:
            yield [Close(*candidate) for candidate in best.candidates]
            return
        part = self._part(
            found[0].owner,
            found[0].quote.paid,
            venue,
            lambda limit: _quote(vault, found[0].owner, price, totals, limit),
        )
        if part:
            yield [part]

    def _within_budget(
        self, view: View, number: int, closes: Sequence[Close], price: int, venue: Venue, budget: int
    ) -> list[Close]:
        """As many closes as `budget` pays, the best first, the last in part; none if they pay too little."""
        market, found = view.world.markets[number], []
        for close in sorted(closes, key=_unit_cost):
            if close.cost <= budget:
                found.append(close)
                budget -= close.cost
                continue
            limit = budget * close.quote.paid // close.cost
            totals = DebtTotals(*view.world.debt_totals())
            quote = _quote(market.vault.model, close.owner, price, totals, limit)
            if quote.executable:
                found.append(Close(close.owner, quote, limit))
            break
        seized, cost = sum(close.quote.seized for close in found), sum(close.cost for close in found)
        value = venue.proceeds(seized)
        return found if value - cost >= self._least else []

    def _part(self, owner: str, paid: int, venue: Venue, quote: Callable[[int], Quote]) -> Close | None:
        """The most profitable of the halves, quarters and so on of a close that is too large for the DEX."""
        parts = [Close(owner, quote(paid >> halvings), paid >> halvings) for halvings in range(1, HALVINGS)]
        gains = [
            (venue.proceeds(part.quote.seized) - part.cost, part) for part in parts if part.quote.executable
        ]
        gain, part = max(gains, key=lambda it: it[0], default=(0, None))
        return part if gain >= self._least else None

    def record(self, view: View) -> dict[str, int | float]:
        """Loan asset above the capital; value of the collateral held at the outside price; base units."""
        held = self._inventory.worth(view, self._legs(view.world))
        return {"profit": view.world.loan.model.balance_of(self.address) - self._capital, "inventory": held}


class Close(NamedTuple):
    """A close of one position, whole or up to a limit."""

    owner: str
    quote: Quote
    limit: int = NO_LIMIT  # of the repayment, base units

    @property
    def cost(self) -> int:
        """Base units of the loan asset, with the fee."""
        return _cost(self.quote)

    @property
    def order(self) -> int:
        """The word for `liquidate_batch`."""
        return order(self.owner, self.limit)


def _quote(vault: Vault, owner: str, price: int, totals: DebtTotals, limit: int) -> Quote:
    return liquidation.quote(*vault.position_of(owner), price, totals, limit, vault.risk)


def _cost(quote: Quote) -> int:
    return quote.paid + quote.fee


def _unit_cost(close: Close) -> tuple[int, str]:
    """What a unit of collateral costs; the cheapest close is the best."""
    return close.cost * WAD // max(1, close.quote.seized), close.owner
