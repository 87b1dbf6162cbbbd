"""A run in words."""

from dataclasses import replace

import pytest

from plimsoll.report.folder import read
from plimsoll.report.story import keys, verdict, when
from plimsoll.report.write import write


@pytest.fixture
def quiet(calm, tmp_path, quick):
    """A run in which nothing happened."""
    write(calm, tmp_path / "calm")
    return read(tmp_path / "calm")


def changed(run, lenders=0.0, uncovered=0.0, **tables):
    """The run with other losses of lenders, uncovered debt and tables."""
    losses = run.tables["losses"].assign(lenders=lenders)
    measures = run.summary["measures"] | {"uncovered_debt": uncovered}
    return replace(
        run,
        summary=run.summary | {"measures": measures},
        tables=run.tables | {"losses": losses} | tables,
    )


def test_a_verdict_says_whose_loss_it_was_and_why(folder) -> None:
    run = read(folder)
    late = " Half of the debt that fell short had waited 10 hours or longer for its liquidation."
    assert verdict(run) == (
        "Lenders lost 50 USDC, 0.05 % of what they had, after the reserve and the backstop had paid 350. "
        "120 USDC of debt are not covered at the end, a loss that nobody has booked. "
        "In dollars, lenders are left with 99.0 % of what they had." + late
    )
    run = replace(
        run, tables=run.tables | {"liquidations": run.tables["liquidations"].assign(kind="restorable")}
    )
    measures = run.summary["measures"] | {"share_in_dollars": 1.0}
    run = replace(run, summary=run.summary | {"measures": measures})
    assert verdict(changed(run)) == (
        "The market held, at a cost: the reserve and the backstop paid 350 USDC of debt that borrowers did "
        "not, and lenders lost nothing."
    )
    assert verdict(changed(run, uncovered=9)) == (
        "The reserve and the backstop paid 350 USDC of debt that borrowers did not; lenders have lost "
        "nothing yet. 9 USDC of debt are not covered at the end, a loss that nobody has booked."
    )
    none = run.tables["losses"].iloc[:0]
    assert verdict(changed(run, uncovered=9, losses=none)).startswith("9 USDC of debt are not covered")


def test_what_would_have_helped_most_is_named(folder) -> None:
    run = read(folder)
    tried = [{"said": f"a backstop of {bad}", "measures": {"bad_debt": bad}} for bad in (700, 30, 200)]
    best = " What would have helped most of what was tried: a backstop of 30, with bad debt of 30 USDC."
    assert verdict(replace(run, summary=run.summary | {"what_helps": tried})).endswith(best)
    for none in ([], tried[:1]):
        assert "helped" not in verdict(replace(run, summary=run.summary | {"what_helps": none}))


def test_a_jump_is_called_so(folder) -> None:
    run = read(folder)
    at_once = run.tables["liquidations"].assign(blocks_waited=0)
    said = verdict(replace(run, tables=run.tables | {"liquidations": at_once}))
    assert said.endswith("was closed in the block of the price: it jumped past them.")


def test_a_market_without_bad_debt_held_if_it_was_tried(folder, quiet) -> None:
    assert verdict(quiet) == "Nothing was put to the test: nobody could be liquidated."
    waiting = quiet.tables["vaults"].assign(liquidatable=1)
    tried = replace(quiet, tables=quiet.tables | {"vaults": waiting})
    assert verdict(tried) == "The market held, although nobody was liquidated."
    closed = replace(
        quiet, tables=quiet.tables | {"liquidations": read(folder).tables["liquidations"].iloc[:1]}
    )
    assert verdict(closed) == "The market held: all debt that was liquidated was paid."


def test_dates_and_key_figures(folder, quiet) -> None:
    assert when(read(folder)) == "1 January 2024, 00:00 to 1 January 2024, 01:00 UTC"
    assert ("520 USDC", "bad debt, 5.2 % of the debt at the start") in keys(read(folder))
    assert [figure for figure, _ in keys(quiet)] == ["0 USDC", "0 USDC", "0 of 0", "0 USDC", "none", "0 USDC"]
