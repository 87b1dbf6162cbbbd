"""`plimsoll.lab`: scenarios, runs, agents and sweeps in the hand."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import plimsoll
from plimsoll import lab
from plimsoll.report.folder import FolderError
from plimsoll.scenario.files import names
from plimsoll.scenario.sweep_folder import SweepError
from tests.unit.report.conftest import draw_nothing
from tests.utils.laboratory import TINY

BROWNIAN = {"vaults.0.price": {"kind": "gbm", "start": 200, "hours": 3, "volatility": 15}}


@pytest.fixture(scope="module")
def scenario() -> lab.Scenario:
    return lab.load(TINY)


@pytest.fixture(scope="module")
def result(scenario) -> lab.Result:
    return lab.play(scenario)


@pytest.fixture(scope="module")
def study(scenario):
    """Two axes, one of them tied, and a measure of one's own."""
    grid = {
        "vaults.0.bonus_max": (0.06, 0.12),
        ("vaults.0.ltv", "vaults.0.threshold"): [(0.79, 0.82), (0.80, Decimal("0.83")), (0.9, 0.83)],
    }
    return lab.sweep(scenario.with_(BROWNIAN), grid, 12, measures=[closes], workers=1)


def closes(result) -> float:
    return float(len(result.liquidations))


# --------------------------------------------------------------------------------------------- scenarios


def test_scenarios_come_from_anywhere(tmp_path, monkeypatch) -> None:
    """By the name of one that ships, from a file, a text, a dictionary; from any folder."""
    monkeypatch.chdir(tmp_path)
    for name in names():
        assert lab.load(name).config.title
    Path("mine.yaml").write_text(TINY)
    data = YAML(typ="safe").load(TINY)
    read = [lab.load(each).config for each in ("mine.yaml", Path("mine.yaml"), TINY, data)]
    assert read == [read[0]] * 4


def test_a_scenario_is_changed_by_the_names_of_settings(scenario) -> None:
    changed = scenario.with_(
        {"vaults.0.bonus_max": 0.09, "vaults.0.price.points.1.1": np.float64(180)}, seed=8
    )
    assert changed.config.vaults[0].bonus_max == Decimal("0.09")
    assert changed.config.vaults[0].price.points[1][1] == 180
    assert changed.config.seed == 8
    assert scenario.config.seed == 7
    again = changed.with_(
        {
            "vaults.0.dex.depth": Decimal("250000"),
            "liquidators": [],
            "start": datetime(2021, 1, 1, tzinfo=UTC),
        }
    ).config
    assert (again.seed, again.liquidators, again.vaults[0].dex.depth) == (8, (), 250_000)
    assert again.start.year == 2021


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda: lab.load("nowhere"), "There is no scenario file nowhere; the ones that ship are "),
        (lambda: lab.load({"title": "x"}), "the scenario: pool is missing; add it."),
        (
            lambda: lab.load(TINY).with_({"vaults.0.ltv": 0.9}),
            "the scenario, as changed by vaults.0.ltv=0.9: ",
        ),
        (lambda: lab.load(TINY).with_(sed=1), "the scenario, as changed by sed=1: unknown key 'sed'; remove"),
        (
            lambda: lab.load(TINY).with_(seed={1}),
            "{1} is nothing that a scenario can say; give numbers, texts",
        ),
        (
            lambda: lab.sweep(TINY, {("a", "b"): [(1, 2), 3]}),
            "Each step of a, b needs 2 values, one for each",
        ),
        (
            lambda: lab.load(TINY).with_(borrowers=pd.DataFrame({"owner": [1]})),
            "DataFrame is nothing that a scenario can say; give numbers, texts, lists or dictionaries, and",
        ),
        (lambda: lab.sweep(TINY, {"a": []}), "'' is no axis of a grid"),
        (
            lambda: lab.play(TINY, agents=["nowhere:It"]),
            "'nowhere:It' cannot be loaded (No module named 'nowh",
        ),
    ],
)
def test_what_is_wrong_is_a_sentence(what, message) -> None:
    with pytest.raises(lab.ScenarioError) as refused:
        what()
    assert str(refused.value).startswith(message)
    assert str(refused.value).endswith(".")


def test_what_a_scenario_is_stands_on_a_line(scenario) -> None:
    assert repr(scenario) == (
        "<A short fall: 16 borrowers, 18 blocks of 600 s, 2020-03-12 00:00 to 2020-03-12 03:00 UTC>"
    )


def test_prices_can_be_seen_before_they_are_played(scenario) -> None:
    prices = scenario.prices()
    assert list(prices.columns) == ["WETH"]
    assert prices.index[-1] == pd.Timestamp("2020-03-12 03:00", tz="UTC")
    assert (prices["WETH"].iloc[0], prices["WETH"].min(), prices["WETH"].iloc[-1]) == (200, 110, 150)


# -------------------------------------------------------------------------------------------------- runs


def test_frames_are_floats_with_dates(result) -> None:
    frames = result.frames()
    assert set(frames) == set(result.tables())
    closes, pool = frames["liquidations"], frames["pool"]
    assert closes["repaid"].sum() == pytest.approx(sum(row.repaid for row in result.liquidations) / 1e6)
    assert closes["seized"].sum() == pytest.approx(sum(row.seized for row in result.liquidations) / 1e18)
    assert closes["repaid"].dtype == pool["total_assets"].dtype == float
    assert pool["time"].iloc[-1] == pd.Timestamp("2020-03-12 03:00", tz="UTC")
    assert list(closes["time"].dt.hour + closes["time"].dt.minute / 60) == pytest.approx(list(closes["hour"]))
    profit = frames["agents"].query("agent == 'liquidator 1' and key == 'profit'")["value"].iloc[-1]
    assert profit == [row.value for row in result.agents if row.agent == "liquidator 1"][-2] / 1e6
    assert "exact_price" not in closes
    assert str(frames["losses"].dtypes["lenders"]) == "float64"
    assert repr(frames).splitlines()[0].startswith(f"vaults: {len(result.vaults)} rows, block, time, hour, ")


def test_a_result_says_what_happened(result, tmp_path, monkeypatch) -> None:
    draw_nothing(monkeypatch)
    lost = result.measures()["bad_debt"]
    assert lost > 0
    assert repr(result) == (
        f"<A short fall, seed 7, path 0: {len(result.liquidations)} closes, bad debt {lost:,.0f} USDC>"
    )
    page = result.report(tmp_path / "report")
    assert page.read_text().startswith("<!doctype html>")


def test_playing_again_gives_the_same(scenario, result) -> None:
    again = lab.play(scenario)
    assert again.tables() == result.tables()
    assert lab.play(scenario.with_(BROWNIAN), 3).vaults != lab.play(scenario.with_(BROWNIAN), 4).vaults


# ------------------------------------------------------------------------------------------------ agents


class Tortoise(lab.Agent):
    """Closes one position a block, the least healthy."""

    capital = 100_000

    def act(self, desk):
        for position in desk.liquidatable()[:1]:
            yield desk.liquidate(position)


class Trader(lab.Agent):
    """Does everything once that a desk offers, and notes what it saw."""

    collateral = 20
    capital = 5_000

    def __init__(self, **settings) -> None:
        super().__init__(**settings)
        self.seen = []

    def act(self, desk):
        self.seen.append((desk.block, desk.cash, desk.held, desk.own))
        match desk.block:
            case 1:
                assert desk.price == pytest.approx(desk.outside, rel=0.01)
                assert desk.dex == pytest.approx(desk.outside, rel=0.05)
                yield desk.deposit()
                yield desk.borrow(2_600)
            case 2:
                yield desk.buy(1_000)
            case 3:
                yield desk.sell()
            case 4:
                yield desk.repay()
            case 5:
                yield desk.withdraw()

    def record(self, view):
        assert view.block < 6 or len(self.seen) == view.block
        return super().record(view) | {"blocks": len(self.seen)}


class Seller(lab.Agent):
    collateral = 20

    def act(self, desk):
        yield desk.sell()


def test_an_agent_of_ones_own(scenario) -> None:
    """It closes one a block, and what it has is recorded as that of liquidators."""
    alone = scenario.with_(liquidators=[])
    played = lab.play(alone, agents=[Tortoise])
    frames = played.frames()
    assert frames["liquidations"].groupby("block").size().max() == 1
    assert set(frames["liquidations"]["liquidator"]) == {"tortoise"}
    assert played.measures()["liquidated_debt"] > 10_000
    own = frames["agents"].query("agent == 'tortoise'").set_index(["key", "block"])["value"]
    paid = (frames["liquidations"]["repaid"] + frames["liquidations"]["fee"]).sum()
    assert own["profit", 18] == pytest.approx(-paid)
    seized = frames["liquidations"]["seized"].sum()
    assert own["inventory", 18] == pytest.approx(seized * frames["vaults"]["outside"].iloc[-1])
    poor = lab.play(alone, agents=[Tortoise(capital=3_000)])
    closes = poor.frames()["liquidations"]
    assert 2_900 < closes["repaid"].sum() < (closes["repaid"] + closes["fee"]).sum() <= 3_000
    assert lab.play(alone).liquidations == []


def test_a_flash_liquidator_needs_no_capital(scenario) -> None:
    class Flash(lab.Agent):
        def act(self, desk):
            for position in desk.liquidatable()[:1]:
                yield desk.flash(position, min_profit=1)

    played = lab.play(scenario.with_(liquidators=[]), agents=[Flash])
    assert len(played.liquidations) > 2
    assert played.frames()["agents"].query("agent == 'flash' and key == 'profit'")["value"].iloc[-1] > 2


def test_an_agent_trades_borrows_and_repays(scenario, monkeypatch) -> None:
    calm = scenario.with_({"vaults.0.price": {"kind": "waypoints", "points": [[0, 200], [3, 200]]}})
    kept = []
    monkeypatch.setattr("plimsoll.lab.agent_of", lambda own: kept.append(own) or own)
    lab.play(calm, agents=[Trader()])
    seen = {block: (cash, held, own) for block, cash, held, own in kept[0].seen}
    assert seen[1] == (5_000, 20, None)
    cash, held, own = seen[2]
    assert (cash, held) == (7_600, 0)
    assert (own.debt, own.collateral) == (pytest.approx(2_600, rel=1e-5), 20)
    assert own.health == pytest.approx(20 * 200 * 0.83 / 2_600, rel=1e-4)
    assert seen[3][0] == 6_600
    assert seen[3][1] == pytest.approx(5, rel=0.02)
    assert seen[4][0] == pytest.approx(6_600 + 1_000, rel=0.01)
    assert seen[4][1] == 0
    assert seen[5][0] == pytest.approx(seen[4][0] - 2_600, rel=1e-4)
    assert seen[5][2] is None
    assert seen[6][1] == 20


class Talker(lab.Agent):
    def act(self, desk):
        yield "close"


class Idler(lab.Agent):
    pass


@pytest.mark.parametrize(
    ("agent", "settings", "message"),
    [
        (lambda: Tortoise(vault=3), {}, "tortoise acts in vault 3, which is none, or a basket; set `vault`."),
        (lambda: Tortoise(speed=3), {}, "Tortoise has no setting 'speed'; write it into the class."),
        (
            Seller,
            {"vaults.0.dex": None, "liquidators": []},
            "seller trades in vault 0, which has no dex; add",
        ),
        (
            Talker,
            {},
            "Talker gives 'close', which cannot be sent; give what the methods of `desk` do, such as",
        ),
        (Idler, {}, "Idler has no `act`; write one that gives what it sends."),
    ],
)
def test_what_an_agent_cannot_do_is_a_sentence(scenario, agent, settings, message) -> None:
    with pytest.raises(lab.ScenarioError) as refused:
        lab.play(scenario.with_(settings), agents=[agent()])
    assert str(refused.value).startswith(message)


def test_one_agent_needs_no_list(scenario) -> None:
    closes = [lab.play(scenario, agents=own).frames()["liquidations"] for own in (Tortoise, [Tortoise])]
    assert closes[0].equals(closes[1])


def broken(result) -> float:
    return 1 / 0


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda it: lab.play(it, path=-1), "There is no path -1; they are numbered from 0."),
        (lambda it: lab.sweep(it, paths=0, workers=1), "0 paths cannot be played; play one or more."),
        (
            lambda it: lab.sweep(it, {"seed": 3}, workers=1),
            "'seed' of the grid is 3; give a list of values, such as [0.05, 0.08].",
        ),
        (
            lambda it: lab.sweep(it, {"seed": "1,2"}, workers=1),
            "'seed' of the grid is '1,2'; give a list of values, such as [0.05, 0.08].",
        ),
        (
            lambda it: lab.sweep(it, measures=broken, workers=1),
            "Path 0 failed (in the measure 'broken', ZeroDivisionError: division by zero); what was played "
            "is kept. To play it alone, without what is your own: ",
        ),
        (lambda it: lab.compare(it, it), "<A short fall: "),
        (
            lambda it: lab.load(f"{TINY}\nstart: 2025-13-11\n"),
            "the scenario has a date that is none (month must",
        ),
    ],
)
def test_what_the_laboratory_cannot_do_is_a_sentence(scenario, do, message) -> None:
    with pytest.raises((lab.ScenarioError, SweepError)) as refused:
        do(scenario)
    assert str(refused.value).startswith(message)


# ------------------------------------------------------------------------------------------------ sweeps


def test_a_sweep_is_a_frame_with_intervals(study) -> None:
    points = study.points
    assert list(points.columns[:3]) == ["vaults.0.bonus_max", "vaults.0.ltv", "vaults.0.threshold"]
    assert points["vaults.0.threshold"].tolist() == [0.82, 0.83] * 2
    assert len(study.skipped) == 2
    assert "vaults.0: ltv 0.9 must be below threshold 0.83" in study.skipped["reason"][0]
    paths = study.paths
    assert len(paths) == 48
    means = paths.groupby("point")[["bad_debt", "closes"]].mean()
    assert points["bad_debt_mean"].tolist() == pytest.approx(means["bad_debt"].tolist())
    assert points["closes_mean"].tolist() == pytest.approx(means["closes"].tolist())
    assert (points["closes_mean_low"] < points["closes_mean"]).all()
    assert (points["closes_mean"] < points["closes_mean_high"]).all()
    assert repr(study) == "<A short fall: 4 grid points, 2 skipped, 12 paths each>"


def test_pictures_of_a_sweep_are_shown_and_saved(study, tmp_path) -> None:
    drawn = study.heat_map("closes_mean")
    assert drawn._repr_png_().startswith(b"\x89PNG")
    text = drawn.save(tmp_path / "heat.svg").read_text()
    for word in ("impossible", "Closes mean", "0.79, 0.82", "ltv, threshold", " to "):
        assert word in text
    assert drawn.save(tmp_path / "heat.pdf").read_bytes().startswith(b"%PDF")
    assert study.curve().save(tmp_path / "curve.svg").exists()
    assert study.likelihood().save(tmp_path / "risk.png").exists()
    with pytest.raises(FileNotFoundError, match=r"^there is no folder .*/nodir for heat.pdf; make it first$"):
        drawn.save(tmp_path / "nodir" / "heat.pdf")
    for draw, message in (
        (lambda: study.heat_map("nothing"), "'nothing' is no figure of this sweep; it has bad_debt_mean, "),
        (lambda: drawn.save(tmp_path / "heat.gif"), ".gif is no format of a figure"),
    ):
        with pytest.raises(ValueError, match="no f") as refused:
            draw()
        assert str(refused.value).startswith(message)


def test_a_sweep_in_a_folder_goes_on(scenario, tmp_path) -> None:
    told = []
    brownian = scenario.with_(BROWNIAN)
    few = lab.sweep(brownian, paths=3, out=tmp_path / "sweep", workers=1)
    more = lab.sweep(
        brownian, paths=5, out=tmp_path / "sweep", workers=1, progress=lambda *it: told.append(it)
    )
    assert told[0] == (3, 5)
    assert more.paths["bad_debt"].tolist()[:3] == few.paths["bad_debt"].tolist()
    assert "ES 99" in (tmp_path / "sweep" / "report.html").read_text()
    for grid, message in (({}, "a heat map has two axes, and this sweep 0"), ({"seed": [1]}, "this sweep 1")):
        with pytest.raises(ValueError, match=message):
            lab.sweep(scenario, grid, workers=1).heat_map()
    with pytest.raises(ValueError, match="a curve needs an axis"):
        few.curve()
    with pytest.raises(SweepError, match="holds another sweep"):
        lab.sweep(brownian.with_(seed=8), paths=3, out=tmp_path / "sweep", workers=1)


def test_sweeps_are_compared_path_by_path(scenario, study) -> None:
    """What their paths have in common cancels: the interval of a difference is narrower than theirs."""
    other = lab.sweep(
        scenario.with_(BROWNIAN).with_({"vaults.0.liquidation_fee": 0.3}),
        {"vaults.0.bonus_max": (0.12,), ("vaults.0.ltv", "vaults.0.threshold"): [(0.79, 0.82)]},
        12,
        workers=1,
    )
    found = lab.compare(study, other).set_index("figure")
    assert set(found["vaults.0.bonus_max"]) == {0.12}
    cost = found.loc["bad_debt_mean"]
    ours = study.paths.query("point == 3")["bad_debt"].to_numpy()
    theirs = other.paths["bad_debt"].to_numpy()
    assert cost["difference"] == pytest.approx((theirs - ours).mean())
    assert cost["low"] <= cost["difference"] <= cost["high"]
    point = study.points.iloc[2]
    assert cost["high"] - cost["low"] < (point["bad_debt_mean_high"] - point["bad_debt_mean_low"]) / 3
    few = lab.sweep(scenario.with_(BROWNIAN), paths=3, workers=1)
    with pytest.raises(FolderError, match="have not played the same paths; repeat one with the other's"):
        lab.compare(few, lab.sweep(scenario.with_(BROWNIAN), paths=4, workers=1))


@pytest.mark.processes
def test_a_script_without_a_guard_may_use_processes(tmp_path) -> None:
    """They do not run the script once more; its classes and functions go along."""
    (tmp_path / "mine.yaml").write_text(TINY)
    (tmp_path / "script.py").write_text(
        "from plimsoll import lab\n"
        "class Watcher(lab.Agent):\n"
        "    def act(self, desk):\n"
        "        return ()\n"
        "def lowest(result):\n"
        "    return min(row.health_min for row in result.vaults if row.health_min)\n"
        "print('once')\n"
        f"brownian = lab.load('mine.yaml').with_({json.dumps(BROWNIAN)})\n"
        "study = lab.sweep(brownian, paths=4, workers=2, agents=[Watcher], measures=[lowest])\n"
        "print(study, __file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout == f"once\n<A short fall: one grid point, 4 paths each> {tmp_path}/script.py\n"


@pytest.mark.processes
def test_the_front_door_is_loaded_when_it_is_used() -> None:
    assert plimsoll.lab is lab
    code = "import sys, plimsoll; assert not {'numpy', 'plimsoll.lab'} & set(sys.modules); plimsoll.lab.load"
    subprocess.run([sys.executable, "-c", code], check=True)
