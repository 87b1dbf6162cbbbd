"""The largest uint as an amount: what the Lens says in the same block is sent, and no more is allowed."""

import pytest

from plimsoll.chain.lens import Lens
from plimsoll.testing.roles import BORROWER, LENDER, OPERATOR, RECEIVER, STRANGER
from plimsoll.units import DAY, MAX, PRICE_SCALE, YEAR
from tests.utils.baskets import BasketPlace

ABOVE = "vault: above the loan-to-value"
SLACK = 4  # base units: one share rounded up, one unit, and the two roundings they stand in for


@pytest.fixture(scope="session")
def lens(builder) -> Lens:
    return Lens(builder.protocol.lens())


def borrow_all(place: BasketPlace, lens: Lens, receiver=BORROWER) -> int:
    """Borrows with the largest uint and compares with what the Lens said, and with what was received."""
    most = lens.max_borrow(place.basket.address, BORROWER)
    before = place.loan.balanceOf(receiver)
    assert place.act("borrow", MAX, receiver, BORROWER, sender=BORROWER) == most
    assert place.loan.balanceOf(receiver) - before == most
    return most


def withdraw_all(place: BasketPlace, lens: Lens, leg: int, receiver=BORROWER) -> int:
    """Withdraws with the largest uint, likewise."""
    most = lens.max_withdraw(place.basket.address, BORROWER, leg)
    before = place.tokens[leg].balanceOf(receiver)
    assert place.act("withdraw", leg, MAX, receiver, BORROWER, sender=BORROWER) == most
    assert place.tokens[leg].balanceOf(receiver) - before == most
    return most


@pytest.mark.parametrize("seconds", [0, 13, YEAR])
def test_borrow_bound_by_health(lent, lens, seconds):
    """A debt that has grown, a safe price below the price; then nothing is left, and nothing sent."""
    lent.advance(seconds)
    lent.set_price(0, lent.fair[0], lent.fair[0] * 9 // 10)
    assert borrow_all(lent, lens, RECEIVER) > 0
    lent.refused(ABOVE, "borrow", SLACK, BORROWER, BORROWER, sender=BORROWER)
    word = lent.twin.word_of(BORROWER)
    assert borrow_all(lent, lens) == 0
    assert lent.twin.word_of(BORROWER) == word


def test_borrow_counts_silent_legs_for_nothing(place, lens):
    place.hold(10, "0.5")  # 15,600 + 21,000
    place.silence(0)
    assert place.loans(20_999) < borrow_all(place, lens) < place.loans(21_000)
    place.silence(1)
    assert borrow_all(place, lens) == 0
    place.set_price(0, place.fair[0])
    place.set_price(1, place.fair[1])
    assert place.loans(15_599) < borrow_all(place, lens) < place.loans(15_601)


def test_borrow_bound_by_the_line_and_by_its_pace(builder, lens):
    """A twentieth of the line at once, half of that again in half a day, and no more than the line."""
    with builder.chain.isolated():
        place = BasketPlace(builder, draw_burst="0.05")
        place.hold(10_000, 100)
        limit = place.pool.credit_line(place.basket)[0]
        assert limit * 49 // 1_000 < borrow_all(place, lens) <= limit // 20
        assert borrow_all(place, lens) == 0
        place.advance(DAY // 2)
        assert limit * 24 // 1_000 < borrow_all(place, lens) <= limit // 40
        drawn = place.pool.credit_line(place.basket)[2]
        council = place.chain.at("Council", place.pool.council())
        council.set_limit(place.basket, drawn + 10**6, sender=builder.curator)
        place.models["pool"].set_limit(council.address, place.basket.address, drawn + 10**6)
        place.advance(60)
        left = drawn + 10**6 - place.pool.credit_line(place.basket)[2]
        assert left - SLACK < borrow_all(place, lens) < left


def test_borrow_bound_by_cash(place, lens):
    place.hold(10_000, 100)
    spare = place.loans(50_000)
    leave = place.pool.maxWithdraw(LENDER) - spare
    place.act("withdraw", leave, LENDER, LENDER, sender=LENDER, of="pool")
    assert spare - SLACK < borrow_all(place, lens) <= spare
    place.refused("pool: not enough cash", "borrow", SLACK, BORROWER, BORROWER, sender=BORROWER)


def test_borrow_knows_no_minimum(place, lens):
    place.hold("0.1")
    assert 0 < lens.max_borrow(place.basket.address, BORROWER) < place.risk.min_debt
    place.refused("vault: below the minimum debt", "borrow", MAX, BORROWER, BORROWER, sender=BORROWER)


def test_open_counts_what_it_locks(place, lens):
    """Of a leg that is new; with a callback, which is told what was sent."""
    place.hold(10)
    with place.isolated():
        place.act("deposit", 1, place.of_leg(1, 1), BORROWER, sender=BORROWER)
        most = lens.max_borrow(place.basket.address, BORROWER)
    arguments = (1, place.of_leg(1, 1), MAX, RECEIVER, BORROWER)
    assert place.act("open", *arguments, sender=BORROWER) == most > place.loans(57_000)
    actor = place.actor()
    me = actor.address
    actor.plan((place.basket.debt_of, me))
    opening = (1, place.of_leg(1, 1), MAX, me, me)
    with place.chain.isolated():
        events = actor.act(place.basket.open, *opening, b"data")
    sent = place.act_with_callback(actor, "open", *opening)
    assert place.loans(41_999) < sent < place.loans(42_000)
    assert actor.answers() in ([[sent]], [[sent + 1]])
    assert actor.called("on_open", place.basket, (opening[1], sent), b"data") in events


@pytest.mark.parametrize("seconds", [0, 13, YEAR])
def test_withdraw_bound_by_health(eight, lens, seconds):
    """Of legs of 0 to 27 decimals: what is worth eight base units more does not go; then nothing does."""
    eight.hold(1, "0.1", 1_000, 200, 1_000, 5_000, 10, 1)
    eight.borrow(10_500)
    eight.advance(seconds)
    for leg in range(8):
        with eight.isolated():
            held = eight.position()[0][leg]
            most = withdraw_all(eight, lens, leg, RECEIVER)
            assert 0 < most <= held
            if most == held:
                continue
            assert withdraw_all(eight, lens, leg) == 0
            more = -(-8 * PRICE_SCALE // eight.fair[leg])
            eight.refused(ABOVE, "withdraw", leg, more, BORROWER, BORROWER, sender=BORROWER)


def test_withdraw_is_judged_at_the_safe_prices(lent, lens):
    """A leg that is silent may go if the others carry the debt, and else stays; a cheap one stays."""
    lent.set_price(1, lent.fair[1], lent.fair[1] * 9 // 10)  # 15,600 + 18,900 + 8,200 for 30,000
    assert withdraw_all(lent, lens, 2) == lent.of_leg(2, 10_000)
    lent.silence(0)
    for leg in (0, 1):
        assert withdraw_all(lent, lens, leg) == 0
    lent.act("repay", lent.loans(12_000), BORROWER, sender=STRANGER)
    assert 0 < withdraw_all(lent, lens, 1) < lent.of_leg(1, "0.5")
    assert withdraw_all(lent, lens, 0) == lent.of_leg(0, 10)


@pytest.mark.parametrize(("spare", "goes"), [(3, True), (2, True), (1, False)])
def test_withdraw_of_a_leg_that_counts_for_nothing(place, lens, spare, goes):
    """All of it if the other legs bear two base units more than the debt, else nothing."""
    place.hold(0, "0.5", 20_000)
    place.borrow(15_000)
    place.silence(1)
    borne, amount = place.debt() + spare, place.of_leg(2, 20_000)
    worth = -(-borne * 100 // 82)
    place.set_price(2, -(-worth * PRICE_SCALE // amount))
    assert worth * 82 // 100 == borne
    assert withdraw_all(place, lens, 1) == (place.of_leg(1, "0.5") if goes else 0)


def test_withdraw_without_debt_is_all_and_asks_nobody(place, lens):
    place.hold(1, 1)
    place.silence(0, 1)
    books = place.word(place.pool, "ledger.books")
    place.advance(DAY)
    assert withdraw_all(place, lens, 1) == place.of_leg(1, 1)
    assert withdraw_all(place, lens, 2) == 0  # not held
    assert place.word(place.pool, "ledger.books") == books


def test_close_sends_what_health_then_allows(lent):
    """After a part of the debt, a part of a leg; after all of it, the leg."""
    paid, sent = lent.act("close", lent.loans(2_000), 1, MAX, RECEIVER, BORROWER, sender=BORROWER)
    assert paid == lent.loans(2_000)
    assert 0 < sent == lent.of_leg(1, "0.5") - lent.position()[0][1]
    lent.refused(ABOVE, "withdraw", 1, 1, BORROWER, BORROWER, sender=BORROWER)
    debt, amounts = lent.debt(), lent.position()[0]
    for leg, paid in enumerate((debt, 0, 0)):
        answer = lent.act("close", MAX, leg, MAX, BORROWER, BORROWER, sender=BORROWER)
        assert answer == (paid, amounts[leg])
    assert lent.word(lent.basket, "book.positions", BORROWER) == 0


def test_close_with_a_callback_is_told_what_is_sent(place):
    actor = place.actor()
    me = actor.address
    place.act_with_callback(actor, "open", 1, place.of_leg(1, 1), place.loans(30_000), me, me)
    closing = (place.loans(10_000), 1, MAX, me, me)
    with place.chain.isolated():
        events = actor.act(place.basket.close, *closing, b"data")
    paid, sent = place.act_with_callback(actor, "close", *closing)
    assert paid == closing[0] and 0 < sent < place.of_leg(1, 1)
    assert actor.called("on_close", place.basket, (paid, sent), b"data") in events


def test_nobody_takes_all_without_the_right(lent):
    """Nor when all is nothing."""
    lent.act("borrow", MAX, BORROWER, BORROWER, sender=BORROWER)
    for function, arguments in (("borrow", ()), ("withdraw", (1,))):
        call = (function, *arguments, MAX, OPERATOR, BORROWER)
        lent.refused("vault: not authorised", *call, sender=OPERATOR)
        lent.act("set_operator", OPERATOR, 3, sender=BORROWER)
        assert lent.act(*call, sender=OPERATOR) == 0
        lent.act("set_operator", OPERATOR, 0, sender=BORROWER)
