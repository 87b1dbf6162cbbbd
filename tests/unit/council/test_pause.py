"""The guardian's pause, and how it ends."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY


@pytest.fixture
def paused(guarded, guardian):
    """The council just after the guardian has paused."""
    guarded.pause(sender=guardian)
    return guarded


def test_for_seven_days(chain, guarded, pool, lender, guardian):
    receipt = guarded.pause(sender=guardian)
    assert receipt.events == [pool.PauseSet(until=chain.now + 7 * DAY)]
    assert guarded.pause_started() == chain.now
    assert refusal(pool.deposit, 1, lender, sender=lender) == "pool: paused"
    chain.advance(7 * DAY - 1)
    assert refusal(pool.deposit, 1, lender, sender=lender) == "pool: paused"
    chain.advance(1)
    assert refusal(pool.deposit, 1, lender, sender=lender) is None


def test_not_again_within_fourteen_days_of_its_start(chain, paused, guardian):
    for _ in range(2):
        chain.advance(7 * DAY - 1)
        assert refusal(paused.pause, sender=guardian) == "council: paused too recently"
    chain.advance(2)
    assert refusal(paused.pause, sender=guardian) is None


def test_not_even_by_another_guardian(chain, paused, pool, curator, stranger):
    """A curator who names guardian after guardian cannot keep the pool paused."""
    paused.unpause(sender=curator)
    paused.queue_guardian(stranger, sender=curator)
    chain.advance(3 * DAY)
    paused.execute_queued(sender=curator)
    assert refusal(paused.pause, sender=stranger) == "council: paused too recently"
    chain.advance(11 * DAY - 1)
    assert refusal(paused.pause, sender=stranger) == "council: paused too recently"
    chain.advance(1)
    assert refusal(paused.pause, sender=stranger) is None


def test_not_even_after_it_was_lifted(paused, curator, guardian):
    paused.unpause(sender=curator)
    assert refusal(paused.pause, sender=guardian) == "council: paused too recently"


def test_lifted_by_the_curator_at_any_time(paused, pool, lender, curator):
    receipt = paused.unpause(sender=curator)
    assert receipt.events == [pool.PauseSet(until=0)]
    assert pool.paused_until() == 0
    assert refusal(pool.deposit, 1, lender, sender=lender) is None


def test_lifted_by_anyone_once_it_is_over(chain, paused, pool, guardian, stranger):
    chain.advance(7 * DAY - 1)
    for caller in (guardian, stranger):
        assert refusal(paused.unpause, sender=caller) == "council: pause not over"
    chain.advance(1)
    receipt = paused.unpause(sender=stranger)
    assert receipt.events == [pool.PauseSet(until=0)]


def test_no_pause_to_lift(council, curator, stranger):
    assert refusal(council.unpause, sender=curator) == "council: no pause"
    assert refusal(council.unpause, sender=stranger) == "council: no pause"


def test_only_the_guardian(guarded, curator, stranger):
    for caller in (curator, stranger):
        assert refusal(guarded.pause, sender=caller) == "council: not the guardian"


def test_leaves_every_way_out_open(paused, market, pool, lender):
    """X1."""
    assert refusal(pool.withdraw, 1, lender, lender, sender=lender) is None
    assert refusal(pool.redeem, 1_000, lender, lender, sender=lender) is None
    assert refusal(pool.exit, 1_000, 1, lender, lender, sender=lender) is None


def test_leaves_repaying_and_liquidating_open(guarded, market, borrower, lender, guardian):
    """X1."""
    vault = market.vault
    vault.open(market.collaterals(10), market.loans(15_000), sender=borrower)
    guarded.pause(sender=guardian)
    assert refusal(vault.borrow, 1, sender=borrower) == "pool: paused"
    assert refusal(vault.repay, market.loans(1), sender=borrower) is None
    assert refusal(vault.deposit, 1, sender=borrower) is None
    assert refusal(vault.withdraw, 1, sender=borrower) is None
    market.set_quote(1_700)
    assert refusal(vault.liquidate, borrower, market.loans(5_000), sender=lender) is None
