"""The most that can be taken out: what it says is paid, more is not."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_down, to_shares_down, to_shares_up
from plimsoll.units import DAY, FRACTION
from tests.utils.pool_harness import PAR


def assert_the_most(lab, owner, reason):
    """`maxWithdraw` is exact; `maxRedeem` is short of the exact bound by less than a base unit's worth."""
    pool, books = lab.pool, lab.books()
    assets, shares = pool.maxWithdraw(owner), pool.maxRedeem(owner)
    assert refusal(pool.withdraw, assets, owner, owner, sender=owner) is None
    assert refusal(pool.withdraw, assets + 1, owner, owner, sender=owner) == reason
    assert refusal(pool.redeem, shares, owner, owner, sender=owner) is None
    beyond = shares + to_shares_up(1, books.total_assets, books.total_supply) + 1
    assert refusal(pool.redeem, beyond, owner, owner, sender=owner) == reason


def test_nothing(lab, stranger):
    assert lab.pool.maxWithdraw(stranger) == lab.pool.maxRedeem(stranger) == 0


def test_bound_by_what_is_owned(busy, lender, other_lender):
    busy.lend(other_lender, 10**9 + 7)
    assert busy.pool.maxRedeem(other_lender) == busy.pool.balanceOf(other_lender)
    assert_the_most(busy, other_lender, "pool: too few shares")


def test_bound_by_what_is_lent_out(busy, lender):
    books = busy.books()
    free = (books.total_assets - books.total_debt) // FRACTION
    assert busy.pool.maxWithdraw(lender) == free
    assert busy.pool.maxRedeem(lender) == to_shares_down(free, books.total_assets, books.total_supply)
    assert_the_most(busy, lender, "pool: not enough cash")


def test_the_reserve_is_not_for_lenders(busy, lender, stranger):
    before = busy.pool.maxWithdraw(lender), busy.pool.maxRedeem(lender)
    busy.loan.mint(busy.pool, 10**12, sender=stranger)
    assert (busy.pool.maxWithdraw(lender), busy.pool.maxRedeem(lender)) == before


def test_bound_by_cash_after_a_seizure(busy, lender, stranger):
    busy.loan.burn(busy.pool, busy.cash() - 12_345, sender=stranger)
    assert busy.pool.maxWithdraw(lender) == 12_345
    assert_the_most(busy, lender, "token: balance too small")


def test_all_is_lent_out(chain, lab, lender):
    lab.lend(lender, 10**9)
    lab.draw(10**9)
    chain.advance(DAY)
    books = lab.books()
    assert books.total_debt > books.total_assets  # by the reserve's part
    assert lab.pool.maxWithdraw(lender) == lab.pool.maxRedeem(lender) == 0
    assert refusal(lab.pool.withdraw, 1, lender, lender, sender=lender) == "pool: not enough cash"


def test_paused_and_capped(busy, lender):
    """X1."""
    before = busy.pool.maxWithdraw(lender), busy.pool.maxRedeem(lender)
    busy.pool.set_pause(2**40, sender=busy.council)
    busy.pool.set_supply_cap(1, sender=busy.council)
    assert (busy.pool.maxWithdraw(lender), busy.pool.maxRedeem(lender)) == before
    assert before[0] > 0


@pytest.mark.parametrize("lost", [1, 10**8 + 1, 999_000_001, 10**9 - 7])
def test_the_last_lender_below_par(lab, lender, lost):
    """All shares together would be worth up to a base unit more than there is; the maxima know."""
    lab.lend(lender, 10**9)
    lab.lose(lost)
    books = lab.books()
    assert lab.pool.maxWithdraw(lender) == 10**9 - lost
    assert refusal(lab.pool.withdraw, 10**9 - lost, lender, lender, sender=lender) is None
    shares = lab.pool.maxRedeem(lender)
    assert shares <= 10**9 * PAR
    assert to_assets_down(shares, books.total_assets, books.total_supply) <= 10**9 - lost
    assert refusal(lab.pool.redeem, shares, lender, lender, sender=lender) is None


def test_the_last_lender_above_par(busy, lender):
    _, shares, owed = busy.line()
    busy.settle(shares, owed)
    assert busy.pool.maxRedeem(lender) == busy.pool.balanceOf(lender)
    assert busy.pool.maxWithdraw(lender) == busy.pool.convertToAssets(busy.pool.balanceOf(lender))
    assert_the_most(busy, lender, "pool: too few shares")
