"""A22: auctions were won with bids of nothing while the network was congested (Maker, March 2020).

Here the price of what is seized is set by formula in the call: never more than the bonus is given away,
however far and late the price has come.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.roles import BORROWER, LIQUIDATOR
from plimsoll.units import MAX, PRICE_SCALE, WAD, order
from tests.utils.baskets import small_place
from tests.utils.vaults import balances, liquidate, liquidate_batch, worth


def assert_no_gift(market, answer) -> None:
    """Paid with the largest bonus covers what was seized, but for a unit of rounding."""
    value = worth(answer.seized, market.oracle.price())
    assert value <= answer.paid * (WAD + market.risk().bonus_max) // WAD + 1


@pytest.mark.parametrize("quote", [1_000, 500, 97, "0.5", "0.000001"])
@pytest.mark.parametrize("offer", [1, 2, 10, 10**6, MAX])
def test_a22_after_a_gap_down(market, vault, borrower, liquidator, quote, offer):
    """-50 % at once, with an oracle that was late, and far beyond."""
    market.set_quote(quote)
    answer = market.quote(borrower, offer)
    if not answer.executable:
        return
    before = balances(market, liquidator).loan
    liquidate(market, borrower, liquidator, offer)
    assert before - balances(market, liquidator).loan == answer.paid > 0
    assert_no_gift(market, answer)


def test_a22_a_bid_of_nothing_wins_nothing(market, vault, borrower, liquidator):
    for quote in (1_800, 1_000, 97, "0.000001"):
        market.set_quote(quote)
        assert refusal(vault.liquidate, borrower, 0, sender=liquidator) == "vault: nothing can be closed"
        orders = [order(borrower, 0)] * 3
        assert refusal(vault.liquidate_batch, orders, sender=liquidator) == "vault: no order can execute"


def test_a22_many_smallest_bids_win_no_more(chain, market, vault, borrower, liquidator):
    """In one call, for as many as fit."""
    market.set_quote(1_000)
    with chain.isolated():
        answers = liquidate_batch(market, [order(borrower, 1)] * 256, liquidator)
    assert all(answer.paid == 1 for answer in answers)
    for answer in answers:
        assert_no_gift(market, answer)


def test_a22_only_what_is_worth_nothing_is_free(market, vault, borrower, liquidator):
    """Less than one base unit for all of the collateral."""
    collateral = market.collaterals(10)
    market.oracle.set_price(10**36 // collateral, sender=liquidator)
    assert market.quote(borrower).paid == 1
    market.oracle.set_price(10**36 // collateral - 1, sender=liquidator)
    assert liquidate(market, borrower, liquidator).paid == 0


@pytest.mark.parametrize("prices", [(500,), (250,), (500, 20, 900), (48,), (1,)])
@pytest.mark.parametrize("without", [0, 0b001, 0b010, 0b110])
def test_a22_no_leg_of_a_basket_is_given_away(prices, without):
    """After a gap, for offers of a unit and up: paid with the largest bonus covers all that was seized."""
    place = small_place()
    place.hold(10, "0.5", 10_000)
    place.borrow(30_000)
    place.scale_prices(*prices)
    now = [script.price() for script in place.scripts]
    for offer in (1, 2, 10, 10**6, MAX):
        if not place.preview(BORROWER, offer, without).executable:
            continue
        with place.isolated():
            answer = place.close(offer, without)
            value = sum(a * p for a, p in zip(answer.seized, now, strict=True))
            bonus = WAD + place.risk.bonus_max
            assert value * WAD <= (answer.paid * bonus + 3 * WAD) * PRICE_SCALE
            assert answer.paid > 0
    arguments = (BORROWER, 0, [], without, LIQUIDATOR)
    place.refused("vault: nothing can be closed", "liquidate", *arguments, sender=LIQUIDATOR)
