"""A27: sums broke when a party was the protocol itself (liquidator = borrower, receiver = protocol).

Here all sums hold: what a contract of ours is sent by mistake belongs to no position; to the pool it is a
gift.
"""

import pytest
from ape import accounts, project

from plimsoll.units import MAX
from tests.utils.calls import ask, assert_refused, send, view, words
from tests.utils.intruder import outcomes, plan
from tests.utils.vaults import (
    assert_sums,
    balances,
    debt_totals,
    order,
    position,
    residue,
    twin_quote,
    worth,
)
from tests.utils.world import build_market

pytestmark = pytest.mark.usefixtures("still_clock")


@pytest.fixture(params=["pool", "council", "oracle", "loan", "collateral"])
def protocol(request, market):
    return getattr(market, request.param)


def test_a27_collateral_for_the_protocol(market, vault, borrower, other_borrower, liquidator, protocol):
    price = view(market.pool.convertToAssets, 10**18)
    market.set_quote(1_700)
    before, reserve = balances(market, protocol).collateral, residue(market.pool, market.loan)
    answer = twin_quote(market, borrower, 10**9)
    send(vault.liquidate, borrower, 10**9, 0, protocol, sender=liquidator)
    assert balances(market, protocol).collateral - before == answer.seized
    send(vault.liquidate_batch, [order(borrower, 10**9)], 0, protocol, sender=liquidator)
    send(vault.close, 10**10, 10**15, protocol, sender=borrower)
    send(vault.withdraw, 10**15, protocol, sender=borrower)
    assert view(market.pool.convertToAssets, 10**18) == price
    assert residue(market.pool, market.loan) >= reserve
    assert_sums(market, [borrower, other_borrower])


def test_a27_a_loan_for_the_pool_is_a_gift(market, vault, borrower, other_borrower):
    """The pool pays itself: the debt stands, the cash is there, the reserve has it."""
    market.set_quote(2_100)
    reserve, price = residue(market.pool, market.loan), view(market.pool.convertToAssets, 10**18)
    send(vault.borrow, 10**9, market.pool, sender=borrower)
    gift = residue(market.pool, market.loan) - reserve
    assert 10**9 * 65_536 <= gift < (10**9 + 1) * 65_536
    assert view(market.pool.convertToAssets, 10**18) == price
    assert_sums(market, [borrower, other_borrower])


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
        assert_refused("vault: bad receiver", method, *arguments, sender=borrower)


def test_a27_a_position_of_the_protocol(market, vault, borrower, other_borrower, protocol):
    """Collateral locked in its name stays there; it is nobody's, and no debt can be taken on it."""
    send(vault.deposit, 10**18, protocol, sender=borrower)
    assert position(market, protocol) == (10**18, 0)
    assert_refused("vault: not authorised", vault.borrow, 10**6, borrower, protocol, sender=borrower)
    assert_refused("vault: not authorised", vault.withdraw, 1, borrower, protocol, sender=borrower)
    assert_sums(market, [borrower, other_borrower, protocol])


def test_a27_liquidation_with_a_flash_loan(
    builder, market, vault, borrower, other_borrower, lender, stranger
):
    """From another pool of the same asset: no capital, both pools whole."""
    bank = build_market(builder, [lender], loan=market.loan)
    send(bank.pool.deposit, market.loans(100_000), lender, sender=lender)
    flash = builder.deployer.deploy(project.Intruder)
    for spender in (vault, bank.pool):
        send(flash.approve, market.loan, spender, MAX, sender=stranger)
    market.set_quote(1_700)
    answer = twin_quote(market, borrower)
    proceeds = worth(answer.seized, view(market.oracle.price)[0])
    plan(
        flash,
        (vault.liquidate, borrower, MAX),
        (market.collateral.transfer, stranger, answer.seized),  # stands for the sale
        (market.loan.mint, flash, proceeds),
    )
    cash = balances(market, bank.pool)
    send(bank.pool.flashLoan, flash, market.loan, market.loans(20_000), b"", sender=stranger)
    assert all(isinstance(outcome, bytes) for outcome in outcomes(flash))
    assert words(outcomes(flash)[0]) == [answer.paid, answer.fee, answer.seized]
    assert balances(market, bank.pool) == cash
    assert balances(market, flash).loan == proceeds - answer.paid - answer.fee > 0
    assert_sums(market, [borrower, other_borrower])


def test_a27_liquidation_with_the_pools_own_flash_loan(market, vault, borrower, deployer, stranger):
    """Its pool is locked meanwhile; the vault's callback needs no loan."""
    flash = deployer.deploy(project.Intruder)
    for spender in (vault, market.pool):
        send(flash.approve, market.loan, spender, MAX, sender=stranger)
    market.set_quote(1_700)
    plan(flash, (vault.liquidate, borrower, MAX), (vault.repay, 1, borrower))
    before = debt_totals(market.pool), position(market, borrower)
    send(market.pool.flashLoan, flash, market.loan, market.loans(20_000), b"", sender=stranger)
    assert outcomes(flash) == ["", ""]
    assert (debt_totals(market.pool), position(market, borrower)) == before


def test_a27_the_pool_as_a_caller_has_no_special_right(market, vault, borrower):
    """Were it ever to call: it is a stranger to every position."""
    pool = accounts[market.pool.address]
    assert_refused("vault: not authorised", vault.withdraw, 1, pool, borrower, sender=pool)
    assert words(ask(vault.repay, 0, borrower, sender=pool)) == [0]
