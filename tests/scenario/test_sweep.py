"""Sweeps: whatever is killed, each path is played and counted once."""

import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from plimsoll.chain.engine import Artifact
from plimsoll.places import PACKAGE
from plimsoll.scenario import sweep as sweeping
from plimsoll.scenario import workers as working
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import ScenarioError, parse
from plimsoll.scenario.run import Laboratory
from plimsoll.scenario.sweep import (
    Chunk,
    Row,
    Sweep,
    SweepError,
    grid_of,
    is_random,
    run,
)
from plimsoll.scenario.workers import Cluster, play, processes
from plimsoll.scenario.world import Difference
from tests.utils.laboratory import TINY, artifacts, tiny

BROWNIAN = "vaults.0.price={kind: gbm, start: 200, hours: 1, volatility: 15}"
CSV = "time,open,high,low,close\n0,200,210,190,195\n1,195,196,150,180\n"


class Here:
    """Plays in this process and keeps what it was given."""

    def __init__(self) -> None:
        self.played: list[Chunk] = []

    def play(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], found: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        for chunk in work:
            self.played.append(chunk)
            yield chunk, play(scenarios[chunk.point], found, chunk)


@pytest.fixture(scope="session")
def sweep(tmp_path_factory) -> Sweep:
    """Two points with 60 paths of random prices each, in six chunks."""
    path = tmp_path_factory.mktemp("scenarios") / "tiny.yaml"
    path.write_text(TINY)
    return Sweep(path, (BROWNIAN,), grid_of(["vaults.0.bonus_max=0.06,0.08"]), 60)


@pytest.fixture(scope="session")
def rows(sweep, tmp_path_factory):
    """What the sweep gives when nothing happens to it."""
    return run(sweep, tmp_path_factory.mktemp("sweeps") / "whole", artifacts(), Here())


def content(folder: Path) -> dict[Path, bytes]:
    """All files below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def killed_half_way(pid_of):
    """A progress that kills a worker once the first rows have come."""
    left = [True]

    def progress(done: int, total: int) -> None:
        if left and 0 < done < total:
            left.clear()
            os.kill(pid_of(), signal.SIGKILL)

    return progress, left


# ------------------------------------------------------------------------------------------------ the grid


@pytest.mark.parametrize(
    ("axes", "grid"),
    [
        ([], ((),)),
        (["a=1,2"], (("a=1",), ("a=2",))),
        (["a=1, 2", "b.0=x"], (("a=1", "b.0=x"), ("a=2", "b.0=x"))),
        (["a=[],[{start: 1, end: 2}],'p,q'"], (("a=[]",), ("a=[{start: 1, end: 2}]",), ("a='p,q'",))),
    ],
)
def test_a_grid_has_every_combination(axes, grid) -> None:
    assert grid_of(axes) == grid


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (["a"], "'a' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["=1"], "'=1' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["a="], "'a=' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["a=[1,2"], "'a=[1,2' is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08."),
        (["a=1", "a=2"], "a stands on two axes of the grid; write all its values on one."),
        (["a=1,2,1"], "'a=1,2,1' has the value 1 twice; remove one."),
    ],
)
def test_what_is_no_grid_is_refused(axes, message) -> None:
    with pytest.raises(ScenarioError) as refused:
        grid_of(axes)
    assert str(refused.value) == message


def test_chunks_cover_each_path_once(sweep) -> None:
    covered = [
        (chunk.point, path)
        for chunk in sweep.chunks()
        for path in range(chunk.first, chunk.first + chunk.count)
    ]
    assert covered == [(point, path) for point in range(2) for path in range(60)]
    assert len({chunk.name for chunk in sweep.chunks()}) == 6


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
    assert min(table["compared"]) > 50


def test_a_sweep_goes_on_with_what_is_missing(sweep, rows, tmp_path) -> None:
    class Interrupted(Here):
        def play(self, work, scenarios, found):
            yield from super().play(work[:2], scenarios, found)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sweep, tmp_path / "sweep", artifacts(), Interrupted())
    here, told = Here(), []
    assert run(sweep, tmp_path / "sweep", artifacts(), here, lambda *now: told.append(now)) == rows
    assert here.played == sweep.chunks()[2:]
    assert told[:2] == [(50, 120), (60, 120)]
    assert told[-1] == (120, 120)
    for chunk in sweep.chunks()[1:4:2]:
        (tmp_path / "sweep" / "parts" / chunk.name).unlink()
    here = Here()
    assert run(sweep, tmp_path / "sweep", artifacts(), here) == rows
    assert here.played == sweep.chunks()[1:4:2]


def test_a_folder_killed_while_it_was_made_is_taken(sweep, tmp_path) -> None:
    (tmp_path / "sweep.part").write_text("{")
    assert run(replace(sweep, paths=1), tmp_path, artifacts(), Here()).num_rows == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("notes.txt", "mine", "holds something else; name another folder with --out."),
        ("sweep.json", "nonsense", "sweep.json is no note of a sweep; name another folder with --out."),
        ("sweep.json", "[]", "sweep.json is no note of a sweep; name another folder with --out."),
        ("sweep.json", '{"digest": "?"}', "holds another sweep (of other settings, paths, candles"),
    ],
)
def test_a_foreign_folder_is_left_as_it_is(sweep, tmp_path, name, text, message) -> None:
    (tmp_path / name).write_text(text)
    here = Here()
    with pytest.raises(SweepError) as refused:
        run(sweep, tmp_path, artifacts(), here)
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
            run(sweep, tmp_path / folder, artifacts(), Here())
        assert f"{folder} {message}; name another one with --out." in str(refused.value)


def test_rows_of_other_sweeps_are_not_mixed(sweep, tmp_path) -> None:
    small = replace(sweep, paths=1)
    run(small, tmp_path / "sweep", artifacts(), Here())
    before = content(tmp_path)
    other = dict(artifacts()) | {"Pool": replace(artifacts()["Pool"], initcode=b"\0")}
    for changed, found in (
        (replace(small, paths=2), artifacts()),
        (replace(small, settings=(BROWNIAN, "seed=8")), artifacts()),
        (replace(small, grid=grid_of(["vaults.0.bonus_max=0.06,0.07"])), artifacts()),
        (small, other),
    ):
        with pytest.raises(SweepError, match="holds another sweep"):
            run(changed, tmp_path / "sweep", found, Here())
    assert content(tmp_path) == before


def test_changed_candles_make_another_sweep(tmp_path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "prices.csv").write_text(CSV)
    sweep = Sweep(tmp_path / "tiny.yaml", ("vaults.0.price={kind: csv, file: prices.csv}",), ((),), 1)
    run(sweep, tmp_path / "sweep", artifacts(), Here())
    (tmp_path / "prices.csv").write_text(CSV.replace("180", "181"))
    with pytest.raises(SweepError, match="holds another sweep"):
        run(sweep, tmp_path / "sweep", artifacts(), Here())


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
            run(replace(sweep, paths=1), tmp_path, artifacts(), Here())
        refusals.append(str(refused.value))

    run(replace(sweep, paths=1), tmp_path, artifacts(), Here(), second)
    assert set(refusals) == {f"Another command plays this sweep in {tmp_path}; wait for it."}


def test_a_damaged_part_is_named(sweep, tmp_path) -> None:
    small = replace(sweep, paths=1)
    run(small, tmp_path, artifacts(), Here())
    part = tmp_path / "parts" / small.chunks()[1].name
    part.write_bytes(b"PAR1")
    with pytest.raises(SweepError) as refused:
        run(small, tmp_path, artifacts(), Here())
    assert str(refused.value).startswith(f"{part} is damaged (")
    assert str(refused.value).endswith("); delete it and repeat the command.")


def test_a_path_that_fails_is_named_and_the_others_are_kept(sweep, tmp_path, monkeypatch) -> None:
    real = Laboratory.play

    def fails(self, path=0, **options):
        if path == 31:
            raise Difference("totals of the pool: chain 1, twin 2")
        return real(self, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Laboratory, "play", fails)
        with pytest.raises(SweepError) as refused:
            run(sweep, tmp_path, artifacts(), Here())
    assert str(refused.value) == (
        "Path 31 failed (Difference: totals of the pool: chain 1, twin 2); what was played is kept. To play "
        f"it alone: plimsoll run {sweep.path} --engine revm --path 31 --set '{BROWNIAN}' "
        "--set vaults.0.bonus_max=0.06"
    )
    here = Here()
    run(sweep, tmp_path, artifacts(), here)
    assert here.played == sweep.chunks()[1:]


def test_a_market_is_not_kept_for_other_contracts(sweep) -> None:
    """A worker of a cluster lives longer than a sweep."""
    scenario = sweep.scenarios()[0]
    play(scenario, artifacts(), Chunk(0, 0, 1))
    broken = dict(artifacts()) | {"Factory": replace(artifacts()["Factory"], initcode=b"\xfe")}
    with pytest.raises(sweeping.PathFailed):
        play(scenario, broken, Chunk(0, 0, 1))


# -------------------------------------------------------------------------------------------------- workers


def test_a_process_is_killed_half_way(sweep, rows, tmp_path) -> None:
    progress, left = killed_half_way(lambda: multiprocessing.active_children()[0].pid)
    with processes(2) as crew:
        assert run(sweep, tmp_path / "sweep", artifacts(), crew, progress) == rows
    assert not left
    assert multiprocessing.active_children() == []


def test_interrupts_are_not_the_workers_business(sweep, rows, tmp_path) -> None:
    """In a terminal Ctrl-C reaches them as well; who started them says when they end."""
    told: list[set[int | None]] = []

    def progress(done: int, total: int) -> None:
        if 0 < done < total:
            told.append({process.pid for process in multiprocessing.active_children()})
            for pid in told[-1]:
                os.kill(pid, signal.SIGINT)

    with processes(2) as crew:
        assert run(sweep, tmp_path / "sweep", artifacts(), crew, progress) == rows
    assert len(told) > 2
    assert len(set.union(*told)) == 2


def test_one_process_gives_the_same_rows_as_three(sweep, rows, tmp_path) -> None:
    small = replace(sweep, paths=30)
    expected = rows.slice(0, 30).to_pylist() + rows.slice(60, 30).to_pylist()
    for workers in (1, 3):
        with processes(workers) as crew:
            table = run(small, tmp_path / str(workers), artifacts(), crew)
        assert table.to_pylist() == expected


def test_a_failure_in_a_process_names_the_path(sweep, tmp_path) -> None:
    broken = dict(artifacts()) | {"Factory": replace(artifacts()["Factory"], initcode=b"\xfe")}
    with (
        pytest.raises(
            SweepError, match=r"Path \d+ failed \(CallReverted: no reason\); what was played is kept"
        ),
        processes(2) as crew,
    ):
        run(sweep, tmp_path, broken, crew)
    assert multiprocessing.active_children() == []


def test_processes_that_always_die_end_the_sweep(sweep, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(working, "play", lambda *_: os._exit(1))
    with pytest.raises(SweepError) as refused, processes(1) as crew:
        run(sweep, tmp_path, artifacts(), crew)
    assert re.fullmatch(
        r"Workers died again and again while they played paths \d+ to \d+ of grid point \d, perhaps "
        r"for lack of memory; what was played is kept, and the same command goes on, best with fewer "
        r"--workers\.",
        str(refused.value),
    )
    assert json.loads((tmp_path / "sweep.json").read_text())["paths"] == 60


def test_the_version_is_of_all_code_that_plays() -> None:
    code = (
        "import sys, plimsoll.scenario.workers\n"
        "print(*(it.__file__ for name, it in sys.modules.items() if name.startswith('plimsoll.')), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {Path(line) for line in done.stdout.splitlines()}
    assert len(loaded) > 30
    assert loaded - set(sweeping._code()) == {PACKAGE / "report" / "__init__.py"}


def test_workers_of_another_version_are_refused(tmp_path, monkeypatch) -> None:
    """Their rows would be of another protocol."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        Cluster(cluster.scheduler_address).close()
        shutil.copytree(sweeping.PACKAGE, tmp_path / "plimsoll")
        with (tmp_path / "plimsoll" / "scenario" / "run.py").open("a") as code:
            code.write("# changed")
        monkeypatch.setattr(sweeping, "PACKAGE", tmp_path / "plimsoll")
        with pytest.raises(SweepError, match=r"worker at tcp.* has another version of Plimsoll, or none"):
            Cluster(cluster.scheduler_address)


def test_a_worker_of_a_cluster_is_killed_half_way(sweep, rows, tmp_path) -> None:
    """Two workers with two threads each."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=":0", silence_logs=50
    ) as cluster:
        progress, left = killed_half_way(lambda: cluster.workers[0].pid)
        with closing(Cluster(cluster.scheduler_address)) as crew:
            assert run(sweep, tmp_path / "sweep", artifacts(), crew, progress) == rows
        assert not left
