"""An engine on titanoboa that remembers which way every program went: for coverage, where pyrevm is blind."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from boa.environment import Env

from plimsoll.chain.abi import Log, reason_of
from plimsoll.chain.engine import CallReverted

Step = tuple[int, int]  # a program counter and the one after it
START = -1  # what comes before the first program counter
TRANSACTION = 21_000  # gas


class Trace:
    """The steps of all programs that ran, by their code; a contract is its initcode and its runtime code."""

    def __init__(self) -> None:
        """Nothing has run."""
        self.steps: dict[bytes, set[Step]] = {}

    def add(self, computation: Any) -> None:
        """Keeps a computation and those inside it, whether they reverted or not."""
        counters = computation.code._trace
        if counters:
            steps = self.steps.setdefault(bytes(computation.msg.code), set())
            steps.add((START, counters[0]))
            steps.update(pairwise(counters))
        for inner in computation.children:
            self.add(inner)


class Boa:
    """An `Engine` on titanoboa; every call runs in the block of the current time and is kept in a trace."""

    def __init__(self, now: int, trace: Trace) -> None:
        """An empty chain at a time, seconds."""
        self._env = Env()
        self._state = self._env.evm.vm.state
        self._env.evm.patch.timestamp = now
        self._trace = trace
        self._last: Any = None
        self._snapshots: list[tuple[Any, int]] = []

    @property
    def chain_id(self) -> int:
        """What signatures are bound to."""
        return int(self._env.evm.patch.chain_id)

    @property
    def now(self) -> int:
        """Timestamp of the block in which the next call runs, seconds."""
        return int(self._env.evm.patch.timestamp)

    def advance(self, seconds: int) -> None:
        """Moves the time of the next call."""
        self._env.evm.patch.timestamp += seconds
        self._env.evm.patch.block_number += 1

    def create(self, initcode: bytes, sender: str) -> str:
        """Runs initcode; returns the address of what it made."""
        address, computation = self._env.deploy(sender=sender, bytecode=initcode)
        self._finish(computation)
        return str(address).lower()

    def set_code(self, address: str, code: bytes) -> None:
        """Gives an account code that no creation could."""
        self._env.set_code(address, code)

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """Sends a transaction; returns what the call returned."""
        return self._run(sender, to, data)

    def call(self, sender: str, to: str, data: bytes, gas: int | None = None) -> bytes:
        """Asks without a transaction, with so much gas when it is said."""
        before = self._state.snapshot()
        try:
            return self._run(sender, to, data, gas)
        finally:
            self._state.revert(before)

    def logs(self) -> Sequence[Log]:
        """The events of the last transaction."""
        return [
            Log("0x" + address.hex(), tuple(topic.to_bytes(32, "big") for topic in topics), data)
            for address, topics, data in self._last.get_log_entries()
        ]

    def snapshot(self) -> int:
        """Keeps the state; returns its number."""
        self._snapshots.append((self._state.snapshot(), self.now))
        return len(self._snapshots) - 1

    def revert(self, snapshot: int) -> None:
        """Goes back to a state, which is used up by it."""
        state, now = self._snapshots[snapshot]
        del self._snapshots[snapshot:]
        self._state.revert(state)
        self._env.evm.patch.timestamp = now

    def code(self, address: str) -> bytes:
        """What runs at an address, immutables included."""
        return bytes(self._env.get_code(address))

    def storage(self, address: str, slot: int) -> int:
        """A word of storage."""
        return int(self._env.get_storage(address, slot))

    def set_storage(self, address: str, slot: int, word: int) -> None:
        """Overwrites a word of storage: what no contract can do."""
        self._env.set_storage(address, slot, word)

    def _run(self, sender: str, to: str, data: bytes, gas: int | None = None) -> bytes:
        if gas is not None:  # titanoboa does not charge for the transaction itself
            gas -= TRANSACTION + sum(16 if byte else 4 for byte in data)
            if gas < 0:
                raise CallReverted("")
        return self._finish(self._env.execute_code(to_address=to, sender=sender, data=data, gas=gas))

    def _finish(self, computation: Any) -> bytes:
        self._state.clear_transient_storage()
        self._trace.add(computation)
        self._last = computation
        if computation.is_error:
            raise CallReverted(reason_of(bytes(computation.output)))
        return bytes(computation.output)
