"""A keeper at work on a node that takes its time."""

import time

from plimsoll.keeper.loop import Keeper

HEALTHY = "every position is healthy"
PATIENCE = 30  # seconds; an Anvil that has run for long takes a good part of a second for a block


def work(keeper: Keeper, until: str = HEALTHY) -> None:
    """Looks again and again until the keeper says what begins so, and has nothing under execution."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        keeper.tick_safely()
        if keeper.status.doing.startswith(until) and not keeper._journal.under_way():
            return
        time.sleep(0.01)
    raise AssertionError(f"still {keeper.status.doing}")
