"""Scenarios run in process, without Anvil."""

from collections.abc import Iterator

import pytest

from plimsoll.scenario.records import Result
from plimsoll.scenario.run import Laboratory
from tests.utils.laboratory import laboratory, tiny


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """Nothing to undo: every play starts from the same state."""
    yield


@pytest.fixture(scope="session")
def lab() -> Laboratory:
    """The market of the short scenario."""
    return laboratory(tiny())


@pytest.fixture(scope="session")
def result(lab: Laboratory) -> Result:
    """The short scenario, played once."""
    return lab.play()
