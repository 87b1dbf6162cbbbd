"""`liquidate_batch`: slices of many, one read of each oracle, one payment, one transfer of each leg."""

import pytest

from plimsoll.testing.roles import BORROWER, LIQUIDATOR, RECEIVER, STRANGER
from plimsoll.units import MAX, NO_LIMIT, NOBODY, order
from tests.utils.baskets import falls

HEALTHY, UNKNOWN, NOTHING = "vault: healthy", "basket: value unknown", "vault: nothing can be closed"


@pytest.fixture
def two(lent):
    """The borrower with three legs, the stranger with two under 20,000; restorable and in shortfall."""
    lent.hold(5, "0.3", owner=STRANGER)
    lent.borrow(20_000, owner=STRANGER)
    lent.scale_prices(600, 600, 750)
    assert lent.preview(BORROWER).executable and lent.preview(STRANGER).executable
    return lent


def unknown_third(place) -> None:
    """The borrower keeps 100 of the third leg, which falls silent where it would tell loss from none."""
    place.scale_prices(1_000)
    arguments = (2, place.of_leg(2, 9_900), BORROWER, BORROWER)
    place.act("withdraw", *arguments, sender=BORROWER)
    place.scale_prices(590)
    place.silence(2)


def batch(place, orders, min_seized=(), receiver=LIQUIDATOR):
    return place.act("liquidate_batch", orders, list(min_seized), receiver, sender=LIQUIDATOR)


def test_as_each_alone_at_the_totals_of_the_start(two):
    """Sums of what `preview_liquidate` says of each; no leg per debt share falls."""
    quotes = [two.preview(owner) for owner in (BORROWER, STRANGER)]
    before = [two.position(owner) for owner in (BORROWER, STRANGER)]
    paid, fee, seized, executed = batch(two, [order(BORROWER), order(STRANGER)], receiver=RECEIVER)
    assert executed == 0b11
    assert paid == sum(quote.paid for quote in quotes)
    assert fee == sum(quote.fee for quote in quotes)
    assert seized == tuple(map(sum, zip(*(quote.seized for quote in quotes), strict=True)))
    for owner, held in zip((BORROWER, STRANGER), before, strict=True):
        assert falls(held, two.position(owner)) == []


def test_repeated_owners_see_the_earlier_orders(two):
    """A limit each: as three closes after another, at the totals of the start."""
    limit = two.loans(10)
    *_, executed = batch(two, [order(BORROWER, limit), order(STRANGER), *[order(BORROWER, limit)] * 2])
    assert executed == 0b1111
    *_, executed = batch(two, [order(BORROWER)] * 5)
    assert executed == 0b00001


def test_noise_changes_nothing(two):
    """Orders for nobody, for who is healthy, for contracts, with limits of nothing: skipped."""
    with two.isolated():
        expected = batch(two, [order(BORROWER), order(STRANGER)])
    noise = [
        order(NOBODY), order(NOBODY, NO_LIMIT), order(LIQUIDATOR, 0), order(two.basket.address),
        order("0x" + "ff" * 20, NO_LIMIT), order(BORROWER, 0), order(STRANGER, 1),
    ]  # fmt: skip
    for orders, bits in (
        ([*noise[:6], order(BORROWER), order(STRANGER)], 0b11 << 6),
        ([order(BORROWER), *noise[:5], order(STRANGER)], 0b1000001),
        ([order(BORROWER), order(STRANGER), *noise[:6]], 0b11),
    ):
        with two.isolated():
            assert batch(two, orders) == (*expected[:3], bits)


def test_256_orders(two):
    """The most that there can be; the last bit is the word's last."""
    orders = [order(NOBODY)] * 254 + [order(STRANGER), order(BORROWER)]
    assert batch(two, orders)[3] == 0b11 << 254


def test_the_reason_of_the_last(two):
    """When nothing executes the call says why the last order did not."""
    two.refused(HEALTHY, "liquidate_batch", [], [], LIQUIDATOR, sender=LIQUIDATOR)
    nothing, healthy = order(BORROWER, 0), order(LIQUIDATOR)
    two.refused(NOTHING, "liquidate_batch", [healthy, nothing], [], LIQUIDATOR, sender=LIQUIDATOR)
    two.refused(HEALTHY, "liquidate_batch", [nothing, healthy], [], LIQUIDATOR, sender=LIQUIDATOR)
    unknown_third(two)
    unknown = order(BORROWER)
    two.refused(UNKNOWN, "liquidate_batch", [healthy, unknown], [], LIQUIDATOR, sender=LIQUIDATOR)
    two.refused(HEALTHY, "liquidate_batch", [unknown, healthy], [], LIQUIDATOR, sender=LIQUIDATOR)


def test_a_silent_leg_of_one_stops_only_him(two):
    """The stranger does not hold the leg: his close is booked; whose value is unknown is skipped."""
    unknown_third(two)
    assert not two.preview(BORROWER).known
    paid, _, seized, executed = batch(two, [order(BORROWER), order(STRANGER)])
    assert executed == 0b10
    assert paid > 0 and seized[2] == 0


def test_the_least_of_each_leg_is_of_the_sum(two):
    with two.isolated():
        seized = batch(two, [order(BORROWER), order(STRANGER)])[2]
    for leg in range(3):
        least = [*seized[:leg], seized[leg] + 1]
        reason = "basket: too little of a leg"
        orders = [order(BORROWER), order(STRANGER)]
        two.refused(reason, "liquidate_batch", orders, least, LIQUIDATOR, sender=LIQUIDATOR)
    batch(two, [order(BORROWER), order(STRANGER)], seized)


def test_where_to(two):
    for bad in (NOBODY, two.basket.address):
        arguments = ([order(BORROWER)], [], bad)
        two.refused("vault: bad receiver", "liquidate_batch", *arguments, sender=LIQUIDATOR)


def test_one_transfer_a_leg_and_one_payment(two):
    """Three legs go out in three transfers, whoever they are of; one payment comes in."""
    orders = [order(BORROWER, two.loans(100)), order(STRANGER), order(BORROWER)]
    receipt = two.basket.liquidate_batch(orders, [], LIQUIDATOR, b"", sender=LIQUIDATOR)
    for token in (*two.tokens, two.loan):
        assert len(receipt.of(token.Transfer)) == 1
    assert len(receipt.of(two.basket.Liquidation)) == 3
    assert len(receipt.of(two.basket.LiquidationCall)) == 1


def test_asks_only_the_oracles_of_legs_that_somebody_holds(two):
    """The stranger holds no third leg: its price is not in the event."""
    receipt = two.basket.liquidate_batch([order(STRANGER)], [], LIQUIDATOR, b"", sender=LIQUIDATOR)
    (call,) = receipt.of(two.basket.LiquidationCall)
    assert call.prices[2] == 0 < call.prices[0]


def test_limits_that_do_not_fit_the_order_are_cut(two):
    """In `liquidate` a limit above 2^96 - 1 is none, as 2^96 - 1 is in an order."""
    whole = two.preview(BORROWER)
    for limit in (2**96 - 1, 2**96, 2**200, MAX):
        assert two.preview(BORROWER, limit) == whole
        arguments = (BORROWER, limit, [], 0, LIQUIDATOR)
        with two.isolated():
            assert two.act("liquidate", *arguments, sender=LIQUIDATOR)[0] == whole.paid
    arguments = ([order(BORROWER, 0)], [], LIQUIDATOR)
    two.refused(NOTHING, "liquidate_batch", *arguments, sender=LIQUIDATOR)
