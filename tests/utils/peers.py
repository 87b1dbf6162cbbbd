"""Markets of Aave v3 and Morpho Blue in process, on their own bytecode, beside the arena's rules of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from bench.peers.aave_v3 import NO_REFERRAL, VARIABLE, AaveV3, Risk
from bench.peers.ground import BORROWER, DEPLOYER, FORTUNE, LENDER, TREASURY, Ground, Leg, person
from bench.peers.morpho_blue import MorphoBlue
from plimsoll.arena.rule import Close, Field, Offers, Prices
from plimsoll.arena.rules import aave_v3, morpho_blue
from plimsoll.arena.rules.aave_v3 import AaveV30
from plimsoll.chain.engine import CallReverted
from plimsoll.chain.revm import Revm
from plimsoll.units import MAX, PRICE_SCALE

KEEPER = person("keeper of the arena")
START = 1_700_000_000  # seconds; time stands still, so there is no interest
SHARES = 10**6  # Morpho Blue's debt shares for a base unit


class State(NamedTuple):
    """A position, base units."""

    amounts: tuple[int, ...]
    debt: int


class Done(NamedTuple):
    """What a call moved, base units."""

    paid: int
    got: tuple[int, ...]  # by the liquidator
    kept: tuple[int, ...]  # by the protocol


class Bytecode(ABC):
    """A market on a chain of its own, whose time stands still."""

    def __init__(self, legs: int, decimals: Sequence[int]) -> None:
        """Tokens with so many decimals, the loan asset's first; a lender and a liquidator with fortunes."""
        self.ground = Ground(Revm(START), decimals[0])
        make = self.ground.make
        self.tokens = [make("PlainToken", "C", "C", digits) for digits in decimals[1:]]
        self.feeds = [make("AnswerFeed", 8, 10**8) for _ in self.tokens]
        self.prices: Prices = ()
        self.is_open = False  # whether prices are those at which anybody may borrow anything

    def prepare(self, spender: str, supply: Any) -> None:
        """Gives people their fortunes and lends one."""
        loan = self.ground.loan
        self.ground.give(loan, KEEPER, FORTUNE)
        for token in self.tokens:
            self.ground.give(token, BORROWER, FORTUNE)
            token.send("approve", spender, MAX, sender=BORROWER)
        for who in (LENDER, KEEPER):
            loan.send("approve", spender, MAX, sender=who)
        self.ground.run(supply)

    def open(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """A position, however unhealthy it is at the market's prices."""
        if not self.is_open:
            self.let_borrow()
            self.is_open = True
        self.lend(owner, amounts, debt)

    def set_prices(self, prices: Prices) -> None:
        """Loan base units for a collateral base unit, 1e36."""
        if self.is_open or prices != self.prices:
            self.show(prices)
            self.prices, self.is_open = prices, False

    def liquidate(self, owner: str, *arguments: Any) -> Done | str:
        """What a liquidator's call does, or why it is refused."""
        before = self._balances()
        try:
            self.send(owner, *arguments)
        except CallReverted as refused:
            return refused.reason
        moved = [now - then for now, then in zip(self._balances(), before, strict=True)]
        count = len(self.tokens)
        return Done(-moved[0], tuple(moved[1 : 1 + count]), tuple(moved[1 + count :]))

    def _balances(self) -> list[int]:
        tokens = (self.ground.loan, *self.tokens)
        return [token.call("balanceOf", KEEPER) for token in tokens] + self.protocols()

    @abstractmethod
    def let_borrow(self) -> None:
        """Lets prices be so high that anybody may borrow anything."""

    @abstractmethod
    def lend(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """Locks collateral for somebody who borrows."""

    @abstractmethod
    def show(self, prices: Prices) -> None:
        """Moves the oracle."""

    @abstractmethod
    def send(self, owner: str, *arguments: Any) -> None:
        """Calls the liquidation."""

    @abstractmethod
    def protocols(self) -> list[int]:
        """What the protocol owns of each collateral."""

    @abstractmethod
    def state(self, owner: str) -> State:
        """Somebody's position."""

    @abstractmethod
    def take(self, rule: Any, owner: str, prices: Prices, close: Close) -> Done | str:
        """Makes the call of which a rule says that it does this."""


class OnAave(Bytecode):
    """Aave v3.0; `liquidate(owner, leg, repay)`."""

    HIGH = 10**36  # a feed's answer

    def __init__(self, rule: AaveV30, decimals: Sequence[int]) -> None:
        """As a rule has it."""
        super().__init__(len(rule.terms), decimals)
        self._scale = [PRICE_SCALE * rule.dollar // (aave_v3.BASE * 10**digits) for digits in decimals[1:]]
        self.ground.loan_feed.send(
            "set_answer", 10 ** decimals[0] * aave_v3.BASE // rule.dollar, sender=DEPLOYER
        )
        legs = [Leg(*each) for each in zip(self.tokens, self.feeds, strict=True)]
        points = [
            (each.ltv // aave_v3.BASIS_POINT, each.threshold // aave_v3.BASIS_POINT) for each in rule.terms
        ]
        risks = [Risk(*ratios, bonus, rule.fee) for ratios, bonus in zip(points, rule.bonuses, strict=True)]
        self.aave = AaveV3(self.ground, legs, risks)
        self.prepare(self.aave.pool.address, self.aave.supply(LENDER, FORTUNE))

    def let_borrow(self) -> None:
        self._answer([self.HIGH] * len(self.feeds))

    def lend(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        pool = self.aave.pool
        for token, amount in zip(self.tokens, amounts, strict=True):
            if amount:
                pool.send("supply", token.address, amount, owner, NO_REFERRAL, sender=BORROWER)
        pool.send("borrow", self.aave.loan, debt, VARIABLE, NO_REFERRAL, owner, sender=owner)

    def show(self, prices: Prices) -> None:
        for price, scale in zip(prices, self._scale, strict=True):
            assert price % scale == 0, "a feed has eight decimals"
        self._answer([price // scale for price, scale in zip(prices, self._scale, strict=True)])

    def _answer(self, answers: Sequence[int]) -> None:
        for feed, answer in zip(self.feeds, answers, strict=True):
            feed.send("set_answer", answer, sender=DEPLOYER)

    def send(self, owner: str, *arguments: Any) -> None:
        leg, repay = arguments
        parts = (self.tokens[leg].address, self.aave.loan, owner, repay, False)
        self.aave.pool.send("liquidationCall", *parts, sender=KEEPER)

    def protocols(self) -> list[int]:
        return [shares.call("balanceOf", TREASURY) for shares in self.aave.shares]

    def state(self, owner: str) -> State:
        held = tuple(shares.call("balanceOf", owner) for shares in self.aave.shares)
        return State(held, self.aave.debt(owner))

    def take(self, rule: AaveV30, owner: str, prices: Prices, close: Close) -> Done | str:
        (leg,) = (leg for leg, gone in enumerate(close.seized) if gone)
        account = rule.accounts[owner]
        whole = rule.close(account, prices, rule.most(account, prices, leg), leg)
        return self.liquidate(owner, leg, MAX if close == whole else close.paid)


class OnMorpho(Bytecode):
    """Morpho Blue; `liquidate(owner, seized, repaid shares)`, of which one is 0."""

    HIGH = 10**48  # a price

    def __init__(self, rule: morpho_blue.MorphoBlue, decimals: Sequence[int]) -> None:
        """As a rule has it; decimals make no difference to Morpho Blue."""
        super().__init__(1, (18,))
        self.tokens = [self.ground.collateral]
        self.morpho = MorphoBlue(self.ground, rule.terms[0].threshold)
        self.prepare(self.morpho.morpho.address, self.morpho.supply(LENDER, FORTUNE))

    def let_borrow(self) -> None:
        self.show((self.HIGH,))

    def lend(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        self.ground.run(self.morpho.deposit_collateral(BORROWER, amounts[0], owner))
        self.ground.run(self.morpho.borrow(owner, debt))

    def show(self, prices: Prices) -> None:
        self.morpho.oracle.send("setPrice", prices[0], sender=DEPLOYER)

    def send(self, owner: str, *arguments: Any) -> None:
        self.morpho.morpho.send("liquidate", self.morpho.params, owner, *arguments, b"", sender=KEEPER)

    def protocols(self) -> list[int]:
        return [0]

    def state(self, owner: str) -> State:
        return State(
            (self.morpho.morpho.call("position", self.morpho.id, owner)[2],), self.morpho.debt(owner)
        )

    def written_off(self) -> int:
        """What lenders have lost, base units."""
        supplied: int = self.morpho.morpho.call("market", self.morpho.id)[0]
        return FORTUNE - supplied

    def take(self, rule: morpho_blue.MorphoBlue, owner: str, prices: Prices, close: Close) -> Done | str:
        account, (price,), (seized,) = rule.accounts[owner], prices, close.seized
        if close == rule.taking(account, price, seized):
            return self.liquidate(owner, seized, 0)
        return self.liquidate(owner, 0, close.paid * SHARES)


class Beside:
    """A rule that takes every close on the bytecode, too, and demands that it does the same there."""

    def __init__(self, rule: AaveV30 | morpho_blue.MorphoBlue, decimals: Sequence[int]) -> None:
        """Without accounts yet; decimals of the loan asset and of each collateral."""
        self.rule = rule
        self.chain = OnAave(rule, decimals) if isinstance(rule, AaveV30) else OnMorpho(rule, decimals)
        self.closes = 0

    def __getattr__(self, name: str) -> Any:
        """What is not of the bytecode is the rule's."""
        return getattr(self.rule, name)

    def open(self, owner: str, amounts: Sequence[int], debt: int) -> None:
        """Opens a position on both."""
        self.rule.open(owner, amounts, debt)
        if debt:
            self.chain.open(owner, amounts, debt)

    def block(self, field: Field) -> None:
        """Lets the rule play a block of which the bytecode sees every close."""
        self.field = field
        self.rule.block(self)

    @property
    def prices(self) -> Prices:
        """See `rule.Field`."""
        return self.field.prices

    def serve(self, names: Iterable[str], offers: Offers, take: Callable[[str, Close], None]) -> None:
        """See `rule.Field`; what is taken is taken on the bytecode."""

        def both(what: str, close: Close) -> None:
            self.closes += 1
            account = self.rule.accounts[what]
            self.chain.set_prices(self.prices)
            kept = close.kept or (0,) * len(account.amounts)
            assert self.chain.take(self.rule, what, self.prices, close) == Done(close.paid, close.got, kept)
            take(what, close)
            assert self.chain.state(what) == State(tuple(account.amounts), account.debt)

        self.field.serve(names, offers, both)

    def assert_same(self) -> None:
        """All positions are the same, and what was written off."""
        for owner, account in self.rule.accounts.items():
            assert self.chain.state(owner) == State(tuple(account.amounts), account.debt)
        if isinstance(self.chain, OnMorpho):
            assert self.chain.written_off() == self.rule.book.lost
