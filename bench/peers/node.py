"""An Anvil for this measurement alone.

Not the one that ape starts, which records every step of every transaction: gigabytes for 256 liquidations by
Aave. Nor does it keep the states of past blocks, which would make each block slower than the last.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from plimsoll.chain.anvil import Anvil, AnvilProcess

GAS_LIMIT = 100_000_000  # of block and transaction: 256 liquidations in a loop need more than the usual block
STATES = 4  # of the last blocks, which a trace needs


@contextmanager
def node() -> Iterator[Anvil]:
    """A fresh Anvil under prague rules; ends it afterwards.

    Raises:
        TimeoutError: it does not answer.
    """
    with AnvilProcess("--gas-limit", str(GAS_LIMIT), "--prune-history", str(STATES)) as process:
        yield Anvil(process.url, GAS_LIMIT)
