"""Announcing a payout."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY

TOKEN = 10**6
EXCESS = 100_000 * TOKEN


def test_announces_the_excess(chain, rich, stranger):
    receipt = rich.announce(sender=stranger)
    assert receipt.return_value == EXCESS
    assert receipt.events == [rich.Announced(amount=EXCESS)]
    assert (rich.announced(), rich.announced_at()) == (EXCESS, chain.now)


def test_there_has_to_be_an_excess(council, donate, stranger):
    donate(50_000 * TOKEN)
    assert refusal(council.announce, sender=stranger) == "council: no excess"
    donate(1)
    assert refusal(council.announce, sender=stranger) is None


def test_not_before_opening(chain, closed, market, curator, stranger):
    market.loan.mint(closed.pool(), 1, sender=stranger)
    assert refusal(closed.announce, sender=stranger) == "council: pool still closed"
    closed.open_pool(sender=curator)
    assert refusal(closed.announce, sender=stranger) is None


@pytest.mark.parametrize("days", [0, 2.99])
def test_one_that_waits_gives_way_to_one_half_as_large_again(chain, rich, donate, stranger, days):
    rich.announce(sender=stranger)
    chain.advance(int(days * DAY))
    donate(50_000 * TOKEN - 1)
    assert refusal(rich.announce, sender=stranger) == "council: already announced"
    donate(1)
    receipt = rich.announce(sender=stranger)
    assert receipt.events == [rich.Announced(amount=150_000 * TOKEN)]
    assert rich.announced_at() == chain.now  # waits anew


def test_half_of_an_odd_amount_counts(council, donate, stranger):
    """Three units give way to five, not to four."""
    donate(50_000 * TOKEN + 3)
    council.announce(sender=stranger)
    donate(1)
    assert refusal(council.announce, sender=stranger) == "council: already announced"
    donate(1)
    assert refusal(council.announce, sender=stranger) is None


def test_one_that_is_payable_stays(chain, rich, donate, stranger):
    """From three to seven days after it, whatever has come since."""
    rich.announce(sender=stranger)
    donate(900_000 * TOKEN)
    chain.advance(3 * DAY - 1)
    assert refusal(rich.announce, sender=stranger) is None
    chain.advance(1)
    assert refusal(rich.announce, sender=stranger) == "council: a payout is due"
    chain.advance(4 * DAY)
    assert refusal(rich.announce, sender=stranger) == "council: a payout is due"
    chain.advance(1)
    assert refusal(rich.announce, sender=stranger) is None


def test_a_lapsed_one_gives_way_to_a_smaller(chain, rich, market, stranger):
    rich.announce(sender=stranger)
    chain.advance(7 * DAY + 1)
    market.loan.burn(market.pool, EXCESS - 1, sender=stranger)
    assert rich.announce(sender=stranger).events == [rich.Announced(amount=1)]
