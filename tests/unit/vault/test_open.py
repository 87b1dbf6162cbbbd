"""`open`: deposit and borrow in one call. Callbacks have files of their own."""

import pytest

from plimsoll.twin.position import COLLATERAL_TOP
from plimsoll.units import MAX, NOBODY
from tests.utils.calls import assert_accepted, assert_refused
from tests.utils.vaults import (
    BORROW,
    WITHDRAW,
    Balances,
    balances,
    debt_totals,
    drawn,
    open_position,
    position,
    risk_of,
)

LOCKED = 10 * 10**18
AMOUNT = 12_345_678_901


def test_locks_and_draws(market, borrower):
    vault = market.vault
    totals, shares = drawn(debt_totals(market.pool), AMOUNT)
    before = balances(market, borrower)
    receipt = vault.open(LOCKED, AMOUNT, sender=borrower)
    assert receipt.return_value == AMOUNT
    assert receipt.events == [
        market.loan.Transfer(sender=market.pool, receiver=borrower, value=AMOUNT),
        market.collateral.Transfer(sender=borrower, receiver=vault, value=LOCKED),
        vault.Deposit(owner=borrower, amount=LOCKED),
        vault.Borrow(owner=borrower, receiver=borrower, amount=AMOUNT, shares=shares),
    ]
    assert balances(market, borrower) - before == Balances(AMOUNT, -LOCKED)
    assert position(market, borrower) == (LOCKED, shares)
    assert debt_totals(market.pool) == totals


def test_adds_to_what_is_there(market, borrower):
    collateral, shares = open_position(market, borrower)
    _, more = drawn(debt_totals(market.pool), AMOUNT)
    market.vault.open(LOCKED, AMOUNT, sender=borrower)
    assert position(market, borrower) == (collateral + LOCKED, shares + more)


def test_sends_the_loan_to_a_receiver(market, borrower, receiver):
    before = balances(market, borrower)
    receipt = market.vault.open(LOCKED, AMOUNT, receiver, sender=borrower)
    assert balances(market, receiver) == Balances(AMOUNT, 0)
    assert balances(market, borrower) - before == Balances(0, -LOCKED)
    assert receipt.events[-1] == market.vault.Borrow(
        owner=borrower, receiver=receiver, amount=AMOUNT, shares=position(market, borrower)[1]
    )


def test_of_collateral_alone_is_a_deposit(market, borrower, deployer):
    market.oracle.set_silent(True, sender=deployer)
    receipt = market.vault.open(LOCKED, 0, sender=borrower)
    assert receipt.events == [
        market.collateral.Transfer(sender=borrower, receiver=market.vault, value=LOCKED),
        market.vault.Deposit(owner=borrower, amount=LOCKED),
        market.vault.Borrow(owner=borrower, receiver=borrower, amount=0, shares=0),
    ]


def test_of_debt_alone_is_a_borrowing(market, borrower):
    market.vault.deposit(LOCKED, sender=borrower)
    market.collateral.approve(market.vault, 0, sender=borrower)
    receipt = market.vault.open(0, AMOUNT, sender=borrower)
    assert receipt.events == [
        market.loan.Transfer(sender=market.pool, receiver=borrower, value=AMOUNT),
        market.vault.Deposit(owner=borrower, amount=0),
        market.vault.Borrow(
            owner=borrower, receiver=borrower, amount=AMOUNT, shares=position(market, borrower)[1]
        ),
    ]


def test_for_as_much_as_is_allowed(market, borrower):
    """What `max_borrow` says once the collateral is there."""
    vault = market.vault
    sent = vault.open(LOCKED, MAX, sender=borrower).return_value
    allowed = 16_000 * 10**6
    assert allowed - 3 <= sent < allowed
    assert vault.debt_of(borrower) <= allowed
    assert_refused("vault: above the loan-to-value", vault.borrow, allowed - sent + 1, sender=borrower)


def test_v2_and_v3_hold(market, borrower):
    """V2, V3."""
    vault, least = market.vault, risk_of(market.vault).min_debt
    assert_refused("vault: above the loan-to-value", vault.open, LOCKED, 16_000 * 10**6 + 1, sender=borrower)
    assert_accepted(vault.open, LOCKED, 16_000 * 10**6 - 2, sender=borrower)
    assert_refused("vault: below the minimum debt", vault.open, LOCKED, least - 2, sender=borrower)
    assert_accepted(vault.open, LOCKED, least, sender=borrower)


def test_v2_is_judged_at_the_safe_price(market, borrower, deployer):
    price = market.oracle.price()
    market.oracle.set_prices(2 * price, price, sender=deployer)
    vault = market.vault
    assert_refused("vault: above the loan-to-value", vault.open, LOCKED, 16_000 * 10**6 + 1, sender=borrower)
    assert_accepted(vault.open, LOCKED, 16_000 * 10**6 - 2, sender=borrower)


def test_pulls_from_the_caller_only(market, borrower, operator):
    """Every pull is from the caller, never from the owner, whatever the owner has approved."""
    vault = market.vault
    vault.set_operator(operator, BORROW, sender=borrower)
    before, owner_before = balances(market, operator), balances(market, borrower)
    vault.open(LOCKED, AMOUNT, operator, borrower, sender=operator)
    assert balances(market, operator) - before == Balances(AMOUNT, -LOCKED)
    assert balances(market, borrower) == owner_before
    assert position(market, borrower)[0] == LOCKED
    assert position(market, operator) == (0, 0)


@pytest.mark.parametrize("rights", [0, WITHDRAW])
def test_needs_the_right_to_borrow(market, borrower, operator, rights):
    market.vault.set_operator(operator, rights, sender=borrower)
    for debt in (0, AMOUNT, MAX):
        reason = "vault: not authorised"
        assert_refused(reason, market.vault.open, LOCKED, debt, operator, borrower, sender=operator)
    assert_refused(reason, market.vault.open, LOCKED, 0, operator, NOBODY, sender=operator)


def test_to_the_vault_or_nobody(market, borrower):
    for bad in (market.vault, NOBODY):
        for debt in (0, AMOUNT):
            assert_refused("vault: bad receiver", market.vault.open, LOCKED, debt, bad, sender=borrower)


def test_needs_allowance(market, borrower):
    market.collateral.approve(market.vault, LOCKED - 1, sender=borrower)
    assert_refused("", market.vault.open, LOCKED, AMOUNT, sender=borrower)
    assert_accepted(market.vault.open, LOCKED - 1, AMOUNT, sender=borrower)


def test_fills_its_lane_and_no_more(market, borrower):
    vault = market.vault
    market.collateral.mint(borrower, COLLATERAL_TOP, sender=borrower)
    assert_refused("vault: too much collateral", vault.open, COLLATERAL_TOP + 1, AMOUNT, sender=borrower)
    assert_accepted(vault.open, COLLATERAL_TOP, AMOUNT, sender=borrower)


def test_with_data_a_caller_without_code_is_refused(market, borrower):
    assert_refused("", market.vault.open, LOCKED, AMOUNT, borrower, borrower, b"x", sender=borrower)
    assert_accepted(market.vault.open, LOCKED, AMOUNT, borrower, borrower, b"", sender=borrower)
