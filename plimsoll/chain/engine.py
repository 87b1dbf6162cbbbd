"""How Python talks to a chain: one small interface, and contracts on top of it.

An engine deploys, sends, calls, moves time, takes snapshots and reads storage words. The same test runs on
every engine. Addresses are hexadecimal strings in lower case, amounts are integers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from eth_utils.crypto import keccak

from plimsoll.chain.abi import Function, Log, constructor_data, counted, functions_of
from plimsoll.chain.artifact import AbiEntry
from plimsoll.chain.artifact import Artifact as Artifact
from plimsoll.units import NOBODY

BLUEPRINT_PREAMBLE = bytes.fromhex("fe7100")  # EIP-5202


class Transaction(NamedTuple):
    """What is to be sent; within a block, in the order of the list."""

    sender: str
    to: str
    data: bytes


class Receipt(NamedTuple):
    """What became of a transaction."""

    is_success: bool
    logs: Sequence[Log]


class CallReverted(Exception):
    """A call that the chain reverted.

    Attributes:
        reason: the reason string; empty where there is none.
    """

    def __init__(self, reason: str) -> None:
        """A revert with a reason, or with an empty one."""
        self.reason = reason
        super().__init__(reason or "no reason")


class Caller(Protocol):
    """What asking a contract takes."""

    def call(self, sender: str, to: str, data: bytes) -> bytes:
        """Asks without a transaction. Raises `CallReverted`."""


class Engine(Caller, Protocol):
    """What every engine does."""

    @property
    def client(self) -> str:
        """What runs the code, with its version."""

    @property
    def chain_id(self) -> int:
        """What signatures are bound to."""

    @property
    def now(self) -> int:
        """Timestamp of the block in which the next call runs, seconds."""

    def advance(self, seconds: int) -> None:
        """Moves the time of the next call."""

    def call(self, sender: str, to: str, data: bytes, gas: int | None = None) -> bytes:
        """Asks without a transaction, with so much gas when it is said. Raises `CallReverted`."""

    def create(self, initcode: bytes, sender: str) -> str:
        """Runs initcode; returns the address of what it made. Raises `CallReverted`."""

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """Sends a transaction; returns what the call returned. Raises `CallReverted`."""

    def logs(self) -> Sequence[Log]:
        """The events of the last transaction."""

    @property
    def identifier(self) -> str | None:
        """The hash of the last transaction; None where there are none."""

    def block(self, transactions: Sequence[Transaction]) -> list[Receipt]:
        """Puts transactions into one block at the current time, in this order."""

    def snapshot(self) -> int:
        """Keeps the state; returns its number."""

    def revert(self, snapshot: int) -> None:
        """Goes back to a state, which is used up by it."""

    def code(self, address: str) -> bytes:
        """What runs at an address, immutables included."""

    def storage(self, address: str, slot: int) -> int:
        """A word of storage."""

    def set_storage(self, address: str, slot: int, word: int) -> None:
        """Overwrites a word of storage: what no contract can do."""


@contextmanager
def undone(engine: Engine) -> Iterator[None]:
    """Undoes what happens inside, also when it fails."""
    before = engine.snapshot()
    try:
        yield
    finally:
        engine.revert(before)


class Views:
    """A contract that is only asked: encodes, asks, decodes."""

    def __init__(self, caller: Caller, address: str, abi: Sequence[AbiEntry]) -> None:
        """A contract at an address; overloads by default arguments are told apart by their number."""
        self._caller = caller
        self.address = address
        self._functions = functions_of(abi)

    def function(self, name: str, count: int) -> Function:
        """A function by its name and the number of its arguments.

        Raises:
            TypeError: there is none.
        """
        try:
            return self._functions[name, count]
        except KeyError:
            named = [each.signature for (known, _), each in self._functions.items() if known == name]
            how = f"is called as {' or '.join(named)}" if named else "is no function of the contract"
            raise TypeError(f"{name} got {counted(count)}, but {how}.") from None

    def encode(self, name: str, *arguments: Any) -> bytes:
        """The calldata of a call."""
        return self.function(name, len(arguments)).encode(arguments)

    def call(self, name: str, *arguments: Any, sender: str = NOBODY) -> Any:
        """Asks without a transaction; returns the decoded answer (a tuple when there are several)."""
        function = self.function(name, len(arguments))
        return function.decode(self._caller.call(sender, self.address, function.encode(arguments)))


class Contract(Views):
    """A contract on an engine: encodes, sends or asks, decodes."""

    def __init__(self, engine: Engine, address: str, abi: Sequence[AbiEntry]) -> None:
        """A contract at an address; overloads by default arguments are told apart by their number."""
        super().__init__(engine, address, abi)
        self.engine = engine

    def send(self, name: str, *arguments: Any, sender: str) -> Any:
        """Sends a transaction; returns the decoded answer (a tuple when there are several)."""
        function = self.function(name, len(arguments))
        return function.decode(self.engine.send(sender, self.address, function.encode(arguments)))


def deploy(engine: Engine, artifact: Artifact, *arguments: Any, sender: str) -> Contract:
    """Deploys a contract with its constructor's arguments."""
    address = engine.create(artifact.initcode + constructor_data(artifact, arguments), sender)
    return Contract(engine, address, artifact.abi)


def deploy_blueprint(engine: Engine, artifact: Artifact, sender: str) -> str:
    """Stores a contract's initcode as a blueprint (EIP-5202); returns its address."""
    return place_code(engine, BLUEPRINT_PREAMBLE + artifact.initcode, sender)


def place_code(engine: Engine, code: bytes, sender: str) -> str:
    """Puts these bytes on the chain as a contract; returns its address."""
    # PUSH2 size; returns what follows these ten bytes
    copier = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3")
    return engine.create(copier + code, sender)


def mapping_slot(slot: int, *keys: str) -> int:
    """The storage slot of an entry of a Vyper mapping, nested by each further key (an address)."""
    for key in keys:
        slot = int.from_bytes(
            keccak(slot.to_bytes(32, "big") + bytes.fromhex(key[2:]).rjust(32, b"\0")), "big"
        )
    return slot
