"""These suites run in process, without Anvil; what needs the chain is in `tests/unit/keeper`."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """Nothing to undo: every test has an index and a chain of its own."""
    yield
