"""What every test shares: an engine, a chain on it, people, and a market for the periphery."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.chain.artifacts import compile_missing, standing_in
from plimsoll.chain.engine import Engine
from plimsoll.chain.revm import Revm
from plimsoll.testing import Account, Chain
from quality.compiling import CONTRACTS, build_optimised
from tests.utils.engines import START, in_process, made_by
from tests.utils.market import Builder
from tests.utils.periphery import PeripheryMarket
from tests.utils.roles import DEPLOYER

ROOT = Path(__file__).parent
NO_LIMIT = 2**20  # bytes of a contract

os.environ.pop("APE_FOUNDRY_HOST", None)  # ape would run the tests on a chain that somebody else has started


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine`: what runs the tests that take any engine."""
    parser.addoption(
        "--engine",
        choices=["revm", "anvil"],
        default="revm",
        help="run contracts in this process, or on an Anvil of its own",
    )
    parser.addoption(
        "--optimiser",
        choices=["none", "gas", "codesize"],
        default="gas",
        help="compile the contracts with another one than their pragmas say; in process",
    )


# what talks to a node through ape or the commands; `--engine revm` leaves it out unless it is named
ON_A_NODE = (
    "integration/test_guides.py", "integration/test_two_engines.py", "scenario/test_commands.py",
    "unit/deploy", "unit/inspection", "unit/keeper",
)  # fmt: skip


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """In process is collected what runs there."""
    named = [Path(str(argument).partition("::")[0]).resolve() for argument in config.args]
    if any(path.is_relative_to(ROOT / part) for path in named for part in ON_A_NODE):
        return None
    outside = any(collection_path == ROOT / part for part in ON_A_NODE)
    return True if outside and config.getoption("--engine") == "revm" else None


def pytest_configure(config: pytest.Config) -> None:
    """Compiles what has changed, or everything with another optimiser."""
    compile_missing()
    level = config.getoption("--optimiser")
    if level != "gas":
        stack = ExitStack()
        stack.enter_context(standing_in({name: build_optimised(name, level) for name in CONTRACTS}))
        stack.enter_context(made_by(partial(Revm, code_limit=NO_LIMIT)))
        config.add_cleanup(stack.close)


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """What runs the contracts; time passes only when a test says so."""
    if request.config.getoption("--engine") == "revm":
        yield in_process()
        return
    node = AnvilProcess()
    node.start()
    try:
        yield Anvil(node.url, now=START, block_seconds=0)
    finally:
        node.kill()


@pytest.fixture(scope="session")
def chain(engine: Engine) -> Chain:
    """What tests deploy on."""
    return Chain(engine, DEPLOYER)


@pytest.fixture(scope="session")
def anvil(engine: Engine) -> Anvil:
    """For what only a node can do; the test is skipped elsewhere."""
    if not isinstance(engine, Anvil):
        pytest.skip("needs a node: --engine anvil")
    return engine


@pytest.fixture(autouse=True)
def _isolation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undoes each test that uses the chain; what fixtures of a wider scope have built stays.

    Pytest sets those up before this one.
    """
    if "chain" not in request.fixturenames:
        yield
        return
    with request.getfixturevalue("chain").isolated():
        yield


@pytest.fixture(scope="session")
def deployer() -> Account:
    """Deploys everything; curator of every pool that `builder` makes."""
    return DEPLOYER


@pytest.fixture(scope="session")
def curator(deployer: Account) -> Account:
    """The deployer, in the role of the curator."""
    return deployer


def _person(role: str, what: str) -> pytest.Function:
    def person() -> Account:
        return Account.of(role)

    person.__doc__ = what
    return pytest.fixture(scope="session", name=role)(person)


guardian = _person("guardian", "May stop things, once a council has named them.")
lender = _person("lender", "Supplies the loan asset.")
other_lender = _person("other_lender", "Supplies the loan asset as well.")
borrower = _person("borrower", "Locks collateral and borrows.")
other_borrower = _person("other_borrower", "Locks collateral and borrows as well.")
liquidator = _person("liquidator", "Closes unhealthy positions.")
operator = _person("operator", "Acts for an owner who lets them.")
receiver = _person("receiver", "Gets what others send; has done nothing before.")
stranger = _person("stranger", "Has no right to anything.")


@pytest.fixture(scope="session")
def builder(chain: Chain) -> Builder:
    """Deploys the protocol in the variety that a test needs."""
    return Builder(chain)


@pytest.fixture(scope="session")
def venue(chain: Chain) -> PeripheryMarket:
    """Markets, Uniswap, Liquidator and Leverage."""
    return PeripheryMarket(chain)
