"""Supplying what a number of shares costs."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_up
from plimsoll.units import DAY, FRACTION, MAX, NOBODY
from tests.utils.pool_harness import PAR, closed_pool


def test_at_par(lab, lender):
    receipt = lab.pool.mint(5_000, lender, sender=lender)
    assert receipt.events == [
        lab.loan.Transfer(sender=lender, receiver=lab.pool, value=5),
        lab.pool.Transfer(sender=NOBODY, receiver=lender, value=5_000),
        lab.pool.Deposit(sender=lender, owner=lender, assets=5, shares=5_000),
    ]
    assert lab.pool.balanceOf(lender) == lab.pool.totalSupply() == 5_000
    assert lab.pool.totalAssets() == lab.cash() == 5


def test_the_cost_is_rounded_up(lab, lender):
    lab.pool.mint(5_001, lender, sender=lender)
    assert lab.cash() == 6


def test_at_the_grown_price(chain, busy, other_lender, receiver):
    chain.advance(DAY)
    books = busy.books()
    cost = to_assets_up(10**12 + 7, books.total_assets, books.total_supply)

    receipt = busy.pool.mint(10**12 + 7, receiver, sender=other_lender)

    assert cost > 10**9
    assert receipt.events == [
        busy.loan.Transfer(sender=other_lender, receiver=busy.pool, value=cost),
        busy.pool.Transfer(sender=NOBODY, receiver=receiver, value=10**12 + 7),
        busy.pool.Deposit(sender=other_lender, owner=receiver, assets=cost, shares=10**12 + 7),
    ]
    assert busy.books() == books._replace(
        total_assets=books.total_assets + cost * FRACTION, total_supply=books.total_supply + 10**12 + 7
    )


def test_gives_the_cost(busy, other_lender):
    cost = busy.pool.previewMint(10**12)
    assert busy.pool.mint.call(10**12, other_lender, sender=other_lender) == cost > 10**9


def test_nothing_costs_nothing(busy, other_lender):
    receipt = busy.pool.mint(0, other_lender, sender=other_lender)
    assert receipt.events == [
        busy.pool.Transfer(sender=NOBODY, receiver=other_lender, value=0),
        busy.pool.Deposit(sender=other_lender, owner=other_lender, assets=0, shares=0),
    ]


@pytest.mark.parametrize("shares", [1, 999, 10**9 + 1])
def test_a_round_trip_in_one_block_gains_nothing(busy, other_lender, shares):
    """P7."""
    balance = busy.loan.balanceOf(other_lender)
    busy.pool.mint(shares, other_lender, sender=other_lender)
    busy.pool.redeem(shares, other_lender, other_lender, sender=other_lender)
    assert balance - 1 <= busy.loan.balanceOf(other_lender) <= balance


def test_before_opening(builder, lab, lender):
    pool = closed_pool(builder, lab.factory, lab.loan, lab.council)
    lab.loan.approve(pool, MAX, sender=lender)
    assert refusal(pool.mint, 1, lender, sender=lender) == "pool: not open"
    pool.open_pool(sender=lab.council)
    assert refusal(pool.mint, 1, lender, sender=lender) is None


def test_while_paused(chain, lab, lender):
    lab.pool.set_pause(chain.now + DAY, sender=lab.council)
    assert refusal(lab.pool.mint, 1, lender, sender=lender) == "pool: paused"
    chain.advance(DAY)
    assert refusal(lab.pool.mint, 1, lender, sender=lender) is None


def test_the_supply_cap(lab, lender):
    lab.pool.set_supply_cap(10, sender=lab.council)
    assert refusal(lab.pool.mint, 10 * PAR, lender, sender=lender) is None
    assert refusal(lab.pool.mint, 10 * PAR + 1, lender, sender=lender) == "pool: over the supply cap"


def test_to_nobody(lab, lender):
    assert refusal(lab.pool.mint, 1, NOBODY, sender=lender) == "pool: zero address"


def test_more_shares_than_the_books_hold(lab, lender, other_lender):
    lab.lend(lender, 10**9)
    lab.lose(10**9 * 99 // 100)
    room = 2**104 - 1 - lab.pool.totalSupply()
    lab.loan.mint(other_lender, lab.pool.previewMint(room + 1), sender=other_lender)
    assert refusal(lab.pool.mint, room + 1, other_lender, sender=other_lender) == "pool: too many shares"
    assert refusal(lab.pool.mint, room, other_lender, sender=other_lender) is None
