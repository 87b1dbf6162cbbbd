"""Supplying an amount."""

import pytest

from plimsoll.testing import refusal, reverts
from plimsoll.twin.share_math import to_shares_down
from plimsoll.units import DAY, FRACTION, MAX, NOBODY, YEAR
from tests.utils.pool_harness import PAR, closed_pool


def test_the_first_lender_pays_par(lab, lender):
    receipt = lab.pool.deposit(1_234_567, lender, sender=lender)

    assert receipt.events == [
        lab.loan.Transfer(sender=lender, receiver=lab.pool, value=1_234_567),
        lab.pool.Transfer(sender=NOBODY, receiver=lender, value=1_234_567 * PAR),
        lab.pool.Deposit(sender=lender, owner=lender, assets=1_234_567, shares=1_234_567 * PAR),
    ]
    assert lab.pool.balanceOf(lender) == lab.pool.totalSupply() == 1_234_567 * PAR
    assert lab.pool.totalAssets() == lab.cash() == 1_234_567


def test_later_lenders_pay_the_grown_price(chain, busy, other_lender):
    chain.advance(DAY)
    books = busy.books()
    shares = to_shares_down(10**9 + 7, books.total_assets, books.total_supply)

    receipt = busy.pool.deposit(10**9 + 7, other_lender, sender=other_lender)

    assert shares < (10**9 + 7) * PAR
    assert receipt.events[-1] == busy.pool.Deposit(
        sender=other_lender, owner=other_lender, assets=10**9 + 7, shares=shares
    )
    assert busy.books() == books._replace(
        total_assets=books.total_assets + (10**9 + 7) * FRACTION, total_supply=books.total_supply + shares
    )


def test_accrues_up_to_its_own_time(chain, busy, lender):
    before = busy.books()
    expected = busy.books_after(DAY)
    chain.advance(DAY)
    busy.pool.deposit(0, lender, sender=lender)
    assert busy.books() == expected
    assert expected.total_assets > before.total_assets


def test_for_somebody_else(lab, lender, receiver):
    receipt = lab.pool.deposit(10**6, receiver, sender=lender)
    assert receipt.events[-1] == lab.pool.Deposit(
        sender=lender, owner=receiver, assets=10**6, shares=10**6 * PAR
    )
    assert lab.pool.balanceOf(receiver) == 10**6 * PAR
    assert lab.pool.balanceOf(lender) == 0


def test_nothing_moves_no_token(busy, other_lender):
    receipt = busy.pool.deposit(0, other_lender, sender=other_lender)
    assert receipt.events == [
        busy.pool.Transfer(sender=NOBODY, receiver=other_lender, value=0),
        busy.pool.Deposit(sender=other_lender, owner=other_lender, assets=0, shares=0),
    ]


def test_gives_the_shares(busy, other_lender):
    shares = busy.pool.previewDeposit(777)
    assert busy.pool.deposit.call(777, other_lender, sender=other_lender) == shares > 0


@pytest.mark.parametrize("assets", [1, 7, 10**6, 10**12 + 1])
def test_a_round_trip_in_one_block_gains_nothing(busy, other_lender, assets):
    """P7."""
    balance = busy.loan.balanceOf(other_lender)
    busy.pool.deposit(assets, other_lender, sender=other_lender)
    busy.pool.exit(MAX, 0, other_lender, other_lender, sender=other_lender)
    assert busy.pool.balanceOf(other_lender) == 0
    assert balance - 1 <= busy.loan.balanceOf(other_lender) <= balance


def test_before_opening(builder, lab, lender):
    pool = closed_pool(builder, lab.factory, lab.loan, lab.council)
    lab.loan.approve(pool, MAX, sender=lender)
    with reverts("pool: not open"):
        pool.deposit(1, lender, sender=lender)
    pool.open_pool(sender=lab.council)
    assert refusal(pool.deposit, 1, lender, sender=lender) is None


def test_while_paused(chain, lab, lender):
    lab.pool.set_pause(chain.now + DAY, sender=lab.council)
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) == "pool: paused"
    chain.advance(DAY - 1)
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) == "pool: paused"
    chain.advance(1)
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) is None


def test_the_supply_cap(busy, other_lender):
    books = busy.books()
    cap = busy.pool.totalAssets() + 1_000
    busy.pool.set_supply_cap(cap, sender=busy.council)
    room = (cap * FRACTION - books.total_assets) // FRACTION
    assert room == 999  # total assets are not a whole number of base units
    assert refusal(busy.pool.deposit, room, other_lender, sender=other_lender) is None
    assert refusal(busy.pool.deposit, room + 1, other_lender, sender=other_lender) == (
        "pool: over the supply cap"
    )


def test_less_than_a_share(chain, lab, lender):
    """Only when a share is worth more than a base unit: a thousand times par."""
    lab.lend(lender, 10**9)
    lab.draw(10**9)
    for _ in range(9):
        chain.advance(50 * YEAR)
        lab.pool.accrue(sender=lender)
    worth = lab.pool.previewMint(1)
    assert 1 < worth < 10
    assert refusal(lab.pool.deposit, worth - 1, lender, sender=lender) == "pool: less than a share"
    assert refusal(lab.pool.deposit, worth, lender, sender=lender) is None


def test_to_nobody(lab, lender):
    assert refusal(lab.pool.deposit, 1, NOBODY, sender=lender) == "pool: zero address"


def test_more_than_the_books_hold(lab, lender):
    lab.loan.mint(lender, 2**94, sender=lender)
    assert refusal(lab.pool.deposit, 2**94, lender, sender=lender) == "pool: amount too large"
    assert refusal(lab.pool.deposit, 2**94 - 1, lender, sender=lender) is None


def test_more_shares_than_the_books_hold(lab, lender, other_lender):
    lab.lend(lender, 10**9)
    lab.lose(10**9 * 99 // 100)
    room = lab.pool.maxDeposit(other_lender)
    assert room < 2**94 // 90
    lab.loan.mint(other_lender, 2 * room, sender=other_lender)
    assert refusal(lab.pool.deposit, room + 1, other_lender, sender=other_lender) == "pool: too many shares"
    assert refusal(lab.pool.deposit, room, other_lender, sender=other_lender) is None


def test_an_absurd_amount_fails_in_arithmetic(lab, lender):
    assert refusal(lab.pool.deposit, MAX, lender, sender=lender) == ""
