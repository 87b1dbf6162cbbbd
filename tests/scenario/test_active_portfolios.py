"""People with several collaterals who act before they are liquidated: in a basket, and in several vaults."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from plimsoll.scenario.agents.view import View
from plimsoll.scenario.records import Result
from plimsoll.scenario.transactions import Action
from tests.utils.laboratory import play, small_basket

GROUP = (
    "borrowers=[{count: %s, total_debt: %s, health: {min: 1.3, max: %s}, portfolio: {weights: %s}, "
    "behaviour: {kind: %s, below: 1.1, to: 1.25%s}}]"
)
DEEP = "vaults.0.legs.%s.dex.depth=20_000_000"
ALONE = ("liquidators=[]", DEEP % 0, DEEP % 1)
STABLE = "[0.35, 0.2, 0.45]"  # weights: most of it in the leg that has no DEX
SMALL = "[0.5, 0.4, 0.1]"

State = tuple[tuple[int, ...], int]  # amounts, debt


def group(
    kind: str, more: str = "", count: int = 12, weights: str = "[0.5, 0.3, 0.2]", most: str = "1.6"
) -> str:
    return GROUP % (count, 50_000 * count, most, weights, kind, more)


class Watch:
    """Keeps everybody's amounts and debt at the beginning of each block."""

    name = "watch"

    def __init__(self) -> None:
        self.seen: list[dict[str, State]] = []

    def update(self, _rng: object, view: View) -> Sequence[Action]:
        basket = view.world.markets[0].vault.model
        self.seen.append(
            {it: (basket.amounts_of(it), basket.debt_of(it)) for it in view.world.markets[0].owners}
        )
        return ()

    def record(self, _view: View) -> dict[str, float]:
        return {}

    def changes(self) -> list[tuple[State, State]]:
        """Before and after each block, of everybody who acted in it."""
        return [
            (before[owner], after[owner])
            for before, after in pairwise(self.seen)
            for owner in before
            if before[owner][0] != after[owner][0] or before[owner][1] > after[owner][1]
        ]


def acted(result: Result) -> int:
    return int([row.value for row in result.agents if row.key == "acted"][-1])


def first_health(result: Result) -> float | None:
    """The only person's health after the block in which it first acted."""
    sent = [row.value for row in result.agents if row.key == "acted"]
    return result.vaults[sent.index(1)].health_min


def test_who_tops_up_keeps_the_mix() -> None:
    watch = Watch()
    result = play(small_basket(group("top_up"), *ALONE), agents=[watch])
    assert not result.reverts
    found = watch.changes()
    assert len(found) == acted(result) > 5
    for (before, debt), (after, later) in found:
        parts = [one / other for one, other in zip(after, before, strict=True)]
        assert min(parts) > 1
        assert max(parts) == pytest.approx(min(parts), rel=1e-6)
        assert later >= debt


def test_a_top_up_ends_at_the_health_that_is_wanted() -> None:
    """At the prices of the block in which it is made, and hardly above it."""
    health = first_health(play(small_basket(group("top_up", count=1, most="1.3"), *ALONE)))
    assert health == pytest.approx(1.25, rel=1e-6)


def test_what_does_not_move_is_not_added() -> None:
    watch = Watch()
    halted = "vaults.0.legs.1.halts=[{start: 0.5, end: 2.9}]"
    result = play(small_basket(group("top_up"), *ALONE, halted), agents=[watch])
    assert not result.reverts
    assert acted(result) > 5
    assert {after[0][1] - before[0][1] for before, after in watch.changes()} == {0}


def test_a_wallet_is_all_there_is() -> None:
    watch = Watch()
    result = play(small_basket(group("top_up", ", wallet: 0.1"), *ALONE), agents=[watch])
    assert not result.reverts
    first, last = watch.seen[0], watch.seen[-1]
    grown = [after / before for it in first for before, after in zip(first[it][0], last[it][0], strict=True)]
    assert 1.0999 < max(grown) <= 1.1
    assert min(row.health_min for row in result.vaults if row.health_min) < 1.05


def test_who_deleverages_keeps_the_collateral() -> None:
    watch = Watch()
    result = play(small_basket(group("deleverage"), *ALONE), agents=[watch])
    assert not result.reverts
    found = watch.changes()
    assert len(found) == acted(result) > 5
    for (before, debt), (after, later) in found:
        assert before == after
        assert later < debt


def test_who_unwinds_sells_the_most_valuable_leg_that_has_a_dex() -> None:
    watch = Watch()
    result = play(small_basket(group("unwind", weights=STABLE), *ALONE), agents=[watch])
    assert not result.reverts
    found = watch.changes()
    assert len(found) == acted(result) > 2
    for (before, debt), (after, later) in found:
        assert before[1:] == after[1:]
        assert after[0] < before[0]
        assert later < debt


def test_unwinding_ends_at_the_health_that_is_wanted() -> None:
    """Whatever the slippage, and little above it."""
    health = first_health(play(small_basket(group("unwind", "", 1, STABLE, "1.3"), *ALONE)))
    assert health is not None
    assert 1.25 <= health < 1.252


def test_who_cannot_sell_enough_of_one_leg_sells_another() -> None:
    """The DEX of ether is too thin."""
    watch = Watch()
    thin = ("liquidators=[]", "vaults.0.legs.0.dex.depth=20_000", DEEP % 1)
    result = play(small_basket(group("unwind", weights=SMALL), *thin), agents=[watch])
    assert not result.reverts
    found = watch.changes()
    assert len(found) == acted(result) > 3
    assert all(before[0][0] == after[0][0] and before[0][1] > after[0][1] for before, after in found)


def test_who_finds_no_leg_that_suffices_waits() -> None:
    thin = ("liquidators=[]", "vaults.0.legs.0.dex.depth=20_000", "vaults.0.legs.1.dex=null")
    result = play(small_basket(group("unwind", weights=SMALL), *thin))
    assert acted(result) == 0
    assert not result.reverts


@pytest.mark.parametrize("kind", ["top_up", "deleverage", "unwind"])
def test_a_silent_leg_makes_nobody_send_what_is_refused(kind: str) -> None:
    silent = "vaults.0.legs.1.oracle={outages: [{start: 0.5, end: 2.9}], heartbeat: 600, patience: 1200}"
    result = play(small_basket(group(kind), *ALONE, silent, "compare_every=3"))
    assert not result.reverts


def test_loans_in_several_vaults_are_cared_for_one_by_one() -> None:
    result = play(small_basket(group("deleverage"), *ALONE, "vaults.0.separate=true"))
    last = {row.agent: row.value for row in result.agents if row.key == "acted"}
    assert set(last) == {f"borrowers 0 in {number}" for number in range(3)}
    assert last["borrowers 0 in 0"] > 5
    assert last["borrowers 0 in 2"] == 0  # the stable coin has not fallen
    assert not result.reverts


def test_who_cares_is_not_liquidated() -> None:
    liquidator = "liquidators=[{kind: capital, capital: 2_000_000, margin: 0.001}]"
    closes = [
        len(play(small_basket(group("top_up", f", wallet: {wallet}"), liquidator)).liquidations)
        for wallet in (5, 0)
    ]
    assert closes[0] == 0 < closes[1]
