"""Scenarios run in process, without Anvil."""

import pytest

from plimsoll.scenario.records import Result
from plimsoll.scenario.run import Laboratory
from tests.utils.laboratory import laboratory, tiny


@pytest.fixture(scope="session")
def lab() -> Laboratory:
    """The market of the short scenario."""
    return laboratory(tiny())


@pytest.fixture(scope="session")
def result(lab: Laboratory) -> Result:
    """The short scenario, played once."""
    return lab.play()
