"""These suites run in process: they need neither ape nor Anvil."""

import pytest

from plimsoll.chain.engine import Engine
from plimsoll.testing.engines import in_process


@pytest.fixture
def engine() -> Engine:
    """An empty chain."""
    return in_process()
