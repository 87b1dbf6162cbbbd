"""A world on the chain that users see, with a Lens over it."""

import pytest

from plimsoll.chain.anvil import Anvil
from plimsoll.testing import Chain
from tests.utils.lens import LensMarket, build


@pytest.fixture
def place(anvil: Anvil, chain: Chain) -> LensMarket:
    """As `build` says; a call has 25,000,000 gas."""
    return build(anvil)
