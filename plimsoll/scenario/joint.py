"""Prices of all collaterals of a scenario: what is drawn for one is drawn for all of them together.

`gbm` and `jumps` have the correlation that is asked, see `correlation`. Candles of files are drawn by common
indices, so that each block is of the same days everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import numpy as np

from plimsoll.scenario.candles import Prices
from plimsoll.scenario.correlation import Dependence, Unreachable, dependence, mixed
from plimsoll.scenario.moments import shown
from plimsoll.scenario.paths import Bootstrap, Path_, Random
from plimsoll.scenario.strict_model import fault, fault_at
from plimsoll.units import HOUR, YEAR

Matrix = Sequence[Sequence[float]]


def check(paths: Sequence[tuple[str, Path_]], count: int, correlation: Matrix | None) -> None:
    """Sees that prices can be drawn together.

    Args:
        paths: where they stand, and what they are.
        count: how many of them, from the first on, have a correlation.
        correlation: of these.

    Raises:
        PydanticCustomError: they cannot; a sentence.
    """
    files = [(name, kind) for name, kind in paths if isinstance(kind, Bootstrap)]
    if files:
        try:
            side_by_side([kind for _, kind in files])
        except ValueError as error:
            raise fault_at(files[-1][0], str(error)) from None
    if correlation is None:
        return
    if len(correlation) != count or any(len(row) != count for row in correlation):
        message = f"correlation must have {count} rows of {count} numbers, one a vault or leg"
        raise fault_at("correlation", message)
    matrix = np.array(correlation)
    if not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1):
        raise fault("correlation", "must be symmetric with ones on its diagonal; correct it")
    if np.linalg.eigvalsh(matrix)[0] < -1e-9:
        raise fault("correlation", "is not possible: some mix of the prices would have a negative variance")
    for (one, (name, kind)), (other, _) in permutations(enumerate(paths[:count]), 2):
        if matrix[one, other] and not isinstance(kind, Random):
            raise fault(
                "correlation", f"cannot move {name}, which is {kind.kind}; write 0 in its row and column"
            )
    random = [(name, kind) for name, kind in paths[:count] if isinstance(kind, Random)]
    places = [number for number, (_, kind) in enumerate(paths[:count]) if isinstance(kind, Random)]
    try:
        dependence([kind for _, kind in random], matrix[np.ix_(places, places)])
    except Unreachable as error:
        first, second = (random[number][0] for number in error.pair)
        asked = matrix[tuple(places[number] for number in error.pair)]
        raise fault(
            "correlation",
            f"is {asked:g} for {first} and {second}, but with these jumps and "
            f"volatilities {error.reached:.2f} can be had; write that, or make them more alike",
        ) from None


def drawn(
    kinds: Sequence[Path_], hours: Prices, correlation: Matrix | None, seed: int, path: int
) -> list[Prices]:
    """Prices at `hours` since the start, a row each.

    Args:
        kinds: what they are.
        hours: of the blocks.
        correlation: of the first of them; the others hang on nothing.
        seed: of all draws.
        path: numbers the draws.

    Raises:
        Unreachable: prices cannot have this correlation.
        ValueError: files cannot be drawn together; a sentence.
    """
    normals = np.random.default_rng([seed, 1, path]).standard_normal((len(kinds), len(hours)))
    jumps = np.zeros_like(normals)
    if random := [number for number, kind in enumerate(kinds) if isinstance(kind, Random)]:
        matrix = np.eye(len(kinds))
        if correlation is not None:
            matrix[: len(correlation), : len(correlation)] = correlation
        models = [kind for kind in kinds if isinstance(kind, Random)]
        how = dependence(models, matrix[np.ix_(random, random)])
        if correlation is not None:
            matrix[np.ix_(random, random)] = how.normals
            normals = mixed(matrix, normals)
        jumps[random] = _jumps(models, random, how, hours, (seed, path))
    files = [kind for kind in kinds if isinstance(kind, Bootstrap)]
    candles = iter(_candles(files, float(hours[-1]), (seed, path)) if files else ())
    found = []
    for number, kind in enumerate(kinds):
        if isinstance(kind, Random):
            found.append(kind.prices(hours, normals[number], jumps[number]))
        elif isinstance(kind, Bootstrap):
            found.append(kind.prices(hours, next(candles)))
        else:
            found.append(kind.prices(hours))
    return found


def _jumps(
    models: Sequence[Random], numbers: Sequence[int], how: Dependence, hours: Prices, seed: tuple[int, int]
) -> Prices:
    """The logarithm of what each price jumps in each block."""
    years = np.diff(hours, prepend=hours[0]) * HOUR / YEAR
    found = np.zeros((len(models), len(hours)))
    for rate, who in how.shocks:
        alone = len(who) == 1
        members = [numbers[place] for place in who]
        rng = np.random.default_rng([seed[0], 2 if alone else 6, seed[1], *members])
        counts = rng.poisson(rate * years)
        sizes = rng.standard_normal((len(who), len(hours)))
        if not alone:
            sizes = mixed(how.sizes[np.ix_(who, who)], sizes)
        for place, normals in zip(who, sizes, strict=True):
            _, mean, sigma = models[place].jump_law
            found[place] += mean * counts + sigma * np.sqrt(counts) * normals
    return found


def side_by_side(files: Sequence[Bootstrap]) -> list[Prices]:
    """The candles of several files at the times that all of them have.

    Raises:
        ValueError: they have no such times, or do not say; a sentence.
    """
    first = files[0]
    for other in files[1:]:
        for name in ("hours_per_candle", "block"):
            if getattr(first, name) != getattr(other, name):
                raise ValueError(
                    f"{name} is {getattr(first, name)} for {first.file} and {getattr(other, name)} for "
                    f"{other.file}, which are drawn together; give both the same"
                )
    counts = [len(each.candles()) for each in files]
    begins = [each.begins for each in files if each.begins]
    if not begins and len(set(counts)) == 1:
        return [each.candles() for each in files]
    if len(begins) < len(files):
        raise ValueError(
            f"{', '.join(str(each.file) for each in files)} are drawn together, but do not all say when "
            "their candles are and have not the same number; name columns of `time`"
        )
    candle = timedelta(hours=first.length)
    start = max(begins)
    end = min(begin + count * candle for begin, count in zip(begins, counts, strict=True))
    if any((start - begin) % candle for begin in begins):
        raise ValueError(
            f"the candles of {', '.join(str(each.file) for each in files)}, which are drawn together, begin "
            "at different minutes; take files of one source"
        )
    common = (end - start) // candle
    if common <= first.block:
        raise ValueError(
            f"{', '.join(str(each.file) for each in files)} are drawn together, but have only "
            f"{max(common, 0)} candles in common, from {shown(start)}; block is {first.block}, so lower it "
            "or take files of the same days"
        )
    places = [(start - begin) // candle for begin in begins]
    return [each.candles()[place : place + common] for each, place in zip(files, places, strict=True)]


def _candles(files: Sequence[Bootstrap], hours: float, seed: tuple[int, int]) -> list[Prices]:
    """Drawn candles as parts of the close before each, of the same days in every file."""
    moves = [candles[1:] / candles[:-1, 3:] for candles in side_by_side(files)]
    block = files[0].block
    needed = int(hours / files[0].length) + 2
    rng = np.random.default_rng([seed[0], 7, seed[1]])
    starts = rng.integers(0, len(moves[0]) - block + 1, -(-needed // block))
    places = (starts[:, None] + np.arange(block)[None, :]).ravel()[:needed]
    return [each[places] for each in moves]
