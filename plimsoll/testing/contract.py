"""Contracts as tests use them: `pool.deposit(1, lender, sender=lender)`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plimsoll.chain import engine
from plimsoll.chain.abi import AbiEntry, Event, Events, Log, LoggedEvent, events_of
from plimsoll.chain.engine import CallReverted
from plimsoll.strict import unknown
from plimsoll.units import NOBODY

if TYPE_CHECKING:
    from plimsoll.testing.chain import Chain

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


@dataclass(frozen=True)
class EventKind:
    """An event that a contract can log: `pool.Deposit`."""

    contract: Contract
    event: Event

    def __call__(self, **arguments: Any) -> LoggedEvent:
        """The event with these arguments, all of them.

        Raises:
            TypeError: when one is missing or too many.
        """
        if set(arguments) != set(self.event.fields):
            raise TypeError(f"{self.event.name} takes {', '.join(self.event.fields)}.")
        values = {
            name: _as_logged(name, kind, arguments[name])
            for name, kind in zip(self.event.fields, self.event.types, strict=True)
        }
        return LoggedEvent(self.contract.address, self.event.name, values)


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction.

    Attributes:
        return_value: what it returned.
        logs: its events as the chain keeps them.
        timestamp: of its block, seconds.
    """

    return_value: Any
    logs: Sequence[Log]
    timestamp: int
    _known: Events

    @property
    def events(self) -> list[LoggedEvent | Log]:
        """Its events in their order; of contracts that the chain does not know by now as `Log`."""
        return [
            LoggedEvent(log.address, event.name, dict(zip(event.fields, event.decode(log), strict=True)))
            if (event := self._known.of(log))
            else log
            for log in self.logs
        ]

    def of(self, kind: EventKind) -> list[LoggedEvent]:
        """The events of one kind."""
        wanted = kind.contract.address, kind.event.name
        return [
            event
            for event in self.events
            if isinstance(event, LoggedEvent) and (event.contract, event.name) == wanted
        ]


@dataclass(frozen=True)
class Method:
    """A function of a contract: `pool.deposit`."""

    contract: Contract
    name: str

    def __call__(self, *arguments: Any, sender: Any = None, **named: Any) -> Any:
        """The answer of a view, or the receipt of a transaction by `sender`.

        Raises:
            CallReverted: it reverts.
            TypeError: the arguments do not fit, or a transaction has no sender.
        """
        if named:
            raise TypeError(f"{self.name} takes arguments by place, not by name ({', '.join(named)}).")
        if self.contract.function(self.name, len(arguments)).is_view:
            return self.call(*arguments, sender=sender or NOBODY)
        if sender is None:
            raise TypeError(f"{self.name} is a transaction: say who sends it with `sender=`.")
        answer = self.contract.send(self.name, *arguments, sender=address_of(sender, "sender"))
        return self.contract.chain.receipt(answer)

    def call(self, *arguments: Any, sender: Any = NOBODY) -> Any:
        """What it would return, without a transaction. Raises `CallReverted`."""
        return self.contract.call(self.name, *arguments, sender=address_of(sender, "sender"))

    def encode(self, *arguments: Any) -> bytes:
        """The calldata."""
        return self.contract.encode(self.name, *arguments)


class Contract(engine.Contract):
    """A contract whose functions and events are attributes; equal to its address."""

    def __init__(self, chain: Chain, address: str, abi: Sequence[AbiEntry]) -> None:
        """A contract at an address."""
        super().__init__(chain.engine, address, abi)
        self.chain = chain
        self._names = {name for name, _ in self._functions}
        self._events = {event.name: event for event in events_of(abi)}
        self._is_made = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuses to be changed: `oracle.answer = 1` sets nothing on a chain."""
        if "_is_made" in self.__dict__:
            if name in self._names:
                raise AttributeError(f"{name} is a function of the contract; call it.")
            raise unknown(f"The contract at {self.address}", name, self._names | set(self._events))
        super().__setattr__(name, value)

    @property
    def transactions(self) -> set[str]:
        """The names of the functions that may change something."""
        return {name for (name, _), function in self._functions.items() if not function.is_view}

    def __getattr__(self, name: str) -> Any:
        """A function or an event."""
        if name in self.__dict__.get("_names", ()):
            return Method(self, name)
        if name in self.__dict__.get("_events", ()):
            return EventKind(self, self._events[name])
        known = {*self.__dict__.get("_names", ()), *self.__dict__.get("_events", ())}
        raise unknown(f"The contract at {self.__dict__.get('address')}", name, known)

    def __eq__(self, other: object) -> bool:
        """Whether it is at the same address."""
        return bool(self.address == getattr(other, "address", other))

    def __hash__(self) -> int:
        """As its address."""
        return hash(self.address)

    def __repr__(self) -> str:
        """Its address."""
        return f"Contract({self.address})"


def refusal(method: Method, *arguments: Any, sender: Any) -> str | None:
    """The reason for which a call would be refused now, empty without one; None: it would not be."""
    try:
        method.call(*arguments, sender=sender)
    except CallReverted as refused:
        return refused.reason
    return None


def address_of(party: Any, what: str) -> str:
    """The address of an account or a contract, or one as it is.

    Raises:
        TypeError: it has none.
    """
    address = getattr(party, "address", party)
    if not (isinstance(address, str) and _ADDRESS.fullmatch(address)):
        named = f", such as Account.of({party!r})" if isinstance(party, str) else ""
        raise TypeError(
            f"{what} is {party!r}, but must be an account{named}, a contract or an address: 0x and 40 "
            "hexadecimal digits."
        )
    return address


def _as_logged(name: str, kind: str, value: Any) -> Any:
    """A value as an event's argument is decoded."""
    return address_of(value, name).lower() if kind == "address" else value
