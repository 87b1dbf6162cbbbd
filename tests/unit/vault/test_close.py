"""`close`: repay and withdraw in one call. Callbacks have files of their own."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import MAX, NOBODY, WAD, YEAR
from tests.utils.vaults import BORROW, WITHDRAW, Balances, balances, risk_of, settled

PART = 5_000_000_001
SOME = 10**18


def shares_for(market, amount: int) -> int:
    totals = market.debt_totals()
    return amount * (totals.shares + 1_000) * 65_536 // (totals.debt + 65_536)


def test_repays_and_releases(chain, market, borrower, other_borrower):
    vault = market.vault
    collateral, shares = market.open(borrower)
    chain.advance(YEAR // 5)
    totals, extinguished = market.debt_totals(), shares_for(market, PART)
    before = balances(market, borrower)
    receipt = vault.close(PART, SOME, sender=borrower)
    assert tuple(receipt.return_value) == (PART, SOME)
    assert receipt.events == [
        market.collateral.Transfer(sender=vault, receiver=borrower, value=SOME),
        market.loan.Transfer(sender=borrower, receiver=market.pool, value=PART),
        vault.Repay(owner=borrower, amount=PART, shares=extinguished),
        vault.Withdraw(owner=borrower, receiver=borrower, amount=SOME),
    ]
    assert balances(market, borrower) - before == Balances(-PART, SOME)
    assert market.position(borrower) == (collateral - SOME, shares - extinguished)
    assert market.debt_totals() == settled(totals, extinguished)
    market.assert_sums([borrower, other_borrower])


@pytest.mark.parametrize("excess", [0, 1, None])
def test_of_everything_needs_no_oracle(chain, market, borrower, receiver, deployer, excess):
    vault = market.vault
    collateral, shares = market.open(borrower)
    chain.advance(YEAR // 5)
    debt = vault.debt_of(borrower)
    market.oracle.set_silent(True, sender=deployer)
    receipt = vault.close(MAX if excess is None else debt + excess, MAX, receiver, sender=borrower)
    assert tuple(receipt.return_value) == (debt, collateral)
    assert receipt.events == [
        market.collateral.Transfer(sender=vault, receiver=receiver, value=collateral),
        market.loan.Transfer(sender=borrower, receiver=market.pool, value=debt),
        vault.Repay(owner=borrower, amount=debt, shares=shares),
        vault.Withdraw(owner=borrower, receiver=receiver, amount=collateral),
    ]
    assert vault.positions(borrower) == 0
    assert balances(market, receiver) == Balances(0, collateral)


def test_of_a_debt_alone_is_open_to_all(market, borrower, stranger, deployer):
    """As `repay`: paid by the caller, whoever he is, without an oracle."""
    market.open(borrower)
    market.oracle.set_silent(True, sender=deployer)
    before, owner_before = balances(market, stranger), balances(market, borrower)
    market.vault.close(PART, 0, stranger, borrower, sender=stranger)
    assert balances(market, stranger) - before == Balances(-PART, 0)
    assert balances(market, borrower) == owner_before


@pytest.mark.parametrize("withdrawal", [1, MAX])
@pytest.mark.parametrize("rights", [0, BORROW])
def test_of_collateral_needs_the_right_to_withdraw(market, borrower, operator, rights, withdrawal):
    market.vault.set_operator(operator, rights, sender=borrower)
    market.open(borrower)
    for receiver in (operator, borrower):
        arguments = (MAX, withdrawal, receiver, borrower)
        assert refusal(market.vault.close, *arguments, sender=operator) == "vault: not authorised"


def test_by_an_operator(market, borrower, operator):
    vault = market.vault
    collateral, _ = market.open(borrower)
    vault.set_operator(operator, WITHDRAW, sender=borrower)
    debt = vault.debt_of(borrower)
    before, owner_before = balances(market, operator), balances(market, borrower)
    vault.close(MAX, MAX, operator, borrower, sender=operator)
    assert balances(market, operator) - before == Balances(-debt, collateral)
    assert balances(market, borrower) == owner_before


def test_without_repayment_is_a_withdrawal(market, borrower):
    vault = market.vault
    market.open(borrower)
    market.loan.approve(vault, 0, sender=borrower)
    receipt = vault.close(0, SOME // 2, sender=borrower)
    assert receipt.events == [
        market.collateral.Transfer(sender=vault, receiver=borrower, value=SOME // 2),
        vault.Repay(owner=borrower, amount=0, shares=0),
        vault.Withdraw(owner=borrower, receiver=borrower, amount=SOME // 2),
    ]


def test_v2_leaves_a_position_within_its_ltv(chain, market, borrower):
    """V2: to the last base unit, on the debt that is left."""
    vault = market.vault
    collateral, shares = market.open(borrower)
    chain.advance(YEAR // 5)
    extinguished = shares_for(market, PART)
    left = settled(market.debt_totals(), extinguished).assets_up(shares - extinguished)
    price = market.oracle.safe_price()
    stays = ceil_div(ceil_div(left * WAD, risk_of(vault).ltv) * 10**36, price)
    reason = "vault: above the loan-to-value"
    assert refusal(vault.close, PART, collateral - stays + 1, sender=borrower) == reason
    assert refusal(vault.close, PART, collateral - stays, sender=borrower) is None


@pytest.mark.parametrize("seconds", [0, 12, YEAR // 5])
@pytest.mark.parametrize("repayment", [0, 1, PART])
def test_of_as_much_as_is_allowed(chain, market, borrower, repayment, seconds):
    """All but what one more base unit of debt would need; it never fails by rounding."""
    vault = market.vault
    market.open(borrower, 10, 14_000)
    chain.advance(seconds)
    paid, sent = vault.close(repayment, MAX, sender=borrower).return_value
    assert paid == repayment
    assert sent > 0
    assert vault.max_withdraw(borrower) in range(2)
    worth_of_two_units = ceil_div(2 * WAD * 10**36, risk_of(vault).ltv * market.oracle.price()) + 2
    reason = "vault: above the loan-to-value"
    assert refusal(vault.withdraw, worth_of_two_units, sender=borrower) == reason


def test_improves_a_position_past_its_ltv(market, borrower):
    """What pays without taking needs no health."""
    market.open(borrower)
    market.set_quote(1_850)
    assert refusal(market.vault.close, 1, 0, sender=borrower) is None
    assert market.vault.close.call(1, MAX, sender=borrower) == (1, 0)
    assert refusal(market.vault.close, 1, 1, sender=borrower) == "vault: above the loan-to-value"


def test_of_more_collateral_than_there_is(market, borrower):
    collateral, _ = market.open(borrower)
    reason = "vault: not enough collateral"
    for amount in (collateral + 1, 2**128, MAX - 1):
        assert refusal(market.vault.close, MAX, amount, sender=borrower) == reason
    assert refusal(market.vault.close, MAX, collateral, sender=borrower) is None


def test_to_the_vault_or_nobody(market, borrower):
    market.open(borrower)
    for bad in (market.vault, NOBODY):
        for withdrawal in (0, 1, MAX):
            assert refusal(market.vault.close, MAX, withdrawal, bad, sender=borrower) == "vault: bad receiver"


def test_needs_allowance(market, borrower):
    market.open(borrower)
    market.loan.approve(market.vault, PART, sender=borrower)
    assert refusal(market.vault.close, PART + 1, 0, sender=borrower) == "token: allowance too small"
    assert refusal(market.vault.close, PART, 0, sender=borrower) is None


def test_in_debt_needs_the_oracle_only_to_take(market, borrower, deployer):
    market.open(borrower)
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(market.vault.close, PART, 1, sender=borrower) == "lying oracle: silent"
    assert refusal(market.vault.close, PART, 0, sender=borrower) is None


def test_with_data_a_caller_without_code_is_refused(market, borrower):
    market.open(borrower)
    assert refusal(market.vault.close, PART, 0, borrower, borrower, b"x", sender=borrower) == ""
    assert refusal(market.vault.close, PART, 0, borrower, borrower, b"", sender=borrower) is None
