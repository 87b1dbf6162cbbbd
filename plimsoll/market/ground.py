"""What a market stands on: a chain in process, an Anvil, a connected network, or the exact twin."""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Protocol, TypeVar

from plimsoll.chain.account import Account
from plimsoll.chain.lens import BasketPosition, BasketSummary, PoolSummary, Position, VaultSummary
from plimsoll.market.deployment import DEPLOYER, Parts, Spoke, Token
from plimsoll.market.refusals import MarketError
from plimsoll.twin.chain import Event

State = TypeVar("State")


class Happening(NamedTuple):
    """An event of the pool, its council, its backstop, a vault or a basket, and when."""

    time: int  # seconds
    event: Event


class Sending(NamedTuple):
    """A transaction, before it is encoded."""

    sender: str
    contract: Any
    function: str
    arguments: tuple[Any, ...]


class Watch(Protocol):
    """Who is told of every transaction of a ground, also of those that nobody called for by name."""

    def before(self, it: Sending) -> None:
        """One is about to be sent; what is raised here keeps it from being sent."""

    def after(self, it: Sending, events: Sequence[Event], identifier: str | None) -> None:
        """One was sent; its hash is None where the chain has none."""


class States:
    """The states that a ground has kept and that it can go back to, oldest first."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: list[Any] = []

    def keep(self, state: State) -> State:
        """One more."""
        self._kept.append(state)
        return state

    def use_up(self, state: State) -> State:
        """One of them, which is gone then, and later ones with it.

        Raises:
            MarketError: it is none.
        """
        for number, kept in enumerate(self._kept):
            if kept is state:
                del self._kept[number:]
                return state
        given = "that state" if isinstance(state, tuple) else reprlib.repr(state)
        raise MarketError(
            f"The market cannot go back to {given}: give what its `snapshot` has returned; going back uses a "
            "state up, with later ones."
        )


class Glass(Protocol):
    """What is read of a market: the Lens, or the twin's answers in the same structs."""

    def positions(self, vault: str, owners: Sequence[str]) -> list[Position]:
        """The positions of `owners`, in their order."""

    def vault_summary(self, vault: str) -> VaultSummary:
        """A vault's parameters, credit line and prices."""

    def basket_positions(self, basket: str, owners: Sequence[str]) -> list[BasketPosition]:
        """The positions of `owners` in a basket, in their order."""

    def basket_summary(self, basket: str) -> BasketSummary:
        """A basket's legs, their prices and its credit line."""

    def pool_summary(self, pool: str) -> PoolSummary:
        """A pool's books, rates and state."""


class Ground(Protocol):
    """The one interface below `Market`. Amounts are base units, addresses in lower case."""

    watch: Watch | None

    @property
    def client(self) -> str:
        """What runs it, for people."""

    @property
    def parts(self) -> Parts[Any]:
        """The contracts, or their models; `call` and `send` take them."""

    @property
    def tokens(self) -> Mapping[str, Token]:
        """Loan asset, collaterals and the pool's share by address."""

    @property
    def lens(self) -> Glass:
        """What is read of it."""

    @property
    def now(self) -> int:
        """The time of the next transaction, seconds."""

    def advance(self, seconds: int) -> None:
        """Lets time pass. Feeds that anyone may set, unless silent, say their answers again, as live ones."""

    def address(self, name: str) -> str:
        """Somebody's address by their name, always the same."""

    def call(self, contract: Any, function: str, *arguments: Any) -> Any:
        """Asks a contract. Raises `Refused`."""

    def send(self, contract: Any, function: str, *arguments: Any, sender: str) -> Any:
        """Sends a transaction; returns what the function returns. Raises `Refused`."""

    def last(self) -> Sequence[Event]:
        """The events of the last transaction."""

    def history(self) -> Sequence[Happening]:
        """All events so far."""

    def give(self, token: Any, to: str, amount: int) -> None:
        """Makes sure that somebody holds as much of a token, if it is one for play."""

    def set_price(self, key: str, price: Fraction) -> None:
        """Sets the price of a collateral (`Parts.collaterals`): whole loan tokens for a whole one of its.

        Raises:
            MarketError: it has another oracle than a feed that anyone may set.
        """

    def grown(self, debt: int) -> int:
        """The most that a debt of now may be when the next transaction lands."""

    def snapshot(self) -> Any:
        """Keeps the state. Raises `MarketError` where that cannot be done."""

    def revert(self, snapshot: Any) -> None:
        """Goes back to a state, which is used up by it. Raises `MarketError` for what is none."""

    def stop(self) -> None:
        """Stops what was started for it."""


class _Kept(NamedTuple):
    state: Any
    happenings: int
    last: Sequence[Event]


class Playground(ABC):
    """What grounds share that were made for one market: the clock stands, and everybody is made up."""

    parts: Parts[Any]

    def __init__(self) -> None:
        """Nothing has happened."""
        self._states = States()
        self._happenings: list[Happening] = []
        self._last: Sequence[Event] = ()

    @abstractmethod
    def send(self, contract: Any, function: str, *arguments: Any, sender: str) -> Any:
        """Sends a transaction; returns what the function returns. Raises `Refused`."""

    @abstractmethod
    def _keep(self) -> Any:
        """The state of what runs it."""

    @abstractmethod
    def _go_back(self, state: Any) -> None:
        """To a state of what runs it."""

    def address(self, name: str) -> str:
        """Somebody's address by their name."""
        return Account.of(name)

    def last(self) -> Sequence[Event]:
        """The events of the last transaction."""
        return self._last

    def history(self) -> Sequence[Happening]:
        """All events so far."""
        return self._happenings

    def grown(self, debt: int) -> int:
        """The debt itself: the clock stands."""
        return debt

    def snapshot(self) -> _Kept:
        """Keeps the state."""
        return self._states.keep(_Kept(self._keep(), len(self._happenings), self._last))

    def revert(self, snapshot: _Kept) -> None:
        """Goes back to a state, which is used up by it. Raises `MarketError` for what is none."""
        kept = self._states.use_up(snapshot)
        self._go_back(kept.state)
        del self._happenings[kept.happenings :]
        self._last = kept.last

    def _set_answer(self, spoke: Spoke[Any], answer: int) -> None:
        self.send(spoke.feed, "set_answer", answer, sender=DEPLOYER)
