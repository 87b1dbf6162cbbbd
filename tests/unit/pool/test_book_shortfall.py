"""Booking what a token's issuer has taken."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, FRACTION, MAX, NOBODY
from tests.utils.pool_harness import PAR


@pytest.fixture
def tranches(lab, lender, stranger):
    """1,000,000 lent, 50,000 of stake, 30,000 of reserve, 500,000 drawn; at par."""
    lab.lend(lender, lab.units(1_000_000))
    lab.lend(lab.backstop, lab.units(50_000))
    lab.loan.mint(lab.pool, lab.units(30_000), sender=stranger)
    lab.draw(lab.units(500_000))
    return lab


def seize(lab, whole):
    lab.loan.burn(lab.pool, lab.units(whole), sender=lab.council)


@pytest.mark.parametrize(
    ("seized", "backstop", "lenders"),
    [(30_001, 1, 0), (80_000, 50_000, 0), (80_001, 50_000, 1), (580_000, 50_000, 500_000)],
)
def test_goes_down_the_waterfall(tranches, stranger, seized, backstop, lenders):
    """W1. The reserve is gone with the cash; what it could not carry is booked."""
    lab = tranches
    line = lab.line()
    seize(lab, seized)
    before = lab.books()
    assert lab.pool.book_shortfall.call(sender=stranger) == lab.units(backstop + lenders)

    receipt = lab.pool.book_shortfall(sender=stranger)

    burning = lab.pool.Transfer(sender=lab.backstop, receiver=NOBODY, value=lab.units(backstop) * PAR)
    assert receipt.events == [
        burning,
        lab.pool.Loss(vault=NOBODY, reserves=0, backstop=lab.units(backstop), lenders=lab.units(lenders)),
    ]
    assert lab.books().total_assets == before.total_assets - lab.units(backstop + lenders) * FRACTION
    assert lab.books().total_debt == before.total_debt
    assert lab.line() == line
    assert lab.pool.losses(lab.vault) == lab.pool.losses(NOBODY) == 0
    assert lab.pool.reserves() == 0


@pytest.mark.parametrize("seized", [0, 1, 30_000])
def test_nothing_while_the_reserve_covers_it(tranches, stranger, seized):
    lab = tranches
    seize(lab, seized)
    before = lab.books()
    assert lab.pool.book_shortfall.call(sender=stranger) == 0
    receipt = lab.pool.book_shortfall(sender=stranger)
    assert receipt.events == []
    assert lab.books() == before
    assert lab.pool.reserves() == lab.units(30_000 - seized)


def test_once(tranches, stranger):
    lab = tranches
    seize(lab, 100_000)
    lab.pool.book_shortfall(sender=stranger)
    before = lab.books()
    receipt = lab.pool.book_shortfall(sender=stranger)
    assert receipt.events == []
    assert lab.books() == before


def test_accrues(chain, busy, stranger):
    expected = busy.books_after(DAY)
    chain.advance(DAY)
    busy.pool.book_shortfall(sender=stranger)
    assert busy.books() == expected


def test_until_then_exits_are_paid_from_what_is_left(tranches, lender, stranger):
    """P3 rests until somebody calls; after that everybody has lost the same."""
    lab = tranches
    seize(lab, 400_000)
    assert lab.pool.reserves() == 0
    assert lab.pool.maxWithdraw(lender) == lab.cash() == lab.units(180_000)
    lab.pool.book_shortfall(sender=stranger)
    assert lab.pool.maxWithdraw(lender) == lab.units(180_000)
    assert lab.pool.convertToAssets(lab.pool.balanceOf(lender)) == lab.units(680_000)


def test_a_settlement_books_it_too(tranches):
    """As nobody's: a vault that pays in full keeps its line and its name (A40)."""
    lab = tranches
    limit = lab.line()[0]
    seize(lab, 400_000)
    receipt = lab.settle(lab.units(1_000) * PAR, lab.units(1_000))
    assert receipt.of(lab.pool.LimitSet) == []
    assert receipt.of(lab.pool.Loss) == [
        lab.pool.Loss(vault=NOBODY, reserves=0, backstop=lab.units(50_000), lenders=lab.units(320_000))
    ]
    assert (lab.line()[0], lab.pool.losses(lab.vault)) == (limit, 0)


def test_a_settlement_books_both_apart(tranches):
    """What stood before goes first, to the backstop and on; then what the vault has lost."""
    lab = tranches
    limit = lab.line()[0]
    seize(lab, 70_000)  # 40,000 beyond the reserve
    receipt = lab.settle(lab.units(20_000) * PAR, lab.units(1_000))
    assert receipt.events == [
        lab.pool.LimitSet(vault=lab.vault, limit=limit - lab.units(19_000)),
        lab.pool.Transfer(sender=lab.backstop, receiver=NOBODY, value=lab.units(50_000) * PAR),
        lab.pool.Loss(vault=NOBODY, reserves=0, backstop=lab.units(40_000), lenders=0),
        lab.pool.Loss(vault=lab.vault, reserves=0, backstop=lab.units(10_000), lenders=lab.units(9_000)),
    ]
    assert lab.line()[0] == limit - lab.units(19_000) == limit - lab.pool.losses(lab.vault)


@pytest.mark.parametrize("lost", [0, 1, 10_000])
def test_a_reserve_bears_the_vaults_own_loss_after_what_stood_before(tranches, lost):
    """Cash that is gone takes the reserve; what is left of it bears the vault's."""
    lab = tranches
    seize(lab, 25_000)
    receipt = lab.settle(lab.units(lost) * PAR, 0)
    own = max(0, lost - 5_000)
    assert (
        receipt.of(lab.pool.Loss)
        == [
            lab.pool.Loss(vault=lab.vault, reserves=lab.units(lost - own), backstop=lab.units(own), lenders=0)
        ][: lost > 0]
    )
    assert lab.pool.losses(lab.vault) == lab.units(lost)


def test_all_cash_is_gone(tranches, lender, stranger):
    lab = tranches
    seize(lab, 580_000)
    lab.pool.book_shortfall(sender=stranger)
    books = lab.books()
    assert books.total_assets == books.total_debt
    assert lab.pool.maxWithdraw(lender) == 0
    _, shares, owed = lab.line()
    lab.settle(shares, owed)
    assert refusal(lab.pool.exit, MAX, owed - 1, lender, lender, sender=lender) is None


def test_a_fraction_of_a_unit_is_not_booked(lab, lender, stranger):
    """P3: less than one base unit."""
    lab.lend(lender, 10**9)
    lab.draw(10**6)
    lab.pool.settle(700, 0, sender=lab.vault)
    receipt = lab.pool.book_shortfall(sender=stranger)
    assert receipt.events == []
    books = lab.books()
    assert 0 < books.total_assets - lab.cash() * FRACTION - books.total_debt < FRACTION
