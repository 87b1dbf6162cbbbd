"""`open`: deposit and borrow in one call. Callbacks have files of their own."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.position import COLLATERAL_TOP
from plimsoll.units import MAX, NOBODY
from tests.utils.vaults import BORROW, WITHDRAW, Balances, balances, drawn

LOCKED = 10 * 10**18
AMOUNT = 12_345_678_901


def test_locks_and_draws(market, borrower):
    vault = market.vault
    totals, shares = drawn(market.debt_totals(), AMOUNT)
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
    assert market.position(borrower) == (LOCKED, shares)
    assert market.debt_totals() == totals


def test_adds_to_what_is_there(market, borrower):
    collateral, shares = market.open(borrower)
    _, more = drawn(market.debt_totals(), AMOUNT)
    market.vault.open(LOCKED, AMOUNT, sender=borrower)
    assert market.position(borrower) == (collateral + LOCKED, shares + more)


def test_sends_the_loan_to_a_receiver(market, borrower, receiver):
    before = balances(market, borrower)
    receipt = market.vault.open(LOCKED, AMOUNT, receiver, sender=borrower)
    assert balances(market, receiver) == Balances(AMOUNT, 0)
    assert balances(market, borrower) - before == Balances(0, -LOCKED)
    assert receipt.events[-1] == market.vault.Borrow(
        owner=borrower, receiver=receiver, amount=AMOUNT, shares=market.position(borrower)[1]
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
            owner=borrower, receiver=borrower, amount=AMOUNT, shares=market.position(borrower)[1]
        ),
    ]


def test_for_as_much_as_is_allowed(market, borrower):
    """What `max_borrow` says once the collateral is there."""
    vault = market.vault
    sent = vault.open(LOCKED, MAX, sender=borrower).return_value
    allowed = 16_000 * 10**6
    assert allowed - 3 <= sent < allowed
    assert vault.debt_of(borrower) <= allowed
    assert refusal(vault.borrow, allowed - sent + 1, sender=borrower) == "vault: above the loan-to-value"


def test_v2_and_v3_hold(market, borrower):
    """V2, V3."""
    vault, least = market.vault, market.risk().min_debt
    assert (
        refusal(vault.open, LOCKED, 16_000 * 10**6 + 1, sender=borrower) == "vault: above the loan-to-value"
    )
    assert refusal(vault.open, LOCKED, 16_000 * 10**6 - 2, sender=borrower) is None
    assert refusal(vault.open, LOCKED, least - 2, sender=borrower) == "vault: below the minimum debt"
    assert refusal(vault.open, LOCKED, least, sender=borrower) is None


def test_v2_is_judged_at_the_safe_price(market, borrower, deployer):
    price = market.oracle.price()
    market.oracle.set_prices(2 * price, price, sender=deployer)
    vault = market.vault
    assert (
        refusal(vault.open, LOCKED, 16_000 * 10**6 + 1, sender=borrower) == "vault: above the loan-to-value"
    )
    assert refusal(vault.open, LOCKED, 16_000 * 10**6 - 2, sender=borrower) is None


def test_pulls_from_the_caller_only(market, borrower, operator):
    """Every pull is from the caller, never from the owner, whatever the owner has approved."""
    vault = market.vault
    vault.set_operator(operator, BORROW, sender=borrower)
    before, owner_before = balances(market, operator), balances(market, borrower)
    vault.open(LOCKED, AMOUNT, operator, borrower, sender=operator)
    assert balances(market, operator) - before == Balances(AMOUNT, -LOCKED)
    assert balances(market, borrower) == owner_before
    assert market.position(borrower)[0] == LOCKED
    assert market.position(operator) == (0, 0)


@pytest.mark.parametrize("rights", [0, WITHDRAW])
def test_needs_the_right_to_borrow(market, borrower, operator, rights):
    market.vault.set_operator(operator, rights, sender=borrower)
    for debt in (0, AMOUNT, MAX):
        reason = "vault: not authorised"
        assert refusal(market.vault.open, LOCKED, debt, operator, borrower, sender=operator) == reason
    assert refusal(market.vault.open, LOCKED, 0, operator, NOBODY, sender=operator) == reason


def test_to_the_vault_or_nobody(market, borrower):
    for bad in (market.vault, NOBODY):
        for debt in (0, AMOUNT):
            assert refusal(market.vault.open, LOCKED, debt, bad, sender=borrower) == "vault: bad receiver"


def test_needs_allowance(market, borrower):
    market.collateral.approve(market.vault, LOCKED - 1, sender=borrower)
    assert refusal(market.vault.open, LOCKED, AMOUNT, sender=borrower) == "token: allowance too small"
    assert refusal(market.vault.open, LOCKED - 1, AMOUNT, sender=borrower) is None


def test_fills_its_lane_and_no_more(market, borrower):
    vault = market.vault
    market.collateral.mint(borrower, COLLATERAL_TOP, sender=borrower)
    assert refusal(vault.open, COLLATERAL_TOP + 1, AMOUNT, sender=borrower) == "vault: too much collateral"
    assert refusal(vault.open, COLLATERAL_TOP, AMOUNT, sender=borrower) is None


def test_with_data_a_caller_without_code_is_refused(market, borrower):
    assert refusal(market.vault.open, LOCKED, AMOUNT, borrower, borrower, b"x", sender=borrower) == ""
    assert refusal(market.vault.open, LOCKED, AMOUNT, borrower, borrower, b"", sender=borrower) is None
