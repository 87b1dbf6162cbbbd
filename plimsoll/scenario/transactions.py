"""Transactions, which mean the same on chain and twin, and those that people of a market send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from plimsoll.chain.engine import Contract
from plimsoll.keeper.choice import Route
from plimsoll.market.deployment import DEPLOYER
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.markets import Leg, Market, Traded
from plimsoll.scenario.oracles import RateConfig
from plimsoll.scenario.routes import Path, Routes, Way
from plimsoll.scenario.sides import Side
from plimsoll.twin.chain import Event, Revert, require
from plimsoll.twin.uniswap_v2 import Exchange
from plimsoll.units import MAX

DEADLINE = 2**63


class Action(NamedTuple):
    """A transaction on both sides. `model` is what it means on the twin; `label` says what it is for."""

    sender: str
    contract: Contract
    function: str
    arguments: tuple[Any, ...]
    model: Callable[[], Any]
    bid: int = 0
    label: str = ""
    agent: str = ""  # whose it is
    most: int = 0  # how far the bid may be raised
    is_private: bool = False  # seen by nobody until it is mined; where it would revert it is not mined


class Outcome(NamedTuple):
    """What became of an action: the twin's answer or its revert."""

    action: Action
    answer: Any
    events: list[Event]  # that the twin models; those of the chain are the same
    moves: list[float]  # by which the price on each collateral's DEX was multiplied; 1 without a DEX

    @property
    def is_success(self) -> bool:
        """Whether it did not revert."""
        return not isinstance(self.answer, Revert)


class Transactions:
    """What can be done in a market; nothing of it has been done yet."""

    scenario: Scenario
    legs: list[Leg]
    loan: Side
    exchange: Exchange  # on the twin
    router: Contract | None
    loan_feed: Side | None
    loan_rate: Side | None
    liquidator: Side | None
    leverage: Side | None

    def reserves(self, market: Traded) -> tuple[int, int]:
        """What the pair of a collateral with a DEX holds: collateral, loan asset; base units."""
        assert market.pair
        return market.collateral.model.balance_of(market.pair), self.loan.model.balance_of(market.pair)

    def dex_price(self, leg: Leg) -> float:
        """Marginal price on the DEX, before its fee, loan tokens for a whole collateral token."""
        collateral, loan = self.reserves(leg)
        return loan / collateral * 10.0 ** (leg.config.collateral.decimals - self.scenario.pool.loan.decimals)

    def act(
        self, sender: str, side: Side, function: str, *arguments: Any, bid: int = 0, label: str = ""
    ) -> Action:
        """An action whose twin takes the sender and the same arguments."""
        model = getattr(side.model, function)
        return Action(
            sender,
            side.contract,
            function,
            arguments,
            lambda: model(sender, *arguments),
            bid,
            label or function,
        )

    def act_on_basket(
        self, sender: str, market: Market, function: str, *arguments: Any, bid: int = 0, label: str = ""
    ) -> Action:
        """As `act`, for a function whose last argument is data for a callback: none."""
        action = self.act(sender, market.vault, function, *arguments, bid=bid, label=label)
        return action._replace(arguments=(*arguments, b""))

    def first_answers(self, prices: Sequence[float]) -> list[Action]:
        """Sets every feed to an outside price, a collateral each, and every rate to its first.

        A loan token is worth a dollar then.
        """
        pool, found = self.scenario.pool, self.report_loan(0)
        if pool.loan_feed and self.loan_feed:
            answer = pool.loan_feed.answer(pool.asset_price(1, 0))
            found.append(self.act(DEPLOYER, self.loan_feed, "set_answer", answer, label="feed"))
        for leg, price in zip(self.legs, prices, strict=True):
            found += self.report(leg, 0)
            own = leg.config.oracle
            for settings, feed in leg.feeds():
                said = own.asset_price(price, 0) if settings is own else price
                found.append(self.act(DEPLOYER, feed, "set_answer", settings.answer(said), label="feed"))
        return found

    def report(self, leg: Leg, second: int) -> list[Action]:
        """Sets the rate of a collateral to what it is a second after the start, if it is another."""
        return self._reported(leg.rate, leg.config.oracle.rate, second)

    def report_loan(self, second: int) -> list[Action]:
        """As `report`, of the loan asset."""
        return self._reported(self.loan_rate, self.scenario.pool.loan_rate, second)

    def _reported(self, side: Side | None, settings: RateConfig | None, second: int) -> list[Action]:
        if not side or not settings or (rate := settings.units(second)) == side.model.rate:
            return []
        return [self.act(DEPLOYER, side, "set_rate", rate, label="rate")]

    def mint(self, token: Side, to: str, amount: int) -> Action:
        """Creates tokens."""
        return Action(DEPLOYER, token.contract, "mint", (to, amount), lambda: token.model.mint(to, amount))

    def burn(self, token: Side, owner: str, amount: int) -> Action:
        """Destroys tokens."""
        return Action(
            DEPLOYER, token.contract, "burn", (owner, amount), lambda: token.model.burn(owner, amount)
        )

    def path(self, market: Traded) -> list[str]:
        """The tokens of a sale of collateral on its DEX."""
        return [market.collateral.contract.address, self.loan.contract.address]

    def routes(self, leg: Leg) -> Routes:
        """The ways to sell a collateral that has a DEX, as they stand on the twin."""
        paths = [self.path(leg)]
        if leg.between:
            paths.append([paths[0][0], leg.between.token.contract.address, paths[0][1]])
        return Routes([Way(path, Route(tuple(self.exchange.reserves(path)))) for path in paths])

    def swap(
        self,
        market: Traded,
        sender: str,
        token_in: Side,
        amount: int,
        least: int = 0,
        bid: int = 0,
        label: str = "swap",
    ) -> Action:
        """Sells an exact amount, above 0, on the collateral's pair for `least` or more."""
        path = self.path(market) if token_in == market.collateral else self.path(market)[::-1]
        return self.swap_along(path, sender, amount, least, bid, label)

    def swap_along(
        self, path: Path, sender: str, amount: int, least: int = 0, bid: int = 0, label: str = "swap"
    ) -> Action:
        """Sells an exact amount, above 0, of the first token of a path for the last one."""
        assert self.router
        arguments = (amount, least, path, sender, DEADLINE)

        def model() -> int:
            out = self.exchange.sell(sender, path, amount)
            require(out >= least, "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT")
            return out

        return Action(sender, self.router, "swapExactTokensForTokens", arguments, model, bid, label)

    def approve_shares(self, leg: Leg, owner: str) -> Action:
        """Lets Uniswap's router move an owner's shares of a pair; the twin asks nobody."""
        assert self.router and leg.shares
        arguments = (self.router.address, MAX)
        return Action(owner, leg.shares.contract, "approve", arguments, lambda: None)

    def remove_liquidity(self, leg: Leg, owner: str, amount: int, label: str) -> Action:
        """Burns shares of a pair for their part of it, through Uniswap's router."""
        assert self.router and leg.shares
        model, tokens = leg.shares.model, self.path(leg)[::-1]
        arguments = (*tokens, amount, 0, 0, owner, DEADLINE)
        return Action(
            owner, self.router, "removeLiquidity", arguments, lambda: model.remove(owner, amount), label=label
        )

    def add_liquidity(self, leg: Leg, owner: str, loan: int, collateral: int, label: str) -> Action:
        """Gives at most so much of both tokens to a pair, for shares, through Uniswap's router."""
        assert self.router and leg.shares
        model, tokens = leg.shares.model, self.path(leg)[::-1]
        arguments = (*tokens, loan, collateral, 0, 0, owner, DEADLINE)
        return Action(
            owner, self.router, "addLiquidity", arguments,
            lambda: model.add(owner, loan, collateral), label=label,
        )  # fmt: skip

    def flash_liquidation(
        self,
        market: Market,
        sender: str,
        orders: Sequence[int],
        sold: int,
        min_profit: int,
        bid: int,
        label: str,
    ) -> Action:
        """Liquidates without capital, through the Liquidator, on the way that is best for what is sold."""
        assert self.liquidator
        path = self.routes(market.leg).best(sold).path
        arguments = (market.vault.contract.address, orders, path, min_profit)
        return self.act(sender, self.liquidator, "liquidate_batch", *arguments, bid=bid, label=label)

    def flash_basket_liquidation(
        self,
        market: Market,
        sender: str,
        what: Sequence[Any],
        sold: Sequence[int],
        min_profit: int,
        bid: int,
        label: str,
    ) -> Action:
        """Liquidates in a basket without capital, each leg sold on its own DEX.

        Args:
            market: the basket; every leg has a DEX.
            sender: who gets the profit.
            what: orders, or one owner, the limit of the repayment and the mask of legs that are left out.
            sold: of each leg, base units; each goes the way that is best for it.
            min_profit: base units of the loan asset.
            bid: for the place in the block.
            label: what it is for.
        """
        assert self.liquidator
        function = "liquidate_basket_batch" if len(what) == 1 else "liquidate_basket"
        arguments = (
            market.vault.contract.address,
            *what,
            [self.routes(leg).best(amount).path for leg, amount in zip(market.legs, sold, strict=True)],
            min_profit,
        )
        return self.act(sender, self.liquidator, function, *arguments, bid=bid, label=label)

    def unwind(self, market: Market, owner: str, repayment: int) -> Action:
        """Sells collateral of a position on the vault's DEX and repays with it, through Leverage.

        It bids as much as arbitrageurs do, who are asked later.
        """
        assert self.leverage
        arguments = (market.vault.contract.address, repayment, 0, self.path(market), MAX, 0, DEADLINE)
        return self.act(owner, self.leverage, "close", *arguments, bid=1, label="unwind")

    def unwind_leg(self, market: Market, place: int, owner: str, repayment: int) -> Action:
        """As `unwind`, of one leg of a basket."""
        assert self.leverage
        path = self.path(market.legs[place])
        arguments = (market.vault.contract.address, place, repayment, 0, path, MAX, 0, DEADLINE)
        return self.act(owner, self.leverage, "close_leg", *arguments, bid=1, label="unwind")

    def loan_units(self, tokens: Decimal) -> int:
        """Base units of the loan asset."""
        return self.scenario.loan_units(tokens)
