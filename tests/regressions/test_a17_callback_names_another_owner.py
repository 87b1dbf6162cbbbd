"""A17: what a callback was told to do, it did for whomever its data named (Prisma 2024).

Here a vault calls back its caller and nobody else, and acts for the owner whom it has authorised before.
"""

import pytest

from plimsoll.units import MAX, order
from tests.utils.actor import Actor, Refusal
from tests.utils.vaults import BORROW, WITHDRAW, balances


@pytest.fixture
def zap(chain, market, deployer, borrower, stranger) -> Actor:
    """A helper contract that the borrower has made his operator, and that would do whatever it is told."""
    zap = Actor(chain.make("CallbackActor"), stranger)
    zap.provide(market)
    market.open(borrower, 10, 10_000)
    market.vault.set_operator(zap, WITHDRAW | BORROW, sender=borrower)
    return zap


@pytest.fixture
def attacker(chain, market, deployer, stranger) -> Actor:
    attacker = Actor(chain.make("CallbackActor"), stranger)
    attacker.provide(market)
    attacker.act(market.vault.open, market.collaterals(20), market.loans(10_000), attacker, attacker, b"")
    return attacker


def called(logs, contract) -> int:
    return sum((event.contract, event.name) == (contract.address, "Called") for event in logs)


def test_a17_the_operator_is_never_called_by_others(market, zap, attacker, borrower):
    """Not as receiver, not as operator of the owner, not as liquidated owner."""
    vault, data = market.vault, bytes.fromhex(borrower.address[2:])
    calls = [
        (vault.open, 0, 10**6, zap, attacker, data),
        (vault.close, 10**6, 10**9, zap, attacker, data),
        (vault.close, 10**6, 0, zap, borrower, data),
    ]
    for call in calls:
        logs = attacker.act(*call)
        assert called(logs, zap.contract) == 0
        assert called(logs, attacker.contract) == 1
    market.set_quote(1_190)
    for call in (
        (vault.liquidate, borrower, 10**8, 0, zap, data),
        (vault.liquidate_batch, [order(borrower)], 0, zap, data),
    ):
        logs = attacker.act(*call)
        assert called(logs, zap.contract) == 0
        assert called(logs, attacker.contract) == 1


def test_a17_the_attacker_cannot_name_the_owner(market, zap, attacker, borrower):
    vault = market.vault
    before = market.position(borrower), balances(market, borrower)
    for call in (
        (vault.open, 0, 10**6, attacker, borrower, b"x"),
        (vault.open, 0, 0, attacker, borrower, b"x"),
        (vault.close, 0, 10**9, attacker, borrower, b"x"),
        (vault.close, MAX, MAX, attacker, borrower, b"x"),
    ):
        assert attacker.ask(*call) == Refusal("vault: not authorised")
    assert (market.position(borrower), balances(market, borrower)) == before


def test_a17_nor_from_inside_his_own_callback(market, zap, attacker, borrower):
    """In the vault that calls him he can do nothing at all, nor anything with others' tokens."""
    vault = market.vault
    tokens, held = balances(market, borrower), market.position(borrower)
    attacker.plan(
        (vault.open, 0, 10**6, attacker, borrower, b""),
        (vault.close, 0, 10**9, attacker, borrower, b""),
        (vault.withdraw, 1, attacker, borrower),
        (vault.borrow, 10**6, attacker, borrower),
        (market.loan.transferFrom, borrower, attacker, 1),
        (market.collateral.transferFrom, borrower, attacker, 1),
    )
    attacker.act(vault.close, 10**6, 10**9, attacker, attacker, bytes.fromhex(borrower.address[2:]))
    assert attacker.answers() == [Refusal("")] * 4 + [Refusal("token: allowance too small")] * 2
    assert (balances(market, borrower), market.position(borrower)) == (tokens, held)
