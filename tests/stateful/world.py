"""One protocol twice, the bytecode and the exact twin: driven by the same calls, compared after each."""

import functools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from plimsoll.chain.abi import Events
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.artifacts import slots as slots_of
from plimsoll.chain.engine import CallReverted, Contract, Engine, mapping_slot
from plimsoll.chain.protocol import Deployer, Protocol
from plimsoll.params import BLUE_CHIP, CORRELATED, PoolParams
from plimsoll.testing.roles import DEPLOYER, role
from plimsoll.twin import chain as twin_chain
from plimsoll.twin.backstop import Backstop, Departure
from plimsoll.twin.basket import Basket, Collateral, packed_amounts
from plimsoll.twin.chain import Revert, Signature
from plimsoll.twin.council import Council, Cut
from plimsoll.twin.liquidation import Risk
from plimsoll.twin.oracle import ScriptedOracle
from plimsoll.twin.pool import Pool
from plimsoll.twin.rates import Curve
from plimsoll.twin.slices import Leg
from plimsoll.twin.vault import Vault
from plimsoll.units import DAY, FRACTION, HOUR, MAX, WAD
from tests.stateful import basket_invariants, invariants

CURATOR, GUARDIAN, LENDER, OTHER_LENDER, BORROWER, OTHER_BORROWER, THIRD_BORROWER = map(role, range(1, 8))
LIQUIDATOR, OPERATOR, STAKER, STRANGER, BACKSTOP = map(role, range(8, 13))  # the last plays a contract
ROLES = [
    CURATOR, GUARDIAN, LENDER, OTHER_LENDER, BORROWER, OTHER_BORROWER, THIRD_BORROWER, LIQUIDATOR, OPERATOR,
    STAKER, STRANGER,
]  # fmt: skip
BORROWERS = [BORROWER, OTHER_BORROWER, THIRD_BORROWER]
STAKERS = [LENDER, OTHER_LENDER, STAKER]
VAULTS = ("first", "second")
SPOKES = ("first_vault", "second_vault", "basket")
LEGS = ("first", "second", "third")  # of the basket; the vaults' collaterals and oracles, and one of its own
HOLDERS = [*BORROWERS, OPERATOR, STRANGER]  # who may hold anything in the basket, besides the actor

# of the basket's legs: ltv, threshold (WAD), ceiling over the first price
RATIOS = (
    (80 * WAD // 100, 83 * WAD // 100, 4),
    (93 * WAD // 100, 95 * WAD // 100, 10),
    (33 * WAD // 100, 50 * WAD // 100, 4),
)
BONUS = {"bonus_min": Decimal("0.01"), "bonus_max": Decimal("0.03"), "health_for_max_bonus": Decimal("0.98")}
BASKET = CORRELATED.model_copy(update=BONUS)

# decimals of the loan asset and of both collaterals; flash fee; pace of draws
THIRD_DECIMALS = 12
MARKETS = [
    ((6, 18, 8), 0, (WAD // 4, 6 * HOUR)),
    ((18, 18, 0), 10**15, (WAD, DAY)),
    ((8, 6, 27), 10**12, (WAD // 50, 60)),
]
SIGNERS = {signer: signer for signer in map(role, range(1, 12))}

WITH_FUNDS = "liquidate_basket_with_funds", "liquidate_basket_batch_with_funds"
ANONYMOUS = (
    "accrue",
    "book_shortfall",
    "poke",
    "announce",
    "distribute",
    "sync",
    "witness",
)  # whoever calls them

TYPES = {  # of signed messages, by the function that takes the signature
    "permit": (
        "Permit",
        {
            "owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256",
            "deadline": "uint256",
        },
    ),
    "set_operator_by_signature": (
        "SetOperator",
        {
            "owner": "address", "operator": "address", "rights": "uint256", "nonce": "uint256",
            "deadline": "uint256",
        },
    ),
}  # fmt: skip


class Difference(AssertionError):
    """The twin and the chain disagree."""


def _word(value: int | str) -> int:
    return int(value, 16) if isinstance(value, str) else int(value)


def _padded(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a basket's liquidation answers, as the chain says it: of eight legs."""
    paid, fee, seized, *executed = answer
    return paid, fee, (*seized, *(0,) * (8 - len(seized))), *executed


def outcome(call: Callable[[], Any]) -> Any:
    """What a call answers, or its revert."""
    try:
        return call()
    except CallReverted as revert:
        return Revert(revert.reason)
    except Revert as revert:
        return revert


def _told(target: str, function: str, arguments: Sequence[Any], answer: Any) -> tuple[int, ...]:
    """What a callback has to be called with; of what is seized of each leg the sum that the actor makes."""
    if target != "basket":
        return (arguments[0], answer) if function == "open" else tuple(answer[:3])
    if function in ("open", "close"):
        return (arguments[1], answer) if function == "open" else tuple(answer)
    paid, fee, seized = answer[:3]
    return paid, fee, sum(leg * amount for leg, amount in enumerate(seized, 1))


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, Revert) and isinstance(expected, Revert):
        return found.reason == expected.reason
    return bool(found == expected)


class Lockstep:
    """A pool with two vaults and a basket, its council, tokens and oracles; on chain and in the twin."""

    def __init__(
        self,
        engine: Engine,
        decimals: tuple[int, int, int] = (6, 18, 8),
        flash_fee: int = 0,
        pace: tuple[int, int] = (WAD, DAY),
    ) -> None:
        """Deploys everything; `decimals` of the loan asset and of the vaults' collaterals."""
        self.engine = engine
        self.deployer = Deployer(engine, DEPLOYER)
        self.make, self.at = self.deployer.make, self.deployer.at
        self.decimals = decimals
        self.twin = twin_chain.Chain(engine.now)
        self.calls: list[str] = []
        self.slots = {
            name: slots_of(name) for name in ("Pool", "Vault", "Basket", "PlainToken", "Council", "Backstop")
        }
        self.venue: Any = None  # where the periphery trades, see `exchange.Venue`; only some need one

        self.chain: dict[str, Contract] = {}
        self.model: dict[str, Any] = {}
        for name, digits in zip(("loan", "first_collateral", "second_collateral"), decimals, strict=True):
            self.chain[name] = self.make("PlainToken", name, "T", digits)
            self.model[name] = twin_chain.Token(self.twin, self.chain[name].address)
        self.protocol = Protocol(self.deployer)
        self.factory = self.protocol.factory
        params = PoolParams(name="Plimsoll", symbol="P")
        loan_decimals = decimals[0]
        struct = list(params.to_struct(self.chain["loan"].address, loan_decimals))
        struct[4] = flash_fee
        struct[10:] = pace
        struct[6] = 10**15  # an insurance target so low that there is something to pay out now and then
        made = self.protocol.create_pool(struct, CURATOR, params.delay)
        self.chain |= vars(made)
        pool, council, backstop = made.pool.address, made.council.address, made.backstop.address
        self.model["pool"] = Pool(
            self.twin,
            self.model["loan"],
            pool,
            Curve(*struct[5]),
            struct[3],
            flash_fee,
            *struct[6:8],
            *struct[10:],
        )
        self.model["backstop"] = Backstop(self.twin, self.model["pool"], backstop, *struct[8:10])
        self.model["backstop"].synced_at = self.chain["backstop"].call("synced_at")
        self.model["pool"].initialize(council, backstop)
        self.model["council"] = Council(
            self.twin, self.model["pool"], council, CURATOR, params.delay, self.model["backstop"]
        )

        self.fair: dict[str, int] = {}
        for number, (risk, quote) in enumerate(((BLUE_CHIP, 2_000), (CORRELATED, 60_000))):
            which = ("first", "second")[number]
            collateral = f"{which}_collateral"
            price = quote * 10 ** (36 + loan_decimals - decimals[1 + number])
            if decimals[1 + number] == 0:
                price //= 10**5  # a unit that cannot be divided must be worth little
            self.fair[f"{which}_oracle"] = price
            self.chain[f"{which}_oracle"] = self.make("LyingOracle", price)
            self.model[f"{which}_oracle"] = ScriptedOracle(self.twin, price)
            terms = risk.to_struct(loan_decimals)
            made_vault = self.protocol.create_vault(
                made.pool, self.chain[collateral], self.chain[f"{which}_oracle"], terms
            )
            self.chain[f"{which}_vault"], vault = made_vault, made_vault.address
            self.model[f"{which}_vault"] = Vault(
                self.twin, self.model["pool"], self.model[collateral], self.model[f"{which}_oracle"], vault,
                Risk.from_struct(terms),
            )  # fmt: skip
            self.model["pool"].own_vaults[vault] = True
        self._make_basket(made.pool)
        self.flash_borrower = self.make("FlashBorrower")
        self.flash_borrower.send("approve", self.chain["loan"].address, pool, sender=DEPLOYER)
        self.model["loan"].approve(self.flash_borrower.address, pool, MAX)
        self.events = Events()
        kinds = {
            "pool": "Pool",
            "council": "Council",
            "backstop": "Backstop",
            "vault": "Vault",
            "basket": "Basket",
            "loan": "PlainToken",
            "collateral": "PlainToken",
        }
        for name, contract in self.chain.items():
            kind = kinds.get(name.split("_")[-1])
            if kind:
                self._listen(kind, contract.address)
        self.actor = self.make("CallbackActor")
        self.holders = [  # of tokens
            *ROLES, self.actor.address, pool, *(self.chain[spoke].address for spoke in SPOKES),
        ]  # fmt: skip
        self._provide()

    def _make_basket(self, pool: Contract) -> None:
        """A basket of both collaterals and of a third, whose token has 12 decimals."""
        third = self.make("PlainToken", "third", "T", THIRD_DECIMALS)
        self.chain["third_collateral"] = third
        self.model["third_collateral"] = twin_chain.Token(self.twin, third.address)
        price = 20 * 10 ** (36 + self.decimals[0] - THIRD_DECIMALS)
        self.fair["third_oracle"] = price
        self.chain["third_oracle"] = self.make("LyingOracle", price)
        self.model["third_oracle"] = ScriptedOracle(self.twin, price)
        legs, collaterals = [], []
        for which, (ltv, threshold, times) in zip(LEGS, RATIOS, strict=True):
            token, oracle = f"{which}_collateral", f"{which}_oracle"
            terms = (ltv, threshold, times * self.fair[oracle])
            legs.append((self.chain[token].address, self.chain[oracle].address, *terms))
            collaterals.append(Collateral(self.model[token], self.model[oracle], Leg(*terms)))
        risk = (0, 0, *BASKET.to_struct(self.decimals[0])[2:])
        made = self.chain["basket"] = self.protocol.create_basket(pool, legs, risk)
        self.model["basket"] = Basket(
            self.twin, self.model["pool"], collaterals, made.address, Risk.from_struct(risk)
        )
        self.model["pool"].own_vaults[made.address] = True

    def _listen(self, kind: str, address: str) -> None:
        self.events.listen(address, artifact(kind).abi)

    def add(self, name: str, kind: str, contract: Contract, model: Any) -> None:
        """Another contract, of a kind of `SOURCES`, and its twin."""
        self.chain[name], self.model[name] = contract, model
        self._listen(kind, contract.address)

    def _provide(self) -> None:
        """Tokens and approvals for everybody."""
        spenders = {
            "loan": ["pool", *SPOKES],
            "first_collateral": ["first_vault", "basket"],
            "second_collateral": ["second_vault", "basket"],
            "third_collateral": ["basket"],
        }
        actor = self.actor.address
        for (name, users), digits in zip(spenders.items(), (*self.decimals, THIRD_DECIMALS), strict=True):
            token, model = self.chain[name], self.model[name]
            for owner in (*ROLES, actor):
                token.send("mint", owner, 10 ** (digits + 7), sender=DEPLOYER)
                model.mint(owner, 10 ** (digits + 7))
            for spender in (self.chain[user].address for user in users):
                for owner in ROLES:
                    token.send("approve", spender, MAX, sender=owner)
                    model.approve(owner, spender, MAX)
                self.actor.send("approve", token.address, spender, sender=DEPLOYER)
                model.approve(actor, spender, MAX)
        self.act("loan", "mint", self.flash_borrower.address, 10 ** (self.decimals[0] + 6), sender=DEPLOYER)

    # ---------------------------------------------------------------------------------------- doing

    def act(self, target: str, function: str, *arguments: Any, sender: str) -> Any:
        """One call on both sides; its answer, or the reason of its revert as a `Revert`.

        Raises:
            Difference: when one reverts and the other does not, or for another reason, or when answers or
                events differ.
        """
        send = functools.partial(self.chain[target].send, function, *arguments, sender=sender)
        call = self._twin_call(target, function, arguments, sender)
        return self._both(target, function, arguments, send, call, sender)

    def act_by_signature(
        self, target: str, function: str, *arguments: Any, signature: Signature, sender: str
    ) -> Any:
        """As `act`, for the functions of `TYPES`, whose last argument is a signature."""
        signed = self._sign(target, function, signature)
        parts = (signed[64], signed[:32], signed[32:64]) if function == "permit" else (signed,)
        send = functools.partial(self.chain[target].send, function, *arguments, *parts, sender=sender)
        call = functools.partial(getattr(self.model[target], function), *arguments, signature)
        return self._both(target, function, arguments, send, call, sender)

    def act_with_callback(
        self, target: str, function: str, *arguments: Any, inside: Sequence[tuple[str, str, tuple[Any, ...]]]
    ) -> Any:
        """A call of the actor's with data; in the callback it makes the calls `inside`."""
        steps = [
            (self.chain[name].address, self.chain[name].encode(method, *parameters))
            for name, method, parameters in inside
        ]
        self.actor.send("plan", steps, sender=DEPLOYER)
        self.twin.now = self.engine.now
        pool, model = self.model["pool"], self.model[target]
        books = pool.accrued()
        worth = pool.cash() * FRACTION + books.total_debt - books.total_assets
        me = self.actor.address
        answers: list[bool] = []

        def callback() -> None:
            books = pool.accrued()
            assert pool.cash() * FRACTION + books.total_debt - books.total_assets >= worth, "N1"
            for name, method, parameters in inside:
                try:
                    self.twin.transact(self._twin_call(name, method, parameters, me))
                    answers.append(True)
                except Revert:
                    answers.append(False)

        def send() -> None:
            data = self.chain[target].encode(function, *arguments, b"data")
            self.actor.send("act", self.chain[target].address, data, sender=DEPLOYER)

        call = functools.partial(getattr(model, function), me, *arguments, callback)
        # what was done inside is judged by the comparison of all words; the sums must hold in any case
        answer = self._both(target, "callback", (function, *arguments, inside), send, call, me)
        if not isinstance(answer, Revert):
            told = _told(target, function, arguments, answer)
            if self._called() != (*told, 0)[:3]:
                raise Difference(f"{target}.{function} calls back with {self._called()}, not {told}")
            found = [bool(success) for success, _ in self.actor.call("answers")]
            if found != answers:
                raise Difference(f"inside {target}.{function}: chain {found}, twin {answers} for {inside}")
        return answer

    def _called(self) -> tuple[int, ...]:
        """The three numbers that the actor's last callback was called with."""
        data = next(log.data for log in self.engine.logs() if log.address == self.actor.address)
        return tuple(
            int.from_bytes(data[at : at + 32], "big") for at in (32, 64, 96)
        )  # after the name's place

    def flash_loan(self, amount: int, sender: str) -> None:
        """A flash loan to an honest receiver, on both sides."""
        receiver = self.flash_borrower.address
        arguments = (receiver, self.chain["loan"].address, amount, b"")
        send = functools.partial(self.chain["pool"].send, "flashLoan", *arguments, sender=sender)
        call = functools.partial(self.model["pool"].flash_loan, amount, receiver, lambda: None)
        self._both("pool", "flashLoan", arguments, send, call, sender)

    def ask(self, target: str, view: str, *arguments: Any, model: Callable[[], Any]) -> Any:
        """A question to both sides; the answer, or the reason of its revert as a `Revert`.

        Raises:
            Difference: when the chain says something else than `model` returns.
        """
        self.twin.now = self.engine.now
        found = outcome(functools.partial(self.chain[target].call, view, *arguments))
        expected = outcome(functools.partial(self.twin.transact, model))
        if not _same(found, expected):
            raise Difference(f"{target}.{view}{arguments}: chain {found!r}, twin {expected!r}")
        return expected

    def _both(
        self,
        target: str,
        function: str,
        arguments: tuple[Any, ...],
        send: Callable[[], Any],
        call: Callable[[], Any],
        sender: str,
    ) -> Any:
        """The chain's `send` and the twin's `call`, compared; an answer of None is not."""
        call_text = f"{target}.{function}{arguments} by {sender} at {self.engine.now}"
        self.calls.append(call_text)
        self.twin.now = self.engine.now
        self.twin.events.clear()
        before = invariants.Books.of(self.model) if "basket" in self.model else None
        found = outcome(send)
        expected = outcome(functools.partial(self.twin.transact, call))
        refused = isinstance(found, Revert) or isinstance(expected, Revert)
        if (refused or None not in (found, expected)) and not _same(found, expected):
            raise Difference(f"{call_text}: chain {found!r}, twin {expected!r}")
        if before:
            after = invariants.check(self.model, before, target, function, arguments, expected, sender)
            basket_invariants.check(self.model, before, after, target, function, arguments, expected)
        if not refused:
            events = [  # those of mocks that are no tokens are not modelled
                twin_chain.Event(log.address, event.name, event.decode(log))
                for log in self.engine.logs()
                if (event := self.events.of(log))
            ]
            if events != self.twin.events:
                raise Difference(f"events of {call_text}: chain {events}, twin {self.twin.events}")
        return expected

    def _twin_call(
        self, target: str, function: str, arguments: tuple[Any, ...], sender: str
    ) -> Callable[[], Any]:
        model = self.model[target]
        if function in ANONYMOUS:
            return lambda: getattr(model, function)(*arguments)
        if target.endswith(("loan", "collateral")) and function in ("mint", "burn"):
            return lambda: getattr(model, function)(*arguments)
        name = {"transferFrom": "transfer_from"}.get(function, function)
        silent = function in ("transfer", "transferFrom", "approve")  # the chain answers true
        if arguments and arguments[-1] == b"":
            arguments = arguments[:-1]  # the twin takes a callback where the chain takes data
        call = functools.partial(getattr(model, name), sender, *arguments)
        if (target == "basket" and function.startswith("liquidate")) or function in WITH_FUNDS:
            return lambda: _padded(call())
        return (lambda: call() or True) if silent else call

    def _sign(self, target: str, function: str, signature: Signature) -> bytes:
        """EIP-712, as a wallet does it: 65 bytes, r, s, v."""
        domain = {
            "name": "Plimsoll" if target == "pool" else "Plimsoll Vault",
            "version": "1",
            "chainId": self.engine.chain_id,
            "verifyingContract": self.chain[target].address,
        }
        kind, fields = TYPES[function]
        types = {kind: [{"name": name, "type": of} for name, of in fields.items()]}
        message = dict(zip(fields, signature.message, strict=True))
        return SIGNERS[signature.signer].sign(domain, types, message)

    def set_prices(self, oracle: str, price: int, safe_price: int) -> None:
        """What an oracle answers from now on."""
        if isinstance(self.model[oracle].price_answer, str):
            self.chain[oracle].send("set_silent", False, sender=DEPLOYER)
        self.chain[oracle].send("set_prices", price, safe_price, sender=DEPLOYER)
        self.model[oracle].price_answer, self.model[oracle].safe_price_answer = price, safe_price

    def silence(self, oracle: str) -> None:
        """Lets an oracle revert."""
        self.chain[oracle].send("set_silent", True, sender=DEPLOYER)
        reason = "lying oracle: silent"
        self.model[oracle].price_answer = self.model[oracle].safe_price_answer = reason

    def advance(self, seconds: int) -> None:
        """Lets time pass."""
        self.engine.advance(seconds)
        self.twin.now = self.engine.now

    # ------------------------------------------------------------------------------------ comparing

    def compare(self) -> None:
        """Every modelled storage word of the chain equals the twin's (T1).

        Raises:
            Difference: naming the first word that does not.
        """
        storage = self.engine.storage
        for what, address, slot, expected in self._words():
            found = storage(address, slot)
            if found != expected:
                raise Difference(f"{what}: chain {found}, twin {expected}")

    def _words(self):  # type: ignore[no-untyped-def]
        pool, chain = self.model["pool"], self.chain
        t = pool.totals
        slots = self.slots["Pool"]
        address = chain["pool"].address
        yield (
            "books",
            address,
            slots["ledger.books"],
            (t.total_assets | t.total_debt << 110 | pool.last_accrual << 220),
        )
        yield (
            "counts",
            address,
            slots["ledger.counts"],
            (t.total_supply | t.total_debt_shares << 104 | t.log_rate << 208 | t.flags << 240),
        )
        yield "supply_cap", address, slots["gates.supply_cap"], pool.supply_cap
        yield "paused_until", address, slots["gates.paused_until"], pool.paused_until
        yield "provisions", address, slots["waterfall.provisions"], pool.provisions()
        yield from self._words_of_the_backstop()
        for vault in SPOKES:
            key = chain[vault].address
            limit, drawn = pool.line(key)
            known = 1 << 255 if key in pool.lines else 0
            level, since = pool.paces.get(key, (0, 0))
            paced = key in pool.paces
            provision = pool.provision_of.get(key, 0)
            yield ("provision", vault), address, _slot(slots["waterfall.provision_of"], key), provision
            line = known | limit << 104 | drawn | level << 198 | since << 222 | paced << 254
            yield ("line", vault), address, _slot(slots["credit_lines.lines"], key), line
            lost = pool.losses.get(key, 0)
            yield ("losses", vault), address, _slot(slots["credit_lines.losses"], key), lost
            yield from self._words_of_a_spoke(vault)
        for owner in ROLES:
            shares = pool.balances.get(owner, 0)
            yield ("shares", owner), address, _slot(slots["share_token.balanceOf"], owner), shares
            slot = _slot(slots["share_token.allowance"], owner, OPERATOR)
            yield ("allowance", owner), address, slot, pool.allowances.get((owner, OPERATOR), 0)
            slot = _slot(slots["share_token.nonces"], owner)
            yield ("nonce", owner), address, slot, pool.nonces.get(owner, 0)
        slot = self.slots["PlainToken"]["balanceOf"]
        for token in ("loan", *(f"{leg}_collateral" for leg in LEGS)):
            address, balances = chain[token].address, self.model[token].balances
            for owner in self.holders:
                yield (token, owner), address, _slot(slot, owner), balances.get(owner, 0)
        council, words, address = self.model["council"], self.slots["Council"], chain["council"].address
        for name in ("curator", "pending_curator", "guardian"):
            yield name, address, words[name], int(getattr(council, name), 16)
        yield "payout_receiver", address, words["payout_receiver"], int(council.payout_receiver, 16)
        for name in ("pause_started", "announced", "announced_at"):
            yield name, address, words[name], getattr(council, name)
        queued = council.queued
        for offset, part in enumerate(queued):
            yield f"queued[{offset}]", address, words["queued"] + offset, _word(part)
        for vault in SPOKES:
            slot = _slot(words["cuts"], chain[vault].address)
            for offset, part in enumerate(council.cuts.get(chain[vault].address, Cut())):
                yield f"cut of {vault}[{offset}]", address, slot + offset, part

    def _words_of_a_spoke(self, name: str):  # type: ignore[no-untyped-def]
        address, model = self.chain[name].address, self.model[name]
        is_basket = name == "basket"
        words = self.slots["Basket" if is_basket else "Vault"]
        positions, provisions, rights, nonces, *lanes = (
            words[word]
            for word in (
                "book.positions", "book.provision_of", "operators.rights_of", "operators.nonces",
                *["basket.amounts"] * is_basket,
            )
        )  # fmt: skip
        yield ("provisions", name), address, words["book.provisions"], model.provisions()
        for owner in [*(HOLDERS if is_basket else ROLES), self.actor.address]:
            yield ("position", name, owner), address, _slot(positions, owner), model.word_of(owner)
            provision = model.provision_of.get(owner, 0)
            yield ("provision", name, owner), address, _slot(provisions, owner), provision
            right = model.rights.get((owner, OPERATOR), 0)
            yield ("right", name, owner), address, _slot(rights, owner, OPERATOR), right
            yield ("nonce", name, owner), address, _slot(nonces, owner), model.nonces.get(owner, 0)
            for first in lanes:
                for number, pair in enumerate(packed_amounts(model.amounts_of(owner))[:2]):
                    yield ("lanes", number, owner), address, _slot(first, owner) + number, pair

    def _words_of_the_backstop(self):  # type: ignore[no-untyped-def]
        backstop, address, slots = (
            self.model["backstop"],
            self.chain["backstop"].address,
            self.slots["Backstop"],
        )
        books = backstop.stored
        for offset, part in enumerate((*books.stake, *books.escrow, books.income, books.stream_end)):
            yield f"backstop's books[{offset}]", address, slots["stored"] + offset, part
        yield "synced_at", address, slots["synced_at"], backstop.synced_at
        generation = f"0x{books.stake.generation:040x}"
        for owner in STAKERS:
            slot = mapping_slot(_slot(slots["balances"], generation), owner)
            yield (
                f"stake of {owner}",
                address,
                slot,
                backstop.balances.get((books.stake.generation, owner), 0),
            )
            slot = _slot(slots["allowance"], owner, OPERATOR)
            yield (
                f"allowance of {owner} in the backstop",
                address,
                slot,
                backstop.allowances.get((owner, OPERATOR), 0),
            )
            slot = _slot(slots["departures"], owner)
            for offset, part in enumerate(backstop.departures.get(owner, Departure())):
                yield f"departure of {owner}[{offset}]", address, slot + offset, part
        slot = _slot(self.slots["Pool"]["share_token.balanceOf"], address)
        held = self.model["pool"].balances.get(address, 0)
        yield "shares of the backstop", self.chain["pool"].address, slot, held


@functools.cache
def _slot(slot: int, *keys: str) -> int:
    return mapping_slot(slot, *keys)
