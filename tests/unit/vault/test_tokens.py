"""Tokens with a vice, as loan asset and as collateral: tolerated, refused, or harmful to one call alone."""

import pytest
from ape import project

from tests.utils.calls import assert_accepted, assert_refused, send
from tests.utils.vaults import (
    assert_sums,
    balances,
    liquidate_batch,
    open_position,
    order,
    position,
)
from tests.utils.world import MAX, build_market


@pytest.fixture
def make(builder, lender, borrower, other_borrower, liquidator):
    """A market with 10 tokens and 15,000 of debt in the borrower's position; one token or both of a kind."""

    def make(loan=None, collateral=None):
        tokens = {
            name: container and builder.deployer.deploy(container, "Vice", "VICE", decimals)
            for name, container, decimals in (("loan", loan, 6), ("collateral", collateral, 18))
        }
        market = build_market(builder, [lender, borrower, other_borrower, liquidator], **tokens)
        send(market.pool.deposit, market.loans(100_000), lender, sender=lender)
        open_position(market, borrower)
        return market

    return make


@pytest.fixture(params=["loan", "collateral"])
def side(request):
    return request.param


def test_no_return_value(make, borrower, other_borrower, liquidator, receiver, side):
    """USDT's way: everything works."""
    market = make(**{side: project.NoReturnToken})
    vault = market.vault
    send(vault.deposit, 10**18, sender=borrower)
    send(vault.borrow, 10**8, sender=borrower)
    send(vault.repay, 10**9, sender=borrower)
    send(vault.withdraw, 10**18, sender=borrower)
    send(vault.close, 10**9, 10**17, receiver, sender=borrower)
    assert balances(market, receiver).collateral == 10**17
    market.set_quote(1_300)
    send(vault.liquidate, borrower, 10**9, sender=liquidator)
    send(vault.liquidate_batch, [order(borrower)], sender=liquidator)
    assert position(market, borrower) == (0, 0)
    assert_sums(market, [borrower, other_borrower])


def test_false_is_a_failure(make, borrower, liquidator):
    """A token that answers false instead of reverting."""
    market = make(collateral=project.FalseReturnToken)
    vault = market.vault
    market.set_quote(1_700)
    calls = {
        "vault: collateral pull failed": [(vault.deposit, 1), (vault.open, 1, 0)],
        "vault: collateral send failed": [
            (vault.close, 2 * 10**9, 1),
            (vault.liquidate, borrower, MAX),
            (vault.liquidate_batch, [order(borrower)]),
        ],
    }
    assert_no_vice_no_refusal(market, calls, borrower)
    send(market.collateral.set_failing, True, sender=borrower)
    assert_refusals(calls, borrower)
    assert_accepted(vault.repay, 1, sender=borrower)


def test_false_is_a_failure_of_the_loan_asset(make, borrower):
    market = make(loan=project.FalseReturnToken)
    vault = market.vault
    calls = {
        "pool: transfer failed": [(vault.borrow, 1), (vault.open, 1, 1)],
        "vault: payment failed": [(vault.repay, 1), (vault.close, 1, 0)],
    }
    assert_no_vice_no_refusal(market, calls, borrower)
    liquidations = {"vault: payment failed": [(vault.liquidate, borrower, MAX)]}
    send(market.loan.set_failing, True, sender=borrower)
    assert_refusals(calls, borrower)
    market.set_quote(1_700)
    assert_refusals(liquidations, borrower)
    assert_accepted(vault.deposit, 1, sender=borrower)


def assert_no_vice_no_refusal(market, calls, sender) -> None:
    for rows in calls.values():
        for method, *arguments in rows:
            assert_accepted(method, *arguments, sender=sender)


def assert_refusals(calls, sender) -> None:
    for reason, rows in calls.items():
        for method, *arguments in rows:
            assert_refused(reason, method, *arguments, sender=sender)


@pytest.mark.parametrize("fee", [1, 10_000])
def test_a_fee_on_what_comes_in_is_refused(make, borrower, fee):
    """Collateral: less would be locked than the position says."""
    market = make(collateral=project.FeeToken)
    vault = market.vault
    calls = {"vault: collateral missing": [(vault.deposit, 10**10), (vault.open, 10**10, 10**6)]}
    assert_no_vice_no_refusal(market, calls, borrower)
    send(market.collateral.set_fee, fee, sender=borrower)
    assert_refusals(calls, borrower)
    assert_accepted(vault.close, 10**9, 10**17, sender=borrower)  # going out, the receiver bears it


@pytest.mark.parametrize("fee", [1, 10_000])
def test_a_fee_on_what_is_paid_is_refused(make, borrower, fee):
    """Loan asset: the pool would be paid less than the debt that goes."""
    market = make(loan=project.FeeToken)
    vault = market.vault
    calls = {"vault: payment did not arrive": [(vault.repay, 10**9), (vault.close, 10**9, 10**17)]}
    assert_no_vice_no_refusal(market, calls, borrower)
    send(market.loan.set_fee, fee, sender=borrower)
    assert_refusals(calls, borrower)
    assert_accepted(vault.borrow, 10**6, sender=borrower)  # going out, the receiver bears it
    assert_accepted(vault.repay, 0, sender=borrower)
    market.set_quote(1_700)
    calls = [(vault.liquidate, borrower, MAX), (vault.liquidate_batch, [order(borrower)])]
    assert_refusals({"vault: payment did not arrive": calls}, borrower)


def test_a_blocked_receiver_hurts_his_own_call(make, borrower, other_borrower, liquidator, receiver):
    """Collateral: nobody else waits for him, and he can name another receiver."""
    market = make(collateral=project.BlocklistToken)
    vault = market.vault
    open_position(market, other_borrower)
    send(market.collateral.set_blocked, borrower, True, sender=receiver)
    send(market.collateral.set_blocked, liquidator, True, sender=receiver)
    assert_refused("token: receiver blocked", vault.withdraw, 1, sender=borrower)
    assert_refused("token: sender blocked", vault.deposit, 1, sender=borrower)
    assert_accepted(vault.close, 10**9, 10**17, receiver, sender=borrower)
    assert_accepted(vault.repay, MAX, sender=borrower)
    assert_accepted(vault.close, 10**9, 10**17, sender=other_borrower)
    market.set_quote(1_700)
    orders = [order(borrower), order(other_borrower)]
    assert_refused("token: receiver blocked", vault.liquidate, borrower, MAX, sender=liquidator)
    assert_refused("token: receiver blocked", vault.liquidate_batch, orders, sender=liquidator)
    assert_accepted(vault.liquidate, borrower, MAX, 0, receiver, sender=liquidator)
    answers = liquidate_batch(market, orders, other_borrower)
    assert all(answer.executable for answer in answers)


def test_a_blocked_borrower_of_the_loan_asset(make, borrower, other_borrower, liquidator, receiver):
    """He cannot pay; anybody can pay for him, and he can be liquidated."""
    market = make(loan=project.BlocklistToken)
    vault = market.vault
    send(market.loan.set_blocked, borrower, True, sender=receiver)
    assert_refused("token: receiver blocked", vault.borrow, 10**6, sender=borrower)
    assert_refused("token: sender blocked", vault.repay, 10**6, sender=borrower)
    assert_accepted(vault.borrow, 10**6, receiver, sender=borrower)
    assert_accepted(vault.repay, MAX, borrower, sender=other_borrower)
    market.set_quote(1_700)
    assert_accepted(vault.liquidate, borrower, MAX, sender=liquidator)


def test_a_halted_token_stops_what_moves_it(make, borrower, liquidator, side):
    market = make(**{side: project.BlocklistToken})
    vault = market.vault
    send(getattr(market, side).set_halted, True, sender=borrower)
    moves = {
        "loan": [(vault.borrow, 10**6), (vault.repay, 10**6)],
        "collateral": [(vault.deposit, 1), (vault.withdraw, 1)],
    }
    assert_refusals({"token: halted": moves.pop(side)}, borrower)
    for rows in moves.values():
        assert_no_vice_no_refusal(market, {"": rows}, borrower)


def test_amounts_of_nothing_are_not_sent(make, borrower, liquidator):
    """Some tokens revert on them: a halted one reverts on all."""
    market = make(loan=project.BlocklistToken, collateral=project.BlocklistToken)
    vault = market.vault
    for token in (market.loan, market.collateral):
        send(token.set_halted, True, sender=borrower)
    for method, *arguments in (
        (vault.deposit, 0),
        (vault.withdraw, 0),
        (vault.borrow, 0),
        (vault.repay, 0),
        (vault.open, 0, 0),
        (vault.close, 0, 0),
    ):
        send(method, *arguments, sender=borrower)
    market.set_quote("0.000000000000000000000001")
    send(market.collateral.set_halted, False, sender=borrower)
    send(vault.liquidate, borrower, MAX, sender=liquidator)  # pays nothing: the loan asset is not touched
    assert position(market, borrower) == (0, 0)
