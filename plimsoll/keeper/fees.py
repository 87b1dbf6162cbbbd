"""What a transaction costs beside gas: the fee for its data on a rollup of the OP Stack.

There a contract at a fixed address says the fee. Where there is none, gas is all: Arbitrum puts it into the
estimate of gas.
"""

from __future__ import annotations

from eth_utils.crypto import keccak

from plimsoll.keeper.node import Node, Reverted
from plimsoll.twin.liquidation import ceil_div

ORACLE = "0x420000000000000000000000000000000000000F"
WORD = 32
HEAD = 10  # words of a batch without orders: envelope and signature included
SAMPLE = 32  # orders by which the fee for one is found


class DataFees:
    """Fees for data in wei; 0 where the chain charges none."""

    def __init__(self, node: Node) -> None:
        """Asks whether there is a gas price oracle."""
        self._node = node
        try:
            self._fee(b"")
            self._is_charged = True
        except Reverted:
            self._is_charged = False

    def of(self, data: bytes) -> int:
        """The fee for a transaction with this data."""
        return self._fee(data + _noise(3)) if self._is_charged else 0  # envelope and signature

    def of_batches(self) -> tuple[int, int]:
        """The fee for a batch without orders, and for each order; rounded up."""
        if not self._is_charged:
            return 0, 0
        batch = self._fee(_noise(HEAD))
        return batch, ceil_div(max(0, self._fee(_noise(HEAD + SAMPLE)) - batch), SAMPLE)

    def _fee(self, data: bytes) -> int:
        return int(self._node.view(ORACLE, "getL1Fee(bytes)", "uint256", data)[0])


def _noise(words: int) -> bytes:
    """Data that cannot be compressed, as addresses cannot."""
    return b"".join(keccak(number.to_bytes(WORD, "big")) for number in range(words))
