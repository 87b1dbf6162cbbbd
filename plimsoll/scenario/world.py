"""A market twice: the contracts on an engine, and the exact twin. What is done is done to both.

Agents read the twin, which answers at once and to the wei. Every transaction runs on the twin first, then on
the chain; both must succeed or both revert, with the same events. `compare` holds the books against each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from plimsoll.chain.abi import Events, Log
from plimsoll.chain.engine import (
    Artifact,
    CallReverted,
    Contract,
    Engine,
    Transaction,
)
from plimsoll.chain.protocol import BLUEPRINTS, Deployer
from plimsoll.keeper.choice import Route
from plimsoll.market.deployment import (
    CURATOR,
    DEPLOYER,
    BasketPlan,
    LegPlan,
    MarketPlan,
    Parts,
    Spoke,
    Token,
    VaultPlan,
    deployed,
    made_up,
    modelled,
)
from plimsoll.market.oracles import OraclePlan
from plimsoll.params import PoolParams, wad
from plimsoll.scenario.collateral import CollateralConfig, DetourConfig
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.oracles import FeedConfig
from plimsoll.scenario.routes import Between, Path, Routes, Way, made_between
from plimsoll.scenario.sides import Side
from plimsoll.scenario.vaults import BasketConfig, VaultConfig
from plimsoll.twin import slices
from plimsoll.twin.chain import Chain, Event, Revert, require
from plimsoll.twin.share_math import to_assets_up
from plimsoll.twin.uniswap_v2 import PairShares
from plimsoll.units import MAX, PRICE_SCALE

Artifacts = Mapping[str, Artifact]
CONTRACTS = (
    *BLUEPRINTS, "Factory", "ChainlinkOracle", "Liquidator", "Leverage", "PlainToken", "BlocklistToken",
    "MockFeed", "MockRateVault",
)  # fmt: skip
ORACLE_VIEWS = "price", "safe_price", "marked_at", "confirmed_at", "collateral_rate_cap"
DEADLINE = 2**63
GUARDIAN = made_up("guardian")


class Difference(AssertionError):
    """The twin and the chain disagree: a bug of one of them."""


@dataclass(slots=True)
class Leg:
    """A collateral with its price source and its DEX."""

    number: int  # among the collaterals of all vaults
    config: CollateralConfig
    collateral: Side
    oracle: Side
    feed: Side
    scale: int  # what turns an answer of the feed, for a whole token, into a price, 1e36
    pair: str | None  # address of the DEX's pair
    shares: Side | None  # the pair as a token of those who provide its liquidity, where they come and go
    rate: Side | None
    second: Side | None  # the feed of the second source
    fallback: Side | None  # the feed of the fallback
    between: Between | None = None  # a second way to sell it

    def price(self) -> int:
        """The oracle's price, 1e36; 0 while it has none."""
        return self._asked(self.oracle.model.price)

    def safe_price(self) -> int:
        """The oracle's safe price, 1e36; 0 while it has none."""
        return self._asked(self.oracle.model.safe_price)

    @staticmethod
    def _asked(question: Callable[[], int]) -> int:
        try:
            return question()
        except Revert:
            return 0

    def feeds(self) -> list[tuple[FeedConfig, Side]]:
        """The oracle's own feed and those of its other sources, with when they are updated."""
        sides = [side for side in (self.feed, self.second, self.fallback) if side]
        return [(each, side) for (_, each), side in zip(self.config.oracle.feeds, sides, strict=True)]

    @property
    def is_halted(self) -> bool:
        """Whether nobody can move the token."""
        return bool(self.config.halts) and self.collateral.model.halted


@dataclass(slots=True)
class Market:
    """A vault or basket with what belongs to it."""

    config: VaultConfig | BasketConfig
    vault: Side
    legs: tuple[Leg, ...]  # of a vault one
    is_basket: bool  # whether it has several

    @property
    def owners(self) -> list[str]:
        """Who has, or has had, a position."""
        return list(self.vault.model.shares if self.is_basket else self.vault.model.positions)

    @property
    def leg(self) -> Leg:
        """The only one of a vault."""
        (leg,) = self.legs
        return leg

    @property
    def collateral(self) -> Side:
        """A vault's collateral."""
        return self.leg.collateral

    @property
    def feed(self) -> Side:
        """A vault's feed."""
        return self.leg.feed

    @property
    def oracle(self) -> Side:
        """A vault's oracle."""
        return self.leg.oracle

    @property
    def pair(self) -> str | None:
        """Address of a vault's pair on the DEX."""
        return self.leg.pair


Traded = Market | Leg  # what may have a DEX


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


class World:
    """One pool with its vaults."""

    def __init__(
        self, engine: Engine, artifacts: Artifacts, scenario: Scenario, prices: Sequence[float]
    ) -> None:
        """Deploys everything at the first price of each collateral; nobody has lent or borrowed yet."""
        self.engine = engine
        self.scenario = scenario
        self.twin = Chain(engine.now)
        self._artifacts = artifacts
        self._events = Events()
        self._is_alone = False
        self.events: list[Event] = []  # of the block that was done last

        plan = _plan(scenario, prices)
        made = deployed(Deployer(engine, DEPLOYER, artifacts.__getitem__), plan)
        chain, self.router = made.parts, made.router
        model = modelled(self.twin, plan, chain.each(lambda contract: contract.address))
        twin, self._dex = model.parts, model.exchange
        self.loan = self._side("PlainToken", chain.loan, twin.loan)
        self.pool = self._side("Pool", chain.pool, twin.pool)
        self.backstop = self._side("Backstop", chain.backstop, twin.backstop)
        self.sequencer: Side | None = None
        if chain.sequencer:
            self.sequencer = self._side("MockFeed", chain.sequencer, twin.sequencer)
        self.backstop.model.synced_at = self.backstop.contract.call("synced_at")
        self.council = self._side("Council", chain.council, twin.council)
        self.liquidator: Side | None = None
        self.leverage: Side | None = None
        if chain.liquidator and chain.leverage:
            self.liquidator = self._side("Liquidator", chain.liquidator, twin.liquidator)
            self.leverage = self._side("Leverage", chain.leverage, twin.leverage)
        self.legs: list[Leg] = []
        self.markets = [
            self._market(config, _spokes(number, chain), _spokes(number, twin))
            for number, config in enumerate(scenario.vaults)
        ]
        for leg, price in zip(self.legs, prices, strict=True):
            if leg.config.dex and leg.config.dex.detour:
                leg.between = self._between(leg, leg.config.dex.detour, price)
        for market in self.markets:
            limit = scenario.loan_units(market.config.credit_limit)
            self.must(self.act(CURATOR, self.council, "set_limit", market.vault.contract.address, limit))
        self.must(self.act(CURATOR, self.council, "open_pool"))
        if scenario.has_guardian:
            self.must(self.act(CURATOR, self.council, "queue_guardian", GUARDIAN))
            engine.advance(plan.pool.delay)
            self.must(self.act(CURATOR, self.council, "execute_queued"))

    def _market(
        self,
        config: VaultConfig | BasketConfig,
        ours: Sequence[Spoke[Contract]],
        theirs: Sequence[Spoke[Any]],
    ) -> Market:
        """A vault or basket, on the chain and on the twin; a spoke for each collateral."""
        name = "Basket" if isinstance(config, BasketConfig) else "Vault"
        first = len(self.legs)
        for each, one, other in zip(config.collaterals, ours, theirs, strict=True):
            token = "BlocklistToken" if each.halts else "PlainToken"
            collateral = self._side(token, one.collateral, other.collateral)
            oracle = self._side("ChainlinkOracle", one.oracle, other.oracle)
            assert one.feed
            feed = Side(one.feed, other.feed)
            digits = 36 + self.scenario.pool.loan.decimals - each.collateral.decimals - each.oracle.decimals
            rate, second, fallback = (
                Side(contract, model) if contract else None
                for contract, model in (
                    (one.rate, other.rate), (one.second, other.second), (one.fallback, other.fallback),
                )
            )  # fmt: skip
            self.legs.append(
                Leg(
                    len(self.legs), each, collateral, oracle, feed, 10**digits, one.pair,
                    self._shares(each, collateral, one.pair), rate, second, fallback,
                )
            )  # fmt: skip
        vault = self._side(name, ours[0].vault, theirs[0].vault)
        return Market(config, vault, tuple(self.legs[first:]), name == "Basket")

    def _shares(self, config: CollateralConfig, collateral: Side, pair: str | None) -> Side | None:
        """The pair as a token, if any of it is ever taken out; all of it belongs to the deployer."""
        if not pair or not config.dex or not config.dex.thinning:
            return None
        contract = Contract(self.engine, pair, self._artifacts["UniswapV2Pair"].abi)
        model = PairShares(self.twin, pair, (self.loan.model, collateral.model), DEPLOYER)
        return Side(contract, model)

    def _between(self, leg: Leg, config: DetourConfig, price: float) -> Between:
        """A token between a collateral and the loan asset, with its two pairs, at a first outside price."""
        assert self.router
        loan = self.loan_units(config.depth)
        stock = (
            loan * PRICE_SCALE // (leg.config.oracle.answer(price) * leg.scale),
            loan,
            config.between,
        )
        made = made_between(
            Deployer(self.engine, DEPLOYER, self._artifacts.__getitem__),
            self.router, self._dex, self.twin, len(self.legs) + sum(1 for it in self.legs if it.between),
            (config.symbol, config.decimals),
            (leg.collateral, self.loan), stock,
        )  # fmt: skip
        self._events.listen(made.token.contract.address, self._artifacts["PlainToken"].abi)
        return made

    def _side(self, name: str, contract: Contract, model: Any) -> Side:
        """A contract whose events are the twin's, too."""
        self._events.listen(contract.address, self._artifacts[name].abi)
        return Side(contract, model)

    def reserves(self, market: Traded) -> tuple[int, int]:
        """What the pair of a collateral with a DEX holds: collateral, loan asset; base units."""
        assert market.pair
        return market.collateral.model.balance_of(market.pair), self.loan.model.balance_of(market.pair)

    def _dex_prices(self) -> list[float]:
        """Marginal prices on the collaterals' DEXs, in base units; 1 without one."""
        held = [self.reserves(leg) if leg.pair else (1, 1) for leg in self.legs]
        return [loan / collateral for collateral, loan in held]

    def dex_price(self, leg: Leg) -> float:
        """Marginal price on the DEX, before its fee, loan tokens for a whole collateral token."""
        collateral, loan = self.reserves(leg)
        return loan / collateral * 10.0 ** (leg.config.collateral.decimals - self.scenario.pool.loan.decimals)

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

    def act_on_basket(
        self, sender: str, market: Market, function: str, *arguments: Any, bid: int = 0, label: str = ""
    ) -> Action:
        """As `act`, for a function whose last argument is data for a callback: none."""
        action = self.act(sender, market.vault, function, *arguments, bid=bid, label=label)
        return action._replace(arguments=(*arguments, b""))

    def first_answers(self, prices: Sequence[float]) -> list[Action]:
        """Sets every feed to an outside price, a collateral each, and every rate to its first."""
        found = []
        for leg, price in zip(self.legs, prices, strict=True):
            found += self.report(leg, 0)
            own = leg.config.oracle
            for settings, feed in leg.feeds():
                said = own.asset_price(price, 0) if settings is own else price
                found.append(self.act(DEPLOYER, feed, "set_answer", settings.answer(said), label="feed"))
        return found

    def report(self, leg: Leg, second: int) -> list[Action]:
        """Sets the rate of a collateral to what it is a second after the start, if it is another."""
        settings = leg.config.oracle.rate
        if not leg.rate or not settings or (rate := settings.units(second)) == leg.rate.model.rate:
            return []
        return [self.act(DEPLOYER, leg.rate, "set_rate", rate, label="rate")]

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
        return Routes([Way(path, Route(tuple(self._dex.reserves(path)))) for path in paths])

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
            out = self._dex.sell(sender, path, amount)
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
        outcomes, prices = [], self._dex_prices()
        for action in actions:
            self.twin.events.clear()
            try:
                answer = self.twin.transact(action.model)
            except Revert as revert:
                answer = revert
            before, prices = prices, self._dex_prices()
            moves = [price / other for price, other in zip(prices, before, strict=True)]
            outcomes.append(Outcome(action, answer, list(self.twin.events), moves))
        if not self._is_alone:
            self._hold(outcomes)
        self.events = [event for outcome in outcomes for event in outcome.events]
        return outcomes

    def _hold(self, outcomes: Sequence[Outcome]) -> None:
        """Does on the chain what the twin has done, and holds one against the other."""
        sent = [
            Transaction(it.sender, it.contract.address, it.contract.encode(it.function, *it.arguments))
            for it, *_ in outcomes
        ]
        for (action, answer, expected, _), receipt in zip(outcomes, self.engine.block(sent), strict=True):
            if receipt.is_success == isinstance(answer, Revert):
                raise Difference(
                    f"{action.function}{action.arguments}: chain {receipt.is_success}, twin {answer!r}"
                )
            events = [event for log in receipt.logs if (event := self._decoded(log))]
            if events != expected:
                raise Difference(f"events of {action.function}{action.arguments}: {events} is not {expected}")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside nothing is sent to the chain, nor compared with it: the twin is all there is."""
        self._is_alone = True
        try:
            yield
        finally:
            self._is_alone = False

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

        None is while the twin is `alone`.

        Raises:
            Difference: naming the first that is not.
        """
        if self._is_alone:
            return 0
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
        collaterals = [leg.collateral for leg in self.legs]
        collaterals += [leg.between.token for leg in self.legs if leg.between]
        for token in (self.loan, *collaterals):
            yield "supply of a token", token.contract.call("totalSupply"), token.model.total_supply
        for side in (self.pool, self.loan, *collaterals):
            for owner, amount in side.model.balances.items():
                yield f"balance of {owner}", side.contract.call("balanceOf", owner), amount
        for owner in self.backstop.model.balances:
            stake = self.backstop.contract.call("balanceOf", owner[1])
            yield f"stake of {owner[1]}", stake, self.backstop.model.balance_of(owner[1])
        for leg in self.legs:
            for view in ORACLE_VIEWS:
                question = getattr(leg.oracle.model, view)
                yield f"{view} of an oracle", _asked(lambda: leg.oracle.contract.call(view)), _asked(question)  # noqa: B023
        for leg in self.legs:
            if leg.shares:
                yield "shares of a pair", leg.shares.contract.call("totalSupply"), leg.shares.model.supply
                for owner, amount in leg.shares.model.shares.items():
                    yield f"shares of {owner}", leg.shares.contract.call("balanceOf", owner), amount
        for market in self.markets:
            address = market.vault.contract.address
            limit, shares = model.line(address)
            drawn = to_assets_up(shares, t.total_debt, t.total_debt_shares)
            yield "credit line", chain.call("credit_line", address), (limit, shares, drawn)
            yield "losses", chain.call("losses", address), model.losses.get(address, 0)
            for owner in market.owners:
                word = market.vault.contract.call("positions", owner)
                yield f"position of {owner}", word, market.vault.model.word_of(owner)
                if market.is_basket:
                    amounts = tuple(market.vault.contract.call("position_of", owner)[0])
                    expected = market.vault.model.amounts_of(owner)
                    yield f"legs of {owner}", amounts[: len(expected)], expected


def _asked(question: Callable[[], int]) -> int | str:
    """An oracle's answer, or the reason of its refusal."""
    try:
        return question()
    except (Revert, CallReverted) as refusal:
        return refusal.reason


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
        cooldown_days=pool.cooldown_days,
    )
    loan_decimals = loan.decimals
    grace = scenario.sequencer.grace if scenario.sequencer else None
    vaults: dict[str, VaultPlan] = {}
    baskets: dict[str, BasketPlan] = {}
    rest = iter(prices)
    for number, config in enumerate(scenario.vaults):
        plans = [_collateral_plan(scenario, each, next(rest)) for each in config.collaterals]
        if isinstance(config, VaultConfig):
            vaults[str(number)] = VaultPlan(**plans[0], risk=config.to_struct(loan_decimals))
            continue
        legs = tuple(
            LegPlan(**plan, leg=_leg(scenario, config, place, plan["oracle"]))
            for place, plan in enumerate(plans)
        )
        baskets[str(number)] = BasketPlan(legs, (0, 0, *config.risk_of().to_struct(loan_decimals)[2:]))
    token = Token(loan.symbol, loan_decimals)
    return MarketPlan(token, params, vaults, scenario.has_exchange, baskets, grace)


def _collateral_plan(scenario: Scenario, config: CollateralConfig, price: float) -> dict[str, Any]:
    """What a `CollateralPlan` is made of, at a first outside price."""
    oracle = config.oracle
    digits = 36 + scenario.pool.loan.decimals - config.collateral.decimals - oracle.decimals
    return {
        "collateral": Token(config.collateral.symbol, config.collateral.decimals),
        "oracle": oracle.oracle_plan(price),
        "depth": scenario.loan_units(config.dex.depth) if config.dex else None,
        "can_halt": bool(config.halts),
        "traded_at": oracle.answer(price) * 10**digits,
    }


def _leg(scenario: Scenario, basket: BasketConfig, number: int, oracle: OraclePlan) -> slices.Leg:
    """A leg of a basket as its constructor takes it; its first price is the oracle's."""
    config, risk = basket.legs[number], basket.risk_of(number)
    first = oracle.first_price((config.collateral.decimals, scenario.pool.loan.decimals))
    return slices.Leg(wad(risk.ltv), wad(risk.threshold), int(config.ceiling * first))


def _spokes(number: int, parts: Parts[Any]) -> Sequence[Spoke[Any]]:
    """The spokes of a vault or basket: one for each collateral."""
    name = str(number)
    return parts.baskets[name] if name in parts.baskets else (parts.spokes[name],)
