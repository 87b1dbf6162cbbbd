"""Queueing a guardian."""

from plimsoll.testing import refusal
from plimsoll.units import DAY, NOBODY


def test_queues(chain, council, curator, guardian):
    receipt = council.queue_guardian(guardian, sender=curator)
    ready = chain.now + 3 * DAY
    assert receipt.events == [council.Queued(subject=guardian, is_guardian=True, limit=0, ready=ready)]
    assert tuple(council.queued()) == (guardian, True, 0, 0, ready)
    assert council.guardian() == NOBODY


def test_is_named_after_the_delay(chain, council, curator, guardian):
    council.queue_guardian(guardian, sender=curator)
    chain.advance(3 * DAY - 1)
    assert refusal(council.execute_queued, sender=curator) == "council: too early"
    chain.advance(1)
    receipt = council.execute_queued(sender=curator)
    assert receipt.events == [council.GuardianSet(guardian=guardian)]
    assert council.guardian() == guardian
    assert council.queued().ready == 0


def test_takes_the_place_of_another(chain, guarded, curator, guardian, stranger):
    guarded.queue_guardian(stranger, sender=curator)
    assert guarded.guardian() == guardian
    chain.advance(3 * DAY)
    guarded.execute_queued(sender=curator)
    assert guarded.guardian() == stranger


def test_also_before_opening(closed, curator, guardian):
    assert refusal(closed.queue_guardian, guardian, sender=curator) is None


def test_needs_a_name(council, curator):
    assert refusal(council.queue_guardian, NOBODY, sender=curator) == "council: no guardian"


def test_one_change_at_a_time(council, curator, guardian, vault, stranger):
    council.queue_guardian(guardian, sender=curator)
    reason = "council: one change at a time"
    assert refusal(council.queue_guardian, stranger, sender=curator) == reason
    assert refusal(council.queue_limit, vault, 10**11 + 1, sender=curator) == reason


def test_only_the_curator(guarded, guardian, stranger):
    for caller in (guardian, stranger):
        assert refusal(guarded.queue_guardian, caller, sender=caller) == "council: not the curator"
