"""`max_borrow`, `max_withdraw`: the action with the largest uint sends exactly that; no more is allowed."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import DAY, MAX, WAD, YEAR
from tests.utils.vaults import balances, risk_of

SLACK = 4  # base units: one share rounded up, one unit, and the two roundings they stand in for


@pytest.mark.parametrize("seconds", [0, 13, YEAR])
@pytest.mark.parametrize("debt", ["0", "2500", "12345.678901"])
@pytest.mark.parametrize("quote", [2_000, "2345.678901234567"])
def test_borrow_bound_by_health(chain, market, borrower, quote, debt, seconds):
    vault = market.vault
    vault.deposit(10**19, sender=borrower)
    if debt != "0":
        vault.borrow(market.loans(debt), sender=borrower)
    chain.advance(seconds)
    market.set_quote(quote)
    most = vault.max_borrow(borrower)
    reason = "vault: above the loan-to-value"
    assert refusal(vault.borrow, most + SLACK, sender=borrower) == reason
    before = balances(market, borrower).loan
    assert vault.borrow(MAX, sender=borrower).return_value == most
    assert balances(market, borrower).loan - before == most
    assert vault.max_borrow(borrower) == 0
    assert refusal(vault.borrow, SLACK, sender=borrower) == reason
    assert vault.borrow.call(MAX, sender=borrower) == 0


def test_borrow_is_judged_at_the_safe_price(market, borrower, deployer):
    market.vault.deposit(10**19, sender=borrower)
    most, price = market.vault.max_borrow(borrower), market.oracle.price()
    market.oracle.set_prices(2 * price, price, sender=deployer)
    assert market.vault.max_borrow(borrower) == most


@pytest.mark.parametrize("seconds", [0, 13, YEAR])
def test_borrow_bound_by_the_line(chain, market, borrower, curator, seconds):
    vault = market.vault
    vault.deposit(10**21, sender=borrower)
    limit = market.pool.credit_line(vault)[2] + market.loans(500_000)
    market.council.set_limit(vault, limit, sender=curator)
    chain.advance(seconds)
    room = limit - market.pool.credit_line(vault)[2]
    most = vault.max_borrow(borrower)
    assert most == market.pool.max_draw(vault)
    assert room - SLACK < most < room
    assert refusal(vault.borrow, most + SLACK, sender=borrower) == "pool: over the credit limit"
    assert vault.borrow(MAX, sender=borrower).return_value == most
    assert limit - SLACK < market.pool.credit_line(vault)[2] <= limit


@pytest.mark.parametrize("seconds", [0, 13, YEAR])
def test_borrow_bound_by_cash(chain, market, borrower, lender, seconds):
    vault, pool = market.vault, market.pool
    vault.deposit(10**21, sender=borrower)
    pool.withdraw(pool.maxWithdraw(lender) - market.loans(500_000), lender, lender, sender=lender)
    chain.advance(seconds)
    spare = pool.maxWithdraw(lender)
    most = vault.max_borrow(borrower)
    assert spare - SLACK < most < spare
    assert refusal(vault.borrow, most + SLACK, sender=borrower) == "pool: not enough cash"
    assert vault.borrow(MAX, sender=borrower).return_value == most


def test_borrow_is_nothing_when_nothing_is_allowed(market, borrower, stranger, curator):
    vault = market.vault
    assert vault.max_borrow(stranger) == 0  # no collateral
    market.open(borrower)
    market.set_quote(1_850)  # past its loan-to-value
    assert vault.max_borrow(borrower) == 0
    assert vault.borrow(MAX, sender=borrower).return_value == 0
    market.set_quote(2_000)
    assert vault.max_borrow(borrower) > 0
    market.council.set_limit(vault, 1, sender=curator)
    assert vault.max_borrow(borrower) == 0


def test_borrow_while_paused(chain, market, borrower, curator, guardian):
    market.vault.deposit(10**19, sender=borrower)
    market.council.queue_guardian(guardian, sender=curator)
    chain.advance(3 * DAY)
    market.council.execute_queued(sender=curator)
    market.council.pause(sender=guardian)
    assert market.vault.max_borrow(borrower) == 0
    chain.advance(7 * DAY)
    assert market.vault.max_borrow(borrower) > 0


def test_borrow_knows_no_minimum(market, borrower):
    """`max_borrow` is an upper bound; below the minimum debt nothing at all can be borrowed."""
    vault = market.vault
    vault.deposit(10**18, sender=borrower)
    least = risk_of(vault).min_debt
    assert 0 < vault.max_borrow(borrower) < least
    assert refusal(vault.borrow, MAX, sender=borrower) == "vault: below the minimum debt"


def test_borrow_without_an_oracle(market, borrower, deployer):
    market.vault.deposit(10**19, sender=borrower)
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(market.vault.max_borrow, borrower, sender=borrower) == "lying oracle: silent"


@pytest.mark.parametrize("seconds", [0, 13, YEAR])
@pytest.mark.parametrize("quote", [2_000, "2345.678901234567", 10**6])
def test_withdraw_bound_by_health(chain, market, borrower, quote, seconds):
    vault = market.vault
    collateral, _ = market.open(borrower, 10, 14_000)
    chain.advance(seconds)
    market.set_quote(quote)
    most = vault.max_withdraw(borrower)
    unit = ceil_div(10**36 * WAD, market.oracle.price() * risk_of(vault).ltv)  # collateral of a unit of debt
    reason = "vault: above the loan-to-value"
    assert refusal(vault.withdraw, most + 2 * unit + 2, sender=borrower) == reason
    before = balances(market, borrower).collateral
    assert vault.withdraw(MAX, sender=borrower).return_value == most
    assert balances(market, borrower).collateral - before == most
    assert market.position(borrower)[0] == collateral - most
    assert vault.max_withdraw(borrower) == 0
    assert vault.withdraw.call(MAX, sender=borrower) == 0


def test_withdraw_without_debt_is_all_and_asks_nobody(market, borrower, deployer):
    market.vault.deposit(10**19, sender=borrower)
    market.oracle.set_silent(True, sender=deployer)
    assert market.vault.max_withdraw(borrower) == 10**19


def test_withdraw_without_an_oracle(market, borrower, deployer):
    market.open(borrower)
    market.oracle.set_price(0, sender=deployer)
    assert refusal(market.vault.max_withdraw, borrower, sender=borrower) == "vault: safe price is zero"
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(market.vault.max_withdraw, borrower, sender=borrower) == "lying oracle: silent"
