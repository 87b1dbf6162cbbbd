"""The optimiser changes nothing that is computed: campaigns and tests pass without it and with another.

The sources say `# pragma optimize gas`. Without an optimiser two blueprints are larger than a chain accepts
(EIP-170), so `--optimiser` lifts the limit.
"""

import os
import subprocess
import sys
from functools import partial

import pytest

from plimsoll.chain.artifacts import standing_in
from plimsoll.chain.engine import BLUEPRINT_PREAMBLE
from plimsoll.chain.revm import Revm
from plimsoll.testing.engines import made_by
from quality.compiling import CONTRACTS, build_optimised
from quality.judging import ORACLE_STEPS, play
from tests.conftest import NO_LIMIT
from tests.stateful import oracle_world

STEPS = 3_000
LIMIT = 24_576
TESTS = ("tests/unit/pool", "tests/unit/vault", "tests/property/standards")

pytestmark = pytest.mark.skipif("FUZZ_STEPS" not in os.environ, reason="compiles everything; make fuzz does")


@pytest.mark.parametrize("level", ["none", "codesize"])
def test_nothing_depends_on_the_optimiser(level: str) -> None:
    """T1 and the invariants; what pool and vault do; ERC-4626, ERC-20, EIP-2612, ERC-3156."""
    artifacts = {name: build_optimised(name, level) for name in CONTRACTS}
    with standing_in(artifacts), made_by(partial(Revm, code_limit=NO_LIMIT)):
        assert play(STEPS) == STEPS
        oracle_world.play(0, STEPS // ORACLE_STEPS, ORACLE_STEPS)
    command = [sys.executable, "-m", "pytest", *TESTS, "--engine=revm", f"--optimiser={level}", "-q"]
    assert subprocess.run(command, check=False).returncode == 0


def test_ours_fits_and_none_does_not() -> None:
    """The levels make different code; ours leaves room for what a blueprint begins with."""
    sizes = {
        level: len(BLUEPRINT_PREAMBLE + build_optimised("Pool", level).initcode)
        for level in ("none", "gas", "codesize")
    }
    assert sizes["codesize"] < sizes["gas"] < LIMIT < sizes["none"]
