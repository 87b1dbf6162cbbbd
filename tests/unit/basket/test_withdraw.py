"""`withdraw`: what the other legs must carry, and what needs neither oracle nor pool."""

import pytest

from plimsoll.testing.roles import BORROWER, CURATOR, LIQUIDATOR, OPERATOR, RECEIVER, STRANGER
from plimsoll.units import DAY, MAX, NOBODY, PRICE_SCALE

ABOVE = "vault: above the loan-to-value"


def test_without_debt_asks_nobody(eight):
    """Every oracle silent: leg by leg, in part and in full; bits go with their legs."""
    eight.hold(1, 1, 1_000, 200, 1_000, 5_000, 10, 1)
    eight.silence(*range(8))
    for leg in (7, 0, 4, 1, 2, 6, 5, 3):
        amount = eight.position()[0][leg]
        eight.act("withdraw", leg, amount - 1, RECEIVER, BORROWER, sender=BORROWER)
        assert eight.word(eight.basket, "book.positions", BORROWER) >> leg & 1
        eight.act("withdraw", leg, 1, BORROWER, BORROWER, sender=BORROWER)
        assert not eight.word(eight.basket, "book.positions", BORROWER) >> leg & 1
    assert eight.word(eight.basket, "book.positions", BORROWER) == 0


def test_without_debt_the_pool_may_be_gone(place):
    """Nothing is accrued and nothing settled: the books are as before, a year later."""
    place.hold(1)
    books = place.word(place.pool, "ledger.books")
    place.advance(DAY)
    place.act("withdraw", 0, 1, BORROWER, BORROWER, sender=BORROWER)
    assert place.word(place.pool, "ledger.books") == books


def test_not_more_than_held(lent):
    """Of each leg; the lane beside it lends nothing."""
    for leg, amount in enumerate(lent.position()[0]):
        for more in (amount + 1, amount + 2**127, 2**128, MAX - 1):
            arguments = (leg, more, BORROWER, BORROWER)
            lent.refused("vault: not enough collateral", "withdraw", *arguments, sender=BORROWER)
    lent.refused("basket: no such leg", "withdraw", 3, 1, BORROWER, BORROWER, sender=BORROWER)
    lent.refused("basket: no such leg", "withdraw", MAX, 0, BORROWER, BORROWER, sender=BORROWER)


@pytest.mark.parametrize("leg", range(3))
def test_up_to_what_the_others_carry(lent, leg):
    """The most that the Lens promises goes; what is worth four base units more does not."""
    lent.borrow(8_000)
    most = lent.twin.max_withdraw(BORROWER, leg)
    assert 0 < most < lent.position()[0][leg]
    with lent.isolated():
        lent.act("withdraw", leg, most, BORROWER, BORROWER, sender=BORROWER)
    more = most + -(-4 * PRICE_SCALE // lent.fair[leg])
    lent.refused(ABOVE, "withdraw", leg, more, BORROWER, BORROWER, sender=BORROWER)


def test_a_silent_leg_carries_nothing(lent):
    """It may go itself as far as the others carry the debt, which they are asked for."""
    lent.silence(2)
    lent.act("withdraw", 2, lent.position()[0][2], BORROWER, BORROWER, sender=BORROWER)
    lent.silence(0)  # 21,000 are left
    for leg in (0, 1):
        lent.refused(ABOVE, "withdraw", leg, 1, BORROWER, BORROWER, sender=BORROWER)
    lent.act("repay", lent.loans(9_100), BORROWER, sender=STRANGER)
    lent.act("withdraw", 0, lent.position()[0][0], BORROWER, BORROWER, sender=BORROWER)
    assert lent.position()[0][0] == 0


@pytest.mark.parametrize(("price", "safe_price"), [(0, 1), (1, 0)])
def test_one_price_of_two_makes_a_leg_silent(lent, price, safe_price):
    """It takes both for a leg to carry anything."""
    fair = lent.fair[1]
    lent.set_price(1, price * fair, safe_price * fair)
    lent.refused(ABOVE, "withdraw", 2, 1, BORROWER, BORROWER, sender=BORROWER)
    lent.set_price(1, fair)
    lent.act("withdraw", 2, 1, BORROWER, BORROWER, sender=BORROWER)


def test_a_leg_carries_at_most_its_ceiling(lent):
    """Ten times its first price; beyond, the safe price counts no more."""
    lent.act("withdraw", 0, lent.position()[0][0] - lent.of_leg(0, 1), BORROWER, BORROWER, sender=BORROWER)
    lent.set_price(0, lent.legs[0].ceiling)
    at_ceiling = lent.twin.max_withdraw(BORROWER, 1)
    assert 0 < at_ceiling < lent.position()[0][1]
    for price in (lent.legs[0].ceiling + 1, 2**128, 2**200, MAX):
        lent.set_price(0, price)
        assert lent.twin.max_withdraw(BORROWER, 1) == at_ceiling
        with lent.isolated():
            lent.act("withdraw", 1, at_ceiling, BORROWER, BORROWER, sender=BORROWER)
        more = at_ceiling + 10
        lent.refused(ABOVE, "withdraw", 1, more, BORROWER, BORROWER, sender=BORROWER)


def test_where_to(lent):
    """Never to the basket or to nobody, not even nothing."""
    for receiver in (NOBODY, lent.basket.address):
        for amount in (0, 1):
            lent.refused("vault: bad receiver", "withdraw", 0, amount, receiver, BORROWER, sender=BORROWER)
    lent.act("withdraw", 0, 1, lent.pool.address, BORROWER, sender=BORROWER)


def test_only_by_the_owner(lent):
    """An operator needs the right; nothing may be withdrawn by anybody."""
    for thief in (STRANGER, OPERATOR, LIQUIDATOR, CURATOR):
        lent.refused("vault: not authorised", "withdraw", 0, 1, thief, BORROWER, sender=thief)
    word = lent.twin.word_of(BORROWER)
    lent.act("withdraw", 0, 0, STRANGER, BORROWER, sender=STRANGER)
    assert lent.twin.word_of(BORROWER) == word
    lent.act("set_operator", OPERATOR, 2, sender=BORROWER)
    lent.refused("vault: not authorised", "withdraw", 0, 1, OPERATOR, BORROWER, sender=OPERATOR)
    lent.act("set_operator", OPERATOR, 1, sender=BORROWER)
    lent.act("withdraw", 0, 1, OPERATOR, BORROWER, sender=OPERATOR)
    lent.act("set_operator", OPERATOR, 0, sender=BORROWER)
    lent.refused("vault: not authorised", "withdraw", 0, 1, OPERATOR, BORROWER, sender=OPERATOR)
