"""The common ground: one chain, two neutral tokens, two feeds, the people, and how gas is taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from eth_utils.crypto import keccak

from plimsoll.chain.abi import Log
from plimsoll.chain.anvil import Anvil
from plimsoll.chain.engine import Contract
from plimsoll.chain.protocol import Deployer
from plimsoll.chain.revm import Revm
from plimsoll.units import HOUR, MAX, WAD

QUOTE = 2_000  # loan tokens for a collateral token
FEED_DECIMALS = 8
FORTUNE = 10**9 * WAD
TRANSFER = keccak(text="Transfer(address,address,uint256)")


def person(role: str) -> str:
    """An address that looks like one: scarcely a zero byte, as calldata costs less where there are zeros."""
    return "0x" + keccak(text=f"plimsoll peers {role}")[-20:].hex()


DEPLOYER, LENDER, BORROWER, TREASURY = map(person, ("deployer", "lender", "borrower", "treasury"))


@dataclass(frozen=True)
class Call:
    """A transaction that has not been sent yet."""

    sender: str
    to: str
    data: bytes

    @classmethod
    def of(cls, contract: Contract, name: str, *arguments: Any, sender: str) -> "Call":
        """A call of a contract's function."""
        return cls(sender, contract.address, contract.encode(name, *arguments))


@dataclass(frozen=True)
class Leg:
    """A collateral with its feed."""

    token: Contract
    feed: Contract

    def set_price(self, quote: int) -> None:
        """Lets it cost `quote` loan tokens."""
        self.feed.send("set_answer", quote * 10**FEED_DECIMALS, sender=DEPLOYER)


@dataclass(frozen=True)
class Flow:
    """What the neutral tokens must have moved in all, base units, for an operation to count as done."""

    loan: tuple[int, int] = (0, 0)
    collateral: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Failed:
    """An operation that a protocol refused, or did not do."""

    reason: str


@dataclass(frozen=True)
class Done:
    """An operation that was done."""

    gas: int  # the receipt's
    contracts: int  # that were called, tokens included
    words: int  # of storage that were read or written, those of the tokens included
    changed: int  # of these

    @classmethod
    def last(cls, engine: Anvil) -> "Done":
        """The last transaction."""
        before = engine.trace("prestateTracer")
        change = engine.trace("prestateTracer", diffMode=True)
        return cls(
            gas=engine.gas_used,
            contracts=sum(account.get("code", "0x") != "0x" for account in before.values()),
            words=sum(len(account.get("storage", {})) for account in before.values()),
            changed=sum(
                len({slot for side in change.values() for slot in side.get(each, {}).get("storage", {})})
                for each in before
            ),
        )


Use = Done | Failed


class Market(Protocol):
    """A protocol's market of the two tokens; every method builds the call that a person would send."""

    spenders: tuple[str, ...]  # what people have to approve
    helper: str | None  # stands in for a native batch, with funds of its own

    def supply(self, who: str, amount: int) -> Call:
        """Lends `amount`."""

    def withdraw(self, who: str, amount: int) -> Call:
        """Takes back `amount` of what was lent."""

    def deposit_collateral(self, who: str, amount: int, owner: str) -> Call:
        """Locks `amount` of `who`'s for `owner`."""

    def withdraw_collateral(self, who: str, amount: int) -> Call:
        """Releases `amount`."""

    def borrow(self, who: str, amount: int) -> Call:
        """Borrows `amount`."""

    def repay(self, who: str, amount: int) -> Call:
        """Repays `amount`."""

    def repay_all(self, who: str) -> Call:
        """Repays all there is."""

    def liquidate(self, who: str, owner: str, repaid: int) -> Call:
        """Repays `repaid` of `owner`'s debt."""

    def liquidate_all(self, who: str, owner: str) -> Call:
        """Repays all of `owner`'s debt."""

    def liquidate_bad_debt(self, who: str, owner: str) -> Call:
        """Takes all of `owner`'s collateral, which is worth less than the debt."""

    def liquidate_many(self, who: str, owners: list[str], repaid: int) -> Call:
        """Repays `repaid` of the debt of each."""

    def flash_loan(self, who: str, amount: int) -> Call:
        """Borrows `amount` and gives it back at once."""

    def debt(self, owner: str) -> int:
        """What `owner` owes, 0 if nothing."""

    def set_price(self, quote: int) -> None:
        """Lets the collateral cost `quote` loan tokens."""


class Ground:
    """Two neutral tokens and two feeds on a chain; what is measured (on Anvil) is an hour after the last."""

    def __init__(self, engine: Anvil | Revm, loan_decimals: int = 18) -> None:
        """Deploys from an account of its own, so that addresses are the same in every run."""
        self.engine = engine
        self.deployer = Deployer(engine, DEPLOYER)
        self.make = self.deployer.make
        self.loan = self.make("PlainToken", "Loan", "LOAN", loan_decimals)
        self.collateral = self.make("PlainToken", "Collateral", "COLL", 18)
        self.collateral_feed = self.make("AnswerFeed", FEED_DECIMALS, QUOTE * 10**FEED_DECIMALS)
        self.loan_feed = self.make("AnswerFeed", FEED_DECIMALS, 10**FEED_DECIMALS)
        for token in (self.loan, self.collateral):
            for who in (LENDER, BORROWER):
                self.give(token, who, FORTUNE)

    def legs(self, count: int) -> list[Leg]:
        """The collateral, and others like it."""
        legs = [Leg(self.collateral, self.collateral_feed)]
        for number in range(1, count):
            token = self.make("PlainToken", f"Collateral {number}", f"COLL{number}", 18)
            legs.append(Leg(token, self.make("AnswerFeed", FEED_DECIMALS, QUOTE * 10**FEED_DECIMALS)))
        return legs

    def give(self, token: Contract, who: str, amount: int) -> None:
        """Mints `amount` to `who`."""
        token.send("mint", who, amount, sender=DEPLOYER)

    def approve(self, spenders: Iterable[str], who: str) -> None:
        """Lets `who` give the spenders infinite allowances of both tokens, as a regular user has."""
        for spender in spenders:
            for token in (self.loan, self.collateral):
                token.send("approve", spender, MAX, sender=who)

    def set_feed(self, quote: int) -> None:
        """Moves the collateral's feed."""
        self.collateral_feed.send("set_answer", quote * 10**FEED_DECIMALS, sender=DEPLOYER)

    def run(self, call: Call) -> None:
        """Sends a call that is not measured."""
        self.engine.send(call.sender, call.to, call.data)

    def measure(self, call: Call, flow: Flow) -> Use:
        """What a call costs an hour after the last; failed if it reverts or moves other amounts than `flow`.

        Raises:
            CallReverted: the call reverts.
        """
        self.engine.advance(HOUR)
        self.run(call)
        done, logs = Done.last(self.engine), self.engine.logs()
        for token, bounds in ((self.loan, flow.loan), (self.collateral, flow.collateral)):
            moved = _moved(logs, token)
            if not bounds[0] <= moved <= bounds[1]:
                return Failed(f"moved {moved} of {token.call('symbol')}, expected {bounds[0]} to {bounds[1]}")
        return done


def _moved(logs: Iterable[Log], token: Contract) -> int:
    return sum(
        int.from_bytes(log.data, "big")
        for log in logs
        if log.address == token.address.lower() and log.topics[0] == TRANSFER
    )
