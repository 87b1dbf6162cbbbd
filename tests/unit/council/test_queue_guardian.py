"""Queueing a guardian."""

from plimsoll.units import DAY, NOBODY
from tests.utils.calls import refusal, send
from tests.utils.clock import now, pass_time


def test_queues(council, curator, guardian):
    receipt = council.queue_guardian(guardian, sender=curator)
    ready = now() + 3 * DAY
    assert receipt.events == [council.Queued(subject=guardian, is_guardian=True, limit=0, ready=ready)]
    assert tuple(council.queued()) == (guardian, True, 0, 0, ready)
    assert council.guardian() == NOBODY


def test_is_named_after_the_delay(council, curator, guardian):
    send(council.queue_guardian, guardian, sender=curator)
    pass_time(3 * DAY - 1)
    assert refusal(council.execute_queued, sender=curator) == "council: too early"
    pass_time(1)
    receipt = council.execute_queued(sender=curator)
    assert receipt.events == [council.GuardianSet(guardian=guardian)]
    assert council.guardian() == guardian
    assert council.queued().ready == 0


def test_takes_the_place_of_another(guarded, curator, guardian, stranger):
    send(guarded.queue_guardian, stranger, sender=curator)
    assert guarded.guardian() == guardian
    pass_time(3 * DAY)
    send(guarded.execute_queued, sender=curator)
    assert guarded.guardian() == stranger


def test_also_before_opening(closed, curator, guardian):
    assert refusal(closed.queue_guardian, guardian, sender=curator) is None


def test_needs_a_name(council, curator):
    assert refusal(council.queue_guardian, NOBODY, sender=curator) == "council: no guardian"


def test_one_change_at_a_time(council, curator, guardian, vault, stranger):
    send(council.queue_guardian, guardian, sender=curator)
    reason = "council: one change at a time"
    assert refusal(council.queue_guardian, stranger, sender=curator) == reason
    assert refusal(council.queue_limit, vault, 10**11 + 1, sender=curator) == reason


def test_only_the_curator(guarded, guardian, stranger):
    for caller in (guardian, stranger):
        assert refusal(guarded.queue_guardian, caller, sender=caller) == "council: not the curator"
