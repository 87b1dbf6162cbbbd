"""A4 (V4): debt was taken on behalf of somebody who had not agreed (Venus 2026).

Here every function that takes an owner asks for his right, but those that can only help him.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX
from tests.utils.vaults import BORROW, WITHDRAW, balances


@pytest.fixture
def harmful(market, borrower, stranger):
    """Calls of a stranger on the borrower's position, by the right that they need."""
    vault = market.vault
    market.open(borrower, 10, 10_000)
    return {
        WITHDRAW: [
            (vault.withdraw, 1, stranger, borrower),
            (vault.withdraw, 1, borrower, borrower),
            (vault.withdraw, 0, stranger, borrower),
            (vault.close, 0, 1, stranger, borrower),
            (vault.close, MAX, MAX, stranger, borrower),
            (vault.close, MAX, 1, borrower, borrower),
        ],
        BORROW: [
            (vault.borrow, 10**6, stranger, borrower),
            (vault.borrow, 10**6, borrower, borrower),
            (vault.borrow, 0, stranger, borrower),
            (vault.open, 10**18, 10**6, stranger, borrower),
            (vault.open, 10**18, 0, borrower, borrower),
        ],
    }


def test_a04_without_the_right(harmful, stranger):
    for calls in harmful.values():
        for method, *arguments in calls:
            assert refusal(method, *arguments, sender=stranger) == "vault: not authorised"


@pytest.mark.parametrize("right", [WITHDRAW, BORROW])
def test_a04_with_the_other_right(market, harmful, borrower, stranger, right):
    market.vault.set_operator(stranger, right, sender=borrower)
    for needed, calls in harmful.items():
        for method, *arguments in calls:
            if needed == right:
                assert refusal(method, *arguments, sender=stranger) is None
            else:
                assert refusal(method, *arguments, sender=stranger) == "vault: not authorised"


def test_a04_with_a_right_from_somebody_else(market, harmful, other_borrower, stranger):
    market.vault.set_operator(stranger, WITHDRAW | BORROW, sender=other_borrower)
    test_a04_without_the_right(harmful, stranger)


def test_a04_what_is_open_to_all_costs_the_caller_alone(market, harmful, borrower, stranger):
    """Though the owner has approved the vault without end."""
    vault = market.vault
    tokens, (collateral, shares) = balances(market, borrower), market.position(borrower)
    vault.deposit(5, borrower, sender=stranger)
    vault.repay(10**9, borrower, sender=stranger)
    vault.close(10**9, 0, stranger, borrower, sender=stranger)
    after = market.position(borrower)
    assert after[0] == collateral + 5
    assert after[1] < shares
    assert balances(market, borrower) == tokens
