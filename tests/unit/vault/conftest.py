"""One market for most tests of the vault, a year of interest behind it, so that no ratio is round."""

import pytest

from plimsoll.testing import Contract
from plimsoll.testing.market import Market
from tests.utils.actor import Actor
from tests.utils.vaults import seasoned_market


@pytest.fixture(scope="session")
def market(builder, lender, borrower, other_borrower, liquidator, operator, stranger) -> Market:
    """6-decimal loans on an 18-decimal collateral worth 2,000; `other_borrower` has had one for 400 days."""
    return seasoned_market(builder, lender, other_borrower, [borrower, liquidator, operator, stranger])


@pytest.fixture(scope="session")
def actor_contract(chain, deployer) -> Contract:
    return chain.make("CallbackActor")


@pytest.fixture
def actor(market, actor_contract, stranger) -> Actor:
    """A contract with a million tokens of both kinds; anybody may tell it what to do."""
    actor = Actor(actor_contract, stranger)
    actor.provide(market)
    return actor
