"""Plays a scenario many times: a grid of settings, many random paths each, on processes or machines.

The work is cut into chunks of paths. Workers play a chunk and give back a row of measures a path; this
process writes each finished chunk into the sweep's folder at once, under a name of its own. So whatever is
killed, the sweep goes on with the paths that are missing, also when more are wanted, and none is counted
twice.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from plimsoll.chain.engine import Artifact
from plimsoll.places import PACKAGE
from plimsoll.report.measures import MEASURES, measure
from plimsoll.scenario import sample as sampling
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.grid import Grid, Point, plain, settings_of
from plimsoll.scenario.own import Own, agent_of, code_of, measure_of
from plimsoll.scenario.paths import Candles, Waypoints
from plimsoll.scenario.reading import ScenarioError, Source
from plimsoll.scenario.run import laboratory_of
from plimsoll.scenario.sample import Sample
from plimsoll.scenario.sweep_folder import SweepError, claimed, read_rows, write_rows

PATHS = 100  # for each grid point, where anything is random and no number is named
CHUNK = 25  # paths at most
SHARE = 4  # chunks for each worker at least, so that all end at about the same time
HELD = 20  # the step of the paths that are played on the contracts too; path 0 is in every sample

Row = dict[str, Any]
Progress = Callable[[int, int], None]


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
    paths: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name of its file; no other chunk begins with the same path."""
        return f"{self.point:05}-{self.paths[0]:07}.parquet"

    def __str__(self) -> str:
        """As people read it."""
        return f"paths {self.paths[0]} to {self.paths[-1]} of grid point {self.point}"


class Player(Protocol):
    """Plays paths; what workers are sent."""

    def of(self, chunk: Chunk) -> Player:
        """What one chunk needs of it."""

    def row(self, point: int, path: int) -> Row:
        """What one path gives, `point` and `path` first; of all else floats or None.

        Raises:
            Exception: it cannot be played.
        """


@dataclass(frozen=True)
class Work:
    """What workers need to play any chunk of a sweep; the market is built once for those of a grid point.

    Attributes:
        scenarios: by the number of the grid point.
        artifacts: the contracts.
        agents: of one's own, beside the scenario's.
        measures: of one's own, beside the usual ones.
    """

    scenarios: Mapping[int, Scenario]
    artifacts: Mapping[str, Artifact]
    agents: tuple[Own, ...] = ()
    measures: tuple[Own, ...] = ()

    def of(self, chunk: Chunk) -> Work:
        """What one chunk needs of it."""
        scenarios = {chunk.point: self.scenarios[chunk.point]}
        return Work(scenarios, self.artifacts, self.agents, self.measures)

    def row(self, point: int, path: int) -> Row:
        """What one path gives; agents of one's own may look at the contracts, so that these play, too.

        Raises:
            PathFailed: a measure of one's own fails.
        """
        scenario = self.scenarios[point]
        laboratory = laboratory_of(scenario, self.artifacts)
        if self.agents or path % HELD == 0:
            result = laboratory.play(path, [agent_of(own) for own in self.agents])
        else:
            result = laboratory.quick(path)
        row: Row = {"point": point, "path": path, "compared": result.compared}
        row |= {"fall": sampling.fall(scenario, path)} | measure(result)
        for own in self.measures:
            name, function = measure_of(own)
            try:
                value = function(result)
                row[name] = None if value is None else float(value)
            except Exception as error:
                raise PathFailed(point, path, f"in the measure {name!r}, {reason_of(error)}") from None
        return row


def reason_of(error: Exception) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split()).removesuffix(".")


@dataclass(frozen=True)
class Sweep:
    """What is to be played.

    Attributes:
        source: the scenario as it is written.
        grid: axes, each combination of which gets all paths.
        points: the combinations that are possible.
        agents: of one's own, beside the scenario's.
        measures: of one's own, beside the usual ones.
    """

    source: Source
    grid: Grid
    points: tuple[Point, ...]
    agents: tuple[Own, ...] = ()
    measures: tuple[Own, ...] = ()

    @property
    def is_random(self) -> bool:
        """Whether paths of a point differ at all; agents of one's own may do what they like."""
        return bool(self.agents) or any(is_random(each.scenario) for each in self.points)

    @property
    def has_exchange(self) -> bool:
        """Whether a collateral of some point has a pair on Uniswap."""
        return any(each.scenario.has_exchange for each in self.points)

    def check_own(self) -> None:
        """Sees that agents and measures of one's own can be made, and do not take others' names.

        Raises:
            ScenarioError: one cannot.
        """
        for own in self.agents:
            agent_of(own)
        known = {*MEASURES}
        for own in self.measures:
            name, _ = measure_of(own)
            if name in known:
                raise ScenarioError(f"There is a measure {name!r} already; call yours by another name.")
            known.add(name)

    def digest(self, artifacts: Mapping[str, Artifact]) -> str:
        """Tells sweeps apart whose rows must not be mixed: by scenarios, their files, contracts, code."""
        files: list[Path] = []
        scenarios = [_without_files(each.scenario.model_dump(), files) for each in self.points]
        parts = [json.dumps([scenarios, settings_of(self.grid)], default=str).encode()]
        parts += [file.read_bytes() for file in files]
        parts += [artifacts[name].initcode for name in sorted(artifacts)]
        parts += [code_of(self.agents), code_of(self.measures)]
        return digest_of([*parts, code_version().encode()])

    def command(self, point: int, path: int) -> str:
        """What plays one path alone; without agents of one's own."""
        settings = [*self.source.settings, *settings_of(self.grid)[point]]
        if not self.source.file:
            return (
                f"plimsoll.lab.play(scenario, path={path}) with the settings {', '.join(settings) or 'given'}"
            )
        words = ["plimsoll", "run", str(self.source.file), "--engine", "revm", "--path", str(path)]
        return shlex.join([*words, *(word for each in settings for word in ("--set", each))])


def _without_files(value: Any, files: list[Path]) -> Any:
    """A scenario's settings without the names of its files, which go to `files`: their content counts."""
    if isinstance(value, Path):
        files.append(value)
        return None
    if isinstance(value, Mapping):
        return {key: _without_files(each, files) for key, each in value.items()}
    return [_without_files(each, files) for each in value] if isinstance(value, list | tuple) else value


def files_of(scenario: Scenario) -> list[Path]:
    """The files that a scenario names."""
    files: list[Path] = []
    _without_files(scenario.model_dump(), files)
    return files


def code_version() -> str:
    """Tells versions of our own code apart, of all that can change what a path gives."""
    return digest_of(path.read_bytes() for path in sorted(_code()))


def _code() -> Iterator[Path]:
    yield from PACKAGE.glob("*.py")
    yield PACKAGE / "report" / "measures.py"
    for name in ("arena", "chain", "keeper", "market", "scenario", "twin"):
        yield from (PACKAGE / name).rglob("*.py")


def digest_of(parts: Iterable[bytes]) -> str:
    """Tells apart what is made of some parts."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def is_random(scenario: Scenario) -> bool:
    """Whether its paths differ at all: prices are drawn, or who goes first is."""
    lenders = scenario.pool.lenders
    return bool(
        scenario.order == "random"
        or lenders.flee_loss
        or lenders.flee_utilisation is not None
        or bool(scenario.arrivals)
        or scenario.refinancing is not None
        or has_drawn_prices(scenario)
    )


def has_drawn_prices(scenario: Scenario) -> bool:
    """Whether the prices of its paths differ."""
    return any(not isinstance(kind, Waypoints | Candles) for _, kind in scenario.paths)


def sampled(sweep: Sweep, paths: int | None, of: int | None, progress: Progress) -> dict[int, Sample]:
    """The paths of each grid point, by its number.

    Args:
        sweep: what is to be played.
        paths: how many of each; without, 100, or one where nothing is random.
        of: how many are drawn, to play the deepest falls among them; without, those that are played.
        progress: called with the paths that have been drawn, and all.

    Raises:
        SweepError: there are no paths, the two numbers do not go together, or no price is drawn.
    """
    if paths is not None and paths < 1:
        raise SweepError(f"{paths:,} paths cannot be played; play one or more.")
    count = paths or (PATHS if sweep.is_random else 1)
    if of is not None and of <= count:
        raise SweepError(f"{of:,} paths are drawn to play {count:,} of them; draw more, or leave that away.")
    if of is not None and not all(map(has_drawn_prices, (each.scenario for each in sweep.points))):
        raise SweepError(
            "No price is drawn at random, so that no fall is deeper than another; name --paths alone."
        )
    return sampling.samples(sweep.points, count, of, progress)


class Crew(Protocol):
    """Where chunks are played."""

    @property
    def size(self) -> int:
        """How many chunks it plays at the same time."""

    def play(self, chunks: Sequence[Chunk], work: Player) -> Iterator[tuple[Chunk, list[Row]]]:
        """The rows of each chunk, in any order; each once.

        Raises:
            PathFailed: one of the paths cannot be played.
            SweepError: workers fail.
        """


# ------------------------------------------------------------------------------------------------- driving


def run(
    sweep: Sweep,
    samples: Mapping[int, Sample],
    folder: Path,
    artifacts: Mapping[str, Artifact],
    crew: Crew,
    progress: Progress | None = None,
) -> pa.Table:
    """Plays what is missing in a folder; returns the rows of all paths, in order.

    Each row has the number of its grid point, the values of its axes, the path's number, how deep the price
    falls, whether it is one of the deepest and how much the path counts, and the measures. Until its end it
    holds a few chunks, then all rows: 8 bytes a number, at times twice.

    Args:
        sweep: what is to be played.
        samples: the paths of each grid point.
        folder: where to.
        artifacts: the contracts.
        crew: who plays.
        progress: called with the paths that have been played, and all.

    Raises:
        SweepError: the folder holds another sweep or something else, a path cannot be played, or workers
            fail; what was played is kept.
    """
    scenarios = {each.number: each.scenario for each in sweep.points}
    work = Work(scenarios, artifacts, sweep.agents, sweep.measures)
    about = {
        "scenario": sweep.source.name,
        "settings": sweep.source.settings,
        "grid": settings_of(sweep.grid),
    }
    with claimed(folder, sweep.digest(artifacts), about):
        wanted = {point: sample.paths for point, sample in samples.items()}
        try:
            table = _rows(sweep, samples, completed(folder, wanted, work, crew, progress))
        except PathFailed as failed:
            own = ", without what is your own" if sweep.agents or sweep.measures else ""
            raise SweepError(
                f"Path {failed.path} failed ({failed.reason}); what was played is kept. To play it "
                f"alone{own}: {sweep.command(failed.point, failed.path)}"
            ) from None
        write_rows(table, folder / "paths.parquet")
    return table


def completed(
    folder: Path,
    wanted: Mapping[int, Sequence[int]],
    work: Player,
    crew: Crew,
    progress: Progress | None = None,
) -> pa.Table:
    """Plays what is missing in a folder that is claimed; returns all rows that it has, in any order.

    Args:
        folder: where to; each finished chunk is a file in its `parts`.
        wanted: the paths of each point.
        work: what workers need.
        crew: who plays.
        progress: called with the paths that have been played, and all.

    Raises:
        PathFailed: a path cannot be played; what was played is kept.
        SweepError: workers fail; what was played is kept.
    """
    parts = folder / "parts"
    parts.mkdir(exist_ok=True)
    played = read_rows(sorted(parts.glob("*.parquet")))
    missing = _missing(wanted, played)
    total = sum(map(len, wanted.values()))
    done = total - sum(map(len, missing.values()))
    if progress:
        progress(done, total)
    tables = [] if played is None else [played]
    for chunk, rows in crew.play(_chunks(missing, crew.size), work):
        table = pa.Table.from_pylist(rows, schema=_schema(rows))
        write_rows(table, parts / chunk.name)
        tables.append(table)
        done += len(chunk.paths)
        if progress:
            progress(done, total)
    return pa.concat_tables(tables)


def _missing(wanted: Mapping[int, Sequence[int]], played: pa.Table | None) -> dict[int, list[int]]:
    """The paths of each point that no part has."""
    if played is None:
        return {point: list(paths) for point, paths in wanted.items()}
    points, numbers = played["point"].to_numpy(), played["path"].to_numpy()
    return {point: np.setdiff1d(paths, numbers[points == point]).tolist() for point, paths in wanted.items()}


def _chunks(missing: Mapping[int, Sequence[int]], size: int) -> list[Chunk]:
    """Small enough for all workers to have something to do."""
    most = sum(map(len, missing.values())) // (SHARE * size)
    count = min(CHUNK, max(1, most))
    return [
        Chunk(point, tuple(paths[first : first + count]))
        for point, paths in missing.items()
        for first in range(0, len(paths), count)
    ]


def _rows(sweep: Sweep, samples: Mapping[int, Sample], played: pa.Table) -> pa.Table:
    """Of all rows those that are wanted, in order, with the values of the axes and what each counts."""
    points, numbers = played["point"].to_numpy(), played["path"].to_numpy()
    taken, counts = [], []
    for point in sweep.points:
        paths = samples[point.number].paths
        places = np.flatnonzero((points == point.number) & np.isin(numbers, paths))
        taken.append(places[np.argsort(numbers[places])])
        counts.append(len(paths))
    table = played.take(pa.array(np.concatenate(taken)))
    chosen = [samples[point.number] for point in sweep.points]
    table = table.add_column(2, "deepest", pa.array(np.concatenate([each.deepest for each in chosen])))
    table = table.add_column(3, "weight", pa.array(np.concatenate([each.weights() for each in chosen])))
    for name, values in reversed(columns_of(sweep).items()):
        column = pa.array([value for value, count in zip(values, counts, strict=True) for _ in range(count)])
        table = table.add_column(1, name, column)
    return table


def columns_of(sweep: Sweep) -> dict[str, list[Any]]:
    """The values of every axis at each point that is played; as text where one of them is no number."""
    columns = {}
    for key in (key for axis in sweep.grid for key in axis.keys):
        texts = [dict(each.partition("=")[::2] for each in point.settings)[key] for point in sweep.points]
        values = [plain(text) for text in texts]
        columns[key] = (
            texts if any(isinstance(value, str) for value in values) else [float(it) for it in values]
        )
    return columns


def _schema(rows: Sequence[Row]) -> pa.Schema:
    """Whole numbers for what counts, floats for measures, also where all of them are None."""
    return pa.schema(
        [(name, pa.int64() if name in ("point", "path", "compared") else pa.float64()) for name in rows[0]]
    )
