"""Dropping a queued change."""

from plimsoll.testing import refusal
from plimsoll.units import DAY, NOBODY

TOKEN = 10**6


def test_by_the_curator(chain, raising, vault, curator):
    receipt = raising.cancel_queued(sender=curator)
    assert receipt.events == [raising.QueueCancelled(subject=vault)]
    assert tuple(raising.queued()) == (NOBODY, False, 0, 0, 0)
    chain.advance(3 * DAY)
    assert refusal(raising.execute_queued, sender=curator) == "council: nothing queued"


def test_by_the_guardian(chain, guarded, vault, curator, guardian):
    guarded.queue_limit(vault, 200_000 * TOKEN, sender=curator)
    chain.advance(3 * DAY)
    receipt = guarded.cancel_queued(sender=guardian)
    assert receipt.events == [guarded.QueueCancelled(subject=vault)]


def test_the_guardian_can_cancel_his_successor(guarded, curator, guardian, stranger):
    """The curator can then remove him at once."""
    guarded.queue_guardian(stranger, sender=curator)
    guarded.cancel_queued(sender=guardian)
    assert refusal(guarded.remove_guardian, sender=curator) is None


def test_makes_room(raising, new_vault, curator):
    raising.cancel_queued(sender=curator)
    assert refusal(raising.queue_limit, new_vault, 1, sender=curator) is None


def test_nothing_to_cancel(council, curator):
    assert refusal(council.cancel_queued, sender=curator) == "council: nothing to cancel"


def test_nobody_else(raising, stranger, lender):
    assert refusal(raising.cancel_queued, sender=stranger) == "council: neither role"
    assert refusal(raising.cancel_queued, sender=lender) == "council: neither role"
