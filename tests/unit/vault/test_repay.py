"""`repay`: anybody pays anybody's debt with his own loan asset; no oracle, no right, no pause can stop it."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.units import DAY, MAX, NOBODY, YEAR
from tests.utils.vaults import Balances, balances, settled

PART = 1_234_567_891


def test_of_a_part(chain, market, borrower, other_borrower):
    vault, pool = market.vault, market.pool
    collateral, shares = market.open(borrower)
    chain.advance(YEAR // 3)
    totals = DebtTotals(*pool.debt_totals())
    paid_shares = PART * (totals.shares + 1_000) * 65_536 // (totals.debt + 65_536)
    before, cash = balances(market, borrower), balances(market, pool)
    receipt = vault.repay(PART, sender=borrower)
    assert receipt.return_value == PART
    assert receipt.events == [
        market.loan.Transfer(sender=borrower, receiver=pool, value=PART),
        vault.Repay(owner=borrower, amount=PART, shares=paid_shares),
    ]
    assert balances(market, borrower) - before == Balances(-PART, 0)
    assert balances(market, pool) - cash == Balances(PART, 0)
    assert market.position(borrower) == (collateral, shares - paid_shares)
    assert DebtTotals(*pool.debt_totals()) == settled(totals, paid_shares)
    market.assert_sums([borrower, other_borrower])


@pytest.mark.parametrize("excess", [0, 1, 10**30, None])
def test_of_all_is_capped_at_the_debt(chain, market, borrower, excess):
    vault = market.vault
    collateral, shares = market.open(borrower)
    chain.advance(YEAR // 3)
    debt = vault.debt_of(borrower)
    before = balances(market, borrower)
    receipt = vault.repay(MAX if excess is None else debt + excess, sender=borrower)
    assert receipt.return_value == debt
    assert receipt.events == [
        market.loan.Transfer(sender=borrower, receiver=market.pool, value=debt),
        vault.Repay(owner=borrower, amount=debt, shares=shares),
    ]
    assert balances(market, borrower) - before == Balances(-debt, 0)
    assert market.position(borrower) == (collateral, 0)
    assert vault.debt_of(borrower) == 0


def test_of_all_but_one_unit_leaves_a_debt(market, borrower):
    market.open(borrower)
    market.vault.repay(market.vault.debt_of(borrower) - 1, sender=borrower)
    assert market.vault.debt_of(borrower) == 1
    assert market.position(borrower)[1] > 0


def test_for_another_is_paid_by_the_caller(market, borrower, stranger):
    vault = market.vault
    collateral, shares = market.open(borrower)
    debt = vault.debt_of(borrower)
    before, owner_before = balances(market, stranger), balances(market, borrower)
    receipt = vault.repay(MAX, borrower, sender=stranger)
    assert receipt.events == [
        market.loan.Transfer(sender=stranger, receiver=market.pool, value=debt),
        vault.Repay(owner=borrower, amount=debt, shares=shares),
    ]
    assert balances(market, stranger) - before == Balances(-debt, 0)
    assert balances(market, borrower) == owner_before
    assert market.position(borrower) == (collateral, 0)
    assert market.position(stranger) == (0, 0)


@pytest.mark.parametrize("amount", [0, MAX])
def test_of_nothing_moves_no_token(market, borrower, amount):
    """No debt, or no amount."""
    if amount == 0:
        market.open(borrower)
    before = market.position(borrower)
    market.loan.approve(market.vault, 0, sender=borrower)
    receipt = market.vault.repay(amount, sender=borrower)
    assert receipt.return_value == 0
    assert receipt.events == [market.vault.Repay(owner=borrower, amount=0, shares=0)]
    assert market.position(borrower) == before


def test_needs_allowance_and_balance(market, borrower, receiver):
    loan, vault = market.loan, market.vault
    market.open(borrower)
    loan.approve(vault, PART, sender=borrower)
    assert refusal(vault.repay, PART, sender=borrower) is None
    assert refusal(vault.repay, PART + 1, sender=borrower) == "token: allowance too small"
    loan.approve(vault, PART, sender=receiver)
    assert refusal(vault.repay, PART, borrower, sender=receiver) == "token: balance too small"


def test_for_nobody_pays_nothing(market, borrower):
    assert market.vault.repay(PART, NOBODY, sender=borrower).return_value == 0


def test_needs_neither_oracle_nor_limit_nor_an_unpaused_pool(
    chain, market, borrower, curator, guardian, deployer
):
    vault, council = market.vault, market.council
    market.open(borrower)
    council.queue_guardian(guardian, sender=curator)
    chain.advance(3 * DAY)
    council.execute_queued(sender=curator)
    council.pause(sender=guardian)
    council.cut_limit(vault, sender=guardian)
    market.oracle.set_silent(True, sender=deployer)
    vault.repay(PART, sender=borrower)
    vault.repay(MAX, sender=borrower)
    assert vault.debt_of(borrower) == 0


def test_below_the_minimum_debt_is_allowed(market, borrower):
    market.open(borrower, 10, 2_500)
    market.vault.repay(market.loans(2_499), sender=borrower)
    assert 0 < market.vault.debt_of(borrower) < market.loans(2)


def test_favours_the_pool_by_less_than_a_unit(chain, market, borrower):
    """The residue never falls, and gains less than a unit a repayment."""
    market.open(borrower)
    chain.advance(YEAR // 3)
    market.pool.accrue(sender=borrower)
    for amount in (1, 2, 3, 1_000_001):
        before = market.residue()
        market.vault.repay(amount, sender=borrower)
        assert 0 <= market.residue() - before < 65_536


def test_changes_the_debt_of_nobody_else(chain, market, borrower, other_borrower):
    """P6: but for the settlement's rounding, below one unit over all positions."""
    market.open(borrower)
    chain.advance(YEAR // 3)
    debt = market.vault.debt_of(other_borrower)
    market.vault.repay(PART, sender=borrower)
    assert market.vault.debt_of(other_borrower) - debt in (0, 1)
