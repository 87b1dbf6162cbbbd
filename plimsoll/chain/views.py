"""Reads the chain that ape is connected to.

A call through ape traces every failure (0.2 s and a screenful). `view` reads contracts that may not be what
they should be and answers None instead; `Block` reads known contracts as of one block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ape.api import ProviderAPI
from ape.exceptions import ApeException, ProviderError
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from web3.exceptions import Web3Exception

from plimsoll.chain.abi import Function
from plimsoll.chain.engine import CallReverted
from plimsoll.chain.logs import in_halves

LOCAL_CHAIN_IDS = (1337, 31337)
CALL_GAS = 21_000 + 4 * 16  # that a call costs before the contract runs: its four bytes name the function


def is_local(provider: ProviderAPI) -> bool:
    """Whether a chain is for play: a local chain, or a local fork of a real one.

    An Anvil may have any chain id, that of Ethereum included, so the id alone makes no network a live one.
    """
    return provider.network.is_dev or provider.chain_id in LOCAL_CHAIN_IDS or _is_anvil(provider)


def has_borrowed_id(provider: ProviderAPI) -> bool:
    """Whether a local chain has the id of a network of others, where its transactions would be valid too."""
    return provider.chain_id not in LOCAL_CHAIN_IDS and is_local(provider)


def network_of(provider: ProviderAPI) -> str:
    """The connected network, as a sentence names it."""
    name = f"{provider.network.ecosystem.name}:{provider.network.name}"
    if has_borrowed_id(provider):
        return f"a local {name} (chain {provider.chain_id})"
    return f"{name} (chain {provider.chain_id})"


def _is_anvil(provider: ProviderAPI) -> bool:
    """Whether the node is one that can be told what to do; one that does not say so is not."""
    try:
        provider.make_request("anvil_nodeInfo", [])
    except (ApeException, Web3Exception, OSError):
        return False
    return True


def view(
    provider: ProviderAPI,
    address: str,
    signature: str,
    returns: str,
    *arguments: object,
    gas: int | None = None,
    code: str | None = None,
) -> tuple[Any, ...] | None:
    """What a view answers in the latest block; None when it reverts or answers something else.

    Args:
        provider: the chain.
        address: of the contract.
        signature: such as `balanceOf(address)`; of plain types.
        returns: the types of the answer, such as `uint256,address`.
        arguments: of the call.
        gas: that a view without arguments gets; None: as much as the node gives.
        code: that stands at the address for this call alone, hexadecimal; None: what is there.
    """
    function = Function.parse(signature, returns)
    request = {"to": address, "data": "0x" + function.encode(arguments).hex()}
    if gas is not None:
        request["gas"] = hex(CALL_GAS + gas)
    overrides = [] if code is None else [{address: {"code": code}}]
    try:
        answer = provider.make_request("eth_call", [request, "latest", *overrides])
        values = function.values(bytes.fromhex(answer[2:]))
    except (ProviderError, DecodingError):
        return None
    return tuple(
        to_checksum_address(value) if kind == "address" else value
        for kind, value in zip(function.outputs, values, strict=True)
    )


def view_one(
    provider: ProviderAPI, address: str, signature: str, returns: str, *arguments: object, **terms: Any
) -> Any | None:
    """As `view`, for an answer of one value."""
    values = view(provider, address, signature, returns, *arguments, **terms)
    return None if values is None else values[0]


def code_of(provider: ProviderAPI, address: str) -> bytes:
    """The code at `address`; empty when there is no contract."""
    return bytes(provider.get_code(to_checksum_address(address)))


def now(provider: ProviderAPI) -> int:
    """The time of the next block, seconds; on a local chain it may differ from the clock's."""
    return int(provider.get_block("pending").timestamp)


class Block:
    """One block of the connected chain: all that is asked of it belongs together."""

    def __init__(self, provider: ProviderAPI) -> None:
        """The latest block."""
        latest = provider.make_request("eth_getBlockByNumber", ["latest", False])
        self._provider = provider
        self.number = int(latest["number"], 16)
        self.hash = str(latest["hash"])
        self.time = int(latest["timestamp"], 16)

    def call(self, sender: str, to: str, data: bytes) -> bytes:
        """What a call answers. Raises `CallReverted`."""
        request = {"from": sender, "to": to, "data": "0x" + data.hex()}
        try:
            answer = self._provider.make_request("eth_call", [request, hex(self.number)])
        except ProviderError as error:
            message = str(error)
            if "revert" not in message:
                raise
            raise CallReverted(message.removeprefix("execution reverted").removeprefix(": ")) from None
        return bytes.fromhex(answer[2:])

    def logs(self, address: str | Sequence[str], topic: bytes | None, first: int) -> list[dict[str, Any]]:
        """The events of one contract or several with this first topic, or with any, from block `first` on.

        They are in their order. A node that refuses so many blocks at once is asked for halves.
        """
        wanted = {"address": address, "topics": [] if topic is None else ["0x" + topic.hex()]}

        def ask(first: int, last: int) -> list[dict[str, Any]]:
            request = {**wanted, "fromBlock": hex(first), "toBlock": hex(last)}
            return list(self._provider.make_request("eth_getLogs", [request]))

        return in_halves(ask, first, self.number, lambda error: isinstance(error, ProviderError))
