"""What is provided for a position: `poke`, and what a close or a repayment leaves of it."""

import pytest

from plimsoll.params import price_of
from plimsoll.testing import refusal
from plimsoll.twin.liquidation import shortfall
from plimsoll.units import MAX, YEAR

PRICES = (2_000, 1_531, 1_529, 1_400, 1_000, 1)  # in shortfall below 1,530


@pytest.fixture
def vault(market, borrower):
    """The borrower has 10 collateral tokens and a debt of 15,000."""
    market.open(borrower)
    return market.vault


def set_prices(market, price, safe_price) -> None:
    """In whole tokens."""
    words = [price_of(quote, 18, 6) for quote in (price, safe_price)]
    market.oracle.set_prices(*words, sender=market.builder.deployer)


def lacks(market, owner, quote) -> int:
    """A position's shortfall at a price in whole tokens, by the twin."""
    return shortfall(*market.position(owner), price_of(quote, 18, 6), market.debt_totals(), market.risk())


@pytest.fixture
def noted(market, vault, borrower, stranger):
    """As poked at 1,000: what is provided for then."""
    market.set_quote(1_000)
    return vault.poke(borrower, sender=stranger).return_value


@pytest.mark.parametrize("quote", PRICES)
def test_a_poke_reports_what_a_position_lacks(market, vault, borrower, stranger, quote):
    market.set_quote(quote)
    amount = lacks(market, borrower, quote)
    assert (amount > 0) == (quote < 1_530)
    if amount:
        assert amount == market.debt(borrower) - market.quote(borrower).paid
    receipt = vault.poke(borrower, sender=stranger)
    assert receipt.return_value == amount
    assert receipt.events == [
        vault.ProvisionSet(owner=borrower, amount=amount),
        market.pool.ProvisionSet(vault=vault, amount=amount, total=amount),
    ]
    assert vault.provision_of(borrower) == vault.provisions() == market.pool.provision_of(vault) == amount
    assert vault.positions(borrower) >> 255 == (amount > 0)


def test_interest_adds_to_it(chain, market, vault, noted, borrower, stranger):
    chain.advance(YEAR)
    amount = vault.poke(borrower, sender=stranger).return_value
    assert amount == lacks(market, borrower, 1_000) > noted


@pytest.mark.parametrize(
    ("price", "safe_price"),
    [(2_000, 1_000), (2_000, 1_400), (1_400, 1_400), (1_400, 1_000), (2_000, 900), (2_000, 2_000),
     (900, 900), (900, 800), (1_000, 999)],
)  # fmt: skip
def test_falls_only_as_far_as_the_safe_price_agrees(
    market, vault, noted, borrower, stranger, price, safe_price
):
    """And rises to what the price says, whatever the safe one does."""
    set_prices(market, price, safe_price)
    expected = min(max(noted, lacks(market, borrower, price)), lacks(market, borrower, safe_price))
    assert vault.poke(borrower, sender=stranger).return_value == expected
    assert vault.provision_of(borrower) == expected
    if price == 2_000:
        assert (expected == noted) == (safe_price <= 1_000)


@pytest.mark.parametrize("safe_price", [0, 1_900])
def test_what_does_not_fall_asks_no_safe_price(market, vault, noted, borrower, stranger, safe_price):
    """Whatever that is: an oracle may lie."""
    set_prices(market, 1_000, safe_price)
    assert vault.poke(borrower, sender=stranger).return_value == lacks(market, borrower, 1_000) == noted
    set_prices(market, 900, safe_price)
    assert vault.poke(borrower, sender=stranger).return_value == lacks(market, borrower, 900) > noted


def test_needs_a_price(market, vault, noted, borrower, deployer, stranger):
    set_prices(market, 0, 0)
    assert refusal(vault.poke, borrower, sender=stranger) == "vault: oracle price is zero"
    market.oracle.set_silent(True, sender=deployer)
    assert refusal(vault.poke, borrower, sender=stranger) == "lying oracle: silent"
    assert vault.provision_of(borrower) == noted


@pytest.mark.parametrize("safe_price", [1_000, 1_200, 1_400, 1_500])
@pytest.mark.parametrize("part", [1, 3, 10])
def test_a_close_keeps_the_part_of_what_is_left(market, vault, noted, borrower, liquidator, safe_price, part):
    """At a price that somebody has lifted for the call; rounded up."""
    set_prices(market, 1_500, safe_price)
    shares = market.position(borrower)[1]
    repaid = market.quote(borrower).paid // part if part > 1 else 10**6
    receipt = vault.liquidate(borrower, repaid, sender=liquidator)
    left = market.position(borrower)[1]
    assert 0 < left < shares
    kept = -(-noted * left // shares)
    found, at_safe = (lacks(market, borrower, quote) for quote in (1_500, safe_price))
    expected = min(max(kept, found), at_safe)
    assert receipt.events[0] == vault.ProvisionSet(owner=borrower, amount=expected)
    assert receipt.events[-1] != receipt.events[0]
    assert vault.provision_of(borrower) == market.pool.provision_of(vault) == expected
    assert (expected < kept - 1) == (safe_price > 1_000)


def test_a_close_of_all_takes_it_away(market, vault, noted, borrower, liquidator):
    vault.liquidate(borrower, MAX, sender=liquidator)
    assert vault.provision_of(borrower) == vault.positions(borrower) == market.pool.provisions() == 0


@pytest.mark.parametrize("function", ["repay", "close"])
@pytest.mark.parametrize("amount", [1, 777, 10**6, 5_000 * 10**6, 6_000 * 10**6, MAX])
def test_a_repayment_lowers_it_by_the_fall_of_the_debt(
    market, vault, noted, borrower, deployer, stranger, liquidator, amount, function
):
    """At the totals before it, without an oracle, by anybody."""
    market.oracle.set_silent(True, sender=deployer)
    totals, (_, shares) = market.debt_totals(), market.position(borrower)
    if function == "repay":
        receipt = vault.repay(amount, borrower, sender=liquidator)
    else:
        receipt = vault.close(amount, 0, stranger, borrower, sender=liquidator)
    left = market.position(borrower)[1]
    expected = max(0, noted - (totals.assets_up(shares) - totals.assets_up(left)))
    assert receipt.of(vault.ProvisionSet) == [vault.ProvisionSet(owner=borrower, amount=expected)]
    assert receipt.of(market.pool.ProvisionSet) == [
        market.pool.ProvisionSet(vault=vault, amount=expected, total=expected)
    ]
    assert vault.provision_of(borrower) == expected
    assert (expected == 0) == (amount >= 6_000 * 10**6)
    assert vault.positions(borrower) >> 255 == (expected > 0)


def test_more_collateral_does_not_lower_it_without_a_poke(market, vault, noted, borrower, stranger):
    """An oracle would have to say what it is worth."""
    vault.deposit(market.collaterals(100), sender=borrower)
    assert vault.provision_of(borrower) == noted
    assert vault.poke(borrower, sender=stranger).return_value == 0


def test_positions_add_up(market, vault, noted, borrower, other_borrower, stranger):
    other = vault.poke(other_borrower, sender=stranger).return_value
    assert vault.provisions() == market.pool.provision_of(vault) == noted + other > noted > 0
    market.set_quote(2_000)
    vault.poke(borrower, sender=stranger)
    assert vault.provisions() == market.pool.provisions() == other
