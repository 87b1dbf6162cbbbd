"""Sweeps: whatever is killed, each path is played and counted once."""

from contextlib import nullcontext
from dataclasses import replace
from inspect import getsource
from pathlib import Path

import pytest

from plimsoll.scenario import sample as sampling
from plimsoll.scenario import sweep as sweeping
from plimsoll.scenario.grid import grid_of, points_of, settings_of
from plimsoll.scenario.own import code_of
from plimsoll.scenario.reading import ScenarioError, Source, parse
from plimsoll.scenario.run import Laboratory
from plimsoll.scenario.sweep import Chunk, Sweep, Work, is_random, sampled
from plimsoll.scenario.sweep_folder import SweepError
from plimsoll.scenario.workers import play, processes
from plimsoll.scenario.world import Difference
from tests.utils.laboratory import TINY, artifacts, tiny
from tests.utils.sweeps import BONUS, BROWNIAN, Here, made, played

CSV = "row,open,high,low,close\n0,200,210,190,195\n1,195,196,150,180\n"


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    """Two points with random prices."""
    return made(BONUS)


@pytest.fixture(scope="module")
def rows(sweep, tmp_path_factory):
    """What the sweep gives when nothing happens to it."""
    return played(sweep, tmp_path_factory.mktemp("sweeps") / "whole")


def content(folder: Path) -> dict[Path, bytes]:
    """All files below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------ the grid


@pytest.mark.parametrize(
    ("axes", "grid"),
    [
        ([], ((),)),
        (["a=1,2"], (("a=1",), ("a=2",))),
        (["a=1, 2", "b.0=x"], (("a=1", "b.0=x"), ("a=2", "b.0=x"))),
        (["a=[],[{start: 1, end: 2}],'p,q'"], (("a=[]",), ("a=[{start: 1, end: 2}]",), ("a='p,q'",))),
        (["a=1,2 & b=3,4"], (("a=1", "b=3"), ("a=2", "b=4"))),
        (
            ["a=1,1&b.0=3,'x & y'", "c=5,6"],
            (
                ("a=1", "b.0=3", "c=5"), ("a=1", "b.0=3", "c=6"),
                ("a=1", "b.0='x & y'", "c=5"), ("a=1", "b.0='x & y'", "c=6"),
            ),
        ),
    ],
)  # fmt: skip
def test_a_grid_has_every_combination(axes, grid) -> None:
    """Settings that are tied move together."""
    assert settings_of(grid_of(axes)) == list(grid)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (["a"], "'a' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["=1"], "'=1' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["a="], "'a=' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["a=[1,2"], "'a=[1,2' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["a=1", "a=2"], "a stands on two axes of the grid; write all its values on one."),
        (["a=1,2,1"], "'a=1,2,1' has the value 1 twice; remove one."),
        (["a=1,2 & b=3"], "'a=1,2 & b=3' ties 2 values of a to 1 of b; give as many."),
        (["a=1,1 & b=3,3"], "'a=1,1 & b=3,3' has the value 1, 3 twice; remove one."),
        (["a=1,2 & a=3,4"], "a stands on two axes of the grid; write all its values on one."),
    ],
)
def test_what_is_no_grid_is_refused(axes, message) -> None:
    with pytest.raises(ScenarioError) as refused:
        grid_of(axes)
    assert str(refused.value) == message


def test_an_impossible_corner_is_left_away_and_says_why(tmp_path) -> None:
    source = Source("tiny.yaml", TINY)
    grid = grid_of(["vaults.0.ltv=0.8,0.9", "vaults.0.threshold=0.82,0.83"])
    points, corners = points_of(source, grid)
    assert [point.number for point in points] == [0, 1]
    assert [corner.settings[0] for corner in corners] == ["vaults.0.ltv=0.9", "vaults.0.ltv=0.9"]
    assert corners[0].reason.startswith("tiny.yaml, as changed by vaults.0.")
    rows = played(Sweep(source, grid, tuple(points)), tmp_path, paths=1).to_pydict()
    assert rows["vaults.0.threshold"] == [0.82, 0.83]
    with pytest.raises(ScenarioError, match=r"as changed by vaults\.0\.ltv"):
        points_of(source, grid_of(["vaults.0.ltv=0.9,0.95"]))


def test_axes_are_columns(tmp_path) -> None:
    """Numbers as numbers, anything else as it is written."""
    sweep = made(
        "vaults.0.bonus_max=0.06,0.08 & pool.reserve=1_000,0", "order=bid,random", settings=["hours=1"]
    )
    rows = played(sweep, tmp_path, paths=1)
    assert rows.column_names[:6] == [
        "point",
        "vaults.0.bonus_max",
        "pool.reserve",
        "order",
        "path",
        "deepest",
    ]
    assert rows["vaults.0.bonus_max"].to_pylist() == [0.06, 0.06, 0.08, 0.08]
    assert rows["pool.reserve"].to_pylist() == [1_000, 1_000, 0, 0]
    assert rows["order"].to_pylist() == ["bid", "random", "bid", "random"]


@pytest.mark.parametrize(
    ("settings", "random"),
    [
        ([], False),
        (["vaults.0.price.points.1.1=190"], False),
        (["order=random"], True),
        ([BROWNIAN], True),
        (["pool.lenders.flee_loss=true"], True),
        (["pool.lenders.flee_utilisation=0.9"], True),
    ],
)
def test_what_is_random_is_known(settings, random) -> None:
    assert is_random(tiny(*settings)) == random


# ------------------------------------------------------------------------------------------------- resuming


def test_rows_are_in_order_each_path_once(sweep, rows) -> None:
    table = rows.to_pydict()
    expected = [(point, path) for point in range(2) for path in range(60)]
    assert list(zip(table["point"], table["path"], strict=True)) == expected
    assert len(set(table["liquidated_debt"])) > 20
    assert table["liquidated_debt"][:60] != table["liquidated_debt"][60:]
    held = [path for path, count in zip(table["path"], table["compared"], strict=True) if count]
    assert held == [0, 20, 40] * 2
    assert table["compared"][20] > 50
    assert set(table["weight"]) == {1 / 60}
    assert table["fall"][3] == pytest.approx(1 - min(tiny(BROWNIAN).outside_prices(3)[0]) / 200)


def test_a_sweep_goes_on_with_what_is_missing(sweep, rows, tmp_path) -> None:
    class Interrupted(Here):
        def play(self, chunks, work):
            yield from super().play(chunks[:2], work)
            raise KeyboardInterrupt

    folder = tmp_path / "sweep"
    with pytest.raises(KeyboardInterrupt):
        played(sweep, folder, Interrupted())
    here, told = Here(), []
    assert played(sweep, folder, here, lambda *now: told.append(now)) == rows
    assert [path for chunk in here.played for path in chunk.paths if chunk.point == 0] == list(range(50, 60))
    assert told[0] == (50, 120)
    assert told[-1] == (120, 120)
    parts = sorted((folder / "parts").iterdir())
    for part in parts[1:5:3]:
        part.unlink()
    here = Here()
    assert played(sweep, folder, here) == rows
    assert 0 < sum(len(chunk.paths) for chunk in here.played) < 60
    here = Here()
    assert played(sweep, folder, here) == rows
    assert not here.played


def test_a_sweep_is_continued_with_more_paths(sweep, rows, tmp_path) -> None:
    """What has been played is not played again; of fewer paths it takes those."""
    folder, here = tmp_path / "sweep", Here()
    few = played(sweep, folder, paths=7)
    assert played(sweep, folder, here).drop(["weight"]) == rows.drop(["weight"])
    assert sorted((chunk.point, path) for chunk in here.played for path in chunk.paths) == [
        (point, path) for point in range(2) for path in range(7, 60)
    ]
    here = Here()
    assert played(sweep, folder, here, paths=7) == few
    assert few["weight"].to_pylist() == [1 / 7] * 14
    assert not here.played


def test_the_deepest_falls_of_many_are_played(sweep, rows, tmp_path) -> None:
    folder, here = tmp_path / "sweep", Here()
    found = played(sweep, folder, here, paths=8, of=60).to_pydict()
    falls = rows["fall"].to_pylist()[:60]
    deep = sorted(range(60), key=lambda path: -falls[path])[:4]
    others = [path for path in range(60) if path not in deep][:4]
    assert found["path"] == sorted(deep + others) * 2
    assert found["path"][::8] == [0, 0]
    assert min(found["compared"][::8]) > 50
    assert found["deepest"] == [path in deep for path in found["path"]]
    assert found["weight"] == pytest.approx([1 / 60 if it in deep else 56 / 60 / 4 for it in found["path"]])
    known = dict(
        zip(
            zip(*(rows[it].to_pylist() for it in ("point", "path")), strict=True),
            rows["bad_debt"].to_pylist(),
            strict=True,
        )
    )
    keys = zip(found["point"], found["path"], strict=True)
    assert found["bad_debt"] == [known[key] for key in keys]
    assert sum(len(chunk.paths) for chunk in here.played) == 16
    here = Here()
    played(sweep, folder, here, paths=12, of=60)
    assert sum(len(chunk.paths) for chunk in here.played) == 8


@pytest.mark.parametrize(
    ("settings", "paths", "of", "message"),
    [
        ((BROWNIAN,), 60, 60, "60 paths are drawn to play 60 of them; draw more, or leave that away."),
        ((BROWNIAN,), None, 100, "100 paths are drawn to play 100 of them; draw more, or leave that away."),
        (("order=random",), 10, 60, "No price is drawn at random, so that no fall is deeper than another;"),
    ],
)
def test_falls_that_cannot_be_chosen_are_refused(settings, paths, of, message) -> None:
    with pytest.raises(SweepError) as refused:
        sampled(made(settings=settings), paths, of, lambda *_: None)
    assert str(refused.value).startswith(message)


def test_prices_are_drawn_once_for_points_that_share_them(monkeypatch) -> None:
    drawn = []
    real = sampling.fall
    monkeypatch.setattr(sampling, "fall", lambda *words: drawn.append(0) or real(*words))
    told = []
    sweep = made(BONUS, "seed=7,8", "borrowers.0.count=10,12", "pool.stake=0,1", "vaults.0.dex.depth=1e5,2e5")
    found = sampled(sweep, 2, 10, lambda *now: told.append(now))
    assert len(drawn) == 20
    assert told[-1] == (20, 20)
    assert len({found[point.number].paths for point in sweep.points}) == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("notes.txt", "mine", "holds something else; name another folder with --out."),
        ("sweep.json", "nonsense", "sweep.json is no note of a sweep; name another folder with --out."),
        ("sweep.json", "[]", "sweep.json is no note of a sweep; name another folder with --out."),
        ("sweep.json", '{"digest": "?"}', "holds another sweep (of other settings, candles"),
    ],
)
def test_a_foreign_folder_is_left_as_it_is(sweep, tmp_path, name, text, message) -> None:
    (tmp_path / name).write_text(text)
    here = Here()
    with pytest.raises(SweepError) as refused:
        played(sweep, tmp_path, here)
    assert message in str(refused.value)
    assert content(tmp_path) == {tmp_path / name: text.encode()}
    assert not here.played


def test_a_file_is_no_folder(sweep, tmp_path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder, message in (
        ("file", "is not a folder"),
        ("file/below", "cannot be written (file exists)"),
    ):
        with pytest.raises(SweepError) as refused:
            played(sweep, tmp_path / folder)
        assert f"{folder} {message}; name another one with --out." in str(refused.value)


def test_rows_of_other_sweeps_are_not_mixed(sweep, tmp_path) -> None:
    folder = tmp_path / "sweep"
    played(sweep, folder, paths=1)
    before = content(tmp_path)
    other = dict(artifacts()) | {"Pool": replace(artifacts()["Pool"], initcode=b"\0")}
    for changed, found in (
        (made(BONUS, settings=(BROWNIAN, "seed=8")), artifacts()),
        (made("vaults.0.bonus_max=0.06,0.07"), artifacts()),
        (made(BONUS, agents=(Bystander,)), artifacts()),
        (made(BONUS, measures=(deepest_health,)), artifacts()),
        (sweep, other),
    ):
        with pytest.raises(SweepError, match="holds another sweep"):
            played(changed, folder, paths=1, found=found)
    assert content(tmp_path) == before


def test_changed_candles_make_another_sweep(tmp_path) -> None:
    """Their content counts, and not where they lie."""
    csv = ("vaults.0.price={kind: csv, file: prices.csv}",)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "prices.csv").write_text(CSV)
        played(made(settings=csv, folder=tmp_path / name), tmp_path / "sweep", paths=1)
    (tmp_path / "here" / "prices.csv").write_text(CSV.replace("180", "181"))
    with pytest.raises(SweepError, match="holds another sweep"):
        played(made(settings=csv, folder=tmp_path / "here"), tmp_path / "sweep", paths=1)


def test_workers_need_no_files(tmp_path) -> None:
    """What a scenario says of prices goes along with it."""
    (tmp_path / "prices.csv").write_text(CSV)
    for price in (
        "kind: csv, file: prices.csv",
        "kind: bootstrap, file: prices.csv, start: 9, hours: 5, block: 1",
    ):
        scenario = parse(TINY, "tiny.yaml", [f"vaults.0.price={{{price}}}"], tmp_path)
        before = scenario.outside_prices(3).tolist()
        (tmp_path / "prices.csv").rename(tmp_path / "away.csv")
        assert scenario.outside_prices(3).tolist() == before
        (tmp_path / "away.csv").rename(tmp_path / "prices.csv")


def test_two_commands_do_not_play_one_sweep(sweep, tmp_path) -> None:
    refusals = []

    def second(_done: int, _total: int) -> None:
        with pytest.raises(SweepError) as refused:
            played(sweep, tmp_path, paths=1)
        refusals.append(str(refused.value))

    played(sweep, tmp_path, progress=second, paths=1)
    assert set(refusals) == {f"Another command plays this sweep in {tmp_path}; wait for it."}


def test_a_damaged_part_is_named(sweep, tmp_path) -> None:
    played(sweep, tmp_path, paths=1)
    part = tmp_path / "parts" / Chunk(1, (0,)).name
    part.write_bytes(b"PAR1")
    with pytest.raises(SweepError) as refused:
        played(sweep, tmp_path, paths=1)
    assert str(refused.value).startswith(f"{part} is damaged (")
    assert str(refused.value).endswith("); delete it and repeat the command.")


def test_a_path_that_fails_is_named_and_the_others_are_kept(sweep, tmp_path, monkeypatch) -> None:
    real = Laboratory.play

    def fails(self, path=0, *others):
        if path == 31:
            raise Difference("totals of the pool: chain 1, twin 2")
        return real(self, path, *others)

    with monkeypatch.context() as patch:
        patch.setattr(Laboratory, "play", fails)
        with pytest.raises(SweepError) as refused:
            played(sweep, tmp_path)
    assert str(refused.value) == (
        "Path 31 failed (Difference: totals of the pool: chain 1, twin 2); what was played is kept. To play "
        f"it alone: plimsoll run tiny.yaml --engine revm --path 31 --set '{BROWNIAN}' "
        "--set vaults.0.bonus_max=0.06"
    )
    here = Here()
    played(sweep, tmp_path, here)
    assert min(path for chunk in here.played for path in chunk.paths if chunk.point == 0) == 25


def test_a_market_is_not_kept_for_other_contracts(sweep) -> None:
    """A worker of a cluster lives longer than a sweep."""
    scenarios = {0: sweep.points[0].scenario}
    play(Work(scenarios, artifacts()), Chunk(0, (0,)))
    broken = dict(artifacts()) | {"Factory": replace(artifacts()["Factory"], initcode=b"\xfe")}
    with pytest.raises(sweeping.PathFailed):
        play(Work(scenarios, broken), Chunk(0, (0,)))


# ------------------------------------------------------------------------- agents and measures of one's own


class Bystander:
    """Counts the blocks that it has seen; a new one begins at nothing."""

    name = "bystander"

    def __init__(self) -> None:
        self.seen = 0

    def update(self, _rng, _view):
        self.seen += 1
        return ()

    def record(self, _view):
        return {"seen": self.seen}


def deepest_health(result) -> float | None:
    """The lowest health of a recorded block."""
    return min((row.health_min for row in result.vaults if row.health_min is not None), default=None)


def blocks_seen(result) -> float:
    """What the bystander has recorded last."""
    return max(row.value for row in result.agents if row.key == "seen")


@pytest.mark.parametrize("workers", [None, pytest.param(2, marks=pytest.mark.processes)])
def test_agents_and_measures_of_ones_own(tmp_path, monkeypatch, workers) -> None:
    """By name or as objects, in this process and in others; every path has an agent of its own."""
    (tmp_path / "my_things.py").write_text(
        "\n\n".join(getsource(it) for it in (Bystander, deepest_health, blocks_seen))
    )
    monkeypatch.syspath_prepend(tmp_path)
    own = {
        "agents": ("my_things:Bystander",),
        "measures": ("my_things:deepest_health", "my_things:blocks_seen"),
    }
    with processes(workers) if workers else nullcontext() as crew:
        rows = played(made(**own), tmp_path / "sweep", crew, paths=4)
    assert rows["blocks_seen"].to_pylist() == [7, 7, 7, 7]
    assert len(set(rows["deepest_health"].to_pylist())) == 3  # two rise at once
    objects = {"agents": (Bystander(),), "measures": (deepest_health, blocks_seen)}
    assert played(made(**objects), tmp_path / "other", paths=4) == rows


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"agents": ("nowhere",)}, "'nowhere' names nothing; write it like my_module:MyAgent."),
        (
            {"agents": ("nowhere:It",)},
            "'nowhere:It' cannot be loaded (No module named 'nowhere'); name a module",
        ),
        (
            {"measures": ("json:It",)},
            "'json:It' cannot be loaded (module 'json' has no attribute 'It'); name",
        ),
        ({"measures": ("json:decoder",)}, "'json:decoder' is no measure; name a function of a finished run."),
        (
            {"agents": ("json:decoder",)},
            "'json:decoder' is no agent: it has no name; see `plimsoll.lab.Agent`.",
        ),
        ({"measures": (lambda _: 1, lambda _: 2)}, "There is a measure '<lambda>' already; call yours by"),
    ],
)
def test_what_is_no_agent_or_measure_is_refused(own, message) -> None:
    with pytest.raises(ScenarioError) as refused:
        made(**own).check_own()
    assert str(refused.value).startswith(message)


def test_code_of_a_notebook_is_told_apart() -> None:
    """By what it does, not by where it stands."""

    def of(text: str):
        names = {"__name__": "__main__"}
        exec(text, names)
        return code_of([names["Own"]])

    one = of("class Own:\n  size = 1\n  def update(self, rng, view): return [it + 1 for it in view]")
    assert (
        of("\n\nclass Own:\n  size = 1\n  def update(self, rng, view): return [it + 1 for it in view]") == one
    )
    assert of("class Own:\n  size = 1\n  def update(self, rng, view): return [it + 2 for it in view]") != one
    assert of("class Own:\n  size = 2\n  def update(self, rng, view): return [it + 1 for it in view]") != one
