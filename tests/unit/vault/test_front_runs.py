"""What a stranger can do a moment before: pay a unit of somebody's debt, add a unit to his collateral."""

import pytest

from plimsoll.units import MAX
from tests.utils.calls import assert_accepted, assert_refused, send, view
from tests.utils.vaults import liquidate, open_position, position, risk_of, twin_quote


@pytest.fixture
def vault(market, borrower):
    open_position(market, borrower)
    return market.vault


@pytest.mark.parametrize("unit", [1, 2, 1_000])
def test_a_full_repayment_survives(market, vault, borrower, stranger, unit):
    """The amount is capped at the debt: the exact one of a moment ago still works."""
    (debt,) = view(vault.debt_of, borrower)
    send(vault.repay, unit, borrower, sender=stranger)
    assert vault.repay(debt, sender=borrower).return_value == debt - unit
    assert position(market, borrower)[1] == 0


def test_a_partial_repayment_survives(market, vault, borrower, stranger):
    (debt,) = view(vault.debt_of, borrower)
    send(vault.repay, debt - 1_000, borrower, sender=stranger)
    assert vault.repay(5_000, sender=borrower).return_value == 1_000
    assert position(market, borrower)[1] == 0


def test_a_repayment_of_what_is_gone_survives(vault, borrower, stranger):
    send(vault.repay, MAX, borrower, sender=stranger)
    assert vault.repay(5_000, sender=borrower).return_value == 0


def test_closing_survives(market, vault, borrower, stranger):
    """With the amounts of a moment ago, both; a top-up stays behind."""
    (debt,), (collateral, _) = view(vault.debt_of, borrower), position(market, borrower)
    send(vault.repay, 1, borrower, sender=stranger)
    send(vault.deposit, 1, borrower, sender=stranger)
    send(vault.close, debt, collateral, sender=borrower)
    assert position(market, borrower) == (1, 0)


def test_a_withdrawal_at_the_minimum_debt_survives(market, borrower, stranger):
    """The minimum is asked for when debt rises, not when collateral leaves."""
    vault, least = market.vault, risk_of(market.vault).min_debt
    send(vault.open, market.collaterals(10), least, sender=borrower)
    send(vault.repay, 3, borrower, sender=stranger)
    assert view(vault.debt_of, borrower)[0] < least
    send(vault.withdraw, market.collaterals(8), sender=borrower)
    assert position(market, borrower)[0] == market.collaterals(2)
    assert_refused("vault: below the minimum debt", vault.borrow, 1, sender=borrower)
    assert_accepted(vault.borrow, 4, sender=borrower)


@pytest.mark.parametrize("unit", [1, 5])
@pytest.mark.parametrize("quote", [1_800, 1_640, 1_400])
def test_a_liquidation_survives(market, vault, borrower, liquidator, stranger, quote, unit):
    """With the exact sum of a moment ago, and without a limit."""
    market.set_quote(quote)
    before = twin_quote(market, borrower)
    send(vault.repay, unit, borrower, sender=stranger)
    for offer in (before.paid, MAX):
        assert_accepted(vault.liquidate, borrower, offer, sender=liquidator)
    answer = liquidate(market, borrower, liquidator, before.paid)
    assert abs(answer.paid - before.paid) <= 7 * unit


def test_a_liquidation_that_heals_in_time_is_refused(market, vault, borrower, liquidator, stranger):
    """That is not griefing: the position is healthy."""
    market.set_quote(1_800)
    send(vault.repay, market.loans(100), borrower, sender=stranger)
    assert_refused("vault: healthy", vault.liquidate, borrower, MAX, sender=liquidator)


def test_a_gift_changes_no_position(market, vault, borrower, other_borrower, stranger):
    """P4, V1: tokens sent to the vault or the pool belong to nobody's position."""
    before = position(market, borrower), view(vault.debt_of, borrower), view(vault.health, borrower)
    send(market.collateral.transfer, vault, 10**18, sender=stranger)
    send(market.loan.transfer, vault, 10**9, sender=stranger)
    send(market.loan.transfer, market.pool, 10**9, sender=stranger)
    assert (position(market, borrower), view(vault.debt_of, borrower), view(vault.health, borrower)) == before
    send(vault.close, MAX, MAX, sender=borrower)
    send(vault.close, MAX, MAX, sender=other_borrower)
    assert view(market.collateral.balanceOf, vault) == [10**18]
