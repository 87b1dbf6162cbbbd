"""A market twice: the contracts on an engine, and the exact twin. What is done is done to both.

Agents read the twin, which answers at once and to the wei. Every transaction runs on the twin first, then on
the chain; both must succeed or both revert, with the same events. `compare` holds the books against each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from plimsoll.chain.abi import Events, Log
from plimsoll.chain.engine import (
    Artifact,
    Contract,
    Engine,
    Transaction,
)
from plimsoll.chain.protocol import BLUEPRINTS, Deployer
from plimsoll.market.deployment import (
    CURATOR,
    DEPLOYER,
    MarketPlan,
    Token,
    VaultPlan,
    deployed,
    made_up,
    modelled,
)
from plimsoll.params import PoolParams
from plimsoll.scenario.config import Scenario, VaultConfig
from plimsoll.twin.chain import Chain, Event, Revert
from plimsoll.twin.oracle import FeedOracle
from plimsoll.twin.share_math import to_assets_up
from plimsoll.units import MAX

Artifacts = Mapping[str, Artifact]
CONTRACTS = (
    *BLUEPRINTS, "Factory", "ChainlinkOracle", "Liquidator", "Leverage", "PlainToken", "MockFeed"
)  # fmt: skip
DEADLINE = 2**63
GUARDIAN = made_up("guardian")


class Difference(AssertionError):
    """The twin and the chain disagree: a bug of one of them."""


class Side(NamedTuple):
    """A contract and its twin."""

    contract: Contract
    model: Any


@dataclass(slots=True)
class Market:
    """A vault with what belongs to it."""

    config: VaultConfig
    vault: Side
    collateral: Side
    feed: Side
    oracle: FeedOracle
    pair: str | None  # address of the DEX's pair


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


class Outcome(NamedTuple):
    """What became of an action: the twin's answer or its revert; events of the chain, decoded."""

    action: Action
    answer: Any
    events: list[Event]
    moves: list[float]  # by which the price on each vault's DEX was multiplied; 1 without a DEX

    @property
    def is_success(self) -> bool:
        """Whether it did not revert."""
        return not isinstance(self.answer, Revert)


class World:
    """One pool with its vaults."""

    def __init__(
        self, engine: Engine, artifacts: Artifacts, scenario: Scenario, prices: Sequence[float]
    ) -> None:
        """Deploys everything at the first price of each vault; nobody has lent or borrowed yet."""
        self.engine = engine
        self.scenario = scenario
        self.twin = Chain(engine.now)
        self._artifacts = artifacts
        self._events = Events()
        self.events: list[Event] = []  # of the block that was done last

        plan = _plan(scenario, prices)
        made = deployed(Deployer(engine, DEPLOYER, artifacts.__getitem__), plan)
        chain, self.router = made.parts, made.router
        model = modelled(self.twin, plan, chain.each(lambda contract: contract.address))
        twin, self._dex = model.parts, model.exchange
        self.loan = self._side("PlainToken", chain.loan, twin.loan)
        self.pool = self._side("Pool", chain.pool, twin.pool)
        self.backstop = self._side("Backstop", chain.backstop, twin.backstop)
        self.backstop.model.synced_at = self.backstop.contract.call("synced_at")
        self.council = self._side("Council", chain.council, twin.council)
        self.liquidator: Side | None = None
        self.leverage: Side | None = None
        if chain.liquidator and chain.leverage:
            self.liquidator = self._side("Liquidator", chain.liquidator, twin.liquidator)
            self.leverage = self._side("Leverage", chain.leverage, twin.leverage)
        self.markets: list[Market] = []
        for config, ours, theirs in zip(
            scenario.vaults, chain.spokes.values(), twin.spokes.values(), strict=True
        ):
            vault = self._side("Vault", ours.vault, theirs.vault)
            collateral = self._side("PlainToken", ours.collateral, theirs.collateral)
            assert ours.feed
            feed = Side(ours.feed, theirs.feed)
            self.markets.append(Market(config, vault, collateral, feed, theirs.oracle, ours.pair))
        for market in self.markets:
            limit = scenario.loan_units(market.config.credit_limit)
            self.must(self.act(CURATOR, self.council, "set_limit", market.vault.contract.address, limit))
        self.must(self.act(CURATOR, self.council, "open_pool"))
        if scenario.has_guardian:
            self.must(self.act(CURATOR, self.council, "queue_guardian", GUARDIAN))
            engine.advance(plan.pool.delay)
            self.must(self.act(CURATOR, self.council, "execute_queued"))

    def _side(self, name: str, contract: Contract, model: Any) -> Side:
        """A contract whose events are the twin's, too."""
        self._events.listen(contract.address, self._artifacts[name].abi)
        return Side(contract, model)

    def reserves(self, market: Market) -> tuple[int, int]:
        """What the pair of a vault with a DEX holds: collateral, loan asset; base units."""
        assert market.pair
        return market.collateral.model.balance_of(market.pair), self.loan.model.balance_of(market.pair)

    def _dex_prices(self) -> list[float]:
        """Marginal prices on the vaults' DEXs, in base units; 1 without one."""
        held = [self.reserves(market) if market.pair else (1, 1) for market in self.markets]
        return [loan / collateral for collateral, loan in held]

    @staticmethod
    def answer_of(config: VaultConfig, price: float) -> int:
        """A price as the vault's feed says it; at least 2, the least that its oracle believes."""
        return max(2, round(price * 10.0**config.oracle.decimals))

    # ----------------------------------------------------------------------------------------- acting

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

    def first_answers(self, prices: Sequence[float]) -> list[Action]:
        """Sets every feed to an outside price, a vault each."""
        return [
            self.act(DEPLOYER, market.feed, "set_answer", self.answer_of(market.config, price), label="feed")
            for market, price in zip(self.markets, prices, strict=True)
        ]

    def mint(self, token: Side, to: str, amount: int) -> Action:
        """Creates tokens."""
        return Action(DEPLOYER, token.contract, "mint", (to, amount), lambda: token.model.mint(to, amount))

    def burn(self, token: Side, owner: str, amount: int) -> Action:
        """Destroys tokens."""
        return Action(
            DEPLOYER, token.contract, "burn", (owner, amount), lambda: token.model.burn(owner, amount)
        )

    def path(self, market: Market) -> list[str]:
        """The tokens of a sale of collateral on the vault's DEX."""
        return [market.collateral.contract.address, self.loan.contract.address]

    def swap(
        self, market: Market, sender: str, token_in: Side, amount: int, bid: int = 0, label: str = "swap"
    ) -> Action:
        """Sells an exact amount, above 0, on the vault's DEX, through Uniswap's router; at any price."""
        assert self.router
        path = self.path(market) if token_in is market.collateral else self.path(market)[::-1]
        arguments = (amount, 0, path, sender, DEADLINE)
        model = lambda: self._dex.sell(sender, path, amount)  # noqa: E731
        return Action(sender, self.router, "swapExactTokensForTokens", arguments, model, bid, label)

    def flash_liquidation(
        self, market: Market, sender: str, orders: Sequence[int], min_profit: int, bid: int, label: str
    ) -> Action:
        """Liquidates without capital, through the Liquidator."""
        assert self.liquidator
        arguments = (market.vault.contract.address, orders, self.path(market), min_profit)
        return self.act(sender, self.liquidator, "liquidate_batch", *arguments, bid=bid, label=label)

    def unwind(self, market: Market, owner: str, repayment: int) -> Action:
        """Sells collateral of a position on the vault's DEX and repays with it, through Leverage.

        It bids as much as arbitrageurs do, who are asked later.
        """
        assert self.leverage
        arguments = (market.vault.contract.address, repayment, 0, self.path(market), MAX, 0, DEADLINE)
        return self.act(owner, self.leverage, "close", *arguments, bid=1, label="unwind")

    def loan_units(self, tokens: Decimal) -> int:
        """Base units of the loan asset."""
        return self.scenario.loan_units(tokens)

    def debt_totals(self) -> tuple[int, int]:
        """The pool's debt with interest up to now: 1/65536 base units; shares."""
        totals = self.pool.model.accrued()
        return totals.total_debt, totals.total_debt_shares

    def do(self, *actions: Action) -> list[Outcome]:
        """Puts actions into one block, in this order.

        Raises:
            Difference: chain and twin do not do the same.
        """
        self.twin.now = self.engine.now
        expected = []
        prices = self._dex_prices()
        for action in actions:
            self.twin.events.clear()
            try:
                answer = self.twin.transact(action.model)
            except Revert as revert:
                answer = revert
            before, prices = prices, self._dex_prices()
            moves = [price / other for price, other in zip(prices, before, strict=True)]
            expected.append((answer, list(self.twin.events), moves))
        receipts = self.engine.block(
            [
                Transaction(
                    each.sender, each.contract.address, each.contract.encode(each.function, *each.arguments)
                )
                for each in actions
            ]
        )
        outcomes = []
        self.events = []
        for action, (answer, logged, moves), receipt in zip(actions, expected, receipts, strict=True):
            if receipt.is_success == isinstance(answer, Revert):
                raise Difference(
                    f"{action.function}{action.arguments}: chain {receipt.is_success}, twin {answer!r}"
                )
            events = [event for log in receipt.logs if (event := self._decoded(log))]
            if events != logged:
                raise Difference(f"events of {action.function}{action.arguments}: {events} is not {logged}")
            self.events += events
            outcomes.append(Outcome(action, answer, events, moves))
        return outcomes

    def must(self, *actions: Action) -> None:
        """As `do`, for actions that have to succeed.

        Raises:
            RuntimeError: one reverted.
        """
        for outcome in self.do(*actions):
            if not outcome.is_success:
                raise RuntimeError(f"{outcome.action.function}{outcome.action.arguments}: {outcome.answer}")

    def _decoded(self, log: Log) -> Event | None:
        """An event as the twin writes it; None for one that it does not model."""
        event = self._events.of(log)
        return Event(log.address, event.name, event.decode(log)) if event else None

    # -------------------------------------------------------------------------------------- comparing

    def compare(self) -> int:
        """Holds every book of the chain against the twin's; returns how many numbers are equal.

        Raises:
            Difference: naming the first that is not.
        """
        count = 0
        for what, found, expected in self._books():
            if found != expected:
                raise Difference(f"{what}: chain {found}, twin {expected}")
            count += len(expected) if isinstance(expected, tuple) else 1
        return count

    def _books(self) -> Iterator[tuple[str, Any, Any]]:
        """What, the chain's answer, the twin's."""
        chain, model = self.pool
        t = model.accrued()
        totals = t.total_assets, t.total_debt, t.total_supply, t.total_debt_shares, t.log_rate, t.flags
        yield "totals of the pool", chain.call("totals"), totals
        for view in ("borrow_rate", "provisions", "reserves"):
            yield f"{view} of the pool", chain.call(view), getattr(model, view)()
        for token in (self.loan, *(market.collateral for market in self.markets)):
            yield "supply of a token", token.contract.call("totalSupply"), token.model.total_supply
        for side in (self.pool, self.loan, *(market.collateral for market in self.markets)):
            for owner, amount in side.model.balances.items():
                yield f"balance of {owner}", side.contract.call("balanceOf", owner), amount
        for owner in self.backstop.model.balances:
            stake = self.backstop.contract.call("balanceOf", owner[1])
            yield f"stake of {owner[1]}", stake, self.backstop.model.balance_of(owner[1])
        for market in self.markets:
            address = market.vault.contract.address
            limit, shares = model.line(address)
            drawn = to_assets_up(shares, t.total_debt, t.total_debt_shares)
            yield "credit line", chain.call("credit_line", address), (limit, shares, drawn)
            yield "losses", chain.call("losses", address), model.losses.get(address, 0)
            for owner in market.vault.model.positions:
                word = market.vault.contract.call("positions", owner)
                yield f"position of {owner}", word, market.vault.model.word_of(owner)


def _plan(scenario: Scenario, prices: Sequence[float]) -> MarketPlan:
    """What a scenario needs, at the first price of each vault."""
    pool, loan = scenario.pool, scenario.pool.loan
    params = PoolParams(
        name=f"Plimsoll {loan.symbol}",
        symbol=f"p{loan.symbol}",
        reserve_factor=pool.reserve_factor,
        rates=pool.rates,
        draw_burst=pool.draw_burst,
        draw_refill=pool.draw_refill,
    )
    vaults = {
        str(number): VaultPlan(
            Token(config.collateral.symbol, config.collateral.decimals),
            config.to_struct(loan.decimals),
            World.answer_of(config, price),
            config.oracle.decimals,
            config.oracle.stale_after,
            scenario.loan_units(config.dex.depth) if config.dex else None,
        )
        for number, (config, price) in enumerate(zip(scenario.vaults, prices, strict=True))
    }
    return MarketPlan(Token(loan.symbol, loan.decimals), params, vaults, scenario.has_exchange)
