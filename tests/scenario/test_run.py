"""A play: what is equal, what differs, and what people do."""

from itertools import pairwise

import pytest

from plimsoll.scenario.borrowers import draw
from plimsoll.scenario.reading import load
from plimsoll.scenario.records import Result
from tests.utils.laboratory import SCENARIOS, play, tiny


def rows(result: Result) -> dict[str, list[dict[str, object]]]:
    return {name: [row._asdict() for row in table] for name, table in result.tables().items()}


def test_the_short_scenario_shows_both_kinds_of_close(result) -> None:
    assert {close.kind for close in result.liquidations} == {"restorable", "shortfall"}
    assert {close.liquidator for close in result.liquidations} == {"liquidator 0", "liquidator 1"}
    assert sum(loss.lenders for loss in result.losses) > 0
    assert result.compared > 50


def test_every_book_equals_the_twins_at_the_end(result) -> None:
    """T1: positions, balances, totals, lines and losses; a difference would have ended the play."""
    assert result.compared > len(result.positions) // 2


def test_collateral_for_a_debt_share_never_falls(result) -> None:
    """L2, in every close that leaves debt."""
    left = [close for close in result.liquidations if close.shares < close.shares_before]
    assert left
    for close in left:
        after = close.collateral_before - close.seized, close.shares_before - close.shares
        assert after[0] * close.shares_before >= close.collateral_before * after[1]


def test_a_play_starts_from_the_same_state_each_time(lab, result) -> None:
    assert rows(lab.play()) == rows(result)


def test_the_same_seed_gives_the_same_rows(result) -> None:
    assert rows(play(tiny())) == rows(result)


@pytest.mark.parametrize("setting", ["seed=8", "order=random", "vaults.0.oracle.delay=1"])
def test_another_scenario_gives_other_rows(result, setting: str) -> None:
    assert rows(play(tiny(setting)))["liquidations"] != rows(result)["liquidations"]


def test_paths_differ_where_prices_are_drawn(lab, result) -> None:
    gbm = tiny("vaults.0.price={kind: gbm, start: 200, hours: 3, volatility: 3}")
    assert rows(play(gbm, 1))["vaults"] != rows(play(gbm, 2))["vaults"]


@pytest.mark.parametrize("seed", [0, 7, 20200312])
def test_borrowers_keep_to_the_scenario(seed: int) -> None:
    scenario = load(SCENARIOS / "black-thursday.yaml").with_seed(seed)
    (vault,) = scenario.vaults
    for group, people in zip(scenario.borrowers, draw(scenario, [194.0]), strict=True):
        assert len({person.address for person in people}) == group.count
        assert all(person.debt >= vault.min_debt * 10**6 for person in people)
        total = sum(person.debt for person in people)
        assert 0 <= group.total_debt * 10**6 - total < group.count * 10**6
        healths = [
            person.collateral / 1e18 * 194 * float(vault.threshold) / (person.debt / 1e6) for person in people
        ]
        assert float(group.health.min) - 1e-9 <= min(healths)
        assert max(healths) <= float(group.health.max) + 1e-3


def test_nobody_liquidates_in_an_outage(result) -> None:
    hours = [close.hour for close in result.liquidations if close.liquidator == "liquidator 0"]
    assert hours
    assert not [hour for hour in hours if 0.5 <= hour < 2]


def test_who_tops_up_in_time_is_not_liquidated() -> None:
    """With money enough they hold through the fall; asleep they are closed."""
    settings = ["borrowers.1.behaviour.wallet=5", "vaults.0.dex.feedback=0"]
    awake = play(tiny(*settings))
    asleep = play(tiny("borrowers.1.behaviour={kind: passive}", "vaults.0.dex.feedback=0"))
    ours = {person.address for person in draw(tiny(), [200.0])[1]}
    assert not [close for close in awake.liquidations if close.owner in ours]
    assert {close.owner for close in asleep.liquidations} & ours


def test_nobody_unwinds_on_a_dex_that_cannot_pay() -> None:
    """A loan for whose repayment the DEX asks more collateral than there is stays as it is."""
    unwind = "borrowers.1.behaviour={kind: unwind, below: 1.1, to: 1.3}"
    result = play(tiny(unwind, "vaults.0.dex.depth=1_000", "liquidators=[]"))
    acted = [row.value for row in result.agents if row.agent == "borrowers 1" and row.key == "acted"]
    assert acted[-1] == 0
    assert sum(row.reverted for row in result.vaults) == 0


def test_unwinding_lowers_debt() -> None:
    unwind = "borrowers.1.behaviour={kind: unwind, below: 1.1, to: 1.3}"
    result = play(tiny(unwind, "liquidators=[]"))
    ours = {person.address for person in draw(tiny(), [200.0])[1]}
    debts = {
        moment: sum(r.debt for r in result.positions if r.moment == moment and r.owner in ours)
        for moment in ("start", "end")
    }
    assert debts["end"] < debts["start"] * 0.9


@pytest.mark.parametrize("depth", [300_000, 100_000])
def test_who_unwinds_ends_at_the_health_that_is_wanted(depth: int) -> None:
    """Whatever the DEX's slippage is, and little above it."""
    one = "borrowers=[{count: 1, total_debt: 20_000, health: {min: 1.5, max: 1.5}, behaviour: {kind: unwind, "
    result = play(tiny(one + "below: 1.1, to: 1.3}}]", "liquidators=[]", f"vaults.0.dex.depth={depth}"))
    sent = [row.value for row in result.agents if row.agent == "borrowers 0" and row.key == "acted"]
    first = sent.index(1)
    assert 1.3 <= result.vaults[first].health_min < 1.301
    assert not result.reverts


def test_lenders_who_flee_take_turns_at_the_cash() -> None:
    """The first are paid in full, the last wait; nobody sends what cannot be paid."""
    result = play(load(SCENARIOS / "bank-run.yaml", ["liquidators.1.capital=1", "liquidators.0.bid=11"]))
    assert result.transactions < 1_000  # twenty lenders who all try in each block send 3,000
    assert result.pool[-1].cash < 10 * 10**6
    assert max(row.utilisation for row in result.pool) == 10**18
    first_loss = next(loss.hour for loss in result.losses if loss.lenders)
    assert min(row.cash for row in result.pool if row.hour < first_loss) > 10**12


def test_feedback_alone_amplifies() -> None:
    """The path is the same; only the outside price follows the DEX or does not."""
    on, off = (
        play(load(SCENARIOS / "cascade.yaml", [f"vaults.0.dex.feedback={f}", "hours=14"])) for f in (0.1, 0)
    )
    assert [row.path for row in on.vaults] == [row.path for row in off.vaults]
    assert [row.outside for row in off.vaults] == [row.path for row in off.vaults]
    assert min(row.outside for row in on.vaults) < min(row.path for row in on.vaults) * 0.95


def test_feedback_without_sales_is_none() -> None:
    """Arbitrageurs who follow a price that trembles do not push it."""
    gbm = "vaults.0.price={kind: gbm, start: 200, hours: 3, volatility: 3}"
    result = play(tiny(gbm, "vaults.0.dex.feedback=1", "liquidators=[]"))
    assert len({row.dex for row in result.vaults}) > 5
    assert [row.outside for row in result.vaults] == [row.path for row in result.vaults]


def test_the_outside_price_loses_the_part_of_the_sales_that_is_said() -> None:
    """Without arbitrage all that moves the DEX is sales."""
    for part in (1, 0.5):
        rows = play(tiny(f"vaults.0.dex.feedback={part}", "vaults.0.dex.arbitrage=0")).vaults
        assert rows[-1].dex < rows[0].dex * 0.9
        start = tiny().vaults[0].price.points[0][1]
        for row in rows:
            assert row.outside == pytest.approx(row.path * (row.dex / float(start)) ** part, rel=1e-9)


def test_a_griefer_does_not_stop_liquidations() -> None:
    """It takes dust ahead of everybody else; the others close as much as without it."""
    with_it, without = (
        play(load(SCENARIOS / "whale.yaml", [*s, "hours=12"])) for s in ([], ["griefer=null"])
    )
    dust = [close for close in with_it.liquidations if close.liquidator == "griefer"]
    assert len(dust) >= 10
    assert max(close.repaid for close in dust) <= 10_000
    repaid = [sum(c.repaid for c in r.liquidations) for r in (with_it, without)]
    assert repaid[0] == pytest.approx(repaid[1], rel=1e-3)


def test_a_pace_bounds_what_a_forger_takes_before_the_guardian_cuts() -> None:
    """All at once without a pace; with it a burst and what has refilled, until the cut or the fall."""
    line, burst = 60_000, 0.1
    taken: dict[float, list[float]] = {}
    for pace in (1, burst):
        for hours in ("1.4", "null"):
            settings = [f"pool.draw_burst={pace}", f"forger.guardian_after={hours}"]
            result = play(load(SCENARIOS / "forged-collateral.yaml", settings))
            owed = [row.value for row in result.agents if row.agent == "forger"]
            taken.setdefault(pace, []).append(max(owed) / 10**18)
    ((at_once, still), (until_cut, until_fall)) = taken.values()
    assert at_once == pytest.approx(line - 1_000, rel=1e-3) == still
    refilled = burst * line / 24
    assert until_cut == pytest.approx(burst * line + 1.4 * refilled, rel=0.01)
    assert until_fall == pytest.approx(burst * line + 24 * refilled, rel=0.01)


@pytest.mark.parametrize("dex", ["{depth: 300_000, arbitrage: 50_000}", "null"])
def test_who_wants_more_profit_than_there_is_does_nothing(dex: str) -> None:
    settings = (f"vaults.0.dex={dex}", "liquidators=[{kind: capital, capital: 50_000, min_profit: %s}]")
    for profit, happens in ((1, True), (10**6, False)):
        assert bool(play(tiny(settings[0], settings[1] % profit)).liquidations) == happens


def test_everybody_reacts_by_the_latency_of_his_own() -> None:
    """Who is late does not make the others late."""
    group = (
        "{count: 8, total_debt: 80_000, health: {min: 1.2, max: 1.6}, behaviour: {kind: top_up, below: 1.1, "
    )
    seen: dict[int, dict[str, int]] = {}
    for latency in (0, 2):
        people = f"borrowers=[{group}to: 1.3, wallet: 9, latency: {latency}}}}}]"
        found = seen[latency] = {}

        class Watch:
            name = "watch"

            def update(self, _rng, view, found=found):
                for person, (collateral, _) in view.world.markets[0].vault.model.positions.items():
                    before = self.start.setdefault(person, collateral)
                    if collateral > before:
                        found.setdefault(person, view.block)
                return ()

            def record(self, _view):
                return {}

            start: dict[str, int] = {}  # noqa: RUF012

        play(tiny(people, "liquidators=[]", "vaults.0.price.points=[[0, 200], [3, 140]]"), agents=[Watch()])
    assert len(seen[0]) > 2
    assert {person: block + 2 for person, block in seen[0].items() if block < 17} == seen[2]


def test_the_wait_goes_on_while_the_oracle_refuses() -> None:
    """Positions that fell at once and could not be closed for hours have waited for hours."""
    result = play(
        tiny(
            "vaults.0.price.points=[[0, 200], [0.5, 160], [3, 160]]", "liquidators=[{kind: flash, outages: "
            "[{start: 0, end: 2}]}]", "vaults.0.oracle.heartbeat=600",
            "vaults.0.oracle.outages=[{start: 1, end: 2}]",
        )
    )  # fmt: skip
    assert None in [row.oracle for row in result.vaults]
    assert max(close.blocks_waited for close in result.liquidations if close.hour == 2) > 6


def test_a_short_heartbeat_lasts_while_a_crowd_borrows() -> None:
    crowd = "borrowers=[{count: 900, total_debt: 2_250_000, health: {min: 1.2, max: 2}}]"
    market = [
        "pool.supply=3_000_000",
        "vaults.0.credit_limit=3_000_000",
        "vaults.0.oracle.heartbeat=5",
        crowd,
    ]
    assert play(tiny(*market, "hours=0.2")).pool[0].total_debt >= 2_249_000 * 10**6


def test_minimum_debts_may_be_fractions() -> None:
    small = "borrowers=[{count: 12, total_debt: 12, health: {min: 1.2, max: 2}}]"
    people = draw(tiny(small, "vaults.0.min_debt=0.5", "griefer=null"), [200.0])[0]
    assert min(person.debt for person in people) >= 500_000


def test_a_griefer_closes_so_many_in_a_block() -> None:
    """Of all vaults together."""
    fall = "vaults.1.price={kind: waypoints, points: [[0, 2_000], [11, 2_000], [12, 1_000], [48, 1_000]]}"
    settings = ["griefer={per_block: 1}", "hours=13", "liquidators=[]", fall]
    scenario = load(SCENARIOS / "bank-run.yaml", settings)
    closes = play(scenario).liquidations
    assert {close.vault for close in closes} == {0, 1}
    assert len({close.block for close in closes}) == len(closes)


@pytest.mark.parametrize("name", ["liquidator mine", "lenders"])
def test_agents_of_ones_own_have_names_of_their_own(lab, name: str) -> None:
    class Mine:
        def update(self, _rng, _view):
            return ()

        def record(self, _view):
            return {}

    agent = Mine()
    agent.name = name
    with pytest.raises(
        ValueError, match=rf"an agent is called '{name}', as one of the scenario's; rename it"
    ):
        lab.play(agents=[agent])


def test_the_best_are_bought_first_when_money_is_short() -> None:
    """Of what can be closed in a block, the closes that give most collateral for the money."""
    people = "borrowers=[{count: 40, total_debt: 8_000, health: {min: 1.04, max: 1.4}}]"
    short = play(
        tiny(people, "vaults.0.min_debt=50", "liquidators=[{kind: capital, capital: 500, margin: 0}]")
    )
    blocks: dict[int, list[float]] = {}
    for close in short.liquidations:
        blocks.setdefault(close.block, []).append(close.seized / (close.repaid + close.fee))
    assert max(map(len, blocks.values())) > 2
    for rates in blocks.values():
        assert all(rate >= after * (1 - 1e-6) for rate, after in pairwise(rates))


def test_what_is_cut_short_must_still_pay() -> None:
    """The least profit holds for what is sent."""
    for dex in ("null", "{depth: 300_000, arbitrage: 50_000}"):
        poor = tiny(f"vaults.0.dex={dex}", "liquidators=[{kind: capital, capital: 100, min_profit: 50}]")
        assert not play(poor).liquidations
