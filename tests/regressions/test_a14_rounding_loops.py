"""A14: thousands of deposits and withdrawals at a high index each won a rounding (zkLend).

Here every pair costs up to a unit and wins nothing; the same for debt borrowed and repaid.
"""

from random import Random

import pytest

from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import BORROWER, LENDER, STRANGER
from plimsoll.units import FRACTION, MAX, WAD, YEAR

pytestmark = pytest.mark.slow

PAIRS = 3_000
ATTACKER = STRANGER


@pytest.fixture(scope="module")
def market() -> Market:
    """A share and a debt share are worth a good sixty times what they began with."""
    market = small_market(limit=10**9)
    for who in (BORROWER, ATTACKER):
        market.give(who)
    market.vault.send("deposit", market.collaterals(9 * 10**6), sender=BORROWER)
    market.vault.send("borrow", market.loans(200_000), sender=BORROWER)
    for _ in range(5):
        market.chain.advance(20 * YEAR)
        market.pool.send("accrue", sender=LENDER)
    market.pool.send("deposit", market.loans(9 * 10**6), LENDER, sender=LENDER)
    market.vault.send("open", market.collaterals(100), market.loans(10_000), sender=ATTACKER)
    market.pool.send("deposit", market.loans(10), ATTACKER, sender=ATTACKER)
    return market


def test_the_index_is_high(market):
    debt, shares = market.pool.call("debt_totals")
    assert debt * 1_000 > 60 * shares * FRACTION
    assert market.pool.call("convertToAssets", 1_000) > 50


def amounts(seed: int) -> list[int]:
    """One unit, a few, about a share's worth, and random ones of every size."""
    rng = Random(seed)
    return [
        rng.choice((1, 2, 61, 63, rng.randint(1, 200), int(10 ** rng.uniform(0, 9)))) for _ in range(PAIRS)
    ]


def deposit_and_redeem(market: Market, amount: int) -> tuple[int, int]:
    """In two parts, of which one is a crumb of shares that is worth less than a unit."""
    shares = market.pool.send("deposit", amount + 100, ATTACKER, sender=ATTACKER)
    parts = (shares % 13 + 1, shares - shares % 13 - 1)
    return amount + 100, sum(
        market.pool.send("redeem", part, ATTACKER, ATTACKER, sender=ATTACKER) for part in parts
    )


def mint_and_withdraw(market: Market, shares: int) -> tuple[int, int]:
    """What the shares are worth, rounded down; what is left of them stays."""
    paid = market.pool.send("mint", shares, ATTACKER, sender=ATTACKER)
    worth = market.pool.call("previewRedeem", shares)
    market.pool.send("withdraw", worth, ATTACKER, ATTACKER, sender=ATTACKER)
    return paid, worth


def borrow_and_repay(market: Market, amount: int) -> tuple[int, int]:
    """What is owed more than before is the gain that is looked for, with the other sign."""
    before = market.debt(ATTACKER)
    market.vault.send("borrow", amount + 100, sender=ATTACKER)
    paid = market.vault.send("repay", amount + 100, sender=ATTACKER)
    return paid + market.debt(ATTACKER) - before, amount + 100


PAIR = (deposit_and_redeem, mint_and_withdraw, borrow_and_repay)


@pytest.mark.parametrize("pair", PAIR, ids=lambda pair: pair.__name__)
def test_a14_rounding_loops(market, pair):
    """Thousands of pairs: each gives at most what it took; all of them cost the attacker, and nobody else."""
    with market.chain.isolated():
        price, residue = market.pool.call("convertToAssets", WAD), market.residue()
        before, owed = market.wealth(ATTACKER), market.debt(BORROWER)
        for amount in amounts(PAIR.index(pair)):
            taken, given = pair(market, amount)
            assert given <= taken, amount
        assert market.wealth(ATTACKER) <= before
        assert market.pool.call("convertToAssets", WAD) >= price
        assert market.residue() >= residue
        assert market.debt(BORROWER) >= owed
        market.assert_sums([BORROWER, ATTACKER])


def test_a14_collateral_is_not_rounded_at_all(market):
    """It is counted, not shared: what goes in comes out, to the wei."""
    with market.chain.isolated():
        before = market.position(ATTACKER), market.balance(market.collateral, ATTACKER)
        for amount in amounts(9)[:1_000]:
            market.vault.send("deposit", amount, sender=ATTACKER)
            assert market.vault.send("withdraw", amount, sender=ATTACKER) == amount
        assert (market.position(ATTACKER), market.balance(market.collateral, ATTACKER)) == before


def test_a14_everything_out(market):
    """And who leaves altogether gets no more than he put in, when nothing has been earned in between."""
    with market.chain.isolated():
        market.pool.send("exit", MAX, 0, ATTACKER, ATTACKER, sender=ATTACKER)
        for amount in (1, 60, 10**3, 10**6 + 1, 10**12):
            market.pool.send("deposit", amount + 100, ATTACKER, sender=ATTACKER)
            paid, _ = market.pool.send("exit", MAX, 0, ATTACKER, ATTACKER, sender=ATTACKER)
            assert amount + 98 <= paid <= amount + 100
