"""A8: a price a hundred times too high emptied a whole market (Mango, UwU, Polter).

Here a vault draws on a credit line: one lying oracle costs at most that line, once.
"""

from dataclasses import replace

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.units import DAY, MAX
from tests.utils.vaults import balances, liquidate

LINE = 150_000  # whole tokens; 3.75 % of what lenders own


@pytest.fixture
def shaky(chain, market, builder, curator, borrower, liquidator, deployer) -> Market:
    """A second vault of the pool, with a small line, whose oracle will lie."""
    oracle = builder.oracle(market.oracle.price())
    vault = builder.vault(market.pool, market.collateral, oracle)
    market.council.queue_limit(vault, market.loans(LINE), sender=curator)
    chain.advance(3 * DAY)
    market.council.execute_queued(sender=curator)
    shaky = replace(market, oracle=oracle, vault=vault)
    for actor in (borrower, liquidator):
        shaky.give(actor, 10**9)
    return shaky


@pytest.mark.parametrize("days", [0, 100])
def test_a08_a_hundredfold_price_costs_the_line(
    chain, market, shaky, borrower, other_borrower, liquidator, days
):
    """P11: lenders lose no more than the line and the interest on it; other borrowers nothing."""
    pool, vault = market.pool, shaky.vault
    assets, reserves = pool.totalAssets(), pool.reserves()
    shaky.set_quote(200_000)
    locked = shaky.collaterals("1.5")  # worth 3,000
    before = balances(market, borrower).loan
    vault.open(locked, MAX, sender=borrower)
    stolen = balances(market, borrower).loan - before
    assert 0 <= shaky.loans(LINE) - stolen <= 4  # all of it though the price allows 240,000
    assert refusal(vault.borrow, 4, sender=borrower) == "pool: over the credit limit"
    chain.advance(days * DAY)
    interest = vault.debt_of(borrower) - stolen

    shaky.set_quote(2_000)
    liquidate(shaky, borrower, liquidator)
    loss = pool.losses(vault)
    assert shaky.position(borrower) == (0, 0)
    assert loss <= shaky.loans(LINE) + interest
    assert pool.credit_line(vault)[:2] == (max(0, shaky.loans(LINE) - loss), 0)
    if days == 0:
        assert abs(assets - pool.totalAssets() - (loss - reserves)) <= 3
    market.assert_sums([borrower, other_borrower], *[shaky])

    # and not again: the line does not refill
    left = pool.credit_line(vault)[0]
    shaky.set_quote(200_000)
    assert vault.max_borrow(borrower) <= left < shaky.loans(3_000)
    vault.open(locked, left // 2, sender=borrower) if left // 2 >= shaky.loans(2_500) else None
    assert refusal(vault.borrow, left + 1, sender=borrower) == "pool: over the credit limit"


def test_a08_parts_cost_no_more(market, shaky, borrower, liquidator):
    """The line shrinks with every part of the loss, so it can be drawn once in all."""
    pool, vault = market.pool, shaky.vault
    limit = shaky.loans(LINE)
    for _ in range(3):
        shaky.set_quote(200_000)
        if pool.max_draw(vault) < shaky.loans(2_500):
            break
        vault.open(shaky.collaterals("1.5"), MAX, sender=borrower)
        shaky.set_quote(2_000)
        liquidate(shaky, borrower, liquidator, shaky.loans(1_000))
        liquidate(shaky, borrower, liquidator)
        limit = shaky.loans(LINE) - pool.losses(vault)
        assert pool.credit_line(vault)[0] == max(0, limit)
    assert pool.losses(vault) <= shaky.loans(LINE) + 3


def test_a08_a_hundredth_of_the_price(market, borrower, other_borrower, liquidator):
    """The other lie: a low one. What is seized pays what it is said to be worth; the rest is in the books."""
    market.vault.open(market.collaterals(10), market.loans(15_000), sender=borrower)
    reserve = market.residue()
    market.set_quote(20)
    answer = liquidate(market, borrower, liquidator)
    assert answer.extinguished - answer.paid > 0
    assert market.pool.losses(market.vault) - (answer.extinguished - answer.paid) in (0, 1)
    assert market.residue() < max(reserve, 65_536)
    market.assert_sums([borrower, other_borrower])
