"""A market with that oracle, and the liquidator on it."""

import pytest
from own import BUYER, quoted

from plimsoll.testing import reverts
from plimsoll.units import HOUR, MAX, PRICE_SCALE


@pytest.fixture
def buyer(builder, market, liquidator):
    """Buys for the liquidator, at 1,800 a WETH with the fee or cheaper."""
    buyer = builder.chain.make(BUYER, market.vault, liquidator, PRICE_SCALE**2 // quoted(1_800))
    market.loan.approve(buyer, MAX, sender=liquidator)
    return buyer


def test_a_stale_price_stops_borrowing_and_liquidation_but_not_leaving(market, borrower, liquidator):
    market.chain.advance(HOUR + 1)
    with reverts("posted: stale"):
        market.vault.borrow(1, sender=borrower)
    with reverts("posted: stale"):
        market.vault.liquidate(borrower, MAX, sender=liquidator)
    market.vault.close(MAX, MAX, sender=borrower)
    assert market.position(borrower) == (0, 0)


def test_one_report_liquidates_nobody(market, oracle, operator, borrower, liquidator):
    oracle.report(quoted(1_800), sender=operator)
    with reverts("vault: healthy"):
        market.vault.liquidate(borrower, MAX, sender=liquidator)
    oracle.report(quoted(1_800), sender=operator)
    market.vault.liquidate(borrower, MAX, sender=liquidator)


def test_the_buyer_pays_out_of_its_owners_wallet(market, buyer, fall, borrower, liquidator, stranger):
    fall()
    quote = market.quote(borrower)
    before = market.loan.balanceOf(liquidator), market.collateral.balanceOf(liquidator)

    assert buyer.buy(borrower, sender=stranger).return_value == quote.seized

    after = market.loan.balanceOf(liquidator), market.collateral.balanceOf(liquidator)
    assert after == (before[0] - quote.paid - quote.fee, before[1] + quote.seized)
    assert market.loan.balanceOf(buyer) == market.loan.allowance(buyer, market.vault) == 0
    assert market.vault.health(borrower) == quote.health_after


def test_the_buyer_leaves_what_is_too_dear(builder, market, fall, borrower, liquidator, stranger):
    buyer = builder.chain.make(BUYER, market.vault, liquidator, PRICE_SCALE**2 // quoted(1_500))
    market.loan.approve(buyer, MAX, sender=liquidator)
    fall()
    with reverts("vault: rate too low"):
        buyer.buy(borrower, sender=stranger)


def test_nobody_else_may_call_back(buyer, stranger):
    with reverts("buyer: only vault"):
        buyer.on_liquidation(1, 0, 1, b"", sender=stranger)
