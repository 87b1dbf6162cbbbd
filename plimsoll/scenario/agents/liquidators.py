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
from plimsoll.scenario.blockspace import gas_of, liquidation_gas
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.markets import Market
from plimsoll.scenario.positions_by_health import SLACK
from plimsoll.scenario.records import FeeRow
from plimsoll.scenario.transactions import Action, Outcome
from plimsoll.scenario.world import World
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
        self._markets = [(number, world.markets[number]) for number in vaults]
        self._legs = [leg for _, market in self._markets for leg in market.legs]
        self._margin = WAD + wad(settings.margin)
        self._least = max(1, world.loan_units(settings.min_profit))
        self._capital = world.loan_units(settings.capital)
        self._bearable = int(self._capital * settings.stops_after)
        self._inventory = Inventory(self.address, settings)
        self._gas_paid = self._bids_paid = 0

    def funding(self, world: World) -> Iterable[Action]:
        """Capital and approvals."""
        if self._settings.kind == "flash":
            return
        yield world.mint(world.loan, self.address, self._capital)
        for _, market in self._markets:
            yield world.act(self.address, world.loan, "approve", market.vault.contract.address, MAX)
            for leg in market.legs:
                if leg.pair and world.router:
                    yield world.act(self.address, leg.collateral, "approve", world.router.address, MAX)

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """Sells what it has, then closes what pays, the best first."""
        if any(outage.covers(view.second) for outage in self._settings.outages):
            return
        for leg in self._legs:
            yield from self._inventory.sales(view, leg)
        markets = [(number, market) for number, market in self._markets if view.count_below(number)]
        if not markets or (self._settings.kind == "capital" and self._lost(view) > self._bearable):
            return
        budget = max(0, self._money(view.world))
        for number, market in markets:
            prices = view.prices(number)
            venues = [
                self._inventory.venue(view, leg, price)
                for leg, price in zip(market.legs, prices, strict=True)
            ]
            if market.is_basket:
                terms = self._margin, self._least, self._gas(view, market)
                closer = BasketCloser(market, self._settings, (self.name, self.address), *terms)
                limit = NO_LIMIT if self._settings.kind == "flash" else budget
                closes = closer.closes(view, number, venues, limit)
                budget -= sum(close.quote.due for close in closes)
                for action, gain in closer.actions(view, closes):
                    yield self._priced(view, action, gain)
            elif prices[0] and not self._leaves_out(market):
                for action, cost in self._vault_closes(view, number, prices[0], venues[0], budget):
                    budget -= cost
                    yield action

    def _gas(self, view: View, market: Market) -> Gas:
        """What closes cost at its own bid; as many fit as it puts into a batch."""
        first, each = liquidation_gas(market, self._settings.kind == "flash")
        cap = min(first + each * self._settings.batch, view.fees.limit)
        return Gas(view.fees.price(self._settings.bid), cap, first, each)

    def _priced(self, view: View, action: Action, gain: int) -> Action:
        """A transaction that is expected to leave `gain` after gas, with what it may bid for that."""
        amount = int(gain * self._settings.pays)
        raised = self._settings.bid + view.fees.bid(gas_of(view.world, action), amount) if amount else 0
        return action._replace(most=raised, is_private=self._settings.private)

    def charge(self, row: FeeRow) -> None:
        """It has paid for its transactions of a block, out of its money."""
        self._gas_paid += row.gas_paid
        self._bids_paid += row.bids_paid

    def _money(self, world: World) -> int:
        """Base units of the loan asset that are left, of what the token says, after gas."""
        return int(world.loan.model.balance_of(self.address)) - self._gas_paid - self._bids_paid

    def note(self, world: World, outcome: Outcome) -> None:
        """What has become of a transaction of its own."""
        self._inventory.note(world, outcome)

    def _lost(self, view: View) -> int:
        """Base units of the loan asset, its collateral at the outside prices."""
        held = self._inventory.worth(view, self._legs)
        return self._capital - held - self._money(view.world)

    def _leaves_out(self, market: Market) -> bool:
        """Whether it cannot or does not take a vault's collateral."""
        return market.leg.is_halted or market.leg.config.collateral.symbol in self._settings.leaves_out

    def _vault_closes(
        self, view: View, number: int, price: int, venue: Venue, budget: int
    ) -> Iterable[tuple[Action, int]]:
        """Transactions that close positions of a vault, and what they cost of `budget`."""
        market, gas = view.world.markets[number], self._gas(view, view.world.markets[number])
        is_flash = self._settings.kind == "flash"
        for closes in self._choose(view, number, price, venue, gas):
            found = closes if is_flash else self._within_budget(view, number, closes, price, budget)
            seized, cost = sum(close.quote.seized for close in found), sum(close.quote.due for close in found)
            gain = venue.proceeds(seized) - cost - gas.cost(len(found))
            if not found or gain < self._least:
                continue
            orders = [close.order for close in found]
            if is_flash:
                least = self._least + gas.cost(len(found))
                terms = seized, least, self._settings.bid, self.name
                action = view.world.flash_liquidation(market, self.address, orders, *terms)
                yield self._priced(view, action, gain), 0
                continue
            budget -= cost
            rate = self._margin * PRICE_SCALE * PRICE_SCALE // (WAD * price) if not market.pair else 0
            action = view.world.act(
                self.address, market.vault, "liquidate_batch", orders, rate, self.address,
                bid=self._settings.bid, label=self.name,
            )  # fmt: skip
            yield self._priced(view, action, gain), cost

    def _choose(self, view: View, number: int, price: int, venue: Venue, gas: Gas) -> Iterable[list[Close]]:
        """Closes that may pay, one list for each transaction."""
        market = view.world.markets[number]
        vault = market.vault.model
        totals = view.world.debt_totals()
        found, seized, beyond = [], 0, 0
        for value, owner in view.by_return(number):
            if value * WAD < self._margin * (1 - SLACK) or beyond == BEYOND:
                break
            quote = _quote(vault, owner, price, totals, MAX)
            if quote.executable and quote.seized * price * WAD >= quote.due * self._margin * PRICE_SCALE:
                found.append(Close(owner, quote))
                seized += quote.seized
                beyond += venue.marginal(seized) * value <= price
        if not found:
            return
        found.sort(key=_unit_cost)
        if market.pair is None:
            for first in range(0, len(found), self._settings.batch):
                yield found[first : first + self._settings.batch]
            return
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
        self, view: View, number: int, closes: Sequence[Close], price: int, budget: int
    ) -> list[Close]:
        """As many closes as `budget` pays, the best first, the last in part."""
        market, found = view.world.markets[number], []
        for close in sorted(closes, key=_unit_cost):
            if close.quote.due <= budget:
                found.append(close)
                budget -= close.quote.due
                continue
            limit = budget * close.quote.paid // close.quote.due
            totals = view.world.debt_totals()
            quote = _quote(market.vault.model, close.owner, price, totals, limit)
            if quote.executable:
                found.append(Close(close.owner, quote, limit))
            break
        return found

    def _part(self, owner: str, paid: int, venue: Venue, quote: Callable[[int], Quote]) -> Close | None:
        """The most profitable of the halves, quarters and so on of a close that is too large for the DEX."""
        parts = [Close(owner, quote(paid >> halvings), paid >> halvings) for halvings in range(1, HALVINGS)]
        gains = [
            (venue.proceeds(part.quote.seized) - part.quote.due, part)
            for part in parts
            if part.quote.executable
        ]
        gain, part = max(gains, key=lambda it: it[0], default=(0, None))
        return part if gain >= self._least else None

    def record(self, view: View) -> dict[str, int | float]:
        """Loan asset above the capital, after gas; collateral held at the outside price; base units."""
        held = self._inventory.worth(view, self._legs)
        found: dict[str, int | float] = {"profit": self._money(view.world) - self._capital, "inventory": held}
        if view.fees.ether:
            found |= {"gas_paid": self._gas_paid, "bids_paid": self._bids_paid}
        return found


class Close(NamedTuple):
    """A close of one position, whole or up to a limit."""

    owner: str
    quote: Quote
    limit: int = NO_LIMIT  # of the repayment, base units

    @property
    def order(self) -> int:
        """The word for `liquidate_batch`."""
        return order(self.owner, self.limit)


def _quote(vault: Vault, owner: str, price: int, totals: DebtTotals, limit: int) -> Quote:
    return liquidation.quote(*vault.position_of(owner), price, totals, limit, vault.risk)


def _unit_cost(close: Close) -> tuple[int, str]:
    """What a unit of collateral costs; the cheapest close is the best."""
    return close.quote.due * WAD // max(1, close.quote.seized), close.owner
