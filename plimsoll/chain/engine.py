"""How Python talks to a chain: one small interface, and contracts on top of it.

An engine deploys, sends, calls, moves time, takes snapshots and reads storage words. The same test runs on
every engine. Addresses are hexadecimal strings in lower case, amounts are integers.
"""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

BLUEPRINT_PREAMBLE = bytes.fromhex("fe7100")  # EIP-5202


@dataclass(frozen=True)
class Artifact:
    """A compiled contract."""

    name: str
    abi: tuple[dict[str, Any], ...]
    initcode: bytes


@dataclass(frozen=True)
class Log:
    """An event as the chain keeps it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is to be sent; within a block, in the order of the list."""

    sender: str
    to: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
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

    @classmethod
    def of(cls, data: bytes) -> "CallReverted":
        """A revert by what the call returned."""
        if data[:4] == bytes.fromhex("08c379a0"):  # Error(string)
            return cls(decode(["string"], data[4:])[0])
        return cls("")


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

    def create(self, initcode: bytes, sender: str) -> str:
        """Runs initcode; returns the address of what it made. Raises `CallReverted`."""

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """Sends a transaction; returns what the call returned. Raises `CallReverted`."""

    def logs(self) -> Sequence[Log]:
        """The events of the last transaction."""

    def block(self, transactions: Sequence[Transaction]) -> list[Receipt]:
        """Puts transactions into one block at the current time, in this order."""

    def snapshot(self) -> int:
        """Keeps the state; returns its number."""

    def revert(self, snapshot: int) -> None:
        """Goes back to a state, which is used up by it."""

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

    def __init__(self, caller: Caller, address: str, abi: Sequence[dict[str, Any]]) -> None:
        """A contract at an address; overloads by default arguments are told apart by their number."""
        self._caller = caller
        self.address = address
        self._functions = {
            (entry["name"], len(entry["inputs"])): _Function.of(entry)
            for entry in abi
            if entry["type"] == "function"
        }

    def encode(self, name: str, *arguments: Any) -> bytes:
        """The calldata of a call."""
        return self._functions[name, len(arguments)].encode(arguments)

    def call(self, name: str, *arguments: Any, sender: str = "0x" + "00" * 20) -> Any:
        """Asks without a transaction; returns the decoded answer (a tuple when there are several)."""
        function = self._functions[name, len(arguments)]
        return function.decode(self._caller.call(sender, self.address, function.encode(arguments)))


class Contract(Views):
    """A contract on an engine: encodes, sends or asks, decodes."""

    def __init__(self, engine: Engine, address: str, abi: Sequence[dict[str, Any]]) -> None:
        """A contract at an address; overloads by default arguments are told apart by their number."""
        super().__init__(engine, address, abi)
        self.engine = engine

    def send(self, name: str, *arguments: Any, sender: str) -> Any:
        """Sends a transaction; returns the decoded answer (a tuple when there are several)."""
        function = self._functions[name, len(arguments)]
        return function.decode(self.engine.send(sender, self.address, function.encode(arguments)))


@dataclass(frozen=True)
class _Function:
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    takes_words: bool  # every input is an unsigned word or an address
    gives_words: bool  # every output is an unsigned word

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "_Function":
        inputs, outputs = tuple(map(_type, entry["inputs"])), tuple(map(_type, entry["outputs"]))
        return cls(
            _selector(f"{entry['name']}({','.join(inputs)})"),
            inputs,
            outputs,
            all(kind in ("uint256", "address") for kind in inputs),
            all(kind == "uint256" for kind in outputs),
        )

    def encode(self, arguments: Sequence[Any]) -> bytes:
        if self.takes_words:  # ten times as fast as eth_abi, which has the say about everything else
            return self.selector + b"".join(map(_word, self.inputs, arguments))
        return self.selector + encode(self.inputs, arguments)

    def decode(self, answer: bytes) -> Any:
        if self.gives_words and len(answer) == 32 * len(self.outputs):
            words = [int.from_bytes(answer[at : at + 32], "big") for at in range(0, len(answer), 32)]
            return words[0] if len(words) == 1 else tuple(words)
        values = decode(self.outputs, answer)
        return values[0] if len(values) == 1 else values


def _word(kind: str, value: Any) -> bytes:
    """One argument; what does not fit is left to eth_abi to refuse."""
    if kind == "address" and isinstance(value, str) and len(value) == 42:
        return bytes(12) + bytes.fromhex(value[2:])
    if kind == "uint256" and type(value) is int and 0 <= value < 2**256:
        return value.to_bytes(32, "big")
    return encode([kind], [value])


@functools.cache
def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def deploy(engine: Engine, artifact: Artifact, *arguments: Any, sender: str) -> Contract:
    """Deploys a contract with its constructor's arguments."""
    inputs: list[str] = []
    for entry in artifact.abi:
        if entry["type"] == "constructor":
            inputs = [_type(part) for part in entry["inputs"]]
    address = engine.create(artifact.initcode + encode(inputs, arguments), sender)
    return Contract(engine, address, artifact.abi)


def deploy_blueprint(engine: Engine, artifact: Artifact, sender: str) -> str:
    """Stores a contract's initcode as a blueprint (EIP-5202); returns its address."""
    code = BLUEPRINT_PREAMBLE + artifact.initcode
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


def _type(part: dict[str, Any]) -> str:
    if part["type"].startswith("tuple"):
        inner = ",".join(map(_type, part["components"]))
        return f"({inner}){part['type'][len('tuple') :]}"
    return str(part["type"])
