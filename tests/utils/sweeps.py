"""Sweeps of the short scenario, played in this process."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from plimsoll.scenario.grid import grid_of, points_of
from plimsoll.scenario.reading import Source
from plimsoll.scenario.sweep import Chunk, Row, Sweep, Work, run, sampled
from plimsoll.scenario.workers import InProcess
from tests.utils.laboratory import TINY, artifacts

BROWNIAN = "vaults.0.price={kind: gbm, start: 200, hours: 1, volatility: 15}"
BONUS = "vaults.0.bonus_max=0.06,0.08"


class Here(InProcess):
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.played: list[Chunk] = []

    def play(self, chunks: Sequence[Chunk], work: Work) -> Iterator[tuple[Chunk, list[Row]]]:
        for chunk in chunks:
            self.played.append(chunk)
            yield from super().play([chunk], work)


def made(*axes: str, settings: Sequence[str] = (BROWNIAN,), folder: Path = Path(), **own) -> Sweep:
    """A sweep of the short scenario."""
    source, grid = Source("tiny.yaml", TINY, folder, tuple(settings), Path("tiny.yaml")), grid_of(axes)
    return Sweep(source, grid, tuple(points_of(source, grid)[0]), **own)


def played(sweep: Sweep, folder: Path, crew=None, progress=None, paths=60, of=None, found=None):
    """The rows of a sweep."""
    chosen = sampled(sweep, paths, of, lambda _done, _total: None)
    return run(sweep, chosen, folder, found or artifacts(), crew or Here(), progress)
