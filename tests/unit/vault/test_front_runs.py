"""What a stranger can do a moment before: pay a unit of somebody's debt, add a unit to his collateral."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX
from tests.utils.vaults import liquidate


@pytest.fixture
def vault(market, borrower):
    market.open(borrower)
    return market.vault


@pytest.mark.parametrize("unit", [1, 2, 1_000])
def test_a_full_repayment_survives(market, vault, borrower, stranger, unit):
    """The amount is capped at the debt: the exact one of a moment ago still works."""
    debt = vault.debt_of(borrower)
    vault.repay(unit, borrower, sender=stranger)
    assert vault.repay(debt, sender=borrower).return_value == debt - unit
    assert market.position(borrower)[1] == 0


def test_a_partial_repayment_survives(market, vault, borrower, stranger):
    debt = vault.debt_of(borrower)
    vault.repay(debt - 1_000, borrower, sender=stranger)
    assert vault.repay(5_000, sender=borrower).return_value == 1_000
    assert market.position(borrower)[1] == 0


def test_a_repayment_of_what_is_gone_survives(vault, borrower, stranger):
    vault.repay(MAX, borrower, sender=stranger)
    assert vault.repay(5_000, sender=borrower).return_value == 0


def test_closing_survives(market, vault, borrower, stranger):
    """With the amounts of a moment ago, both; a top-up stays behind."""
    debt, (collateral, _) = vault.debt_of(borrower), market.position(borrower)
    vault.repay(1, borrower, sender=stranger)
    vault.deposit(1, borrower, sender=stranger)
    vault.close(debt, collateral, sender=borrower)
    assert market.position(borrower) == (1, 0)


def test_a_withdrawal_at_the_minimum_debt_survives(market, borrower, stranger):
    """The minimum is asked for when debt rises, not when collateral leaves."""
    vault, least = market.vault, market.risk().min_debt
    vault.open(market.collaterals(10), least, sender=borrower)
    vault.repay(3, borrower, sender=stranger)
    assert vault.debt_of(borrower) < least
    vault.withdraw(market.collaterals(8), sender=borrower)
    assert market.position(borrower)[0] == market.collaterals(2)
    assert refusal(vault.borrow, 1, sender=borrower) == "vault: below the minimum debt"
    assert refusal(vault.borrow, 4, sender=borrower) is None


@pytest.mark.parametrize("unit", [1, 5])
@pytest.mark.parametrize("quote", [1_800, 1_640, 1_400])
def test_a_liquidation_survives(market, vault, borrower, liquidator, stranger, quote, unit):
    """With the exact sum of a moment ago, and without a limit."""
    market.set_quote(quote)
    before = market.quote(borrower)
    vault.repay(unit, borrower, sender=stranger)
    for offer in (before.paid, MAX):
        assert refusal(vault.liquidate, borrower, offer, sender=liquidator) is None
    answer = liquidate(market, borrower, liquidator, before.paid)
    assert abs(answer.paid - before.paid) <= 7 * unit


def test_a_liquidation_that_heals_in_time_is_refused(market, vault, borrower, liquidator, stranger):
    """That is not griefing: the position is healthy."""
    market.set_quote(1_800)
    vault.repay(market.loans(100), borrower, sender=stranger)
    assert refusal(vault.liquidate, borrower, MAX, sender=liquidator) == "vault: healthy"


def test_a_gift_changes_no_position(market, vault, borrower, other_borrower, stranger):
    """P4, V1: tokens sent to the vault or the pool belong to nobody's position."""
    before = market.position(borrower), vault.debt_of(borrower), vault.health(borrower)
    market.collateral.transfer(vault, 10**18, sender=stranger)
    market.loan.transfer(vault, 10**9, sender=stranger)
    market.loan.transfer(market.pool, 10**9, sender=stranger)
    assert (market.position(borrower), vault.debt_of(borrower), vault.health(borrower)) == before
    vault.close(MAX, MAX, sender=borrower)
    vault.close(MAX, MAX, sender=other_borrower)
    assert market.collateral.balanceOf(vault) == 10**18
