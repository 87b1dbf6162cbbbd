"""A7: somebody dealt with himself and came out ahead (self-transfer, self-repay, self-liquidation).

Here whoever is owner, operator, liquidator and receiver at once has no more than before, and the sums hold.
"""

import pytest

from plimsoll.units import MAX, order
from tests.utils.vaults import balances, liquidate, worth


def wealth(market, who) -> int:
    """Tokens and position, in base units of the loan asset at the oracle's price."""
    tokens, (collateral, _) = balances(market, who), market.position(who)
    value = worth(tokens.collateral + collateral, market.oracle.price())
    return tokens.loan + value - market.vault.debt_of(who)


@pytest.mark.parametrize("quote", [1_800, 1_700, 1_640, 1_560])
def test_a07_liquidating_oneself_costs_the_fee(market, vault, borrower, other_borrower, quote):
    market.set_quote(quote)
    before = wealth(market, borrower)
    answer = liquidate(market, borrower, borrower)
    assert answer.fee > 0
    assert answer.fee - 2 <= before - wealth(market, borrower) <= answer.fee + 3
    market.assert_sums([borrower, other_borrower])


@pytest.mark.parametrize("quote", [1_500, 1_200, 400])
def test_a07_in_shortfall_the_owner_gets_what_anybody_would(market, vault, borrower, liquidator, quote):
    """He could walk away as well; the loss is the same."""
    market.set_quote(quote)
    offered = market.quote(borrower)
    tokens = balances(market, borrower)
    answer = liquidate(market, borrower, borrower)
    assert answer == offered
    change = balances(market, borrower) - tokens
    assert (change.loan, change.collateral) == (-answer.paid, answer.seized)


def test_a07_parts_for_oneself_do_not_pay(market, vault, borrower, other_borrower):
    market.set_quote(1_700)
    before = wealth(market, borrower)
    for offer in (10**6, 10**9, 10**9, MAX):
        liquidate(market, borrower, borrower, offer)
    assert wealth(market, borrower) < before
    vault.close(MAX, MAX, sender=borrower)
    assert wealth(market, borrower) < before
    market.assert_sums([borrower, other_borrower])


def test_a07_a_batch_of_oneself(market, vault, borrower, other_borrower):
    market.set_quote(1_700)
    before = wealth(market, borrower)
    vault.liquidate_batch([order(borrower, 10**9)] * 5, 0, borrower, sender=borrower)
    assert wealth(market, borrower) < before
    market.assert_sums([borrower, other_borrower])


def test_a07_round_trips(market, vault, borrower, other_borrower):
    """P7: what goes in and out in one block leaves nothing with the caller."""
    before, reserve = wealth(market, borrower), market.residue()
    for amount in (1, 2, 7, 999, 10**6 + 1, 123_456_789):
        vault.borrow(amount, sender=borrower)
        vault.repay(amount, sender=borrower)
        vault.deposit(amount, sender=borrower)
        vault.withdraw(amount, sender=borrower)
        vault.open(amount, amount, borrower, borrower, sender=borrower)
        vault.close(amount, amount, borrower, borrower, sender=borrower)
        assert wealth(market, borrower) <= before
    assert market.residue() >= reserve
    market.assert_sums([borrower, other_borrower])


def test_a07_naming_oneself_gives_no_right(market, vault, borrower, stranger):
    vault.set_operator(borrower, 3, sender=borrower)
    vault.set_operator(borrower, 0, sender=borrower)
    vault.withdraw(1, sender=borrower)  # he remains the owner
    assert market.position(stranger) == (0, 0)
