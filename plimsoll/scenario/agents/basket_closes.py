"""Which positions of a basket a liquidator closes, and without which legs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from plimsoll.keeper.basket_choice import masks
from plimsoll.keeper.choice import Gas, Venue
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.markets import Market
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.twin import slices
from plimsoll.twin.slices import Quote
from plimsoll.units import NO_LIMIT, WAD, order

if TYPE_CHECKING:
    from plimsoll.scenario.agents.view import View

HALVINGS = 8  # of a close that is too large for the DEX
ROUNDED = 10**5  # a part of a close in which rounding does not count


class BasketClose(NamedTuple):
    """A close of one position, up to a limit."""

    owner: str
    without: int  # mask of the legs left out
    limit: int  # of the repayment, base units
    quote: Quote
    gain: int  # proceeds less cost, base units of the loan asset


class BasketCloser:
    """Closes positions of one basket, with capital or by a flash liquidation.

    It takes slices, all in one batch, without the legs that it never takes and those whose token is halted.
    A position of which no slice pays it closes without one more leg, if that pays.
    """

    def __init__(
        self,
        market: Market,
        settings: LiquidatorConfig,
        sender: tuple[str, str],
        margin: int,
        least: int,
        gas: Gas,
    ) -> None:
        """A closer for a liquidator.

        Args:
            market: the basket.
            settings: the liquidator's.
            sender: its name and its address.
            margin: least value at the oracles' prices over cost, WAD.
            least: least profit of a transaction, base units of the loan asset.
            gas: what closes cost, and how many fit into a transaction.
        """
        self._market = market
        self._settings = settings
        self._name, self._address = sender
        self._margin, self._least, self._gas = margin, least, gas

    def closes(self, view: View, number: int, venues: Sequence[Venue], budget: int) -> list[BasketClose]:
        """Closes that pay and that `budget` (base units) covers, slices first, then the lowest health.

        Args:
            view: of the block.
            number: of the basket.
            venues: where each leg is sold.
            budget: base units of the loan asset.
        """
        barred = sum(1 << place for place, _ in enumerate(venues) if self._leaves_out(place))
        ways = {
            owner: list(masks(self._market.vault.model.amounts_of(owner), barred))
            for owner in view.below(number)
        }
        sold = [0] * len(venues)
        found: dict[str, BasketClose] = {}
        for is_slice in (True, False):  # as they are sent
            for owner, left_out in ways.items():
                if budget <= 0 or len(found) == self._gas.room:
                    return list(found.values())
                offers = (
                    self._best(view, number, owner, without, budget, venues, sold)
                    for without in left_out
                    if (without == 0) == is_slice and owner not in found
                )
                close = next(filter(None, offers), None)
                if close:
                    found[owner] = close
                    budget -= close.quote.due
                    sold = [a + b for a, b in zip(sold, close.quote.seized, strict=True)]
        return list(found.values())

    def actions(self, view: View, closes: Sequence[BasketClose]) -> Iterator[tuple[Action, int]]:
        """The transactions: a batch of slices, and every close that leaves legs out by itself.

        Each with what it is expected to leave after gas.
        """
        batch = [close for close in closes if not close.without]
        gain = sum(close.gain for close in batch) - self._gas.cost(len(batch))
        if batch and gain >= self._least:
            yield self._batch(view.world, batch), gain
        for close in closes:
            if close.without and close.gain - self._gas.cost(1) >= self._least:
                yield self._single(view.world, close), close.gain - self._gas.cost(1)

    def _batch(self, world: World, closes: Sequence[BasketClose]) -> Action:
        market, sender, bid = self._market, self._address, self._settings.bid
        orders = [order(close.owner, close.limit) for close in closes]
        if self._settings.kind == "flash":
            sold = list(map(sum, zip(*(close.quote.seized for close in closes), strict=True)))
            return world.flash_basket_liquidation(
                market, sender, [orders], sold, self._least, bid, self._name
            )
        what: tuple[Any, ...] = (orders, [], sender)
        return world.act_on_basket(sender, market, "liquidate_batch", *what, bid=bid, label=self._name)

    def _single(self, world: World, close: BasketClose) -> Action:
        market, sender, bid = self._market, self._address, self._settings.bid
        if self._settings.kind == "flash":
            what: tuple[Any, ...] = (close.owner, close.limit, close.without)
            return world.flash_basket_liquidation(
                market, sender, what, close.quote.seized, self._least, bid, self._name
            )
        what = (close.owner, close.limit, [], close.without, sender)
        return world.act_on_basket(sender, market, "liquidate", *what, bid=bid, label=self._name)

    def _leaves_out(self, place: int) -> bool:
        leg = self._market.legs[place]
        return leg.is_halted or leg.config.collateral.symbol in self._settings.leaves_out

    def _best(
        self,
        view: View,
        number: int,
        owner: str,
        without: int,
        budget: int,
        venues: Sequence[Venue],
        sold: Sequence[int],
    ) -> BasketClose | None:
        """The whole close if it pays, else the best of its halves, quarters and so on; None if none pays."""
        basket, prices = self._market.vault.model, view.prices(number)
        totals = view.world.debt_totals()
        amounts, shares = basket.position_of(owner)

        def offer(limit: int) -> BasketClose:
            quote = slices.quote(amounts, shares, prices, basket.legs, totals, limit, basket.risk, without)
            proceeds = sum(
                venue.proceeds(before + more) - venue.proceeds(before)
                for venue, before, more in zip(venues, sold, quote.seized, strict=bool(quote.seized))
                if more
            )
            return BasketClose(owner, without, limit, quote, proceeds - quote.due)

        def pays(close: BasketClose) -> bool:
            value = sum(map(slices.value_down, close.quote.seized, prices))
            return close.gain > 0 and value * WAD >= close.quote.due * self._margin

        whole = offer(NO_LIMIT)
        if whole.quote.executable and whole.quote.due > budget:
            whole = offer(budget * whole.quote.paid // whole.quote.due)
        if not whole.quote.executable:
            return None
        if pays(whole):
            return whole
        if self._is_hopeless(whole, prices, venues, sold):
            return None
        parts = [offer(whole.quote.paid >> halvings) for halvings in range(1, HALVINGS)]
        return max(filter(pays, parts), key=lambda part: part.gain, default=None)

    def _is_hopeless(
        self, whole: BasketClose, prices: Sequence[int], venues: Sequence[Venue], sold: Sequence[int]
    ) -> bool:
        """Whether no part of a close pays either.

        A part takes the same of each leg for a unit repaid, but for rounding, and sells none of it above the
        price of the next unit. Dust sells for nothing.
        """
        seized, least = whole.quote.seized, whole.quote.due * (ROUNDED - 1) // ROUNDED
        most = sum(
            slices.value_down(more, venue.marginal(before) + 1)
            for venue, before, more in zip(venues, sold, seized, strict=True)
        )
        if least < ROUNDED:
            return most == 0
        value = sum(map(slices.value_down, seized, prices))
        return value * WAD < least * self._margin or most < least
