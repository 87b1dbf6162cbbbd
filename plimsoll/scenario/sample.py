"""Which random paths are played: all that are drawn, or all of the deepest falls and some of the others.

Drawing a path's prices takes a millisecond, playing it a hundred times as long, and most paths lose nothing.
So many are drawn; half of those to be played are the deepest falls of all, the others stand for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plimsoll.params import RiskParams
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.grid import Point

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Sample:
    """Paths that are played, and what they stand for.

    Attributes:
        paths: their numbers, rising.
        deepest: of each, whether it is one of the deepest falls, all of which are played.
        of: how many paths were drawn.
    """

    paths: tuple[int, ...]
    deepest: npt.NDArray[np.bool_]
    of: int

    def weights(self) -> npt.NDArray[np.float64]:
        """How much each path counts; they add up to 1."""
        deep = int(self.deepest.sum())
        weights = np.full(len(self.paths), 1 / self.of)
        weights[~self.deepest] = (1 - deep / self.of) / max(1, len(self.paths) - deep)
        return weights

    def resampled(self, times: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """Weights of so many other samples, drawn from this one as it was drawn from the world.

        First how many of the paths fall so deeply, then which of them; and of the others which were played.
        """
        deep = int(self.deepest.sum())
        others = len(self.paths) - deep
        falls = rng.binomial(self.of, deep / self.of, times)
        weights = np.empty((times, len(self.paths)))
        if deep:
            weights[:, self.deepest] = rng.multinomial(falls, np.full(deep, 1 / deep)) / self.of
        if others:
            counts = rng.multinomial(others, np.full(others, 1 / others), times)
            weights[:, ~self.deepest] = counts * ((self.of - falls) / self.of / others)[:, None]
        return weights


def every(paths: int) -> Sample:
    """All of so many paths."""
    return Sample(tuple(range(paths)), np.zeros(paths, dtype=bool), paths)


def fall(scenario: Scenario, path: int) -> float:
    """How far below its first price the outside price goes without feedback, of all collaterals the most."""
    prices = scenario.outside_prices(path)
    return float(1 - (prices.min(axis=1) / prices[:, 0]).min())


def deepest(falls: npt.NDArray[np.float64], paths: int) -> Sample:
    """Of all paths that are drawn the deepest falls, and as many of the others as make `paths`.

    The others are the first ones by their numbers: which paths fall deeply says nothing of the order of the
    rest. So each stands for as many as are left, and sums with these weights are those of all without a bias.

    Args:
        falls: of each path that is drawn.
        paths: how many are played, of them half, rounded down, the deepest.
    """
    deep = np.argsort(-falls, kind="stable")[: paths // 2]
    others = np.setdiff1d(np.arange(len(falls)), deep)[: paths - paths // 2]
    chosen = np.sort(np.concatenate([deep, others]))
    return Sample(tuple(map(int, chosen)), np.isin(chosen, deep), len(falls))


def samples(points: Sequence[Point], paths: int, of: int | None, progress: Progress) -> dict[int, Sample]:
    """The paths of each grid point, by its number: all, or the deepest and others of `of` that are drawn.

    Args:
        points: of the grid.
        paths: how many are played at each of them.
        of: how many are drawn, more than `paths`; without, those that are played.
        progress: called with the paths that have been drawn, and all.
    """
    if of is None:
        return {point.number: every(paths) for point in points}
    drawn: dict[str, npt.NDArray[np.float64]] = {}  # points with the same prices have the same falls
    total = of * len({_prices(point.scenario) for point in points})
    for point in points:
        key = _prices(point.scenario)
        if key not in drawn:
            falls = np.empty(of)
            for path in range(of):
                falls[path] = fall(point.scenario, path)
                progress(len(drawn) * of + path + 1, total)
            drawn[key] = falls
    return {point.number: deepest(drawn[_prices(point.scenario)], paths) for point in points}


def _prices(scenario: Scenario) -> str:
    """Tells scenarios apart whose prices may differ: by all but what has nothing to do with them."""
    people = dict.fromkeys(
        (
            "title", "order", "borrowers", "liquidators", "griefer", "forger", "compare_every", "arrivals",
            "refinancing", "exploiter", "acts", "poker",
        ),
        True,
    )  # fmt: skip
    pool = {"supply", "lenders", "reserve", "stake", "stakers", "visitors", "reserve_factor", "rates"}
    market = {*RiskParams.model_fields, "preset", "credit_limit", "dex", "halts"}
    each: dict[str, Any] = dict.fromkeys(market, True) | {"legs": {"__all__": market}}
    return scenario.model_dump_json(exclude=people | {"pool": pool, "vaults": {"__all__": each}})
