"""A collateral outside of the rule: its price, its feed, its DEX."""

from __future__ import annotations

from types import SimpleNamespace

from plimsoll.keeper.choice import FixedPrice, Route, Venue
from plimsoll.scenario.agents.arbitrage import pull
from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.feeds import FeedUpdates
from plimsoll.twin.uniswap_v2 import amount_in, amount_out
from plimsoll.units import NO_LIMIT, PRICE_SCALE


class Market:
    """What of a collateral is not the rule's. Amounts are base units, prices 1e36."""

    def __init__(self, config: CollateralConfig, loan_decimals: int, first: float) -> None:
        """A market at its first price, whole loan tokens for a whole token."""
        oracle = config.oracle
        unit = 10**loan_decimals
        self._feed = SimpleNamespace(answer=oracle.answer(first), updated_at=0)
        self._updates = FeedUpdates(oracle, self._feed)
        self._scale = 10 ** (36 + loan_decimals - config.collateral.decimals - oracle.decimals)
        self._impact = 1.0  # of all sales on the outside price
        self.config = config
        self.outside = self.lowest = first  # whole loan tokens for a whole token, the impact included
        self.oracle = self._feed.answer * self._scale  # 0 while the answer is stale
        self.reserves: tuple[int, int] | None = None  # of the DEX: collateral, loan asset
        self.slipped = 0  # what sales brought less than the outside price
        self.capital = NO_LIMIT  # loan asset that arbitrageurs trade in a block at most
        if config.dex:
            depth = int(config.dex.depth * unit)
            self.reserves = depth * PRICE_SCALE // self.price, depth
            self.capital = int(config.dex.arbitrage * unit)

    @property
    def price(self) -> int:
        """The outside price, as the feed would say it."""
        return int(self.config.oracle.answer(self.outside) * self._scale)

    def down_to(self, price: int) -> int:
        """How much can be sold until the next unit brings less than a price."""
        venue = self.venue()
        if isinstance(venue, Route):
            return venue.down_to(max(1, price))
        return NO_LIMIT if self.price >= price else 0

    def move(self, price: float, second: int) -> None:
        """The outside price of a block without the impact of sales, and the feed, which may be updated."""
        self.look(price)
        answer = self._updates.due(second, second)
        if answer is not None:
            self._feed.answer, self._feed.updated_at = answer, second
        fresh = second - self._feed.updated_at <= self.config.oracle.stale_after
        self.oracle = self._feed.answer * self._scale if fresh else 0

    def look(self, price: float) -> None:
        """As `move`, in a block that is missing."""
        self.outside = price * self._impact
        self.lowest = min(self.lowest, self.outside)
        self._updates.see(self.outside)

    def venue(self, sold: int = 0, otherwise: int = 0) -> Venue:
        """Where more is sold after an amount; without a DEX at a price, or the outside price."""
        if self.reserves is None:
            return FixedPrice(otherwise or self.price)
        collateral, loan = self.reserves
        return Route(((collateral + sold, loan - amount_out(sold, self.reserves)),))

    def proceeds(self, amount: int) -> int:
        """What selling an amount brings; below 0: less what buying it costs."""
        if self.reserves is None:
            return amount * self.price // PRICE_SCALE
        if amount < 0:
            return -amount_in(-amount, self.reserves[::-1])
        return amount_out(amount, self.reserves)

    def sell(self, amount: int) -> int:
        """Sells, below 0 buys; the outside price follows sales as far as the scenario says."""
        brought = self.proceeds(amount)
        self.slipped += amount * self.price // PRICE_SCALE - brought
        if self.reserves is not None and amount:
            collateral, loan = self.reserves
            self.reserves = collateral + amount, loan - brought
            if amount > 0 and self.config.dex:
                move = (loan - brought) / loan * collateral / (collateral + amount)
                self._impact *= move ** float(self.config.dex.feedback)
        return brought

    def gap(self) -> int:
        """What arbitrageurs sell to pull the DEX to the outside price; below 0 what they pay."""
        if self.reserves is None or not self.capital:
            return 0
        sells, amount = pull(self.reserves, self.price, self.capital)
        return amount if sells else -amount

    def arbitrage(self, swap: int) -> None:
        """Carries out what `gap` said."""
        if self.reserves is None or not swap:
            return
        collateral, loan = self.reserves
        if swap > 0:
            self.reserves = collateral + swap, loan - amount_out(swap, (collateral, loan))
        else:
            self.reserves = collateral - amount_out(-swap, (loan, collateral)), loan - swap
