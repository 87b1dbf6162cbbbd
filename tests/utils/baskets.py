"""A basket twice, the bytecode and the exact twin: driven by the same calls, compared after each."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plimsoll.chain.artifacts import slots as slots_of
from plimsoll.chain.engine import CallReverted, mapping_slot
from plimsoll.market.amounts import Number as Whole
from plimsoll.params import BLUE_CHIP, PoolParams, RiskParams, price_of
from plimsoll.testing import Chain, Contract, Method
from plimsoll.testing.builder import Builder
from plimsoll.testing.engines import in_process
from plimsoll.testing.roles import (
    BORROWER,
    CURATOR,
    LENDER,
    LIQUIDATOR,
    OPERATOR,
    OTHER_BORROWER,
    RECEIVER,
    STRANGER,
)
from plimsoll.twin import chain as twin_chain
from plimsoll.twin import slices
from plimsoll.twin.basket import Basket, Collateral, packed_amounts
from plimsoll.twin.chain import Revert
from plimsoll.twin.liquidation import DebtTotals, Risk, is_restorable
from plimsoll.twin.oracle import ScriptedOracle
from plimsoll.twin.pool import Pool
from plimsoll.twin.rates import Curve
from plimsoll.units import FRACTION, MAX, PRICE_SCALE, WAD
from tests.stateful.world import outcome
from tests.utils.actor import Actor

PEOPLE = (LENDER, BORROWER, OTHER_BORROWER, LIQUIDATOR, OPERATOR, RECEIVER, STRANGER)
ANONYMOUS = ("poke", "accrue")  # whoever calls them
NO_PRICE = "lying oracle: silent"
ANY_CODE = "any code"  # of an oracle, see `BasketPlace.run_code`
# the first word of storage is the address of what it runs; 32 bytes of calldata set it
RUNS_ANY_CODE = "36602014601d575f5f5f5f5f545af43d5f5f3e6019573d5ffd5b3d5ff35b5f355f5500"
ANSWERS_A_WORD = "7f{:064x}5f5260205ff3"
Answer = Any


@dataclass(frozen=True)
class LegTerms:
    """A leg of a basket that is to be made; a whole token is worth `quote` whole loan tokens."""

    decimals: int = 18
    quote: Whole = 2_000
    ltv: int = 78  # per cent
    threshold: int = 83
    ceiling: int = 10  # times the price
    token: str = "PlainToken"
    oracle: str = "LyingOracle"


THREE = (LegTerms(), LegTerms(8, 60_000, 70, 75), LegTerms(6, 1, 82, 84))
EIGHT = tuple(
    LegTerms(decimals, quote, threshold - 5, threshold)
    for decimals, quote, threshold in (
        (18, 2_000, 83), (8, 60_000, 75), (6, 1, 84), (27, 7, 60), (0, "0.05", 40), (18, "0.31", 70),
        (12, 150, 80), (18, 4_000, 82),
    )
)  # fmt: skip


class BasketPlace:
    """A pool with one basket, tokens and oracles; on a chain and in the twin."""

    def __init__(
        self,
        builder: Builder,
        legs: Sequence[LegTerms] = THREE,
        loan_decimals: int = 6,
        risk: RiskParams = BLUE_CHIP,
        supply: int = 2_000_000,
        loan: str = "PlainToken",
        draw_burst: str = "1",
        **changes: Any,
    ) -> None:
        """Deploys everything and supplies whole loan tokens; `changes` replace fields of the risk."""
        self.builder, self.chain, self.deployer = builder, builder.chain, builder.deployer
        self.terms, self.loan_decimals = tuple(legs), loan_decimals
        self.clock = twin_chain.Chain(self.chain.now)
        self.loan = builder.token(loan_decimals, "LOAN", loan)
        self.tokens = [builder.token(leg.decimals, f"LEG{i}", leg.token) for i, leg in enumerate(legs)]
        fair = [price_of(leg.quote, leg.decimals, loan_decimals) for leg in legs]
        self.fair = tuple(fair)
        self.oracles = [self._oracle(leg.oracle, price) for leg, price in zip(legs, fair, strict=True)]
        params = PoolParams(name="Plimsoll", symbol="P", draw_burst=Decimal(draw_burst))
        struct = list(params.to_struct(self.loan.address, loan_decimals))
        made = builder.protocol.create_pool(struct, builder.curator, params.delay)
        self.pool: Contract = made.pool
        shared = list(risk.model_copy(update=changes).to_struct(loan_decimals))
        shared[:2] = 0, 0
        self.legs = tuple(
            slices.Leg(leg.ltv * WAD // 100, leg.threshold * WAD // 100, leg.ceiling * price)
            for leg, price in zip(legs, fair, strict=True)
        )
        self.risk = Risk.from_struct(shared)
        self.basket: Contract = builder.protocol.create_basket(self.pool, self.leg_structs(), shared)
        self._model(struct, made)
        builder.open(made, {self.basket: 10 ** (loan_decimals + 7)})
        line = self.pool.credit_line(self.basket)[0]
        self.models["pool"].set_limit(made.council.address, self.basket.address, line)
        self.models["pool"].open_pool(made.council.address)
        self._provide(supply)

    def _oracle(self, kind: str, price: int) -> Contract:
        if kind != ANY_CODE:
            return self.chain.make(kind, price)
        oracle = self.chain.at("LyingOracle", self.chain.place_code(bytes.fromhex(RUNS_ANY_CODE)))
        self._run_in(oracle, ANSWERS_A_WORD.format(price))
        return oracle

    def _run_in(self, oracle: Contract, code: str) -> None:
        address = self.chain.place_code(bytes.fromhex(code)) if code else STRANGER
        word = bytes.fromhex(address[2:]).rjust(32, b"\0")
        self.chain.engine.send(STRANGER, oracle.address, word)

    def run_code(self, leg: int, code: str, answer: int) -> None:
        """What an oracle of `ANY_CODE` runs from now on, and what that says to a basket; 0 is silence."""
        self._run_in(self.oracles[leg], code)
        self.scripts[leg].price_answer = self.scripts[leg].safe_price_answer = answer

    def leg_structs(self) -> list[tuple[Any, ...]]:
        """The legs, as the Factory takes them."""
        return [
            (token.address, oracle.address, leg.ltv, leg.threshold, leg.ceiling)
            for token, oracle, leg in zip(self.tokens, self.oracles, self.legs, strict=True)
        ]

    def _model(self, struct: list[Any], made: Any) -> None:
        clock = self.clock
        loan = twin_chain.Token(clock, self.loan.address)
        tokens = [twin_chain.Token(clock, token.address) for token in self.tokens]
        self.scripts = [ScriptedOracle(clock, price) for price in self.fair]
        pool = Pool(
            clock, loan, self.pool.address, Curve(*struct[5]), *struct[3:5], *struct[6:8], *struct[10:]
        )
        pool.initialize(made.council.address, made.backstop.address)
        collaterals = [Collateral(*parts) for parts in zip(tokens, self.scripts, self.legs, strict=True)]
        self.twin = Basket(clock, pool, collaterals, self.basket.address, self.risk)
        pool.own_vaults[self.basket.address] = True
        self.models: dict[str, Any] = {
            "basket": self.twin, "pool": pool, "loan": loan,
            **{f"token{i}": token for i, token in enumerate(tokens)},
        }  # fmt: skip
        self.contracts: dict[str, Contract] = {
            "basket": self.basket, "pool": self.pool, "loan": self.loan,
            **{f"token{i}": token for i, token in enumerate(self.tokens)},
        }  # fmt: skip
        self.actors: list[str] = []

    def _provide(self, supply: int) -> None:
        for who in PEOPLE:
            self.give(who)
        if supply:
            self.act("deposit", supply * 10**self.loan_decimals, LENDER, sender=LENDER, of="pool")

    def give(self, who: Any) -> None:
        """Ten million whole tokens of everything, and approvals of pool and basket."""
        for name, digits in self._tokens():
            self.act("mint", who, 10 ** (digits + 7), sender=who, of=name)
            self.approve(name, who)

    def approve(self, name: str, who: Any) -> None:
        """Lets basket, and the pool for the loan asset, pull everything."""
        for spender in [self.basket, *([self.pool] if name == "loan" else [])]:
            self.act("approve", spender.address, MAX, sender=who, of=name)

    def _tokens(self) -> Iterator[tuple[str, int]]:
        yield "loan", self.loan_decimals
        yield from ((f"token{i}", leg.decimals) for i, leg in enumerate(self.terms))

    def actor(self) -> Actor:
        """A `CallbackActor` with ten million whole tokens of everything."""
        actor = Actor(self.chain.make("CallbackActor"), STRANGER)
        for name, digits in self._tokens():
            self.act("mint", actor.address, 10 ** (digits + 7), sender=STRANGER, of=name)
            for spender in (self.basket, self.pool):
                actor.contract.approve(self.contracts[name], spender, sender=STRANGER)
                self.models[name].approve(actor.address, spender.address, MAX)
        self.actors.append(actor.address)
        return actor

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Undoes what happens inside, on both sides."""
        before, actors = self.clock.snapshot(), list(self.actors)
        try:
            with self.chain.isolated():
                yield
        finally:
            self.clock.revert(before)
            self.actors = actors

    # ------------------------------------------------------------------------------------- what is set

    def loans(self, whole_tokens: Whole) -> int:
        """Base units of the loan asset."""
        return int(price_of(whole_tokens, 0, self.loan_decimals) // PRICE_SCALE)

    def of_leg(self, leg: int, whole_tokens: Whole) -> int:
        """Base units of a leg."""
        return int(price_of(whole_tokens, 0, self.terms[leg].decimals) // PRICE_SCALE)

    def set_price(self, leg: int, price: int, safe_price: int | None = None) -> None:
        """What a leg's oracle answers from now on, 1e36."""
        safe_price = price if safe_price is None else safe_price
        self.oracles[leg].set_silent(False, sender=self.deployer)
        self.oracles[leg].set_prices(price, safe_price, sender=self.deployer)
        self.scripts[leg].price_answer, self.scripts[leg].safe_price_answer = price, safe_price

    def scale_prices(self, *per_mille: int) -> None:
        """Prices as so many thousandths of what they were at first, leg by leg; the last is of the rest."""
        for leg, price in enumerate(self.fair):
            self.set_price(leg, max(1, price * per_mille[min(leg, len(per_mille) - 1)] // 1_000))

    def silence(self, *legs: int) -> None:
        """Lets oracles revert."""
        for leg in legs:
            self.oracles[leg].set_silent(True, sender=self.deployer)
            self.scripts[leg].price_answer = self.scripts[leg].safe_price_answer = NO_PRICE

    def advance(self, seconds: int) -> None:
        """Lets time pass."""
        self.chain.advance(seconds)
        self.clock.now = self.chain.now

    # ------------------------------------------------------------------------------------- what is done

    def act(self, function: str, *arguments: Any, sender: Any, of: str = "basket") -> Answer:
        """One call on both sides; its answer, or its revert. Of `data` there is none.

        Raises:
            AssertionError: when answers, reasons, events or storage words differ.
        """
        contract, model = self.contracts[of], self.models[of]
        name = {"transferFrom": "transfer_from"}.get(function, function)
        caller = () if function in ANONYMOUS or function in ("mint", "burn") else (sender,)
        call = functools.partial(getattr(model, name), *caller, *arguments)
        data = (b"",) if function in ("open", "close", "liquidate", "liquidate_batch") else ()
        send = functools.partial(contract.send, function, *arguments, *data, sender=sender)
        answer = self._both(f"{of}.{function}{arguments} by {sender}", send, call)
        if of in ("basket", "pool"):
            self.compare()
        return answer

    def refused(self, reason: str, function: str, *arguments: Any, sender: Any) -> None:
        """A call to the basket that both sides refuse, with this reason."""
        answer = self.act(function, *arguments, sender=sender)
        assert isinstance(answer, Revert), f"accepted instead of {reason!r}: {function}{arguments}"
        assert answer.reason == reason, answer.reason

    def act_with_callback(
        self, actor: Actor, function: str, *arguments: Any, inside: Callable[[], None] = lambda: None
    ) -> Answer:
        """A call of the actor's with data; `inside` says what the twin does in its callback."""
        data = self.basket.encode(function, *arguments, b"data")
        call = functools.partial(getattr(self.twin, function), actor.address, *arguments, inside)

        def send() -> None:
            actor.contract.send("act", self.basket.address, data, sender=actor.sender)

        answer = self._both(f"{function}{arguments} with a callback", send, call)
        self.compare()
        return answer

    def _both(self, what: str, send: Callable[[], Any], call: Callable[[], Any]) -> Answer:
        self.clock.now = self.chain.now
        self.clock.events.clear()
        found = outcome(send)
        expected = outcome(functools.partial(self.clock.transact, call))
        if isinstance(found, Revert) or isinstance(expected, Revert):
            reasons = [getattr(each, "reason", each) for each in (found, expected)]
            assert reasons[0] == reasons[1], f"{what}: chain {found!r}, twin {expected!r}"
            return expected
        known = {contract.address for contract in self.contracts.values()}
        events = [
            twin_chain.Event(event.contract, event.name, tuple(event.arguments.values()))
            for event in self.chain.receipt(None).events
            if getattr(event, "contract", None) in known
        ]
        assert events == self.clock.events, f"events of {what}: {events}, twin {self.clock.events}"
        if None not in (found, expected):
            assert self._plain(found) == expected, f"{what}: chain {found!r}, twin {expected!r}"
        return expected

    def _plain(self, answer: Any) -> Any:
        """An answer with one amount for each leg that there is."""
        if not isinstance(answer, tuple):
            return answer
        return tuple(self._amounts(part) if not isinstance(part, int) else part for part in answer)

    def _amounts(self, amounts: Sequence[int]) -> tuple[int, ...]:
        count = len(self.legs)
        assert not any(amounts[count:])
        return tuple(amounts[:count])

    # ------------------------------------------------------------------------------------- what is asked

    def preview(self, owner: Any = BORROWER, max_repay: int = MAX, without: int = 0) -> slices.Quote:
        """What a close would do: chain and twin agree."""
        expected = self.twin.preview_liquidate(owner, max_repay, without)
        found = self.basket.preview_liquidate(owner, max_repay, without)
        seized = tuple(lane for word in found.seized for lane in (word % 2**128, word >> 128))
        plain = found._replace(seized=self._amounts(seized) if found.shares else ())
        assert tuple(plain) == tuple(expected), f"chain {plain}, twin {expected}"
        return expected

    def totals(self) -> DebtTotals:
        """The pool's debt with interest up to now."""
        return DebtTotals(*self.pool.debt_totals())

    def debt(self, owner: Any = BORROWER) -> int:
        """Debt as of now, rounded up."""
        return int(self.basket.debt_of(owner))

    def position(self, owner: Any = BORROWER) -> tuple[tuple[int, ...], int]:
        """Amounts of the legs; debt shares."""
        amounts, shares = self.basket.position_of(owner)
        return self._amounts(amounts), shares

    def worth(self, owner: Any = BORROWER, without: int = 0) -> slices.Worth:
        """What a position is worth, by the twin."""
        return slices.worth_of(self.twin.amounts_of(owner), self.twin.prices(owner), self.legs, without)

    def word(self, contract: Contract, name: str, *keys: str, offset: int = 0) -> int:
        """A storage word by the name of its variable in the layout."""
        slot = slots_of("Pool" if contract == self.pool else "Basket")[name]
        return self.chain.engine.storage(
            contract.address, (mapping_slot(slot, *keys) if keys else slot) + offset
        )

    def compare(self) -> None:
        """Storage words, balances and views of basket and pool equal the twin's."""
        self.clock.now = self.chain.now
        twin, pool, address = self.twin, self.models["pool"], self.basket.address
        books, word = pool.totals, self.word
        counts = (
            books.total_supply | books.total_debt_shares << 104 | books.log_rate << 208 | books.flags << 240
        )
        assert word(self.pool, "ledger.counts") == counts
        assert word(self.pool, "ledger.books") == (
            books.total_assets | books.total_debt << 110 | pool.last_accrual << 220
        )
        limit, drawn = pool.line(address)
        assert word(self.pool, "credit_lines.lines", address) % 2**198 == limit << 104 | drawn
        assert word(self.pool, "credit_lines.losses", address) == pool.losses.get(address, 0)
        assert word(self.pool, "waterfall.provisions") == pool.provisions()
        assert word(self.pool, "waterfall.provision_of", address) == pool.provision_of.get(address, 0)
        assert word(self.basket, "book.provisions") == twin.provisions()
        for owner in (BORROWER, OTHER_BORROWER, STRANGER, *self.actors):
            assert word(self.basket, "book.positions", owner) == twin.word_of(owner), owner
            assert word(self.basket, "book.provision_of", owner) == twin.provision_of.get(owner, 0)
            for j, lanes in enumerate(packed_amounts(twin.amounts_of(owner))[: -(-len(self.legs) // 2)]):
                assert word(self.basket, "basket.amounts", owner, offset=j) == lanes
        for name, _ in self._tokens():
            for holder in (address, self.pool.address, *self.actors):  # others: by the events
                assert self.contracts[name].balanceOf(holder) == self.models[name].balance_of(holder)
        for owner in (BORROWER, OTHER_BORROWER):
            assert self.position(owner) == twin.position_of(owner)
            assert self.debt(owner) == twin.debt_of(owner)
            assert self.basket.health(owner) == twin.health(owner)
            self.preview(owner)
        assert sum(twin.shares.values()) == drawn, "P2"

    # ------------------------------------------------------------------------------------- moves

    def hold(self, *whole_tokens: Whole, owner: Any = BORROWER) -> None:
        """Locks whole tokens of each leg."""
        for leg, amount in enumerate(whole_tokens):
            if units := self.of_leg(leg, amount):
                assert self.act("deposit", leg, units, owner, sender=owner) is None

    def borrow(self, whole_tokens: Whole, owner: Any = BORROWER) -> None:
        """Draws whole loan tokens."""
        amount = self.loans(whole_tokens)
        assert self.act("borrow", amount, owner, owner, sender=owner) == amount

    def close(
        self,
        max_repay: int = MAX,
        without: int = 0,
        owner: Any = BORROWER,
        sender: Any = LIQUIDATOR,
        receiver: Any = None,
    ) -> slices.Quote:
        """Liquidates one position and holds it to the twin, the theorems and the views."""
        expected = self.preview(owner, max_repay, without)
        assert expected.executable, expected
        before, worth, debt = self.position(owner), self.worth(owner), self.debt(owner)
        assets, losses = self.pool.totals().total_assets, self.pool.losses(self.basket)
        answer = self.act("liquidate", owner, max_repay, [], without, receiver or sender, sender=sender)
        assert answer == (expected.paid, expected.fee, expected.seized)
        covered = is_restorable(worth.low, debt, self.risk.bonus_min)
        whole = all(
            amount == 0 or price for amount, price in zip(before[0], self.twin.prices(owner), strict=True)
        )
        if not without and whole:
            assert falls(before, self.position(owner)) == [], "Theorem 4"
        if covered:
            assert (self.pool.totals().total_assets, self.pool.losses(self.basket)) == (assets, losses), "L3"
            assert expected.paid >= expected.extinguished
        return expected


def falls(before: tuple[Sequence[int], int], after: tuple[Sequence[int], int]) -> list[int]:
    """The legs whose amount per debt share has fallen; amounts and debt shares before and after."""
    (amounts, shares), (left, left_shares) = before, after
    return [i for i, (a, b) in enumerate(zip(amounts, left, strict=True)) if b * shares < a * left_shares]


def small_place(legs: Sequence[LegTerms] = THREE, **terms: Any) -> BasketPlace:
    """A place on a chain of its own, in process."""
    return BasketPlace(Builder(Chain(in_process()), CURATOR), legs, **terms)


def starved(
    place: BasketPlace, method: Method, *arguments: Any, sender: Any, gases: Sequence[int]
) -> set[str]:
    """The reasons for which a call is refused with so much gas; what it answers is always the same.

    Raises:
        AssertionError: when some gas leads to another answer than plenty.
    """
    engine, data = place.chain.engine, method.encode(*arguments)
    plenty = engine.call(sender, method.contract.address, data)
    reasons = set()
    for gas in gases:
        try:
            assert engine.call(sender, method.contract.address, data, gas) == plenty, gas
        except CallReverted as revert:
            reasons.add(revert.reason)
    return reasons


__all__ = ["EIGHT", "FRACTION", "THREE", "BasketPlace", "LegTerms", "falls", "small_place", "starved"]
