"""A market twice: the contracts on an engine, and the exact twin. What is done is done to both.

Agents read the twin, which answers at once and to the wei. Every transaction runs on the twin first, then on
the chain; both must succeed or both revert, with the same events. `compare` holds the books against each
other. While the twin is `alone`, nothing is sent to the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from plimsoll.chain.abi import Events, Log
from plimsoll.chain.engine import (
    Artifact,
    CallReverted,
    Contract,
    Engine,
    Transaction,
)
from plimsoll.chain.protocol import BLUEPRINTS, Deployer
from plimsoll.market.deployment import (
    CURATOR,
    DEPLOYER,
    Parts,
    Spoke,
    deployed,
    made_up,
    modelled,
)
from plimsoll.scenario.collateral import CollateralConfig, DetourConfig
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.market_plan import market_plan
from plimsoll.scenario.markets import Leg, Market
from plimsoll.scenario.routes import Between, made_between
from plimsoll.scenario.sides import Side
from plimsoll.scenario.transactions import Action, Outcome, Transactions
from plimsoll.scenario.vaults import BasketConfig, VaultConfig
from plimsoll.twin.chain import Chain, Event, Revert
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.twin.uniswap_v2 import PairShares
from plimsoll.units import PRICE_SCALE

Artifacts = Mapping[str, Artifact]
CONTRACTS = (
    *BLUEPRINTS, "Factory", "ChainlinkOracle", "Liquidator", "Leverage", "PlainToken", "BlocklistToken",
    "MockFeed", "MockRateVault",
)  # fmt: skip
ORACLE_VIEWS = "price", "safe_price", "marked_at", "confirmed_at", "collateral_rate_cap", "loan_rate_cap"
GUARDIAN = made_up("guardian")


class Difference(AssertionError):
    """The twin and the chain disagree: a bug of one of them."""


class World(Transactions):
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

        plan = market_plan(scenario, prices)
        made = deployed(Deployer(engine, DEPLOYER, artifacts.__getitem__), plan)
        chain, self.router = made.parts, made.router
        model = modelled(self.twin, plan, chain.each(lambda contract: contract.address))
        twin, self.exchange = model.parts, model.exchange
        self.loan = self._side("PlainToken", chain.loan, twin.loan)
        self.pool = self._side("Pool", chain.pool, twin.pool)
        self.backstop = self._side("Backstop", chain.backstop, twin.backstop)
        self.sequencer = self._side_if("MockFeed", chain.sequencer, twin.sequencer)
        self.loan_feed = self.loan_rate = None
        if chain.loan_side and twin.loan_side:
            self.loan_feed = self._side("MockFeed", chain.loan_side.feed, twin.loan_side.feed)
            self.loan_rate = self._side_if("MockRateVault", chain.loan_side.rate, twin.loan_side.rate)
        self.backstop.model.synced_at = self.backstop.contract.call("synced_at")
        self.council = self._side("Council", chain.council, twin.council)
        self.liquidator = self._side_if("Liquidator", chain.liquidator, twin.liquidator)
        self.leverage = self._side_if("Leverage", chain.leverage, twin.leverage)
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
            self.router, self.exchange, self.twin, len(self.legs) + sum(1 for it in self.legs if it.between),
            (config.symbol, config.decimals),
            (leg.collateral, self.loan), stock,
        )  # fmt: skip
        self._events.listen(made.token.contract.address, self._artifacts["PlainToken"].abi)
        return made

    def _side(self, name: str, contract: Contract, model: Any) -> Side:
        """A contract whose events are the twin's, too."""
        self._events.listen(contract.address, self._artifacts[name].abi)
        return Side(contract, model)

    def _side_if(self, name: str, contract: Contract | None, model: Any) -> Side | None:
        """The same of a contract that may not be there."""
        return self._side(name, contract, model) if contract else None

    def _dex_prices(self) -> list[float]:
        """Marginal prices on the collaterals' DEXs, in base units; 1 without one."""
        held = [self.reserves(leg) if leg.pair else (1, 1) for leg in self.legs]
        return [loan / collateral for collateral, loan in held]

    def debt_totals(self) -> DebtTotals:
        """The pool's debt with interest up to now."""
        totals = self.pool.model.accrued()
        return DebtTotals(totals.total_debt, totals.total_debt_shares)

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
                answer = revert.with_traceback(None)  # whose frames would hold the whole run
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
            drawn = self.debt_totals().assets_up(shares)
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


def _spokes(number: int, parts: Parts[Any]) -> Sequence[Spoke[Any]]:
    """The spokes of a vault or basket: one for each collateral."""
    name = str(number)
    return parts.baskets[name] if name in parts.baskets else (parts.spokes[name],)
