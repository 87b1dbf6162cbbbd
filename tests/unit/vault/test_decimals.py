"""Loans of 6, 8 and 18 decimals against collateral of 0 to 27: the same story, exact to the unit in each."""

from decimal import Decimal

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import build_market
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import MAX, PRICE_SCALE, WAD, YEAR
from tests.utils.vaults import liquidate, worth


@pytest.mark.parametrize("collateral_decimals", [0, 6, 8, 18, 27])
@pytest.mark.parametrize("loan_decimals", [6, 8, 18])
def test_life_of_a_loan(chain, builder, lender, borrower, liquidator, loan_decimals, collateral_decimals):
    """L3, L4, L8, P2, P3, V1, V2: at a price of 0.20, so that a whole token is a unit small enough."""
    market = build_market(builder, [lender, borrower], "0.2", loan_decimals, collateral_decimals)
    vault = market.vault
    market.pool.deposit(market.loans(1_000_000), lender, sender=lender)
    market.open(borrower, 1_000_000, 150_000)
    chain.advance(YEAR)
    debt = vault.debt_of(borrower)
    assert debt > market.loans(150_000)

    market.oracle.set_price(vault.margin_terms(borrower)[2], sender=lender)
    assert refusal(vault.liquidate, borrower, MAX, sender=lender) == "vault: healthy"
    for quote, offer in (("0.175", MAX), ("0.16", market.loans("1234.567891")), ("0.14", MAX)):
        market.set_quote(quote)
        with chain.isolated():
            answer = liquidate(market, borrower, lender, offer)
            market.assert_sums([borrower])
            collateral, shares = market.position(borrower)
            if quote > "0.15":
                assert worth(collateral, market.oracle.price()) >= vault.debt_of(borrower)
                assert answer.paid >= answer.extinguished
            if quote == "0.175":
                assert shares > 0 and not vault.preview_liquidate(borrower, MAX).liquidatable

    market.set_quote("0.2")
    most = vault.max_withdraw(borrower)
    assert vault.withdraw.call(MAX, sender=borrower) == most
    vault.withdraw(MAX, sender=borrower)
    rest = market.collaterals(1_000_000) - most
    assert most > 0
    assert vault.close.call(MAX, MAX, sender=borrower) == (debt, rest)
    vault.close(MAX, MAX, sender=borrower)
    assert market.position(borrower) == (0, 0)
    market.assert_sums([borrower])


def test_a_price_is_rounded_up_from_the_smallest_rest(builder, lender, borrower):
    """`debt * 1e36` is one more than a multiple of the collateral."""
    market = build_market(builder, [lender, borrower], "2000", 6, 8)
    market.pool.deposit(market.loans(1_000_000), lender, sender=lender)
    locked = 10**9 + 7
    debt = pow(PRICE_SCALE, -1, locked) + 10 * locked
    market.open(borrower, Decimal(locked).scaleb(-8), Decimal(debt).scaleb(-6))
    price = market.vault.margin_terms(borrower).bankruptcy_price
    assert (worth(locked, price), worth(locked, price - 1)) == (debt, debt - 1)


def test_a_debt_of_more_than_half_of_its_lane(builder, lender, borrower):
    """Of 104 bits: 15 billion of 18 decimals at 1,000 shares a unit."""
    market = build_market(builder, [lender, borrower], "1e6", 18, 18, limit=19 * 10**9)
    market.loan.mint(lender, market.loans(19 * 10**9), sender=lender)
    market.pool.deposit(market.loans(19 * 10**9), lender, sender=lender)
    market.open(borrower, 100_000, 15 * 10**9)
    assert market.position(borrower)[1] == market.loans(15 * 10**9) * 1_000 > 2**103
    assert market.vault.debt_of(borrower) == market.loans(15 * 10**9)
    market.loan.approve(market.vault, MAX, sender=borrower)
    market.vault.repay(MAX, sender=borrower)
    assert market.position(borrower)[1] == 0


def test_the_price_of_a_whole_is_exact_where_cover_is_a_whole_number(builder, lender, borrower):
    """Of 18 decimals: the bonus to its last digit, at a value of nine tenths of the debt."""
    market = build_market(builder, [lender, borrower], "2000", 18, 18)
    market.pool.deposit(market.loans(1_000_000), lender, sender=lender)
    market.open(borrower, 60, 90_000)
    market.set_quote("1350")
    risk = market.risk()
    bonus = risk.bonus_min + risk.shortfall_slope * (12 * 10**16) // WAD
    assert risk.bonus_max > bonus > risk.bonus_min == 2 * 10**16
    found = market.vault.preview_liquidate(borrower, MAX)
    assert found.paid == ceil_div(market.loans(81_000) * WAD, WAD + bonus)
