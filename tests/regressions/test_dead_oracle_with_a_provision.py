"""An oracle died while a provision stood: exits stayed at 0.9077 though half of the debt was repaid.

Here a repayment lowers a provision by what the debt falls, without an oracle; repaid in part as in full.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, DEPLOYER, LENDER, STRANGER, role
from plimsoll.units import DAY, MAX
from tests.utils.attack import donate, million, stake

STAKER = role(60)


def silent() -> Market:
    """A million lent, a stake of 20,000, 300,000 borrowed against what then is worth 200,000, and silence."""
    market = million(supply=1_000_000)
    market.give(BORROWER)
    stake(market, market.give(STAKER), 20_000)
    market.open(BORROWER, 200, 300_000)
    market.set_quote(1_000)
    market.vault.poke(BORROWER, sender=STRANGER)
    market.oracle.set_silent(True, sender=DEPLOYER)
    return market


def price_of_exits(market: Market) -> float:
    """Of a share that was bought for 1."""
    return market.pool.convertToAssets(10**15) / 10**12


def test_half_of_the_debt_repaid_frees_exits():
    """110,486 were provided for; 150,000 of 300,000 are paid: nothing is left of it, exits at par."""
    market = silent()
    assert market.pool.provisions() // 10**6 == 110_486
    assert price_of_exits(market) == pytest.approx(0.9095, abs=1e-4)
    market.vault.deposit(10**24, sender=BORROWER)  # says nothing without a price
    assert market.pool.provisions() // 10**6 == 110_486
    market.vault.repay(market.loans(150_000), sender=BORROWER)
    assert market.pool.provisions() == 0
    assert price_of_exits(market) == 1
    assert refusal(market.pool.redeem, 10**12, LENDER, LENDER, sender=LENDER) is None


@pytest.mark.parametrize("way", ["repay", "close"])
def test_each_part_frees_its_part(way):
    """Eleven payments of 10,000: the provision falls by each, whoever pays; exits rise with each."""
    market = silent()
    market.give(STRANGER)
    price = price_of_exits(market)
    for _ in range(11):
        before, debt = market.pool.provisions(), market.debt(BORROWER)
        if way == "repay":
            market.vault.repay(market.loans(10_000), BORROWER, sender=STRANGER)
        else:
            market.vault.close(market.loans(10_000), 0, STRANGER, BORROWER, sender=STRANGER)
        assert before - market.pool.provisions() == debt - market.debt(BORROWER)
        assert market.vault.provision_of(BORROWER) == market.pool.provisions()
        assert price_of_exits(market) >= price
        price = price_of_exits(market)
    assert market.pool.provisions() // 10**6 == 486


def test_a_donation_frees_them_as_well_and_nothing_else_does():
    """Neither time nor pokes; what is given to the reserve stands against the provision."""
    market = silent()
    market.chain.advance(30 * DAY)
    assert refusal(market.vault.poke, BORROWER, sender=STRANGER) == "lying oracle: silent"
    assert refusal(market.vault.liquidate, BORROWER, MAX, sender=STRANGER) == "lying oracle: silent"
    assert refusal(market.pool.redeem, 10**12, LENDER, LENDER, sender=LENDER) == "pool: haircut, use exit"
    donate(market, 90_000)
    assert refusal(market.pool.redeem, 10**12, LENDER, LENDER, sender=LENDER) is None
