"""A20: a view read in the middle of a call gave a price that never was (dForce, Sentiment, Sturdy).

Here a view in a callback answers as before the call or as after it, or it reverts.
"""

import pytest
from ape import project

from tests.utils.calls import send
from tests.utils.clock import pass_time, stopped_clock
from tests.utils.intruder import outcomes, plan
from tests.utils.lab import build_lab
from tests.utils.world import DAY, MAX, WAD


@pytest.fixture(scope="module", autouse=True)
def _stopped_clock():
    with stopped_clock():
        yield


@pytest.fixture(scope="module")
def lab(builder, lender):
    """A pool of a token with hooks; a month of interest and a day that nobody has accrued."""
    token = builder.deployer.deploy(project.ReentrantToken, "Hook", "HOOK", 6)
    lab = build_lab(builder, [lender], token=token)
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(600_000))
    pass_time(30 * DAY)
    send(lab.pool.accrue, sender=lender)
    pass_time(DAY)
    return lab


@pytest.fixture(scope="module")
def reader(builder, lab, lender):
    """Reads everything that another protocol might price pool shares with."""
    reader = builder.deployer.deploy(project.Intruder)
    send(lab.loan.mint, reader, lab.units(1_000), sender=lender)
    send(reader.approve, lab.loan, lab.pool, MAX, sender=lender)
    return reader


def open_views(lab):
    pool = lab.pool
    return [
        (pool.totalAssets,),
        (pool.convertToAssets, WAD),
        (pool.convertToShares, WAD),
        (pool.previewDeposit, WAD),
        (pool.previewMint, WAD),
        (pool.previewWithdraw, WAD),
        (pool.previewRedeem, WAD),
        (pool.utilisation,),
        (pool.borrow_rate,),
        (pool.debt_totals,),
        (pool.credit_line, lab.vault),
        (pool.totals,),
    ]


def locked_views(lab, lender):
    pool = lab.pool
    return [
        (pool.reserves,),
        (pool.maxWithdraw, lender),
        (pool.maxRedeem, lender),
        (pool.max_draw, lab.vault),
        (pool.maxFlashLoan, lab.loan),
    ]


@pytest.mark.parametrize("moment", ["hook_before", "hook_after"])
@pytest.mark.parametrize("action", ["deposit", "mint", "withdraw", "redeem", "exit", "draw", "flashLoan"])
def test_a20_read_only_reentrancy(lab, reader, lender, stranger, moment, action):
    pool = lab.pool
    arguments = {
        "deposit": (12_345_678, lender),
        "mint": (12_345_678_901, lender),
        "withdraw": (12_345_678, lender, lender),
        "redeem": (12_345_678_901, lender, lender),
        "exit": (MAX, 0, lender, lender),
        "draw": (12_345_678, lab.vault),
        "flashLoan": (reader, lab.loan, 10**11, b""),
    }[action]
    views = open_views(lab)
    plan(reader, *views, *locked_views(lab, lender))

    def read():
        send(reader.run, sender=stranger)
        return outcomes(reader)[: len(views)]

    before = read()
    getattr(lab.loan, moment)(reader, reader.run.encode_input(), sender=stranger)
    send(getattr(pool, action), *arguments, sender=lab.vault if action == "draw" else lender)
    inside = outcomes(reader)
    calls = lab.loan.calls()
    after = read()

    assert calls == reader_runs(action)
    assert inside[: len(views)] in (before, after)
    assert inside[len(views) :] == [""] * 5
    assert (before != after) == (action != "flashLoan")


def reader_runs(action):
    """Transfers of the action."""
    return 2 if action == "flashLoan" else 1


def test_a20_the_callback_of_a_flash_loan(lab, reader, lender, stranger):
    """With all cash out, nothing looks different."""
    views = open_views(lab)
    plan(reader, *views, *locked_views(lab, lender))
    send(reader.run, sender=stranger)
    outside = outcomes(reader)
    assert all(isinstance(outcome, bytes) for outcome in outside)
    send(lab.pool.flashLoan, reader, lab.loan, lab.cash(), b"", sender=stranger)
    assert outcomes(reader) == outside[: len(views)] + [""] * 5
