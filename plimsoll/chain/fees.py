"""What a transaction costs beside gas: the fee for its data on a rollup of the OP Stack.

There a contract at a fixed address says the fee. Where there is none, gas is all: Arbitrum puts it into the
estimate of gas.
"""

from __future__ import annotations

from ape.api import ProviderAPI
from eth_utils.crypto import keccak

from plimsoll.chain.views import view_one

ORACLE = "0x420000000000000000000000000000000000000F"
FEE = "getL1Fee(bytes)"  # of a whole transaction, wei
WORD = 32


def data_fee(provider: ProviderAPI, data: bytes) -> int:
    """The fee for a transaction with this data, wei; 0 where the chain charges none."""
    return view_one(provider, ORACLE, FEE, "uint256", signed(data)) or 0


def data_fee_paid(provider: ProviderAPI, tx: str) -> int:
    """What a mined transaction has paid for its data, wei."""
    receipt = provider.make_request("eth_getTransactionReceipt", [tx])
    return int(receipt.get("l1Fee") or "0x0", 16)


def signed(data: bytes) -> bytes:
    """As long as a transaction with this data, envelope and signature included."""
    return data + noise(3)


def noise(words: int) -> bytes:
    """Data that cannot be compressed, as addresses cannot."""
    return b"".join(keccak(number.to_bytes(WORD, "big")) for number in range(words))
