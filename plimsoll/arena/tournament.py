"""Plays rules on scenarios, variations and paths, many of them; a folder keeps what was played.

A point is a scenario with a variation, and a rule. Workers play its paths in chunks, as those of a sweep, and
a tournament that was stopped goes on with what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from plimsoll.arena.registry import ArenaError, place_in, written
from plimsoll.arena.rule import Rule
from plimsoll.arena.study import Unplayable, check, kind_of, outcomes, row
from plimsoll.arena.variation import Variation
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.people import BorrowersConfig
from plimsoll.scenario.reading import Source
from plimsoll.scenario.sweep import (
    Chunk,
    Crew,
    PathFailed,
    Progress,
    Row,
    code_version,
    completed,
    digest_of,
    files_of,
    has_drawn_prices,
    reason_of,
)
from plimsoll.scenario.sweep_folder import Kind, SweepError, claimed, write_rows

PLAYS = "plays.parquet"
TOURNAMENT = Kind("tournament", "of other scenarios, rules, variations, candles")


class Entrant(NamedTuple):
    """A rule that takes part, so that it can be sent.

    Attributes:
        name: the rule's.
        text: of the file that defines it; empty for one of `plimsoll.arena.rules`.
        file: where that stands.
    """

    name: str
    text: str = ""
    file: str = ""

    @property
    def kind(self) -> type[Rule]:
        """The rule itself.

        Raises:
            ArenaError: there is none of that name.
        """
        return written(self.text, self.file)[self.name] if self.text else kind_of(self.name)


class Entry(NamedTuple):
    """A scenario by the name that it has in tables."""

    name: str
    source: Source
    config: Scenario


class Point(NamedTuple):
    """What is played on many paths."""

    entry: Entry
    variation: Variation
    entrant: Entrant

    @property
    def is_random(self) -> bool:
        """Whether its paths differ: prices are drawn, or people are."""
        config = self.entry.config
        return has_drawn_prices(config) or any(isinstance(it, BorrowersConfig) for it in config.borrowers)


@dataclass(frozen=True)
class Work:
    """What workers need; see `sweep.Player`."""

    points: Mapping[int, Point]
    deployed: bool

    def of(self, chunk: Chunk) -> Work:
        """What one chunk needs of it."""
        return Work({chunk.point: self.points[chunk.point]}, self.deployed)

    def row(self, point: int, path: int) -> Row:
        """What one path gives.

        Raises:
            PathFailed: a rule of a file fails.
        """
        entry, variation, entrant = self.points[point]
        try:
            found = outcomes(entry.config, entrant.kind, path, variation=variation, deployed=self.deployed)
        except Exception as error:
            where = place_in(entrant.file, error)
            where = where and f", {entrant.file}{where}"
            raise PathFailed(point, path, f"{reason_of(error)}{where}") from None
        return {"point": point, "path": path, **row(entry.config, found)}


@dataclass(frozen=True)
class Tournament:
    """What is to be played.

    Attributes:
        entries: scenarios, each by another name.
        entrants: rules.
        variations: the first is the scenario as it is written.
        paths: of a scenario as it is written.
        varied: of every other variation.
        deployed: whether rules have the parameters of a market that exists.
    """

    entries: tuple[Entry, ...]
    entrants: tuple[Entrant, ...]
    variations: tuple[Variation, ...]
    paths: int
    varied: int
    deployed: bool = False

    def check(self) -> None:
        """Sees that there is something to play.

        Raises:
            ArenaError: there is not, a rule is none, or two have the same name.
        """
        files: dict[str, str] = {}
        for entrant in self.entrants:
            if (other := files.setdefault(entrant.name, entrant.file)) != entrant.file:
                raise ArenaError(
                    f"The rules of {other} and {entrant.file} are both called {entrant.name!r}; "
                    "rename one of them."
                )
        if not self.entrants:
            raise ArenaError("No rule takes part; name some of `plimsoll arena --rules`, or a file of yours.")
        if not self.points:
            raise ArenaError(next(iter(self.unplayable.values())))

    @cached_property
    def unplayable(self) -> dict[tuple[str, str], str]:
        """Why a rule cannot play a scenario, by the names of both.

        Raises:
            ArenaError: there is no such rule, or one of a file fails.
        """
        found = {}
        for entry in self.entries:
            for entrant in self.entrants:
                try:
                    check(entrant.kind, entry.config, deployed=self.deployed)
                except Unplayable as error:
                    found[entry.name, entrant.name] = str(error)
                except Exception as error:
                    if not entrant.text:
                        raise
                    raise ArenaError(
                        f"The rule {entrant.name!r} of {entrant.file} cannot be made for {entry.name} "
                        f"({reason_of(error)}{place_in(entrant.file, error)}); correct it."
                    ) from None
        return found

    @cached_property
    def unchanged(self) -> tuple[tuple[str, Variation], ...]:
        """The scenarios and variations that change nothing in them, which are not played."""
        return tuple(
            (entry.name, variation)
            for entry in self.entries
            for variation in self.variations
            if not variation.changes(entry.config)
        )

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Everything that can be played, by its number."""
        return tuple(
            Point(entry, variation, entrant)
            for entry in self.entries
            for variation in self.variations
            for entrant in self.entrants
            if (entry.name, variation) not in self.unchanged
            and (entry.name, entrant.name) not in self.unplayable
        )

    def paths_of(self, point: Point) -> range:
        """The numbers of a point's paths; one where nothing is random."""
        count = self.varied if point.variation.kind else self.paths
        return range(count if point.is_random else 1)

    @cached_property
    def inputs(self) -> str:
        """Tells apart what goes in: scenarios and their files, settings, rules, variations; not our code."""
        files = [file for entry in self.entries for file in files_of(entry.config)]
        said = [
            [(entry.name, entry.source.text, entry.source.settings) for entry in self.entries],
            [(entrant.name, entrant.text) for entrant in self.entrants],
            self.variations,
            self.deployed,
        ]
        return digest_of([json.dumps(said).encode(), *(file.read_bytes() for file in files)])

    @cached_property
    def digest(self) -> str:
        """Tells tournaments apart whose rows must not be mixed; `paths` may grow."""
        return digest_of([self.inputs.encode(), code_version().encode()])


def entries_of(sources: Sequence[Source]) -> tuple[Entry, ...]:
    """Scenarios by the names of their files.

    Raises:
        ArenaError: two have the same.
        ScenarioError: one says something impossible.
    """
    entries = tuple(Entry(Path(source.name).stem, source, source.scenario()) for source in sources)
    names = [entry.name for entry in entries]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ArenaError(f"Two scenarios are called {twice[0]}; name each once, or rename a file.")
    return entries


def run(tournament: Tournament, folder: Path, crew: Crew, progress: Progress | None = None) -> pa.Table:
    """Plays what is missing in a folder; returns the rows of all plays, in order, which `plays.parquet` has.

    Each has the names of scenario, variation and rule, the number of its path, and the measures of
    `study.row`.

    Args:
        tournament: what is to be played.
        folder: where to.
        crew: who plays.
        progress: called with the plays that are done, and all.

    Raises:
        SweepError: the folder holds another tournament or something else, a path cannot be played, or workers
            fail; what was played is kept.
    """
    points = dict(enumerate(tournament.points))
    wanted = {number: tournament.paths_of(point) for number, point in points.items()}
    about = {
        "scenarios": [entry.name for entry in tournament.entries],
        "rules": [entrant.name for entrant in tournament.entrants],
        "variations": [str(each) for each in tournament.variations],
        "inputs": tournament.inputs,
    }
    with claimed(folder, tournament.digest, about, TOURNAMENT):
        try:
            table = completed(folder, wanted, Work(points, tournament.deployed), crew, progress)
        except PathFailed as failed:
            entry, variation, entrant = points[failed.point]
            raise SweepError(
                f"{entrant.name} failed on path {failed.path} of {entry.name}, {variation} "
                f"({failed.reason}); what was played is kept. `plimsoll.lab.arena` plays it with a traceback."
            ) from None
        rows = _named(table, points, wanted)
        write_rows(rows, folder / PLAYS)
    return rows


def _named(table: pa.Table, points: Mapping[int, Point], wanted: Mapping[int, range]) -> pa.Table:
    """Of all rows those that are wanted (a folder may have more paths), in order, with names for numbers."""
    table = table.sort_by([("point", "ascending"), ("path", "ascending")])
    numbers, paths = table["point"].to_numpy(), table["path"].to_numpy()
    most = np.array([len(wanted[number]) for number in range(len(points))])
    table = table.filter(pa.array(paths < most[numbers]))
    numbers = table["point"].to_pylist()
    names = {
        "scenario": [points[number].entry.name for number in numbers],
        "variation": [str(points[number].variation) for number in numbers],
        "rule": [points[number].entrant.name for number in numbers],
    }
    table = table.drop_columns(["point"])
    for place, (name, values) in enumerate(names.items()):
        table = table.add_column(place, name, pa.array(values))
    return table
