"""The keeper goes through ape's Anvil, the market it works on is the one of the other tests."""

import pytest

from plimsoll.testing import Chain
from plimsoll.testing.builder import Builder
from tests.utils.on_ape import *  # noqa: F403


@pytest.fixture(scope="module")
def builder(chain_of_ape: Chain) -> Builder:
    """Deploys the protocol."""
    return Builder(chain_of_ape)
