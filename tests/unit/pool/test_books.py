"""A long walk of everything that moves the books, each step held to a model of a few lines."""

import random

import pytest

from plimsoll.twin.ledger import Totals, accrued
from plimsoll.twin.share_math import (
    to_assets_down,
    to_assets_up,
    to_shares_down,
    to_shares_up,
    to_value_down,
    to_value_up,
)
from plimsoll.units import DAY, FRACTION, HOUR
from tests.utils.pool_harness import PAR, PoolHarness, price_never_fell


class Walk:
    """The lab, and what the model says of it."""

    def __init__(self, lab: PoolHarness, lenders, seed: int) -> None:
        self.lab = lab
        self.lenders = lenders
        self.rng = random.Random(seed)
        self.books: Totals = lab.books()
        self.cash = 0
        self.drawn = {lab.vault: 0, lab.other_vault: 0}
        self.lost = 0

    def amount(self, top: int) -> int:
        """Up to `top`, of any length."""
        return self.rng.randrange(min(top + 1, 2 ** self.rng.randrange(1, 40)))

    def wait(self) -> None:
        seconds = self.rng.choice([1, 2, 12, HOUR, DAY, 30 * DAY])
        self.lab.chain.advance(seconds)
        self.lab.pool.accrue(sender=self.lab.council)
        self.books = accrued(self.books, seconds, self.lab.curve, self.lab.reserve_factor)

    def deposit(self) -> None:
        assets, who = self.amount(10**12), self.rng.choice(self.lenders)
        shares = to_shares_down(assets, self.books.total_assets, self.books.total_supply)
        if shares == 0:
            return
        self.lab.pool.deposit(assets, who, sender=who)
        self.cash += assets
        self._add(assets * FRACTION, 0, shares, 0)

    def withdraw(self) -> None:
        who = self.rng.choice(self.lenders)
        assets = self.amount(self.lab.pool.maxWithdraw(who))
        shares = to_shares_up(assets, self.books.total_assets, self.books.total_supply)
        self.lab.pool.withdraw(assets, who, who, sender=who)
        self.cash -= assets
        self._add(-assets * FRACTION, 0, -shares, 0)

    def exit(self) -> None:
        who = self.rng.choice(self.lenders)
        shares = self.lab.pool.balanceOf(who)
        assets = to_assets_down(shares, self.books.total_assets, self.books.total_supply)
        free = max(0, self.books.total_assets - self.books.total_debt) // FRACTION
        if assets > min(free, self.cash):
            assets = min(free, self.cash)
            shares = to_shares_up(assets, self.books.total_assets, self.books.total_supply)
        self.lab.pool.exit(2**256 - 1, assets, who, who, sender=who)
        self.cash -= assets
        self._add(-assets * FRACTION, 0, -shares, 0)

    def draw(self) -> None:
        vault = self.rng.choice(list(self.drawn))
        assets = self.amount(self.lab.pool.max_draw(vault))
        if assets == 0:
            return  # refused when more is owed than owned
        shares = to_shares_up(assets, self.books.total_debt, self.books.total_debt_shares)
        value = to_value_up(shares, self.books.total_debt, self.books.total_debt_shares)
        self.lab.pool.draw(assets, vault, sender=vault)
        self.drawn[vault] += shares
        self.cash -= assets
        self._add(0, value, 0, shares)

    def settle(self) -> None:
        """Mostly in full; sometimes with a loss."""
        vault = self.rng.choice(list(self.drawn))
        shares = self.rng.choice([self.drawn[vault], self.amount(self.drawn[vault])])
        owed = to_assets_up(shares, self.books.total_debt, self.books.total_debt_shares)
        paid = self.rng.choice([owed, owed, owed, owed * 99 // 100])
        value = to_value_down(shares, self.books.total_debt, self.books.total_debt_shares)
        if shares == self.books.total_debt_shares:
            value = self.books.total_debt
        self.lab.settle(shares, paid, vault)
        self.drawn[vault] -= shares
        self.cash += paid
        self._add(0, -value, 0, -shares)
        shortfall = max(0, self.books.total_assets - self.cash * FRACTION - self.books.total_debt)
        shortfall //= FRACTION
        self.lost += shortfall
        self._add(-shortfall * FRACTION, 0, 0, 0)

    def donate(self) -> None:
        assets = self.amount(10**6)
        self.lab.loan.mint(self.lab.pool, assets, sender=self.lab.council)
        self.cash += assets

    def _add(self, assets: int, debt: int, supply: int, debt_shares: int) -> None:
        books = self.books
        self.books = books._replace(
            total_assets=books.total_assets + assets,
            total_debt=books.total_debt + debt,
            total_supply=books.total_supply + supply,
            total_debt_shares=books.total_debt_shares + debt_shares,
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_walk(lab, lender, other_lender, seed):
    """P1, P2, P3, P5, P6, P9, T1: after every step."""
    walk = Walk(lab, [lender, other_lender], seed)
    lab.loan.mint(lab.vault, 10**18, sender=lender)
    steps = [walk.wait, walk.wait, walk.deposit, walk.withdraw, walk.exit, walk.draw, walk.draw]
    steps += [walk.settle, walk.donate]
    for _ in range(60):
        before, lost = walk.books, walk.lost
        walk.rng.choice(steps)()
        after = lab.books()
        assert after == walk.books  # T1
        assert lab.cash() == walk.cash
        shares = sum(lab.pool.balanceOf(who) for who in walk.lenders)
        assert shares == after.total_supply  # P1
        assert sum(walk.drawn.values()) == after.total_debt_shares  # P2
        assert after.total_assets - after.total_debt - lab.cash() * FRACTION < FRACTION  # P3
        fell = (after.total_assets + FRACTION) * (before.total_supply + PAR) < (
            before.total_assets + FRACTION
        ) * (after.total_supply + PAR)
        assert not fell or walk.lost > lost  # P5
        if after.total_debt_shares > 0 and before.total_debt_shares > 0:
            assert (after.total_debt + FRACTION) * (before.total_debt_shares + PAR) >= (
                before.total_debt + FRACTION
            ) * (after.total_debt_shares + PAR)  # P6
        for vault in walk.drawn:
            limit, drawn, _ = lab.line(vault)
            assert drawn == walk.drawn[vault]
            assert limit <= lab.units(10**7)
    assert walk.books.total_assets > 0


@pytest.mark.parametrize("amount", [1, 7, 999, 10**6 + 3, 10**11 + 1])
@pytest.mark.parametrize("name", ["deposit", "mint", "withdraw", "redeem"])
def test_who_enters_or_leaves_does_not_lower_the_price(busy, lender, name, amount):
    """P5."""
    before = busy.books()
    arguments = (amount, lender) if name in ("deposit", "mint") else (amount, lender, lender)
    getattr(busy.pool, name)(*arguments, sender=lender)
    assert price_never_fell(before, busy.books())
