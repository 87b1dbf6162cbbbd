"""What makes the returns of several random prices as correlated as asked, jumps included.

Jump diffusions have independent increments, so that the correlation of their returns is the same over any
time. They vary by their diffusion and by their jumps, and both are made to fall together:

- Jumps come from common Poisson shocks (Lindskog and McNeil, "Common Poisson shock models", ASTIN Bulletin
  33, 2003): each set of prices has a clock of its own, at which all of its members jump. The clocks of a
  price add up to its own rate, so that its jumps are what they are alone. Sizes at one tick are normal with
  the correlation that is asked. Two prices jump at once so often that their jumps' correlation is what is
  asked, or what the normal moves leave to do; where that is more often than one of them jumps at all, their
  sizes are correlated the more.
- The normal moves have the correlation that brings the whole to what is asked: that itself, where the jumps
  reach it.

What cannot be reached so is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from plimsoll.scenario.candles import Prices
from plimsoll.scenario.paths import Random

TOLERANCE = 0.01  # between a correlation that is asked and the one that is reached
NEGLIGIBLE = 1e-12


class Unreachable(ValueError):
    """Two prices cannot have what is asked of them.

    Attributes:
        pair: their numbers.
        reached: what their returns' correlation would be.
    """

    def __init__(self, pair: tuple[int, int], reached: float) -> None:
        """What cannot be, for a message elsewhere."""
        super().__init__(f"{pair} reach {reached}")
        self.pair, self.reached = pair, reached


@dataclass(frozen=True)
class Dependence:
    """How the moves of several random prices hang together.

    Attributes:
        normals: the correlation of the normal moves.
        sizes: the correlation of jumps that come at once.
        shocks: jumps a year of each clock, and whose.
    """

    normals: Prices
    sizes: Prices
    shocks: tuple[tuple[float, tuple[int, ...]], ...]


def dependence(prices: Sequence[Random], correlation: Prices) -> Dependence:
    """What gives the returns of `prices` a correlation.

    Raises:
        Unreachable: nothing does, within `TOLERANCE`.
    """
    rates, means, sigmas = np.array([price.jump_law for price in prices], dtype=np.float64).T
    if not rates.any():
        return Dependence(correlation, correlation, ())
    moves: Prices = np.array([price.volatility for price in prices]) ** 2.0  # variance a year
    jumps = rates * (means**2 + sigmas**2)
    room, whole = _roots(moves), _roots(moves + jumps)
    asked = np.clip(correlation * _roots(jumps), correlation * whole - room, correlation * whole + room)
    level, both = np.outer(means, means), np.outer(sigmas, sigmas)
    at_once, most = _ratio(asked, level + correlation * both), np.minimum.outer(rates, rates)
    shocks = common_shocks(rates, np.clip(at_once, 0, most))
    needed = np.clip(_ratio(_ratio(asked, most) - level, both), -1, 1)
    sizes = _possible(np.where(at_once > most, needed, correlation))
    product = level + sizes * both  # mean, of two jumps at once
    by_jumps = np.zeros_like(asked)
    for rate, who in shocks:
        by_jumps[np.ix_(who, who)] += rate * product[np.ix_(who, who)]
    normals = _possible(np.clip(_ratio(correlation * whole - by_jumps, room), -1, 1))
    reached = normals * room + by_jumps
    for pair in combinations(range(len(prices)), 2):
        if whole[pair] > NEGLIGIBLE and abs(reached[pair] / whole[pair] - correlation[pair]) > TOLERANCE:
            raise Unreachable(pair, float(reached[pair] / whole[pair]))
    return Dependence(normals, sizes, shocks)


def _ratio(above: Prices, below: Prices) -> Prices:
    """The quotients, 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=np.abs(below) > NEGLIGIBLE)


def _roots(variances: Prices) -> Prices:
    """The largest covariances that variances allow."""
    roots = np.sqrt(variances)
    found: Prices = np.outer(roots, roots)
    return found


def _possible(matrix: Prices) -> Prices:
    """The matrix itself where it is a correlation, else one that is near."""
    np.fill_diagonal(matrix, 1)
    values, vectors = np.linalg.eigh(matrix)
    if values[0] >= 0:
        return matrix
    near: Prices = vectors * np.maximum(values, 0) @ vectors.T
    return near / _roots(np.diag(near))


def common_shocks(rates: Prices, at_once: Prices) -> tuple[tuple[float, tuple[int, ...]], ...]:
    """Clocks by which each of several jumps at its rate, and two of them at once as often as they should.

    The largest sets come first; two jump at once less often than they should where a rate is used up.

    Args:
        rates: jumps a year of each.
        at_once: jumps a year that two have in common, at most the lower of their rates.
    """
    left, links = rates.copy(), at_once.copy()
    np.fill_diagonal(links, 0)
    least = rates.max() * 1e-9
    found: list[tuple[float, tuple[int, ...]]] = []
    while (links > least).any():
        who = _linked(links > least)
        pairs = links[np.ix_(who, who)]
        rate = float(min(pairs[~np.eye(len(who), dtype=bool)].min(), left[list(who)].min()))
        found.append((rate, who))
        links[np.ix_(who, who)] -= rate
        left[list(who)] -= rate
        spent = left <= least
        links[spent] = links[:, spent] = 0
    own = [(float(rate), (number,)) for number, rate in enumerate(left) if rate > least]
    return (*found, *own)


def _linked(links: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    """A set of which all are linked with each other, two at least."""
    first, *others = np.argsort(-links.sum(axis=1), kind="stable").tolist()
    who = [first]
    for number in others:
        if links[number, who].all():
            who.append(number)
    return tuple(sorted(who))


def mixed(correlation: Prices, normals: Prices) -> Prices:
    """Independent normal numbers, a row each, as correlated ones."""
    values, vectors = np.linalg.eigh(correlation)
    found: Prices = vectors * np.sqrt(np.maximum(values, 0)) @ normals
    return found
