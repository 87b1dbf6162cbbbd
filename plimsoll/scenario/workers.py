"""Plays the chunks of a sweep on a Dask cluster, or on processes of this machine, which are one too."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from threading import local
from typing import Any

from plimsoll.chain.engine import Artifact
from plimsoll.chain.revm import Revm
from plimsoll.places import PACKAGE
from plimsoll.report.measures import measure
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.own import agent_of, measure_of
from plimsoll.scenario.run import Laboratory, clock_of
from plimsoll.scenario.sample import fall
from plimsoll.scenario.sweep import Chunk, PathFailed, Row, Work, code_version
from plimsoll.scenario.sweep_folder import SweepError

AHEAD = 4  # chunks under way for each thread of a cluster

_kept = local()  # the last market of this thread: scenario, artifacts, laboratory


def play(work: Work, chunk: Chunk) -> list[Row]:
    """Plays a chunk; what a worker does. The market is built once for all chunks of a scenario.

    Raises:
        PathFailed: whatever was wrong with one of its paths.
    """
    rows = []
    for path in chunk.paths:
        try:
            rows.append(_row(work, chunk.point, path))
        except PathFailed:
            raise
        except Exception as error:
            raise PathFailed(chunk.point, path, _reason(error)) from None
    return rows


def _row(work: Work, point: int, path: int) -> Row:
    """What one path gives."""
    scenario = work.scenarios[point]
    result = laboratory_of(scenario, work.artifacts).play(path, [agent_of(own) for own in work.agents])
    row: Row = {"point": point, "path": path, "compared": result.compared, "fall": fall(scenario, path)}
    row |= measure(result)
    for own in work.measures:
        name, function = measure_of(own)
        try:
            value = function(result)
            row[name] = None if value is None else float(value)
        except Exception as error:
            raise PathFailed(point, path, f"in the measure {name!r}, {_reason(error)}") from None
    return row


def _reason(error: Exception) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split()).removesuffix(".")


def laboratory_of(scenario: Scenario, artifacts: Mapping[str, Artifact]) -> Laboratory:
    """The market of a scenario, in this process; the last one of this thread is kept."""
    kept = getattr(_kept, "market", None)
    if kept is None or kept[:2] != (scenario, artifacts):
        _kept.market = None  # its memory is needed
        kept = scenario, artifacts, Laboratory(scenario, Revm(clock_of(scenario)), artifacts)
        _kept.market = kept
    laboratory: Laboratory = kept[2]
    return laboratory


class InProcess:
    """Plays in this process, one chunk after the other."""

    size = 1

    def play(self, chunks: Sequence[Chunk], work: Work) -> Iterator[tuple[Chunk, list[Row]]]:
        """See `Crew`."""
        for chunk in chunks:
            yield chunk, play(work, chunk)


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
            raise SweepError("Dask is not installed; `pip install 'plimsoll[lab]'` brings it.") from None
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

    @property
    def size(self) -> int:
        """Threads of all workers."""
        return int(sum(self._client.nthreads().values()))

    def play(self, chunks: Sequence[Chunk], work: Work) -> Iterator[tuple[Chunk, list[Row]]]:
        """See `Crew`. Dask gives the chunks of a worker that dies to others, and waits for new ones."""
        from distributed import KilledWorker, as_completed

        rest = iter(chunks)
        under_way: dict[Any, Chunk] = {}  # by the future's key

        def submit(count: int) -> list[Any]:
            futures = []
            for chunk in islice(rest, count):
                # each task carries all that it needs, 0.2 MB, so that no worker's death can lose it
                future = self._client.submit(play, work.of(chunk), chunk, pure=False)
                under_way[future.key] = chunk
                futures.append(future)
            return futures

        finished = as_completed(submit(AHEAD * self.size))
        for future in finished:
            chunk = under_way.pop(future.key)
            try:
                rows = future.result()
            except PathFailed:
                raise
            except KilledWorker:
                raise SweepError(
                    f"Workers died again and again while they played {chunk}, perhaps for lack of memory; "
                    "what was played is kept, and the same command goes on, best with fewer --workers."
                ) from None
            except Exception as error:  # of the cluster
                raise SweepError(
                    f"The Dask cluster has lost {chunk} ({_reason(error)}); what was played is kept, and the "
                    "same command goes on."
                ) from None
            for more in submit(1):
                finished.add(more)
            yield chunk, rows


@contextmanager
def processes(count: int) -> Iterator[Cluster]:
    """A cluster of so many processes of this machine; they end with this one, and Ctrl-C does not reach them.

    Raises:
        SweepError: dask is not installed.
    """
    try:
        from distributed import LocalCluster
    except ImportError:
        raise SweepError("Dask is not installed; `pip install 'plimsoll[lab]'` brings it.") from None
    root, main = str(PACKAGE.parent), vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {key: main[key] for key in ("__file__", "__spec__") if key in main}
    main.update(dict.fromkeys(hidden))  # else processes would run a script that has no guard once more
    sys.path.insert(0, root)  # processes inherit this, which `ape run` takes away, also those started later
    resource_tracker.ensure_running()  # starting that would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # they inherit the mask
    try:
        started = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            memory_limit=None,
            dashboard_address=":0",  # None would try the port of everybody's
            silence_logs=logging.CRITICAL,
        )
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        with started, closing(Cluster(started.scheduler_address)) as crew:
            yield crew
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        sys.path.remove(root)
        main.update(hidden)
