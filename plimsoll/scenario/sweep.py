"""Plays a scenario many times: a grid of settings, many random paths each, on processes or machines.

The work is cut into chunks of paths. Workers play a chunk and give back a row of measures a path; this
process writes each finished chunk into the sweep's folder at once, under a name of its own. So whatever is
killed, the sweep goes on with the chunks that are missing, and no path is counted twice.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shlex
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice, product
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread, local
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml.error import YAMLError

from plimsoll.chain.engine import Artifact
from plimsoll.chain.revm import Revm
from plimsoll.report.measures import measure
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.paths import Bootstrap, Candles, Waypoints
from plimsoll.scenario.reading import ScenarioError, load
from plimsoll.scenario.run import Laboratory, clock_of
from plimsoll.yaml_lines import reader

PACKAGE = Path(__file__).parents[1]

CHUNK = 25  # paths
AHEAD = 4  # chunks under way for each thread of a cluster
ATTEMPTS = 3  # of a chunk whose process died

Row = dict[str, Any]
Progress = Callable[[int, int], None]


class SweepError(RuntimeError):
    """A sweep that cannot go on; the message is one sentence."""


class PathFailed(Exception):
    """A path that cannot be played.

    Attributes:
        place: number of its place in the grid.
        path: its number.
        reason: what went wrong.
    """

    def __init__(self, place: int, path: int, reason: str) -> None:
        """A path by its numbers."""
        super().__init__(place, path, reason)  # all of them, so that it can be sent
        self.place, self.path, self.reason = place, path, reason


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

    def __str__(self) -> str:
        """As people read it."""
        return f"paths {self.first} to {self.first + self.count - 1} of place {self.place} in the grid"


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
        """Tells sweeps apart whose rows must not be mixed: by scenarios, candles, contracts, our own code."""
        scenarios = self.scenarios()
        files = {"vaults": {"__all__": {"price": {"file"}}}}  # their content counts, wherever they lie
        told = [[each.model_dump_json(exclude=files) for each in scenarios], self.grid, self.paths, CHUNK]
        parts = [json.dumps(told).encode()]
        prices = [vault.price for scenario in scenarios for vault in scenario.vaults]
        parts += [price.file.read_bytes() for price in prices if isinstance(price, Candles | Bootstrap)]
        parts += [artifacts[name].initcode for name in sorted(artifacts)]
        return _digest([*parts, code_version().encode()])

    def command(self, place: int, path: int) -> str:
        """What plays one path alone."""
        settings = [word for each in (*self.settings, *self.grid[place]) for word in ("--set", each)]
        words = ["ape", "run", "scenario", str(self.path), "--engine", "revm", "--path", str(path)]
        return shlex.join([*words, *settings])


def code_version() -> str:
    """Tells versions of our own code apart, of all that can change what a path gives."""
    code = [*PACKAGE.glob("*.py"), PACKAGE / "report" / "measures.py"]
    for name in ("chain", "keeper", "scenario", "twin"):
        code += (PACKAGE / name).glob("*.py")
    return _digest(path.read_bytes() for path in sorted(code))


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def is_random(scenario: Scenario) -> bool:
    """Whether its paths differ at all: prices are drawn, or who goes first is."""
    lenders = scenario.pool.lenders
    return (
        scenario.order == "random"
        or lenders.flee_loss
        or lenders.flee_utilisation is not None
        or any(not isinstance(vault.price, Waypoints | Candles) for vault in scenario.vaults)
    )


def grid_of(axes: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Every combination of axes like `vaults.0.bonus_max=0.05,0.08`; without an axis a single place.

    Raises:
        ScenarioError: an axis has no values, or says something twice.
    """
    choices: dict[str, list[str]] = {}
    for axis in axes:
        key, _, text = axis.partition("=")
        values = _values(text)
        if not key or not values:
            raise ScenarioError(f"{axis!r} is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08.")
        if key in choices:
            raise ScenarioError(f"{key} stands on two axes of the grid; write all its values on one.")
        if twice := [value for value, times in Counter(values).items() if times > 1]:
            raise ScenarioError(f"{axis!r} has the value {twice[0]} twice; remove one.")
        choices[key] = [f"{key}={value}" for value in values]
    return tuple(product(*choices.values()))


def _values(text: str) -> list[str]:
    """The values of an axis as they are written; commas in brackets and quotes belong to a value."""
    try:
        found = reader().compose(f"[{text}]")
    except YAMLError:
        return []
    parts = found.value if found else []
    return [text[part.start_mark.index - 1 : part.end_mark.index - 1] for part in parts]


# ------------------------------------------------------------------------------------------------- workers

_kept = local()  # the last market of this thread: scenario, artifacts, laboratory


def play(scenario: Scenario, artifacts: Mapping[str, Artifact], chunk: Chunk) -> list[Row]:
    """Plays a chunk; what a worker does. The market is built once for all chunks of a scenario.

    Raises:
        PathFailed: whatever was wrong with one of its paths.
    """
    rows = []
    for path in range(chunk.first, chunk.first + chunk.count):
        try:
            result = _laboratory(scenario, artifacts).play(path)
            row = {"place": chunk.place, "path": path, "compared": result.compared, **measure(result)}
        except Exception as error:
            raise PathFailed(chunk.place, path, _reason(error)) from None
        rows.append(row)
    return rows


def _reason(error: Exception) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split()).removesuffix(".")


def _laboratory(scenario: Scenario, artifacts: Mapping[str, Artifact]) -> Laboratory:
    kept = getattr(_kept, "market", None)
    if kept is None or kept[:2] != (scenario, artifacts):
        _kept.market = None  # its memory is needed
        kept = scenario, artifacts, Laboratory(scenario, Revm(clock_of(scenario)), artifacts)
        _kept.market = kept
    laboratory: Laboratory = kept[2]
    return laboratory


class Crew(Protocol):
    """Where chunks are played."""

    def play(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], artifacts: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        """The rows of each chunk, in any order; each once.

        Raises:
            PathFailed: one of the paths cannot be played.
            SweepError: workers fail.
        """


class Processes:
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        """So many processes."""
        self._workers = workers

    def play(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], artifacts: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        """See `Crew`. The chunk of a process that dies is played again, by another one."""
        waiting = deque(work)
        crew: dict[Connection, BaseProcess] = {}
        under_way: dict[Connection, Chunk] = {}
        deaths: Counter[Chunk] = Counter()

        def hire() -> Connection:
            line, process = _start()
            crew[line] = process
            return line

        def hand_to(line: Connection) -> None:
            if waiting:
                under_way[line] = chunk = waiting.popleft()
                with suppress(OSError):  # it has died, and will be found dead
                    line.send((scenarios[chunk.place], artifacts, chunk))

        try:
            for line in [hire() for _ in range(min(self._workers, len(work)))]:
                hand_to(line)
            while under_way:
                ready = wait(list(under_way))
                for line in [line for line in under_way if line in ready]:
                    chunk = under_way.pop(line)
                    try:
                        answer = line.recv()
                    except (EOFError, OSError):
                        deaths[chunk] += 1
                        _check_deaths(deaths[chunk], chunk, crew.pop(line))
                        waiting.appendleft(chunk)
                        hand_to(hire())
                        continue
                    if isinstance(answer, PathFailed):
                        raise answer
                    hand_to(line)
                    yield chunk, answer
        finally:
            for process in crew.values():
                process.terminate()
            for process in crew.values():
                process.join()


def _check_deaths(times: int, chunk: Chunk, process: BaseProcess) -> None:
    process.join()
    if times == ATTEMPTS:
        raise SweepError(
            f"{times} processes died while they played {chunk}, the last with exit code {process.exitcode}, "
            "perhaps for lack of memory; what was played is kept, and the same command goes on, best with "
            "fewer --workers."
        )


def _start() -> tuple[Connection, BaseProcess]:
    """A process that plays what comes down the line; Ctrl-C is its parent's business."""
    context = get_context("spawn")  # fork would copy the locks of this process's threads
    line, end = context.Pipe()
    process = context.Process(target=_work, args=(end,), daemon=True)
    resource_tracker.ensure_running()  # starting that would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # the process inherits this
    sys.path.insert(0, str(PACKAGE.parent))  # and this, which `ape run` takes away
    try:
        process.start()
    finally:
        sys.path.pop(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        end.close()
    return line, process


def _work(line: Connection) -> None:
    """What a process does."""
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)  # in the midst of a path

    Thread(target=follow, daemon=True).start()
    while True:
        scenario, artifacts, chunk = line.recv()
        try:
            line.send(play(scenario, artifacts, chunk))
        except PathFailed as failed:
            line.send(failed)


class Cluster:
    """A Dask cluster; whose workers need this package, but none of its files."""

    def __init__(self, address: str) -> None:
        """Connects to a scheduler, until `close`.

        Raises:
            SweepError: dask is not installed, nobody answers there, there are no workers, or they have
                another version of this package.
        """
        try:
            from distributed import Client
        except ImportError:
            raise SweepError("Dask is not installed; `make setup` brings it.") from None
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # errors end in a sentence of ours
        try:
            self._client = Client(address, timeout="10s")
        except (OSError, TimeoutError, ValueError) as error:
            raise SweepError(f"No Dask scheduler answers at {address} ({error}); start one first.") from None
        if not self._client.nthreads():
            self.close()
            raise SweepError(f"The Dask scheduler at {address} has no workers; start some first.")
        versions = self._client.run(code_version, on_error="return")
        if others := sorted(worker for worker, version in versions.items() if version != code_version()):
            self.close()
            raise SweepError(
                f"The Dask worker at {others[0]} has another version of Plimsoll, or none; install this one."
            )

    def close(self) -> None:
        """Disconnects; what is under way is dropped."""
        self._client.close()

    def play(
        self, work: Sequence[Chunk], scenarios: Sequence[Scenario], artifacts: Mapping[str, Artifact]
    ) -> Iterator[tuple[Chunk, list[Row]]]:
        """See `Crew`. Dask gives the chunks of a worker that dies to others, and waits for new ones."""
        from distributed import as_completed

        rest = iter(work)
        under_way: dict[Any, Chunk] = {}  # by the future's key

        def submit(count: int) -> list[Any]:
            futures = []
            for chunk in islice(rest, count):
                # each task carries all that it needs, 0.2 MB, so that no worker's death can lose it
                future = self._client.submit(play, scenarios[chunk.place], artifacts, chunk, pure=False)
                under_way[future.key] = chunk
                futures.append(future)
            return futures

        finished = as_completed(submit(AHEAD * sum(self._client.nthreads().values())))
        for future in finished:
            chunk = under_way.pop(future.key)
            try:
                rows = future.result()
            except PathFailed:
                raise
            except Exception as error:  # of the cluster
                raise SweepError(
                    f"The Dask cluster has lost {chunk} ({_reason(error)}); what was played is kept, and the "
                    "same command goes on."
                ) from None
            for more in submit(1):
                finished.add(more)
            yield chunk, rows


# ------------------------------------------------------------------------------------------------- driving


def run(
    sweep: Sweep,
    folder: Path,
    artifacts: Mapping[str, Artifact],
    crew: Crew,
    progress: Progress | None = None,
) -> pa.Table:
    """Plays what is missing in a folder; returns the rows of all paths, in order.

    Until its end it holds a few chunks, then all rows: 8 bytes a measure, at times twice.

    Raises:
        SweepError: the folder holds another sweep or something else, a path cannot be played, or workers
            fail; what was played is kept.
        ScenarioError: a place in the grid is impossible.
    """
    scenarios = sweep.scenarios()
    with _claimed(folder, sweep, artifacts):
        parts = folder / "parts"
        parts.mkdir(exist_ok=True)
        chunks = sweep.chunks()
        missing = [chunk for chunk in chunks if not (parts / chunk.name).exists()]
        total = len(sweep.grid) * sweep.paths
        done = total - sum(chunk.count for chunk in missing)
        if progress:
            progress(done, total)
        try:
            for chunk, rows in crew.play(missing, scenarios, artifacts):
                _write(pa.Table.from_pylist(rows, schema=_schema(rows)), parts / chunk.name)
                done += chunk.count
                if progress:
                    progress(done, total)
        except PathFailed as failed:
            raise SweepError(
                f"Path {failed.path} failed ({failed.reason}); what was played is kept. To play it alone: "
                f"{sweep.command(failed.place, failed.path)}"
            ) from None
        table = _read([parts / chunk.name for chunk in chunks])
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


def _read(paths: Sequence[Path]) -> pa.Table:
    """The rows of many small files, in order; a table for each of them would take ten times their memory."""
    joined = []
    for first in range(0, len(paths), 1_000):
        tables = []
        for path in paths[first : first + 1_000]:
            try:
                tables.append(pq.read_table(path))
            except pa.ArrowException as error:
                raise SweepError(f"{path} is damaged ({error}); delete it and repeat the command.") from None
        joined.append(pa.concat_tables(tables).combine_chunks())
    return pa.concat_tables(joined)


@contextmanager
def _claimed(folder: Path, sweep: Sweep, artifacts: Mapping[str, Artifact]) -> Iterator[None]:
    """Makes the folder this sweep's, or finds that it is; nobody else plays there meanwhile."""
    note = folder / "sweep.json"
    part = note.with_suffix(".part")
    digest = sweep.digest(artifacts)
    if not note.exists():
        if folder.exists() and not folder.is_dir():
            raise SweepError(f"{folder} is not a folder; name another one with --out.")
        if folder.exists() and any(each != part for each in folder.iterdir()):
            raise SweepError(f"{folder} holds something else; name another folder with --out.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = str(error.strerror or error).lower()
            raise SweepError(f"{folder} cannot be made ({reason}); name another one with --out.") from None
        told = {
            "digest": digest,
            "scenario": sweep.path.name,
            "settings": sweep.settings,
            "grid": sweep.grid,
            "paths": sweep.paths,
        }
        part.write_text(json.dumps(told, indent=2) + "\n")
        part.replace(note)
    with note.open(encoding="utf-8") as lines:
        try:
            known = json.load(lines)["digest"]
        except (ValueError, KeyError, TypeError):
            raise SweepError(f"{note} is no note of a sweep; name another folder with --out.") from None
        if known != digest:
            raise SweepError(
                f"{folder} holds another sweep (of other settings, paths, candles, contracts or another "
                "version of Plimsoll); name another folder with --out, or delete it."
            )
        try:
            fcntl.flock(lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SweepError(f"Another command plays this sweep in {folder}; wait for it.") from None
        yield
