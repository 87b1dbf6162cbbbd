"""The reserve is what is left over: whatever arrives unasked is reserve and moves nothing else."""

import pytest

from plimsoll.units import DAY, FRACTION, YEAR


def unmoved(lab, lender):
    """Everything that a donation must not move."""
    pool = lab.pool
    return (
        lab.books(),
        lab.line(),
        pool.utilisation(),
        pool.borrow_rate(),
        pool.rate_at_target(),
        pool.totalAssets(),
        pool.convertToAssets(10**18),
        pool.convertToShares(10**18),
        pool.previewDeposit(10**12),
        pool.previewMint(10**15),
        pool.previewWithdraw(10**12),
        pool.previewRedeem(10**15),
        pool.maxWithdraw(lender),
        pool.maxRedeem(lender),
        pool.maxDeposit(lender),
        pool.maxMint(lender),
        pool.max_draw(lab.vault),
    )


@pytest.mark.parametrize("amount", [1, 10**6, 10**18])
def test_a_donation_moves_nothing_but_the_reserve(busy, lender, stranger, amount):
    """P4."""
    before, reserves = unmoved(busy, lender), busy.pool.reserves()
    busy.loan.mint(busy.pool, amount, sender=stranger)
    assert unmoved(busy, lender) == before
    assert busy.pool.reserves() == reserves + amount


def test_a_donation_to_an_empty_pool(lab, lender, stranger):
    """P4: the first lender pays par, whatever lies there."""
    before = unmoved(lab, lender)
    lab.loan.mint(lab.pool, 10**18, sender=stranger)
    assert unmoved(lab, lender) == before
    lab.lend(lender, 10**6)
    assert lab.pool.balanceOf(lender) == 10**9


def test_a_donation_does_not_change_what_interest_does(chain, busy, stranger):
    """P4."""
    expected = busy.books_after(DAY)
    busy.loan.mint(busy.pool, 10**18, sender=stranger)
    chain.advance(DAY)
    assert busy.books() == expected


def test_interest_fills_it(chain, busy):
    before = busy.pool.reserves()
    start = busy.books()
    chain.advance(YEAR)
    end = busy.books()
    part = (end.total_debt - start.total_debt) - (end.total_assets - start.total_assets)
    assert busy.pool.reserves() - before in (part // FRACTION, part // FRACTION + 1)
    assert part * 10 == pytest.approx(end.total_debt - start.total_debt, abs=10)


def test_is_what_cash_and_debt_exceed_assets_by(busy, stranger):
    books = busy.books()
    backing = busy.cash() * FRACTION + books.total_debt
    assert busy.pool.reserves() == (backing - books.total_assets) // FRACTION
    busy.loan.burn(busy.pool, busy.pool.reserves() + 1, sender=stranger)
    assert busy.pool.reserves() == 0


def test_nobody_can_take_it_out(busy, lender, stranger):
    """All debt paid, all shares out: the reserve stays."""
    busy.loan.mint(busy.pool, 10**12, sender=stranger)
    _, shares, owed = busy.line()
    busy.settle(shares, owed)
    reserves = busy.pool.reserves()
    busy.pool.exit(2**256 - 1, 0, lender, lender, sender=lender)
    assert busy.cash() >= reserves >= 10**12
    assert busy.pool.totalSupply() == 0
