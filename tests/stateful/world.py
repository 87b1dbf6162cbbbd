"""One protocol twice, the bytecode and the exact twin: driven by the same calls, compared after each."""

import functools
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from plimsoll.chain.engine import (
    Artifact,
    CallReverted,
    Contract,
    Engine,
    deploy,
    deploy_blueprint,
    mapping_slot,
)
from plimsoll.params import BLUE_CHIP, CORRELATED, PoolParams
from plimsoll.twin import chain as twin_chain
from plimsoll.twin.chain import MAX, NOBODY, Revert
from plimsoll.twin.council import Council
from plimsoll.twin.liquidation import Risk
from plimsoll.twin.pool import Pool
from plimsoll.twin.rates import Curve
from plimsoll.twin.shares import FRACTION
from plimsoll.twin.vault import Vault
from tests.stateful import invariants

ROOT = Path(__file__).parents[2]
SOURCES = {
    "Pool": "contracts/Pool.vy",
    "Council": "contracts/Council.vy",
    "Vault": "contracts/Vault.vy",
    "Factory": "contracts/Factory.vy",
    "Token": "contracts/mocks/PlainToken.vy",
    "Oracle": "contracts/mocks/LyingOracle.vy",
    "FlashBorrower": "contracts/mocks/FlashBorrower.vy",
    "Actor": "contracts/mocks/CallbackActor.vy",
    "FeeToken": "contracts/mocks/FeeToken.vy",
    "FalseReturnToken": "contracts/mocks/FalseReturnToken.vy",
    "ContractWallet": "contracts/mocks/ContractWallet.vy",
    "StutteringOracle": "contracts/mocks/StutteringOracle.vy",
    "Intruder": "contracts/mocks/Intruder.vy",
    "OpenFactory": "contracts/mocks/OpenFactory.vy",
    "PeerVault": "contracts/mocks/PeerVault.vy",
    "ChainlinkOracle": "contracts/oracles/ChainlinkOracle.vy",
    "Feed": "contracts/mocks/MockFeed.vy",
    "RateVault": "contracts/mocks/MockRateVault.vy",
}


@functools.cache
def compiled(name: str, root: Path = ROOT) -> tuple[Artifact, dict[str, int]]:
    """A contract and the slots of its storage by dotted name."""
    answer = subprocess.run(
        ["vyper", "-f", "bytecode,abi,layout", SOURCES[name]],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    slots: dict[str, int] = {}

    def collect(part: dict[str, Any], prefix: str) -> None:
        for key, entry in part.items():
            if "slot" in entry:
                slots[prefix + key] = entry["slot"]
            else:
                collect(entry, f"{prefix}{key}.")

    collect(json.loads(answer[2]).get("storage_layout", {}), "")
    return Artifact(name, tuple(json.loads(answer[1])), bytes.fromhex(answer[0][2:])), slots


def role(number: int) -> str:
    """An address that belongs to nobody else."""
    return f"0x{0xACE << 148 | number:040x}"


CURATOR, GUARDIAN, LENDER, OTHER_LENDER, BORROWER, OTHER_BORROWER, THIRD_BORROWER = map(role, range(1, 8))
LIQUIDATOR, OPERATOR, BACKSTOP, STRANGER = map(role, range(8, 12))
ROLES = [
    CURATOR, GUARDIAN, LENDER, OTHER_LENDER, BORROWER, OTHER_BORROWER, THIRD_BORROWER, LIQUIDATOR, OPERATOR,
    BACKSTOP, STRANGER,
]  # fmt: skip
BORROWERS = [BORROWER, OTHER_BORROWER, THIRD_BORROWER]
DEPLOYER = role(99)


class Difference(AssertionError):
    """The twin and the chain disagree."""


class World:
    """A pool with two vaults, its council, tokens and oracles; on chain and in the twin."""

    def __init__(
        self, engine: Engine, decimals: tuple[int, int, int] = (6, 18, 8), flash_fee: int = 0
    ) -> None:
        """Deploys everything; `decimals` of the loan asset and of both collaterals."""
        self.engine = engine
        self.decimals = decimals
        self.twin = twin_chain.Chain(engine.now)
        self.steps = 0

        def make(name: str, *arguments: Any) -> Contract:
            return deploy(engine, compiled(name)[0], *arguments, sender=DEPLOYER)

        self.chain: dict[str, Contract] = {}
        self.model: dict[str, Any] = {}
        for name, digits in zip(("loan", "first_collateral", "second_collateral"), decimals, strict=True):
            self.chain[name] = make("Token", name, "T", digits)
            self.model[name] = twin_chain.Token(self.twin)
        blueprints = [
            deploy_blueprint(engine, compiled(name)[0], DEPLOYER) for name in ("Pool", "Council", "Vault")
        ]
        factory = make("Factory", *blueprints)
        params = PoolParams(name="Plimsoll", symbol="P")
        loan_decimals = decimals[0]
        struct = list(params.to_struct(self.chain["loan"].address, loan_decimals))
        struct[4] = flash_fee
        pool = factory.send("create_pool", tuple(struct), CURATOR, params.delay, sender=DEPLOYER)
        self.chain["pool"] = Contract(engine, pool, compiled("Pool")[0].abi)
        council = self.chain["pool"].call("council")
        self.chain["council"] = Contract(engine, council, compiled("Council")[0].abi)
        self.model["pool"] = Pool(
            self.twin, self.model["loan"], pool, Curve(*struct[5]), struct[3], flash_fee
        )
        self.model["pool"].install(council, NOBODY)
        self.model["council"] = Council(self.twin, self.model["pool"], council, CURATOR, params.delay)

        self.fair: dict[str, int] = {}
        for number, (risk, quote) in enumerate(((BLUE_CHIP, 2_000), (CORRELATED, 60_000))):
            which = ("first", "second")[number]
            collateral = f"{which}_collateral"
            price = quote * 10 ** (36 + loan_decimals - decimals[1 + number])
            if decimals[1 + number] == 0:
                price //= 10**5  # a unit that cannot be divided must be worth little
            self.fair[f"{which}_oracle"] = price
            self.chain[f"{which}_oracle"] = make("Oracle", price)
            self.model[f"{which}_oracle"] = twin_chain.Oracle(self.twin, price)
            terms = risk.to_struct(loan_decimals)
            vault = factory.send(
                "create_vault", pool, self.chain[collateral].address, self.chain[f"{which}_oracle"].address,
                terms, sender=DEPLOYER,
            )  # fmt: skip
            self.chain[f"{which}_vault"] = Contract(engine, vault, compiled("Vault")[0].abi)
            self.model[f"{which}_vault"] = Vault(
                self.twin, self.model["pool"], self.model[collateral], self.model[f"{which}_oracle"], vault,
                Risk.from_struct(terms),
            )  # fmt: skip
            self.model["pool"].own_vaults[vault] = True
        self.flash_borrower = make("FlashBorrower")
        self.flash_borrower.send("approve", self.chain["loan"].address, pool, sender=DEPLOYER)
        self.model["loan"].approve(self.flash_borrower.address, pool, MAX)
        # the Factory leaves the backstop empty as long as it deploys none: an account plays it
        engine.set_storage(pool, compiled("Pool")[1]["backstop"], int(BACKSTOP, 16))
        self.model["pool"].backstop = BACKSTOP
        self.actor = make("Actor")
        self._provide()

    def _provide(self) -> None:
        """Tokens and approvals for everybody."""
        spenders = {
            "loan": ["pool", "first_vault", "second_vault"],
            "first_collateral": ["first_vault"],
            "second_collateral": ["second_vault"],
        }
        for (token, names), digits in zip(spenders.items(), self.decimals, strict=True):
            for actor in ROLES:
                self.act(token, "mint", actor, 10 ** (digits + 7), sender=actor)
                for name in names:
                    self.act(token, "approve", self.chain[name].address, MAX, sender=actor)
        self.act("loan", "mint", self.flash_borrower.address, 10 ** (self.decimals[0] + 6), sender=DEPLOYER)
        actor = self.actor.address
        for (token, names), digits in zip(spenders.items(), self.decimals, strict=True):
            self.act(token, "mint", actor, 10 ** (digits + 7), sender=DEPLOYER)
            for name in names:
                spender = self.chain[name].address
                self.actor.send("approve", self.chain[token].address, spender, sender=DEPLOYER)
                self.model[token].approve(actor, spender, MAX)

    # ---------------------------------------------------------------------------------------- doing

    def act(self, target: str, function: str, *arguments: Any, sender: str) -> Any:
        """One call on both sides; its answer, or the reason of its revert as a `Revert`.

        Raises:
            Difference: when one reverts and the other does not, or for another reason, or answers differ.
        """
        self.steps += 1
        self.twin.now = self.engine.now
        before = invariants.Books.of(self.model) if "second_vault" in self.model else None
        chain_answer = twin_answer = chain_reason = twin_reason = None
        try:
            chain_answer = self.chain[target].send(function, *arguments, sender=sender)
        except CallReverted as revert:
            chain_reason = revert.reason
        try:
            twin_answer = self.twin.transact(self._twin_call(target, function, arguments, sender))
        except Revert as revert:
            twin_reason = revert.reason
        if chain_reason != twin_reason:
            raise Difference(f"{target}.{function}{arguments}: chain {chain_reason!r}, twin {twin_reason!r}")
        if before:
            answer = Revert(twin_reason) if twin_reason is not None else twin_answer
            invariants.check(self.model, before, target, function, arguments, answer, sender)
        if chain_reason is not None:
            return Revert(chain_reason)
        if twin_answer is not None and chain_answer != twin_answer:
            raise Difference(f"{target}.{function}{arguments}: chain {chain_answer!r}, twin {twin_answer!r}")
        return chain_answer

    def preview(self, target: str, function: str, *arguments: Any) -> Any:
        """What the chain forecasts; None when it cannot."""
        try:
            return self.chain[target].call(function, *arguments)
        except CallReverted:
            return None

    def _twin_call(
        self, target: str, function: str, arguments: tuple[Any, ...], sender: str
    ) -> Callable[[], Any]:
        model = self.model[target]
        if function in ("accrue", "realise"):
            return lambda: getattr(model, function)()
        if target.endswith(("loan", "collateral")) and function in ("mint", "burn"):
            return lambda: getattr(model, function)(*arguments)
        name = {"transferFrom": "transfer_from"}.get(function, function)
        silent = function in ("transfer", "transferFrom", "approve")  # the chain answers true
        call = functools.partial(getattr(model, name), sender, *arguments)
        return (lambda: call() or True) if silent else call

    def act_with_callback(
        self, target: str, function: str, *arguments: Any, inside: Sequence[tuple[str, str, tuple[Any, ...]]]
    ) -> Any:
        """A call of the actor's with data; in the callback it makes the calls `inside`."""
        self.twin.now = self.engine.now
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

        chain_reason = twin_reason = None
        before = invariants.Books.of(self.model)
        try:
            data = self.chain[target].encode(function, *arguments, b"data")
            self.actor.send("act", self.chain[target].address, data, sender=DEPLOYER)
        except CallReverted as revert:
            chain_reason = revert.reason
        answer: Any = None
        try:
            answer = self.twin.transact(lambda: getattr(model, function)(me, *arguments, callback))
        except Revert as revert:
            twin_reason = revert.reason
        if chain_reason != twin_reason:
            raise Difference(
                f"{target}.{function}{arguments} with {inside}: chain {chain_reason!r}, twin {twin_reason!r}"
            )
        if twin_reason is None:
            found = [bool(success) for success, _ in self.actor.call("answers")]
            if found != answers:
                raise Difference(f"inside {target}.{function}: chain {found}, twin {answers} for {inside}")
        # what was done inside is judged by the comparison of all words; the sums must hold in any case
        invariants.check(self.model, before, target, "callback", arguments, Revert(twin_reason or ""), me)
        return Revert(twin_reason) if twin_reason is not None else answer

    def flash_loan(self, amount: int, sender: str) -> None:
        """A flash loan to an honest receiver, on both sides."""
        arguments = (self.flash_borrower.address, self.chain["loan"].address, amount, b"")
        self.twin.now = self.engine.now
        chain_reason = twin_reason = None
        try:
            self.chain["pool"].send("flashLoan", *arguments, sender=sender)
        except CallReverted as revert:
            chain_reason = revert.reason
        pool = self.model["pool"]
        try:
            self.twin.transact(lambda: pool.flash_loan(amount, self.flash_borrower.address, lambda: None))
        except Revert as revert:
            twin_reason = revert.reason
        if chain_reason != twin_reason:
            raise Difference(f"flashLoan({amount}): chain {chain_reason!r}, twin {twin_reason!r}")

    def set_prices(self, oracle: str, price: int, safe_price: int) -> None:
        """What an oracle answers from now on."""
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
        for what, address, slot, expected in self._words():
            found = self.engine.storage(address, slot)
            if found != expected:
                raise Difference(f"{what}: chain {found}, twin {expected}")

    def _words(self):  # type: ignore[no-untyped-def]
        pool, chain = self.model["pool"], self.chain
        t = pool.totals
        slots = compiled("Pool")[1]
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
        yield "supply_cap", address, slots["supply_cap"], pool.supply_cap
        yield "paused_until", address, slots["paused_until"], pool.paused_until
        for vault in ("first_vault", "second_vault"):
            key = chain[vault].address
            limit, drawn = pool.line(key)
            known = 1 << 255 if key in pool.lines else 0
            yield f"line of {vault}", address, _slot(slots["credit.lines"], key), known | limit << 104 | drawn
            yield f"losses of {vault}", address, _slot(slots["credit.losses"], key), pool.losses.get(key, 0)
            words = compiled("Vault")[1]
            for owner in [*ROLES, self.actor.address]:
                collateral, debt = self.model[vault].position_of(owner)
                yield (
                    f"position of {owner} in {vault}",
                    key,
                    _slot(words["positions"], owner),
                    collateral | debt << 128,
                )
                rights = self.model[vault].rights.get((owner, OPERATOR), 0)
                slot = _slot(words["operators.rights_of"], owner, OPERATOR)
                yield f"rights of {owner}'s operator in {vault}", key, slot, rights
        for owner in ROLES:
            yield (
                f"shares of {owner}",
                address,
                _slot(slots["share_token.balanceOf"], owner),
                pool.balances.get(owner, 0),
            )
            slot = _slot(slots["share_token.allowance"], owner, OPERATOR)
            yield f"allowance of {owner}", address, slot, pool.allowances.get((owner, OPERATOR), 0)
        words = compiled("Token")[1]
        for token in ("loan", "first_collateral", "second_collateral"):
            holders = [
                *ROLES,
                self.actor.address,
                address,
                chain["first_vault"].address,
                chain["second_vault"].address,
            ]
            for owner in holders:
                slot = _slot(words["balanceOf"], owner)
                yield f"{token} of {owner}", chain[token].address, slot, self.model[token].balance_of(owner)
        council, words, address = self.model["council"], compiled("Council")[1], chain["council"].address
        for name in ("curator", "pending_curator", "guardian"):
            yield name, address, words[name], int(getattr(council, name), 16)
        yield "pause_started", address, words["pause_started"], council.pause_started
        queued = council.queued
        for offset, part in enumerate((int(queued.subject, 16), queued.is_guardian, *queued[2:])):
            yield f"queued[{offset}]", address, words["queued"] + offset, int(part)


@functools.cache
def _slot(slot: int, *keys: str) -> int:
    return mapping_slot(slot, *keys)
