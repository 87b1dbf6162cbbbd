"""The judge of mutants: tests that killed others, the campaign, the tests in process, until the first red.

The tests are collected once. Each mutant is judged in a process of its own, forked from the one that has
collected them, in which contracts are looked up under the mutant's.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import pairwise
from random import Random

import pytest

from plimsoll.chain.artifacts import standing_in
from plimsoll.chain.engine import Artifact
from plimsoll.testing.engines import in_process
from quality.compiling import ROOT
from tests.stateful import oracle_world, world
from tests.stateful.rules import Steps, begin, lend

STEPS_OF_A_WORLD = 100
ORACLE_STEPS = 30  # in each world of an oracle
OUTSIDE = {"ChainlinkOracle", "Lens"}  # of the campaign of the protocol
FIRST_STEPS = 600  # of the campaign, before the tests
TESTS = (
    "unit/pool", "unit/vault", "unit/basket", "unit/backstop", "unit/council", "unit/factory", "unit/oracle",
    "unit/lens", "unit/liquidator", "unit/leverage", "property", "regressions/test_a06_token_in_the_path.py",
    "regressions/test_a17_second_callback.py", "regressions/test_settling_elsewhere_in_a_callback.py",
)  # fmt: skip
ALONE = {  # of the tests: what says nothing of other contracts than these
    "unit/basket/": {"Basket"},
    "unit/oracle/": {"ChainlinkOracle"},
    "standards/test_erc20": {"Pool", "Backstop"},
    "standards/test_erc4626": {"Pool", "Backstop"},
}
ARGUMENTS = (
    *(str(ROOT / "tests" / folder) for folder in TESTS), f"--rootdir={ROOT}", "--engine=revm",
    "-k", "not peer",  # a vault of others, to hold the standards against
    "--disable-plugin-autoload", "-pno:cacheprovider", "-pno:faulthandler",
    "-pno:terminal", "--assert=plain", "-o", "addopts=--import-mode=importlib",
)  # fmt: skip


def play(steps: int, seed: object = 0) -> int:
    """Plays the campaign.

    Returns:
        The steps played.

    Raises:
        Exception: the first difference or broken invariant; whatever a contract that cannot be used leads to.
    """
    for run in range(steps // STEPS_OF_A_WORLD):
        place = world.Lockstep(in_process(), *world.MARKETS[run % len(world.MARKETS)])
        begin(place)
        lend(place)
        walk = Steps(place, Random(f"{seed} {run}"))
        for _ in range(STEPS_OF_A_WORLD):
            walk.step()
    return steps // STEPS_OF_A_WORLD * STEPS_OF_A_WORLD


class Red(AssertionError):
    """A test that failed."""

    def __init__(self, test: str, text: str) -> None:
        """Its name and the last line of what it says."""
        super().__init__(f"{test}: {text}")
        self.test = test


class Bench:
    """The collected tests."""

    def __init__(self, session: pytest.Session) -> None:
        """Those of a session."""
        self.items = session.items
        self.red: Red | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each part of a test."""
        if report.failed and not self.red:
            self.red = Red(report.nodeid, report.longreprtext.splitlines()[-1])

    def run(self, contracts: Collection[str]) -> None:
        """Runs the tests that say something of some contracts until the first red, which it raises.

        Those of these contracts come first, slow ones last.
        """
        folders = [f"unit/{name.lower().removeprefix('chainlink')}/" for name in contracts]

        def says_nothing(item: pytest.Item) -> bool:
            return any(part in item.nodeid and not of & set(contracts) for part, of in ALONE.items())

        def rank(item: pytest.Item) -> tuple[bool, bool]:
            return not any(each in item.nodeid for each in folders), "/property/" in item.nodeid

        self._run(sorted((item for item in self.items if not says_nothing(item)), key=rank))

    def try_out(self, tests: Iterable[str]) -> None:
        """Runs some tests until the first red; raises it."""
        self._run([item for item in self.items if item.nodeid in tests])

    def _run(self, items: list[pytest.Item]) -> None:
        for item, following in pairwise([*items, None]):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.red:
                raise self.red


def with_tests(work: Callable[[Bench], int], marks: str = "not slow") -> int:
    """Collects the tests and lets `work` do with them what it likes; its answer.

    Args:
        work: gets the tests.
        marks: of the tests, as pytest's `-m` has them; "" is all.

    Raises:
        RuntimeError: the tests cannot be collected.
    """
    answers: list[int] = []
    raised: list[BaseException] = []

    class Plugin:
        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            """Called by pytest once everything is collected."""
            bench = Bench(session)
            session.config.pluginmanager.register(bench)
            try:
                answers.append(work(bench))
            except BaseException as error:  # pytest would print it and go on
                raised.append(error)
            return True

    code = pytest.main([*ARGUMENTS, "-m", marks], plugins=[Plugin()])
    if raised:
        raise raised[0]
    if not answers:
        raise RuntimeError(f"The tests cannot be collected (pytest says {code!s}).")
    return answers[0]


def judge(
    bench: Bench, artifacts: Mapping[str, Artifact], steps: int, seed: int, first: Iterable[str] = ()
) -> None:
    """Tries some tests first, then some of the campaign, which kills most mutants, the tests, the rest.

    Raises:
        Red: a test is red.
        Exception: whatever else shows that something is wrong.
    """
    of_oracle, of_protocol = "ChainlinkOracle" in artifacts, bool(artifacts.keys() - OUTSIDE)
    with standing_in(artifacts):
        bench.try_out(first)
        for part in (FIRST_STEPS, steps):
            if of_protocol:
                play(part, f"{seed} {part}")
            if of_oracle:
                oracle_world.play(f"{seed} {part}", part // ORACLE_STEPS, ORACLE_STEPS)
            if part == FIRST_STEPS:
                bench.run(artifacts)
