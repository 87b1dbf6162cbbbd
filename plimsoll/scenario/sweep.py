"""Plays a scenario many times: a grid of settings, many random paths each, on processes or machines.

The work is cut into chunks of paths. Workers play a chunk and give back a row of measures a path; this
process writes each finished chunk into the sweep's folder at once, under a name of its own. So whatever is
killed, the sweep goes on with the chunks that are missing, and no path is counted twice.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml.error import YAMLError

from plimsoll.chain.engine import Artifact
from plimsoll.places import PACKAGE
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.paths import Bootstrap, Candles, Waypoints
from plimsoll.scenario.reading import ScenarioError, load
from plimsoll.yaml_lines import reader

CHUNK = 25  # paths
NOTE, PART = "sweep.json", "sweep.part"

Row = dict[str, Any]
Progress = Callable[[int, int], None]


class SweepError(RuntimeError):
    """A sweep that cannot go on; the message is one sentence."""


class PathFailed(Exception):
    """A path that cannot be played.

    Attributes:
        point: number of its grid point.
        path: its number.
        reason: what went wrong.
    """

    def __init__(self, point: int, path: int, reason: str) -> None:
        """A path by its numbers."""
        super().__init__(point, path, reason)  # all of them, so that it can be sent
        self.point, self.path, self.reason = point, path, reason


@dataclass(frozen=True)
class Chunk:
    """Some paths of one grid point."""

    point: int
    first: int
    count: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.point:05}-{self.first:07}.parquet"

    def __str__(self) -> str:
        """As people read it."""
        return f"paths {self.first} to {self.first + self.count - 1} of grid point {self.point}"


@dataclass(frozen=True)
class Sweep:
    """What is to be played.

    Attributes:
        path: the scenario's file.
        settings: for all, like `pool.supply=1000`.
        grid: settings of each grid point.
        paths: random paths for each of them.
    """

    path: Path
    settings: tuple[str, ...]
    grid: tuple[tuple[str, ...], ...]
    paths: int

    def scenarios(self) -> list[Scenario]:
        """The scenario of each grid point.

        Raises:
            ScenarioError: one of them is impossible.
        """
        return [load(self.path, (*self.settings, *point)) for point in self.grid]

    def chunks(self) -> list[Chunk]:
        """All that is to be done."""
        return [
            Chunk(point, first, min(CHUNK, self.paths - first))
            for point in range(len(self.grid))
            for first in range(0, self.paths, CHUNK)
        ]

    def digest(self, artifacts: Mapping[str, Artifact]) -> str:
        """Tells sweeps apart whose rows must not be mixed: by scenarios, candles, contracts, our own code."""
        scenarios = self.scenarios()
        price = {"price": {"file"}}  # its content counts, wherever it lies
        files: Any = {"vaults": {"__all__": {**price, "legs": {"__all__": price}}}}
        told = [[each.model_dump_json(exclude=files) for each in scenarios], self.grid, self.paths, CHUNK]
        parts = [json.dumps(told).encode()]
        prices = [each.price for scenario in scenarios for _, each in scenario.collaterals]
        parts += [price.file.read_bytes() for price in prices if isinstance(price, Candles | Bootstrap)]
        parts += [artifacts[name].initcode for name in sorted(artifacts)]
        return _digest([*parts, code_version().encode()])

    def command(self, point: int, path: int) -> str:
        """What plays one path alone."""
        settings = [word for each in (*self.settings, *self.grid[point]) for word in ("--set", each)]
        words = ["plimsoll", "run", str(self.path), "--engine", "revm", "--path", str(path)]
        return shlex.join([*words, *settings])


def code_version() -> str:
    """Tells versions of our own code apart, of all that can change what a path gives."""
    return _digest(path.read_bytes() for path in sorted(_code()))


def _code() -> Iterator[Path]:
    yield from PACKAGE.glob("*.py")
    yield PACKAGE / "report" / "measures.py"
    for name in ("chain", "keeper", "market", "scenario", "twin"):
        yield from (PACKAGE / name).rglob("*.py")


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def is_random(scenario: Scenario) -> bool:
    """Whether its paths differ at all: prices are drawn, or who goes first is."""
    lenders = scenario.pool.lenders
    return bool(
        scenario.order == "random"
        or lenders.flee_loss
        or lenders.flee_utilisation is not None
        or scenario.arrivals
        or scenario.refinancing is not None
        or any(not isinstance(each.price, Waypoints | Candles) for _, each in scenario.collaterals)
    )


def grid_of(axes: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Every combination of axes like `vaults.0.bonus_max=0.05,0.08`; without an axis a single point.

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
        ScenarioError: a grid point is impossible.
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
                f"{sweep.command(failed.point, failed.path)}"
            ) from None
        table = _read([parts / chunk.name for chunk in chunks])
        _write(table, folder / "paths.parquet")
    return table


def _schema(rows: Sequence[Row]) -> pa.Schema:
    """Whole numbers for what counts, floats for measures, also where all of them are None."""
    return pa.schema(
        [(name, pa.int64() if name in ("point", "path", "compared") else pa.float64()) for name in rows[0]]
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


def check_folder(folder: Path) -> None:
    """Sees that a sweep can be played there: in a new or empty folder, or in that of a sweep.

    Raises:
        SweepError: it holds, or is, something else, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise SweepError(f"{folder} is not a folder; name another one with --out.")
    try:
        present = {each.name for each in folder.iterdir()} if folder.exists() else set()
        if NOTE not in present and present - {PART}:
            raise SweepError(f"{folder} holds something else; name another folder with --out.")
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(
            prefix=".sweep-", dir=folder if folder.exists() else folder.absolute().parent
        ):
            pass
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise SweepError(f"{folder} cannot be written ({reason}); name another one with --out.") from None


@contextmanager
def _claimed(folder: Path, sweep: Sweep, artifacts: Mapping[str, Artifact]) -> Iterator[None]:
    """Makes the folder this sweep's, or finds that it is; nobody else plays there meanwhile."""
    check_folder(folder)
    note, part = folder / NOTE, folder / PART
    digest = sweep.digest(artifacts)
    if not note.exists():
        folder.mkdir(exist_ok=True)
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
