"""What batches cost beside gas; see `plimsoll.chain.fees`."""

from __future__ import annotations

from plimsoll.chain.fees import FEE, ORACLE, noise, signed
from plimsoll.keeper.node import Node, Reverted
from plimsoll.twin.liquidation import ceil_div

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
        return self._fee(signed(data)) if self._is_charged else 0

    def of_batches(self) -> tuple[int, int]:
        """The fee for a batch without orders, and for each order; rounded up."""
        if not self._is_charged:
            return 0, 0
        batch = self._fee(noise(HEAD))
        return batch, ceil_div(max(0, self._fee(noise(HEAD + SAMPLE)) - batch), SAMPLE)

    def _fee(self, data: bytes) -> int:
        return int(self._node.view(ORACLE, FEE, "uint256", data)[0])
