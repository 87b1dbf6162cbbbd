"""People who come and go while a scenario is played, and acts in time."""

import pytest

from plimsoll.report.measures import measure
from plimsoll.scenario.reading import ScenarioError
from plimsoll.scenario.records import Result
from tests.utils.laboratory import play, tiny

QUIET = (
    "vaults.0.price={kind: waypoints, points: [[0, 200], [3, 200]]}",
    "vaults.0.dex.arbitrage=0",
)
"""Nothing falls, so that what is seen is what the people do."""


def records(result: Result, agent: str, key: str) -> list[int | float]:
    return [row.value for row in result.agents if (row.agent, row.key) == (agent, key)]


# ------------------------------------------------------------------------------------------------ suppliers


def test_who_fled_a_high_utilisation_comes_back_with_what_it_took() -> None:
    """A visitor's million lowers utilisation from the third hour on."""
    lenders = "pool.lenders={count: 2, flee_utilisation: 0.55, return_utilisation: 0.5}"
    visitor = "pool.visitors=[{amount: 1_000_000, start: 2}]"
    supplied = records(play(tiny(*QUIET, lenders, visitor)), "lenders", "supplied")
    assert supplied[0] < 240_000 * 10**6  # they have fled at once, as far as there was cash
    assert supplied[-1] >= 400_000 * 10**6


def test_without_a_way_back_they_stay_away() -> None:
    lenders = "pool.lenders={count: 2, flee_utilisation: 0.55}"
    visitor = "pool.visitors=[{amount: 1_000_000, start: 2}]"
    supplied = records(play(tiny(*QUIET, lenders, visitor)), "lenders", "supplied")
    assert supplied[-1] < 240_000 * 10**6


def test_a_visitor_leaves_as_far_as_there_is_cash() -> None:
    """Of 160,000 idle before; the rest of the lenders' money is lent out."""
    visitor = "pool.visitors=[{amount: 100_000, start: 0.5, end: 2}, {amount: 1, start: 0}]"
    result = play(tiny(*QUIET, visitor))
    supplied = records(result, "visitor 0", "supplied")
    assert supplied[0] == 0
    assert max(supplied) >= 100_000 * 10**6
    assert supplied[-1] == 0
    assert records(result, "visitor 1", "supplied")[-1] >= 10**6 - 1
    assert not result.reverts


STAY = ("pool.cooldown_days=3", "hours=80", "block_seconds=7200", "liquidators=[]")


def test_stakers_wait_for_the_cooldown() -> None:
    calm = "vaults.0.price={kind: waypoints, points: [[0, 200], [80, 200]]}"
    stakers = "pool.stakers={count: 3, request_at: 4}"
    result = play(tiny(calm, *STAY, stakers))
    staked, left = records(result, "stakers", "staked"), records(result, "stakers", "left")
    hours = sorted({row.hour for row in result.vaults})
    assert staked[0] > 0 == staked[-1]
    assert left[0] == 0
    assert left[-1] == 3
    first = hours[left.index(3)]
    assert 4 + 72 <= first <= 4 + 72 + 2 * 2


def test_stakers_who_flee_a_loss_still_carry_what_comes_while_they_wait() -> None:
    result = play(tiny("pool.stakers={count: 2, request_on_loss: true}", "pool.reserve=0"))
    staked = records(result, "stakers", "staked")
    assert staked[0] > 0 == staked[-1]
    assert sum(loss.backstop for loss in result.losses) == pytest.approx(2_000 * 10**6, rel=0.01)


# ------------------------------------------------------------------------------------------------ newcomers


ARRIVALS = (
    "arrivals=[{vault: 0, per_day: 200, debt: 4_000, debt_sigma: 0.5, ltv: {min: 0.5, max: 0.7}, end: 2}]"
)


def test_newcomers_open_loans_until_there_is_no_room() -> None:
    result = play(tiny(*QUIET, ARRIVALS))
    came, turned = records(result, "arrivals 0", "came"), records(result, "arrivals 0", "turned_away")
    assert 5 <= came[-1] + turned[-1] <= 35  # 200 a day for two hours, within 4.5 deviations
    assert came[-1] >= 3
    ends = [row for row in result.positions if row.moment == "end" and row.debt]
    assert len(ends) == 16 + came[-1]
    assert not result.reverts
    full = play(tiny(*QUIET, ARRIVALS, "vaults.0.credit_limit=240_000"))
    assert records(full, "arrivals 0", "came")[-1] == 0
    assert records(full, "arrivals 0", "turned_away")[-1] == came[-1] + turned[-1]


def test_newcomers_stay_as_long_as_they_say_and_take_everything_out() -> None:
    stay = ARRIVALS.replace("end: 2", "end: 1, stay_hours: 0.1")
    result = play(tiny(*QUIET, stay))
    came, left = records(result, "arrivals 0", "came"), records(result, "arrivals 0", "left")
    assert came[-1] >= 2
    assert left[-1] == came[-1]
    assert len([row for row in result.positions if row.moment == "end" and row.debt]) == 16


def test_newcomers_may_borrow_all_that_the_vault_lends() -> None:
    result = play(tiny(*QUIET, ARRIVALS.replace("{min: 0.5, max: 0.7}", "{min: 0.8, max: 0.8}")))
    assert records(result, "arrivals 0", "came")[-1] > 3
    assert not result.reverts


def test_newcomers_are_the_same_whatever_the_parameters() -> None:
    one, other = play(tiny(ARRIVALS)), play(tiny(ARRIVALS, "vaults.0.bonus_max=0.05"))
    for key in ("came", "turned_away"):
        assert records(one, "arrivals 0", key)[:6] == records(other, "arrivals 0", key)[:6]
    assert records(one, "arrivals 0", "came")[-1]


def test_nobody_comes_for_a_rate_that_is_too_high() -> None:
    dear = ARRIVALS.replace("end: 2", "rate_limit: 0.000001")
    assert records(play(tiny(*QUIET, dear)), "arrivals 0", "came")[-1] == 0


def test_borrowers_refinance_at_the_intensity_that_is_said() -> None:
    """24 a day is e^-3 left after three hours: 0.8 of 16."""
    fast = play(tiny(*QUIET, "refinancing={rate: 0.000001, per_day: 24}"))
    left = records(fast, "refinancing", "left")
    assert 12 <= left[-1] <= 16
    assert [row.debt for row in fast.positions if row.moment == "end"].count(0) == left[-1]
    content = play(tiny(*QUIET, "refinancing={rate: 5, per_day: 24}"))
    assert records(content, "refinancing", "left")[-1] == 0


FROZEN = "vaults.0.oracle={deviation: 0.005, heartbeat: 3600, freezes: [{start: 0, end: 3}]}"


def test_a_lie_is_borrowed_against() -> None:
    """The oracle says 200 all the time; outside a token costs 110 in the third hour."""
    result = play(tiny(FROZEN, "exploiter={capital: 30_000}", "liquidators=[]"))
    spent, borrowed = records(result, "exploiter", "spent"), records(result, "exploiter", "borrowed")
    assert 0 < spent[-1] <= 30_000 * 10**6
    assert borrowed[-1] > 1.01 * spent[-1]
    honest = play(tiny("exploiter={capital: 30_000}"))
    assert records(honest, "exploiter", "spent")[-1] == 0


# ------------------------------------------------------------------------------------------- the loan asset

HALF = "pool.loan_price={kind: waypoints, points: [[0, 1], [1, 0.5], [3, 0.5]]}"
FLAT = "vaults.0.price={kind: waypoints, points: [[0, 200], [3, 200]]}"


def test_collateral_costs_more_of_a_loan_asset_that_is_worth_less() -> None:
    result = play(tiny(FLAT, HALF))
    last = result.vaults[-1]
    assert last.outside == pytest.approx(400)
    assert last.oracle == pytest.approx(400, rel=0.01)
    assert last.dex == pytest.approx(400, rel=0.05)
    assert result.pool[0].loan_price == 1
    assert result.pool[-1].loan_price == 0.5
    assert measure(result)["share_in_dollars"] == pytest.approx(0.5, rel=0.001)


def test_an_oracle_in_dollars_does_not_see_the_peg() -> None:
    oracle = "vaults.0.oracle={deviation: 0.005, heartbeat: 3600, quote: dollars}"
    last = play(tiny(FLAT, HALF, oracle)).vaults[-1]
    assert (last.outside, last.oracle) == pytest.approx((400, 200))


def test_the_peg_holds_at_first() -> None:
    with pytest.raises(ScenarioError, match=r"pool\.loan_price begins at 0\.9; it must begin at 1"):
        tiny("pool.loan_price={kind: waypoints, points: [[0, 0.9], [3, 0.5]]}")


# ----------------------------------------------------------------------------------------------------- acts


def test_people_of_the_council_act_in_time() -> None:
    acts = (
        "acts=[{hour: 1, act: set_limit, vault: 0, limit: 250_000}, {hour: 2, act: cut_limit, vault: 0}, "
        "{hour: 2, act: pause}, {hour: 2.5, act: queue_limit, vault: 0, limit: 1_000}]"
    )
    result = play(tiny(*QUIET, acts, ARRIVALS.replace("end: 2", "start: 2.2")))
    assert records(result, "arrivals 0", "came")[-1] == 0
    assert records(result, "arrivals 0", "turned_away")[-1] > 0
    assert not result.reverts


def test_an_act_that_the_contract_refuses_is_counted_with_its_reason() -> None:
    result = play(tiny(*QUIET, "acts=[{hour: 1, act: set_limit, vault: 0, limit: 900_000}]"))
    assert result.reverts == {("set_limit", "council: limit may only fall"): 1}


def test_a_raise_waits_for_its_delay() -> None:
    acts = "acts=[{hour: 1, act: queue_limit, vault: 0, limit: 310_000}, {hour: 74, act: execute_queued}]"
    calm = "vaults.0.price={kind: waypoints, points: [[0, 200], [80, 200]]}"
    result = play(tiny(calm, *STAY, acts))
    assert not result.reverts
    early = play(tiny(calm, *STAY, acts.replace("74", "60")))
    assert list(early.reverts) == [("execute_queued", "council: too early")]


def test_what_lacks_is_poked_once() -> None:
    """Nobody liquidates; a poke reports what the pool lacks, and is repeated only when more lacks."""
    result = play(tiny("liquidators=[]", "poker={}"))
    pokes = records(result, "poker", "pokes")
    assert pokes[0] == 0
    assert pokes[-1] > 3
    assert pokes[-1] == pokes[-3]  # the price rises from the second hour on
    assert not result.reverts
    assert result.pool[-1].share_price < play(tiny("liquidators=[]")).pool[-1].share_price


LATE = "arrivals.0={per_day: 1, debt: 4_000, ltv: {min: 0.5, max: 0.7}, start: 4}"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("arrivals.0.start=4", "arrivals.0: end 2 is not after start 4; swap or correct them"),
        ("arrivals.0.vault=1", "arrivals.0.vault is 1; the last vault is 0"),
        ("arrivals.0.ltv.max=0.9", "arrivals.0.ltv.max is 0.9, above the vault's ltv 0.80; lower it"),
        ("arrivals.0.debt=100", "arrivals.0.debt is 100, below the vault's min_debt 2500; raise it"),
        (
            LATE,
            "arrivals.0.start is 4, but the scenario ends at hour 3; lower it",
        ),
        ("exploiter={capital: 1, vault: 3}", "exploiter.vault is 3; the last vault is 0"),
        ("acts=[{hour: 9, act: pause}]", "acts.0.hour is 9, but the scenario ends at hour 3; lower it"),
        ("acts=[{hour: 1, act: cut_limit}]", "acts.0: cut_limit needs a vault; add it"),
        ("acts=[{hour: 1, act: pause, limit: 1}]", "acts.0: pause takes no limit; remove it"),
        ("acts=[{hour: 1, act: cut_limit, vault: 2}]", "acts.0.vault is 2; the last vault is 0"),
        ("pool.visitors=[{amount: 1, start: 3}]", "pool.visitors.0.start is 3, but the scenario ends"),
        ("pool.lenders={return_utilisation: 0.5}", "not below flee_utilisation none; lower it"),
        ("pool.lenders={flee_loss: true, return_utilisation: 0.5}", "who leaves for a loss does not return"),
        ("pool.cooldown_days=1", "pool.cooldown_days is 1"),
    ],
)
def test_what_cannot_be_is_refused(setting: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        tiny(ARRIVALS, setting)
    assert said in str(refused.value)
