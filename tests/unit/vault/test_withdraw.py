"""`withdraw`: the owner, or an operator who may, releases collateral as far as health allows."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import MAX, NOBODY, WAD, YEAR
from tests.utils.vaults import BORROW, WITHDRAW, Balances, balances, worth

AMOUNT = 3 * 10**18


def test_without_debt_asks_neither_oracle_nor_pool(market, borrower, deployer):
    vault = market.vault
    vault.deposit(AMOUNT, sender=borrower)
    market.oracle.set_silent(True, sender=deployer)
    stamp = market.pool.totals()
    before = balances(market, borrower)
    receipt = vault.withdraw(AMOUNT - 1, sender=borrower)
    assert receipt.return_value == AMOUNT - 1
    assert receipt.events == [
        market.collateral.Transfer(sender=vault, receiver=borrower, value=AMOUNT - 1),
        vault.Withdraw(owner=borrower, receiver=borrower, amount=AMOUNT - 1),
    ]
    assert balances(market, borrower) - before == Balances(0, AMOUNT - 1)
    assert market.position(borrower) == (1, 0)
    assert market.pool.totals() == stamp


def test_to_another_receiver(market, borrower, receiver):
    vault = market.vault
    vault.deposit(AMOUNT, sender=borrower)
    receipt = vault.withdraw(AMOUNT, receiver, sender=borrower)
    assert balances(market, receiver) == Balances(0, AMOUNT)
    assert receipt.events == [
        market.collateral.Transfer(sender=vault, receiver=receiver, value=AMOUNT),
        vault.Withdraw(owner=borrower, receiver=receiver, amount=AMOUNT),
    ]


def test_of_all_without_debt(market, borrower):
    market.vault.deposit(AMOUNT, sender=borrower)
    assert market.vault.withdraw(MAX, sender=borrower).return_value == AMOUNT
    assert market.vault.positions(borrower) == 0


def test_of_nothing_moves_no_token(market, borrower):
    receipt = market.vault.withdraw(0, sender=borrower)
    assert receipt.events == [market.vault.Withdraw(owner=borrower, receiver=borrower, amount=0)]


@pytest.mark.parametrize("amount", [AMOUNT + 1, 2**128, MAX - 1])
def test_of_more_than_there_is(market, borrower, other_borrower, amount):
    market.vault.deposit(AMOUNT, sender=borrower)
    assert market.position(other_borrower)[0] > AMOUNT  # the vault holds more than the position
    assert refusal(market.vault.withdraw, amount, sender=borrower) == "vault: not enough collateral"
    assert refusal(market.vault.withdraw, AMOUNT, sender=borrower) is None


def exact_bound(market, owner) -> int:
    """The most collateral (base units) that may leave at the safe price: V2 with equality, by definition."""
    collateral, shares = market.position(owner)
    debt, ltv = market.debt_totals().assets_up(shares), market.risk().ltv
    price = market.oracle.safe_price()
    least_value = ceil_div(debt * WAD, ltv)
    stays = ceil_div(least_value * 10**36, price)
    assert worth(stays, price) * ltv >= debt * WAD > worth(stays - 1, price) * ltv
    return collateral - stays


@pytest.mark.parametrize("quote", [2_000, "1999.999999999999999999", "2345.678901234567", 10**6])
def test_v2_leaves_a_position_within_its_ltv(chain, market, borrower, quote):
    """V2: to the last base unit."""
    market.open(borrower)
    chain.advance(YEAR // 7)
    market.set_quote(quote)
    bound = exact_bound(market, borrower)
    reason = "vault: above the loan-to-value"
    assert refusal(market.vault.withdraw, bound + 1, sender=borrower) == reason
    receipt = market.vault.withdraw(bound, sender=borrower)
    assert receipt.events == [
        market.collateral.Transfer(sender=market.vault, receiver=borrower, value=bound),
        market.vault.Withdraw(owner=borrower, receiver=borrower, amount=bound),
    ]
    assert refusal(market.vault.withdraw, 1, sender=borrower) == reason


def test_v2_is_judged_at_the_safe_price(market, borrower, deployer):
    market.open(borrower)
    price = market.oracle.price()
    market.oracle.set_prices(2 * price, price, sender=deployer)
    bound = exact_bound(market, borrower)
    assert refusal(market.vault.withdraw, bound + 1, sender=borrower) == "vault: above the loan-to-value"
    assert refusal(market.vault.withdraw, bound, sender=borrower) is None


def test_counts_the_interest_up_to_now(chain, market, borrower):
    market.open(borrower)
    bound = exact_bound(market, borrower)
    chain.advance(YEAR)
    assert refusal(market.vault.withdraw, bound, sender=borrower) == "vault: above the loan-to-value"


def test_in_debt_needs_the_oracle(market, borrower, deployer):
    market.open(borrower)
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(market.vault.withdraw, 1, sender=borrower) == "lying oracle: silent"
    assert refusal(market.vault.withdraw, MAX, sender=borrower) == "lying oracle: silent"
    market.oracle.set_price(0, sender=deployer)
    market.oracle.set_silent(False, sender=deployer)
    assert refusal(market.vault.withdraw, 1, sender=borrower) == "vault: above the loan-to-value"
    assert refusal(market.vault.withdraw, MAX, sender=borrower) == "vault: safe price is zero"


def test_of_as_much_as_is_allowed_from_a_position_past_its_ltv_is_nothing(market, borrower):
    market.open(borrower)
    market.set_quote(1_850)  # not liquidatable, but above the loan-to-value
    assert market.vault.max_withdraw(borrower) == 0
    assert market.vault.withdraw(MAX, sender=borrower).return_value == 0
    assert market.vault.withdraw(0, sender=borrower).return_value == 0
    assert refusal(market.vault.withdraw, 1, sender=borrower) == "vault: above the loan-to-value"


@pytest.mark.parametrize("rights", [0, BORROW, WITHDRAW, WITHDRAW | BORROW])
def test_by_an_operator(market, borrower, operator, rights):
    vault = market.vault
    vault.deposit(AMOUNT, sender=borrower)
    vault.set_operator(operator, rights, sender=borrower)
    if not rights & WITHDRAW:
        assert refusal(vault.withdraw, 0, operator, borrower, sender=operator) == "vault: not authorised"
        return
    owner_before, before = balances(market, borrower), balances(market, operator)
    receipt = vault.withdraw(AMOUNT, operator, borrower, sender=operator)
    assert receipt.events == [
        market.collateral.Transfer(sender=vault, receiver=operator, value=AMOUNT),
        vault.Withdraw(owner=borrower, receiver=operator, amount=AMOUNT),
    ]
    assert balances(market, operator) - before == Balances(0, AMOUNT)
    assert balances(market, borrower) == owner_before


def test_by_a_stranger(market, borrower, stranger):
    market.vault.deposit(AMOUNT, sender=borrower)
    for receiver in (stranger, borrower):
        assert (
            refusal(market.vault.withdraw, 1, receiver, borrower, sender=stranger) == "vault: not authorised"
        )


def test_to_the_vault_or_nobody(market, borrower):
    vault = market.vault
    vault.deposit(AMOUNT, sender=borrower)
    for amount in (0, 1, MAX):
        for bad in (vault, NOBODY):
            assert refusal(vault.withdraw, amount, bad, sender=borrower) == "vault: bad receiver"


def test_after_repaying_everything_needs_no_oracle(market, borrower, deployer):
    collateral, _ = market.open(borrower)
    market.oracle.set_silent(True, sender=deployer)
    market.vault.repay(MAX, sender=borrower)
    assert market.vault.withdraw.call(MAX, sender=borrower) == collateral
