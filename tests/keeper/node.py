"""A node on the engine in this process, which answers, mines and fails as a test says, and a keeper at it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from eth_utils.crypto import keccak

from plimsoll.chain.engine import CallReverted
from plimsoll.chain.revm import Revm
from plimsoll.keeper.execution import Execution, Inventory
from plimsoll.keeper.index import Index
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.node import Node, VaultNode
from plimsoll.testing.engines import made_by
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import LIQUIDATOR
from plimsoll.units import MAX, NOBODY

GWEI = 10**9
PATIENCE = 30  # seconds
COIN = 2_000 * 10**6 * 10**18  # of a wei, 1e36: 2,000 tokens of 6 decimals for 1e18


class Engine(Revm):
    """Remembers the events of all transactions."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.events: list[Any] = []

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        answer = super().send(sender, to, data)
        self.events += self.logs()
        return answer


class Signer:
    """Signs nothing: the node believes it."""

    address = str(LIQUIDATOR)

    def sign(self, to: str, data: bytes, nonce: int, gas: int, gas_price: int) -> tuple[str, bytes]:
        fields = {"to": to, "data": data.hex(), "nonce": nonce, "gas": gas, "gas_price": gas_price}
        raw = json.dumps(fields).encode()
        return "0x" + keccak(raw).hex(), raw


class MemoryNode:
    """JSON-RPC for one market.

    Attributes:
        instead: replies by method, or by method and selector for calls; of a function that is asked first a
            reply of None means the node's own.
        sent: what it was given, in that order.
        pool: what is not mined yet, by nonce.
        used: gas that each mined transaction has taken, by hash.
    """

    def __init__(self, market: Market) -> None:
        self.market, self.engine = market, market.chain.engine
        self.gas_price, self.balance, self.nonce = GWEI, 10**20, 0
        self.instead: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.sent: list[dict[str, Any]] = []
        self.pool: dict[int, dict[str, Any]] = {}
        self.receipts: dict[str, dict[str, str]] = {}
        self.used: dict[str, int] = {}
        self._blocks: list[tuple[bytes, list[Any]]] = []
        self._taken = 0  # events that are in blocks
        self.mine()

    def mine(self, salt: bytes = b"") -> None:
        """A block with what has happened on the engine and with what waits in the pool."""
        while tx := self.pool.pop(self.nonce, None):
            is_done, self.used[tx["hash"]] = True, self._gas(tx)
            try:
                if tx["data"]:
                    self.engine.send(LIQUIDATOR, tx["to"], bytes.fromhex(tx["data"]))
            except CallReverted:
                is_done = False
            self.nonce += 1
            self.receipts[tx["hash"]] = {"status": hex(is_done)}
        parent = self._blocks[-1][0] if self._blocks else b""
        block = sha256(parent + salt + len(self._blocks).to_bytes(8, "big")).digest()
        self._blocks.append((block, self.engine.events[self._taken :]))
        self._taken = len(self.engine.events)
        self.engine.advance(12)

    def drop(self, engine: int) -> None:
        """Takes the newest block back, with an engine's snapshot from before; its transactions are lost."""
        _, events = self._blocks.pop()
        del self.engine.events[len(self.engine.events) - len(events) :]
        self._taken = len(self.engine.events)
        self.engine.revert(engine)
        self.nonce -= len(self.receipts)
        self.receipts.clear()

    def __call__(self, method: str, parameters: list[Any]) -> Any:
        """The reply to a request."""
        self.asked[method] += 1
        name = f"{method} {parameters[0]['data'][:10]}" if method == "eth_call" else method
        instead = self.instead.get(name, self.instead.get(method))
        if callable(instead):
            instead = instead(*parameters)
        if instead is not None:
            return instead
        try:
            return {"result": getattr(self, method)(*parameters)}
        except CallReverted as reverted:
            return {"error": {"code": 3, "message": f"execution reverted: {reverted.reason}"}}

    def eth_blockNumber(self) -> str:
        return hex(len(self._blocks) - 1)

    def eth_getBlockByNumber(self, number: str, _full: bool) -> dict[str, str] | None:
        at = int(number, 16)
        return {"hash": "0x" + self._blocks[at][0].hex()} if at < len(self._blocks) else None

    def eth_getLogs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        return [
            {
                "address": log.address,
                "topics": ["0x" + it.hex() for it in log.topics],
                "data": "0x" + log.data.hex(),
            }
            for _, events in self._blocks[first : last + 1]
            for log in events
            if log.address == wanted["address"].lower() and "0x" + log.topics[0].hex() in wanted["topics"][0]
        ]

    def eth_call(self, call: dict[str, str], _block: Any) -> str:
        data = bytes.fromhex(call["data"][2:])
        return "0x" + self.engine.call(call.get("from", NOBODY), call["to"], data).hex()

    def eth_estimateGas(self, call: dict[str, str], _block: str) -> str:
        self.eth_call(call, _block)
        return hex(self._gas({"to": call["to"], "data": call["data"][2:]}))

    def eth_gasPrice(self) -> str:
        return hex(self.gas_price)

    def eth_getBalance(self, _who: str, _block: str) -> str:
        return hex(self.balance)

    def eth_getTransactionCount(self, _who: str, _block: str) -> str:
        return hex(self.nonce)

    def eth_getTransactionReceipt(self, hash_: str) -> dict[str, str] | None:
        return self.receipts.get(hash_)

    def eth_getTransactionByHash(self, hash_: str) -> dict[str, str] | None:
        waits = any(tx["hash"] == hash_ for tx in self.pool.values())
        return {} if waits or hash_ in self.receipts else None

    def eth_sendRawTransaction(self, raw: str) -> str:
        data = bytes.fromhex(raw[2:])
        tx = json.loads(data)
        tx["hash"] = "0x" + keccak(data).hex()
        self.sent.append(tx)
        other = self.pool.get(tx["nonce"])
        assert tx["nonce"] >= self.nonce, "nonce too low"
        assert other in (None, tx) or tx["gas_price"] >= other["gas_price"] * 9 // 8, "underpriced"
        self.pool[tx["nonce"]] = tx
        return tx["hash"]

    def _gas(self, tx: dict[str, Any]) -> int:
        if not tx["data"]:
            return 21_000
        with suppress(CallReverted):
            self.engine.call(LIQUIDATOR, tx["to"], bytes.fromhex(tx["data"]))
        return int(self.engine._evm.result.gas_used)


class Clock:
    """Stands still until it is moved."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A market with positions of 10 at 15,000, a node, and a keeper with funds that has looked once."""

    def __init__(
        self,
        owners: int = 3,
        execution: Callable[[VaultNode], Execution] = Inventory,
        before: Callable[["Desk"], None] = lambda desk: None,
        approved: int = MAX,
        instead: Mapping[str, Any] = MappingProxyType({}),
        **policy: Any,
    ) -> None:
        """Hires the keeper.

        Args:
            owners: how many positions there are.
            execution: of the keeper.
            before: prepares the market before the keeper starts.
            approved: the keeper's allowance.
            instead: the node's.
            policy: the keeper's.
        """
        with made_by(Engine):
            self.market = small_market(supply=1_000_000)
        self.owners = [f"0x{0x1000 + number:040x}" for number in range(owners)]
        for owner in self.owners:
            self.market.give(owner)
            self.market.open(owner)
        self.market.give(LIQUIDATOR)
        self.market.loan.approve(self.market.vault, approved, sender=LIQUIDATOR)
        self.clock = Clock()
        before(self)
        self.node = MemoryNode(self.market)
        self.node.instead |= instead
        self.vault = VaultNode(Node(self.node), self.market.vault.address)
        self.index = Index(":memory:", 1, self.vault.address)
        terms = Policy(**{"coin_price": COIN, "patience": PATIENCE, **policy})
        self.keeper = Keeper(self.vault, self.index, Signer(), execution(self.vault), terms, self.clock)
        self.look()

    def look(self) -> str:
        """One look, and what the keeper says of it."""
        self.keeper.tick_safely()
        self.clock.now += 2
        return self.keeper.status.doing

    def healthy(self) -> int:
        """How many positions are."""
        return sum(self.market.vault.health(owner) >= 10**18 for owner in self.owners)

    @property
    def counts(self) -> Counter[str]:
        return self.keeper.status.counts
