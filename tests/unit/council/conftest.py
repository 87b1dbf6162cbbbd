"""An open pool of a million tokens without debt; a vault with a limit of 100,000 and one without."""

from collections.abc import Callable

import pytest

from plimsoll.testing import Contract
from plimsoll.testing.market import Market, build_market
from plimsoll.units import DAY, MAX

TOKEN = 10**6


@pytest.fixture(scope="session")
def market(builder, lender, borrower) -> Market:
    market = build_market(builder, [lender, borrower], limit=100_000)
    market.pool.deposit(1_000_000 * TOKEN, lender, sender=lender)
    return market


@pytest.fixture(scope="session")
def pool(market) -> Contract:
    return market.pool


@pytest.fixture(scope="session")
def council(market) -> Contract:
    return market.council


@pytest.fixture(scope="session")
def vault(market) -> Contract:
    """Has a limit of 100,000 tokens."""
    return market.vault


@pytest.fixture(scope="session")
def closed(builder, market) -> Contract:
    """Another pool's council; that pool is not open yet."""
    return builder.pool(market.loan).council


@pytest.fixture(scope="session")
def new_vault(builder, market) -> Contract:
    """Of the same pool, without a limit."""
    return builder.vault(market.pool, market.collateral, market.oracle)


@pytest.fixture
def guarded(chain, council, curator, guardian) -> Contract:
    """The council with a guardian."""
    council.queue_guardian(guardian, sender=curator)
    chain.advance(3 * DAY)
    council.execute_queued(sender=curator)
    return council


@pytest.fixture
def raising(council, vault, curator) -> Contract:
    """The council with a queued raise of the vault's limit to 200,000, ready in three days."""
    council.queue_limit(vault, 200_000 * TOKEN, sender=curator)
    return council


@pytest.fixture(scope="session")
def backstop(chain, pool, lender) -> Contract:
    """The pool's; nobody stakes in it yet."""
    backstop = chain.at("Backstop", pool.backstop())
    pool.approve(backstop, MAX, sender=lender)
    return backstop


@pytest.fixture
def donate(market, stranger) -> Callable[[int], object]:
    """Adds base units to the pool's reserve."""
    return lambda units: market.loan.mint(market.pool, units, sender=stranger)


@pytest.fixture
def rich(council, donate) -> Contract:
    """The council of a pool whose reserve of 150,000 is 100,000 above its target of 5 %."""
    donate(150_000 * TOKEN)
    return council
