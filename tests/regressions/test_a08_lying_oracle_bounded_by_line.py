"""A8: a price a hundred times too high emptied a whole market (Mango, UwU, Polter).

Here a vault draws on a credit line: one lying oracle costs at most that line, once.
"""

from dataclasses import replace

import pytest

from plimsoll.units import DAY, MAX
from tests.utils.calls import assert_refused, pass_time, send, view
from tests.utils.vaults import assert_sums, balances, liquidate, position, residue
from tests.utils.world import Market

pytestmark = pytest.mark.usefixtures("still_clock")

LINE = 150_000  # whole tokens; 3.75 % of what lenders own


@pytest.fixture
def shaky(market, builder, curator, borrower, liquidator, deployer) -> Market:
    """A second vault of the pool, with a small line, whose oracle will lie."""
    oracle = builder.oracle(view(market.oracle.price)[0])
    vault = builder.vault(market.pool, market.collateral, oracle)
    send(market.council.queue_limit, vault, market.loans(LINE), sender=curator)
    pass_time(3 * DAY)
    send(market.council.execute_queued, sender=curator)
    shaky = replace(market, oracle=oracle, vault=vault)
    for actor in (borrower, liquidator):
        shaky.give(actor, 10**9)
    return shaky


@pytest.mark.parametrize("days", [0, 100])
def test_a08_a_hundredfold_price_costs_the_line(market, shaky, borrower, other_borrower, liquidator, days):
    """P11: lenders lose no more than the line and the interest on it; other borrowers nothing."""
    pool, vault = market.pool, shaky.vault
    assets, reserves = view(pool.totalAssets)[0], view(pool.reserves)[0]
    shaky.set_quote(200_000)
    locked = shaky.collaterals("1.5")  # worth 3,000
    before = balances(market, borrower).loan
    send(vault.open, locked, MAX, sender=borrower)
    stolen = balances(market, borrower).loan - before
    assert 0 <= shaky.loans(LINE) - stolen <= 4  # all of it though the price allows 240,000
    assert_refused("pool: over the credit limit", vault.borrow, 4, sender=borrower)
    pass_time(days * DAY)
    interest = view(vault.debt_of, borrower)[0] - stolen

    shaky.set_quote(2_000)
    liquidate(shaky, borrower, liquidator)
    loss = view(pool.losses, vault)[0]
    assert position(shaky, borrower) == (0, 0)
    assert loss <= shaky.loans(LINE) + interest
    assert view(pool.credit_line, vault)[:2] == [max(0, shaky.loans(LINE) - loss), 0]
    if days == 0:
        assert abs(assets - view(pool.totalAssets)[0] - (loss - reserves)) <= 3
    assert_sums(market, [borrower, other_borrower], [shaky])

    # and not again: the line does not refill
    left = view(pool.credit_line, vault)[0]
    shaky.set_quote(200_000)
    assert view(vault.max_borrow, borrower)[0] <= left < shaky.loans(3_000)
    send(vault.open, locked, left // 2, sender=borrower) if left // 2 >= shaky.loans(2_500) else None
    assert_refused("pool: over the credit limit", vault.borrow, left + 1, sender=borrower)


def test_a08_parts_cost_no_more(market, shaky, borrower, liquidator):
    """The line shrinks with every part of the loss, so it can be drawn once in all."""
    pool, vault = market.pool, shaky.vault
    limit = shaky.loans(LINE)
    for _ in range(3):
        shaky.set_quote(200_000)
        if view(pool.max_draw, vault)[0] < shaky.loans(2_500):
            break
        send(vault.open, shaky.collaterals("1.5"), MAX, sender=borrower)
        shaky.set_quote(2_000)
        liquidate(shaky, borrower, liquidator, shaky.loans(1_000))
        liquidate(shaky, borrower, liquidator)
        limit = shaky.loans(LINE) - view(pool.losses, vault)[0]
        assert view(pool.credit_line, vault)[0] == max(0, limit)
    assert view(pool.losses, vault)[0] <= shaky.loans(LINE) + 3


def test_a08_a_hundredth_of_the_price(market, borrower, other_borrower, liquidator):
    """The other lie: a low one. What is seized pays what it is said to be worth; the rest is in the books."""
    send(market.vault.open, market.collaterals(10), market.loans(15_000), sender=borrower)
    reserve = residue(market.pool, market.loan)
    market.set_quote(20)
    answer = liquidate(market, borrower, liquidator)
    assert answer.extinguished - answer.paid > 0
    assert view(market.pool.losses, market.vault)[0] - (answer.extinguished - answer.paid) in (0, 1)
    assert residue(market.pool, market.loan) < max(reserve, 65_536)
    assert_sums(market, [borrower, other_borrower])
