"""Debt shares that are worth base units: a single one counts."""

from decimal import Decimal

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing import refusal
from plimsoll.testing.market import BasketMarket, build_basket_market
from plimsoll.units import MAX, order
from tests.utils.vaults import WILD, let_shares_grow


@pytest.fixture
def loan(builder, lender, borrower, other_borrower, liquidator) -> BasketMarket:
    """The borrower owes 10,000, in shares of two to three units."""
    people = [lender, borrower, other_borrower, liquidator]
    changes = {"threshold": "0.857", "health_for_max_bonus": "0.95", "target_health": "1.01"}
    risk = BLUE_CHIP.model_copy(update={name: Decimal(value) for name, value in changes.items()})
    market = build_basket_market(builder, people, risk=risk, pool_params=WILD, limit=10**14)
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


@pytest.fixture(params=["restored by less than a share", "restorable", "in shortfall"])
def unhealthy(request, loan, borrower) -> BasketMarket:
    """With all of the debt, or with two shares of it."""
    if request.param != "restored by less than a share":
        loan.set_quote(0, "900" if request.param == "in shortfall" else "1400")
        return loan
    loan.basket.repay(loan.basket.debt_of(borrower) - 4, sender=borrower)
    loan.set_quote(1, "0.00001")
    worth_9 = 9 * 10**18 // loan.loans(2_000)
    loan.basket.withdraw(0, loan.position(borrower)[0][0] - worth_9, sender=borrower)
    loan.set_quote(0, "1550")
    assert loan.basket.debt_of(borrower) == 6
    return loan


def test_of_one_leg_a_share_is_closed_if_the_offer_covers_it(unhealthy, borrower, liquidator):
    basket, shares = unhealthy.basket, unhealthy.position(borrower)[1]

    def offered(amount: int) -> tuple[object, ...]:
        return borrower, amount, [], 0b10, liquidator, b""

    for amount in (1, 2):
        assert (
            refusal(basket.liquidate, *offered(amount), sender=liquidator) == "vault: nothing can be closed"
        )
    basket.liquidate(*offered(3), sender=liquidator)
    assert unhealthy.position(borrower)[1] == shares - 1


def test_of_a_leg_that_is_worth_nothing_no_share_is_closed(loan, borrower, liquidator):
    """Though the other leg is worth a base unit."""
    for leg, quote in ((0, "0.0000003"), (1, "0.000001")):
        loan.set_quote(leg, quote)
    refused = refusal(loan.basket.liquidate, borrower, MAX, [], 0b01, liquidator, b"", sender=liquidator)
    assert refused == "vault: nothing can be closed"


def test_one_share_must_stay_collateralised(loan, borrower):
    loan.basket.repay(loan.basket.debt_of(borrower) - 3, sender=borrower)
    assert loan.position(borrower)[1] == 1
    loan.basket.withdraw(1, loan.collaterals(1, "0.1"), sender=borrower)
    amount = loan.position(borrower)[0][0]
    assert refusal(loan.basket.withdraw, 0, amount, sender=borrower) == "vault: above the loan-to-value"
