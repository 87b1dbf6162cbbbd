"""A23: partial liquidations left debt that nobody would close (Aave's CRV case; the last wei of Morpho).

Here whatever is closed in whatever parts, what is left is healthy, or can be closed as a whole and pays.
"""

from random import Random

import pytest

from plimsoll.testing.roles import BORROWER, STRANGER
from plimsoll.twin.liquidation import is_restorable
from plimsoll.units import MAX, PRICE_SCALE
from tests.utils.baskets import small_place
from tests.utils.vaults import liquidate, risk_of, worth


@pytest.mark.parametrize("quote", [1_790, 1_690, 1_640, 1_535, 1_500, 700])
@pytest.mark.parametrize("seed", range(3))
def test_a23_random_parts(market, borrower, other_borrower, liquidator, quote, seed):
    """L1, L3, V3: after each of them, the rest has a close that somebody gains by, and one that takes all."""
    vault, rng = market.vault, Random(seed)
    market.open(borrower)
    market.set_quote(quote)
    price, risk = market.oracle.price(), risk_of(vault)
    for _ in range(8):
        if not market.quote(borrower).liquidatable:
            break
        offer = int(10 ** rng.uniform(0, 10.2))
        if market.quote(borrower, offer).executable:
            liquidate(market, borrower, liquidator, offer)
        collateral, shares = market.position(borrower)
        debt = vault.debt_of(borrower)
        if shares == 0:
            break
        assert collateral > 0
        rest = market.quote(borrower)
        if rest.liquidatable:
            assert rest.executable
            assert worth(rest.seized, price) >= rest.paid + rest.fee - 2
        if is_restorable(worth(collateral, price), debt, risk.bonus_min):
            assert debt >= risk.min_debt
    if market.quote(borrower).liquidatable:
        liquidate(market, borrower, liquidator)
    assert not vault.preview_liquidate(borrower, MAX).liquidatable
    assert market.position(borrower)[1] == 0 or vault.debt_of(borrower) >= risk.min_debt
    market.assert_sums([borrower, other_borrower])


def test_a23_one_wei_of_collateral_holds_no_debt(market, borrower, other_borrower, liquidator):
    """The loss is booked with the part that is closed, not with the last unit: nobody can hold it back."""
    vault = market.vault
    market.open(borrower)
    market.set_quote(1_000)
    whole = market.quote(borrower)
    loss = whole.extinguished - whole.paid
    liquidate(market, borrower, liquidator, whole.paid - 1)  # leaves a crumb on purpose
    booked = market.pool.losses(vault)
    assert loss - booked <= 3
    collateral, shares = market.position(borrower)
    assert collateral > 0 and shares > 0
    liquidate(market, borrower, liquidator, 1)
    assert market.position(borrower) == (0, 0)
    market.assert_sums([borrower, other_borrower])


def test_a23_topping_up_a_lost_position_does_not_stop_it(market, borrower, liquidator, stranger):
    """One wei more of collateral changes nothing."""
    vault = market.vault
    market.open(borrower)
    market.set_quote(1_000)
    for _ in range(3):
        vault.deposit(1, borrower, sender=stranger)
        liquidate(market, borrower, liquidator, 10**9)
    vault.deposit(1, borrower, sender=stranger)
    liquidate(market, borrower, liquidator)
    assert market.position(borrower) == (0, 0)


@pytest.mark.parametrize("prices", [(620,), (560,), (515,), (500,), (50, 700, 900), (230,)])
@pytest.mark.parametrize("seed", range(3))
def test_a23_random_parts_of_a_basket(prices, seed):
    """Slices and parts in any order: the rest has a slice that pays who takes it, and one that takes all."""
    place, rng = small_place(), Random(seed)
    place.hold(10, "0.5", 10_000)
    place.borrow(30_000)
    place.scale_prices(*prices)
    now = [script.price() for script in place.scripts]
    units = sum(price // PRICE_SCALE + 1 for price in now)
    for _ in range(8):
        if not place.preview().liquidatable:
            break
        offer, without = int(10 ** rng.uniform(0, 10.2)), rng.choice((0, 0, *range(1, 8)))
        if place.preview(BORROWER, offer, without).executable:
            place.close(offer, without)
        amounts, shares = place.position()
        if shares == 0:
            break
        assert any(amounts)
        rest = place.preview()
        if rest.liquidatable:
            assert rest.executable
            value = sum(a * p // PRICE_SCALE for a, p in zip(rest.seized, now, strict=True))
            assert value >= rest.paid + rest.fee - units
    if place.preview().liquidatable:
        place.close()
    assert not place.preview().liquidatable


def test_a23_dust_of_a_junk_leg_hides_no_debt():
    """A second collateral that nobody wants goes along in every slice; whoever leaves it out closes the rest.

    The last of the debt is booked in the same call: that of the leg left out is worth nothing.
    """
    place = small_place()
    place.hold(10, 0, 25)  # the least that may enter: a hundredth of the minimum debt
    place.borrow(15_000)
    place.scale_prices(500)
    place.set_price(2, 1)
    for without in (0, 0b100):
        with place.isolated():
            debt = place.debt()
            answer = place.close(MAX, without)
            assert place.position()[1] == 0
            assert place.pool.losses(place.basket) == debt - answer.paid
            assert answer.seized[0] == place.of_leg(0, 10)


def test_a23_dust_of_a_leg_that_falls_silent():
    """Dust of a silent leg is 25 at ten times its price: it shields a position by 210 of weight, and no more.

    Below that it is known again and closed; between, it is unknown and waits; nothing is lost unseen: a poke
    provides for what is certain.
    """
    place = small_place()
    place.hold(10, 0, 25)
    place.borrow(15_000)
    place.silence(2)
    seen = []
    for per_mille in (920, 890, 850, 800, 766, 765, 760, 752, 749, 700):
        place.set_price(0, place.fair[0] * per_mille // 1_000)
        quote = place.preview()
        state = "healthy" if not quote.liquidatable else "unknown" if not quote.known else "closed"
        seen.append(state)
        provided = place.act("poke", BORROWER, sender=STRANGER)
        if state == "closed":
            with place.isolated():
                place.close()
                assert place.worth().low >= place.debt()
        if per_mille <= 749:
            assert provided > 0
    assert seen == ["healthy"] + ["closed"] * 5 + ["unknown"] * 4
    place.set_price(2, 1)  # it answers: what was unknown is a loss, and is booked
    place.close()
    assert place.pool.losses(place.basket) > 0


def test_a23_a_base_unit_of_a_silent_leg_delays_what_is_not_covered():
    """What is known and not solved: it is judged by the legs held, not by what they are worth.

    A unit shields neither health nor a position that covers its debt. But a loss waits for its oracle, and
    meanwhile the provision says it, to the unit's worth.
    """
    place = small_place()
    place.hold(10, 0, 25)
    place.act("withdraw", 2, place.of_leg(2, 25) - 1, BORROWER, BORROWER, sender=BORROWER)
    place.borrow(15_000)
    with place.isolated():
        place.scale_prices(500)
        loss = place.act("poke", BORROWER, sender=STRANGER)
    place.silence(2)
    for per_mille, state in (
        (910, "healthy"),
        (903, "closed"),
        (765, "closed"),
        (764, "unknown"),
        (500, "unknown"),
    ):
        place.set_price(0, place.fair[0] * per_mille // 1_000)
        quote = place.preview()
        found = "closed" if quote.executable else "unknown"
        assert state == (found if quote.liquidatable else "healthy")
    provided = place.act("poke", BORROWER, sender=STRANGER)
    assert loss - 12 <= provided <= loss  # a unit at its ceiling is ten units of the loan asset


def test_a23_a_junk_leg_and_a_silent_one_together():
    """A pumped and gone token, and one whose oracle fails: closed from the third, which covers; both stay."""
    place = small_place()
    place.hold(10, "0.01", 25)
    place.borrow(15_000)
    place.set_price(0, place.fair[0] * 8 // 10)
    place.set_price(1, 1)
    place.silence(2)
    held = place.position()[0]
    for without in (0, 0b010):
        with place.isolated():
            answer = place.close(MAX, without)
            assert answer.seized[2] == 0 and place.position()[0][2] == held[2]
            assert (answer.seized[1] > 0) == (without == 0)
            assert place.basket.health(BORROWER) >= 10**18
            assert place.pool.losses(place.basket) == 0
