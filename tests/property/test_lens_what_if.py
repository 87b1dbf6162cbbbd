"""Questions about another price, many owners, and places where one may ask."""

import pytest

from plimsoll.chain.engine import CallReverted, Engine
from plimsoll.units import MAX
from tests.stateful.world import (
    BORROWER,
    LENDER,
    LIQUIDATOR,
    OTHER_BORROWER,
    STRANGER,
    role,
)
from tests.utils.lens import FAIR, build

OWNERS = [BORROWER, OTHER_BORROWER, STRANGER]
E24 = 10**24
PAGE = 256


def test_figures_that_people_can_check(engine: Engine) -> None:
    """15,000 on 10 at 2,000, ltv 0.80, threshold 0.83: equity 5,000, leverage 4."""
    place = build(engine)
    first, second, nobody = place.lens.positions(place.vault, OWNERS)
    assert (first.collateral, first.debt) == (10 * 10**18, 15_000 * 10**6)
    assert first.terms.initial_margin == 2 * 10**17
    assert first.terms.maintenance_margin == 17 * 10**16
    assert first.terms.liquidation_price == -(-15_000 * 10**8 // 83) * 10**17
    assert first.terms.bankruptcy_price == 1_500 * E24
    assert first.health == 20_000 * 83 * 10**16 // 15_000
    assert (first.price, first.value, first.equity) == (FAIR, 20_000 * 10**6, 5_000 * 10**6)
    assert first.leverage == 4 * 10**18
    assert second.leverage == 25 * 10**17
    assert not first.is_liquidatable
    assert nobody.collateral == nobody.debt == nobody.equity == 0
    assert nobody.health == nobody.leverage == MAX


def test_a_debt_without_equity(engine: Engine) -> None:
    place = build(engine)
    for price, equity, leverage in (
        (1_500, 0, MAX),
        (1_400, -1_000 * 10**6, MAX),
        (1_501, 10 * 10**6, 1501 * 10**18),
    ):
        place.set_price(price)
        found = place.lens.positions(place.vault, [BORROWER])[0]
        assert (found.equity, found.leverage) == (equity, leverage)


def test_collateral_without_debt(engine: Engine) -> None:
    place = build(engine)
    place.world.act("first_vault", "deposit", 10**18, STRANGER, sender=STRANGER)
    found = place.lens.positions(place.vault, [STRANGER])[0]
    assert (found.health, found.leverage, found.equity) == (MAX, 10**18, 2_000 * 10**6)
    assert (found.terms.liquidation_price, found.terms.bankruptcy_price) == (0, 0)


def test_a_price_of_zero_is_refused(engine: Engine) -> None:
    place = build(engine)
    for function, *arguments in (
        ("health_at", OWNERS, 0),
        ("shortfall_at", OWNERS, 0),
        ("preview_liquidation_at", BORROWER, 0, MAX),
    ):
        with pytest.raises(CallReverted, match="lens: zero price"):
            getattr(place.lens, function)(place.vault, *arguments)


def test_the_edge_of_a_liquidation(engine: Engine) -> None:
    """The liquidation price is the lowest at which a position is healthy."""
    place = build(engine)
    terms = place.lens.positions(place.vault, [BORROWER])[0].terms
    for price, unhealthy in ((terms.liquidation_price, False), (terms.liquidation_price - 1, True)):
        found = place.lens.preview_liquidation_at(place.vault, BORROWER, price, MAX)
        assert found.liquidatable == unhealthy
        assert (place.lens.health_at(place.vault, [BORROWER], price)[0] < 10**18) == unhealthy


def test_a_shortfall_is_what_liquidating_everybody_costs(engine: Engine) -> None:
    """At 1,300 both are in shortfall, at 1,400 one; each close may round by a base unit."""
    place = build(engine)
    for quote, losers in ((1_400, 1), (1_300, 1), (1_100, 2)):
        before = place.world.engine.snapshot()
        place.set_price(quote)
        forecast = place.lens.shortfall_at(place.vault, OWNERS, quote * E24)
        vault = place.world.chain["first_vault"]
        for owner in place.lens.liquidatable(place.vault, OWNERS)[1]:
            vault.send("liquidate", owner, MAX, sender=LIQUIDATOR)
        lost = place.world.chain["pool"].call("losses", place.vault)
        assert forecast > 0
        assert 0 <= lost - forecast + losers <= 2 * losers
        place.world.engine.revert(before)


def test_who_is_named_twice_counts_twice(engine: Engine) -> None:
    place = build(engine)
    price = 1_400 * E24
    once = place.lens.shortfall_at(place.vault, [BORROWER], price)
    assert place.lens.shortfall_at(place.vault, [BORROWER, STRANGER, BORROWER], price) == 2 * once > 0
    assert place.lens.debt_by_liquidation_price(place.vault, [BORROWER] * 2, []) == [30_000 * 10**6]


def test_nothing_is_lost_while_the_minimum_bonus_can_be_paid(engine: Engine) -> None:
    """15,000 * 1.02 / 10 = 1,530."""
    place = build(engine)
    assert place.lens.shortfall_at(place.vault, [BORROWER], 1_530 * E24) == 0
    assert place.lens.shortfall_at(place.vault, [BORROWER], 1_530 * E24 - 10**19) > 0


def test_a_small_debt_that_is_closed_whole_is_no_loss(engine: Engine) -> None:
    """Restorable, but near the minimum debt: the close takes all of it and pays all of it."""
    place = build(engine)
    owner = role(40)
    place.world.act("first_vault", "deposit", 2 * 10**18, owner, sender=LENDER)
    place.world.act("first_vault", "borrow", 2_600 * 10**6, owner, owner, sender=owner)
    price = 1_550 * E24
    found = place.lens.preview_liquidation_at(place.vault, owner, price, MAX)
    assert (found.liquidatable, found.paid) == (True, 2_600 * 10**6)
    assert place.lens.shortfall_at(place.vault, [owner], price) == 0


def test_a_histogram(engine: Engine) -> None:
    """Liquidation prices are 1,807.2 and 1,445.8; a price on an edge belongs below it."""
    place = build(engine)

    def bins(*edges: int) -> list[int]:
        return [debt // 10**6 for debt in place.lens.debt_by_liquidation_price(place.vault, OWNERS, edges)]

    assert bins() == [27_000]
    assert bins(1_500 * E24) == [12_000, 15_000]
    assert bins(*(quote * E24 for quote in (1_000, 1_500, 1_800, 1_900, 2_000))) == [
        0,
        12_000,
        0,
        15_000,
        0,
        0,
    ]
    price = place.lens.positions(place.vault, [BORROWER])[0].terms.liquidation_price
    assert bins(price) == [27_000, 0]
    assert bins(price - 1) == [12_000, 15_000]


def test_a_histogram_of_256_edges(engine: Engine) -> None:
    """The search ends in every bin."""
    place = build(engine)
    price = place.lens.positions(place.vault, [BORROWER])[0].terms.liquidation_price
    for below in range(PAGE + 1):
        edges = [price + i - below for i in range(PAGE)]
        found = place.lens.debt_by_liquidation_price(place.vault, [BORROWER], edges)
        assert [i for i, debt in enumerate(found) if debt] == [below]


def test_edges_must_ascend(engine: Engine) -> None:
    place = build(engine)
    for edges in ([2, 1], [1, 1], [0, 5, 4]):
        with pytest.raises(CallReverted, match="lens: edges not ascending"):
            place.lens.debt_by_liquidation_price(place.vault, OWNERS, edges)


def test_no_owners(engine: Engine) -> None:
    place = build(engine)
    lens = place.lens
    assert lens.positions(place.vault, []) == []
    assert lens.liquidatable(place.vault, []) == (FAIR, {})
    assert lens.health_at(place.vault, [], 1) == []
    assert lens.shortfall_at(place.vault, [], 1) == 0
    assert lens.debt_by_liquidation_price(place.vault, [], [5]) == [0, 0]
