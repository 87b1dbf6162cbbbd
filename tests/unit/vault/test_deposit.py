"""`deposit`: anybody locks his own collateral in anybody's position."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.position import COLLATERAL_TOP, pack
from plimsoll.units import NOBODY
from tests.utils.vaults import Balances, balances

AMOUNT = 3 * 10**18


def test_locks_the_callers_collateral(market, borrower):
    vault, collateral = market.vault, market.collateral
    before, held = balances(market, borrower), balances(market, vault)
    receipt = vault.deposit(AMOUNT, sender=borrower)
    assert balances(market, borrower) - before == Balances(0, -AMOUNT)
    assert balances(market, vault) - held == Balances(0, AMOUNT)
    assert market.position(borrower) == (AMOUNT, 0)
    assert receipt.events == [
        collateral.Transfer(sender=borrower, receiver=vault, value=AMOUNT),
        vault.Deposit(owner=borrower, amount=AMOUNT),
    ]


def test_for_another_owner_is_paid_by_the_caller(market, stranger, borrower):
    vault = market.vault
    before, owner_before = balances(market, stranger), balances(market, borrower)
    receipt = vault.deposit(AMOUNT, borrower, sender=stranger)
    assert balances(market, stranger) - before == Balances(0, -AMOUNT)
    assert balances(market, borrower) == owner_before
    assert market.position(borrower) == (AMOUNT, 0)
    assert market.position(stranger) == (0, 0)
    assert receipt.events == [
        market.collateral.Transfer(sender=stranger, receiver=vault, value=AMOUNT),
        vault.Deposit(owner=borrower, amount=AMOUNT),
    ]


def test_adds_to_what_is_there_and_leaves_the_debt(market, borrower):
    collateral, shares = market.open(borrower)
    market.vault.deposit(1, sender=borrower)
    assert market.vault.positions(borrower) == pack(collateral + 1, shares)


def test_of_nothing_moves_no_token(market, borrower):
    market.collateral.approve(market.vault, 0, sender=borrower)
    receipt = market.vault.deposit(0, sender=borrower)
    assert receipt.events == [market.vault.Deposit(owner=borrower, amount=0)]
    assert market.position(borrower) == (0, 0)


def test_for_nobody_is_refused(market, borrower):
    assert refusal(market.vault.deposit, AMOUNT, NOBODY, sender=borrower) == "vault: zero owner"
    assert refusal(market.vault.deposit, AMOUNT, market.vault, sender=borrower) is None


def test_needs_allowance_and_balance(market, borrower, receiver):
    collateral, vault = market.collateral, market.vault
    collateral.approve(vault, AMOUNT, sender=borrower)
    assert refusal(vault.deposit, AMOUNT, sender=borrower) is None
    assert refusal(vault.deposit, AMOUNT + 1, sender=borrower) == "token: allowance too small"
    collateral.approve(vault, AMOUNT, sender=receiver)
    assert refusal(vault.deposit, AMOUNT, sender=receiver) == "token: balance too small"


@pytest.mark.parametrize("held", [0, AMOUNT])
def test_fills_its_lane_and_no_more(market, borrower, held):
    vault = market.vault
    collateral, shares = market.open(borrower) if held else (0, 0)
    market.collateral.mint(borrower, COLLATERAL_TOP, sender=borrower)
    room = COLLATERAL_TOP - collateral
    assert refusal(vault.deposit, room + 1, sender=borrower) == "vault: too much collateral"
    assert refusal(vault.deposit, 2**256 - 1, sender=borrower) == "vault: too much collateral"
    vault.deposit(room, sender=borrower)
    assert vault.positions(borrower) == pack(COLLATERAL_TOP, shares)


def test_tops_up_an_unhealthy_position_without_an_oracle(market, borrower, stranger, deployer):
    vault = market.vault
    market.open(borrower)
    market.set_quote(1_700)
    assert vault.preview_liquidate(borrower, 2**256 - 1).liquidatable
    market.oracle.set_silent(True, sender=deployer)
    vault.deposit(market.collaterals(10), borrower, sender=stranger)
    market.oracle.set_silent(False, sender=deployer)
    assert not vault.preview_liquidate(borrower, 2**256 - 1).liquidatable
