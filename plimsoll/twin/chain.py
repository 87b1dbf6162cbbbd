"""What the contracts need of a chain: a clock, tokens, events, and calls that revert as a whole."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from plimsoll.units import MAX, NOBODY

_Answer = TypeVar("_Answer")
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Contract = TypeVar("_Contract")
_Arguments = ParamSpec("_Arguments")


class Revert(Exception):
    """A call that reverts.

    Attributes:
        reason: the contract's reason; empty where it has none (checked arithmetic, a lock).
    """

    def __init__(self, reason: str = "") -> None:
        """A revert with a reason, or without one."""
        super().__init__(reason)
        self.reason = reason


def require(condition: bool, reason: str = "") -> None:
    """Reverts with `reason` unless `condition` holds."""
    if not condition:
        raise Revert(reason)


def checked(number: int) -> int:
    """`number`, which must fit an unsigned word: checked arithmetic reverts without a reason."""
    if not 0 <= number <= MAX:
        raise Revert
    return number


def nonreentrant(
    method: Callable[Concatenate[_Contract, _Arguments], _Answer],
) -> Callable[Concatenate[_Contract, _Arguments], _Answer]:
    """A method that takes its contract's lock; without a reason it reverts while the lock is held."""

    @wraps(method)
    def locked(contract: _Contract, /, *arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Answer:
        state = vars(contract)
        require(not state["locked"])
        state["locked"] = True
        answer = method(contract, *arguments, **named)
        state["locked"] = False
        return answer

    return locked


class Event(NamedTuple):
    """An event; its values in the order of the contract's declaration."""

    contract: str
    name: str
    values: tuple[Any, ...]


class Signature(NamedTuple):
    """Who signed what: the fields of a typed message in their order."""

    signer: str
    message: tuple[Any, ...]


class Mapping(dict[_Key, _Value]):
    """A mapping of a contract, which notes what it overwrites in its chain's journal."""

    __slots__ = ("_journal",)

    def __init__(self, journal: "list[_Entry]") -> None:
        """An empty mapping."""
        self._journal = journal

    def __setitem__(self, key: _Key, value: _Value) -> None:
        """Sets an entry."""
        self._journal.append((self, key, self.get(key, _ABSENT)))
        super().__setitem__(key, value)

    def __delitem__(self, key: _Key) -> None:
        """Removes an entry."""
        self._journal.append((self, key, self[key]))
        super().__delitem__(key)

    def restore(self, key: _Key, value: Any) -> None:
        """Undoes what was noted."""
        if value is _ABSENT:
            super().__delitem__(key)
        else:
            super().__setitem__(key, value)


_Entry = tuple[Mapping[Any, Any], Any, Any]
_ABSENT = object()


class Snapshot(NamedTuple):
    """A state to go back to."""

    entries: int
    events: int
    now: int
    words: list[dict[str, Any]]


@dataclass
class Chain:
    """The time, the state of every contract, and the events since they were last cleared.

    A contract's state is its attributes, and mappings that `mapping` has made. Going back costs what has
    changed, not what there is.
    """

    now: int
    """Block timestamp, seconds."""
    contracts: list[Any] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    _journal: list[_Entry] = field(default_factory=list)
    _held: int = 0  # snapshots that may still be reverted to

    def mapping(self) -> Mapping[Any, Any]:
        """A new mapping of a contract on this chain."""
        return Mapping(self._journal)

    def log(self, contract: str, name: str, *values: Any) -> None:
        """Adds an event of the contract at an address."""
        self.events.append(Event(contract, name, values))

    def snapshot(self) -> Snapshot:
        """The state now; until it is used up by `revert` or `release`, the journal is kept."""
        self._held += 1
        words = [vars(contract).copy() for contract in self.contracts]  # a mapping is always the same one
        return Snapshot(len(self._journal), len(self.events), self.now, words)

    def revert(self, snapshot: Snapshot) -> None:
        """Goes back to a state; later snapshots are void, too."""
        while len(self._journal) > snapshot.entries:
            mapping, key, value = self._journal.pop()
            mapping.restore(key, value)
        del self.events[snapshot.events :]
        for contract, words in zip(self.contracts, snapshot.words, strict=True):
            vars(contract).update(words)
        self.now = snapshot.now
        self.release()

    def release(self) -> None:
        """Gives up the snapshot taken last."""
        self._held -= 1
        if not self._held:
            self._journal.clear()

    def transact(self, call: Callable[[], _Answer]) -> _Answer:
        """Runs a call; when it reverts, contracts and events are as before, and the Revert goes on."""
        before = self.snapshot()
        try:
            answer = call()
        except BaseException:
            self.revert(before)
            raise
        self.release()
        return answer


class Contract:
    """What contracts with a lock have in common."""

    def __init__(self, chain: Chain, address: str) -> None:
        """Registers a contract, whose lock is free."""
        self.chain = chain
        self.address = address
        self.locked = False
        chain.contracts.append(self)

    def _log(self, name: str, *values: int | str | tuple[int, ...]) -> None:
        self.chain.log(self.address, name, *values)


class Token:
    """A plain ERC-20; every amount in base units."""

    def __init__(self, chain: Chain, address: str) -> None:
        """Registers a token without supply."""
        self.chain = chain
        self.address = address
        self.total_supply = 0
        self.balances: dict[str, int] = chain.mapping()
        self.allowances: dict[tuple[str, str], int] = chain.mapping()
        chain.contracts.append(self)

    def balance_of(self, owner: str) -> int:
        """What `owner` holds."""
        return self.balances.get(owner, 0)

    def mint(self, to: str, amount: int) -> None:
        """Creates `amount` for `to`."""
        self.total_supply = checked(self.total_supply + amount)
        self.balances[to] = self.balance_of(to) + amount
        self.chain.log(self.address, "Transfer", NOBODY, to, amount)

    def burn(self, owner: str, amount: int) -> None:
        """Destroys `amount` of `owner`, as an issuer that seizes does."""
        self._take(owner, amount)
        self.total_supply -= amount
        self.chain.log(self.address, "Transfer", owner, NOBODY, amount)

    def approve(self, caller: str, spender: str, amount: int) -> None:
        """Lets `spender` move `amount` of the caller's."""
        self.allowances[caller, spender] = amount
        self.chain.log(self.address, "Approval", caller, spender, amount)

    def transfer(self, caller: str, to: str, amount: int) -> None:
        """Moves `amount` from the caller to `to`."""
        self._move(caller, to, amount)

    def transfer_from(self, caller: str, owner: str, to: str, amount: int) -> None:
        """Moves `amount` from `owner` to `to` out of the caller's allowance."""
        allowed = self.allowances.get((owner, caller), 0)
        if allowed != MAX:
            require(amount <= allowed, "token: allowance too small")
            self.allowances[owner, caller] = allowed - amount
        self._move(owner, to, amount)

    def _move(self, owner: str, to: str, amount: int) -> None:
        self._take(owner, amount)
        self.balances[to] = self.balance_of(to) + amount
        self.chain.log(self.address, "Transfer", owner, to, amount)

    def _take(self, owner: str, amount: int) -> None:
        held = self.balance_of(owner)
        require(amount <= held, "token: balance too small")
        self.balances[owner] = held - amount
