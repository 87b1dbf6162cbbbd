"""Naming who gets the part of payouts that the backstop does not."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY


def test_names_and_unnames(council, curator, receiver):
    for one in (receiver, NOBODY):
        event = council.set_payout_receiver(one, sender=curator).events
        assert event == [council.PayoutReceiverSet(receiver=one)]
        assert council.payout_receiver() == one


def test_not_the_pool(council, pool, backstop, curator):
    assert refusal(council.set_payout_receiver, pool, sender=curator) == "council: receiver is the pool"
    assert refusal(council.set_payout_receiver, backstop, sender=curator) is None


def test_only_the_curator(guarded, guardian, stranger):
    for caller in (guardian, stranger):
        reason = refusal(guarded.set_payout_receiver, stranger, sender=caller)
        assert reason == "council: not the curator"
