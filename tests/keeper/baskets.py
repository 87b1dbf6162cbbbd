"""A basket on the engine in this process, a node that tests can trouble, and a keeper at it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from plimsoll.keeper.execution import BasketFlash, BasketInventory, Execution
from plimsoll.keeper.index import Index
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.node import BasketNode, Node
from plimsoll.testing import Chain, Contract
from plimsoll.testing.engines import in_process, made_by
from plimsoll.testing.roles import LIQUIDATOR
from plimsoll.units import MAX, WAD
from tests.keeper.node import COIN, PATIENCE, Clock, Engine, MemoryNode, Signer
from tests.utils.periphery import DEPLOYER, PeripheryMarket

QUOTES = (2_000, 40_000, 20)
POSITION = [4 * WAD, 2 * 10**7, 400 * WAD]  # 8,000 dollars each
DEBT = 18_000 * 10**6


class BasketDesk:
    """WETH, BTC and a token that can be halted, positions of all three, and a keeper that has looked once.

    WETH and BTC have pairs with dollars, the third leg has one unless `has_pair` says otherwise.
    """

    def __init__(
        self,
        is_flash: bool = False,
        owners: int = 3,
        has_pair: bool = True,
        third: str = "BlocklistToken",
        via: tuple[str, ...] = (),
        before: Callable[["BasketDesk"], None] = lambda desk: None,
        approved: int = MAX,
        instead: Mapping[str, Any] = MappingProxyType({}),
        **policy: Any,
    ) -> None:
        """Hires the keeper; `policy` is its."""
        with made_by(Engine):
            self.venue = venue = PeripheryMarket(Chain(in_process(), DEPLOYER))
        self.third = venue.make(third, "Third", "THIRD", 18)
        tokens = (venue.weth, venue.btc, self.third)
        if has_pair:
            venue.provide(self.third, 500_000 * WAD, venue.usd, 10**7 * 10**6)
        self.market = venue.basket(venue.usd, list(zip(tokens, QUOTES, strict=True)))
        self.basket: Contract = self.market.basket
        self.owners = [f"0x{0x1000 + number:040x}" for number in range(owners)]
        for owner in self.owners:
            self.market.borrow(owner, POSITION, DEBT)
        if not is_flash:
            venue.give(venue.usd, LIQUIDATOR, 10**12)
            venue.usd.send("approve", self.basket.address, approved, sender=LIQUIDATOR)
        self.clock = Clock()
        before(self)
        self.node = MemoryNode(venue)
        self.node.instead |= instead
        self.place = BasketNode(Node(self.node), self.basket.address)
        self.index = Index(":memory:", 1, self.basket.address, 0, 3)
        way: Execution = (
            BasketFlash(self.place, venue.liquidator.address, via)
            if is_flash
            else BasketInventory(self.place, str(LIQUIDATOR))
        )
        terms = Policy(**{"coin_price": COIN, "patience": PATIENCE, **policy})
        self.keeper = Keeper(self.place, self.index, Signer(), way, terms, self.clock)
        self.look()

    def fall(self, part: float, only: int | None = None) -> None:
        """Oracles fall to a part of their first quotes; of all legs or of one; and a block is mined."""
        for leg, quote in enumerate(QUOTES):
            if only in (None, leg):
                self.market.set_quote(leg, int(quote * part * 1_000) / 1_000)
        self.node.mine()

    def look(self) -> str:
        """One look, and what the keeper says of it."""
        self.keeper.tick_safely()
        self.clock.now += 2
        return self.keeper.status.doing

    def healthy(self) -> int:
        """How many positions are."""
        return sum(self.basket.call("health", owner) >= WAD for owner in self.owners)

    def amounts(self, number: int) -> list[int]:
        """What a position holds of each leg."""
        return list(self.basket.call("position_of", self.owners[number])[0][:3])

    def held(self) -> list[int]:
        """What the keeper holds of dollars and of each leg."""
        tokens = (self.venue.usd, *self.market.tokens)
        return [token.call("balanceOf", str(LIQUIDATOR)) for token in tokens]
