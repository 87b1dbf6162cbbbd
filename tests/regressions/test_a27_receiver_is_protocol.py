"""A27: sums broke when a party was the protocol itself (liquidator = borrower, receiver = protocol).

Here all sums hold: what a contract of ours is sent by mistake belongs to no position; to the pool it is a
gift.
"""

import pytest

from plimsoll.chain.abi import words
from plimsoll.testing import refusal
from plimsoll.testing.market import build_market
from plimsoll.testing.roles import BORROWER, STRANGER
from plimsoll.units import MAX, order
from tests.utils.actor import intruder_plan, outcomes
from tests.utils.baskets import small_place
from tests.utils.vaults import balances, worth


@pytest.fixture(params=["pool", "council", "oracle", "loan", "collateral"])
def protocol(request, market):
    return getattr(market, request.param)


def test_a27_collateral_for_the_protocol(market, vault, borrower, other_borrower, liquidator, protocol):
    price = market.pool.convertToAssets(10**18)
    market.set_quote(1_700)
    before, reserve = balances(market, protocol).collateral, market.residue()
    answer = market.quote(borrower, 10**9)
    vault.liquidate(borrower, 10**9, 0, protocol, sender=liquidator)
    assert balances(market, protocol).collateral - before == answer.seized
    vault.liquidate_batch([order(borrower, 10**9)], 0, protocol, sender=liquidator)
    vault.close(10**10, 10**15, protocol, sender=borrower)
    vault.withdraw(10**15, protocol, sender=borrower)
    assert market.pool.convertToAssets(10**18) == price
    assert market.residue() >= reserve
    market.assert_sums([borrower, other_borrower])


def test_a27_a_loan_for_the_pool_is_a_gift(market, vault, borrower, other_borrower):
    """The pool pays itself: the debt stands, the cash is there, the reserve has it."""
    market.set_quote(2_100)
    reserve, price = market.residue(), market.pool.convertToAssets(10**18)
    vault.borrow(10**9, market.pool, sender=borrower)
    gift = market.residue() - reserve
    assert 10**9 * 65_536 <= gift < (10**9 + 1) * 65_536
    assert market.pool.convertToAssets(10**18) == price
    market.assert_sums([borrower, other_borrower])


def test_a27_the_vault_gets_nothing(market, vault, borrower, liquidator):
    """It would mix with what is locked."""
    market.set_quote(1_700)
    for method, *arguments in (
        (vault.withdraw, 0, vault),
        (vault.borrow, 0, vault),
        (vault.open, 1, 0, vault),
        (vault.close, 10**9, 0, vault),
        (vault.liquidate, borrower, MAX, 0, vault),
        (vault.liquidate_batch, [order(borrower)], 0, vault),
    ):
        assert refusal(method, *arguments, sender=borrower) == "vault: bad receiver"


def test_a27_a_position_of_the_protocol(market, vault, borrower, other_borrower, protocol):
    """Collateral locked in its name stays there; it is nobody's, and no debt can be taken on it."""
    vault.deposit(10**18, protocol, sender=borrower)
    assert market.position(protocol) == (10**18, 0)
    assert refusal(vault.borrow, 10**6, borrower, protocol, sender=borrower) == "vault: not authorised"
    assert refusal(vault.withdraw, 1, borrower, protocol, sender=borrower) == "vault: not authorised"
    market.assert_sums([borrower, other_borrower, protocol])


def test_a27_liquidation_with_a_flash_loan(
    chain, builder, market, vault, borrower, other_borrower, lender, stranger
):
    """From another pool of the same asset: no capital, both pools whole."""
    bank = build_market(builder, [lender], loan=market.loan)
    bank.pool.deposit(market.loans(100_000), lender, sender=lender)
    flash = chain.make("Intruder")
    for spender in (vault, bank.pool):
        flash.approve(market.loan, spender, MAX, sender=stranger)
    market.set_quote(1_700)
    answer = market.quote(borrower)
    proceeds = worth(answer.seized, market.oracle.price())
    intruder_plan(
        flash,
        (vault.liquidate, borrower, MAX),
        (market.collateral.transfer, stranger, answer.seized),  # stands for the sale
        (market.loan.mint, flash, proceeds),
    )
    cash = balances(market, bank.pool)
    bank.pool.flashLoan(flash, market.loan, market.loans(20_000), b"", sender=stranger)
    assert all(isinstance(outcome, bytes) for outcome in outcomes(flash))
    assert words(outcomes(flash)[0]) == (answer.paid, answer.fee, answer.seized)
    assert balances(market, bank.pool) == cash
    assert balances(market, flash).loan == proceeds - answer.paid - answer.fee > 0
    market.assert_sums([borrower, other_borrower])


def test_a27_liquidation_with_the_pools_own_flash_loan(chain, market, vault, borrower, deployer, stranger):
    """Its pool is locked meanwhile; the vault's callback needs no loan."""
    flash = chain.make("Intruder")
    for spender in (vault, market.pool):
        flash.approve(market.loan, spender, MAX, sender=stranger)
    market.set_quote(1_700)
    intruder_plan(flash, (vault.liquidate, borrower, MAX), (vault.repay, 1, borrower))
    before = market.debt_totals(), market.position(borrower)
    market.pool.flashLoan(flash, market.loan, market.loans(20_000), b"", sender=stranger)
    assert outcomes(flash) == ["", ""]
    assert (market.debt_totals(), market.position(borrower)) == before


def test_a27_the_pool_as_a_caller_has_no_special_right(anvil, market, vault, borrower):
    """Were it ever to call: it is a stranger to every position."""
    pool = market.pool
    assert refusal(vault.withdraw, 1, pool, borrower, sender=pool) == "vault: not authorised"
    assert vault.repay.call(0, borrower, sender=pool) == 0


@pytest.mark.parametrize("without", [0, 0b001, 0b110])
def test_a27_legs_for_the_protocol(without):
    """What pool, oracles or tokens are sent belongs to no position; a loan for the pool is a gift to it."""
    place = small_place()
    place.hold(10, "0.5", 10_000)
    place.borrow(30_000)
    place.act("borrow", place.loans(10), place.pool.address, BORROWER, sender=BORROWER)
    price = place.pool.convertToAssets(10**18)
    place.scale_prices(600)
    for receiver in (place.pool, place.oracles[0], place.loan, place.tokens[1], place.builder.factory):
        with place.isolated():
            place.close(place.loans(1_000), without, receiver=receiver.address)
            assert place.pool.convertToAssets(10**18) == price
    for function, *arguments in (
        ("withdraw", 0, 0, place.basket.address, BORROWER),
        ("borrow", 0, place.basket.address, BORROWER),
        ("open", 0, 1, 0, place.basket.address, BORROWER),
        ("close", 1, 0, 0, place.basket.address, BORROWER),
        ("liquidate", BORROWER, MAX, [], without, place.basket.address),
        ("liquidate_batch", [order(BORROWER)], [], place.basket.address),
    ):
        place.refused("vault: bad receiver", function, *arguments, sender=BORROWER)


def test_a27_a_position_of_the_basket_itself():
    """What is locked in its own name, or the pool's, stays there: nobody can take it out or owe on it."""
    place = small_place()
    for owner in (place.basket.address, place.pool.address):
        place.act("deposit", 0, place.of_leg(0, 1), owner, sender=STRANGER)
        place.refused("vault: not authorised", "withdraw", 0, 1, STRANGER, owner, sender=STRANGER)
        place.refused("vault: not authorised", "borrow", 1, STRANGER, owner, sender=STRANGER)
        place.refused("vault: healthy", "liquidate", owner, MAX, [], 0, STRANGER, sender=STRANGER)
