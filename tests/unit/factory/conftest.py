"""A factory with nothing made yet but one pool and its vault."""

import pytest

from plimsoll.params import BLUE_CHIP, PoolParams
from plimsoll.testing import Contract
from plimsoll.testing.market import Market, build_market


@pytest.fixture(scope="session")
def market(builder) -> Market:
    return build_market(builder, [])


@pytest.fixture(scope="session")
def factory(builder) -> Contract:
    return builder.factory


@pytest.fixture(scope="session")
def pool_struct(market) -> tuple:
    """The default parameters of a pool, as the factory takes them."""
    return PoolParams(name="Plimsoll Dollar", symbol="pUSD").to_struct(market.loan.address, 6)


@pytest.fixture(scope="session")
def risk_struct() -> tuple:
    """The blue chip parameters of a vault, as the factory takes them."""
    return BLUE_CHIP.to_struct(6)
