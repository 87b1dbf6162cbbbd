"""Re-entrancy: what works a moment before reverts in every callback, for no other reason than the lock."""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.twin.liquidation import DebtTotals
from plimsoll.units import DAY, MAX, order
from tests.utils.actor import Actor, Refusal, intruder_plan, outcomes
from tests.utils.vaults import balances, every_call, liquidate

LOCKED = 10 * 10**18
AMOUNT = 15_000 * 10**6
OUTER = ("open", "close", "liquidate", "liquidate_batch")
DATA = b"inside"


@pytest.fixture
def vault(market, actor, borrower):
    """The borrower is liquidatable; the actor owes little, may act for others and has every approval."""
    market.open(borrower)
    actor.act(market.vault.open, 3 * LOCKED, AMOUNT, actor, actor, b"")
    market.set_quote(1_700)
    return market.vault


def outer(market, actor, borrower, name) -> tuple:
    vault = market.vault
    return {
        "open": (vault.open, LOCKED, 10**9, actor, actor, DATA),
        "close": (vault.close, 10**9, LOCKED // 10, actor, actor, DATA),
        "liquidate": (vault.liquidate, borrower, 10**9, 0, actor, DATA),
        "liquidate_batch": (vault.liquidate_batch, [order(borrower, 10**9)], 0, actor, DATA),
    }[name]


def test_the_list_is_complete(market, vault, actor, borrower, other_borrower):
    """A new function of the vault must be tried, too."""
    named = set(every_call(market, actor, borrower, other_borrower))
    assert market.vault.transactions == named


@pytest.mark.parametrize("name", OUTER)
def test_no_function_can_be_entered_in_a_callback(market, vault, actor, borrower, other_borrower, name):
    """N1, A6, A21."""
    calls = every_call(market, actor, borrower, other_borrower)
    for function, call in calls.items():
        assert not isinstance(actor.ask(*call), Refusal), function
    actor.plan(*calls.values())
    actor.act(*outer(market, actor, borrower, name))
    assert dict(zip(calls, actor.answers(), strict=True)) == dict.fromkeys(calls, Refusal(""))
    market.assert_sums([actor, borrower, other_borrower])


@pytest.mark.parametrize("name", OUTER)
def test_nor_by_anybody_else(chain, market, vault, actor, borrower, other_borrower, stranger, deployer, name):
    """The lock is the vault's, not the caller's."""
    accomplice = Actor(chain.make("CallbackActor"), stranger)
    accomplice.provide(market)
    method, *arguments = vault.deposit, 1, accomplice
    call = (accomplice.contract.act, vault, (method.encode(1, accomplice.address)))
    assert not isinstance(accomplice.ask(method, *arguments), Refusal)
    actor.plan(call)
    actor.act(*outer(market, actor, borrower, name))
    assert actor.answers() == [Refusal("")]
    assert market.position(accomplice) == (0, 0)


@pytest.fixture
def other_market(chain, market, builder, curator, borrower, actor) -> Market:
    """A second vault of the same pool, open for business; the borrower owes 10,000 there."""
    oracle = builder.oracle(market.oracle.price())
    vault = builder.vault(market.pool, market.collateral, oracle)
    market.council.queue_limit(vault, market.loans(150_000), sender=curator)
    chain.advance(3 * DAY)
    market.council.execute_queued(sender=curator)
    other = Market(
        market.builder,
        market.decimals,
        market.loan,
        market.collateral,
        oracle,
        market.pool,
        market.council,
        vault,
    )
    other.give(borrower)
    actor.provide(other)
    other.set_quote(2_000)
    other.open(borrower, 10, 10_000)
    other.set_quote(1_100)
    return other


@pytest.mark.parametrize("name", OUTER)
def test_another_vault_of_the_pool_may_be_used(
    market, vault, other_market, actor, borrower, other_borrower, name
):
    """Its books are true meanwhile: what is done there is what would be done at another time. P2, P3, V1."""
    other = other_market.vault
    actor.plan(
        (other.open, 10 * LOCKED, 10**10, actor, actor, b""),
        (other.liquidate, borrower, 10**9, 0, actor, b""),
        (other.repay, 10**9),
        (other.health, actor),
        (other.max_borrow, actor),
        (other.liquidate_batch, [order(borrower)], 0, actor, b""),
        (other.close, MAX, MAX, actor, actor, b""),
    )
    actor.act(*outer(market, actor, borrower, name))
    assert not any(isinstance(answer, Refusal) for answer in actor.answers())
    assert other_market.position(actor) == (0, 0)
    market.assert_sums([actor, borrower, other_borrower], *[other_market])
    other_market.assert_sums([actor, borrower], *[market])


def test_a_flash_loan_cannot_be_used_against_its_pool(chain, market, vault, borrower, deployer, stranger):
    """Inside, nothing can be drawn, settled or liquidated in this pool; collateral can be moved."""
    pool, flash = market.pool, chain.make("Intruder")
    for token in (market.loan, market.collateral):
        token.mint(flash, LOCKED, sender=stranger)
        for spender in (pool, vault):
            flash.approve(token, spender, MAX, sender=stranger)
    allowed = [(vault.deposit, 10**18), (vault.withdraw, 10**17), (vault.set_operator, borrower, 3)]
    refused = [
        (vault.borrow, 10**9),
        (vault.repay, 10**6, borrower),
        (vault.open, 10**18, 10**9),
        (vault.close, 1, 0, flash, borrower),
        (vault.liquidate, borrower, 10**9),
        (vault.liquidate_batch, [order(borrower)]),
        (vault.max_borrow, flash),
    ]
    for method, *arguments in (*allowed[:1], *refused[1:2], *refused[3:]):
        assert refusal(method, *arguments, sender=flash) is None, method
    before = DebtTotals(*pool.debt_totals()), balances(market, pool)
    intruder_plan(flash, *allowed, *refused)
    pool.flashLoan(flash, market.loan, 10**12, b"", sender=stranger)
    results = outcomes(flash)
    assert all(isinstance(result, bytes) for result in results[: len(allowed)])
    assert results[len(allowed) :] == [""] * len(refused)
    assert (DebtTotals(*pool.debt_totals()), balances(market, pool)) == before


def test_the_lock_opens_again(market, vault, actor, borrower, liquidator):
    """After a callback, and after one that failed."""
    actor.act(*outer(market, actor, borrower, "liquidate"))
    actor.act(vault.deposit, 1)
    actor.contract.refuse(True, sender=liquidator)
    assert actor.ask(*outer(market, actor, borrower, "open")) == Refusal("actor: refuses")
    actor.act(vault.deposit, 1)
    liquidate(market, borrower, liquidator, 10**9)
