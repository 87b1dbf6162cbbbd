"""The Anvil that ape has started, beside ape."""

from typing import Any

from plimsoll.chain.anvil import Anvil


class AnvilOfApe(Anvil):
    """An `Engine` on it. Time stands still for ape's transactions too, and passes for them with `advance`."""

    def __init__(self, provider: Any) -> None:
        """A provider of ape's plugin foundry, which is connected."""
        super().__init__(provider.uri, block_seconds=0)
        self.request("anvil_setBlockTimestampInterval", 0)

    def close(self) -> None:
        """Leaves the node as it was."""
        self.request("anvil_removeBlockTimestampInterval")
        super().close()

    def advance(self, seconds: int) -> None:
        """Mines a block at the new time, from which ape's calls and transactions take theirs."""
        super().advance(seconds)
        self.request("evm_setNextBlockTimestamp", self.now)
        self.request("evm_mine")
