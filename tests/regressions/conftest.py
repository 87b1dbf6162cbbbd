"""What regressions of the vault share."""

import pytest

from plimsoll.testing.market import Market
from tests.utils.vaults import seasoned_market


@pytest.fixture(scope="session")
def market(builder, lender, borrower, other_borrower, liquidator, operator, stranger) -> Market:
    """As for the unit tests of the vault: `other_borrower` has had a loan for 400 days."""
    return seasoned_market(builder, lender, other_borrower, [borrower, liquidator, operator, stranger])


@pytest.fixture
def vault(market, borrower):
    """The vault of that market; the borrower owes 15,000 on 10 tokens worth 20,000."""
    market.open(borrower)
    return market.vault
