"""Decodes events: what was logged, by name, packed words unpacked."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from plimsoll.chain.abi import Event, Log, LoggedEvent, events_of
from plimsoll.chain.artifacts import artifact
from plimsoll.market.refusals import MarketError
from plimsoll.twin import chain as twin
from plimsoll.twin.position import (
    COLLATERAL_BITS,
    unpack_amounts,
    unpack_debt_totals,
    unpack_liquidation,
)

CONTRACTS = ("Pool", "Council", "Backstop", "Vault", "Basket", "Factory")


def decode(logged: Any) -> Any:
    """What an event says, or every event of a transaction in order.

    Args:
        logged: an event as JSON-RPC, web3, ape or the engines give it; a list of them; or a receipt, which
            has `logs`. Events that are not Plimsoll's are left out of a list; transfers and approvals of
            any token look like those of a pool's shares.

    Returns:
        A `LoggedEvent`, or a list of them. Amounts are base units, healths and ratios WAD, prices 1e36,
        addresses in lower case. The words of `LiquidationCall` and `Liquidation` are unpacked, `seized` and
        `prices` of a basket into one number for each of 8 legs; what a `Liquidation` extinguished and lost,
        its liquidator and its price are known from the `LiquidationCall` that follows it, so only in a list.

    Raises:
        ValueError: a single event that is not Plimsoll's.
    """
    logs = (
        logged["logs"]
        if isinstance(logged, Mapping) and "logs" in logged
        else getattr(logged, "logs", logged)
    )
    if isinstance(logs, list | tuple):
        return unpacked(_plain(log_of(each)) for each in logs)
    found = unpacked([_plain(log_of(logs))])
    if not found:
        raise ValueError("this event is none of Plimsoll's contracts'.")
    return found[0]


def unpacked(events: Iterable[twin.Event | None]) -> list[LoggedEvent]:
    """Events in their order, by name; None is left out.

    A vault or a basket logs its closes first and then the call they belong to, which has what they share.
    """
    found = []
    calls: dict[str, dict[str, Any]] = {}  # of the call that follows, by vault
    for event in reversed([event for event in events if event is not None]):
        contract, name, values = event
        arguments = dict(zip(fields(event), values, strict=True))
        if name == "LiquidationCall":
            calls[contract] = dict(arguments)
            word = arguments.pop("debt_totals")
            arguments["total_debt"], arguments["total_debt_shares"] = unpack_debt_totals(word)
        elif name == "Liquidation":
            arguments = _close(arguments, calls.get(contract))
        found.append(LoggedEvent(contract, name, arguments))
    return found[::-1]


def _close(words: dict[str, Any], call: dict[str, Any] | None) -> dict[str, Any]:
    totals = call["debt_totals"] if call else 0
    if "close" in words:
        close = unpack_liquidation(words["close"], words["payment"], totals)
    else:  # of a basket, which has no room for its shares beside what is seized
        close = unpack_liquidation(words["shares"] << COLLATERAL_BITS, words["payment"], totals)
    arguments = {"owner": words["owner"], **{name: getattr(close, name) for name in close._fields}}
    if "close" not in words:
        arguments["seized"] = unpack_amounts(words["seized"])
    if call is None:
        del arguments["extinguished"]
        return arguments
    price = "price" if "price" in call else "prices"
    return arguments | {"loss": close.loss, "liquidator": call["liquidator"], price: call[price]}


def arguments_of(name: str, contracts: Iterable[str] = CONTRACTS) -> list[str]:
    """The arguments of an event as `unpacked` names them; of each of `contracts` that has one of this name.

    Raises:
        MarketError: none has.
    """
    kinds = [kind for contract in contracts for kind in events_of(artifact(contract).abi)]
    found = [kind for kind in kinds if kind.name == name]
    if not found:
        near = get_close_matches(name, [kind.name for kind in kinds], 1)
        raise MarketError(f"There is no event {name!r}{f'; perhaps you meant {near[0]}' if near else ''}.")
    calls = [kind for kind in kinds if kind.name == "LiquidationCall"]
    told = []
    for kind in found:
        # a close learns from the call that has as many prices
        samples = [kind, *(each for each in calls if _are_of_one(kind, each) and name == "Liquidation")]
        (event, *_) = unpacked(twin.Event("", each.name, _sample(each)) for each in samples)
        told.append(event.arguments)
    return list(dict.fromkeys(argument for arguments in told for argument in arguments))


def _are_of_one(close: Event, call: Event) -> bool:
    """Whether both are a vault's, or both a basket's."""
    return _is_list(close.types[-1]) == any(map(_is_list, call.types))


def _sample(kind: Event) -> tuple[Any, ...]:
    return tuple((0,) * 8 if _is_list(each) else 0 for each in kind.types)


def _is_list(kind: str) -> bool:
    """Whether the argument is a list, or a struct."""
    return kind.endswith("]") or kind.startswith("(")


def fields(event: twin.Event) -> tuple[str, ...]:
    """The names of an event's arguments."""
    return _by_shape()[event.name, tuple(isinstance(value, tuple | list) for value in event.values)].fields


@functools.cache
def _kinds() -> dict[bytes, Event]:
    return {event.topic: event for name in CONTRACTS for event in events_of(artifact(name).abi)}


@functools.cache
def _by_shape() -> dict[tuple[str, tuple[bool, ...]], Event]:
    """By name and which arguments are lists.

    That tells a pool's `ProvisionSet` from a vault's, and a vault's `LiquidationCall` from a basket's.
    """
    return {(event.name, tuple(map(_is_list, event.types))): event for event in _kinds().values()}


def _plain(log: Log) -> twin.Event | None:
    kind = _kinds().get(log.topics[0]) if log.topics else None
    return twin.Event(log.address, kind.name, kind.decode(log)) if kind else None


def log_of(logged: Any) -> Log:
    """An event from any of the forms in which libraries give it."""
    if isinstance(logged, Log):
        return logged
    topics = tuple(map(_bytes, logged["topics"]))
    return Log(str(logged["address"]).lower(), topics, _bytes(logged["data"]))


def _bytes(value: Any) -> bytes:
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
