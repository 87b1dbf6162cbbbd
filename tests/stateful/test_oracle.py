"""Oracles of random shape, whose sources fail, lie and come back, against an exact model."""

import os
import secrets

from tests.stateful.oracle_world import play

FUZZ = os.environ.get("FUZZ_STEPS")  # set by `make fuzz`; without it the steps are the same in every run
STEPS_OF_A_WORLD = 40


def test_every_answer_is_the_models() -> None:
    """T1 for both prices, their parts and the record of a failing primary; a failure names its seed."""
    seed = secrets.token_hex(4) if FUZZ else "plimsoll"
    worlds = int(FUZZ or 3_000) // STEPS_OF_A_WORLD
    for number in range(worlds):
        name = f"{seed} {number}"
        try:
            play(name, 1, STEPS_OF_A_WORLD)
        except AssertionError as difference:
            raise AssertionError(f"play({name!r}, 1, {STEPS_OF_A_WORLD}): {difference}") from difference
