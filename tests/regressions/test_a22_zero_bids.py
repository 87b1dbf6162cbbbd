"""A22: auctions were won with bids of nothing while the network was congested (Maker, March 2020).

Here the price of what is seized is set by formula in the call: never more than the bonus is given away,
however far and late the price has come.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX, WAD, order
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
