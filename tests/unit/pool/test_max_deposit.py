"""The largest deposit: what it says is accepted, one more is not."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, FRACTION, MAX
from tests.utils.pool_harness import PAR, closed_pool


@pytest.fixture
def rich(lab, lender):
    """A lender with more than the books hold."""
    lab.loan.mint(lender, 2**95, sender=lender)
    return lender


def assert_the_most(pool, rich, reason):
    """Both maxima are accepted and one more than either is refused."""
    assets, shares = pool.maxDeposit(rich), pool.maxMint(rich)
    assert assets > 0
    assert refusal(pool.deposit, assets, rich, sender=rich) is None
    assert refusal(pool.deposit, assets + 1, rich, sender=rich) == reason
    assert refusal(pool.mint, shares, rich, sender=rich) is None
    assert pool.previewMint(shares) <= assets
    assert pool.previewMint(shares + 1) > assets or shares == 2**104 - 1 - pool.totalSupply()


def test_empty(lab, rich):
    assert lab.pool.maxDeposit(rich) == 2**94 - 1
    assert lab.pool.maxMint(rich) == (2**94 - 1) * PAR
    assert_the_most(lab.pool, rich, "pool: amount too large")


def test_after_interest(busy, rich):
    """The books' rest bounds it: total assets are not a whole number of base units."""
    assert busy.pool.maxDeposit(rich) == (2**110 - 1 - busy.books().total_assets) // FRACTION
    assert_the_most(busy.pool, rich, "pool: amount too large")


@pytest.mark.parametrize(("lent", "lost"), [(10**9, 900_000_000), (999_997_065, 990_417_816)])
def test_after_a_loss(lab, lender, rich, lent, lost):
    """The share count bounds it; in the second case a share more would be worth whole base units."""
    lab.lend(lender, lent)
    lab.lose(lost)
    assert_the_most(lab.pool, rich, "pool: too many shares")


def test_capped(busy, rich):
    busy.pool.set_supply_cap(busy.units(2_000_000), sender=busy.council)
    assert busy.pool.maxDeposit(rich) == busy.units(2_000_000) - busy.pool.totalAssets() - 1
    assert_the_most(busy.pool, rich, "pool: over the supply cap")


def test_above_the_cap(busy, lender):
    busy.pool.set_supply_cap(busy.pool.totalAssets(), sender=busy.council)
    assert busy.pool.maxDeposit(lender) == busy.pool.maxMint(lender) == 0
    busy.pool.set_supply_cap(1, sender=busy.council)
    assert busy.pool.maxDeposit(lender) == busy.pool.maxMint(lender) == 0


def test_the_cap_fills_with_interest(chain, busy, lender):
    busy.pool.set_supply_cap(busy.pool.totalAssets() + 1_000, sender=busy.council)
    assert busy.pool.maxDeposit(lender) == 999
    chain.advance(DAY)
    assert busy.pool.maxDeposit(lender) == 0


def test_paused(chain, lab, lender):
    lab.pool.set_pause(chain.now + DAY, sender=lab.council)
    assert lab.pool.maxDeposit(lender) == lab.pool.maxMint(lender) == 0
    chain.advance(DAY)
    assert lab.pool.maxDeposit(lender) == 2**94 - 1


def test_before_opening(builder, lab, lender):
    pool = closed_pool(builder, lab.factory, lab.loan, lab.council)
    assert pool.maxDeposit(lender) == pool.maxMint(lender) == 0
    pool.open_pool(sender=lab.council)
    assert pool.maxDeposit(lender) == 2**94 - 1


def test_wiped(lab, lender):
    lab.lend(lender, 10**9)
    lab.lose(10**9 - 10**6 + 1)
    assert lab.pool.maxDeposit(lender) == lab.pool.maxMint(lender) == 0
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) == "pool: wiped"


def test_just_not_wiped(lab, lender):
    lab.lend(lender, 10**9)
    lab.lose(10**9 - 10**6)
    assert lab.pool.maxDeposit(lender) > 0
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) is None


def test_full(lab, rich):
    lab.pool.deposit(2**94 - 1, rich, sender=rich)
    assert lab.pool.maxDeposit(rich) == lab.pool.maxMint(rich) == 0
    assert refusal(lab.pool.deposit, 1, rich, sender=rich) == "pool: amount too large"
    assert refusal(lab.pool.withdraw, 2**94 - 1, rich, rich, sender=rich) is None
    assert refusal(lab.pool.exit, MAX, 2**94 - 1, rich, rich, sender=rich) is None
