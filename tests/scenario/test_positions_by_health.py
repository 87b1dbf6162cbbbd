"""The ranking finds whom a scan of all positions finds."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plimsoll.params import PRESETS
from plimsoll.scenario.positions_by_health import PositionsByHealth
from plimsoll.scenario.waiting import Waiting
from plimsoll.twin import liquidation
from plimsoll.twin.liquidation import DebtTotals, Risk
from plimsoll.units import FRACTION, MAX, PRICE_SCALE, WAD

THRESHOLD = 83 * WAD // 100
POSITIONS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 10**24), st.integers(0, 10**16)), max_size=8
)
DEBTS = st.tuples(st.integers(10**6, 10**18), st.integers(10**9, 10**18))
NUDGES = st.sampled_from([0.5, 0.95, 1 - 1e-7, 1 + 1e-7, 1.05, 2])


class Book:
    """What a ranking asks a vault."""

    def __init__(self, debt: int, shares: int) -> None:
        self.totals = DebtTotals(debt * FRACTION, shares)
        self.positions: dict[str, tuple[int, int]] = {}
        self.risk = SimpleNamespace(threshold=THRESHOLD)
        self.pool = SimpleNamespace(
            accrued=lambda: SimpleNamespace(total_debt=self.totals.debt, total_debt_shares=self.totals.shares)
        )

    def position_of(self, owner: str) -> tuple[int, int]:
        return self.positions.get(owner, (0, 0))

    def terms(self, owner: str, price: int) -> tuple[int, int]:
        """Value and debt."""
        collateral, shares = self.position_of(owner)
        return collateral * price // PRICE_SCALE, self.totals.assets_up(shares)

    def price_near(self, owners: list[str], health: float) -> int:
        """At which the first of them with collateral has about that health."""
        for collateral, shares in map(self.position_of, owners):
            if collateral:
                debt = self.totals.assets_up(shares)
                return int(debt * health / collateral / THRESHOLD * WAD * PRICE_SCALE)
        return PRICE_SCALE

    def health(self, owner: str, price: int) -> float:
        """By the exact rule."""
        value, debt = self.terms(owner, price)
        return value * THRESHOLD / (debt * WAD)


@settings(max_examples=150, deadline=None)
@given(first=POSITIONS, later=POSITIONS, debts=DEBTS, nudge=NUDGES, health=st.sampled_from([0.5, 1.0, 1.2]))
def test_below_misses_nobody_and_comes_worst_first(first, later, debts, nudge, health) -> None:
    book = Book(*debts)
    ranking = PositionsByHealth(book)
    for positions in (first, later):  # positions come, change and go
        for owner in "abcdefgh":
            if owner in positions:
                book.positions[owner] = positions[owner]
                ranking.update(owner)
    indebted = {owner for owner, (_, shares) in book.positions.items() if shares}
    assert len(ranking) == len(indebted)
    price = book.price_near(sorted(indebted), health * nudge)
    found = list(ranking.below(health, price))
    assert len(found) == len(set(found))
    due = {owner for owner in indebted if book.health(owner, price) < health}
    # a place knows no rounding to base units, which matters where there are few
    coarse = {owner for owner in indebted if min(book.terms(owner, price)) < 10**10}
    assert due - coarse <= set(found)
    assert set(found) <= {o for o in indebted if book.health(o, price) < health * (1 + 1e-8)} | coarse
    healths = [book.health(owner, price) for owner in found if owner not in coarse]
    assert all(a <= b * (1 + 1e-8) for a, b in pairwise(healths))


@settings(max_examples=150, deadline=None)
@given(
    healths=st.lists(st.integers(500, 1_010), min_size=1, max_size=30, unique=True),
    preset=st.sampled_from(sorted(PRESETS)),
)
@example(healths=[714, 716], preset="volatile")
def test_the_best_returns_come_first(healths, preset) -> None:
    """As the twin's quotes say; and all whom `below` finds."""
    book = Book(10**30, 10**30)
    book.risk = Risk.from_struct(PRESETS[preset].to_struct(6))
    ranking = PositionsByHealth(book)
    for health in healths:
        owner, debt = f"0x{health}", 10**24 * book.risk.threshold // WAD * 1_000 // health
        book.positions[owner] = 10**24, debt
        ranking.update(owner)
    found = list(ranking.by_return(PRICE_SCALE))
    assert sorted(owner for _, owner in found) == sorted(ranking.below(1.0, PRICE_SCALE))
    returns = [each for each, _ in found]
    assert all(a > b - 2.8e-4 for a, b in pairwise(returns))  # the fee makes a small dent above shortfall
    for each, owner in found:
        quote = liquidation.quote(*book.position_of(owner), PRICE_SCALE, book.totals, MAX, book.risk)
        if quote.executable:
            assert each == pytest.approx(quote.seized / (quote.paid + quote.fee), rel=1e-9)


@pytest.mark.parametrize("part", [0, 0.05, 0.25, 0.5, 0.75])
def test_a_quantile_is_numpys_inverted_distribution(part: float) -> None:
    """The first health that enough do not exceed: 5 % of 20 is the first, of 100 the fifth."""
    for count in (1, 2, 3, 19, 20, 21, 60, 100, 140):
        book = Book(10**12, 10**12)
        book.positions = {f"{n:03}": (10**15 * (n + 1), 10**12) for n in range(count)}
        ranking = PositionsByHealth(book)
        for owner in book.positions:
            ranking.update(owner)
        healths = ranking.healths_at([(n + 0.5) / count for n in range(count)], PRICE_SCALE)
        expected = np.quantile(healths, part, method="inverted_cdf")
        assert (
            ranking.healths_at([part], PRICE_SCALE)
            == [expected]
            == [healths[max(0, round(part * count + 0.499) - 1)]]
        )


PRICES = st.lists(st.tuples(st.integers(0, 12), POSITIONS), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(first=POSITIONS, blocks=PRICES)
def test_since_when_positions_wait(first, blocks) -> None:
    """As a scan of all of them in each block says; while the oracle is silent they keep waiting."""
    book = Book(10**12, 10**12)
    ranking, waiting = PositionsByHealth(book), Waiting(0)
    expected: dict[str, int] = {}
    changes: dict[str, tuple[int, int]] = first
    for block, (part, later) in enumerate(blocks):
        for owner, position in changes.items():
            book.positions[owner] = position
            ranking.update(owner)
            waiting.touch(owner)
        price = book.price_near(sorted(book.positions), 1) * part // 6
        edge = ranking.edge(1.0, price)
        view = {"is_priced": lambda _, price=price: price > 0, "edge": lambda _, edge=edge: edge}
        waiting.see(SimpleNamespace(block=block, rankings=[ranking], **view))
        if price:
            found = ranking.below(1.0, price)
            expected = {owner: expected.get(owner, block) for owner in found}
        assert {owner: waiting.since(owner) for owner in "abcdefgh"} == {
            owner: expected.get(owner) for owner in "abcdefgh"
        }
        changes = later
