"""A pool whose lenders own nothing, or next to nothing."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, FRACTION, MAX, WAD, YEAR
from tests.utils.pool_harness import PAR


@pytest.fixture
def wiped(lab, lender):
    """A thousand tokens lent, drawn and lost."""
    lab.lend(lender, 10**9)
    lab.lose(10**9)
    assert lab.books()[:4] == (0, 0, 10**9 * PAR, 0)
    return lab


def test_every_view_answers(wiped, lender):
    pool = wiped.pool
    assert pool.utilisation() == 0
    assert pool.totalAssets() == pool.reserves() == 0
    assert pool.maxDeposit(lender) == pool.maxMint(lender) == 0
    assert pool.maxWithdraw(lender) == 0
    assert pool.convertToAssets(10**9 * PAR) == 0
    assert pool.previewRedeem(10**9 * PAR) == 0
    assert pool.convertToShares(1) == pool.previewDeposit(1) == 10**9 * PAR + PAR
    assert pool.previewMint(1) == 1
    assert pool.previewWithdraw(1) == 10**9 * PAR + PAR
    assert pool.max_draw(wiped.vault) == 0
    assert pool.borrow_rate() > 0


def test_time_passes(chain, wiped, stranger):
    """The log of the rate at target too stands still, below the floor."""
    before = wiped.books()
    chain.advance(YEAR)
    wiped.pool.accrue(sender=stranger)
    assert wiped.books() == before


def test_nobody_can_enter(wiped, lender, other_lender):
    assert refusal(wiped.pool.deposit, 10**12, other_lender, sender=other_lender) == "pool: wiped"
    assert refusal(wiped.pool.mint, 1, other_lender, sender=other_lender) == "pool: wiped"


def test_the_doors_out_stay_open(wiped, lender):
    """X1."""
    assert refusal(wiped.pool.redeem, 10**9 * PAR, lender, lender, sender=lender) is None
    assert refusal(wiped.pool.withdraw, 0, lender, lender, sender=lender) is None
    assert refusal(wiped.pool.exit, MAX, 0, lender, lender, sender=lender) is None
    assert refusal(wiped.pool.transfer, lender, 1, sender=lender) is None
    assert refusal(wiped.pool.book_shortfall, sender=lender) is None
    assert refusal(wiped.pool.draw, 0, wiped.vault, sender=wiped.vault) is None
    assert refusal(wiped.pool.draw, 1, wiped.vault, sender=wiped.vault) == "pool: not enough cash"


def test_a_donation_does_not_bring_it_back(wiped, lender, stranger):
    """P4: it is reserve."""
    wiped.loan.mint(wiped.pool, 10**12, sender=stranger)
    assert wiped.pool.reserves() == 10**12
    assert wiped.pool.maxWithdraw(lender) == 0
    assert refusal(wiped.pool.deposit, 1, lender, sender=lender) == "pool: wiped"


@pytest.mark.parametrize("left", [10**6 - 1, 10**6])
def test_the_line_is_a_thousandth_of_par(lab, lender, left):
    """A share below 0.1 % of par is wiped; there the price of a new share would be mere rounding."""
    lab.lend(lender, 10**9)
    lab.lose(10**9 - left)
    reason = refusal(lab.pool.deposit, 10**6, lender, sender=lender)
    assert reason == ("pool: wiped" if left < 10**6 else None)


def test_debt_without_assets_counts_as_full_use(chain, lab, lender):
    """All lenders left what they could while the rest is lent: assets and debt are the same sum."""
    lab.lend(lender, 10**9)
    lab.draw(10**9)
    assert lab.pool.utilisation() == WAD
    chain.advance(DAY)
    assert lab.books().total_debt > lab.books().total_assets
    assert lab.pool.utilisation() == WAD
    lab.settle(lab.drawn() // 2, 0)
    chain.advance(DAY)
    lab.pool.accrue(sender=lender)
    assert lab.pool.utilisation() == WAD
    lab.settle(lab.drawn(), 0)
    assert lab.pool.utilisation() == 0
    assert lab.books().total_assets < FRACTION
