"""A position of ten WETH and 15,000 dollars, which a fall of oracle and pairs to 1,750 makes liquidatable."""

import pytest

from plimsoll.chain.engine import Contract
from plimsoll.testing.market import Market
from plimsoll.units import WAD
from tests.utils.periphery import BORROWER, PeripheryMarket


@pytest.fixture
def market(venue: PeripheryMarket) -> Market:
    return venue.long


@pytest.fixture
def liquidator(venue: PeripheryMarket) -> Contract:
    return venue.liquidator


@pytest.fixture
def path(venue: PeripheryMarket) -> list[str]:
    """Straight from the collateral to the loan asset."""
    return venue.path(venue.weth, venue.usd)


@pytest.fixture
def fallen(venue: PeripheryMarket, market: Market) -> Market:
    """The market after the fall."""
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    crash(venue, market)
    return market


def crash(venue: PeripheryMarket, market: Market) -> None:
    market.set_quote(1_750)
    venue.swap(venue.weth, venue.usd, 345 * WAD)
    venue.swap(venue.weth, venue.btc, 345 * WAD)
