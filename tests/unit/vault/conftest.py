"""One market for most tests of the vault, a year of interest behind it, so that no ratio is round."""

import pytest
from ape import project
from ape.contracts import ContractInstance

from tests.utils.actor import Actor
from tests.utils.calls import pass_time
from tests.utils.world import DAY, Market, build_market


@pytest.fixture(autouse=True)
def _still(still_clock) -> None:
    pass


@pytest.fixture(scope="session")
def market(builder, lender, borrower, other_borrower, liquidator, operator, stranger) -> Market:
    """6-decimal loans on an 18-decimal collateral worth 2,000; `other_borrower` has had one for 400 days."""
    actors = [lender, borrower, other_borrower, liquidator, operator, stranger]
    market = build_market(builder, actors)
    market.pool.deposit(market.loans(4_000_000), lender, sender=lender)
    market.vault.open(market.collaterals(2_000), market.loans(2_000_000), sender=other_borrower)
    pass_time(400 * DAY)
    market.pool.accrue(sender=lender)
    return market


@pytest.fixture(scope="session")
def actor_contract(deployer) -> ContractInstance:
    return deployer.deploy(project.CallbackActor)


@pytest.fixture
def actor(market, actor_contract, stranger) -> Actor:
    """A contract with a million tokens of both kinds; anybody may tell it what to do."""
    actor = Actor(actor_contract, stranger)
    actor.provide(market)
    return actor
