"""Legs whose oracle does not answer: what counts for what, what is closed, what waits."""

from collections.abc import Iterator

import pytest

from plimsoll.testing.roles import BORROWER, LIQUIDATOR, STRANGER
from plimsoll.units import MAX, PRICE_SCALE, WAD, YEAR
from tests.utils.baskets import ANSWERS_A_WORD, ANY_CODE, BasketPlace, LegTerms

HEALTHY, UNKNOWN, NOTHING = "vault: healthy", "basket: value unknown", "vault: nothing can be closed"


@pytest.fixture
def little(place) -> BasketPlace:
    """10, 0.5 and 100 tokens under 30,000; the third is worth 100, at its ceiling 1,000."""
    place.hold(10, "0.5", 100)
    place.borrow(30_000)
    return place


@pytest.fixture
def covered(little) -> BasketPlace:
    """The first two are worth 36,000: unhealthy, and covered without the third, which is silent."""
    little.set_price(0, little.fair[0] * 9 // 10)
    little.set_price(1, little.fair[1] * 6 // 10)
    little.silence(2)
    return little


def test_nobody_is_liquidatable_by_a_silence(lent):
    """Below the ceilings: whichever legs are silent, healthy stays healthy, and nothing is provided for."""
    for price in (1_000, 700, 632):
        lent.scale_prices(price)
        health = lent.basket.health(BORROWER)
        for mask in range(1, 8):
            with lent.isolated():
                lent.silence(*(leg for leg in range(3) if mask >> leg & 1))
                assert lent.basket.health(BORROWER) >= health >= WAD
                lent.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
                assert lent.act("poke", BORROWER, sender=STRANGER) == 0


def test_unknown_until_it_answers(little):
    """Nothing is closed and nothing lost, whatever is offered or left out; then the loss is booked."""
    little.scale_prices(590)  # 29,500 without the third, 30,500 with its ceiling
    little.silence(2)
    quote = little.preview()
    assert (quote.liquidatable, quote.known, quote.shares) == (True, False, 0)
    for without in range(8):
        for offer in (0, 1, MAX):
            arguments = (BORROWER, offer, [], without, LIQUIDATOR)
            little.refused(UNKNOWN, "liquidate", *arguments, sender=LIQUIDATOR)
    little.act("repay", little.loans(100), BORROWER, sender=STRANGER)
    little.act("deposit", 2, 1, BORROWER, sender=STRANGER)
    little.set_price(2, little.fair[2])
    losses = little.pool.losses(little.basket)
    little.close()
    assert little.pool.losses(little.basket) > losses
    assert little.position()[1] == 0


def test_paid_until_what_answers_covers_it(little):
    """Whoever repays a part makes the rest known."""
    little.scale_prices(590)
    little.silence(2)
    assert not little.preview().known
    little.act("repay", little.loans(1_100), BORROWER, sender=STRANGER)
    assert little.preview().known
    answer = little.close()
    assert answer.seized[2] == 0


def test_covered_by_what_answers(covered):
    """Closed from it, for the smallest bonus at most; the silent leg stays, and the position is healthy."""
    held = covered.position()[0][2]
    answer = covered.close()
    prices = [script.price() for script in covered.scripts[:2]]
    given = sum(a * p // PRICE_SCALE for a, p in zip(answer.seized[:2], prices, strict=True))
    assert given <= answer.paid * (WAD + covered.risk.bonus_min) // WAD
    assert answer.seized[2] == 0 and covered.position()[0][2] == held
    assert covered.worth().low >= covered.debt()


def test_legs_left_out_beside_a_silent_one(covered):
    """Both kinds stay; where nothing is left that answers, nothing can be closed."""
    taken = {}
    for without in range(8):
        quote = covered.preview(BORROWER, MAX, without)
        if not quote.executable:
            arguments = (BORROWER, MAX, [], without, LIQUIDATOR)
            covered.refused(NOTHING, "liquidate", *arguments, sender=LIQUIDATOR)
            continue
        with covered.isolated():
            seized = covered.close(MAX, without).seized
            taken[without] = {leg for leg, amount in enumerate(seized) if amount}
    assert taken.pop(0b000) == taken.pop(0b100) == {0, 1}
    assert taken == {0b001: {1}, 0b010: {0}, 0b101: {1}, 0b110: {0}}


def test_a_silent_leg_lends_no_health_to_a_part(place):
    """A part whose legs cost more health than the live ones have is refused, whatever the ceiling says."""
    place.hold(3, "0.95", 357)
    place.borrow(30_000)
    place.scale_prices(500)
    place.silence(2)  # live: 31,500 that carry 23,865, health .7955; the first leg alone would cost .8466
    assert place.basket.health(BORROWER) > 85 * 10**16
    place.refused(NOTHING, "liquidate", BORROWER, MAX, [], 0b010, LIQUIDATOR, sender=LIQUIDATOR)
    assert place.close(MAX, 0b001).paid > 0


def test_it_comes_back_between_two_closes(covered):
    """A part while it was silent, a slice when it is not: both as the twin says."""
    covered.close(covered.loans(1_000))
    covered.set_price(2, covered.fair[2] // 2)
    covered.close(covered.loans(1_000))
    assert covered.position()[0][2] < covered.of_leg(2, 100)


def test_all_silent(lent):
    """At the ceilings of everything who borrowed below them is healthy; who outgrew them is unknown."""
    lent.silence(0, 1, 2)
    lent.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    for leg in range(3):
        lent.set_price(leg, lent.legs[leg].ceiling)
    lent.act("borrow", lent.twin.max_borrow(BORROWER), BORROWER, BORROWER, sender=BORROWER)
    lent.silence(0, 1, 2)
    while lent.basket.health(BORROWER) >= WAD:
        lent.advance(YEAR)
        lent.act("accrue", sender=STRANGER, of="pool")
    lent.refused(UNKNOWN, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    assert lent.act("poke", BORROWER, sender=STRANGER) == 0  # at the ceilings it is worth more than it owes


def test_above_its_ceiling_a_silence_costs_at_most_the_smallest_bonus(place):
    """A leg at twenty times its first price falls silent and counts ten: its owner is closed in part."""
    place.hold(1, 2)
    place.set_price(0, 20 * place.fair[0])
    place.borrow(78_000)
    place.set_price(1, place.fair[1] * 2 // 3)
    place.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    place.silence(0)
    answer = place.close()
    price = place.scripts[1].price()
    given = answer.seized[1] * price // PRICE_SCALE
    assert 0 < given - answer.paid <= answer.paid * place.risk.bonus_min // WAD
    assert answer.seized[0] == 0


def test_a_ceiling_counts_rounded_up(builder, place):
    """A base unit that is worth less than one of the loan counts as one, and is no shield for more."""
    other = BasketPlace(builder, [LegTerms(), LegTerms(27, 1, 50, 60)])
    other.hold(10, 1_000)
    other.act("withdraw", 1, other.position()[0][1] - 1, BORROWER, BORROWER, sender=BORROWER)
    other.silence(1)
    worth = other.worth()
    assert (worth.high - worth.low, worth.high_weight - worth.low_weight) == (1, 6 * 10**17)
    other.compare()


def test_lanes_at_their_top_while_silent(place):
    """2^128 - 1 of a leg at its ceiling: the value saturates or holds, and nothing reverts."""
    place.act("mint", STRANGER, 2**129, sender=STRANGER, of="token0")
    place.hold(1, 1)
    place.act("deposit", 0, 2**128 - 1 - place.of_leg(0, 1), BORROWER, sender=STRANGER)
    place.borrow(40_000)
    for price in (1, 2**127, 2**128, 2**129, 2**250, MAX):
        place.set_price(0, price)
        place.act("poke", BORROWER, sender=STRANGER)
        place.act("withdraw", 1, 1, BORROWER, BORROWER, sender=BORROWER) if price > 1 else None
    place.silence(0)
    place.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    place.act("poke", BORROWER, sender=STRANGER)


def test_the_value_of_a_silent_leg_saturates(builder):
    """Its ceiling and its amount together do not fit into a word."""
    place = BasketPlace(builder, [LegTerms(), LegTerms(0, "0.05", 50, 60)])
    place.hold(10, 1_000_000)
    place.borrow(15_000)
    place.act("mint", STRANGER, 2**129, sender=STRANGER, of="token1")
    place.act("deposit", 1, 2**128 - 1 - place.of_leg(1, 1_000_000), BORROWER, sender=STRANGER)
    place.set_price(0, 1)
    place.silence(1)
    worth = place.worth()
    assert worth.high - worth.low == MAX // PRICE_SCALE
    place.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)


# ------------------------------------------------------------------------- answers that are no price

BURNS = "burns all its gas"
CODES = {  # of an oracle, whatever it is asked; what a basket takes it for
    BURNS: ("5b5f56", 0),
    "reverts": ("5f5ffd", 0),
    "reverts with 64 kilobytes": ("620100005ffd", 0),
    "fails": ("fe", 0),
    "answers nothing": ("5f5ff3", 0),
    "is gone": ("", 0),
    "answers 31 bytes": ("5f19" "5f52" "601f5ff3", 0),
    "answers zero": ("60205ff3", 0),
    "answers the largest word": ("5f19" "5f52" "60205ff3", MAX),
    "answers 64 kilobytes that begin with 5": ("60055f52" "620100005ff3", 5),
    "answers 33 bytes": ("60075f52" "60215ff3", 7),
}  # fmt: skip


@pytest.fixture(scope="module")
def with_any(builder) -> BasketPlace:
    place = BasketPlace(builder, [LegTerms(), LegTerms(8, 60_000, 70, 75), LegTerms(oracle=ANY_CODE)])
    place.hold(10, "0.5", 1)
    place.borrow(30_000)
    return place


@pytest.fixture
def odd(with_any) -> Iterator[BasketPlace]:
    """The borrower's third leg has an oracle that runs any code."""
    with with_any.isolated():
        yield with_any


NAMES = [pytest.param(name, marks=pytest.mark.slow) if name == BURNS else name for name in CODES]


@pytest.mark.parametrize("name", NAMES)
def test_no_oracle_shuts_a_basket(odd, name):
    """Health, loans, withdrawals, pokes, closes, repayment: as the twin says, whatever the third leg says."""
    code, answer = CODES[name]
    odd.run_code(2, code, answer)
    assert odd.twin.prices(BORROWER)[2] == answer
    odd.compare()
    odd.act("borrow", 1, BORROWER, BORROWER, sender=BORROWER)
    odd.act("withdraw", 0, odd.of_leg(0, 1), BORROWER, BORROWER, sender=BORROWER)
    odd.act("deposit", 2, 1, BORROWER, sender=STRANGER)
    odd.act("poke", BORROWER, sender=STRANGER)
    for prices in ((780, 700), (590, 590)):
        for leg in (0, 1):
            odd.set_price(leg, odd.fair[leg] * prices[leg] // 1_000)
        for without in (0, 0b001, 0b100):
            with odd.isolated():
                odd.act("poke", BORROWER, sender=STRANGER)
                odd.act("liquidate", BORROWER, odd.loans(500), [], without, LIQUIDATOR, sender=LIQUIDATOR)
                odd.act("liquidate", BORROWER, MAX, [], without, LIQUIDATOR, sender=LIQUIDATOR)
    odd.act("repay", MAX, BORROWER, sender=STRANGER)
    for leg in range(3):
        odd.act("withdraw", leg, odd.position()[0][leg], BORROWER, BORROWER, sender=BORROWER)


@pytest.mark.parametrize(
    "name", [name for name, (_, answer) in CODES.items() if not answer and name != BURNS]
)
def test_a_leg_without_a_price_does_not_enter(odd, name):
    """Neither what fails nor what is worth nothing."""
    odd.run_code(2, *CODES[name])
    if name != "answers zero":  # the twin's oracle answers or has a reason
        odd.scripts[2].price_answer = ""
        odd.scripts[2].safe_price_answer = ""
    reason = "basket: too little of a new leg" if name == "answers zero" else ""
    odd.refused(reason, "deposit", 2, odd.of_leg(2, 1), STRANGER, sender=STRANGER)


def test_a_word_is_a_word(odd):
    """The helper answers what it is told."""
    odd.run_code(2, ANSWERS_A_WORD.format(odd.fair[2] * 2), odd.fair[2] * 2)
    odd.compare()
