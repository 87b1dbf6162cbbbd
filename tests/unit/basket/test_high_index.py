"""Debt shares that are worth base units: a single one counts."""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import BasketMarket, build_basket_market
from plimsoll.units import order
from tests.utils.vaults import WILD, let_shares_grow


@pytest.fixture
def loan(builder, lender, borrower, other_borrower, liquidator) -> BasketMarket:
    """The borrower owes 10,000, in shares of two to three units."""
    people = [lender, borrower, other_borrower, liquidator]
    market = build_basket_market(builder, people, pool_params=WILD, limit=10**14)
    market.pool.deposit(market.loans(10**6), lender, sender=lender)
    market.open(other_borrower, [10**6, 1], 10_000)
    let_shares_grow(market, lender)
    market.open(borrower, [4, "0.1"], 10_000)
    assert (market.debt_totals().assets_down(1), market.debt_totals().assets_up(1)) == (2, 3)
    return market


def test_one_share_is_closed_in_a_batch(loan, borrower, liquidator):
    loan.set_quote(0, "1400")
    shares = loan.position(borrower)[1]
    loan.basket.liquidate_batch([order(borrower.address, 3)], [], liquidator, b"", sender=liquidator)
    assert loan.position(borrower)[1] == shares - 1


def test_of_one_leg_a_share_is_closed_if_the_offer_covers_it(loan, borrower, liquidator):
    loan.set_quote(0, "1400")
    shares = loan.position(borrower)[1]

    def offered(amount: int) -> tuple[object, ...]:
        return borrower, amount, [], 0b10, liquidator, b""

    for amount in (1, 2):
        refused = refusal(loan.basket.liquidate, *offered(amount), sender=liquidator)
        assert refused == "vault: nothing can be closed"
    loan.basket.liquidate(*offered(3), sender=liquidator)
    assert loan.position(borrower)[1] == shares - 1


def test_one_share_must_stay_collateralised(loan, borrower):
    loan.basket.repay(loan.basket.debt_of(borrower) - 3, sender=borrower)
    assert loan.position(borrower)[1] == 1
    loan.basket.withdraw(1, loan.collaterals(1, "0.1"), sender=borrower)
    amount = loan.position(borrower)[0][0]
    assert refusal(loan.basket.withdraw, 0, amount, sender=borrower) == "vault: above the loan-to-value"
