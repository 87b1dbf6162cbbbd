"""What a liquidator holds of the collaterals, what it has cost, and how much of it to sell now."""

from __future__ import annotations

from collections.abc import Iterable

from plimsoll.keeper.choice import FixedPrice, Venue
from plimsoll.params import wad
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.blockspace import GAS
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.markets import Leg
from plimsoll.scenario.transactions import Action, Outcome
from plimsoll.scenario.world import World
from plimsoll.units import PRICE_SCALE, WAD


class Inventory:
    """The collaterals of one liquidator. A `flash` one never holds any."""

    def __init__(self, address: str, settings: LiquidatorConfig) -> None:
        """Nothing yet."""
        self._address = address
        self._settings = settings
        self._kept = WAD - wad(settings.slippage)
        self._stock: dict[int, tuple[int, int]] = {}  # amount and cost by collateral

    def held(self, leg: Leg) -> int:
        """Base units of a collateral."""
        return int(leg.collateral.model.balance_of(self._address))

    def worth(self, view: View, legs: Iterable[Leg]) -> int:
        """What it holds at the outside prices, base units of the loan asset."""
        return sum(self.held(leg) * view.outside_price(leg.number) // PRICE_SCALE for leg in legs)

    def note(self, world: World, outcome: Outcome) -> None:
        """Follows its tokens through a transaction of its own, by their events.

        What several collaterals cost together is split by their prices at the oracles.
        """
        moved: dict[str, int] = {}
        for event in outcome.events:
            if event.name == "Transfer":
                sender, to, amount = event.values
                change = (to == self._address) - (sender == self._address)
                moved[event.contract] = moved.get(event.contract, 0) + change * amount
        changes = [moved.get(leg.collateral.contract.address, 0) for leg in world.legs]
        values = [max(0, change) * leg.price() for leg, change in zip(world.legs, changes, strict=True)]
        spent = -moved.get(world.loan.contract.address, 0)
        for number, change in enumerate(changes):
            amount, cost = self._stock.get(number, (0, 0))
            if change > 0:
                cost += spent * values[number] // max(1, sum(values))
            elif change < 0:
                cost = cost * (amount + change) // amount
            self._stock[number] = amount + change, cost

    def sales(self, view: View, leg: Leg) -> Iterable[Action]:
        """Sells what it holds of a collateral, as far as its terms allow."""
        world, held = view.world, self.held(leg)
        if not held or leg.is_halted:
            return
        if not leg.pair:
            yield world.burn(leg.collateral, self._address, held)
            yield world.mint(world.loan, self._address, held * view.outside_price(leg.number) // PRICE_SCALE)
            return
        routes, limit = world.routes(leg), self._limit(view, leg, held)
        first = routes.best(held)
        fee = view.fees.price(self._settings.bid) * GAS["swapExactTokensForTokens"] // PRICE_SCALE
        for path, route in (first, *(way for way in routes.ways if way is not first)):
            amount = min(held, route.down_to(limit)) if limit else held
            if amount > 0 and route.proceeds(amount) > fee:
                held -= amount
                least = amount * limit // PRICE_SCALE
                yield world.swap_along(path, self._address, amount, least, self._settings.bid, "sale")

    def venue(self, view: View, leg: Leg, price: int) -> Venue:
        """Where more of a collateral will be sold, behind what is held already.

        Args:
            view: of the block.
            leg: the collateral.
            price: the oracle's, 1e36.
        """
        careful = self._settings.kind == "capital"
        if not leg.pair:
            return FixedPrice(view.outside_price(leg.number) if careful else price)
        routes = view.world.routes(leg)
        return routes.behind(self.held(leg)).venue if careful else routes.venue

    def _limit(self, view: View, leg: Leg, held: int) -> int:
        """The least price (1e36) at which it sells: its cost; once the market has fallen below, near that."""
        if self._settings.kind == "subsidised":
            return 0
        outside, cost = view.outside_price(leg.number), self._stock[leg.number][1] * PRICE_SCALE // held
        return cost if cost <= outside else outside * self._kept // WAD
