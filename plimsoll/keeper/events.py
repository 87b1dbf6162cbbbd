"""What the events of a vault do to positions."""

from __future__ import annotations

from collections.abc import Callable

from eth_utils.crypto import keccak

from plimsoll.chain.abi import Log, words
from plimsoll.twin.position import unpack


def _deposit(amount: int) -> tuple[int, int]:
    return amount, 0


def _withdraw(_receiver: int, amount: int) -> tuple[int, int]:
    return -amount, 0


def _borrow(_receiver: int, _amount: int, shares: int) -> tuple[int, int]:
    return 0, shares


def _repay(_amount: int, shares: int) -> tuple[int, int]:
    return 0, -shares


def _liquidation(close: int, _payment: int) -> tuple[int, int]:
    seized, shares = unpack(close)
    return -seized, -shares


# from the words of the data to the change of collateral in base units and of debt shares
_CHANGES: dict[bytes, Callable[..., tuple[int, int]]] = {
    keccak(text="Deposit(address,uint256)"): _deposit,
    keccak(text="Withdraw(address,address,uint256)"): _withdraw,
    keccak(text="Borrow(address,address,uint256,uint256)"): _borrow,
    keccak(text="Repay(address,uint256,uint256)"): _repay,
    keccak(text="Liquidation(address,uint256,uint256)"): _liquidation,
}

TOPICS = tuple(_CHANGES)  # of the events that change positions


def change(log: Log) -> tuple[str, int, int] | None:
    """The owner (lower case) and what is added to their collateral and debt shares; None for other events."""
    decode = _CHANGES.get(log.topics[0])
    if decode is None:
        return None
    return "0x" + log.topics[1][12:].hex(), *decode(*words(log.data))
