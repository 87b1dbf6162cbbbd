"""`open`, `close` and `liquidate` with data: what is done first, what the callback sees, what is locked."""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.roles import BORROWER, LIQUIDATOR, OPERATOR, RECEIVER, STRANGER
from plimsoll.units import MAX, NOBODY, order
from tests.utils.actor import Actor, Refusal
from tests.utils.baskets import BasketPlace

ABOVE = "vault: above the loan-to-value"
LOCKED = Refusal("")


def view_calls(place: BasketPlace, owner) -> list[tuple]:
    """The views that stay open, and what they must say."""
    basket = place.basket
    return [
        (basket.position_of, owner), (basket.positions, owner), (basket.debt_of, owner),
        (basket.provision_of, owner), (basket.provisions,), (place.pool.credit_line, basket),
    ]  # fmt: skip


# ----------------------------------------------------------------------------------------------- open


def test_open_without_data(place):
    """Collateral first, then the loan: one call as two."""
    arguments = (1, place.of_leg(1, 1), place.loans(41_000), RECEIVER, BORROWER)
    place.act("open", *arguments, sender=BORROWER)
    assert place.position()[0] == (0, place.of_leg(1, 1), 0)
    more = (0, place.of_leg(0, 1), place.loans(1_500), BORROWER, BORROWER)
    place.act("open", *more, sender=BORROWER)
    assert place.word(place.basket, "book.positions", BORROWER) % 2**8 == 0b11
    place.refused(
        ABOVE, "open", 0, place.of_leg(0, "0.1"), place.loans(1_300), BORROWER, BORROWER, sender=BORROWER
    )
    place.act("open", 2, place.of_leg(2, 100), 0, BORROWER, BORROWER, sender=BORROWER)
    place.act("open", 2, 0, 1, BORROWER, BORROWER, sender=BORROWER)


def test_open_for_all_that_may_be_drawn_counts_what_is_locked(place):
    """A single base unit too, and a leg whose amount stands in another word."""
    for leg in (0, 1):
        place.act("open", leg, place.of_leg(leg, 1), 0, BORROWER, BORROWER, sender=BORROWER)
    with place.isolated():
        place.act("borrow", MAX, BORROWER, BORROWER, sender=BORROWER)
        plain = place.debt()
    for leg, amount in ((2, place.of_leg(2, 100)), (1, 1)):
        with place.isolated():
            place.act("open", leg, amount, MAX, BORROWER, BORROWER, sender=BORROWER)
            assert place.debt() > plain


def test_open_of_collateral_alone_asks_no_oracle_of_what_is_held(lent):
    """Nor is health looked at: an unhealthy owner may add."""
    lent.scale_prices(500)
    lent.act("open", 0, 1, 0, BORROWER, BORROWER, sender=BORROWER)
    lent.silence(0, 1, 2)
    lent.act("open", 0, 1, 0, BORROWER, BORROWER, sender=BORROWER)


def test_open_for_whom(place):
    """The operator pays the collateral; the loan goes where he says."""
    arguments = (1, place.of_leg(1, 1), place.loans(20_000), OPERATOR, BORROWER)
    place.refused("vault: not authorised", "open", *arguments, sender=OPERATOR)
    place.act("set_operator", OPERATOR, 1, sender=BORROWER)
    place.refused("vault: not authorised", "open", *arguments, sender=OPERATOR)
    place.act("set_operator", OPERATOR, 2, sender=BORROWER)
    held = place.tokens[1].balanceOf(OPERATOR)
    place.act("open", *arguments, sender=OPERATOR)
    assert place.tokens[1].balanceOf(OPERATOR) == held - place.of_leg(1, 1)
    for receiver in (NOBODY, place.basket.address):
        place.refused("vault: bad receiver", "open", 0, 0, 0, receiver, BORROWER, sender=BORROWER)
    place.refused("basket: no such leg", "open", 3, 0, 0, BORROWER, BORROWER, sender=BORROWER)


def test_open_with_a_callback_sends_the_loan_first(place, actor):
    """In it the position has its debt and not yet its collateral; after it the collateral is pulled."""
    me = actor.address
    views = view_calls(place, me)
    amount, debt = place.of_leg(1, 1), place.loans(41_000)
    actor.plan(*views, (place.loan.balanceOf, me), (place.tokens[1].balanceOf, me))
    before = place.loan.balanceOf(me), place.tokens[1].balanceOf(me)
    place.act_with_callback(actor, "open", 1, amount, debt, me, me)
    position, word, owed, *_, line, loan, held = actor.answers()
    shares = place.position(me)[1]
    assert position == [0] * 8 + [shares]
    assert word == [shares << 128]
    assert owed == [debt] or owed == [debt + 1]
    assert (loan, held) == ([before[0] + debt], [before[1]])
    assert line[1] == place.pool.credit_line(place.basket)[1]
    assert place.position(me)[0] == (0, amount, 0)


def test_open_with_a_callback_of_a_leg_that_is_held(lent, actor):
    """What arrives is added to what was there."""
    me = actor.address
    lent.act_with_callback(actor, "open", 0, lent.of_leg(0, 10), 0, me, me)
    lent.act_with_callback(actor, "open", 0, lent.of_leg(0, 3), lent.loans(20_000), me, me)
    assert lent.position(me)[0][0] == lent.of_leg(0, 13)
    actor.contract.refuse(True, sender=STRANGER)
    data = lent.basket.encode("open", 0, 1, 1, me, me, b"data")
    assert refusal(actor.contract.act, lent.basket, data, sender=STRANGER) == "actor: refuses"


def test_open_is_judged_after_its_callback(place, actor):
    """At the prices and the books of then: an oracle that falls, a settlement elsewhere."""
    me = actor.address
    amount, debt = place.of_leg(1, 1), place.loans(41_000)
    actor.plan((place.oracles[1].set_price, place.fair[1] * 9 // 10))
    data = place.basket.encode("open", 1, amount, debt, me, me, b"data")
    assert refusal(actor.contract.act, place.basket, data, sender=STRANGER) == ABOVE
    actor.plan((place.oracles[1].set_price, place.fair[1]))
    place.act_with_callback(actor, "open", 1, amount, debt, me, me)


# ---------------------------------------------------------------------------------------------- close


def owing(place: BasketPlace, actor: Actor) -> str:
    """The actor owes 30,000 on 10 and 0.5 tokens."""
    me = actor.address
    place.act_with_callback(actor, "open", 0, place.of_leg(0, 10), 0, me, me)
    place.act_with_callback(actor, "open", 1, place.of_leg(1, "0.5"), place.loans(30_000), me, me)
    return me


def test_close_with_a_callback_sends_the_collateral_first(place, actor):
    """In it the position is as after the call; then the repayment is pulled, then health is judged."""
    me = owing(place, actor)
    actor.plan(*view_calls(place, me), (place.loan.balanceOf, me), (place.tokens[1].balanceOf, me))
    before = place.loan.balanceOf(me), place.tokens[1].balanceOf(me)
    amounts, shares = place.position(me)
    others = sum(place.twin.shares.values()) - shares
    place.act_with_callback(actor, "close", place.loans(20_000), 1, amounts[1], me, me)
    position, word, _, *_, line, loan, held = actor.answers()
    assert position[:3] == [amounts[0], 0, 0]
    assert position[8] == place.position(me)[1]
    assert word[0] % 2**8 == 0b01
    assert line[1] == shares + others  # not settled yet
    assert (loan, held) == ([before[0]], [before[1] + amounts[1]])


def test_close_needs_the_right_leg_even_to_repay(place, actor):
    me = owing(place, actor)
    place.act_with_callback(actor, "close", MAX, 2, 0, me, me)
    assert place.position(me)[1] == 0


def test_close_that_takes_too_much_is_refused_after_its_callback(place, actor):
    me = owing(place, actor)
    data = place.basket.encode("close", 0, 1, place.of_leg(1, "0.5"), me, me, b"data")
    assert refusal(actor.contract.act, place.basket, data, sender=STRANGER) == ABOVE
    actor.plan((place.oracles[0].set_price, 3 * place.fair[0]))
    with place.chain.isolated():
        actor.contract.act(place.basket, data, sender=STRANGER)
        assert place.position(me)[0][1] == 0


# ------------------------------------------------------------------------------------------ liquidate


@pytest.mark.parametrize("without", [0, 0b010])
def test_a_liquidator_has_the_collateral_before_he_pays(lent, actor, without):
    """The callback gets what will be pulled and what of each leg was sent; the books are not settled yet."""
    me = actor.address
    lent.scale_prices(600)
    expected = lent.preview(BORROWER, MAX, without)
    before = [token.balanceOf(me) for token in lent.tokens]
    loan, line = lent.loan.balanceOf(me), lent.pool.credit_line(lent.basket)[1]
    actor.plan(
        *view_calls(lent, BORROWER), (lent.loan.balanceOf, me), *((t.balanceOf, me) for t in lent.tokens)
    )
    lent.act_with_callback(actor, "liquidate", BORROWER, MAX, [], without, me)
    position, _, owed, *_, credit, cash, first, second, third = actor.answers()
    assert tuple(position[:3]) == lent.position()[0]
    assert position[8] == lent.position()[1]
    assert credit[1] == line
    assert cash == [loan]
    found = (first[0] - before[0], second[0] - before[1], third[0] - before[2])
    assert found == expected.seized
    assert lent.loan.balanceOf(me) == loan - expected.paid - expected.fee
    assert owed[0] > 0


def test_the_callbacks_arguments(lent, actor):
    me = actor.address
    lent.scale_prices(600)
    expected = lent.preview()
    receipts = actor.act(lent.basket.liquidate, BORROWER, MAX, [], 0, me, b"some data")
    weighted = sum((leg + 1) * amount for leg, amount in enumerate(expected.seized))
    numbers = (expected.paid, expected.fee, weighted)
    assert actor.called("on_liquidation", lent.basket, numbers, b"some data") in receipts


def test_a_batch_calls_back_once_with_the_sums(lent, actor):
    lent.hold(5, "0.1", owner=STRANGER)
    lent.borrow(11_000, owner=STRANGER)
    lent.scale_prices(600)
    first, second = lent.preview(BORROWER), lent.preview(STRANGER)
    orders = [order(BORROWER), order(STRANGER)]
    events = actor.act(lent.basket.liquidate_batch, orders, [], actor.address, b"x")
    weighted = sum(
        (leg + 1) * (a + b) for leg, (a, b) in enumerate(zip(first.seized, second.seized, strict=True))
    )
    numbers = (first.paid + second.paid, first.fee + second.fee, weighted)
    called = actor.called("on_liquidation", lent.basket, numbers, b"x")
    assert events.count(called) == 1
    assert len([event for event in events if getattr(event, "name", "") == "Called"]) == 1


def test_who_has_no_callback_cannot_pass_data(lent):
    lent.scale_prices(600)
    arguments = (BORROWER, MAX, [], 0, LIQUIDATOR, b"data")
    assert refusal(lent.basket.liquidate, *arguments, sender=LIQUIDATOR) == ""


# ------------------------------------------------------------------------------------------- the lock


def every_call(place: BasketPlace, me: str) -> dict[str, tuple]:
    """Each function that changes something, with arguments that work outside of a callback."""
    basket = place.basket
    return {
        "deposit": (basket.deposit, 0, 1, me),
        "withdraw": (basket.withdraw, 0, 1, me, me),
        "borrow": (basket.borrow, 1, me, me),
        "open": (basket.open, 0, 1, 1, me, me, b""),
        "close": (basket.close, 1_000, 0, 1, me, me, b""),
        "repay": (basket.repay, 1_000, me),
        "liquidate": (basket.liquidate, BORROWER, MAX, [], 0, me, b""),
        "liquidate_batch": (basket.liquidate_batch, [order(BORROWER)], [], me, b""),
        "poke": (basket.poke, BORROWER),
        "set_operator": (basket.set_operator, STRANGER, 3),
        "set_operator_by_signature": (
            basket.set_operator_by_signature, BORROWER, STRANGER, 3, 0, MAX, b"\0" * 65
        ),
    }  # fmt: skip


@pytest.mark.parametrize("function", ["open", "close", "liquidate"])
def test_everything_is_locked_in_every_callback(lent, actor, function):
    """A21: each function and each view that depends on prices; outside each of them works."""
    me = owing(lent, actor)
    lent.scale_prices(600)
    lent.set_price(2, lent.fair[2] * 1_000)  # the actor gets more of what makes him healthy
    lent.act("deposit", 2, lent.of_leg(2, 1_000), me, sender=STRANGER)
    calls = every_call(lent, me)
    assert set(calls) == lent.basket.transactions
    views = [(lent.basket.health, me), (lent.basket.preview_liquidate, BORROWER, MAX, 0)]
    outside = [name for name, call in calls.items() if isinstance(actor.ask(call[0], *call[1:]), Refusal)]
    assert set(outside) <= {"set_operator_by_signature", "liquidate", "liquidate_batch"}
    actor.plan(*calls.values(), *views)
    arguments = {
        "open": (0, 10, 10, me, me),
        "close": (10_000, 0, 10, me, me),
        "liquidate": (BORROWER, MAX, [], 0, me),
    }[function]
    if function == "liquidate":
        lent.set_price(2, lent.fair[2] * 600 // 1_000)
    lent.act_with_callback(actor, function, *arguments)
    assert actor.answers() == [LOCKED] * (len(calls) + len(views))


# ----------------------------------------------------------------------------------------------- data


def test_the_longest_data_arrives(lent, actor):
    """1,024 bytes; one more is refused."""
    me, basket, data = actor.address, lent.basket, bytes(range(1, 206)) * 5
    actor.plan()

    def calls_back(*call: object) -> None:
        logs = actor.act(*call, data[:1_024])
        assert sum((event.contract, event.name) == (me, "Called") for event in logs) == 1
        assert isinstance(actor.ask(*call, data), Refusal)

    calls_back(basket.open, 1, lent.of_leg(1, 1), lent.loans(20_000), me, me)
    calls_back(basket.close, lent.loans(100), 1, 0, me, me)
    lent.scale_prices(500)
    calls_back(basket.liquidate, BORROWER, lent.loans(100), [], 0, me)
    calls_back(basket.liquidate_batch, [order(BORROWER, lent.loans(100))], [], me)
