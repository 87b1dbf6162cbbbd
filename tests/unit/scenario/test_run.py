"""A short scenario on the contracts: deterministic, complete, and honest about capital."""

from dataclasses import asdict, replace
from decimal import Decimal

import pytest

from plimsoll.scenario.checks import CheckFailed
from plimsoll.scenario.records import END, RESTORABLE, SHORTFALL, START, Result


def rows_from_the_first_block(result: Result) -> list[dict]:
    """All rows; blocks count from that of the first price, as where the chain stood before is no matter."""
    first = result.steps[0].block
    rows = [asdict(row) for rows in result.rows().values() for row in rows]
    return [row | ({"block": row["block"] - first} if "block" in row else {}) for row in rows]


def test_the_same_seed_gives_the_same_rows(tiny, play, result) -> None:
    again = play(tiny)
    assert rows_from_the_first_block(again) == rows_from_the_first_block(result)
    assert again.checks == result.checks


def test_another_seed_gives_other_rows(tiny, play, result) -> None:
    other = play(tiny.with_seed(8))
    assert rows_from_the_first_block(other) != rows_from_the_first_block(result)


def test_the_short_scenario_shows_everything(result) -> None:
    kinds = {close.kind for close in result.liquidations}
    assert kinds == {RESTORABLE, SHORTFALL}
    for who in ("reserves", "lenders"):
        assert sum(getattr(step, f"loss_{who}") for step in result.steps) > 0
    assert {moment: sum(row.moment == moment for row in result.positions) for moment in (START, END)} == {
        START: 8,
        END: 8,
    }


def test_nothing_is_closed_during_an_outage(result) -> None:
    outage = [step for step in result.steps if step.outage]
    assert [step.hour for step in outage] == [1.5]
    assert outage[0].liquidatable == outage[0].left_liquidatable > 0
    assert {step.closes_restorable + step.closes_shortfall for step in outage} == {0}


def test_the_clock_is_the_scenarios(tiny, result) -> None:
    assert [step.time for step in result.steps] == [tiny.time_at(hour) for hour in tiny.step_hours]
    assert all(0 < close.time - result.steps[close.step].time < 1_800 for close in result.liquidations)


def test_the_liquidator_spends_no_more_than_it_has(tiny, result) -> None:
    spent = 0
    for before, step in zip((None, *result.steps), result.steps, strict=False):
        closes = [close for close in result.liquidations if close.step == step.step]
        spent = sum(close.repaid + close.fee for close in closes)
        had = tiny.loan_units(tiny.liquidator.capital)
        if before is not None:
            answer = tiny.answer_at(tiny.step_hours[step.step])
            had = before.liquidator_loan + before.liquidator_collateral * answer // 10**20
        assert step.liquidator_loan == had - spent
        assert step.liquidator_collateral == sum(close.seized for close in closes)
    short = [step for step in result.steps if step.left_liquidatable and not step.outage]
    assert short, "capital never ran out, so this test saw no limit"


def test_every_close_pays_its_margin(tiny, result) -> None:
    cost = [close.repaid + close.fee for close in result.liquidations]
    assert all(
        close.profit * 100 >= paid - 100 for close, paid in zip(result.liquidations, cost, strict=True)
    )


def test_a_liquidator_who_asks_for_more_than_there_is_leaves_it(tiny, play) -> None:
    greedy = tiny.liquidator.model_copy(update={"margin": Decimal("0.5"), "outages": ()})
    result = play(tiny.model_copy(update={"liquidator": greedy}))
    assert result.liquidations == ()
    assert max(step.left_liquidatable for step in result.steps) > 0


def test_steps_add_up_the_closes(result) -> None:
    for step in result.steps:
        closes = [close for close in result.liquidations if close.step == step.step]
        assert step.closes_restorable == sum(close.kind == RESTORABLE for close in closes)
        assert step.repaid_restorable + step.repaid_shortfall == sum(close.repaid for close in closes)
        assert step.fees == sum(close.fee for close in closes)
        assert step.extinguished == sum(close.extinguished for close in closes)


def test_every_promise_was_examined(result) -> None:
    """T1, L2, L3, L8, W1, P2, P3 and V1 hold on real events; a promise never examined would not be listed."""
    closes = len(result.liquidations)
    restorable = sum(close.kind == RESTORABLE for close in result.liquidations)
    batches = len({close.block for close in result.liquidations})
    assert sorted(result.checks.values()) == sorted(
        [closes] * 3 + [restorable] * 2 + [batches] * 2 + [1] * 3 + [8]
    )


def test_a_broken_promise_stops_the_run(tiny, play, monkeypatch) -> None:
    from plimsoll.scenario import run

    honest = run.unpack_liquidation
    monkeypatch.setattr(
        run, "unpack_liquidation", lambda *words: replace(honest(*words), repaid=honest(*words).repaid - 1)
    )
    with pytest.raises(CheckFailed, match=r"^Broken promise: every close did what its preview said"):
        play(tiny)
