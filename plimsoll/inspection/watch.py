"""Looks at a market again and again, and gives alerts: when something begins, and when it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

from ape.api import ProviderAPI
from ape.exceptions import ApeException
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from web3.exceptions import Web3Exception

from plimsoll.chain.abi import events_of
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Views
from plimsoll.chain.lens import CreditLine, Lens
from plimsoll.chain.views import Block, is_local, network_of
from plimsoll.deploy import AddressBook
from plimsoll.inspection.alerts import Alert, Limits, full, low_health, silent, without_witness
from plimsoll.inspection.figures import clock, count, floor, percent, price_text, ratio, short
from plimsoll.inspection.read import Token, check, lens_at, owners_of, spokes, token
from plimsoll.units import NOBODY, WAD

log = logging.getLogger("plimsoll.watch")

RESCANNED = 64
"""Blocks whose events are read again at each look: the chain may have taken others since."""
CLEAR = 101
"""Per cent of its limit that a figure has to come back to before an alert is over."""
SILENT_LOOKS = 3
"""Looks that fail, one after the other, before the node is called silent."""
STILL = 300
"""Seconds since the time of the latest block, after which a chain stands still, unless it is a local one."""
FAULTS: tuple[type[Exception], ...] = (ApeException, Web3Exception, OSError, CallReverted, DecodingError)
"""What a look ends with when a node does not answer, or not as it should."""


@dataclass(frozen=True)
class Look:
    """What was seen at one block."""

    network: str
    block: int
    time: int  # of the block, seconds
    line: str
    begun: tuple[Alert, ...] = ()
    over: tuple[Alert, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For a log and a webhook; `text` is for people, and the name that chat services read."""
        return {
            "text": "\n".join(
                [
                    *(f"ALERT {each.said}" for each in self.begun),
                    *(f"over: {each.said}" for each in self.over),
                ]
            ),
            "network": self.network,
            "block": self.block,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat(),
            "begun": [_plain(each) for each in self.begun],
            "over": [_plain(each) for each in self.over],
        }


def _plain(alert: Alert) -> dict[str, Any]:
    return {
        "kind": alert.kind,
        "where": alert.where,
        "owner": to_checksum_address(alert.owner) if alert.owner else None,
        "value": None if alert.value is None else f"{ratio(alert.value):f}",
        "limit": None if alert.limit is None else f"{ratio(alert.limit):f}",
        "said": alert.said,
    }


@dataclass
class _Events:
    """What has been found in the events of one contract, and up to which block."""

    last: int
    found: dict[str, int] = field(default_factory=dict)  # block by owner or name of an event


class Watcher:
    """Looks at pools, vaults, baskets and positions of an address book; sends nothing."""

    def __init__(
        self, book: AddressBook, provider: ProviderAPI, limits: Limits, name: str | None = None
    ) -> None:
        """A watcher that has not looked yet; `name` as for `read`. Raises `InspectError`."""
        check(book, provider, name)
        self._book, self._provider, self._limits, self._wanted = book, provider, limits, name
        self._network, self._is_local = network_of(provider), is_local(provider)
        self._events: dict[str, _Events] = {}
        self._tokens: dict[str, Token] = {}
        self.standing: dict[tuple[str, str, str], Alert] = {}
        self._failed, self._block, self._time = 0, 0, 0

    def look(self) -> Look:
        """Looks once; what stands is told anew only when it begins and when it is over.

        Raises:
            FAULTS: the node does not answer as it should.
        """
        block = Block(self._provider)
        if block.number < self._block:  # another chain, or much of this one is another
            self._events.clear()
        lens = lens_at(self._book, block)
        alerts: list[Alert] = []
        unknown: set[str] = set()
        parts: list[str] = []
        for pool in self._book.pools:
            if self._wanted is None or self._wanted.split("/")[0] == pool:
                parts += self._pool(block, lens, pool, alerts, unknown)
        if not self._is_local and time.time() - block.time > STILL:
            stood = f"the latest block of {self._network} is of {clock(block.time)}; the node stands still"
            alerts.append(Alert("node", self._network, "", None, None, stood))
        self._failed, self._block, self._time = 0, block.number, block.time
        return self._told(
            f"{clock(block.time)}  block {block.number:,}  " + "  ".join(parts), alerts, unknown
        )

    def fail(self, error: Exception) -> Look:
        """What a look that has failed is told as; it says nothing of what stood before."""
        self._failed += 1
        said = f"the node of {self._network} does not answer as it should ({type(error).__name__})"
        alerts = list(self.standing.values())
        if self._failed >= SILENT_LOOKS and all(each.kind != "node" for each in alerts):
            alerts.append(Alert("node", self._network, "", None, None, said))
        return self._told(f"{clock(int(time.time()))}  {said}; asking again", alerts, set())

    def _told(self, line: str, alerts: Sequence[Alert], unknown: set[str]) -> Look:
        """What has begun and what is over; nobody knows the health of positions without a price."""
        now = {each.key: each for each in alerts}
        for key, each in self.standing.items():
            if each.kind == "health" and each.where in unknown:
                now.setdefault(key, each)
        begun = tuple(each for key, each in now.items() if key not in self.standing)
        over = tuple(each for key, each in self.standing.items() if key not in now)
        self.standing = now
        return Look(self._network, self._block, self._time, line, begun, over)

    # ------------------------------------------------------------------------------------------------ parts

    def _pool(
        self, block: Block, lens: Lens, name: str, alerts: list[Alert], unknown: set[str]
    ) -> Iterator[str]:
        record = self._book.pools[name]
        summary = lens.pool_summary(record.address)
        asset = self._token(summary.asset)
        yield f"{name} {percent(summary.utilisation)} used"
        limit = self._limits.utilisation
        bound = limit * 100 // CLEAR if ("utilisation", name, "") in self.standing else limit
        if summary.utilisation > bound:
            alerts.append(full(name, summary.utilisation, limit))
        alerts += self._raise(block, name, summary.council, record.block or 0, asset)
        for key, line in spokes(self._book, lens, name)[0]:
            if self._wanted in (None, name, key):
                yield self._spoke(block, lens, key, line, record.block or 0, asset, alerts, unknown)

    def _spoke(
        self, block: Block, lens: Lens, name: str, line: CreditLine, first: int, asset: Token,
        alerts: list[Alert], unknown: set[str],
    ) -> str:  # fmt: skip
        is_basket = line.collateral_asset == NOBODY
        owners = self._owners(block, line.vault, first, "Basket" if is_basket else "Vault")
        debts: list[tuple[int, str]]
        if is_basket:
            legs = lens.basket_summary(line.vault).legs
            without = [self._token(leg.token).symbol for leg in legs if not leg.price]
            of_basket = lens.basket_positions(line.vault, owners)
            debts = sorted((each.health, each.owner) for each in of_basket if each.debt)
            price = f"{len(legs)} legs"
        else:
            collateral = self._token(line.collateral_asset)
            quote = lens.vault_summary(line.vault).price
            without = [] if quote else [collateral.symbol]
            of_vault = lens.positions(line.vault, owners) if quote else []
            debts = sorted((each.health, each.owner) for each in of_vault if each.debt)
            price = f"{price_text(quote, collateral, asset)} {asset.symbol}" if quote else "no price"
        if without:
            alerts.append(silent(name, without))
            if not is_basket:
                unknown.add(name)
        alerts += self._unhealthy(name, debts)
        due = sum(health < WAD for health, _ in debts)
        lowest = f", lowest health {floor(ratio(debts[0][0]), 3)}" if debts else ""
        closable = f", {due:,} can be liquidated" if due else ""
        return f"{name} {price}: {count(len(debts), 'position')} with debt{lowest}{closable}"

    def _unhealthy(self, name: str, debts: Sequence[tuple[int, str]]) -> Iterator[Alert]:
        limit = self._limits.health
        for health, owner in debts:
            if health >= limit * CLEAR // 100:
                return
            if health < limit or ("health", name, owner) in self.standing:
                yield low_health(name, owner, f"the position of {short(owner)}", health, limit)

    def _raise(self, block: Block, name: str, council: str, first: int, asset: Token) -> Iterator[Alert]:
        """A queued raise of a limit that nobody has witnessed since; see SPECIFICATION §9."""
        abi = artifact("Council").abi
        subject, is_guardian, limit, _, ready = Views(block, council, abi).call("queued")
        if not ready or is_guardian:
            return
        topics = {event.name: event.topic for event in events_of(abi)}
        events = self._scanned(council, first)
        for known in ("Queued", "Witnessed"):
            for entry in block.logs(council, topics[known], events.last):
                events.found[known] = int(entry["blockNumber"], 16)
        events.last = max(first, block.number - RESCANNED)
        if events.found.get("Witnessed", -1) < events.found.get("Queued", 0):
            known_as = {
                it.address.lower(): key for key, it in (self._book.vaults | self._book.baskets).items()
            }
            vault = known_as.get(subject.lower(), subject)
            tokens = ratio(limit * 10 ** (18 - asset.decimals))
            yield without_witness(name, vault, tokens, asset.symbol, ready)

    def _owners(self, block: Block, spoke: str, first: int, kind: str) -> list[str]:
        """As `owners_of`, of which only the latest blocks are read again."""
        events = self._scanned(spoke, first)
        for owner in owners_of(block, spoke, events.last, kind):
            events.found.setdefault(owner, block.number)
        events.last = max(first, block.number - RESCANNED)
        return list(events.found)

    def _scanned(self, address: str, first: int) -> _Events:
        return self._events.setdefault(address, _Events(first))

    def _token(self, address: str) -> Token:
        if address not in self._tokens:
            self._tokens[address] = token(self._provider, address)
        return self._tokens[address]


def watch(watcher: Watcher, tell: Callable[[Look], None], stop: Event, interval: float) -> None:
    """Looks until `stop` is set, `interval` seconds apart; a node that fails is asked again."""
    while True:
        try:
            look = watcher.look()
        except FAULTS as error:
            look = watcher.fail(error)
        tell(look)
        if stop.wait(interval):
            return
