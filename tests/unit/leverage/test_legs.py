"""Leverage on one leg of a basket: by the same flow, beside legs that stay as they are."""

from types import SimpleNamespace

import pytest

from plimsoll.units import MAX, WAD
from tests.unit.leverage.conftest import LATER, USD, WETH
from tests.utils.periphery import STRANGER, BasketMarket, refused

NOTHING = {"usd": 0, "weth": 0, "btc": 0}
BTC = 10**7  # a tenth of a coin, 4,000 dollars
DEBT = 20_000 * 10**6


@pytest.fixture
def market(venue, leverage, trader) -> BasketMarket:
    """WETH and BTC behind dollars; some of the trader's BTC is locked already."""
    market = venue.basket(venue.usd, [(venue.btc, 40_000), (venue.weth, 2_000)])
    venue.give(venue.btc, trader, BTC)
    venue.btc.send("approve", market.basket.address, MAX, sender=trader)
    market.basket.send("deposit", 0, BTC, sender=trader)
    market.basket.send("set_operator", leverage.address, 3, sender=trader)
    return market


@pytest.fixture
def opened(market, leverage, trader, into):
    """Twenty thousand dollars on some twenty WETH and a tenth of a BTC, a day old."""
    call = ("open_leg", market.basket.address, 1, WETH, 0, DEBT, into, 0, 0, LATER)
    leverage.send(*call, sender=trader)
    market.venue.engine.advance(86_400)
    return market


def position(market, who):
    """Base units of both legs, and the debt."""
    return (*market.basket.call("position_of", who)[0][:2], market.basket.call("debt_of", who))


def clean(venue, leverage, market):
    """Y1: Leverage holds and allows nothing."""
    assert venue.holdings(leverage.address) == NOTHING
    for token in (venue.usd, venue.weth, venue.btc):
        assert token.call("allowance", leverage.address, market.basket.address) == 0


@pytest.mark.parametrize("loan_margin", [0, 6_000 * 10**6])
def test_an_opening_and_an_increase(venue, leverage, trader, market, into, loan_margin):
    basket = market.basket.address
    call = (basket, 1, WETH, loan_margin, DEBT, into)
    bought = venue.sale(into, DEBT + loan_margin)
    assert leverage.call("preview_open_leg", *call) == WETH + bought
    refused(
        "leverage: too little collateral",
        leverage, "open_leg", *call, WETH + bought + 1, 0, LATER, sender=trader,
    )  # fmt: skip
    assert leverage.send("open_leg", *call, WETH + bought, 0, LATER, sender=trader) == WETH + bought
    btc, weth, debt = position(market, trader)
    assert (btc, weth) == (BTC, WETH + bought)
    assert debt - DEBT in (0, 1)
    assert venue.holdings(trader) == NOTHING | {"usd": USD - loan_margin}
    more = venue.sale(into, 3 * 10**9)
    increase = ("open_leg", basket, 1, 0, 0, 3 * 10**9, into, more, 0, LATER)
    assert leverage.send(*increase, sender=trader) == more
    assert position(market, trader)[:2] == (BTC, WETH + bought + more)
    clean(venue, leverage, market)


def test_the_other_legs_stand_behind_it(venue, leverage, trader, market, into):
    """More debt than the leg alone would bear."""
    venue.give(venue.btc, trader, BTC)
    venue.btc.send("approve", market.basket.address, MAX, sender=trader)
    market.basket.send("deposit", 0, BTC, sender=trader)
    debt = 78_000 * 10**6
    call = ("open_leg", market.basket.address, 1, WETH, 0, debt, into, 0, 0, LATER)
    locked = leverage.send(*call, sender=trader)
    assert debt > locked * 2_000 * 10**6 // WAD * 80 // 100
    more = ("open_leg", market.basket.address, 1, 0, 0, 4 * debt, into, 0, 0, LATER)
    refused("vault: above the loan-to-value", leverage, *more, sender=trader)


def test_a_decrease(venue, leverage, trader, opened, out_of):
    """Debt falls by the repayment, the leg by what is sold for it and by the payout."""
    basket = opened.basket.address
    _, weth, debt = position(opened, trader)
    repaid, sold = leverage.call("preview_close_leg", basket, 1, trader, 10**10, out_of)
    assert (repaid, sold) == (10**10, venue.purchase(out_of, 10**10))
    call = ("close_leg", basket, 1, 10**10, WAD, out_of)
    refused("leverage: too much sold", leverage, *call, sold - 1, 0, LATER, sender=trader)
    assert leverage.send(*call, sold, 0, LATER, sender=trader) == (10**10, sold, WAD)
    btc, left, owed = position(opened, trader)
    assert (btc, left) == (BTC, weth - sold - WAD)
    assert 0 <= owed - (debt - 10**10) <= 1
    assert venue.holdings(trader)["weth"] == WAD
    clean(venue, leverage, opened)


def test_a_close(venue, leverage, trader, opened, out_of):
    """All of the debt and of the leg; the other leg stays locked."""
    _, weth, debt = position(opened, trader)
    assert debt > DEBT
    sold = venue.purchase(out_of, debt)
    call = ("close_leg", opened.basket.address, 1, MAX, MAX, out_of, sold, 0, LATER)
    assert leverage.send(*call, sender=trader) == (debt, sold, weth - sold)
    assert position(opened, trader) == (BTC, 0, 0)
    held = venue.holdings(trader)
    assert held["weth"] == weth - sold
    assert held["usd"] - USD in (0, 1)
    clean(venue, leverage, opened)


def test_the_largest_number_is_what_health_allows(venue, leverage, trader, opened, out_of):
    """After a part of the debt a part of the leg; no more goes afterwards."""
    basket = opened.basket
    _, weth, _ = position(opened, trader)
    sold = venue.purchase(out_of, 10**9)
    call = ("close_leg", basket.address, 1, 10**9, MAX, out_of, MAX, 0, LATER)
    *done, sent = leverage.send(*call, sender=trader)
    assert done == [10**9, sold]
    assert 0 < sent == weth - sold - position(opened, trader)[1]
    assert basket.call("withdraw", 1, MAX, trader, trader, sender=trader) == 0
    clean(venue, leverage, opened)


def test_a_leg_that_does_not_hold_what_must_be_sold(venue, leverage, trader, opened):
    """A tenth of a BTC does not pay 20,000 dollars: neither exactly nor with all of it."""
    path = venue.path(venue.btc, venue.usd)
    for payout, reason in ((0, "vault: not enough collateral"), (MAX, "leverage: too little to sell")):
        call = ("close_leg", opened.basket.address, 0, MAX, payout, path, MAX, 0, LATER)
        refused(reason, leverage, *call, sender=trader)


def test_the_least_health(venue, leverage, trader, opened, out_of):
    call = ("close_leg", opened.basket.address, 1, 10**10, 0, out_of, MAX)
    before = venue.engine.snapshot()
    leverage.send(*call, 0, LATER, sender=trader)
    health = opened.basket.call("health", trader)
    venue.engine.revert(before)
    refused("leverage: health too low", leverage, *call, health + 1, LATER, sender=trader)
    leverage.send(*call, health, LATER, sender=trader)


def test_rights_and_deadline(venue, leverage, trader, opened, into, out_of):
    basket, now = opened.basket, venue.engine.now
    opening = ("open_leg", basket.address, 1, 0, 0, 10**9, into, 0, 0)
    closing = ("close_leg", basket.address, 1, 10**9, 0, out_of, MAX, 0)
    for call, right in ((opening, 2), (closing, 1)):
        refused("leverage: too late", leverage, *call, now - 1, sender=trader)
        basket.send("set_operator", leverage.address, 3 - right, sender=trader)
        refused("vault: not authorised", leverage, *call, now, sender=trader)
        basket.send("set_operator", leverage.address, right, sender=trader)
        leverage.send(*call, now, sender=trader)


def test_signed(venue, leverage, trader, market, into, out_of):
    """Rights for the call only: the same messages as for a vault."""
    basket = market.basket
    basket.send("set_operator", leverage.address, 0, sender=trader)
    place = SimpleNamespace(vault=basket)
    for right, call in (
        (2, ("open_leg", basket.address, 1, WETH, 0, DEBT, into, 0, 0, LATER)),
        (1, ("close_leg", basket.address, 1, MAX, MAX, out_of, MAX, 0, LATER)),
    ):
        nonce = basket.call("nonces", trader)
        once = [venue.sign(place, leverage, *signed, LATER) for signed in ((right, nonce), (0, nonce + 1))]
        refused("vault: not authorised", leverage, *call, sender=trader)
        leverage.send(*call, once, sender=trader)
        assert basket.call("rights_of", trader, leverage.address) == 0


def test_only_legs_of_baskets(venue, leverage, trader, market, into, out_of):
    basket = market.basket.address
    for place, leg, reason in (
        (STRANGER, 1, "periphery: not a basket"),
        (venue.long.vault.address, 0, "periphery: not a basket"),
        (market.pool.address, 0, "periphery: not a basket"),
        (basket, 2, "leverage: no such leg"),
        (basket, MAX, "leverage: no such leg"),
        (basket, 0, "swap: wrong path"),
    ):
        for call in (
            ("open_leg", place, leg, WETH, 0, DEBT, into, 0, 0, LATER),
            ("close_leg", place, leg, 0, 0, out_of, MAX, 0, LATER),
            ("preview_open_leg", place, leg, WETH, 0, DEBT, into),
            ("preview_close_leg", place, leg, trader, 0, out_of),
        ):
            refused(reason, leverage, *call, sender=trader)
    refused("", leverage, "open", basket, WETH, 0, DEBT, into, 0, 0, LATER, sender=trader)


def test_the_callbacks_answer_the_basket_alone(venue, leverage, trader, market, into):
    """A leg that calls out in the middle of an opening is not the basket."""
    token = venue.make("ReentrantToken", "Hook", "HOOK", 18)
    hooked = venue.basket(venue.usd, [(token, 2_000), (venue.btc, 40_000)])
    venue.provide(token, 5_000 * WAD, venue.usd, 10**13)
    venue.give(token, trader, WETH)
    token.send("approve", leverage.address, MAX, sender=trader)
    hooked.basket.send("set_operator", leverage.address, 3, sender=trader)
    for name in ("on_open", "on_close"):
        before = venue.engine.snapshot()
        data = leverage.encode(name, 0, 10**18, b"1")
        token.send("hook_after", leverage.address, data, sender=STRANGER)
        path = venue.path(venue.usd, token)
        leverage.send("open_leg", hooked.basket.address, 0, WETH, 0, 10**10, path, 0, 0, LATER, sender=trader)
        closing = ("close_leg", hooked.basket.address, 0, MAX, MAX, path[::-1], MAX, 0, LATER)
        leverage.send(*closing, sender=trader)
        assert (token.call("calls"), token.call("successes")) == (6, 0)
        assert b"periphery: not awaited" in token.call("response")
        venue.engine.revert(before)
