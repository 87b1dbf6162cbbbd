"""What a preview says is what the call in the same block does."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin import share_math
from plimsoll.units import DAY, NOBODY
from tests.utils.pool_harness import PAR

AMOUNTS = [1, 10**6 + 1, 10**11 + 7]


@pytest.fixture(params=["empty", "par", "grown", "fallen"])
def state(chain, request, lab, lender, other_lender):
    """The pool when new, at par, after interest, after a loss; always a day since the last accrual."""
    if request.param != "empty":
        lab.lend(lender, lab.units(1_000_000))
        lab.lend(other_lender, lab.units(500_000) + 7)
    if request.param == "grown":
        lab.draw(lab.units(700_000) + 11)
        chain.advance(200 * DAY)
        lab.pool.accrue(sender=lender)
    if request.param == "fallen":
        lab.draw(lab.units(500_000))
        lab.settle(lab.units(200_000) * PAR, 0)
    chain.advance(DAY)
    return lab


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("name", ["deposit", "mint", "withdraw", "redeem"])
def test_is_what_happens(state, lender, name, amount):
    pool, is_exit = state.pool, name in ("withdraw", "redeem")
    arguments = (amount, lender, lender) if is_exit else (amount, lender)
    if is_exit and amount > getattr(pool, f"max{name.title()}")(lender):
        assert refusal(getattr(pool, name), *arguments, sender=lender) == "pool: too few shares"
        return
    said = getattr(pool, f"preview{name.title()}")(amount)
    event = getattr(pool, name)(*arguments, sender=lender).events[-1]
    expected = (amount, said) if name in ("deposit", "withdraw") else (said, amount)
    assert (event.assets, event.shares) == expected


def test_conversions_are_the_twins(state):
    books = state.books()
    totals = (books.total_assets, books.total_supply)
    pool = state.pool
    assert pool.totalAssets() == books.total_assets // 65_536
    for amount in [0, *AMOUNTS, 2**94]:
        assert pool.convertToShares(amount) == share_math.to_shares_down(amount, *totals)
        assert pool.convertToAssets(amount) == share_math.to_assets_down(amount, *totals)
        assert pool.previewDeposit(amount) == share_math.to_shares_down(amount, *totals)
        assert pool.previewMint(amount) == share_math.to_assets_up(amount, *totals)
        assert pool.previewWithdraw(amount) == share_math.to_shares_up(amount, *totals)
        assert pool.previewRedeem(amount) == share_math.to_assets_down(amount, *totals)


def test_views_include_the_interest_since_the_last_accrual(chain, busy, stranger):
    then = busy.pool.totalAssets()
    expected = busy.books_after(DAY)
    chain.advance(DAY)
    assert busy.books() == expected
    assert busy.pool.totalAssets() == expected.total_assets // 65_536 > then
    assert tuple(busy.pool.debt_totals()) == (expected.total_debt, expected.total_debt_shares)
    busy.pool.accrue(sender=stranger)
    assert busy.books() == expected


def test_no_conversion_depends_on_who_asks(busy, lender, stranger):
    assert busy.pool.maxDeposit(lender) == busy.pool.maxDeposit(NOBODY) == busy.pool.maxDeposit(stranger)
    assert busy.pool.maxMint(lender) == busy.pool.maxMint(stranger)
