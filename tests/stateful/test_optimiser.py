"""The optimiser changes nothing that is computed: campaigns and standards pass without it and with another.

The sources say `# pragma optimize gas`. Without an optimiser two blueprints are larger than a chain accepts
(EIP-170), so the limit is lifted for them.
"""

import os

import pytest

from plimsoll.chain.engine import BLUEPRINT_PREAMBLE
from quality.compiling import CONTRACTS, build_optimised
from quality.judging import ORACLE_STEPS, play, standing_in
from tests.property.standards.subjects import subject_of
from tests.stateful import oracle_world

STEPS = 3_000
LIMIT = 24_576
NO_LIMIT = 2**20
STANDARDS = [  # a run within the run, without ape
    "tests/property/standards", "--noconftest", "-p", "tests.property.standards.conftest",
    "-p", "no:ape_test", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib", "-q",
]  # fmt: skip

pytestmark = pytest.mark.skipif("FUZZ_STEPS" not in os.environ, reason="compiles everything; make fuzz does")


@pytest.mark.parametrize("level", ["none", "codesize"])
def test_nothing_depends_on_the_optimiser(level: str) -> None:
    """T1 and the invariants; ERC-4626, ERC-20, EIP-2612, ERC-3156."""
    artifacts = {name: build_optimised(name, level) for name in CONTRACTS}
    with standing_in(artifacts, NO_LIMIT):
        assert play({}, STEPS) == STEPS
        oracle_world.play(0, STEPS // ORACLE_STEPS, ORACLE_STEPS)
        subject_of.cache_clear()
        outcome = pytest.main(STANDARDS)
        subject_of.cache_clear()
    assert outcome == pytest.ExitCode.OK


def test_ours_fits_and_none_does_not() -> None:
    """The levels make different code; ours leaves room for what a blueprint begins with."""
    sizes = {
        level: len(BLUEPRINT_PREAMBLE + build_optimised("Pool", level).initcode)
        for level in ("none", "gas", "codesize")
    }
    assert sizes["codesize"] < sizes["gas"] < LIMIT < sizes["none"]
