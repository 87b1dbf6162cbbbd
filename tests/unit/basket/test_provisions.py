"""What is provided for a position: `poke`, what closes and repayments leave; silent legs high and low."""

import pytest

from plimsoll.testing.roles import BORROWER, LIQUIDATOR, OPERATOR, STRANGER
from plimsoll.twin import slices
from plimsoll.units import MAX, PRICE_SCALE, YEAR, order

SHORT = (500, 400, 300)


def lack(place, *per_mille: int) -> int:
    """The borrower's shortfall at so many thousandths of the first prices, 0 = worth nothing."""
    prices = [p * per_mille[min(i, len(per_mille) - 1)] // 1_000 for i, p in enumerate(place.fair)]
    worth = sum(map(slices.value_down, place.twin.amounts_of(BORROWER), prices))
    return slices.shortfall(worth, place.twin.shares_of(BORROWER), place.totals(), place.risk)


def poke(place) -> int:
    return place.act("poke", BORROWER, sender=STRANGER)


@pytest.fixture
def noted(lent) -> int:
    """As poked at half of the prices: what is provided for then."""
    lent.scale_prices(400)
    return poke(lent)


@pytest.mark.parametrize("per_mille", [1_000, 511, 510, 509, *SHORT, 1])
def test_a_poke_reports_what_a_position_lacks(lent, per_mille):
    lent.scale_prices(per_mille)
    found = poke(lent)
    assert found == lack(lent, per_mille)
    assert (found > 0) == (per_mille < 511)
    if found:
        assert found == lent.debt() - lent.preview().paid
    assert lent.word(lent.basket, "book.positions", BORROWER) >> 255 == (found > 0)
    assert lent.pool.provisions() == found


def test_a_leg_of_any_worth_covers_a_debt(lent):
    """Also one worth 2**128 base units, more than a lane holds, beside others worth nothing."""
    for leg in (1, 2):
        lent.set_price(leg, 1)
    amount = lent.twin.amounts_of(BORROWER)[0]
    lent.set_price(0, -(-(2**128) * PRICE_SCALE // amount))
    assert poke(lent) == lent.pool.provisions() == 0


def test_one_leg_pulls_the_others_down(lent):
    """It is the sum that lacks: one leg falls to nothing, another rises."""
    lent.scale_prices(400, 400, 10)
    first = poke(lent)
    lent.scale_prices(400, 600, 10)
    assert 0 < poke(lent) < first
    lent.scale_prices(400, 800, 10)
    assert poke(lent) == 0


def test_interest_adds_to_it(lent, noted):
    lent.advance(YEAR)
    assert poke(lent) > noted > 0


@pytest.mark.parametrize(
    ("price", "safe"),
    [
        (1_000, 400),
        (1_000, 450),
        (450, 450),
        (450, 400),
        (1_000, 300),
        (1_000, 1_000),
        (300, 300),
        (400, 399),
    ],
)
def test_falls_only_as_far_as_the_safe_prices_agree(lent, noted, price, safe):
    """And rises to what the prices say, whatever the safe ones do."""
    for leg, fair in enumerate(lent.fair):
        lent.set_price(leg, fair * price // 1_000, fair * safe // 1_000)
    expected = lack(lent, price)
    if noted > expected:
        expected = min(noted, lack(lent, safe))
    assert poke(lent) == expected


def test_one_lifted_leg_does_not_lower_it(lent, noted):
    """Somebody lifts one price for a call: its safe price does not follow, and all stays provided for."""
    for leg, fair in enumerate(lent.fair):
        lent.set_price(leg, fair * (4_000 if leg == 1 else 400) // 1_000, fair * 400 // 1_000)
    assert lent.basket.health(BORROWER) > 10**18
    assert poke(lent) == noted


def test_a_ceiling_bounds_how_far_it_falls(lent, noted):
    """Where both prices of a leg are lifted beyond its ceiling, the fall is as if it were there."""
    lent.act("withdraw", 1, 0, BORROWER, BORROWER, sender=BORROWER)
    for price in (lent.legs[2].ceiling, 2 * lent.legs[2].ceiling, MAX):
        lent.set_price(2, price)
        with lent.isolated():
            assert poke(lent) == 0  # ten times 10,000


def test_a_silent_leg_lowers_nothing(lent, noted):
    """Its ceiling would cover the debt; low it is worth nothing: what was noted stays."""
    for legs in ((0,), (1,), (2,), (0, 1, 2)):
        with lent.isolated():
            lent.silence(*legs)
            assert poke(lent) == noted


def test_a_silent_leg_raises_nothing_on_a_guess(lent):
    """In shortfall without it, covered with its ceiling: nothing is provided for until it answers."""
    lent.scale_prices(400)
    lent.silence(2)
    assert poke(lent) == 0
    lent.set_price(2, lent.fair[2] * 4 // 10)
    assert poke(lent) > 0


def test_a_silent_leg_may_leave_a_certain_lack(place):
    """Even at its ceiling too little: that much is provided for; and later all of it."""
    place.hold(10, "0.5", 100)
    place.borrow(30_000)
    place.scale_prices(400)
    place.silence(2)
    high = place.worth().high
    certain = slices.shortfall(high, place.position()[1], place.totals(), place.risk)
    assert poke(place) == certain > 0
    place.set_price(2, place.fair[2] * 4 // 10)
    assert poke(place) > certain


@pytest.mark.parametrize("without", [0, 0b010, 0b101])
@pytest.mark.parametrize("safe", [400, 450, 499])
def test_a_close_keeps_the_part_of_what_is_left(lent, noted, safe, without):
    """Of slices and of parts, at prices that somebody has lifted for the call; rounded up."""
    for leg, fair in enumerate(lent.fair):
        lent.set_price(leg, fair * 499 // 1_000, fair * safe // 1_000)
    shares = lent.position()[1]
    lent.close(lent.loans(1_000), without)
    left = lent.position()[1]
    kept = -(-noted * left // shares)
    found = lack(lent, 499)
    expected = found if kept <= found else min(kept, lack(lent, safe))
    assert lent.twin.provision_of[BORROWER] == expected
    if safe == 400 and not without:
        assert abs(expected - kept) <= lent.fair[1] // PRICE_SCALE + 3  # what flooring leaves of each leg


def test_a_close_beside_a_silent_leg_keeps_its_part(place):
    """Covered by what answers, though a lie had it provided for: it falls as far as the safe prices agree."""
    place.hold(10, "0.5", 100)
    place.borrow(30_000)
    place.scale_prices(400)
    noted = poke(place)
    place.set_price(0, place.fair[0] * 9 // 10)
    place.set_price(1, place.fair[1] * 6 // 10)
    place.silence(2)
    place.close(place.loans(500))
    assert place.twin.provision_of[BORROWER] < noted


def test_a_close_of_all_takes_it_away(lent, noted):
    lent.close()
    assert lent.word(lent.basket, "book.positions", BORROWER) == 0
    assert lent.pool.provisions() == 0


@pytest.mark.parametrize("way", ["repay", "close"])
@pytest.mark.parametrize("amount", [1, 777, 10**6, 5_000 * 10**6, 20_000 * 10**6, MAX])
def test_a_repayment_lowers_it_by_the_fall_of_the_debt(lent, noted, way, amount):
    """At the totals before it, without an oracle, by anybody."""
    lent.silence(0, 1, 2)
    totals, shares = lent.totals(), lent.position()[1]
    arguments = (amount, BORROWER) if way == "repay" else (amount, 0, 0, STRANGER, BORROWER)
    lent.act(way, *arguments, sender=STRANGER)
    left = lent.position()[1]
    expected = max(0, noted - (totals.assets_up(shares) - totals.assets_up(left)))
    assert lent.twin.provision_of[BORROWER] == expected
    assert lent.word(lent.basket, "book.positions", BORROWER) >> 255 == (expected > 0)


def test_neither_more_collateral_nor_more_debt_touches_it(lent, noted):
    """An oracle would have to say what it is worth; a poke does. Flags stay through every move of a leg."""
    lent.scale_prices(1_000)
    lent.hold(1, 1, 1_000)
    lent.borrow(1_000)
    lent.act("withdraw", 0, lent.position()[0][0], BORROWER, BORROWER, sender=BORROWER)
    lent.act("open", 0, lent.of_leg(0, 1), 1, BORROWER, BORROWER, sender=BORROWER)
    assert lent.twin.provision_of[BORROWER] == noted
    assert lent.word(lent.basket, "book.positions", BORROWER) >> 255 == 1
    assert poke(lent) == 0


def test_the_last_leg_goes_and_the_last_debt(lent, noted):
    """Nothing is left of a provision when nothing is owed, whatever goes first."""
    amounts = lent.position()[0]
    with lent.isolated():
        lent.act("close", MAX, 0, amounts[0], BORROWER, BORROWER, sender=BORROWER)
        for leg in (1, 2):
            lent.act("withdraw", leg, amounts[leg], BORROWER, BORROWER, sender=BORROWER)
        assert lent.word(lent.basket, "book.positions", BORROWER) == 0
        assert poke(lent) == 0
    lent.act("repay", lent.loans(20_000), BORROWER, sender=STRANGER)
    lent.act("repay", MAX, BORROWER, sender=STRANGER)
    assert lent.pool.provisions() == 0


def test_positions_add_up(lent, noted):
    """Two owners, one of them poked back to nothing; in a batch both are computed afresh."""
    lent.scale_prices(1_000)
    lent.hold(5, "0.3", owner=STRANGER)
    lent.borrow(20_000, owner=STRANGER)
    lent.scale_prices(400)
    other = lent.act("poke", STRANGER, sender=OPERATOR)
    assert lent.basket.provisions() == lent.pool.provision_of(lent.basket) == noted + other > noted
    orders = [order(BORROWER, lent.loans(3_000)), order(STRANGER, lent.loans(2_000)), order(BORROWER, 10**6)]
    lent.act("liquidate_batch", orders, [], LIQUIDATOR, sender=LIQUIDATOR)
    assert 0 < lent.pool.provisions() < noted + other
    lent.act("liquidate_batch", [order(BORROWER), order(STRANGER)], [], LIQUIDATOR, sender=LIQUIDATOR)
    assert lent.pool.provisions() == 0


def test_who_has_nothing_lacks_nothing(place):
    for owner in (STRANGER, place.basket.address):
        assert place.act("poke", owner, sender=STRANGER) == 0
    place.hold(1)
    place.set_price(0, 0)
    assert poke(place) == 0
