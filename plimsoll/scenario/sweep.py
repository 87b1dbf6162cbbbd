"""Plays a scenario many times: a grid of settings, many random paths each, on processes or machines.

The work is cut into chunks of paths. Workers play a chunk and give back a row of measures a path; this
process writes each finished chunk into the sweep's folder at once, under a name of its own. So whatever is
killed, the sweep goes on with the chunks that are missing, and no path is counted twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from plimsoll.chain.engine import Artifact
from plimsoll.chain.revm import Revm
from plimsoll.report.measures import measure
from plimsoll.scenario.config import Scenario, ScenarioError, load
from plimsoll.scenario.run import Laboratory, clock_of

CHUNK = 25  # paths
AHEAD = 4  # chunks under way for each worker
ATTEMPTS = 3  # of a chunk whose process died

Row = dict[str, Any]
Progress = Callable[[int, int], None]


class SweepError(RuntimeError):
    """A sweep that cannot go on; the message is one sentence."""


@dataclass(frozen=True)
class Chunk:
    """Some paths of one place in the grid."""

    place: int
    first: int
    count: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.place:05}-{self.first:07}.parquet"


@dataclass(frozen=True)
class Sweep:
    """What is to be played.

    Attributes:
        path: the scenario's file.
        settings: for all, like `pool.supply=1000`.
        grid: settings of each place in the grid.
        paths: random paths for each of them.
    """

    path: Path
    settings: tuple[str, ...]
    grid: tuple[tuple[str, ...], ...]
    paths: int

    def scenarios(self) -> list[Scenario]:
        """The scenario of each place in the grid.

        Raises:
            ScenarioError: one of them is impossible.
        """
        return [load(self.path, (*self.settings, *place)) for place in self.grid]

    def chunks(self) -> list[Chunk]:
        """All that is to be done."""
        return [
            Chunk(place, first, min(CHUNK, self.paths - first))
            for place in range(len(self.grid))
            for first in range(0, self.paths, CHUNK)
        ]

    def digest(self, artifacts: Mapping[str, Artifact]) -> str:
        """Tells sweeps apart whose rows must not be mixed."""
        told = [[scenario.model_dump_json() for scenario in self.scenarios()], self.grid, self.paths, CHUNK]
        codes = b"".join(artifacts[name].initcode for name in sorted(artifacts))
        return hashlib.sha256(json.dumps(told).encode() + codes).hexdigest()


def grid_of(axes: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Every combination of axes like `vaults.0.bonus_max=0.05,0.08`.

    Raises:
        ScenarioError: an axis has no values.
    """
    choices = []
    for axis in axes:
        key, equals, values = axis.partition("=")
        parts = [value.strip() for value in values.split(",") if value.strip()]
        if not key or not equals or not parts:
            raise ScenarioError(f"{axis!r} is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08.")
        choices.append([f"{key}={value}" for value in parts])
    return tuple(product(*choices))


# ------------------------------------------------------------------------------------------------- workers

_kept: tuple[str, Laboratory] | None = None  # the last market of this process


def play(scenario: Scenario, artifacts: Mapping[str, Artifact], chunk: Chunk) -> list[Row]:
    """Plays a chunk; what a worker does. The market is built once for all chunks of a scenario."""
    global _kept
    told = scenario.model_dump_json()
    if _kept is None or _kept[0] != told:
        _kept = None
        _kept = told, Laboratory(scenario, Revm(clock_of(scenario)), artifacts)
    laboratory = _kept[1]
    rows = []
    for path in range(chunk.first, chunk.first + chunk.count):
        result = laboratory.play(path, recorded=1)
        rows.append({"place": chunk.place, "path": path, "compared": result.compared, **measure(result)})
    return rows


class Crew(Protocol):
    """Where chunks are played."""

    def play(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], artifacts: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        """The rows of each chunk, in any order; each once."""


class Processes:
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        """So many processes."""
        self._workers = workers

    def play(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], artifacts: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        """See `Crew`. A process that dies takes its chunks with it; they are played again.

        Raises:
            SweepError: processes die again and again.
        """
        left = list(work)
        for _ in range(ATTEMPTS):
            done = set()
            try:
                for chunk, rows in self._once(left, scenarios, artifacts):
                    done.add(chunk)
                    yield chunk, rows
                return
            except BrokenProcessPool:
                left = [chunk for chunk in left if chunk not in done]
        raise SweepError(
            f"Processes died {ATTEMPTS} times, perhaps for lack of memory; take fewer --workers and repeat "
            "the command, which goes on where this one stopped."
        )

    def _once(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], artifacts: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        pool = ProcessPoolExecutor(self._workers)
        try:
            rest = iter(work)
            under_way: dict[Future[list[Row]], Chunk] = {}

            def submit(count: int) -> None:
                for chunk in islice(rest, count):
                    under_way[pool.submit(play, scenarios[chunk.place], artifacts, chunk)] = chunk

            submit(AHEAD * self._workers)
            while under_way:
                finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in finished:
                    chunk = under_way.pop(future)
                    yield chunk, future.result()
                submit(len(finished))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class Cluster:
    """A Dask cluster; whose workers need this package, but none of its files."""

    def __init__(self, address: str) -> None:
        """Connects to a scheduler.

        Raises:
            SweepError: dask is not installed, or nobody answers there.
        """
        try:
            from distributed import Client
        except ImportError:
            raise SweepError("Dask is not installed; `make setup` brings it.") from None
        try:
            self._client = Client(address, timeout="10s")
        except (OSError, TimeoutError, ValueError) as error:
            raise SweepError(f"No Dask scheduler answers at {address} ({error}); start one first.") from None

    def play(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], artifacts: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        """See `Crew`. Dask gives the chunks of a worker that dies to others.

        Raises:
            SweepError: no worker is left.
        """
        from distributed import as_completed

        client = self._client
        code = client.scatter(dict(artifacts), broadcast=True, hash=True)
        rest = iter(work)

        under_way: dict[Any, Chunk] = {}  # by the future's key

        def submit(count: int) -> list[Any]:
            futures = []
            for chunk in islice(rest, count):
                future = client.submit(
                    play, scenarios[chunk.place], code, chunk, pure=False, retries=ATTEMPTS
                )
                under_way[future.key] = chunk
                futures.append(future)
            return futures

        workers = max(1, len(client.scheduler_info()["workers"]))
        finished = as_completed(submit(AHEAD * workers))
        for future in finished:
            yield under_way.pop(future.key), future.result()
            for more in submit(1):
                finished.add(more)


# ------------------------------------------------------------------------------------------------- driving


def run(
    sweep: Sweep,
    folder: Path,
    artifacts: Mapping[str, Artifact],
    crew: Crew,
    progress: Progress | None = None,
) -> pa.Table:
    """Plays what is missing in a folder; returns the rows of all paths, in order.

    Raises:
        SweepError: the folder holds another sweep, or something else.
        ScenarioError: a place in the grid is impossible.
    """
    scenarios = sweep.scenarios()
    _claim(folder, sweep, artifacts)
    chunks = sweep.chunks()
    missing = [chunk for chunk in chunks if not (folder / "parts" / chunk.name).exists()]
    total = len(sweep.grid) * sweep.paths
    done = total - sum(chunk.count for chunk in missing)
    if progress:
        progress(done, total)
    for chunk, rows in crew.play(missing, scenarios, artifacts):
        _write(pa.Table.from_pylist(rows, schema=_schema(rows)), folder / "parts" / chunk.name)
        done += chunk.count
        if progress:
            progress(done, total)
    table = pa.concat_tables([pq.read_table(folder / "parts" / chunk.name) for chunk in chunks])
    _write(table, folder / "paths.parquet")
    return table


def _schema(rows: Sequence[Row]) -> pa.Schema:
    """Whole numbers for what counts, floats for measures, also where all of them are None."""
    return pa.schema(
        [(name, pa.int64() if name in ("place", "path", "compared") else pa.float64()) for name in rows[0]]
    )


def _write(table: pa.Table, path: Path) -> None:
    part = path.with_suffix(".part")
    pq.write_table(table, part)
    part.replace(path)


def _claim(folder: Path, sweep: Sweep, artifacts: Mapping[str, Artifact]) -> None:
    """Makes the folder this sweep's, or finds that it is."""
    note = folder / "sweep.json"
    digest = sweep.digest(artifacts)
    if note.exists():
        try:
            known = json.loads(note.read_text())["digest"]
        except (ValueError, KeyError, TypeError):
            raise SweepError(f"{note} is no note of a sweep; name another folder with --out.") from None
        if known != digest:
            raise SweepError(
                f"{folder} holds another sweep (of other settings, paths or contracts); name another folder "
                "with --out, or delete it."
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise SweepError(f"{folder} holds something else; name another folder with --out.")
    (folder / "parts").mkdir(parents=True)
    told = {
        "digest": digest,
        "scenario": sweep.path.name,
        "settings": sweep.settings,
        "grid": sweep.grid,
        "paths": sweep.paths,
    }
    part = note.with_suffix(".part")
    part.write_text(json.dumps(told, indent=2) + "\n")
    part.replace(note)
