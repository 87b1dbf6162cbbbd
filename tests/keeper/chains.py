"""A chain of events in memory, which can be reorganised, for the keeper's tests and its benchmark."""

from collections.abc import Iterable
from hashlib import sha256

from eth_utils.crypto import keccak

from plimsoll.chain.abi import Log
from plimsoll.twin.position import pack

VAULT = "0x" + "aa" * 20


def owner(number: int) -> str:
    """An address."""
    return f"0x{number:040x}"


def event(signature: str, who: str, *words: int) -> Log:
    """An event of a vault."""
    topics = keccak(text=signature), bytes.fromhex(who[2:]).rjust(32, b"\0")
    return Log(VAULT, topics, b"".join(word.to_bytes(32, "big") for word in words))


def deposit(who: str, amount: int) -> Log:
    return event("Deposit(address,uint256)", who, amount)


def withdraw(who: str, amount: int) -> Log:
    return event("Withdraw(address,address,uint256)", who, 1, amount)


def borrow(who: str, shares: int) -> Log:
    return event("Borrow(address,address,uint256,uint256)", who, 1, shares // 2, shares)


def repay(who: str, shares: int) -> Log:
    return event("Repay(address,uint256,uint256)", who, shares // 2, shares)


def liquidation(who: str, seized: int, shares: int) -> Log:
    return event("Liquidation(address,uint256,uint256)", who, pack(seized, shares), 7)


class MemoryChain:
    """Blocks of events; a block's hash covers all before it."""

    def __init__(self, blocks: Iterable[list[Log]] = ()) -> None:
        self._blocks: list[list[Log]] = []
        self._hashes: list[bytes] = []
        for block in blocks:
            self.add(block)

    def add(self, block: list[Log], salt: bytes = b"") -> None:
        """Mines a block; `salt` makes one with the same events another block."""
        parent = self._hashes[-1] if self._hashes else b""
        self._blocks.append(block)
        self._hashes.append(sha256(parent + salt + repr(len(self._blocks)).encode()).digest())

    def drop(self, count: int) -> None:
        """Takes back the newest blocks."""
        del self._blocks[len(self._blocks) - count :]
        del self._hashes[len(self._hashes) - count :]

    def head(self) -> int:
        return len(self._blocks) - 1

    def block_hash(self, block: int) -> bytes | None:
        return self._hashes[block] if block < len(self._hashes) else None

    def logs(self, first: int, last: int) -> list[Log]:
        return [log for block in self._blocks[first : last + 1] for log in block]
