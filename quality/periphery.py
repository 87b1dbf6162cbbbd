"""The tests of Liquidator and Leverage that ask for a `PeripheryMarket`, on any engine and any artifacts."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from plimsoll.chain.engine import Artifact, Engine
from tests.stateful import world
from tests.utils.periphery import PeripheryMarket

ROOT = Path(__file__).parents[1]
FOLDERS = ("unit/liquidator", "unit/leverage")
REGRESSIONS = ("regressions/test_a06_token_in_the_path.py", "regressions/test_a17_second_callback.py")
NAMES = {"PlainToken": "Token", "LyingOracle": "Oracle"}  # of `world.SOURCES`, where they differ
ARGUMENTS = [  # a run within the run, without ape, until the first red
    *(str(ROOT / "tests" / path) for path in FOLDERS + REGRESSIONS), f"--rootdir={ROOT}", "--noconftest",
    *(f"-ptests.{folder.replace('/', '.')}.conftest" for folder in FOLDERS), "--disable-plugin-autoload",
    "-pno:cacheprovider", "-pno:faulthandler", "-o", "addopts=--import-mode=importlib", "-s", "-x",
]  # fmt: skip


class _Stage:
    """What pytest is given in place of `tests/conftest.py`; keeps what went wrong."""

    def __init__(self, engine: Engine) -> None:
        self.stage = PeripheryMarket(engine, artifact)
        self.red = ""

    @pytest.fixture
    def venue(self) -> Iterator[PeripheryMarket]:
        """The same for all tests; undone after each."""
        before = self.stage.engine.snapshot()
        yield self.stage
        self.stage.engine.revert(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each step of a test."""
        if report.failed:
            self.red = f"{report.nodeid}: {report.longreprtext.splitlines()[-1]}"


def artifact(name: str) -> Artifact:
    """A contract under the name of its file, or what stands in for it."""
    return world.compiled(NAMES.get(name, name))[0]


def play(engine: Engine) -> None:
    """Plays them all.

    Raises:
        AssertionError: at the first red, or when there is nothing to play.
    """
    stage, output = _Stage(engine), io.StringIO()
    with contextlib.redirect_stdout(output):
        outcome = pytest.main(ARGUMENTS, plugins=[stage])
    if outcome != pytest.ExitCode.OK:
        raise AssertionError(stage.red or output.getvalue())
