"""Time in tests: while the clock is stopped it only passes when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from ape import chain, networks

from tests.utils.calls import pass_time

__all__ = ["isolated", "now", "pass_time", "stopped_clock"]


@contextmanager
def stopped_clock() -> Iterator[None]:
    """Gives every block the time of its predecessor, so that expected values can be exact."""
    networks.provider.make_request("anvil_setBlockTimestampInterval", [0])
    try:
        yield
    finally:
        networks.provider.make_request("anvil_removeBlockTimestampInterval", [])


def now() -> int:
    """The time of the last block, which is what a view sees."""
    return chain.blocks.head.timestamp


@contextmanager
def isolated() -> Iterator[None]:
    """Undoes what happens inside. `chain.isolate()` would swallow every failed assertion as well."""
    snapshot = chain.snapshot()
    try:
        yield
    finally:
        chain.restore(snapshot)
