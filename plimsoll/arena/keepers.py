"""Who liquidates: what they decide and what they do in a block, as the laboratory's liquidators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from plimsoll.arena.market import Market
from plimsoll.arena.rule import Close, Offer, Offers, Prices, value
from plimsoll.keeper.choice import Candidate, Gas, Route, Venue, choose
from plimsoll.params import wad
from plimsoll.scenario.agents.liquidators import BEYOND, HALVINGS, PATIENCE
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.twin.liquidation import Quote
from plimsoll.units import NO_LIMIT, PRICE_SCALE, WAD


class Order(NamedTuple):
    """A close that somebody wants: of what, which of its offers, up to which repayment."""

    what: str
    number: int
    limit: int = NO_LIMIT

    def quote(self, offers: Offers) -> Close | None:
        """What there is for it now."""
        found = offers(self.what)
        if self.number >= len(found):
            return None
        offer = found[self.number]
        return offer.quote(min(self.limit, offer.most))


class Sale(NamedTuple):
    """Collateral that somebody wants to sell, for a price (1e36) or more."""

    leg: int
    amount: int
    least: int


Lot = tuple[str, Sequence[Offer]]
"""Something that may be closed, and how."""


class _Found(NamedTuple):
    """An order, and its close as it was when it was chosen."""

    order: Order
    offer: Offer
    close: Close


class Keeper:
    """One liquidator; see `LiquidatorConfig`. It sends one batch in a block.

    It decides on the state before the block, its transactions land `latency` blocks later, and meanwhile it
    sends nothing else. Amounts are base units.
    """

    def __init__(self, config: LiquidatorConfig, unit: int, legs: int) -> None:
        """A liquidator with its capital; `unit` is a whole loan token."""
        self.config = config
        self.capital = self.cash = int(config.capital * unit)
        self.held = [0] * legs
        self._costs = [0] * legs  # what is held has cost
        self._least = max(1, int(config.min_profit * unit))
        self._margin = WAD + wad(config.margin)
        self.waits = False  # for the next block, while what it would take gets better
        self._seen: dict[str, tuple[int, int]] = {}  # block and gain of what was last looked at
        self._lands: int | None = None  # the block in which what it sent lands
        self._sales: list[Sale] = []
        self._batches: list[list[Order]] = []

    def is_out(self, second: int) -> bool:
        """Whether it does nothing."""
        return any(outage.covers(second) for outage in self.config.outages)

    # -------------------------------------------------------------------------------------- deciding

    @property
    def is_free(self) -> bool:
        """Whether nothing of its own is on its way."""
        return self._lands is None

    def decide(
        self, blocks: tuple[int, int], markets: Sequence[Market], prices: Prices, lots: Sequence[Lot]
    ) -> None:
        """Sends what it wants; nothing of its own may be on its way.

        Args:
            blocks: the numbers of the block and of the one before it.
            markets: of the collaterals.
            prices: the oracles'.
            lots: what may be closed, and how.
        """
        self._sales = [sale for leg in range(len(markets)) for sale in self._sale(leg, markets[leg])]
        self._batches = []
        if not (self.config.kind == "capital" and self._lost(markets) > self._bearable):
            self._batches = [*self._wanted(blocks, markets, prices, lots)]
        if self._sales or self._batches:
            self._lands = blocks[0] + self.config.latency

    @property
    def _bearable(self) -> int:
        return int(self.capital * self.config.stops_after)

    def _lost(self, markets: Sequence[Market]) -> int:
        held = sum(amount * it.price // PRICE_SCALE for amount, it in zip(self.held, markets, strict=True))
        return self.capital - held - self.cash

    def _sale(self, leg: int, market: Market) -> Iterable[Sale]:
        """What it sells of what it holds; see `scenario.agents.inventory`."""
        held, limit = self.held[leg], 0
        if not held:
            return
        venue = market.venue()
        if self.config.kind == "capital" and isinstance(venue, Route):
            cost = self._costs[leg] * PRICE_SCALE // held
            limit = cost if cost <= market.price else market.price * self._kept // WAD
            held = min(held, venue.down_to(limit)) if limit else held
        if held and venue.proceeds(held):
            yield Sale(leg, held, limit)

    @property
    def _kept(self) -> int:
        return WAD - wad(self.config.slippage)

    def _wanted(
        self, blocks: tuple[int, int], markets: Sequence[Market], prices: Prices, lots: Sequence[Lot]
    ) -> Iterable[list[Order]]:
        careful = self.config.kind == "capital"
        venues = [
            market.venue(held, market.price) if careful else market.venue(0, market.oracle)
            for market, held in zip(markets, self.held, strict=True)
        ]
        found: list[_Found] = []
        for what, offers in lots:
            best = self._best(what, offers, markets, venues, prices)
            if best is None or (
                self.waits and self._gets_better(blocks, what, self._gain([best], markets, venues))
            ):
                continue
            if best.close.ended and any(best.close.got):
                found.append(best)
            elif part := self._part(best, markets, venues, 0):
                yield [part.order]  # a reward, or what the protocol sells
        budget = NO_LIMIT if self.config.kind == "flash" else max(0, self.cash)
        for batch in self._chosen(found, markets, venues, prices):
            batch, budget = self._within(batch, budget)
            if batch and self._gain(batch, markets, venues) >= self._least:
                yield [each.order for each in batch]

    def _gets_better(self, blocks: tuple[int, int], what: str, gain: int) -> bool:
        """Whether something brings more than in the block before, or was not there then."""
        seen, gained = self._seen.get(what, (-1, 0))
        self._seen[what] = blocks[0], gain
        return seen != blocks[1] or gain * 100 > gained * 101

    def _best(
        self,
        what: str,
        offers: Sequence[Offer],
        markets: Sequence[Market],
        venues: Sequence[Venue],
        prices: Prices,
    ) -> _Found | None:
        """The one of several offers that alone would gain most."""
        found = []
        for number, offer in enumerate(offers):
            for halvings in range(HALVINGS):  # the whole may leave dust, where a part does not
                if close := offer.quote(offer.most >> halvings):
                    limit = offer.most >> halvings if halvings else NO_LIMIT
                    if self._pays(close, prices):
                        found.append(_Found(Order(what, number, limit), offer, close))
                    break
        return max(found, key=lambda each: self._gain([each], markets, venues), default=None)

    def _pays(self, close: Close, prices: Prices) -> bool:
        """Whether a close gains enough at the oracles' prices; they do not count for a trade."""
        if not close.ended:
            return True
        return value(close.got, prices) * WAD >= close.paid * self._margin

    def _gain(self, batch: Iterable[_Found], markets: Sequence[Market], venues: Sequence[Venue]) -> int:
        """What selling everything brings, less what it costs."""
        got, paid = [0] * len(venues), 0
        for each in batch:
            got = [sum(pair) for pair in zip(got, each.close.got, strict=True)]
            paid += each.close.paid
        brought = sum(
            venue.proceeds(amount) if amount > 0 else market.proceeds(amount)
            for amount, market, venue in zip(got, markets, venues, strict=True)
        )
        return brought - paid

    def _chosen(
        self, found: list[_Found], markets: Sequence[Market], venues: Sequence[Venue], prices: Prices
    ) -> Iterable[list[_Found]]:
        """Batches that may pay."""
        if not found:
            return
        size = self.config.batch
        found.sort(key=lambda each: (-_return(each.close, prices), each.order.what))
        if len(venues) == 1:
            found = _worth_a_look(found, venues[0], prices)
        found.sort(key=lambda each: (_unit_cost(each.close, prices), each.order.what))
        if not any(isinstance(venue, Route) for venue in venues):
            for first in range(0, len(found), size):
                yield found[first : first + size]
            return
        if len(venues) == 1:
            by_name = {each.order.what: each for each in found}
            candidates = [
                Candidate(name, Quote(True, 1, each.close.paid, seized=each.close.got[0]))
                for name, each in by_name.items()
            ]
            best = choose(candidates, venues[0], Gas(cap=size, batch=0, order=1), PATIENCE)
            batch = [by_name[each.owner] for each in best.candidates]
        else:
            batch = []
            for each in found[:size]:
                if self._gain([*batch, each], markets, venues) > self._gain(batch, markets, venues):
                    batch.append(each)
        if batch and self._gain(batch, markets, venues) >= self._least:
            yield batch
        elif part := self._part(found[0], markets, venues, 1):
            yield [part]

    def _part(
        self, whole: _Found, markets: Sequence[Market], venues: Sequence[Venue], first: int
    ) -> _Found | None:
        """What gains most of a close, or of its half, a quarter and so on; from so many halvings on."""
        parts = []
        for halvings in range(first, HALVINGS):
            limit = whole.offer.most >> halvings
            close = whole.offer.quote(limit)
            if close is not None and (self.config.kind == "flash" or close.paid <= self.cash):
                parts.append(whole._replace(order=whole.order._replace(limit=limit), close=close))
        best = max(parts, key=lambda part: self._gain([part], markets, venues), default=None)
        return best if best and self._gain([best], markets, venues) >= self._least else None

    def _within(self, batch: Sequence[_Found], budget: int) -> tuple[list[_Found], int]:
        """As many closes as a budget pays, the first ones, the last in part; what is left of it."""
        found: list[_Found] = []
        for each in batch:
            close = each.close
            if close.paid > budget:
                limit = budget * (close.ended - close.lost) // close.paid
                part = each.offer.quote(limit)
                if part is not None and part.paid <= budget:
                    found.append(each._replace(order=each.order._replace(limit=limit), close=part))
                break
            found.append(each)
            budget -= close.paid
        return found, budget

    # ----------------------------------------------------------------------------------------- doing

    def act(
        self, block: int, markets: Sequence[Market], offers: Offers, take: Callable[[str, Close], None]
    ) -> None:
        """What it has sent lands, if it is time; what is on offer no more is left out."""
        if self._lands is None or block < self._lands:
            return
        self._lands = None
        for sale in self._sales:
            self._sell(sale, markets[sale.leg])
        for batch in self._batches:
            closes = [close for order in batch if (close := order.quote(offers))]
            got = [sum(amounts) for amounts in zip(*(close.got for close in closes), strict=True)]
            paid = sum(close.paid for close in closes)
            if not closes or not self._can(got, paid, markets):
                continue
            for order in batch:
                if close := order.quote(offers):
                    take(order.what, close)
                    self._receive(close, markets)
            if self.config.kind == "flash":
                self._empty(markets)

    def _sell(self, sale: Sale, market: Market) -> None:
        amount = min(sale.amount, self.held[sale.leg])
        if not amount or market.proceeds(amount) < amount * sale.least // PRICE_SCALE:
            return
        self.cash += market.sell(amount)
        cost, held = self._costs[sale.leg], self.held[sale.leg]
        self._costs[sale.leg] = cost * (held - amount) // held
        self.held[sale.leg] -= amount

    def _can(self, got: Sequence[int], paid: int, markets: Sequence[Market]) -> bool:
        """Whether a transaction succeeds."""
        brought = [market.proceeds(amount) for market, amount in zip(markets, got, strict=True)]
        if self.config.kind != "flash":
            return max(0, paid) - sum(min(0, each) for each in brought) <= self.cash
        return sum(brought) - paid >= self._least

    def _receive(self, close: Close, markets: Sequence[Market]) -> None:
        """Pays and gets; what it brings it buys at once."""
        self.cash -= close.paid
        prices = tuple(market.oracle or market.price for market in markets)
        worth = value([max(0, amount) for amount in close.got], prices)
        for leg, amount in enumerate(close.got):
            if amount < 0:
                self.cash += markets[leg].sell(amount)
            elif amount:
                self.held[leg] += amount
                part = value([amount], prices[leg : leg + 1])
                self._costs[leg] += max(0, close.paid) * part // max(1, worth)

    def _empty(self, markets: Sequence[Market]) -> None:
        for leg, amount in enumerate(self.held):
            self.cash += markets[leg].sell(amount)
        self.held = [0] * len(markets)
        self._costs = [0] * len(markets)


def _return(close: Close, prices: Prices) -> float:
    """Collateral at the oracles' prices for a unit of the loan asset."""
    return value(close.got, prices) / max(1, close.paid)


def _unit_cost(close: Close, prices: Prices) -> int:
    """What a unit of collateral costs; of several, a unit of their worth."""
    got = close.got[0] if len(close.got) == 1 else value(close.got, prices)
    return close.paid * WAD // max(1, got)


def _worth_a_look(found: Sequence[_Found], venue: Venue, prices: Prices) -> list[_Found]:
    """Those that return most: as many as the venue takes, and some more."""
    kept, got, beyond = [], 0, 0
    for each in found:
        if beyond == BEYOND:
            break
        kept.append(each)
        got += each.close.got[0]
        beyond += venue.marginal(got) * _return(each.close, prices) <= prices[0]
    return kept


def keepers_of(scenario: Scenario, vault: int) -> list[Keeper]:
    """Those who watch one of a scenario's vaults, in the order of their bids."""
    unit, legs = 10**scenario.pool.loan.decimals, len(scenario.vaults[vault].collaterals)
    return [
        Keeper(each, unit, legs)
        for each in sorted(scenario.liquidators, key=lambda each: -each.bid)
        if vault in scenario.watched(each)
    ]
