"""`liquidate`: slices and parts, held to the twin to the unit; what a close must leave, whatever it was."""

from dataclasses import replace
from decimal import Decimal

import pytest

from plimsoll.chain.artifacts import slots
from plimsoll.chain.engine import mapping_slot
from plimsoll.testing.roles import BORROWER, LIQUIDATOR, OTHER_BORROWER, RECEIVER, STRANGER
from plimsoll.twin.liquidation import is_restorable, quote
from plimsoll.twin.position import unpack_liquidation
from plimsoll.units import MAX, NOBODY, PRICE_SCALE, WAD, YEAR
from tests.utils.baskets import BasketPlace, LegTerms, falls

# per mille of the prices of 10, 0.5 and 10,000 tokens under a debt of 30,000: liquidatable below 631, the
# full bonus from 587 down, capped by equity from 550 down, in shortfall below 510
RESTORABLE = ((630,), (600,), (587,), (300, 700, 1_000), (1_000, 100, 1_200), (551,))
CAPPED = ((549,), (520,), (511,), (30, 700, 1_000))
SHORTFALL = ((509,), (400,), (1_000, 10, 700), (10, 10, 1_000), (1,))
PARTS = (0b001, 0b010, 0b100, 0b011, 0b101, 0b110)
HEALTHY, NOTHING = "vault: healthy", "vault: nothing can be closed"


def offers(place) -> list[int]:
    """Offers on all sides of what a close turns on."""
    debt, least, whole = place.debt(), place.risk.min_debt, place.preview().paid
    around = {whole, debt, debt - least, debt // 3}
    return sorted({1, 2, 1_000, MAX, *(number + step for number in around for step in (-1, 0, 1))} - {0, -1})


def assert_left(place, before, debt, worth, answer) -> None:
    """What a close must leave: L3b, L6b, L7b."""
    amounts, shares = place.position()
    assert answer.paid <= debt
    prices = [script.price() for script in place.scripts]
    bought = sum(a * p // PRICE_SCALE for a, p in zip(answer.seized, prices, strict=True))
    units = sum(p // PRICE_SCALE + 1 for p in prices)  # a base unit of each leg, which rounding keeps back
    if worth.low * WAD >= debt * (WAD + place.risk.bonus_min):
        left = place.worth()
        assert left.low >= place.debt()  # L3b
        assert bought <= answer.paid * (WAD + place.risk.bonus_max) // WAD + len(amounts)  # L7b
    else:
        assert answer.fee == 0
        # of what is taken a liquidator pays the price of the whole
        assert answer.paid * (WAD + place.risk.bonus_max) >= (bought - len(amounts)) * WAD - 1
    if not any(amounts):
        assert shares == 0  # L6b
    assert answer.paid + answer.fee <= bought + units  # no liquidator pays more than he gets


@pytest.mark.parametrize("prices", [*RESTORABLE, *CAPPED, *SHORTFALL])
def test_slices_of_every_size(lent, prices):
    """L2b, L3b, L6b, L7b, L8: previews of many offers, execution of some, as the twin says."""
    lent.advance(YEAR // 12)
    lent.scale_prices(*prices)
    before, debt, worth = lent.position(), lent.debt(), lent.worth()
    made = [offer for offer in offers(lent) if lent.preview(BORROWER, offer).executable]
    for offer in set(offers(lent)) - set(made):
        lent.refused(NOTHING, "liquidate", BORROWER, offer, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    for offer in {made[0], made[len(made) // 2], made[-1]}:
        with lent.isolated():
            answer = lent.close(offer)
            assert falls(before, lent.position()) == []
            assert_left(lent, before, debt, worth, answer)


@pytest.mark.parametrize("without", PARTS)
@pytest.mark.parametrize("prices", [*RESTORABLE, *CAPPED, *SHORTFALL])
def test_parts_of_every_size(lent, prices, without):
    """L2b, L3b, L6b, L7b, L8; restorable closes lower health by flooring alone, others no equity."""
    lent.advance(YEAR // 12)
    lent.scale_prices(*prices)
    before, debt, worth = lent.position(), lent.debt(), lent.worth()
    covered = is_restorable(worth.low, debt, lent.risk.bonus_min)
    for offer in (1_000, lent.loans(1_000), MAX):
        if not lent.preview(BORROWER, offer, without).executable:
            lent.refused(NOTHING, "liquidate", BORROWER, offer, [], without, LIQUIDATOR, sender=LIQUIDATOR)
            continue
        with lent.isolated():
            answer = lent.close(offer, without)
            assert_left(lent, before, debt, worth, answer)
            shares = lent.position()[1]
            assert all(not (without >> leg & 1 and taken) for leg, taken in enumerate(answer.seized))
            owed = lent.debt()
            if shares and covered:
                slack = 3 * WAD // owed + 2  # three units of value
                assert answer.health_after + slack >= answer.health_before
            elif shares:
                assert lent.worth().high * debt + 4 * debt >= worth.high * owed  # equity per debt


def test_legs_that_are_not_held_may_be_left_out(place):
    """As may legs that the basket does not have: a slice is a slice."""
    place.hold(10, "0.3")
    place.borrow(27_000)
    place.scale_prices(700)
    whole = place.preview()
    assert whole.executable
    for without in (0b100, 2**255, MAX - 0b11):
        assert place.preview(BORROWER, MAX, without) == whole
    with place.isolated():
        assert place.close(MAX, MAX - 0b11) == whole
    assert place.preview(BORROWER, MAX, 0b11).shares == 0
    place.refused(NOTHING, "liquidate", BORROWER, MAX, [], MAX, LIQUIDATOR, sender=LIQUIDATOR)


def test_the_last_that_is_restored_pays_all(place):
    """Worth debt and smallest bonus to the unit, beside a leg worth nothing that is left out."""
    place.hold(10, "0.5", 100)
    place.borrow("24999.999999")
    assert place.debt() == place.loans(25_000)
    place.scale_prices(510)
    place.set_price(2, 1)
    answer = place.close(without=0b100)
    assert answer.paid == place.loans(25_000)
    assert place.position()[1] == place.pool.losses(place.basket) == 0


def test_a_bonus_too_small_for_the_dearer_leg(builder):
    """Of the smallest that there is, it would get a part: nothing of it alone is closed."""
    legs, bonus = [LegTerms(), LegTerms(18, 1, 50, 60)], Decimal("1e-18")
    place = BasketPlace(builder, legs, 18, bonus_min=bonus, min_debt=Decimal(10**6))
    place.hold(600, 1_000_000)
    place.borrow(1_000_000)
    place.scale_prices(400, 1_000)
    assert place.preview(without=0b01).executable
    place.refused(NOTHING, "liquidate", BORROWER, MAX, [], 0b10, LIQUIDATOR, sender=LIQUIDATOR)


def test_one_leg_is_closed_as_a_vault_is(place):
    """A position that holds one leg, in the three kinds of close; the twin's vault says the same."""
    place.hold(10)
    place.borrow(15_000)
    risk = replace(place.risk, ltv=place.legs[0].ltv, threshold=place.legs[0].threshold)
    for price in (900, 840, 800, 770, 765, 764, 500, 1):
        place.scale_prices(price)
        amounts, shares = place.position()
        alone = quote(amounts[0], shares, place.fair[0] * price // 1_000, place.totals(), MAX, risk)
        found = place.preview()
        assert (found.shares, found.paid, found.fee) == (alone.shares, alone.paid, alone.fee)
        if alone.executable:  # a slice of the amount instead of the value at the price: up to a unit of value
            unit = -(-PRICE_SCALE // (place.fair[0] * price // 1_000))
            assert abs(found.seized[0] - alone.seized) <= unit


# ---------------------------------------------------------------------------------- who may be closed


def test_l1b_from_the_first_unit_below(lent):
    """L1b: sum of values times thresholds against the debt: to the unit, whichever leg falls."""
    for leg in range(3):
        with lent.isolated():
            lent.scale_prices(650)
            low, high = 1, lent.fair[leg]
            while high - low > 1:  # the lowest price at which the position is healthy
                middle = (low + high) // 2
                lent.set_price(leg, middle)
                low, high = (
                    (middle, high)
                    if lent.twin.preview_liquidate(BORROWER, MAX).liquidatable
                    else (low, middle)
                )
            lent.set_price(leg, high)
            for offer in (0, 1, MAX):
                lent.refused(HEALTHY, "liquidate", BORROWER, offer, [], 0, STRANGER, sender=STRANGER)
            assert lent.basket.health(BORROWER) >= WAD
            lent.set_price(leg, low)
            assert lent.basket.health(BORROWER) < WAD
            lent.close(sender=STRANGER)


def test_at_the_price_not_at_the_safe_price(lent):
    for leg, price in enumerate(lent.fair):
        lent.set_price(leg, price, 0)
    lent.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    for leg, price in enumerate(lent.fair):
        lent.set_price(leg, price * 6 // 10, 0)
    lent.close()


def test_a_price_above_the_ceiling_counts_as_it_is(lent):
    """Ceilings are for loans and silence; a lie upwards keeps from liquidation, as in a vault."""
    lent.scale_prices(500)
    for price in (11 * lent.fair[2], 2**128, 2**200, MAX):
        lent.set_price(2, price)
        lent.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
        lent.act("poke", BORROWER, sender=STRANGER)


def test_who_owes_nothing_is_healthy(place):
    place.hold(1)
    for owner in (BORROWER, STRANGER, NOBODY, place.basket.address, "0x" + "ff" * 20):
        place.refused(HEALTHY, "liquidate", owner, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    for price in (0, 1):
        place.set_price(0, price)
        place.refused(HEALTHY, "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)


def test_an_offer_of_nothing_closes_nothing_of_value(lent):
    for prices in (*RESTORABLE, *CAPPED, *SHORTFALL):
        lent.scale_prices(*prices)
        for without in (0, 0b010):
            arguments = (BORROWER, 0, [], without, LIQUIDATOR)
            lent.refused(NOTHING, "liquidate", *arguments, sender=LIQUIDATOR)
            assert lent.preview(max_repay=0, without=without).paid == 0


# --------------------------------------------------------------------------------- what is worthless


@pytest.mark.parametrize("offer", [0, 1, MAX])
def test_worth_nothing_at_all(lent, offer):
    """Everything goes for nothing, whatever is offered; legs left out stay with the owner, free of debt."""
    for leg in range(3):
        lent.set_price(leg, 1)
    amounts, shares = lent.position()
    lent.act("approve", lent.basket.address, 0, sender=LIQUIDATOR, of="loan")
    for without, left in ((0, (0, 0, 0)), (0b010, (0, amounts[1], 0)), (0b111, amounts)):
        with lent.isolated():
            answer = lent.close(offer, without)
            assert (answer.shares, answer.paid, answer.fee) == (shares, 0, 0)
            assert lent.position() == (left, 0)


def test_a_worthless_leg_goes_along(lent):
    """What is worth nothing is a part of every slice; alone it buys nothing, and left out it is no matter."""
    lent.scale_prices(700, 300, 300)
    lent.set_price(2, 1)
    amounts = lent.position()[0]
    answer = lent.close(lent.loans(1_000))
    assert 0 < answer.seized[2] < amounts[2]
    lent.refused(NOTHING, "liquidate", BORROWER, MAX, [], 0b011, LIQUIDATOR, sender=LIQUIDATOR)
    answer = lent.close(MAX, 0b100)
    left, shares = lent.position()
    assert (left[0], left[1], shares) == (0, 0, 0)
    lent.act("withdraw", 2, left[2], BORROWER, BORROWER, sender=BORROWER)


def test_a_debt_without_a_leg(lent):
    """What rounding could leave: it is closed for nothing and booked. Made by hand: no call leads to it."""
    shares = lent.position()[1]
    place_word, words = lent.chain.engine.set_storage, slots("Basket")
    address = lent.basket.address
    place_word(address, mapping_slot(words["book.positions"], BORROWER), shares << 128)
    for j in range(2):
        place_word(address, mapping_slot(words["basket.amounts"], BORROWER) + j, 0)
    lent.twin.amounts[BORROWER] = (0, 0, 0)
    assert lent.act("poke", BORROWER, sender=STRANGER) == lent.debt()
    debt, losses = lent.debt(), lent.pool.losses(lent.basket)
    answer = lent.close(0)
    assert (answer.paid, answer.shares, answer.seized) == (0, shares, (0, 0, 0))
    assert lent.pool.losses(lent.basket) - losses == debt
    assert lent.word(lent.basket, "book.positions", BORROWER) == 0


# ------------------------------------------------------------------------- slippage, receivers, events


def test_the_least_of_each_leg(lent):
    """Exactly what is given is accepted, one more of any leg is not; legs that are not named have none."""
    lent.scale_prices(600)
    for without in (0, 0b001):
        seized = lent.preview(BORROWER, MAX, without).seized
        arguments = (without, LIQUIDATOR)
        for leg in range(3):
            least = [*seized[:leg], seized[leg] + 1]
            reason = "basket: too little of a leg"
            lent.refused(reason, "liquidate", BORROWER, MAX, least, *arguments, sender=LIQUIDATOR)
        for least in ([], seized[:1], seized[:2], seized, [*seized, 0, 0, 0, 0, 0]):
            with lent.isolated():
                lent.act("liquidate", BORROWER, MAX, list(least), *arguments, sender=LIQUIDATOR)


def test_a_least_of_a_leg_that_there_is_not(lent):
    """Names no leg of the basket: nothing holds it to anything."""
    lent.scale_prices(600)
    least = [0, 0, 0, MAX]
    lent.act("liquidate", BORROWER, MAX, least, 0, LIQUIDATOR, sender=LIQUIDATOR)


def test_where_to(lent):
    lent.scale_prices(600)
    for bad in (NOBODY, lent.basket.address):
        arguments = (BORROWER, MAX, [], 0, bad)
        lent.refused("vault: bad receiver", "liquidate", *arguments, sender=LIQUIDATOR)
    for good in (RECEIVER, lent.pool.address, BORROWER):
        with lent.isolated():
            lent.close(receiver=good)


def test_needs_allowance_and_balance(lent):
    lent.scale_prices(600)
    answer = lent.preview()
    due = answer.paid + answer.fee
    arguments = (BORROWER, MAX, [], 0, LIQUIDATOR)
    lent.act("approve", lent.basket.address, due - 1, sender=LIQUIDATOR, of="loan")
    lent.refused("token: allowance too small", "liquidate", *arguments, sender=LIQUIDATOR)
    lent.act("approve", lent.basket.address, due, sender=LIQUIDATOR, of="loan")
    lent.act("liquidate", *arguments, sender=LIQUIDATOR)


def test_says_in_two_events_what_was_done(lent):
    """Compared with the twin's in every test; read here as the twin's decoder reads a vault's."""
    lent.scale_prices(400)
    expected, totals = lent.preview(), lent.totals()
    receipt = lent.basket.liquidate(BORROWER, MAX, [], 0, LIQUIDATOR, b"", sender=LIQUIDATOR)
    (call,) = receipt.of(lent.basket.LiquidationCall)
    (close,) = receipt.of(lent.basket.Liquidation)
    assert tuple(call.prices) == tuple(price * 4 // 10 for price in lent.fair) + (0,) * 5
    assert call.debt_totals == totals.debt | totals.shares << 110
    assert (close.owner, close.shares) == (BORROWER, expected.shares)
    lanes = [lane for word in close.seized for lane in (word % 2**128, word >> 128)]
    assert tuple(lanes[:3]) == expected.seized and not any(lanes[3:])
    read = unpack_liquidation(close.shares << 128, close.payment, call.debt_totals)
    assert (read.repaid, read.fee, read.shares) == (expected.paid, 0, expected.shares)
    assert read.extinguished == expected.extinguished
    assert read.health_before == expected.health_before // 10**9 * 10**9


def test_the_fee_lands_in_the_reserve(lent):
    """By being transferred, of parts as of slices: the pool's residue rises by it."""

    def residue() -> int:
        assets, debt, *_ = lent.pool.totals()
        return int(lent.loan.balanceOf(lent.pool)) * 65_536 + debt - assets

    lent.scale_prices(600)
    for without in (0, 0b010):
        with lent.isolated():
            before = residue()
            answer = lent.close(MAX, without)
            assert answer.fee > 0
            assert 0 <= residue() - before - answer.fee * 65_536 < 2 * 65_536


def test_all_eight_legs(eight):
    """Slices and parts of eight legs of 0 to 27 decimals, at their own prices and thresholds."""
    eight.hold(3, "0.1", 5_000, 900, 200_000, 30_000, 50, 2)
    eight.act("borrow", eight.twin.max_borrow(BORROWER), BORROWER, BORROWER, sender=BORROWER)
    for prices in ((930,), (850, 900, 1_000, 700, 900, 1_100, 800, 900), (700,), (300,)):
        for without in (0, 0b10000000, 0b01010101, 0b11101111):
            with eight.isolated():
                eight.scale_prices(*prices)
                if eight.preview(BORROWER, MAX, without).executable:
                    before = eight.position()
                    eight.close(eight.loans(777), without)
                    eight.close(MAX, without)
                    if not without:
                        assert falls(before, eight.position()) == []


def test_a_close_lowers_no_other_position(lent):
    """Their debts rise by a settlement's rounding at most."""
    for prices in (600, 400):
        lent.scale_prices(prices, 1_000)
        lent.scale_prices(prices)
        before = lent.debt(OTHER_BORROWER)
        lent.close(lent.loans(1_000))
        assert lent.debt(OTHER_BORROWER) - before in (0, 1)


# -------------------------------------------------------------------------------------- splits, picks


def gain(place, answers) -> int:
    """What a liquidator has made of some closes, base units of the loan asset."""
    seized = map(sum, zip(*(answer.seized for answer in answers), strict=True))
    prices = [script.price() for script in place.scripts]
    value = sum(a * p // PRICE_SCALE for a, p in zip(seized, prices, strict=True))
    return value - sum(answer.paid + answer.fee for answer in answers)


@pytest.mark.parametrize("prices", [(610,), (600,), (560,), (530,)])
@pytest.mark.parametrize("parts", [2, 5])
def test_l5b_splits_never_pay(lent, prices, parts):
    """L5b: many closes earn no more than one, but for N units and the index."""
    lent.scale_prices(*prices)
    with lent.isolated():
        whole = [lent.close()]
    with lent.isolated():
        split = []
        for offer in (*[whole[0].paid // parts] * (parts - 1), MAX):
            if lent.preview().executable:
                split.append(lent.close(offer))
    assert len(split) > 1
    assert gain(lent, split) <= gain(lent, whole) + 4 * parts


@pytest.mark.parametrize("prices", [(620,), (600,), (560, 640, 520), (530,)])
def test_picking_does_not_pay(lent, prices):
    """Any leg first, then the rest, against one slice: less, but for rounding and the ramp's flat end."""
    lent.scale_prices(*prices)
    with lent.isolated():
        whole = gain(lent, [lent.close()])
    for order in ((0b110, 0b101, 0b011), (0b011, 0b110, 0), (0b101, 0), (0b100, 0)):
        with lent.isolated():
            made = [
                lent.close(MAX, without)
                for without in order
                if lent.preview(BORROWER, MAX, without).executable
            ]
        assert gain(lent, made) <= whole * 1_012 // 1_000 + 20
