"""Debt shares worth more than a base unit: after years at a rate that no market would bear.

Everything rounds in whole shares here, so what is below a unit elsewhere becomes visible.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import build_market
from plimsoll.units import MAX, order
from tests.utils.vaults import WILD, drawn, let_shares_grow, liquidate, liquidate_batch, risk_of


@pytest.fixture(scope="session")
def wild_market(builder, lender, borrower, other_borrower, liquidator):
    """A debt share has grown from a thousandth of a base unit to more than two."""
    people = [lender, borrower, other_borrower, liquidator]
    market = build_market(builder, people, pool_params=WILD, limit=10**14)
    market.pool.deposit(market.loans(10**6), lender, sender=lender)
    market.vault.open(market.collaterals(10**6), market.loans(10_000), sender=other_borrower)
    let_shares_grow(market, lender)
    return market


@pytest.fixture
def market(wild_market):
    return wild_market


def share_value(market) -> int:
    """Base units, rounded up."""
    return market.debt_totals().assets_up(1)


def test_a_share_is_worth_units(market):
    assert share_value(market) == 3
    assert market.debt_totals().assets_down(1) == 2


@pytest.fixture
def barely(chain, market, borrower):
    """A debt of a few units above the minimum."""
    vault, least = market.vault, market.risk().min_debt

    def debt_of(amount: int) -> int:
        totals, shares = drawn(market.debt_totals(), amount)
        return totals.assets_up(shares)

    amounts = range(least - 3, least + 3)
    while not any(0 < debt_of(amount) - least < 3 for amount in amounts):
        chain.advance(1)  # with the index moves where shares fall between units
    amount = next(amount for amount in amounts if 0 < debt_of(amount) - least < 3)
    vault.open(market.collaterals(2), amount, sender=borrower)
    assert vault.debt_of(borrower) - least in (1, 2)
    return vault


def test_less_than_a_share_cannot_be_repaid(market, barely, borrower, other_borrower):
    """It would pay and extinguish nothing."""
    shares = market.position(borrower)[1]
    for amount in (1, 2):
        assert refusal(barely.repay, amount, sender=borrower) == "vault: less than a debt share"
        arguments = (amount, 1)
        assert refusal(barely.close, *arguments, sender=borrower) == "vault: less than a debt share"
    assert refusal(barely.repay, 0, sender=borrower) is None
    barely.repay(3, sender=borrower)
    assert market.position(borrower)[1] == shares - 1
    market.assert_sums([borrower, other_borrower])


def test_one_share_is_closed_when_the_offer_covers_it(
    chain, market, barely, borrower, liquidator, other_borrower
):
    """The rule leaves room for less than a share: one is closed if it is paid for."""
    debt, least, (_, shares) = barely.debt_of(borrower), risk_of(barely).min_debt, market.position(borrower)
    market.set_quote(1_450)
    assert refusal(barely.liquidate, borrower, 2, sender=liquidator) == "vault: nothing can be closed"
    for offer in (3, debt - 1):
        with chain.isolated():
            answer = liquidate(market, borrower, liquidator, offer)
            assert (answer.shares, answer.paid, answer.extinguished) == (1, 3, 2)
            assert market.position(borrower)[1] == shares - 1
            # V3: but for what is less than a share
            assert 0 < least - barely.debt_of(borrower) < 3
    assert liquidate(market, borrower, liquidator, debt).shares == shares
    market.assert_sums([borrower, other_borrower])


@pytest.mark.parametrize("quote", ["1450", "1375", "1300", "1280", "1265", "1000"])
@pytest.mark.parametrize("offer", [5, 999_999, MAX])
def test_every_close_is_the_twins(market, borrower, liquidator, other_borrower, quote, offer):
    """L2, L3, L8 where rounding weighs most."""
    market.vault.open(market.collaterals(8), market.loans(10_000), sender=borrower)
    market.set_quote(quote)
    collateral, shares = market.position(borrower)
    price, debt = market.oracle.price(), market.vault.debt_of(borrower)
    if not market.quote(borrower, offer).executable:
        assert offer == 5
        return
    answer = liquidate(market, borrower, liquidator, offer)
    left_collateral, left_shares = market.position(borrower)
    assert left_collateral * shares >= collateral * left_shares  # L2
    if collateral * price // 10**36 * 100 >= debt * 102:
        assert answer.paid >= answer.extinguished  # L3
    market.assert_sums([borrower, other_borrower])


def test_a_batch_in_crumbs(market, borrower, liquidator, other_borrower):
    market.vault.open(market.collaterals(8), market.loans(10_000), sender=borrower)
    market.set_quote("1100")
    orders = [order(borrower, limit) for limit in (3, 4, 5, 2, 1, 10**6, 3)]
    answers = liquidate_batch(market, [*orders, order(borrower)], liquidator)
    assert not all(answer.executable for answer in answers)
    assert market.vault.positions(borrower) == 0
    market.assert_sums([other_borrower])


def test_the_last_share_leaves_no_more_than_the_index(market, borrower, liquidator, other_borrower, lender):
    """L3: with the last debt share goes all debt; what virtual shares held of it is the reserve's loss."""
    market.vault.open(market.collaterals(8), market.loans(10_000), sender=borrower)
    market.loan.mint(other_borrower, market.loans(10**8), sender=lender)
    market.vault.repay(MAX, sender=other_borrower)
    market.set_quote("1375")
    index = -(-1_000 * market.debt_totals().debt // 65_536 // market.debt_totals().shares)
    answer = liquidate(market, borrower, liquidator, market.vault.debt_of(borrower))
    market.vault.repay(MAX, borrower, sender=liquidator)
    assert market.debt_totals().debt == market.debt_totals().shares == 0
    assert answer.paid >= answer.extinguished
    assert index - 3 < market.pool.losses(market.vault) <= index
    market.assert_sums([borrower])
