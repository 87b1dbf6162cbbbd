"""The processes that play a sweep: whatever is killed, each path is played and counted once."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import dask
import pytest
from distributed.nanny import Nanny

from plimsoll.places import PACKAGE
from plimsoll.scenario import sweep as sweeping
from plimsoll.scenario import workers as working
from plimsoll.scenario.grid import grid_of, settings_of
from plimsoll.scenario.sweep import Sweep
from plimsoll.scenario.sweep_folder import SweepError
from plimsoll.scenario.workers import Cluster, processes
from tests.utils.laboratory import artifacts
from tests.utils.sweeps import BONUS, made, played

pytestmark = pytest.mark.processes
DEAD = (
    r"^Workers died again and again while they played paths \d+ to \d+ of grid point \d, perhaps for lack of "
    r"memory; what was played is kept, and the same command goes on, best with fewer --workers\.$"
)
PATHS = 30  # two chunks for each of two points


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    """Two points with random prices."""
    return made(BONUS)


@pytest.fixture(scope="module")
def rows(sweep, tmp_path_factory):
    """What one process gives when nothing happens to it."""
    return played(sweep, tmp_path_factory.mktemp("sweeps") / "whole", paths=PATHS)


def killed_half_way(pid_of):
    """A progress that kills a worker once the first rows have come."""
    left = [True]

    def progress(done: int, total: int) -> None:
        if left and 0 < done < total:
            left.clear()
            os.kill(pid_of(), signal.SIGKILL)

    return progress, left


def test_a_process_is_killed_half_way(sweep, rows, tmp_path) -> None:
    progress, left = killed_half_way(lambda: multiprocessing.active_children()[0].pid)
    with processes(2) as crew:
        assert played(sweep, tmp_path / "sweep", crew, progress, PATHS) == rows
    assert not left
    assert multiprocessing.active_children() == []


def test_processes_that_always_die_end_the_sweep(sweep, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(working, "ALONE", "5s")
    monkeypatch.setattr(working, "play", lambda *_: os._exit(1))
    once = dask.config.set({"distributed.scheduler.allowed-failures": 1})
    with once, pytest.raises(SweepError, match=DEAD), processes(1) as crew:
        played(sweep, tmp_path, crew)
    assert multiprocessing.active_children() == []
    assert json.loads((tmp_path / "sweep.json").read_text())["grid"] == [
        list(each) for each in settings_of(grid_of([BONUS]))
    ]


def test_a_process_that_is_not_replaced_ends_the_sweep(sweep, tmp_path, monkeypatch) -> None:
    """As when the machine is too busy to start another in time."""

    async def left_alone(*_: object) -> None:
        pass

    monkeypatch.setattr(Nanny, "_on_worker_exit", left_alone)
    monkeypatch.setattr(working, "ALONE", "1s")
    monkeypatch.setattr(working, "play", lambda *_: os._exit(1))
    with pytest.raises(SweepError, match=DEAD), processes(1) as crew:
        played(sweep, tmp_path, crew)


@pytest.fixture(scope="module")
def crew() -> Iterator[Cluster]:
    """Two processes, of which no test wants the end."""
    with processes(2) as crew:
        yield crew


def test_interrupts_are_not_the_workers_business(sweep, rows, crew, tmp_path) -> None:
    """In a terminal Ctrl-C reaches them as well; who started them says when they end."""
    told: list[set[int | None]] = []

    def progress(done: int, total: int) -> None:
        if 0 < done < total:
            told.append({process.pid for process in multiprocessing.active_children()})
            for pid in told[-1]:
                os.kill(pid, signal.SIGINT)

    assert played(sweep, tmp_path / "sweep", crew, progress, PATHS) == rows
    assert len(told) > 2
    assert len(set.union(*told)) == 2


def test_workers_do_not_profile_what_they_play(sweep, crew, tmp_path) -> None:
    """Dask does by default, which took a tenth of a sweep's time."""
    played(sweep, tmp_path / "sweep", crew, paths=PATHS)
    assert crew._client.profile()["count"] == 0


def test_a_failure_in_a_process_names_the_path(sweep, crew, tmp_path) -> None:
    broken = dict(artifacts()) | {"Factory": replace(artifacts()["Factory"], initcode=b"\xfe")}
    with pytest.raises(
        SweepError, match=r"Path \d+ failed \(CallReverted: no reason\); what was played is kept"
    ):
        played(sweep, tmp_path, crew, paths=PATHS, found=broken)


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
            assert played(sweep, tmp_path / "sweep", crew, progress, PATHS) == rows
        assert not left
