"""Moving a request back into the stake."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.backstop import VIRTUAL
from plimsoll.units import DAY, NOBODY

UNIT = 10**9
STAKE = 20_000 * UNIT


@pytest.fixture
def dear(chain, backstop, pool, lender, other_lender, stranger):
    """The lender has asked to leave with one share, another with two; then a share has become worth 2.5."""
    for owner, shares in ((lender, 1), (other_lender, 2)):
        backstop.deposit(STAKE, owner, sender=owner)
        backstop.request(shares, sender=owner)
    pool.mint(backstop, 3 * STAKE, sender=stranger)
    backstop.sync(sender=stranger)
    chain.advance(14 * DAY)
    return backstop


def test_back_at_the_price_of_now(leaving, lender):
    shares = leaving.cancel.call(lender, sender=lender)
    receipt = leaving.cancel(lender, sender=lender)
    assert receipt.events == [
        leaving.Transfer(sender=NOBODY, receiver=lender, value=shares),
        leaving.DepartureCancelled(owner=lender, assets=STAKE // 2, shares=STAKE // 2),
    ]
    assert shares == STAKE // 2


def test_of_a_part_of_the_escrow_its_worth_is_rounded_down(backstop, pool, lender, other_lender, stranger):
    for owner in (lender, other_lender):
        backstop.deposit(STAKE, owner, sender=owner)
        backstop.request(STAKE // 2, sender=owner)
    pool.burn(backstop, 1_000_002, sender=stranger)
    assets, supply, _ = backstop.books()[1]
    worth, rest = divmod(STAKE // 2 * (assets + VIRTUAL), supply + VIRTUAL)
    assert rest > 0
    receipt = backstop.cancel(lender, sender=lender)
    assert receipt.of(backstop.DepartureCancelled)[0].assets == worth


def test_a_cancellation_to_nothing_is_refused_and_the_request_stays(
    chain, dear, lender, other_lender, stranger
):
    """Also for who would do it when the request has lapsed."""
    books, kept = dear.books(), dear.departure_of(lender)
    assert refusal(dear.cancel, lender, sender=lender) == "backstop: cancels to nothing"
    chain.advance(3 * DAY)
    assert refusal(dear.cancel, lender, sender=stranger) == "backstop: cancels to nothing"
    assert dear.departure_of(lender) == kept == (1, 0, kept[2])
    assert dear.books()[1] == books[1]
    assert refusal(dear.cancel, other_lender, sender=stranger) == "backstop: cancels to nothing"


def test_a_share_that_is_worth_one_is_given(chain, backstop, pool, lender, stranger):
    """Three pool shares buy one at a price of 2.5, two do not."""
    backstop.deposit(STAKE, lender, sender=lender)
    backstop.request(3, sender=lender)
    pool.mint(backstop, STAKE * 3 // 2, sender=stranger)
    backstop.sync(sender=stranger)
    chain.advance(14 * DAY)
    books = backstop.books()
    stake, supply, _ = books[0]
    assert 2 * (supply + VIRTUAL) < stake + VIRTUAL < 3 * (supply + VIRTUAL)
    assert backstop.cancel(lender, sender=lender).return_value == 1


def test_does_not_look_at_provisions(leaving, keep_back, lender):
    """Requests and cancellations move at the value without them."""
    keep_back(STAKE)
    assert leaving.cancel(lender, sender=lender).return_value == STAKE // 2
    assert leaving.request(STAKE // 2, sender=lender).return_value == STAKE // 2
