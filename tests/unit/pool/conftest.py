"""A pool whose vaults, council and backstop are accounts, and a real market for what needs one."""

import pytest
from ape import project
from ape.contracts import ContractInstance

from plimsoll.units import DAY, MAX
from tests.utils.calls import send
from tests.utils.clock import pass_time, stopped_clock
from tests.utils.pool_harness import PoolHarness, build_lab
from tests.utils.world import Market, build_market


@pytest.fixture(scope="module", autouse=True)
def _stopped_clock():
    with stopped_clock():
        yield


@pytest.fixture(scope="session")
def lab(builder, lender, other_lender) -> PoolHarness:
    """Open and empty; lenders and vaults have 10 million tokens each, of 6 decimals."""
    return build_lab(builder, [lender, other_lender])


@pytest.fixture(scope="session")
def intruder(lab, deployer) -> ContractInstance:
    """Receives flash loans, holds a thousand tokens and has approved the lab's pool."""
    intruder = deployer.deploy(project.Intruder)
    send(lab.loan.mint, intruder, lab.units(1_000), sender=deployer)
    send(intruder.approve, lab.loan, lab.pool, MAX, sender=deployer)
    return intruder


@pytest.fixture(scope="session", autouse=True)
def _cast(lab, market, intruder, guardian, operator, receiver, stranger):
    """Before any test: what ape meets for the first time later makes it start afresh."""


@pytest.fixture
def busy(lab, lender) -> PoolHarness:
    """A million lent, 600,000 of it drawn a month ago: neither shares nor debt are at par."""
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(600_000))
    pass_time(30 * DAY)
    send(lab.pool.accrue, sender=lender)
    return lab


@pytest.fixture(scope="session")
def market(builder, lender, other_lender, borrower, other_borrower, liquidator) -> Market:
    """A real pool with a real vault, open and empty."""
    return build_market(builder, [lender, other_lender, borrower, other_borrower, liquidator])
