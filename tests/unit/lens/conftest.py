"""A world on the chain that users see, with a Lens over it."""

from collections.abc import Iterator

import pytest
from ape import chain

from plimsoll.chain.anvil import Anvil
from tests.utils.lens import LensMarket, build


@pytest.fixture
def place() -> Iterator[LensMarket]:
    """As `build` says; a call has 25,000,000 gas."""
    engine = Anvil(chain.provider.uri)
    yield build(engine)
    engine.close()
