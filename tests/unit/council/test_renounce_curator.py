"""Leaving the office for ever."""

from plimsoll.testing import refusal
from plimsoll.units import DAY, NOBODY

TOKEN = 10**6


def test_leaves_nobody(council, pool, vault, curator):
    receipt = council.renounce_curator(sender=curator)
    assert receipt.events == [
        council.GuardianSet(guardian=NOBODY),
        council.CuratorSet(curator=NOBODY),
    ]
    assert council.curator() == NOBODY
    for method, *arguments in (
        (council.set_limit, vault, 0),
        (council.queue_limit, vault, 200_000 * TOKEN),
        (council.queue_guardian, curator),
        (council.set_supply_cap, 0),
        (council.transfer_curator, curator),
        (council.renounce_curator,),
        (council.remove_guardian,),
        (council.restore_limit, vault, 1),
    ):
        assert refusal(method, *arguments, sender=curator) == "council: not the curator"
    assert pool.credit_line(vault)[0] == 100_000 * TOKEN  # limits stay


def test_takes_all_that_could_still_happen_with_it(chain, guarded, pool, vault, curator, guardian, operator):
    """The queued change, the pause, the guardian and the successor."""
    guarded.pause(sender=guardian)
    guarded.queue_limit(vault, 200_000 * TOKEN, sender=curator)
    guarded.transfer_curator(operator, sender=curator)

    receipt = guarded.renounce_curator(sender=curator)

    assert receipt.events == [
        guarded.QueueCancelled(subject=vault),
        guarded.GuardianSet(guardian=NOBODY),
        guarded.CuratorSet(curator=NOBODY),
        pool.PauseSet(until=0),
    ]
    assert pool.paused_until() == 0
    assert refusal(guarded.accept_curator, sender=operator) == "council: not proposed"
    assert refusal(guarded.pause, sender=guardian) == "council: not the guardian"
    assert refusal(guarded.cancel_queued, sender=guardian) == "council: neither role"
    chain.advance(3 * DAY)
    assert refusal(guarded.execute_queued, sender=curator) == "council: not the curator"


def test_not_before_opening(closed, curator):
    """Nobody could open the pool any more."""
    assert refusal(closed.renounce_curator, sender=curator) == "council: open the pool first"
    closed.open_pool(sender=curator)
    assert refusal(closed.renounce_curator, sender=curator) is None


def test_the_pool_goes_on(council, market, pool, vault, lender, borrower, curator):
    council.renounce_curator(sender=curator)
    assert refusal(pool.deposit, 1, lender, sender=lender) is None
    assert refusal(vault.open, market.collaterals(10), market.loans(10_000), sender=borrower) is None
    assert refusal(pool.exit, 2**256 - 1, 1, lender, lender, sender=lender) is None


def test_only_the_curator(guarded, guardian, stranger):
    for caller in (guardian, stranger):
        assert refusal(guarded.renounce_curator, sender=caller) == "council: not the curator"
