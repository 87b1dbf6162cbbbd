"""What the events of a vault or a basket do to positions."""

from __future__ import annotations

from collections.abc import Callable

from eth_utils.crypto import keccak

from plimsoll.chain.abi import Log
from plimsoll.chain.words import words
from plimsoll.twin.position import unpack

LANE_BITS = 128  # of a leg's amount; two are in a word

Change = tuple[dict[int, int], int]
"""What is added to amounts of collateral, base units by leg (a vault has leg 0), and to debt shares."""


def _deposit(amount: int) -> Change:
    return {0: amount}, 0


def _deposit_of_leg(leg: int, amount: int) -> Change:
    return {leg: amount}, 0


def _withdraw(_receiver: int, amount: int) -> Change:
    return {0: -amount}, 0


def _withdraw_of_leg(_receiver: int, leg: int, amount: int) -> Change:
    return {leg: -amount}, 0


def _borrow(_receiver: int, _amount: int, shares: int) -> Change:
    return {}, shares


def _repay(_amount: int, shares: int) -> Change:
    return {}, -shares


def _liquidation(close: int, _payment: int) -> Change:
    seized, shares = unpack(close)
    return {0: -seized}, -shares


def _liquidation_of_legs(shares: int, _payment: int, *lanes: int) -> Change:
    seized = amounts(lanes)
    return {leg: -amount for leg, amount in enumerate(seized) if amount}, -shares


_CHANGES: dict[bytes, Callable[..., Change]] = {  # from the words of the data
    keccak(text="Deposit(address,uint256)"): _deposit,
    keccak(text="Deposit(address,uint256,uint256)"): _deposit_of_leg,
    keccak(text="Withdraw(address,address,uint256)"): _withdraw,
    keccak(text="Withdraw(address,address,uint256,uint256)"): _withdraw_of_leg,
    keccak(text="Borrow(address,address,uint256,uint256)"): _borrow,
    keccak(text="Repay(address,uint256,uint256)"): _repay,
    keccak(text="Liquidation(address,uint256,uint256)"): _liquidation,
    keccak(text="Liquidation(address,uint256,uint256,uint256[4])"): _liquidation_of_legs,
}

TOPICS = tuple(_CHANGES)  # of the events that change positions


def amounts(lanes: tuple[int, ...]) -> list[int]:
    """Base units of each leg, which are kept two a word."""
    return [part for word in lanes for part in (word % 2**LANE_BITS, word >> LANE_BITS)]


def change(log: Log) -> tuple[str, dict[int, int], int] | None:
    """The owner (lower case) and the `Change` of their position; None for other events."""
    decode = _CHANGES.get(log.topics[0])
    if decode is None:
        return None
    return "0x" + log.topics[1][12:].hex(), *decode(*words(log.data))
