"""What every test shares beside the fixtures of `plimsoll.testing`."""

import gc
import logging
import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from plimsoll.chain.anvil import Anvil
from plimsoll.chain.artifacts import compile_missing, standing_in
from plimsoll.chain.engine import Engine
from plimsoll.chain.revm import Revm
from plimsoll.testing import Chain
from plimsoll.testing.engines import made_by
from quality.compiling import CONTRACTS, build_optimised
from tests.utils.periphery import PeripheryMarket

pytest_plugins = ["plimsoll.testing.plugin"]  # whether or not the package is installed
ROOT = Path(__file__).parent
NO_LIMIT = 2**20  # bytes of a contract
OF_APE = logging.getLogger("ape")

os.environ.pop("APE_FOUNDRY_HOST", None)  # ape would run the tests on a chain that somebody else has started
os.environ["NO_PROXY"] = "127.0.0.1,localhost"  # else requests looks for a proxy in all variables, each time


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine`: what runs the tests that take any engine; `--optimiser`."""
    parser.addoption(
        "--engine",
        dest="plimsoll_engine",
        choices=["revm", "anvil"],
        default="revm",
        help="the same as --plimsoll-engine",
    )
    parser.addoption(
        "--optimiser",
        choices=["none", "gas", "codesize"],
        default="gas",
        help="compile the contracts with another one than their pragmas say; in process",
    )


# what talks to a node through ape or the commands; `--engine revm` leaves it out unless it is named
ON_A_NODE = (
    "integration/test_guides.py", "integration/test_two_engines.py", "market/test_on_ape.py",
    "market/test_play_on_ape.py",
    "package/test_examples_on_ape.py", "scenario/test_commands.py", "unit/deploy", "unit/inspection",
    "unit/keeper",
)  # fmt: skip


def in_process_alone(config: pytest.Config) -> bool:
    """Whether nothing of `ON_A_NODE` is run."""
    named = [Path(str(argument).partition("::")[0]).resolve() for argument in config.args]
    return config.getoption("plimsoll_engine") == "revm" and not any(
        path.is_relative_to(ROOT / part) for path in named for part in ON_A_NODE
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """In process is collected what runs there."""
    outside = any(collection_path == ROOT / part for part in ON_A_NODE)
    return True if outside and in_process_alone(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Who needs no node does not wait until ape has loaded and started one."""
    if in_process_alone(config) and config.pluginmanager.has_plugin("ape_test"):
        config.pluginmanager.unregister(name="ape_test")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: who waits for a block or a browser leaves its own to others."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker of pytest-xdist gets the level at which `ape test` lets ape log; it would have ape's own."""
    node.workerinput["ape_level"] = OF_APE.level


def pytest_configure(config: pytest.Config) -> None:
    """Compiles what has changed, or everything with another optimiser."""
    if hasattr(config, "workerinput"):
        OF_APE.setLevel(config.workerinput["ape_level"])
    compile_missing()
    level = config.getoption("--optimiser")
    if level != "gas":
        stack = ExitStack()
        stack.enter_context(standing_in({name: build_optimised(name, level) for name in CONTRACTS}))
        stack.enter_context(made_by(partial(Revm, code_limit=NO_LIMIT)))
        config.add_cleanup(stack.close)


def pytest_collection_finish() -> None:
    """Thousands of tests are no garbage: looking through them again and again takes a tenth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 10)


@pytest.fixture(scope="session")
def engine(plimsoll_engine: Engine) -> Engine:
    """What runs the contracts; time passes only when a test says so."""
    return plimsoll_engine


@pytest.fixture(scope="session")
def chain(plimsoll_chain: Chain) -> Chain:
    """What tests deploy on."""
    return plimsoll_chain


@pytest.fixture(scope="session")
def anvil(engine: Engine) -> Anvil:
    """For what only a node can do; the test is skipped elsewhere."""
    if not isinstance(engine, Anvil):
        pytest.skip("needs a node: --engine anvil")
    return engine


@pytest.fixture(scope="session")
def venue(chain: Chain) -> PeripheryMarket:
    """Markets, Uniswap, Liquidator and Leverage."""
    return PeripheryMarket(chain)
