"""What a vault says about positions: exact, with the interest up to the moment."""

import pytest

from plimsoll.params import BLUE_CHIP
from plimsoll.testing import refusal
from plimsoll.units import MAX, WAD, YEAR
from tests.utils.vaults import worth


def test_says_what_it_is_made_of(market):
    """The order of the fields of `risk` is part of the interface."""
    vault = market.vault
    assert vault.pool() == market.pool
    assert vault.loan_asset() == market.loan
    assert vault.collateral_asset() == market.collateral
    assert vault.oracle() == market.oracle
    assert vault.risk() == BLUE_CHIP.to_struct(6)


def test_an_empty_position(market, stranger, deployer):
    vault = market.vault
    market.oracle.set_silent(True, sender=deployer)  # nobody asks for a price
    assert tuple(vault.position_of(stranger)) == (0, 0)
    assert vault.positions(stranger) == 0
    assert vault.debt_of(stranger) == 0
    assert vault.health(stranger) == MAX
    assert vault.max_withdraw(stranger) == 0
    assert tuple(vault.margin_terms(stranger)) == (2 * 10**17, 17 * 10**16, 0, 0)


def test_debt_grows_with_time_and_rounds_up(chain, market, borrower):
    vault = market.vault
    _, shares = market.open(borrower)
    before = vault.debt_of(borrower)
    chain.advance(YEAR)  # and nobody touches the pool
    totals = market.debt_totals()
    exact = shares * (totals.debt + 65_536)
    unit = (totals.shares + 1_000) * 65_536
    debt = vault.debt_of(borrower)
    assert (debt - 1) * unit < exact <= debt * unit
    assert debt > before
    market.pool.accrue(sender=borrower)
    assert vault.debt_of(borrower) == debt


def test_health_is_rounded_down(chain, market, borrower):
    market.open(borrower)
    chain.advance(YEAR)
    market.set_quote("1904.123456789")
    debt, collateral = market.vault.debt_of(borrower), market.position(borrower)[0]
    weighted = worth(collateral, market.oracle.price()) * market.risk().threshold
    health = market.vault.health(borrower)
    assert health * debt <= weighted < (health + 1) * debt


def test_health_is_at_the_price_not_at_the_safe_price(market, borrower, deployer):
    market.open(borrower)
    price = market.oracle.price()
    before = market.vault.health(borrower)
    market.oracle.set_prices(price, price // 2, sender=deployer)
    assert market.vault.health(borrower) == before


def test_health_needs_the_oracle_when_there_is_debt(market, borrower, deployer):
    market.open(borrower)
    market.oracle.set_price(0, sender=deployer)
    assert refusal(market.vault.health, borrower, sender=borrower) == "vault: oracle price is zero"
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(market.vault.health, borrower, sender=borrower) == "lying oracle: silent"


@pytest.mark.parametrize("collateral", ["10", "9.876543210987654321"])
@pytest.mark.parametrize("debt", ["15000", "12345.678901", "2500"])
@pytest.mark.parametrize("seconds", [0, 12, 3 * YEAR])
def test_margin_terms_are_exact(chain, market, borrower, deployer, collateral, debt, seconds):
    """One unit of price less, and the position is liquidatable, or its collateral below its debt."""
    vault, oracle = market.vault, market.oracle
    market.open(borrower, collateral, debt)
    chain.advance(seconds)
    terms = vault.margin_terms(borrower)
    assert (terms.initial_margin, terms.maintenance_margin) == (2 * 10**17, 17 * 10**16)

    oracle.set_price(terms.liquidation_price, sender=deployer)
    assert not vault.preview_liquidate(borrower, MAX).liquidatable
    assert vault.health(borrower) >= WAD
    oracle.set_price(terms.liquidation_price - 1, sender=deployer)
    assert vault.preview_liquidate(borrower, MAX).liquidatable

    locked, owed = market.position(borrower)[0], vault.debt_of(borrower)
    assert worth(locked, terms.bankruptcy_price) >= owed > worth(locked, terms.bankruptcy_price - 1)
    assert terms.bankruptcy_price < terms.liquidation_price


def test_margin_terms_need_no_oracle(market, borrower, deployer):
    market.open(borrower)
    before = tuple(market.vault.margin_terms(borrower))
    market.oracle.set_silent(True, sender=deployer)
    assert tuple(market.vault.margin_terms(borrower)) == before


def test_margin_terms_without_debt(market, borrower):
    market.vault.deposit(10**18, sender=borrower)
    assert tuple(market.vault.margin_terms(borrower))[2:] == (0, 0)
