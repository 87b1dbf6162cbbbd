"""A16: a market with amounts but no shares, or shares but no amounts, was inflated (Abracadabra).

Here the last debt share takes all debt with it, and what the last lender leaves behind nobody can use.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import FRACTION, MAX, YEAR
from tests.utils.pool_harness import PAR, build_lab


@pytest.fixture(scope="module")
def lab(builder, lender, other_lender):
    return build_lab(builder, [lender, other_lender])


@pytest.fixture
def aged(chain, lab, lender):
    """Ten years of interest on two vaults' debt."""
    lab.lend(lender, 10**12)
    lab.draw(10**11 * 9)
    lab.draw(3, lab.other_vault)
    for _ in range(5):
        chain.advance(2 * YEAR)
        lab.pool.accrue(sender=lender)
    lab.loan.mint(lab.vault, 10**15, sender=lender)
    return lab


def test_a16_debt_is_never_half_zero(aged):
    """Paid for another, paid twice, paid by donation: only shares extinguish debt, and all go together."""
    lab = aged
    _, shares, owed = lab.line()
    lab.loan.transfer(lab.pool, 10 * owed, sender=lab.vault)  # paying "for all" is a donation
    assert lab.line()[1:] == (shares, owed)
    lab.pool.settle(shares, owed, sender=lab.vault)
    books = lab.books()
    assert books.total_debt_shares == 3 * PAR
    assert books.total_debt > 0
    assert refusal(lab.pool.settle, 1, 0, sender=lab.vault) == "pool: more than drawn"
    _, shares, owed = lab.line(lab.other_vault)
    lab.settle(shares, owed, lab.other_vault)
    books = lab.books()
    assert books.total_debt == books.total_debt_shares == 0
    # and it starts again at par
    assert lab.draw(10**6) == 10**6 * PAR


@pytest.mark.parametrize("left", [1, 999])
def test_a16_supply_without_much_debt(aged, left):
    """All but a few debt shares settled: their debt is what they are worth, up to the index in units."""
    lab = aged
    _, shares, owed = lab.line(lab.other_vault)
    lab.settle(shares, owed, lab.other_vault)
    _, shares, owed = lab.line()
    index = lab.books().total_debt * PAR // (shares * FRACTION) + 1
    lab.settle(shares - left, owed)
    books = lab.books()
    assert books.total_debt_shares == left
    assert 0 < books.total_debt <= 2 * index * FRACTION


def test_a16_what_the_last_lender_leaves_is_no_ones(aged, lender, other_lender):
    """The virtual shares' part stays behind; the next lender buys at their price and loses nothing."""
    lab = aged
    for vault in (lab.vault, lab.other_vault):
        _, shares, owed = lab.line(vault)
        lab.settle(shares, owed, vault)
    virtual = lab.pool.convertToAssets(PAR)
    lab.pool.exit(MAX, 0, lender, lender, sender=lender)
    books = lab.books()
    assert books.total_supply == 0
    assert virtual - 1 <= books.total_assets // FRACTION <= virtual
    assert 30 < virtual < 50
    before = lab.loan.balanceOf(other_lender)
    lab.lend(other_lender, 10**6)
    lab.pool.exit(MAX, 0, other_lender, other_lender, sender=other_lender)
    assert lab.loan.balanceOf(other_lender) >= before - 1
