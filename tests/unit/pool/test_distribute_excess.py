"""Paying out of the reserve what it holds above its target and provisions."""

from decimal import Decimal

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_shares_down
from plimsoll.units import FRACTION, MAX, NOBODY
from tests.utils.pool_harness import PAR, build_lab

DRAWN = 600_000 * 10**6


@pytest.fixture
def rich(lab, lender, stranger):
    """A million lent, 600,000 drawn, a reserve of 150,000, of which the target takes 5 % of a million."""
    lab.lend(lender, 10**12)
    lab.draw(DRAWN)
    lab.loan.mint(lab.pool, 150_000 * 10**6, sender=stranger)
    return lab


@pytest.mark.parametrize(
    ("provision", "excess"),
    [(0, 100_000), (1, 99_999), (30_000, 70_000), (99_999, 1), (100_000, 0), (600_000, 0)],
)
def test_is_net_of_provisions(rich, receiver, provision, excess):
    """A unit of provision keeps a unit."""
    rich.pool.set_provision(rich.units(provision), sender=rich.vault)
    assert rich.pool.excess() == rich.units(excess)
    paid = rich.pool.distribute_excess.call(MAX, receiver, sender=rich.council)
    assert paid == rich.units(excess)


def test_gives_shares_at_the_price(busy, receiver, stranger):
    """Half each, rounded down; the books grow by what is paid, the price of nobody falls."""
    busy.loan.mint(busy.pool, 10**11, sender=stranger)
    before, reserves, worth = busy.books(), busy.pool.reserves(), busy.pool.convertToAssets(10**15)
    half, rest = 500_000_003, 500_000_004
    first = to_shares_down(half, before.total_assets, before.total_supply)
    second = to_shares_down(rest, before.total_assets + half * FRACTION, before.total_supply + first)

    receipt = busy.pool.distribute_excess(half + rest, receiver, sender=busy.council)

    assert receipt.return_value == half + rest
    assert receipt.events == [
        busy.pool.Transfer(sender=NOBODY, receiver=busy.backstop, value=first),
        busy.pool.Transfer(sender=NOBODY, receiver=receiver, value=second),
    ]
    assert busy.books() == before._replace(
        total_assets=before.total_assets + (half + rest) * FRACTION,
        total_supply=before.total_supply + first + second,
    )
    assert reserves - busy.pool.reserves() == half + rest
    assert busy.pool.convertToAssets(10**15) >= worth


def test_what_nobody_takes_stays(rich):
    receipt = rich.pool.distribute_excess(MAX, NOBODY, sender=rich.council)
    assert receipt.return_value == rich.units(50_000)
    assert rich.pool.reserves() == rich.units(100_000)


def test_the_target_is_of_debt_when_that_is_more(chain, builder, lender, stranger):
    lab = build_lab(builder, [lender], insurance_target=Decimal(1))
    lab.lend(lender, 10**12)
    lab.draw(10**12)
    chain.advance(10**7)
    books = lab.books()
    assert books.total_debt > books.total_assets
    lab.loan.mint(lab.pool, 2 * 10**12, sender=stranger)
    reserve = lab.cash() * FRACTION + books.total_debt - books.total_assets
    assert lab.pool.excess() == (reserve - books.total_debt) // FRACTION


def test_nothing_of_a_wiped_pool(lab, lender, stranger):
    """A share is worth a thousandth of par, and then a unit less of all."""
    lab.lend(lender, 10**9 - 1)
    lab.lose(10**9 - 10**6)
    lab.loan.mint(lab.pool, 10**9, sender=stranger)
    assert lab.pool.totalAssets() == 10**6 - 1
    assert refusal(lab.pool.excess, sender=stranger) is None
    lab.loan.burn(lab.pool, 10**9, sender=stranger)
    lab.lose(1)
    lab.loan.mint(lab.pool, 10**9, sender=stranger)
    assert refusal(lab.pool.excess, sender=stranger) == "pool: wiped"
    call = (lab.pool.distribute_excess, 1, stranger)
    assert refusal(*call, sender=lab.council) == "pool: wiped"


def test_only_the_council(rich, lender, stranger):
    for caller in (lender, stranger, rich.vault):
        assert refusal(rich.pool.distribute_excess, 1, caller, sender=caller) == "pool: not the council"
    assert rich.pool.balanceOf(lender) == 10**12 * PAR
