"""An open pool of a million tokens without debt; a vault with a limit of 100,000 and one without."""

import pytest
from ape.contracts import ContractInstance

from plimsoll.units import DAY
from tests.utils.calls import send
from tests.utils.clock import pass_time, stopped_clock
from tests.utils.world import Market, build_market

TOKEN = 10**6


@pytest.fixture(scope="module", autouse=True)
def _stopped_clock():
    with stopped_clock():
        yield


@pytest.fixture(scope="session")
def market(builder, lender, borrower) -> Market:
    market = build_market(builder, [lender, borrower], limit=100_000)
    send(market.pool.deposit, 1_000_000 * TOKEN, lender, sender=lender)
    return market


@pytest.fixture(scope="session")
def pool(market) -> ContractInstance:
    return market.pool


@pytest.fixture(scope="session")
def council(market) -> ContractInstance:
    return market.council


@pytest.fixture(scope="session")
def vault(market) -> ContractInstance:
    """Has a limit of 100,000 tokens."""
    return market.vault


@pytest.fixture(scope="session")
def closed(builder, market) -> ContractInstance:
    """Another pool's council; that pool is not open yet."""
    return builder.council(builder.pool(market.loan))


@pytest.fixture(scope="session")
def new_vault(builder, market) -> ContractInstance:
    """Of the same pool, without a limit."""
    return builder.vault(market.pool, market.collateral, market.oracle)


@pytest.fixture(scope="session", autouse=True)
def _cast(market, closed, new_vault, guardian, operator, receiver, stranger):
    """Before any test: what ape meets for the first time later makes it start afresh."""


@pytest.fixture
def guarded(council, curator, guardian) -> ContractInstance:
    """The council with a guardian."""
    send(council.queue_guardian, guardian, sender=curator)
    pass_time(3 * DAY)
    send(council.execute_queued, sender=curator)
    return council


@pytest.fixture
def raising(council, vault, curator) -> ContractInstance:
    """The council with a queued raise of the vault's limit to 200,000, ready in three days."""
    send(council.queue_limit, vault, 200_000 * TOKEN, sender=curator)
    return council
