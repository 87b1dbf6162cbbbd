"""A trader with ten WETH and 20,000 dollars, who has made Leverage his operator in both vaults."""

import pytest

from plimsoll.chain.engine import Contract
from plimsoll.testing.market import Market
from plimsoll.units import MAX, WAD
from tests.utils.periphery import TRADER, PeripheryMarket

LATER = 2**40
WETH = 10 * WAD
USD = 20_000 * 10**6


@pytest.fixture
def leverage(venue: PeripheryMarket) -> Contract:
    return venue.leverage


@pytest.fixture
def trader(venue: PeripheryMarket, leverage: Contract) -> str:
    """Approvals and tokens, no rights."""
    for token, amount in ((venue.weth, WETH), (venue.usd, USD)):
        venue.give(token, TRADER.address, amount)
        token.send("approve", leverage.address, MAX, sender=TRADER.address)
    return TRADER.address


@pytest.fixture
def long(venue: PeripheryMarket, leverage: Contract, trader: str) -> Market:
    """WETH locked, dollars owed."""
    venue.long.vault.send("set_operator", leverage.address, 3, sender=trader)
    return venue.long


@pytest.fixture
def short(venue: PeripheryMarket, leverage: Contract, trader: str) -> Market:
    """Dollars locked, WETH owed."""
    venue.short.vault.send("set_operator", leverage.address, 3, sender=trader)
    return venue.short


@pytest.fixture
def into(venue: PeripheryMarket) -> list[str]:
    """From dollars to WETH: opens a long, closes a short."""
    return venue.path(venue.usd, venue.weth)


@pytest.fixture
def out_of(venue: PeripheryMarket) -> list[str]:
    """From WETH to dollars: closes a long, opens a short."""
    return venue.path(venue.weth, venue.usd)
