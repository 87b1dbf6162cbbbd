"""Plays the chunks of a sweep on a Dask cluster, or on processes of this machine, which are one too."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import islice
from multiprocessing import resource_tracker
from typing import Any

from plimsoll.places import PACKAGE
from plimsoll.scenario.sweep import Chunk, Crew, PathFailed, Player, Row, code_version, reason_of
from plimsoll.scenario.sweep_folder import SweepError

AHEAD = 4  # chunks under way for each thread of a cluster
ALONE = "30s"  # without a process that lives: Dask starts none in place of one that dies at once
# a hundred times a second a worker would look at the stack of what it plays, fifty times at itself
UNWATCHED = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "1s"}


def play(work: Player, chunk: Chunk) -> list[Row]:
    """Plays a chunk; what a worker does.

    Raises:
        PathFailed: whatever was wrong with one of its paths.
    """
    rows = []
    for path in chunk.paths:
        try:
            rows.append(work.row(chunk.point, path))
        except PathFailed:
            raise
        except Exception as error:
            raise PathFailed(chunk.point, path, reason_of(error)) from None
    return rows


class InProcess:
    """Plays in this process, one chunk after the other."""

    size = 1

    def play(self, chunks: Sequence[Chunk], work: Player) -> Iterator[tuple[Chunk, list[Row]]]:
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

    def play(self, chunks: Sequence[Chunk], work: Player) -> Iterator[tuple[Chunk, list[Row]]]:
        """See `Crew`. Dask gives the chunks of a worker that dies to others, and waits for new ones."""
        from distributed import KilledWorker, as_completed
        from distributed.scheduler import NoWorkerError

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
            except (KilledWorker, NoWorkerError):
                raise SweepError(
                    f"Workers died again and again while they played {chunk}, perhaps for lack of memory; "
                    "what was played is kept, and the same command goes on, best with fewer --workers."
                ) from None
            except Exception as error:  # of the cluster
                raise SweepError(
                    f"The Dask cluster has lost {chunk} ({reason_of(error)}); what was played is kept, and "
                    "the same command goes on."
                ) from None
            for more in submit(1):
                finished.add(more)
            yield chunk, rows


def crew_of(count: int, address: str | None) -> AbstractContextManager[Crew]:
    """Who plays: the Dask cluster at an address, else so many processes of this machine, one being this one.

    Raises:
        SweepError: see `Cluster`.
    """
    if address:
        return closing(Cluster(address))
    return nullcontext(InProcess()) if count == 1 else processes(count)


@contextmanager
def processes(count: int) -> Iterator[Cluster]:
    """A cluster of so many processes of this machine; they end with this one, and Ctrl-C does not reach them.

    Raises:
        SweepError: dask is not installed.
    """
    try:
        import dask
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
        with dask.config.set({"distributed.scheduler.no-workers-timeout": ALONE, **UNWATCHED}):
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
