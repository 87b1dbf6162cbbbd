"""Extinguishing debt that has been paid."""

import random

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_up, to_value_down
from plimsoll.units import DAY, FRACTION, MAX, YEAR
from tests.utils.pool_harness import PAR


@pytest.mark.parametrize("shares", [1, 999, 10**9 + 7, 3 * 10**14])
def test_takes_the_debt_of_the_shares_rounded_down(chain, busy, shares):
    """P6: debt per debt share does not fall."""
    chain.advance(DAY)
    books = busy.books()
    limit, drawn, _ = busy.line()
    value = to_value_down(shares, books.total_debt, books.total_debt_shares)
    paid = to_assets_up(shares, books.total_debt, books.total_debt_shares)

    receipt = busy.settle(shares, paid)

    assert receipt.events == []
    after = books._replace(
        total_debt=books.total_debt - value, total_debt_shares=books.total_debt_shares - shares
    )
    assert busy.books() == after
    assert busy.line()[:2] == (limit, drawn - shares)
    assert (after.total_debt + FRACTION) * (books.total_debt_shares + PAR) >= (
        books.total_debt + FRACTION
    ) * (after.total_debt_shares + PAR)


def test_gives_the_cash(busy):
    assert busy.pool.settle.call(0, 0, sender=busy.vault) == busy.cash()


def test_what_is_paid_too_much_is_reserve(busy):
    """As a liquidation fee is."""
    books, reserves = busy.books(), busy.pool.reserves()
    paid = to_assets_up(10**12, books.total_debt, books.total_debt_shares)
    busy.settle(10**12, paid + 12_345)
    assert busy.pool.reserves() in (reserves + 12_345, reserves + 12_346)
    assert busy.books().total_assets == books.total_assets


def test_nothing(busy):
    before = busy.books()
    receipt = busy.pool.settle(0, 0, sender=busy.vault)
    assert receipt.events == []
    assert busy.books() == before


def test_only_vaults(busy, stranger):
    assert refusal(busy.pool.settle, 0, 0, sender=stranger) == "pool: not a vault"
    assert refusal(busy.pool.settle, 1, 1, sender=busy.council) == "pool: not a vault"


def test_more_than_drawn(busy):
    drawn = busy.drawn()
    busy.draw(10**9, busy.other_vault)
    assert refusal(busy.pool.settle, drawn, 0, sender=busy.vault) is None
    assert refusal(busy.pool.settle, drawn + 1, 0, sender=busy.vault) == "pool: more than drawn"
    assert refusal(busy.pool.settle, MAX, 0, sender=busy.vault) == "pool: more than drawn"


def test_nothing_stops_it(busy):
    """X1: paused, capped, without a limit."""
    busy.pool.set_pause(MAX, sender=busy.council)
    busy.pool.set_supply_cap(1, sender=busy.council)
    busy.pool.set_limit(busy.vault, 0, sender=busy.council)
    _, shares, owed = busy.line()
    receipt = busy.settle(shares, owed)
    assert receipt.events == []
    assert busy.line() == (0, 0, 0)


@pytest.mark.parametrize("claimed", [2**94, 2**240, MAX])
def test_absurd_payments_do_not_stop_it(busy, claimed):
    """Nor do they wrap around to a small one, which would be booked as a loss."""
    receipt = busy.pool.settle(10**9, claimed, sender=busy.vault)
    assert receipt.events == []


def test_absurd_cash_does_not_stop_it(busy, stranger):
    busy.loan.mint(busy.pool, MAX - busy.loan.totalSupply(), sender=stranger)
    assert refusal(busy.pool.settle, 1, 1, sender=busy.vault) is None
    assert refusal(busy.pool.book_shortfall, sender=stranger) is None


@pytest.mark.parametrize("years", [0, 1, 60])
def test_the_last_share_takes_all_debt(chain, lab, lender, years):
    """L3's exception: what virtual shares leave is at most the index in units; the reserve carries it."""
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(1_000_000) - 7)
    lab.draw(7, lab.other_vault)
    for _ in range(6):
        chain.advance(years * YEAR // 6)
        lab.pool.accrue(sender=lender)
    _, shares, owed = lab.line(lab.other_vault)
    lab.loan.mint(lab.other_vault, owed, sender=lender)
    lab.settle(shares, owed, lab.other_vault)

    books = lab.books()
    limit, shares, owed = lab.line()
    left = books.total_debt - owed * FRACTION
    index = books.total_debt * PAR // (books.total_debt_shares * FRACTION)
    assert left <= index * FRACTION
    lab.loan.mint(lab.vault, owed, sender=lender)
    receipt = lab.settle(shares, owed)

    assert lab.books().total_debt == lab.books().total_debt_shares == 0
    lost = max(0, -(-left // FRACTION))
    assert lost > 20 or years < 60
    if lost:
        assert receipt.events == [
            lab.pool.LimitSet(vault=lab.vault, limit=limit - lost),
            lab.pool.Loss(vault=lab.vault, reserves=lost, backstop=0, lenders=0),
        ]
    else:
        assert receipt.events == []
    assert lab.books().total_assets == books.total_assets


def test_debt_restarts_at_par(busy, lender):
    """P6."""
    _, shares, owed = busy.line()
    busy.settle(shares, owed)
    assert busy.draw(10**6) == 10**6 * PAR


def test_many_debts_rounded_up_never_exceed_the_total(busy):
    """Sixty odd pieces, each paid for as a position is, rounded up: the total ends at nothing."""
    rng = random.Random("settle")
    drawn = busy.drawn()
    cuts = sorted(rng.randrange(1, drawn) for _ in range(60))
    pieces = [high - low for low, high in zip([0, *cuts], [*cuts, drawn], strict=True)]
    paid = 0
    start = busy.books()
    busy.loan.transfer(busy.pool, busy.units(700_000), sender=busy.vault)
    for shares in pieces:
        before = busy.books()
        owed = to_assets_up(shares, before.total_debt, before.total_debt_shares)
        value = to_value_down(shares, before.total_debt, before.total_debt_shares)
        busy.pool.settle(shares, owed, sender=busy.vault)
        after = busy.books()
        last = after.total_debt_shares == 0
        assert after.total_debt == (0 if last else before.total_debt - value)
        paid += owed
    assert busy.books().total_debt == 0
    assert 0 <= paid * FRACTION - start.total_debt <= len(pieces) * FRACTION


def test_a_real_vault_settles_and_nobody_else(market, lender, borrower, other_borrower):
    market.pool.deposit(10**12, lender, sender=lender)
    market.vault.open(market.collaterals(10), market.loans(10_000), sender=borrower)
    vault = market.vault
    _, shares, owed = market.pool.credit_line(market.vault)
    assert refusal(market.pool.settle, shares, owed, sender=borrower) == "pool: not a vault"
    assert refusal(market.pool.settle, shares + 1, owed, sender=vault) == "pool: more than drawn"
    market.loan.transfer(market.pool, owed, sender=borrower)
    receipt = market.pool.settle(shares, owed, sender=vault)
    assert receipt.events == []
    assert market.pool.totals().total_debt == 0
