"""A chain to test on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from plimsoll.chain.abi import Events
from plimsoll.chain.engine import Artifact, CallReverted, Engine, place_code, undone
from plimsoll.chain.protocol import Deployer
from plimsoll.testing.contract import Contract, Receipt, address_of
from plimsoll.testing.roles import DEPLOYER


class Chain(Deployer):
    """An engine with a clock that stands until a test moves it, and contracts by their names."""

    def __init__(self, engine: Engine, sender: str | None = None) -> None:
        """An engine; `sender` deploys."""
        super().__init__(engine, sender or DEPLOYER)
        self._events = Events()

    # ------------------------------------------------------------------------------------------- contracts

    def artifact(self, contract: str | Artifact) -> Artifact:
        """A contract by its name, or as it was compiled.

        Raises:
            LookupError: there is none of that name.
            TypeError: it is neither.
        """
        if not isinstance(contract, str | Artifact):
            raise TypeError(
                f"{contract!r} is no contract: give a name such as 'MockFeed', or what compile_vyper, "
                "read_artifact or artifact_of returns."
            )
        return super().artifact(contract)

    def make(self, contract: str | Artifact, *arguments: Any) -> Contract:
        """Deploys a contract with its constructor's arguments.

        Raises:
            CallReverted: the constructor refuses.
            LookupError: there is no contract of that name.
            TypeError: the arguments do not fit.
        """
        return cast(Contract, super().make(contract, *arguments))

    def at(self, contract: str | Artifact, address: str) -> Contract:
        """A contract that exists.

        Raises:
            TypeError: `address` is none.
        """
        abi, address = self.artifact(contract).abi, address_of(address, "address")
        self._events.listen(address, abi)
        return Contract(self, address, abi)

    def refusal(self, contract: str | Artifact, *arguments: Any) -> str | None:
        """Why a contract would refuse to be deployed, empty without a reason; None: it would not."""
        with self.isolated():
            try:
                self.make(contract, *arguments)
            except CallReverted as refused:
                return refused.reason
        return None

    def place_code(self, code: bytes) -> str:
        """Puts these bytes on the chain as a contract; its address."""
        return place_code(self.engine, code, self.sender)

    def receipt(self, answer: Any) -> Receipt:
        """The receipt of the last transaction, which returned `answer`."""
        return Receipt(answer, self.engine.logs(), self.engine.now, self._events)

    # ------------------------------------------------------------------------------------------- time, state

    @property
    def now(self) -> int:
        """The time of the next block, seconds."""
        return self.engine.now

    def advance(self, seconds: int) -> None:
        """Lets time pass.

        Raises:
            ValueError: backwards, or by a part of a second.
        """
        if not isinstance(seconds, int) or seconds < 0:
            raise ValueError(f"Time passes by whole seconds, zero or more, not by {seconds!r}.")
        self.engine.advance(seconds)

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Undoes what happens inside, time included."""
        with undone(self.engine):
            yield


@contextmanager
def reverts(reason: str) -> Iterator[None]:
    """What happens inside has to revert with this reason; empty: without one.

    Raises:
        AssertionError: it does not, or with another.
    """
    try:
        yield
    except CallReverted as revert:
        assert revert.reason == reason, f"refused with {revert.reason!r} instead of {reason!r}"
    else:
        raise AssertionError(f"accepted instead of {reason!r}")
