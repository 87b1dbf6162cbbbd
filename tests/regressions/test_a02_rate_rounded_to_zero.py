"""A2: an exchange rate that rounded to zero lent without limit (Resupply 2025).

Here neither a share nor a debt share is ever had for nothing, dust is worth nothing, and at a price of zero,
or at one out of bounds, nothing is lent and nothing is liquidated.
"""

import pytest

from plimsoll.testing import refusal, roles
from plimsoll.testing.market import small_market
from plimsoll.units import MAX, YEAR
from tests.utils.feeds import fed_market
from tests.utils.moves import VICTIM, every_move, populate
from tests.utils.pool_harness import PAR, build_lab


@pytest.fixture(scope="module")
def lab(builder, lender, other_lender):
    return build_lab(builder, [lender, other_lender])


def test_a02_worthless_shares_buy_nothing(lab, lender, other_lender):
    """After a wipe-out a share is worth nothing: nobody gets any, nobody gets anything for any."""
    lab.lend(lender, 10**12)
    lab.lose(10**12)
    shares = 10**12 * PAR
    assert lab.pool.convertToAssets(shares) == 0
    assert lab.pool.exit.call(MAX, 0, lender, lender, sender=lender) == (0, shares)
    assert refusal(lab.pool.deposit, 1, other_lender, sender=other_lender) == "pool: wiped"
    assert refusal(lab.pool.mint, MAX, other_lender, sender=other_lender) == ""
    assert refusal(lab.pool.draw, 1, lab.vault, sender=lab.vault) == "pool: not enough cash"


def test_a02_one_unit_costs_a_debt_share_at_any_index(chain, lab, lender):
    lab.lend(lender, 10**12)
    lab.draw(10**12 - 10**6)
    for _ in range(9):
        chain.advance(50 * YEAR)
        lab.pool.accrue(sender=lender)
    books = lab.books()
    assert books.total_debt // 65_536 > 1_000 * 10**12  # an index above a thousand
    lab.give(lender, 10**18)
    lab.lend(lender, 10**16)
    before = lab.line()
    lab.pool.set_limit(lab.vault, 2**90, sender=lab.council)
    lab.draw(1)
    _, drawn, owed = lab.line()
    assert drawn == before[1] + 1
    assert owed >= before[2] + 1
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) == "pool: less than a share"


def test_a02_the_smallest_amounts(chain, lab, lender, other_lender):
    """One wei of anything gives at most what it costs."""
    lab.lend(lender, 10**12 + 1)
    lab.draw(10**11)
    chain.advance(YEAR)
    assert lab.pool.previewRedeem(1) == 0
    assert lab.pool.previewMint(1) == 1
    shares = lab.pool.previewDeposit(1)
    assert lab.pool.previewRedeem(shares) == 0
    assert lab.pool.previewWithdraw(1) > shares
    assert refusal(lab.pool.draw, 0, lab.vault, sender=lab.vault) is None
    lab.draw(0)
    assert lab.drawn() == 10**11 * PAR


@pytest.mark.parametrize("answer", ["zero", "floor"])
def test_a02_at_a_price_of_zero_nothing_is_lent_or_liquidated(answer):
    """Whether the oracle says zero itself, or its feed has fallen to a bound."""
    market = small_market() if answer == "zero" else fed_market()
    moves = every_move(populate(market))
    if answer == "zero":
        market.oracle.send("set_price", 0, sender=roles.STRANGER)
        reasons = {"vault: above the loan-to-value", "vault: oracle price is zero"}
    else:
        market.say(market.collateral_feed, market.terms["collateral_feed"].min_answer)
        reasons = {"oracle: out of bounds"}
    stopped = {move.name: move.refusal() for move in moves if move.refusal() is not None}
    assert set(stopped) == {"borrow", "withdraw", "open", "close", "liquidate", "liquidate_batch"}
    assert set(stopped.values()) == reasons
    for owner in (roles.BORROWER, VICTIM):
        market.vault.send("repay", MAX, sender=owner)
        market.vault.send("withdraw", MAX, sender=owner)


@pytest.mark.parametrize("amount", [1, 2, 10**6])
def test_a02_dust_borrows_nothing(amount):
    """One wei of collateral, or a million of them, at any price that a vault accepts."""
    market = small_market()
    stranger = market.give(roles.STRANGER)
    market.vault.send("deposit", amount, sender=stranger)
    assert market.vault.call("max_borrow", stranger) == 0
    assert market.vault.call("borrow", MAX, sender=stranger) == 0
    for debt in (1, 10**6, market.loans(2_500)):
        reason = refusal(market.vault.borrow, debt, sender=stranger)
        short = debt < market.loans(2_500)
        assert reason == ("vault: below the minimum debt" if short else "vault: above the loan-to-value")
