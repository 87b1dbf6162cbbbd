"""What runs contracts in this process: pyrevm, or what stands in for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from plimsoll.chain.engine import Engine
from plimsoll.chain.revm import Revm

START = 1_800_000_000  # when time begins, seconds

_make: Callable[[int], Engine] = Revm


def in_process(now: int = START) -> Engine:
    """An empty chain at a time, seconds."""
    return _make(now)


@contextmanager
def made_by(make: Callable[[int], Engine]) -> Iterator[None]:
    """Lets `in_process` make other engines: one that traces, or that takes larger contracts."""
    global _make
    before, _make = _make, make
    try:
        yield
    finally:
        _make = before
