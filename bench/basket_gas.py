"""The gas of baskets with 2, 4 and 8 legs, on the market and under the rules of `gas`, in steady state.

A basket has a pool of its own. Every leg is a neutral token with a ChainlinkOracle over two feeds: one of its
own, and that of the loan asset, which all legs share. Positions hold the first legs, each worth the same.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from plimsoll.chain.protocol import open_pool
from plimsoll.params import BLUE_CHIP, PoolParams
from plimsoll.units import HOUR, MAX, NOBODY, WAD, order

if TYPE_CHECKING:
    from bench.gas import Market

SMALL, LARGE = 1, 21  # batches, whose difference is what each further position costs
CEILING_FACTOR = 4  # prices

Figures = dict[str, dict[str, dict[str, int | None]]]


@dataclass(frozen=True)
class Kind:
    """How many legs a basket has, and how many of them positions hold."""

    legs: int
    held: int

    def __str__(self) -> str:
        return f"{self.legs} legs" if self.held == self.legs else f"{self.held} of {self.legs} legs"


KINDS = (Kind(2, 2), Kind(4, 4), Kind(8, 8), Kind(8, 2))
BUDGET = {
    "deposit": dict.fromkeys(KINDS, 49_500),
    "borrow": dict(zip(KINDS, (99_000, 130_000, 192_000), strict=False)),
    "liquidate": dict(zip(KINDS, (146_000, 210_000, 340_000), strict=False)),
    "marginal_liquidation": {KINDS[0]: 16_500},
}


class Basket:
    """A basket with its pool, its tokens and their feeds."""

    def __init__(self, market: "Market", kind: Kind, price: int) -> None:
        """Deploys one whose legs cost `price` loan tokens each; people have tokens and allowances."""
        make, owner = market.chain.make, market.owner
        self.market, self.held, self.price = market, kind.held, price
        self.tokens = tokens = [make("PlainToken", f"Leg {leg}", f"LEG{leg}", 18) for leg in range(kind.legs)]
        self.feeds = [make("MockFeed", 8, price * 10**8) for _ in tokens]
        ltv, threshold, *risk = BLUE_CHIP.to_struct(18)
        none = (NOBODY, 0, 0)
        legs = []
        for token, feed in zip(tokens, self.feeds, strict=True):
            terms = [(each.address, 7 * 24 * HOUR, 1, 10**15) for each in (feed, market.feeds[1])]
            parts = (token, market.loan, price * 10**36, *terms, none, none, *[NOBODY] * 3, 0)
            oracle = make("ChainlinkOracle", parts)
            legs.append((token, oracle, ltv, threshold, CEILING_FACTOR * price * 10**36))
        params = PoolParams(name="Gas", symbol="GAS")
        made = market.protocol.create_pool(params.to_struct(market.loan.address, 18), owner, params.delay)
        self.basket: Any = market.protocol.create_basket(made.pool, legs, (0, 0, *risk))
        open_pool(made, {self.basket.address: 10**9 * WAD}, owner)
        market.loan.approve(made.pool, MAX, sender=market.lender)
        for actor in (market.borrower, market.liquidator):
            market.loan.approve(self.basket, MAX, sender=actor)
            for token in tokens:
                token.mint(actor, 10**9 * WAD, sender=owner)
                token.approve(self.basket, MAX, sender=actor)
        made.pool.deposit(10**7 * WAD, market.lender, sender=market.lender)

    def set_price(self, quote: int) -> None:
        """Moves the feeds of all legs."""
        for feed in self.feeds:
            feed.set_answer(quote * 10**8, sender=self.market.owner)

    def borrowers(self, count: int, offset: int) -> list[str]:
        """`count` new owners, each with ten tokens over the legs held and 15,000 of debt."""
        owners = self.market.addresses(count, offset)
        for owner in owners:
            for leg in range(self.held):
                self.basket.deposit(leg, 10 * WAD // self.held, owner, sender=self.market.borrower)
            self.basket.borrow(15_000 * WAD, sender=owner)
        return owners

    def measure(self, crashed: int) -> dict[str, int]:
        """Gas by operation.

        Args:
            crashed: a price at which the positions of `borrowers` are liquidatable and restorable.
        """
        basket, borrower, liquidator = self.basket, self.market.borrower, self.market.liquidator
        gas: dict[str, int] = {}

        def operation(name: str, method: Any, *arguments: Any) -> None:
            for _ in range(2):  # the second figure stays
                gas[name] = self.market.use(method, *arguments, sender=borrower)

        for leg in range(1, self.held):
            basket.deposit(leg, 1_000 * WAD, sender=borrower)
        operation("deposit", basket.deposit, 0, 1_000 * WAD)
        operation("withdraw_without_debt", basket.withdraw, 0, WAD)
        operation("borrow", basket.borrow, 100_000 * WAD)
        operation("open", basket.open, 0, 10 * WAD, 10_000 * WAD, borrower, borrower, b"")
        operation("withdraw", basket.withdraw, 0, WAD)
        operation("repay", basket.repay, 10_000 * WAD)
        operation("close", basket.close, 10_000 * WAD, 0, WAD, borrower, borrower, b"")

        owners = self.borrowers(4, 1)
        self.set_price(crashed)
        for name, without in (("liquidate", 0), ("liquidate_without_a_leg", 1)):
            for owner in (owners.pop(), owners.pop()):
                call = (basket.liquidate, owner, MAX, [], without, liquidator, b"")
                gas[name] = self.market.use(*call, sender=liquidator)
        batches = {}
        for size in (SMALL, LARGE):
            self.set_price(self.price)
            orders = [order(owner) for owner in self.borrowers(size, 1_000 * size)]
            self.set_price(crashed)
            call = (basket.liquidate_batch, orders, [], liquidator, b"")
            batches[size] = self.market.use(*call, sender=liquidator)
        gas["marginal_liquidation"] = (batches[LARGE] - batches[SMALL]) // (LARGE - SMALL)
        self.set_price(self.price)
        return gas | self.measure_periphery(crashed)

    def measure_periphery(self, crashed: int) -> dict[str, int]:
        """Gas through Liquidator and Leverage, each leg over a pair of its own; see `measure`."""
        market, basket = self.market, self.basket
        loan, owner, use = market.loan, market.owner, market.use
        uniswap = market.chain.make("UniswapV2Factory", owner)
        liquidator, leverage = (
            market.chain.make(name, market.protocol.factory, uniswap) for name in ("Liquidator", "Leverage")
        )
        for token in self.tokens:
            uniswap.createPair(loan, token, sender=owner)
            pair = market.chain.at("UniswapV2Pair", uniswap.getPair(loan, token))
            loan.mint(pair, self.price * 10**6 * WAD, sender=owner)
            token.mint(pair, 10**6 * WAD, sender=owner)
            pair.mint(owner, sender=owner)
            token.approve(leverage, MAX, sender=market.borrower)
        loan.approve(liquidator, MAX, sender=market.liquidator)
        paths = [[token, loan] for token in self.tokens]
        gas: dict[str, int] = {}
        for repeated in range(2):  # the second figure stays
            self.set_price(self.price)
            one, other, *many = self.borrowers(12, 100_000 + 100 * repeated)
            self.set_price(crashed)
            for name, method, *call in (
                ("liquidate_without_capital", liquidator.liquidate_basket, one, MAX, 0, paths, 0),
                ("liquidate_with_own_funds", liquidator.liquidate_basket_with_funds, other, MAX, [], 0),
                (
                    "batch_of_10_without_capital",
                    liquidator.liquidate_basket_batch,
                    [*map(order, many)],
                    paths,
                    0,
                ),
            ):
                gas[name] = use(method, basket, *call, sender=market.liquidator)
        self.set_price(self.price)
        trader, late, (out_of, *_) = market.borrower, 2**63, paths
        basket.set_operator(leverage, 3, sender=trader)
        for _ in range(2):
            call = (10 * WAD, 0, 20_000 * WAD, out_of[::-1], 1, WAD, late)
            gas["open_leg"] = use(leverage.open_leg, basket, 0, *call, sender=trader)
            call = (10_000 * WAD, WAD, out_of, MAX, WAD, late)
            gas["close_leg"] = use(leverage.close_leg, basket, 0, *call, sender=trader)
        return gas


def measure(market: "Market", price: int, crashed: int) -> Figures:
    """Gas and budget of every kind of basket, by operation; for prices see `Basket`."""
    gas = {kind: Basket(market, kind, price).measure(crashed) for kind in KINDS}
    return {
        name: {
            str(kind): {"steady": figures[name], "budget": BUDGET.get(name, {}).get(kind)}
            for kind, figures in gas.items()
        }
        for name in gas[KINDS[0]]
    }


def table(figures: Figures) -> Table:
    """For a terminal: figures, with the part of the budget where there is one."""
    grid = Table(title="Baskets, steady (of budget)")
    grid.add_column("operation")
    for kind in KINDS:
        grid.add_column(str(kind), justify="right")
    for name, row in figures.items():
        grid.add_row(name.replace("_", " "), *map(_cell, row.values()))
    return grid


def _cell(figure: dict[str, int | None]) -> str:
    steady, budget = figure["steady"], figure["budget"]
    assert steady is not None
    if budget is None:
        return f"{steady:,}"
    colour = "green" if steady <= budget else "red"
    return f"{steady:,} ([{colour}]{steady / budget:.1%}[/{colour}])"
