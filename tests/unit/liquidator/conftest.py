"""A position of ten WETH and 15,000 dollars, which a fall of oracle and pairs to 1,750 makes liquidatable."""

import pytest

from plimsoll.chain.engine import Contract
from plimsoll.testing.market import Market
from plimsoll.units import WAD
from tests.utils.periphery import BORROWER, BasketMarket, PeripheryMarket


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


@pytest.fixture
def basket(venue: PeripheryMarket) -> BasketMarket:
    """Of WETH and BTC, and a position of both, 28,000 dollars, which a fall by an eighth reaches."""
    market = venue.basket(venue.usd, [(venue.weth, 2_000), (venue.btc, 40_000)])
    market.borrow(BORROWER, [10 * WAD, 4 * 10**7], 28_000 * 10**6)
    return market


@pytest.fixture
def paths(basket: BasketMarket) -> list[list[str]]:
    """Straight from each leg to the loan asset."""
    return [basket.path(leg) for leg in range(2)]


@pytest.fixture
def fallen_basket(venue: PeripheryMarket, basket: BasketMarket) -> BasketMarket:
    """The basket after the fall."""
    basket.set_quote(0, 1_750)
    basket.set_quote(1, 35_000)
    venue.swap(venue.weth, venue.usd, 345 * WAD)
    venue.swap(venue.btc, venue.usd, 17 * 10**8)
    return basket
