"""What the events of a vault or a basket do to positions."""

from __future__ import annotations

from collections.abc import Callable

from eth_utils.crypto import keccak

from plimsoll.chain.abi import Log
from plimsoll.chain.words import words
from plimsoll.twin.position import unpack, unpack_amounts

Change = tuple[dict[int, int], int]
"""What is added to amounts of collateral, base units by leg (a vault has leg 0), and to debt shares."""


def _liquidation(close: int, _payment: int) -> Change:
    seized, shares = unpack(close)
    return {0: -seized}, -shares


def _liquidation_of_legs(shares: int, _payment: int, *words: int) -> Change:
    return {leg: -amount for leg, amount in enumerate(unpack_amounts(words)) if amount}, -shares


_CHANGES: dict[str, Callable[..., Change]] = {  # from the words of the data
    "Deposit(address,uint256)": lambda amount: ({0: amount}, 0),
    "Deposit(address,uint256,uint256)": lambda leg, amount: ({leg: amount}, 0),
    "Withdraw(address,address,uint256)": lambda _receiver, amount: ({0: -amount}, 0),
    "Withdraw(address,address,uint256,uint256)": lambda _receiver, leg, amount: ({leg: -amount}, 0),
    "Borrow(address,address,uint256,uint256)": lambda _receiver, _amount, shares: ({}, shares),
    "Repay(address,uint256,uint256)": lambda _amount, shares: ({}, -shares),
    "Liquidation(address,uint256,uint256)": _liquidation,
    "Liquidation(address,uint256,uint256,uint256[4])": _liquidation_of_legs,
}
_BY_TOPIC = {keccak(text=event): change for event, change in _CHANGES.items()}

TOPICS = tuple(_BY_TOPIC)  # of the events that change positions


def change(log: Log) -> tuple[str, dict[int, int], int] | None:
    """The owner (lower case) and the `Change` of their position; None for other events."""
    decode = _BY_TOPIC.get(log.topics[0])
    if decode is None:
        return None
    return "0x" + log.topics[1][12:].hex(), *decode(*words(log.data))
