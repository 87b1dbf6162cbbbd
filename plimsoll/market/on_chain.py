"""A market's ground on an engine: contracts in process, or on an Anvil of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any, Protocol
from weakref import finalize

from plimsoll.chain.abi import Events, Log
from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Contract, Engine
from plimsoll.chain.lens import Lens
from plimsoll.chain.protocol import Deployer
from plimsoll.market.deployment import DEPLOYER, MarketPlan, Parts, Token, answer_of, deployed
from plimsoll.market.ground import Glass, Happening, Playground, Sending, Watch
from plimsoll.market.refusals import Refused
from plimsoll.twin.chain import Event


class Node(Protocol):
    """The part of an `Engine` that contracts take."""

    @property
    def now(self) -> int:
        """Time of the next transaction, seconds."""

    def logs(self) -> Sequence[Log]:
        """The events of the last transaction."""

    @property
    def identifier(self) -> str | None:
        """The hash of the last transaction; None where there are none."""


class OnContracts:
    """What every ground with contracts does."""

    watch: Watch | None = None

    def __init__(
        self, node: Node, parts: Parts[Contract], tokens: Mapping[str, Token], lens: Contract
    ) -> None:
        """Contracts on a node."""
        self._node = node
        self.parts: Parts[Any] = parts
        self.tokens = tokens
        self.lens: Glass = Lens(lens)
        self._events = Events()
        for name in ("Pool", "Council", "Backstop"):
            self._events.listen(getattr(parts, name.lower()).address, artifact(name).abi)
        for name, contract in parts.borrowers().items():
            self._events.listen(contract.address, artifact(name.split()[0].capitalize()).abi)
        self._last: Sequence[Event] = ()

    @property
    def now(self) -> int:
        """The time of the next transaction, seconds."""
        return self._node.now

    def call(self, contract: Any, function: str, *arguments: Any) -> Any:
        """Asks a contract. Raises `Refused`."""
        try:
            return contract.call(function, *arguments)
        except CallReverted as revert:
            raise Refused(revert.reason) from None

    def send(self, contract: Any, function: str, *arguments: Any, sender: str) -> Any:
        """Sends a transaction; returns what the function returns. Raises `Refused`."""
        it = Sending(sender, contract, function, arguments)
        if self.watch:
            self.watch.before(it)
        try:
            answer = contract.send(function, *arguments, sender=sender)
        except CallReverted as revert:
            raise Refused(revert.reason) from None
        self._last = [event for log in self._node.logs() if (event := self._event(log))]
        if self.watch:
            self.watch.after(it, self._last, self._node.identifier)
        return answer

    def last(self) -> Sequence[Event]:
        """The events of the last transaction."""
        return self._last

    def give(self, token: Contract, to: str, amount: int) -> None:
        """Mints what somebody lacks of a token."""
        lacks = amount - self.call(token, "balanceOf", to)
        if lacks > 0:
            self.send(token, "mint", to, lacks, sender=DEPLOYER)

    def _event(self, log: Log) -> Event | None:
        """An event of the market's contracts; None for others', such as its tokens'."""
        kind = self._events.of(log)
        return Event(log.address, kind.name, kind.decode(log)) if kind else None


class OnChain(OnContracts, Playground):
    """A `Ground` on an engine whose clock stands until it is moved."""

    def __init__(self, engine: Engine, plan: MarketPlan) -> None:
        """Deploys a market; its pool is not open."""
        Playground.__init__(self)
        made = deployed(Deployer(engine, DEPLOYER), plan)
        OnContracts.__init__(self, engine, made.parts, plan.tokens(made.parts), made.protocol.lens())
        self._engine = engine
        self.client = engine.client

    def advance(self, seconds: int) -> None:
        """Lets time pass; the feeds say their answers again, those that are not silent."""
        self._engine.advance(seconds)
        for spoke in self.parts.collaterals().values():
            with suppress(Refused):  # of a silent feed
                self._set_answer(spoke, self.call(spoke.feed, "latestRoundData")[1])

    def send(self, contract: Any, function: str, *arguments: Any, sender: str) -> Any:
        """Sends a transaction; returns what the function returns. Raises `Refused`."""
        now = self.now
        answer = super().send(contract, function, *arguments, sender=sender)
        self._happenings += [Happening(now, event) for event in self._last]
        return answer

    def set_price(self, key: str, price: Fraction) -> None:
        """Sets the price of a collateral: whole loan tokens for a whole one of its."""
        spoke = self.parts.collaterals()[key]
        self._set_answer(spoke, answer_of(price, self.call(spoke.feed, "decimals")))

    def stop(self) -> None:
        """Nothing was started."""

    def _keep(self) -> int:
        return self._engine.snapshot()

    def _go_back(self, state: int) -> None:
        self._engine.revert(state)


class OnAnvil(OnChain):
    """A `Ground` on an Anvil of its own, which ends with it."""

    def __init__(self, plan: MarketPlan, now: int) -> None:
        """Starts the node and deploys a market."""
        node = AnvilProcess()
        node.start()
        self._stop = finalize(self, node.kill)
        super().__init__(Anvil(node.url, now=now, block_seconds=0), plan)

    def stop(self) -> None:
        """Ends the node."""
        self._stop()
