"""The engine that users see: Anvil, through the provider that ape is connected to.

Every account is impersonated. Each transaction has a block of its own, one second after the last.
"""

import time
from collections.abc import Sequence
from typing import Any

from ape.api import ProviderAPI
from ape.exceptions import ProviderError

from plimsoll.chain.engine import CallReverted, Log, Receipt, Transaction

_GAS = 25_000_000
_WEALTH = hex(10**18)  # for gas
_BLOCK_GAS = hex(30_000_000)  # Anvil's own limit; the limits of a block's transactions have to fit
_PATIENCE = 30  # seconds


class Anvil:
    """An `Engine` on Anvil."""

    def __init__(self, provider: ProviderAPI, gas_limit: int = _GAS, now: int | None = None) -> None:
        """Takes over the clock of a connected provider.

        Args:
            provider: of a local Anvil.
            gas_limit: of every transaction and call.
            now: what the clock is set to, past or future; seconds.
        """
        self._provider = provider
        self._gas = hex(gas_limit)
        self._rpc("anvil_autoImpersonateAccount", True)
        if now is None:
            now = int(self._rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16) + 1
        else:
            self._rpc("evm_setTime", now)
        self._now = now
        self._receipt: dict[str, Any] = {}
        self._times: dict[int, int] = {}

    def close(self) -> None:
        """Ends the impersonation."""
        self._rpc("anvil_autoImpersonateAccount", False)

    @property
    def client(self) -> str:
        """What runs the code, with its version."""
        return str(self._rpc("web3_clientVersion"))

    @property
    def chain_id(self) -> int:
        """What signatures are bound to."""
        return int(self._rpc("eth_chainId"), 16)

    @property
    def now(self) -> int:
        """Timestamp of the block in which the next call runs, seconds."""
        return self._now

    def advance(self, seconds: int) -> None:
        """Moves the time of the next call."""
        self._now += seconds

    def create(self, initcode: bytes, sender: str) -> str:
        """Runs initcode; returns the address of what it made."""
        self._transact({"from": sender, "data": "0x" + initcode.hex()})
        return str(self._receipt["contractAddress"]).lower()

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """Sends a transaction; returns what the same call would have returned just before."""
        answer = self.call(sender, to, data)
        self._transact({"from": sender, "to": to, "data": "0x" + data.hex()})
        return answer

    def call(self, sender: str, to: str, data: bytes) -> bytes:
        """Asks without a transaction."""
        request = {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": self._gas}
        try:
            answer = self._rpc("eth_call", request, "latest", {}, {"time": hex(self._now)})
        except ProviderError as error:
            raise _reverted(error) from None
        return bytes.fromhex(str(answer)[2:])

    def logs(self) -> Sequence[Log]:
        """The events of the last transaction."""
        return _logs(self._receipt)

    def block(self, transactions: Sequence[Transaction]) -> list[Receipt]:
        """Puts transactions into one block at the current time, in this order.

        Anvil works on a batch of requests in any order, so falling gas prices say which comes first.
        """
        if not transactions:
            return []
        self._rpc("evm_setAutomine", False)
        self._rpc("evm_setBlockGasLimit", hex(len(transactions) * int(self._gas, 16)))
        try:
            senders = list(dict.fromkeys(each.sender for each in transactions))
            counts = self._batch([("eth_getTransactionCount", [sender, "latest"]) for sender in senders])
            nonces = {sender: int(count, 16) for sender, count in zip(senders, counts, strict=True)}
            self._batch([("anvil_setBalance", [sender, _WEALTH]) for sender in senders])
            requests = []
            for place, each in enumerate(transactions):
                request = {
                    "from": each.sender,
                    "to": each.to,
                    "data": "0x" + each.data.hex(),
                    "gas": self._gas,
                }
                request |= {
                    "gasPrice": hex(len(transactions) - place),
                    "nonce": hex(nonces[each.sender]),
                }
                nonces[each.sender] += 1
                requests.append(("eth_sendTransaction", [request]))
            hashes = self._batch(requests)
            self._rpc("evm_setNextBlockTimestamp", self._now)
            self._rpc("evm_mine")
        finally:
            self._rpc("evm_setBlockGasLimit", _BLOCK_GAS)
            self._rpc("evm_setAutomine", True)
        receipts = self._batch([("eth_getTransactionReceipt", [each]) for each in hashes])
        return [Receipt(int(each["status"], 16) == 1, _logs(each)) for each in receipts]

    @property
    def gas_used(self) -> int:
        """What the receipt of the last transaction says."""
        return int(self._receipt["gasUsed"], 16)

    def trace(self, tracer: str, **config: Any) -> Any:
        """What one of the node's tracers says of the last transaction."""
        options = {"tracer": tracer, "tracerConfig": config}
        return self._rpc("debug_traceTransaction", self._receipt["transactionHash"], options)

    def snapshot(self) -> int:
        """Keeps the state; returns its number."""
        number = int(self._rpc("evm_snapshot"), 16)
        self._times[number] = self._now
        return number

    def revert(self, snapshot: int) -> None:
        """Goes back to a state, which is used up by it."""
        self._rpc("evm_revert", hex(snapshot))
        self._now = self._times[snapshot]

    def storage(self, address: str, slot: int) -> int:
        """A word of storage."""
        return int(self._rpc("eth_getStorageAt", address, hex(slot), "latest"), 16)

    def set_storage(self, address: str, slot: int, word: int) -> None:
        """Overwrites a word of storage: what no contract can do."""
        self._rpc("anvil_setStorageAt", address, hex(slot), f"0x{word:064x}")

    def _transact(self, request: dict[str, Any]) -> None:
        self._rpc("evm_setNextBlockTimestamp", self._now)
        identifier = self._rpc("eth_sendTransaction", {**request, "gas": self._gas, "gasPrice": "0x0"})
        self._now += 1
        receipt = None
        deadline = time.monotonic() + _PATIENCE
        while receipt is None:  # Anvil answers a moment before the block is there
            if time.monotonic() > deadline:
                raise TimeoutError(f"Anvil has not mined {identifier} within {_PATIENCE} seconds")
            receipt = self._rpc("eth_getTransactionReceipt", identifier)
        self._receipt = receipt
        if int(self._receipt["status"], 16) == 0:
            raise CallReverted("")

    def _batch(self, requests: list[tuple[str, list[Any]]]) -> list[Any]:
        """The results of many requests, in their order."""
        replies = self._provider.web3.provider.make_batch_request(requests)
        replies = sorted(replies, key=lambda reply: int(reply["id"]))
        for reply in replies:
            if "error" in reply:
                raise RuntimeError(
                    f"Anvil refused a request: {reply['error'].get('message', reply['error'])}"
                )
        return [reply["result"] for reply in replies]

    def _rpc(self, method: str, *parameters: Any) -> Any:
        return self._provider.make_request(method, list(parameters))


def _logs(receipt: dict[str, Any]) -> list[Log]:
    return [
        Log(
            log["address"].lower(),
            tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
            bytes.fromhex(log["data"][2:]),
        )
        for log in receipt["logs"]
    ]


def _reverted(error: ProviderError) -> CallReverted:
    """The provider passes on Anvil's message alone, which ends with the reason."""
    return CallReverted(str(error).removeprefix("execution reverted").removeprefix(": "))
