"""Loans of 6, 8 and 18 decimals against collateral of 0 to 27: the same story, exact to the unit in each."""

import pytest

from plimsoll.units import MAX, YEAR
from tests.utils.calls import ask, assert_refused, send, view, words
from tests.utils.clock import isolated, pass_time
from tests.utils.vaults import assert_sums, liquidate, open_position, position, worth
from tests.utils.world import build_market


@pytest.mark.parametrize("collateral_decimals", [0, 6, 8, 18, 27])
@pytest.mark.parametrize("loan_decimals", [6, 8, 18])
def test_life_of_a_loan(builder, lender, borrower, liquidator, loan_decimals, collateral_decimals):
    """L3, L4, L8, P2, P3, V1, V2: at a price of 0.20, so that a whole token is a unit small enough."""
    market = build_market(builder, [lender, borrower], "0.2", loan_decimals, collateral_decimals)
    vault = market.vault
    send(market.pool.deposit, market.loans(1_000_000), lender, sender=lender)
    open_position(market, borrower, 1_000_000, 150_000)
    pass_time(YEAR)
    (debt,) = view(vault.debt_of, borrower)
    assert debt > market.loans(150_000)

    send(market.oracle.set_price, view(vault.margin_terms, borrower)[2], sender=lender)
    assert_refused("vault: healthy", vault.liquidate, borrower, MAX, sender=lender)
    for quote, offer in (("0.175", MAX), ("0.16", market.loans("1234.567891")), ("0.14", MAX)):
        market.set_quote(quote)
        with isolated():
            answer = liquidate(market, borrower, lender, offer)
            assert_sums(market, [borrower])
            collateral, shares = position(market, borrower)
            if quote > "0.15":
                assert worth(collateral, view(market.oracle.price)[0]) >= view(vault.debt_of, borrower)[0]
                assert answer.paid >= answer.extinguished
            if quote == "0.175":
                assert shares > 0 and not view(vault.preview_liquidate, borrower, MAX)[0]

    market.set_quote("0.2")
    (most,) = view(vault.max_withdraw, borrower)
    assert words(ask(vault.withdraw, MAX, sender=borrower)) == [most]
    send(vault.withdraw, MAX, sender=borrower)
    rest = market.collaterals(1_000_000) - most
    assert most > 0
    assert words(ask(vault.close, MAX, MAX, sender=borrower)) == [debt, rest]
    send(vault.close, MAX, MAX, sender=borrower)
    assert position(market, borrower) == (0, 0)
    assert_sums(market, [borrower])
