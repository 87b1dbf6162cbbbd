"""The judge of a mutant: the campaign in process, and the oracle's, until the first difference."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from plimsoll.chain.engine import Artifact
from plimsoll.chain.revm import Revm
from tests.stateful import oracle_world, world
from tests.stateful.rules import Steps, begin, lend

START = 1_800_000_000
MARKETS = [((6, 18, 8), 0), ((18, 18, 0), 10**15), ((8, 6, 27), 10**12)]
STEPS_OF_A_WORLD = 100
ORACLE_STEPS = 30  # in each world of an oracle


@contextmanager
def standing_in(artifacts: dict[str, Artifact]) -> Iterator[None]:
    """Lets worlds be built with other artifacts under the names of the originals."""
    original = world.compiled

    @functools.cache
    def compiled(name: str) -> tuple[Artifact, dict[str, int]]:
        artifact, slots = original(name)
        return artifacts.get(name, artifact), slots

    world.compiled = compiled
    try:
        yield
    finally:
        world.compiled = original


def play(artifacts: dict[str, Artifact], steps: int, seed: int = 0) -> int:
    """Plays the campaign on these artifacts.

    Returns:
        The steps played.

    Raises:
        Exception: the first difference or broken invariant; whatever a contract that cannot be used leads to.
    """
    with standing_in(artifacts):
        for run in range(steps // STEPS_OF_A_WORLD):
            decimals, flash_fee = MARKETS[run % len(MARKETS)]
            place = world.World(Revm(START), decimals, flash_fee)
            begin(place)
            lend(place)
            walk = Steps(place, Random(f"{seed} {run}"))
            for _ in range(STEPS_OF_A_WORLD):
                walk.step()
    return steps // STEPS_OF_A_WORLD * STEPS_OF_A_WORLD


def judge(artifacts: dict[str, Artifact], steps: int, seed: int) -> None:
    """Plays whatever lanes the artifacts take part in; raises as `play` does."""
    if set(artifacts) - {"ChainlinkOracle"}:
        play(artifacts, steps, seed)
    if "ChainlinkOracle" in artifacts:
        with standing_in(artifacts):
            oracle_world.play(seed, steps // ORACLE_STEPS, ORACLE_STEPS)
