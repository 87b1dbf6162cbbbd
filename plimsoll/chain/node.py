"""Fast access to the Anvil that ape is connected to, for ape's own contract instances.

Raw JSON-RPC without ape's receipts, impersonated senders, and what the engine interface does not have: many
views in one request, and views of the pending block. Gas costs nothing and every sender may be anybody: for
local chains only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from eth_abi.abi import decode, encode
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.conversions import to_bytes, to_int

if TYPE_CHECKING:
    from ape.api import ProviderAPI

GAS_LIMIT = 30_000_000  # Anvil's limit of a block
PATIENCE = 60  # seconds to wait for a transaction to be mined


class TransactionFailed(RuntimeError):
    """A transaction or a view that was expected to succeed reverted; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Log:
    """One event as the chain keeps it."""

    address: str  # lower case
    topics: tuple[int, ...]
    data: bytes

    def words(self) -> list[int]:
        """The data as numbers of 32 bytes."""
        return [int.from_bytes(self.data[i : i + 32], "big") for i in range(0, len(self.data), 32)]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that succeeded."""

    block: int
    logs: tuple[Log, ...]


class Node:
    """Sends and calls through the JSON-RPC of a local Anvil; see `on_own_clock`."""

    def __init__(self, provider: ProviderAPI) -> None:
        """Uses the node that `provider` is connected to."""
        self._provider = provider
        self._batch = provider.web3.provider.make_batch_request

    @contextmanager
    def on_own_clock(self, start: int, interval: int) -> Iterator[None]:
        """Lets the chain's time run by blocks, not by the wall clock, and anybody send.

        Args:
            start: seconds since 1970, past or future; the next block is one interval later.
            interval: seconds from block to block, see also `next_block_at`.
        """
        self.request("evm_setTime", start)
        self.request("anvil_setBlockTimestampInterval", interval)
        self.request("anvil_autoImpersonateAccount", True)
        try:
            yield
        finally:
            with suppress(Exception):  # after Ctrl-C ape has stopped the node: nothing to set back
                self.request("anvil_autoImpersonateAccount", False)
                self.request("anvil_removeBlockTimestampInterval")

    def request(self, method: str, *parameters: Any) -> Any:
        """The result of one JSON-RPC request."""
        return self._provider.make_request(method, list(parameters))

    def next_block_at(self, time: int) -> None:
        """Gives the next block its time, seconds since 1970, later than the last block's."""
        self.request("evm_setNextBlockTimestamp", time)

    def block_time(self, block: int) -> int:
        """The time of a block, seconds since 1970."""
        return to_int(hexstr=self.request("eth_getBlockByNumber", hex(block), False)["timestamp"])

    def send(self, sender: Any, method: Any, *arguments: Any) -> Receipt:
        """Sends a transaction, which is mined at once.

        Args:
            sender: an address, or what has one.
            method: of an ape contract instance, as in `token.transfer`.
            arguments: numbers, bytes, addresses or what has one, and sequences of these.

        Raises:
            TransactionFailed: it reverted.
        """
        transaction = {
            "from": _plain(sender),
            "to": method.contract.address,
            "data": "0x" + _abi(method, arguments).hex(),
            "gas": hex(GAS_LIMIT),
            "gasPrice": "0x0",
        }
        receipt = self._receipt(self.request("eth_sendTransaction", transaction))
        if to_int(hexstr=receipt["status"]) == 0:
            block = hex(to_int(hexstr=receipt["blockNumber"]) - 1)
            reply = self._batch([("eth_call", [transaction, block])])[0]
            raise TransactionFailed(f"{_name(method)} reverted: {_reason(reply)}")
        logs = tuple(
            Log(
                address=log["address"].lower(),
                topics=tuple(to_int(hexstr=topic) for topic in log["topics"]),
                data=to_bytes(hexstr=log["data"]),
            )
            for log in receipt["logs"]
        )
        return Receipt(block=to_int(hexstr=receipt["blockNumber"]), logs=logs)

    def _receipt(self, transaction: str) -> Any:
        """Anvil answers before it has mined; until then there is no receipt."""
        deadline = monotonic() + PATIENCE
        while (receipt := self.request("eth_getTransactionReceipt", transaction)) is None:
            if monotonic() > deadline:
                raise TransactionFailed(
                    f"{transaction} was not mined in {PATIENCE} seconds; is Anvil mining?"
                )
        return receipt

    def view(self, method: Any, *arguments: Any, block: str = "latest") -> Any:
        """One view; `block` "pending" asks what holds in the next block, at its time.

        Raises:
            TransactionFailed: it reverted.
        """
        return self.views(method, [arguments], block=block)[0]

    def views(self, method: Any, arguments: Sequence[Sequence[Any]], block: str = "latest") -> list[Any]:
        """The same view with many arguments, in one request: single results, or tuples of several.

        Raises:
            TransactionFailed: one reverted.
        """
        if not arguments:
            return []
        to = method.contract.address
        replies = self._batch(
            [
                (
                    "eth_call",
                    [{"to": to, "data": "0x" + _abi(method, each).hex(), "gas": hex(GAS_LIMIT)}, block],
                )
                for each in arguments
            ]
        )
        types = [output.canonical_type for output in method.abis[-1].outputs]
        results = []
        for reply in sorted(replies, key=lambda reply: reply["id"]):
            if "error" in reply:
                raise TransactionFailed(f"{_name(method)} reverted: {_reason(reply)}")
            values = decode(types, to_bytes(hexstr=reply["result"]))
            results.append(values[0] if len(values) == 1 else values)
        return results


def _plain(argument: Any) -> Any:
    """Addresses of accounts and contracts; other arguments as they are."""
    return getattr(argument, "address", argument)


def _name(method: Any) -> str:
    return f"{method.contract.contract_type.name}.{method.abis[0].name}"


def _abi(method: Any, arguments: Sequence[Any]) -> bytes:
    """Call data; among overloads the one with as many inputs as there are arguments."""
    abi = next(abi for abi in method.abis if len(abi.inputs) == len(arguments))
    types = [given.canonical_type for given in abi.inputs]
    return function_signature_to_4byte_selector(abi.selector) + encode(
        types, [_plain(argument) for argument in arguments]
    )


def _reason(reply: Any) -> str:
    return str(reply.get("error", {}).get("message", "no reason given"))
