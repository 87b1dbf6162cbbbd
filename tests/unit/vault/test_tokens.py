"""Tokens with a vice, on either side; what each of them does in every call is in `test_token_quirks.py`."""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import build_market

LEAST_WITH_A_FEE = 10_000  # base units; of less a fee of one basis point is nothing


@pytest.fixture
def market_of(builder, lender, borrower):
    """Gives a market whose two tokens are of this kind; the borrower has a loan."""

    def market_of(container):
        collateral = builder.token(18, "COLL", container)
        loan = builder.token(6, "LOAN", container)
        market = build_market(builder, [lender, borrower], loan=loan, collateral=collateral)
        market.pool.deposit(market.loans(100_000), lender, sender=lender)
        market.open(borrower)
        return market

    return market_of


def test_false_is_a_failure(market_of, borrower, deployer):
    """A token that answers false instead of reverting."""
    market = market_of("FalseReturnToken")
    vault = market.vault
    market.collateral.set_failing(True, sender=deployer)
    assert refusal(vault.deposit, 1, sender=borrower) == "vault: collateral pull failed"
    assert refusal(vault.withdraw, 1, sender=borrower) == "vault: collateral send failed"
    market.loan.set_failing(True, sender=deployer)
    assert refusal(vault.repay, 1, sender=borrower) == "vault: payment failed"
    assert refusal(vault.repay, 0, sender=borrower) is None
    for token in (market.collateral, market.loan):
        token.set_failing(False, sender=deployer)
    assert refusal(vault.close, 1, 1, sender=borrower) is None


def test_a_fee_on_what_comes_in_is_refused(market_of, borrower, deployer):
    market = market_of("FeeToken")
    for token, method, reason in (
        (market.collateral, market.vault.deposit, "vault: collateral missing"),
        (market.loan, market.vault.repay, "vault: payment did not arrive"),
    ):
        token.set_fee(1, sender=deployer)
        assert refusal(method, LEAST_WITH_A_FEE, sender=borrower) == reason
        assert refusal(method, LEAST_WITH_A_FEE - 1, sender=borrower) is None
