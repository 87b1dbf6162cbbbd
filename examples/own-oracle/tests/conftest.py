import pytest
from own import POSTED_ORACLE, quoted

from plimsoll.testing.market import build_market


@pytest.fixture(scope="session")
def oracle(builder, operator):
    """Says 2,000; the operator reports."""
    return builder.chain.make(POSTED_ORACLE, operator, quoted(2_000))


@pytest.fixture(scope="session")
def market(builder, oracle, lender, borrower, liquidator):
    """A market with that oracle, in which the borrower owes 15,000 on 10 WETH."""
    market = build_market(builder, [lender, borrower, liquidator], oracle=oracle)
    market.pool.deposit(market.loans(1_000_000), lender, sender=lender)
    market.open(borrower, collateral=10, debt=15_000)
    return market


@pytest.fixture
def fall(oracle, operator):
    """Lets the price fall to 1,750, in two reports that say so."""

    def fall() -> None:
        for price in (1_800, 1_750, 1_750):
            oracle.report(quoted(price), sender=operator)

    return fall
