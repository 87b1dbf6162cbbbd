"""The gas of baskets with 2, 4 and 8 legs, on the market and under the rules of `gas`.

A basket has a pool of its own. Every leg is a neutral token with a ChainlinkOracle over two feeds: its own, and that
of the loan asset, which all of them share. A position holds all legs, each worth the same. Steady state alone.
"""

from typing import TYPE_CHECKING, Any

from plimsoll.chain.protocol import open_pool
from plimsoll.params import BLUE_CHIP, PoolParams
from plimsoll.units import HOUR, MAX, NOBODY, WAD, order

if TYPE_CHECKING:
    from bench.gas import Market

LEGS = (2, 4, 8)
SMALL, LARGE = 1, 21  # batches, whose difference is what a further position costs
CEILING_FACTOR = 4  # prices
# by operation, for each number of legs
BUDGET = {
    "deposit": (49_500, 49_500, 49_500),
    "borrow": (99_000, 130_000, 192_000),
    "liquidate": (146_000, 210_000, 340_000),
    "marginal_liquidation": (16_500, None, None),
}


class Basket:
    """A basket with its pool, its tokens and their feeds."""

    def __init__(self, market: "Market", count: int, price: int) -> None:
        """Deploys one with `count` legs, which cost `price` loan tokens each; people have tokens and allowances."""
        make, owner = market.chain.make, market.owner
        self.market, self.count, self.price = market, count, price
        self.tokens = [make("PlainToken", f"Leg {leg}", f"LEG{leg}", 18) for leg in range(count)]
        self.feeds = [make("MockFeed", 8, price * 10**8) for _ in self.tokens]
        none = (NOBODY, 0, 0)
        legs = []
        for token, feed in zip(self.tokens, self.feeds, strict=True):
            terms = [(each.address, 7 * 24 * HOUR, 1, 10**15) for each in (feed, market.feeds[1])]
            parts = (token, market.loan, price * 10**36, *terms, none, none, *[NOBODY] * 3, 0)
            oracle = make("ChainlinkOracle", parts)
            legs.append((token, oracle, *BLUE_CHIP.to_struct(18)[:2], CEILING_FACTOR * price * 10**36))
        params = PoolParams(name="Gas", symbol="GAS")
        made = market.protocol.create_pool(params.to_struct(market.loan.address, 18), owner, params.delay)
        self.basket: Any = market.protocol.create_basket(
            made.pool, legs, (0, 0, *BLUE_CHIP.to_struct(18)[2:])
        )
        open_pool(made, {self.basket.address: 10**9 * WAD}, owner)
        market.loan.approve(made.pool, MAX, sender=market.lender)
        for actor in (market.borrower, market.liquidator):
            market.loan.approve(self.basket, MAX, sender=actor)
            for token in self.tokens:
                token.mint(actor, 10**9 * WAD, sender=owner)
                token.approve(self.basket, MAX, sender=actor)
        made.pool.deposit(10**7 * WAD, market.lender, sender=market.lender)

    def set_price(self, quote: int) -> None:
        """Moves the feeds of all legs."""
        for feed in self.feeds:
            feed.set_answer(quote * 10**8, sender=self.market.owner)

    def borrowers(self, count: int, offset: int) -> list[str]:
        """`count` new owners, each with ten tokens over all legs and three quarters of their value in debt."""
        owners = [
            f"0x{0xABCDEF << 136 | offset + index + (0x1234567890ABCDEF << 64):040x}"
            for index in range(count)
        ]
        for owner in owners:
            for leg in range(self.count):
                self.basket.deposit(leg, 10 * WAD // self.count, owner, sender=self.market.borrower)
            self.basket.borrow(15_000 * WAD, sender=owner)
        return owners

    def measure(self, crashed: int) -> dict[str, int]:
        """Steady gas by operation.

        Args:
            crashed: a price at which the positions of `borrowers` are liquidatable and restorable.
        """
        basket, borrower, liquidator = self.basket, self.market.borrower, self.market.liquidator
        gas: dict[str, int] = {}

        def second(name: str, method: Any, *arguments: Any) -> None:
            for _ in range(2):
                gas[name] = self.market.use(method, *arguments, sender=borrower)

        for leg in range(1, self.count):
            basket.deposit(leg, 1_000 * WAD, sender=borrower)
        second("deposit", basket.deposit, 0, 1_000 * WAD)
        second("borrow", basket.borrow, 100_000 * WAD)
        second("open", basket.open, 0, 10 * WAD, 10_000 * WAD, borrower, borrower, b"")
        second("withdraw", basket.withdraw, 0, WAD)
        second("repay", basket.repay, 10_000 * WAD)
        second("close", basket.close, 10_000 * WAD, 0, WAD, borrower, borrower, b"")

        owners = self.borrowers(4, 1)
        self.set_price(crashed)
        for name, without in (("liquidate", 0), ("liquidate_without_a_leg", 1)):
            for owner in (owners.pop(), owners.pop()):
                gas[name] = self.market.use(
                    basket.liquidate, owner, MAX, [], without, liquidator, b"", sender=liquidator
                )
        batches = {}
        for size in (SMALL, LARGE):
            self.set_price(self.price)
            orders = [order(owner) for owner in self.borrowers(size, 1_000 * size)]
            self.set_price(crashed)
            call = (basket.liquidate_batch, orders, [], liquidator, b"")
            batches[size] = self.market.use(*call, sender=liquidator)
        gas["marginal_liquidation"] = (batches[LARGE] - batches[SMALL]) // (LARGE - SMALL)
        return gas
