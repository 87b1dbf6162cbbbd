"""A pool whose vaults, council and backstop are accounts, and a real market for what needs one."""

import pytest

from plimsoll.testing import Contract
from plimsoll.testing.market import Market, build_market
from plimsoll.units import DAY, MAX
from tests.utils.pool_harness import PoolHarness, build_lab


@pytest.fixture(scope="session")
def lab(builder, lender, other_lender) -> PoolHarness:
    """Open and empty; lenders and vaults have 10 million tokens each, of 6 decimals."""
    return build_lab(builder, [lender, other_lender])


@pytest.fixture(scope="session")
def intruder(chain, lab, deployer) -> Contract:
    """Receives flash loans, holds a thousand tokens and has approved the lab's pool."""
    intruder = chain.make("Intruder")
    lab.loan.mint(intruder, lab.units(1_000), sender=deployer)
    intruder.approve(lab.loan, lab.pool, MAX, sender=deployer)
    return intruder


@pytest.fixture
def busy(chain, lab, lender) -> PoolHarness:
    """A million lent, 600,000 of it drawn a month ago: neither shares nor debt are at par."""
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(600_000))
    chain.advance(30 * DAY)
    lab.pool.accrue(sender=lender)
    return lab


@pytest.fixture(scope="session")
def market(builder, lender, other_lender, borrower, other_borrower, liquidator) -> Market:
    """A real pool with a real vault, open and empty."""
    return build_market(builder, [lender, other_lender, borrower, other_borrower, liquidator])
