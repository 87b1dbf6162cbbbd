"""Time in tests: while the clock is stopped it only passes when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from ape import chain, networks


@contextmanager
def stopped_clock() -> Iterator[None]:
    """Gives every block the time of its predecessor, so that expected values can be exact."""
    networks.provider.make_request("anvil_setBlockTimestampInterval", [0])
    try:
        yield
    finally:
        networks.provider.make_request("anvil_removeBlockTimestampInterval", [])


def pass_time(seconds: int) -> None:
    """Mines a block so many seconds after the last one."""
    chain.mine(deltatime=seconds)


def now() -> int:
    """The time of the last block, which is what a view sees."""
    return chain.blocks.head.timestamp
