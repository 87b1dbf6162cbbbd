"""Reads contracts that may not be what they should be.

A call through ape traces every failure (0.2 s and a screenful); these calls answer None instead.
"""

from __future__ import annotations

from typing import Any

from ape.api import ProviderAPI
from ape.exceptions import ProviderError
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

LOCAL_CHAIN_IDS = (1337, 31337)


def is_local(provider: ProviderAPI) -> bool:
    """Whether a chain is for play: a local chain, or a local fork of a real one."""
    return provider.network.is_dev or provider.chain_id in LOCAL_CHAIN_IDS


def network_of(provider: ProviderAPI) -> str:
    """The connected network, as a sentence names it."""
    return f"{provider.network.ecosystem.name}:{provider.network.name} (chain {provider.chain_id})"


def view(
    provider: ProviderAPI, address: str, signature: str, returns: str, *arguments: object
) -> tuple[Any, ...] | None:
    """What a view answers in the latest block; None when it reverts or answers something else.

    Args:
        provider: the chain.
        address: of the contract.
        signature: such as `balanceOf(address)`; of plain types.
        returns: the types of the answer, such as `uint256,address`.
        arguments: of the call.
    """
    types = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    data = keccak(text=signature)[:4] + encode(types, arguments)
    try:
        answer = provider.make_request("eth_call", [{"to": address, "data": "0x" + data.hex()}, "latest"])
        values = decode(returns.split(","), bytes.fromhex(answer[2:]))
    except (ProviderError, DecodingError):
        return None
    return tuple(
        to_checksum_address(value) if kind == "address" else value
        for kind, value in zip(returns.split(","), values, strict=True)
    )


def view_one(
    provider: ProviderAPI, address: str, signature: str, returns: str, *arguments: object
) -> Any | None:
    """As `view`, for an answer of one value."""
    values = view(provider, address, signature, returns, *arguments)
    return None if values is None else values[0]


def code_of(provider: ProviderAPI, address: str) -> bytes:
    """The code at `address`; empty when there is no contract."""
    return bytes(provider.get_code(to_checksum_address(address)))


def now(provider: ProviderAPI) -> int:
    """The time of the next block, seconds; on a local chain it may differ from the clock's."""
    return int(provider.get_block("pending").timestamp)
