"""`deposit`: lanes, masks, and what a leg that is new to an owner must be worth."""

import pytest

from plimsoll.testing.roles import BORROWER, LIQUIDATOR, STRANGER
from plimsoll.units import MAX, NOBODY, PRICE_SCALE

LANE_TOP = 2**128 - 1


def test_every_leg_has_a_lane_of_its_own(eight):
    """Two a word, the even one below; the mask says which are held. By anybody, for anybody."""
    mask = 0
    for leg in (5, 0, 7, 2, 1, 6, 3, 4):
        amount = eight.of_leg(leg, 1_000) + leg
        eight.act("deposit", leg, amount, BORROWER, sender=STRANGER)
        mask |= 1 << leg
        assert eight.word(eight.basket, "book.positions", BORROWER) == mask
        lanes = eight.word(eight.basket, "basket.amounts", BORROWER, offset=leg >> 1)
        assert (lanes >> 128 * (leg & 1)) % 2**128 == amount
        assert eight.position()[0][leg] == amount
    assert eight.debt() == 0


def test_no_such_leg(place, eight):
    for amount in (0, 1, MAX):
        for leg in (3, 4, 7, 8, 255, 2**128, MAX):
            place.refused("basket: no such leg", "deposit", leg, amount, BORROWER, sender=BORROWER)
    eight.refused("basket: no such leg", "deposit", 8, 1, BORROWER, sender=BORROWER)


def test_for_nobody(place):
    place.refused("vault: zero owner", "deposit", 0, 1, NOBODY, sender=BORROWER)


def test_of_nothing(place):
    """Changes nothing, and makes no leg a leg that is held."""
    place.act("deposit", 0, 0, BORROWER, sender=STRANGER)
    assert place.word(place.basket, "book.positions", BORROWER) == 0
    place.hold(1)
    place.act("deposit", 1, 0, BORROWER, sender=STRANGER)
    assert place.word(place.basket, "book.positions", BORROWER) == 1


def test_needs_allowance_and_balance(place):
    place.act("approve", place.basket.address, 10**18 - 1, sender=BORROWER, of="token0")
    place.refused("token: allowance too small", "deposit", 0, 10**18, BORROWER, sender=BORROWER)
    held = place.tokens[1].balanceOf(BORROWER)
    place.refused("token: balance too small", "deposit", 1, held + 1, BORROWER, sender=BORROWER)


def least(place, leg: int) -> int:
    """The least amount of a leg that may enter: worth a hundredth of the minimum debt."""
    worth = -(-place.risk.min_debt // 100)
    return -(-worth * PRICE_SCALE // place.fair[leg])


@pytest.mark.parametrize("leg", range(8))
def test_a_new_leg_is_worth_a_hundredth_of_the_minimum_debt(eight, leg):
    """To the unit; more of what is held may be any amount; what has left enters anew."""
    amount = least(eight, leg)
    reason = "basket: too little of a new leg"
    for little in (1, amount - 1):
        eight.refused(reason, "deposit", leg, little, BORROWER, sender=BORROWER)
        eight.refused(reason, "open", leg, little, 0, BORROWER, BORROWER, sender=BORROWER)
    with eight.isolated():
        eight.act("open", leg, amount, 0, BORROWER, BORROWER, sender=BORROWER)
    eight.act("deposit", leg, amount, BORROWER, sender=BORROWER)
    eight.act("deposit", leg, 1, BORROWER, sender=STRANGER)
    eight.act("withdraw", leg, amount, BORROWER, BORROWER, sender=BORROWER)
    eight.act("deposit", leg, 1, BORROWER, sender=STRANGER)  # one unit was left: it is still held
    eight.act("withdraw", leg, 2, BORROWER, BORROWER, sender=BORROWER)
    eight.refused(reason, "deposit", leg, 1, BORROWER, sender=STRANGER)


def test_a_new_leg_is_judged_at_its_price(place):
    """Not at the safe one, nor at its ceiling; in the block's price, a millionth of it is too little."""
    amount = least(place, 0)
    place.set_price(0, place.fair[0], 1)
    place.act("deposit", 0, amount, BORROWER, sender=BORROWER)
    place.set_price(1, place.fair[1] // 10**6)
    reason = "basket: too little of a new leg"
    place.refused(reason, "deposit", 1, place.of_leg(1, "0.5"), BORROWER, sender=BORROWER)
    place.set_price(1, 0)
    place.refused(reason, "deposit", 1, place.of_leg(1, 100), BORROWER, sender=BORROWER)
    place.set_price(1, MAX)
    place.act("deposit", 1, 1, BORROWER, sender=BORROWER)


def test_a_leg_whose_oracle_is_silent_does_not_enter(place):
    """More of one that is held does: a top-up asks no oracle."""
    place.hold(1)
    place.silence(0, 1)
    place.refused("lying oracle: silent", "deposit", 1, place.of_leg(1, 1), BORROWER, sender=BORROWER)
    arguments = (1, place.of_leg(1, 1), 0, BORROWER, BORROWER)
    place.refused("lying oracle: silent", "open", *arguments, sender=BORROWER)
    place.act("deposit", 0, 1, BORROWER, sender=STRANGER)


def test_lanes_at_their_top(place):
    """A37: 2^128 - 1 is held; one more by anybody is refused; the neighbour in the word stays."""
    for leg in (0, 1):
        place.act("mint", STRANGER, 2**130, sender=STRANGER, of=f"token{leg}")
    place.hold(1, 1)
    for leg in (0, 1):
        room = LANE_TOP - place.position()[0][leg]
        for more in (room + 1, 2**128, MAX):
            place.refused("vault: too much collateral", "deposit", leg, more, BORROWER, sender=STRANGER)
            arguments = (leg, more, 0, BORROWER, BORROWER)
            place.refused("vault: too much collateral", "open", *arguments, sender=BORROWER)
        place.act("deposit", leg, room, BORROWER, sender=STRANGER)
        place.refused("vault: too much collateral", "deposit", leg, 1, BORROWER, sender=LIQUIDATOR)
    assert place.position() == ((LANE_TOP, LANE_TOP, 0), 0)
    assert place.word(place.basket, "basket.amounts", BORROWER) == MAX
    place.act("withdraw", 0, LANE_TOP, BORROWER, BORROWER, sender=BORROWER)
    assert place.position() == ((0, LANE_TOP, 0), 0)
