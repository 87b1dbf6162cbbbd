"""These suites run in process: they need neither ape nor Anvil."""

from collections.abc import Iterator

import pytest

from plimsoll.chain.engine import Engine
from tests.utils.engines import in_process

START = 1_800_000_000


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """Nothing to undo: every test has an engine of its own."""
    yield


@pytest.fixture
def engine() -> Engine:
    """An empty chain."""
    return in_process()
