"""Handing the office over, in two steps."""

from plimsoll.testing import refusal
from plimsoll.units import NOBODY


def test_proposed_and_accepted(council, curator, operator):
    receipt = council.transfer_curator(operator, sender=curator)
    assert receipt.events == [council.CuratorProposed(curator=operator)]
    assert council.pending_curator() == operator
    assert council.curator() == curator
    assert refusal(council.set_supply_cap, 1, sender=operator) == "council: not the curator"

    receipt = council.accept_curator(sender=operator)
    assert receipt.events == [council.CuratorSet(curator=operator)]
    assert council.curator() == operator
    assert council.pending_curator() == NOBODY
    assert refusal(council.set_supply_cap, 1, sender=operator) is None
    assert refusal(council.set_supply_cap, 1, sender=curator) == "council: not the curator"


def test_only_who_was_proposed_accepts(council, curator, operator, stranger):
    assert refusal(council.accept_curator, sender=operator) == "council: not proposed"
    council.transfer_curator(operator, sender=curator)
    for caller in (stranger, curator):
        assert refusal(council.accept_curator, sender=caller) == "council: not proposed"


def test_once(council, curator, operator):
    council.transfer_curator(operator, sender=curator)
    council.accept_curator(sender=operator)
    assert refusal(council.accept_curator, sender=operator) == "council: not proposed"


def test_a_proposal_can_be_withdrawn_or_replaced(council, curator, operator, stranger):
    council.transfer_curator(operator, sender=curator)
    council.transfer_curator(NOBODY, sender=curator)
    assert refusal(council.accept_curator, sender=operator) == "council: not proposed"
    council.transfer_curator(operator, sender=curator)
    council.transfer_curator(stranger, sender=curator)
    assert refusal(council.accept_curator, sender=operator) == "council: not proposed"
    assert refusal(council.accept_curator, sender=stranger) is None


def test_only_the_curator(guarded, guardian, stranger):
    for caller in (guardian, stranger):
        assert refusal(guarded.transfer_curator, caller, sender=caller) == "council: not the curator"
