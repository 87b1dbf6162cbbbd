"""The judge of a mutant: the tests that run in this process, until the first red."""

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from plimsoll.chain.engine import Artifact, Engine
from plimsoll.chain.revm import Revm
from quality import periphery
from tests.stateful import oracle_world, world
from tests.stateful.rules import Steps, begin, lend

ROOT = Path(__file__).parents[1]
START = 1_800_000_000
MARKETS = [((6, 18, 8), 0), ((18, 18, 0), 10**15), ((8, 6, 27), 10**12)]
STEPS_OF_A_WORLD = 100
ORACLE_STEPS = 30  # in each world of an oracle
OUTSIDE = {"ChainlinkOracle", "Lens"}  # of the campaign of the protocol
FIRST_STEPS = 600  # of the campaign, before the suites


@contextmanager
def standing_in(artifacts: dict[str, Artifact], code_limit: int | None = None) -> Iterator[None]:
    """Lets worlds be built with other artifacts under the names of the originals, larger ones if need be."""
    original, engine = world.compiled, world.engine

    @functools.cache
    def compiled(name: str) -> tuple[Artifact, dict[str, int]]:
        artifact, slots = original(name)
        return artifacts.get(name, artifact), slots

    world.compiled = compiled
    if code_limit is not None:
        world.engine = functools.partial(Revm, code_limit=code_limit)
    try:
        yield
    finally:
        world.compiled, world.engine = original, engine


def play(artifacts: dict[str, Artifact], steps: int, seed: object = 0) -> int:
    """Plays the campaign on these artifacts.

    Returns:
        The steps played.

    Raises:
        Exception: the first difference or broken invariant; whatever a contract that cannot be used leads to.
    """
    with standing_in(artifacts):
        for run in range(steps // STEPS_OF_A_WORLD):
            decimals, flash_fee = MARKETS[run % len(MARKETS)]
            place = world.Lockstep(world.engine(START), decimals, flash_fee)
            begin(place)
            lend(place)
            walk = Steps(place, Random(f"{seed} {run}"))
            for _ in range(STEPS_OF_A_WORLD):
                walk.step()
    return steps // STEPS_OF_A_WORLD * STEPS_OF_A_WORLD


@functools.cache
def suites() -> list[tuple[str, Callable[[Engine], None]]]:
    """What takes an engine alone: tests in `tests/property`, by file, and those of the periphery."""
    found: list[tuple[str, Callable[[Engine], None]]] = [("periphery", periphery.play)]
    for path in sorted((ROOT / "tests/property").glob("test_*.py")):
        module = importlib.import_module(f"tests.property.{path.stem}")
        found += [
            (path.stem, test)
            for name, test in vars(module).items()
            if name.startswith("test_") and list(inspect.signature(test).parameters) == ["engine"]
        ]
    return found


def judge(artifacts: dict[str, Artifact], steps: int, seed: int) -> None:
    """Plays some of the campaign, which kills most mutants, the suites, the rest; raises at the first red."""
    of_oracle, of_protocol = "ChainlinkOracle" in artifacts, bool(artifacts.keys() - OUTSIDE)
    with standing_in(artifacts):
        for part in (FIRST_STEPS, steps):
            if of_protocol:
                play(artifacts, part, f"{seed} {part}")
            if of_oracle:
                oracle_world.play(f"{seed} {part}", part // ORACLE_STEPS, ORACLE_STEPS)
            if part == FIRST_STEPS:
                for _, test in suites():
                    try:
                        test(Revm(START))
                    except pytest.fail.Exception as red:  # no Exception, and no process survives others
                        raise AssertionError(str(red)) from red
