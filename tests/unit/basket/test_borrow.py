"""`borrow`: what all legs together carry, at their safe prices."""

from decimal import Decimal

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing import refusal
from plimsoll.testing.market import build_basket_market
from plimsoll.testing.roles import BORROWER, OPERATOR, RECEIVER, STRANGER
from plimsoll.units import MAX, NOBODY, WAD
from tests.utils.baskets import EIGHT

ABOVE = "vault: above the loan-to-value"


def test_every_leg_carries_its_part(eight):
    """Leg after leg: the most that the Lens promises is lent; three base units more are not."""
    amounts = (3, "0.1", 5_000, 900, 200_000, 30_000, 50, 2)
    most = 0
    for leg, amount in enumerate(amounts):
        eight.act("deposit", leg, eight.of_leg(leg, amount), BORROWER, sender=BORROWER)
        before, most = most, eight.twin.max_borrow(BORROWER)
        part = eight.of_leg(leg, amount) * eight.fair[leg] // 10**36 * EIGHT[leg].ltv // 100
        assert part - 4 <= most - before <= part + 4
        with eight.isolated():
            eight.act("borrow", most, RECEIVER, BORROWER, sender=BORROWER)
        eight.refused(ABOVE, "borrow", most + 4, BORROWER, BORROWER, sender=BORROWER)


def test_to_the_last_unit(place):
    """A debt of exactly what the legs carry."""
    place.hold(10, "0.5")
    limit = place.loans(36_600)
    place.act("borrow", limit - 1, BORROWER, BORROWER, sender=BORROWER)
    assert place.debt() == limit


def test_at_the_safe_prices(place):
    place.hold(10, "0.5")
    place.set_price(0, place.fair[0], place.fair[0] // 2)  # 7,800 + 21,000
    place.refused(ABOVE, "borrow", place.loans(28_801), BORROWER, BORROWER, sender=BORROWER)
    place.borrow(28_799)


def test_a_silent_leg_carries_nothing(place):
    """One of two, both, or one price of two."""
    place.hold(10, "0.5")  # 15,600 + 21,000
    place.silence(0)
    place.refused(ABOVE, "borrow", place.loans(21_001), BORROWER, BORROWER, sender=BORROWER)
    place.borrow(20_999)
    place.set_price(0, 0, place.fair[0])
    place.refused(ABOVE, "borrow", place.loans(2), BORROWER, BORROWER, sender=BORROWER)
    place.silence(1)
    place.refused(ABOVE, "borrow", 1, BORROWER, BORROWER, sender=BORROWER)
    place.set_price(0, place.fair[0])
    place.set_price(1, place.fair[1])
    place.borrow(15_599)


def test_at_most_at_the_ceilings(place):
    place.hold(1)
    for price in (place.legs[0].ceiling, place.legs[0].ceiling + 1, 2**200, MAX):
        place.set_price(0, price)
        place.refused(ABOVE, "borrow", place.loans(15_601), BORROWER, BORROWER, sender=BORROWER)
        with place.isolated():
            place.borrow(15_599)


def test_the_minimum_debt(place):
    place.hold(10)
    least = place.risk.min_debt
    reason = "vault: below the minimum debt"
    for little in (1, least - 2):
        place.refused(reason, "borrow", little, BORROWER, BORROWER, sender=BORROWER)
    place.act("borrow", least, BORROWER, BORROWER, sender=BORROWER)
    place.act("borrow", 1, BORROWER, BORROWER, sender=BORROWER)


def test_of_nothing(place):
    """Asks no oracle and changes nothing, with debt and without; but for whom is checked."""
    place.silence(0, 1, 2)
    place.act("borrow", 0, BORROWER, BORROWER, sender=BORROWER)
    place.refused("vault: not authorised", "borrow", 0, STRANGER, BORROWER, sender=STRANGER)
    place.refused("vault: bad receiver", "borrow", 0, NOBODY, BORROWER, sender=BORROWER)
    assert place.word(place.basket, "book.positions", BORROWER) == 0


def test_without_collateral(place):
    least = place.risk.min_debt
    place.refused(ABOVE, "borrow", least, STRANGER, STRANGER, sender=STRANGER)


@pytest.mark.parametrize("rights", [0, 1])
def test_only_with_the_right(lent, rights):
    lent.act("set_operator", OPERATOR, rights, sender=BORROWER)
    for amount in (0, 1):
        lent.refused("vault: not authorised", "borrow", amount, OPERATOR, BORROWER, sender=OPERATOR)
    lent.act("set_operator", OPERATOR, 2, sender=BORROWER)
    lent.act("borrow", 1, OPERATOR, BORROWER, sender=OPERATOR)


def test_where_to(lent):
    for receiver in (NOBODY, lent.basket.address):
        lent.refused("vault: bad receiver", "borrow", 1, receiver, BORROWER, sender=BORROWER)
    lent.act("borrow", 1, RECEIVER, BORROWER, sender=BORROWER)


def test_the_line_and_the_pool_have_the_last_word(lent):
    """The credit limit, the cash and a pause, each with the pool's reason."""
    lent.hold(10_000, 500, 10**6)
    lent.refused(
        "pool: not enough cash", "borrow", lent.loans(2_000_000), BORROWER, BORROWER, sender=BORROWER
    )
    limit = lent.pool.credit_line(lent.basket)[0]
    lent.act("mint", STRANGER, 10 * limit, sender=STRANGER, of="loan")
    lent.act("deposit", 10 * limit, STRANGER, sender=STRANGER, of="pool")
    lent.refused("pool: over the credit limit", "borrow", limit, BORROWER, BORROWER, sender=BORROWER)


def test_the_last_digit_of_what_legs_bear(builder, lender, borrower):
    """A unit of a debt too much by one part in 10**18."""
    ltv = WAD * 8 // 10 - 1
    risk = BLUE_CHIP.model_copy(update={"ltv": Decimal(ltv).scaleb(-18)})
    market = build_basket_market(builder, [lender, borrower], ((1, 18), (60_000, 8)), 18, risk)
    market.pool.deposit(market.loans(100_000), lender, sender=lender)
    value = market.loans(10_000) - pow(ltv, -1, WAD)
    market.basket.deposit(0, value, sender=borrower)
    debt = (value * ltv + 1) // WAD
    assert value * ltv == debt * WAD - 1
    assert refusal(market.basket.borrow, debt, sender=borrower) == ABOVE
    market.basket.borrow(debt - 1, sender=borrower)
