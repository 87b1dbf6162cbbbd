"""Dismissing the guardian."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY


def test_at_once(guarded, vault, curator, guardian):
    receipt = guarded.remove_guardian(sender=curator)
    assert receipt.events == [guarded.GuardianSet(guardian=NOBODY)]
    assert guarded.guardian() == NOBODY
    assert refusal(guarded.pause, sender=guardian) == "council: not the guardian"
    assert refusal(guarded.cut_limit, vault, sender=guardian) == "council: not the guardian"


def test_a_queued_guardian_stays_queued(council, curator, guardian):
    council.queue_guardian(guardian, sender=curator)
    council.remove_guardian(sender=curator)
    assert council.queued().subject == guardian


def test_only_the_curator(guarded, guardian, stranger):
    for caller in (guardian, stranger):
        assert refusal(guarded.remove_guardian, sender=caller) == "council: not the curator"
