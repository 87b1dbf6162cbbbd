"""Carrying out a queued change."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, MAX, NOBODY

TOKEN = 10**6


def test_raises(chain, raising, pool, vault, curator):
    chain.advance(3 * DAY)
    receipt = raising.execute_queued(sender=curator)
    assert receipt.events == [pool.LimitSet(vault=vault, limit=200_000 * TOKEN)]
    assert pool.credit_line(vault)[0] == 200_000 * TOKEN
    assert tuple(raising.queued()) == (NOBODY, False, 0, 0, 0)


def test_registers_a_new_vault(chain, council, pool, new_vault, curator):
    council.queue_limit(new_vault, 50_000 * TOKEN, sender=curator)
    vault = new_vault
    chain.advance(3 * DAY)
    assert refusal(pool.draw, 1, curator, sender=vault) == "pool: not a vault"
    council.execute_queued(sender=curator)
    assert refusal(pool.draw, 50_000 * TOKEN, curator, sender=vault) is None


def test_within_three_days_after_the_delay(chain, raising, curator):
    chain.advance(3 * DAY - 1)
    assert refusal(raising.execute_queued, sender=curator) == "council: too early"
    chain.advance(1)
    assert refusal(raising.execute_queued, sender=curator) is None
    chain.advance(3 * DAY)
    assert refusal(raising.execute_queued, sender=curator) is None
    chain.advance(1)
    assert refusal(raising.execute_queued, sender=curator) == "council: too late"


def test_once(chain, raising, curator):
    chain.advance(3 * DAY)
    raising.execute_queued(sender=curator)
    assert refusal(raising.execute_queued, sender=curator) == "council: nothing queued"


def test_nothing_queued(council, curator):
    assert refusal(council.execute_queued, sender=curator) == "council: nothing queued"


def test_only_the_curator(chain, guarded, vault, curator, guardian, stranger):
    guarded.queue_limit(vault, 200_000 * TOKEN, sender=curator)
    chain.advance(3 * DAY)
    for caller in (guardian, stranger):
        assert refusal(guarded.execute_queued, sender=caller) == "council: not the curator"


def test_clipped_when_total_assets_fell(chain, council, pool, new_vault, lender, curator):
    """A twentieth of the smaller of total assets then and now."""
    council.queue_limit(new_vault, 50_000 * TOKEN, sender=curator)
    pool.exit(MAX, 0, lender, lender, sender=lender)
    pool.deposit(300_000 * TOKEN, lender, sender=lender)
    chain.advance(3 * DAY)
    receipt = council.execute_queued(sender=curator)
    assert receipt.events == [pool.LimitSet(vault=new_vault, limit=15_000 * TOKEN)]


def test_not_stretched_when_total_assets_rose(chain, council, pool, new_vault, lender, curator):
    """Nor by assets that are there for this block only."""
    council.queue_limit(new_vault, 40_000 * TOKEN, sender=curator)
    pool.deposit(9_000_000 * TOKEN, lender, sender=lender)
    chain.advance(3 * DAY)
    receipt = council.execute_queued(sender=curator)
    assert receipt.events == [pool.LimitSet(vault=new_vault, limit=40_000 * TOKEN)]


def test_assets_borrowed_for_the_queueing_do_not_help(chain, council, pool, new_vault, lender, curator):
    """Queued on nine million that left again: at execution the million counts."""
    pool.deposit(8_000_000 * TOKEN, lender, sender=lender)
    council.queue_limit(new_vault, 450_000 * TOKEN, sender=curator)
    pool.withdraw(8_000_000 * TOKEN, lender, lender, sender=lender)
    chain.advance(3 * DAY)
    receipt = council.execute_queued(sender=curator)
    assert receipt.events == [pool.LimitSet(vault=new_vault, limit=50_000 * TOKEN)]


def test_clipped_when_the_limit_fell_by_a_loss(chain, raising, pool, vault, lender, curator):
    """What is granted starts from what is left: 100,000 less 70,000, and a twentieth of 930,000."""
    impersonated = vault
    pool.draw(70_000 * TOKEN, lender, sender=impersonated)
    pool.settle(70_000 * TOKEN * 1_000, 0, sender=impersonated)
    assert pool.credit_line(vault)[0] == 30_000 * TOKEN
    chain.advance(3 * DAY)
    receipt = raising.execute_queued(sender=curator)
    assert receipt.events == [pool.LimitSet(vault=vault, limit=(30_000 + 46_500) * TOKEN)]


@pytest.mark.parametrize("by", ["curator", "queue"])
def test_a_line_is_not_raised_twice_in_a_block(chain, raising, pool, vault, new_vault, curator, by):
    """The next change has to be queued, and waits again."""
    chain.advance(3 * DAY)
    raising.execute_queued(sender=curator)
    if by == "curator":
        reason = refusal(raising.set_limit, vault, 200_001 * TOKEN, sender=curator)
        assert reason == "council: limit may only fall"
    else:
        raising.queue_limit(vault, 400_000 * TOKEN, sender=curator)
        assert refusal(raising.execute_queued, sender=curator) == "council: too early"
    assert pool.credit_line(vault)[0] == 200_000 * TOKEN


def test_a_successor_executes_what_was_queued(chain, raising, pool, vault, curator, operator):
    """The office queues, not the person; he may cancel it as well."""
    raising.transfer_curator(operator, sender=curator)
    raising.accept_curator(sender=operator)
    chain.advance(3 * DAY)
    assert refusal(raising.execute_queued, sender=curator) == "council: not the curator"
    assert refusal(raising.cancel_queued, sender=operator) is None
    raising.execute_queued(sender=operator)
    assert pool.credit_line(vault)[0] == 200_000 * TOKEN
