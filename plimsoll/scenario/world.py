"""A market twice: the contracts on an engine, and the exact twin. What is done is done to both.

Agents read the twin, which answers at once and to the wei. Every transaction runs on the twin first, then on
the chain; both must succeed or both revert, with the same events. `compare` holds the books against each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from plimsoll.chain.abi import Events, Log
from plimsoll.chain.engine import (
    Artifact,
    Contract,
    Engine,
    Transaction,
)
from plimsoll.chain.protocol import Deployer, Protocol
from plimsoll.params import PoolParams
from plimsoll.scenario.config import Scenario, VaultConfig
from plimsoll.twin.backstop import Backstop
from plimsoll.twin.chain import Chain, Event, Revert, Token
from plimsoll.twin.council import Council
from plimsoll.twin.leverage import Leverage
from plimsoll.twin.liquidation import Risk
from plimsoll.twin.liquidator import Liquidator
from plimsoll.twin.oracle import Feed, FeedOracle
from plimsoll.twin.pool import Pool
from plimsoll.twin.rates import Curve
from plimsoll.twin.share_math import to_assets_up
from plimsoll.twin.uniswap_v2 import Exchange
from plimsoll.twin.vault import Vault
from plimsoll.units import MAX, NOBODY

Artifacts = Mapping[str, Artifact]
CONTRACTS = (
    "Pool", "Council", "Backstop", "Vault", "Factory", "ChainlinkOracle", "Liquidator", "Leverage",
    "PlainToken", "MockFeed",
)  # fmt: skip
DEADLINE = 2**63
ANSWERS = (1, 2**95)  # between which the oracle believes the feed


def account(name: str) -> str:
    """An address by a name."""
    return "0x" + sha256(f"plimsoll {name}".encode()).hexdigest()[:40]


DEPLOYER = account("deployer")
CURATOR = account("curator")
GUARDIAN = account("guardian")


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
        self._deployer = Deployer(engine, DEPLOYER, artifacts.__getitem__)
        self._protocol = Protocol(self._deployer)
        self._events = Events()
        self.markets: list[Market] = []
        self.events: list[Event] = []  # of the block that was done last

        token = scenario.pool.loan
        self.loan = self._token(token.symbol, token.decimals)
        config = scenario.pool
        params = PoolParams(
            name=f"Plimsoll {token.symbol}",
            symbol=f"p{token.symbol}",
            reserve_factor=config.reserve_factor,
            rates=config.rates,
            draw_burst=config.draw_burst,
            draw_refill=config.draw_refill,
        )
        struct: tuple[Any, ...] = params.to_struct(self.loan.contract.address, token.decimals)
        made = self._protocol.create_pool(struct, CURATOR, params.delay)
        pool, council, backstop = made.pool.address, made.council.address, made.backstop.address
        model = Pool(
            self.twin, self.loan.model, pool, Curve(*struct[5]), *struct[3:5], *struct[6:8], *struct[10:]
        )
        model.initialize(council, backstop)
        self.pool = self._side("Pool", pool, model)
        junior = Backstop(self.twin, model, backstop, *struct[8:10])
        self.backstop = self._side("Backstop", backstop, junior)
        self.backstop.model.synced_at = self.backstop.contract.call("synced_at")
        self.council = self._side(
            "Council", council, Council(self.twin, model, council, CURATOR, params.delay, junior)
        )
        self._dex = Exchange()
        self._vaults: dict[str, Vault] = {}
        self.uniswap: Contract | None = None
        self.router: Contract | None = None
        self.liquidator: Side | None = None
        self.leverage: Side | None = None
        if any(vault.dex for vault in scenario.vaults):
            self._exchange()
        for vault, price in zip(scenario.vaults, prices, strict=True):
            self.markets.append(self._market(vault, price))
        self.twin.events.clear()
        for market in self.markets:
            limit = scenario.loan_units(market.config.credit_limit)
            self.must(self.act(CURATOR, self.council, "set_limit", market.vault.contract.address, limit))
        self.must(self.act(CURATOR, self.council, "open_pool"))
        if scenario.has_guardian:
            self.must(self.act(CURATOR, self.council, "queue_guardian", GUARDIAN))
            engine.advance(params.delay)
            self.must(self.act(CURATOR, self.council, "execute_queued"))

    # ---------------------------------------------------------------------------------------- making

    def _make(self, name: str, *arguments: Any) -> Contract:
        return self._deployer.make(name, *arguments)

    def _side(self, name: str, address: str, model: Any) -> Side:
        """A contract whose events are the twin's, too."""
        self._events.listen(address, self._artifacts[name].abi)
        return Side(self._deployer.at(name, address), model)

    def _token(self, symbol: str, decimals: int) -> Side:
        address = self._make("PlainToken", symbol, symbol, decimals).address
        return self._side("PlainToken", address, Token(self.twin, address))

    def _exchange(self) -> None:
        self.uniswap = self._make("UniswapV2Factory", DEPLOYER)
        self.router = self._make("UniswapV2Router02", self.uniswap.address, NOBODY)
        for name, model in (("Liquidator", Liquidator), ("Leverage", Leverage)):
            address = self._make(name, self._protocol.factory, self.uniswap).address
            twin = model(self.twin, address, self._vaults, self._dex)
            setattr(self, name.lower(), self._side(name, address, twin))

    def _market(self, config: VaultConfig, price: float) -> Market:
        collateral = self._token(config.collateral.symbol, config.collateral.decimals)
        answer = self.answer_of(config, price)
        loan = self.scenario.pool.loan
        scale = 10 ** (36 + loan.decimals - config.collateral.decimals - config.oracle.decimals)
        feed = self._make("MockFeed", config.oracle.decimals, answer)
        heartbeat = config.oracle.stale_after
        none = (NOBODY, 0, 0)
        oracle = self._make("ChainlinkOracle", (
            collateral.contract.address, self.loan.contract.address, answer * scale,
            (feed.address, heartbeat, *ANSWERS), (NOBODY, 0, 0, 0), none, none, NOBODY, NOBODY, NOBODY, 0,
        ))  # fmt: skip
        model_feed = Feed(self.twin, answer)
        model_oracle = FeedOracle(self.twin, model_feed, scale, heartbeat)
        terms = config.to_struct(loan.decimals)
        address = self._protocol.create_vault(self.pool.contract, collateral.contract, oracle, terms).address
        model = Vault(
            self.twin,
            self.pool.model,
            collateral.model,
            model_oracle,
            address,
            Risk.from_struct(terms),
        )
        self.pool.model.own_vaults[address] = True
        self._vaults[address] = model
        vault = self._side("Vault", address, model)
        pair = self._pair(config, collateral, answer * scale) if config.dex else None
        return Market(config, vault, collateral, Side(feed, model_feed), model_oracle, pair)

    def _pair(self, config: VaultConfig, collateral: Side, price: int) -> str:
        assert self.uniswap and config.dex
        addresses = (self.loan.contract.address, collateral.contract.address)
        pair: str = self.uniswap.send("createPair", *addresses, sender=DEPLOYER)
        depth = self.scenario.loan_units(config.dex.depth)
        for side, amount in ((self.loan, depth), (collateral, depth * 10**36 // price)):
            side.contract.send("mint", pair, amount, sender=DEPLOYER)
            side.model.mint(pair, amount)
        self._deployer.at("UniswapV2Pair", pair).send("mint", DEPLOYER, sender=DEPLOYER)
        self._dex.add(pair, self.loan.model, collateral.model)
        return pair

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
        for action, (answer, modelled, moves), receipt in zip(actions, expected, receipts, strict=True):
            if receipt.is_success == isinstance(answer, Revert):
                raise Difference(
                    f"{action.function}{action.arguments}: chain {receipt.is_success}, twin {answer!r}"
                )
            events = [event for log in receipt.logs if (event := self._decoded(log))]
            if events != modelled:
                raise Difference(f"events of {action.function}{action.arguments}: {events} is not {modelled}")
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
