"""The in-process engine: pyrevm runs the same bytecode without a node."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

from eth_utils.crypto import keccak
from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env, JournalCheckpoint

from plimsoll.chain.abi import Log, reason_of
from plimsoll.chain.engine import CallReverted, Receipt, Transaction

_GAS = 1_000_000_000
_NO_CODE = keccak(b"")
_PADDING = 33  # zeros that pyrevm adds to code it has run
_OUTPUT = re.compile(r"output: (0x[0-9a-fA-F]*)")


class Revm:
    """An `Engine` on pyrevm; every call runs in the block of the current time."""

    chain_id = 1
    identifier: str | None = None  # transactions have no hashes here
    client = f"pyrevm {version('pyrevm')}"

    def __init__(self, now: int, code_limit: int | None = None) -> None:
        """An empty chain at a time, seconds; `code_limit` in bytes stands in for EIP-170's 24,576."""
        env = Env(cfg=CfgEnv(limit_contract_code_size=code_limit))
        self._evm = EVM(env=env, gas_limit=_GAS, spec_id="PRAGUE")
        self._now = now
        self._number = 1
        self._is_block_set = False
        self._snapshots: list[tuple[JournalCheckpoint, int]] = []

    @property
    def now(self) -> int:
        """Timestamp of the block in which the next call runs, seconds."""
        return self._now

    def advance(self, seconds: int) -> None:
        """Moves the time of the next call."""
        self._now += seconds
        self._number += 1
        self._is_block_set = False

    def create(self, initcode: bytes, sender: str) -> str:
        """Runs initcode; returns the address of what it made."""
        self._set_block()
        try:
            return str(self._evm.deploy(sender, initcode)).lower()
        except RuntimeError as error:
            raise _reverted(error) from None

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """Sends a transaction; returns what the call returned."""
        return self._run(sender, to, data)

    def call(self, sender: str, to: str, data: bytes, gas: int | None = None) -> bytes:
        """Asks without a transaction, with so much gas when it is said."""
        before = self._evm.snapshot()
        try:
            return self._run(sender, to, data, gas)
        finally:
            self._evm.revert(before)

    def logs(self) -> Sequence[Log]:
        """The events of the last transaction."""
        result = self._evm.result
        found = []
        for log in result.logs if result else ():
            topics, data = log.data
            found.append(Log(str(log.address).lower(), tuple(topics), data))
        return found

    def block(self, transactions: Sequence[Transaction]) -> list[Receipt]:
        """Puts transactions into one block at the current time, in this order."""
        receipts = []
        for each in transactions:
            try:
                self.send(each.sender, each.to, each.data)
                receipts.append(Receipt(True, self.logs()))
            except CallReverted:
                receipts.append(Receipt(False, []))
        return receipts

    def snapshot(self) -> int:
        """Keeps the state; returns its number."""
        number = len(self._snapshots)
        self._snapshots.append((self._evm.snapshot(), self._now))
        return number

    def revert(self, snapshot: int) -> None:
        """Goes back to a state, which is used up by it."""
        checkpoint, self._now = self._snapshots[snapshot]
        del self._snapshots[snapshot:]
        self._evm.revert(checkpoint)
        self._is_block_set = False

    def code(self, address: str) -> bytes:
        """What runs at an address, immutables included."""
        code = bytes(self._evm.get_code(address) or b"")
        if code and keccak(code) != self._evm.basic(address).code_hash:
            code = code[:-_PADDING]
        return code

    def storage(self, address: str, slot: int) -> int:
        """A word of storage."""
        return int(self._evm.storage(address, slot))

    def set_storage(self, address: str, slot: int, word: int) -> None:
        """Overwrites a word of storage: what no contract can do."""
        self._evm.insert_account_storage(address, slot, word)

    def _run(self, sender: str, to: str, data: bytes, gas: int | None = None) -> bytes:
        self._set_block()
        self._evm.reset_transient_storage()
        with self._without_code(sender):
            try:
                return bytes(self._evm.message_call(caller=sender, to=to, calldata=data, gas=gas))
            except RuntimeError as error:
                raise _reverted(error) from None

    @contextmanager
    def _without_code(self, sender: str) -> Iterator[None]:
        """Lets a contract send, which the EVM refuses (EIP-3607); nothing may call back to it meanwhile."""
        known = self._evm.basic(sender)
        if known.code_hash == _NO_CODE:
            yield
            return
        self._evm.insert_account_info(sender, AccountInfo(nonce=known.nonce))
        try:
            yield
        finally:
            self._evm.insert_account_info(sender, known)

    def _set_block(self) -> None:
        """Tells the EVM the time, before it runs something."""
        if not self._is_block_set:
            self._evm.set_block_env(BlockEnv(number=self._number, timestamp=self._now, gas_limit=_GAS))
            self._is_block_set = True


def _reverted(error: RuntimeError) -> CallReverted:
    found = _OUTPUT.search(str(error))
    return CallReverted(reason_of(bytes.fromhex(found[1][2:])) if found else "")
