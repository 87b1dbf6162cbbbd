"""Withdrawing an announced payout."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY

TOKEN = 10**6


@pytest.fixture
def announced(guarded, donate, stranger):
    """The council of a pool with a guardian and an announcement of 100,000."""
    donate(150_000 * TOKEN)
    guarded.announce(sender=stranger)
    return guarded


@pytest.mark.parametrize("days", [0, 3, 8])
def test_forgets_it(chain, announced, guardian, stranger, days):
    """While it waits, while it is payable, and when it has lapsed."""
    chain.advance(days * DAY)
    receipt = announced.cancel_payout(sender=guardian)
    assert receipt.events == [announced.PayoutCancelled(amount=100_000 * TOKEN)]
    assert announced.announced() == announced.announced_at() == 0
    assert refusal(announced.distribute, sender=stranger) == "council: nothing announced"


def test_the_next_one_waits_anew(chain, announced, backstop, lender, guardian, stranger):
    backstop.deposit(100_000 * TOKEN * 1_000, lender, sender=lender)
    chain.advance(3 * DAY)
    assert refusal(announced.distribute, sender=stranger) is None
    announced.cancel_payout(sender=guardian)
    announced.announce(sender=stranger)
    assert refusal(announced.distribute, sender=stranger) == "council: payout too early"


def test_nothing_to_withdraw(announced, guardian):
    announced.cancel_payout(sender=guardian)
    assert refusal(announced.cancel_payout, sender=guardian) == "council: no payout announced"


def test_only_the_guardian(announced, curator, guardian, stranger):
    for caller in (curator, stranger):
        assert refusal(announced.cancel_payout, sender=caller) == "council: not the guardian"
    assert refusal(announced.cancel_payout, sender=guardian) is None
