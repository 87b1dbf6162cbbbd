"""What every test shares."""

from collections.abc import Iterator

import pytest
from ape import accounts, chain, project
from ape.api import AccountAPI
from ape.exceptions import CompilerError

from plimsoll.chain.revm import Revm
from plimsoll.chain.sources import ensure_compiled
from tests.utils.clock import isolated
from tests.utils.periphery import START, PeripheryMarket
from tests.utils.process import artifact
from tests.utils.world import Builder


def pytest_sessionstart() -> None:
    """Compiles afresh when any contract or module has changed; ape alone would miss edited modules."""
    try:
        ensure_compiled(project)
    except CompilerError as error:
        pytest.exit(f"the contracts do not compile: {error}", returncode=1)


@pytest.hookimpl(tryfirst=True)
def pytest_exception_interact(call: pytest.CallInfo) -> None:
    """Drops the frames of .venv: ape takes all below the project for ours and shows them at length."""
    ours = call.excinfo.traceback.filter(lambda frame: ".venv" not in frame.path.parts)
    if ours:
        call.excinfo.traceback = ours


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """Undoes each test; what fixtures of a wider scope have built stays.

    Pytest sets those up before this one. Ape's own isolation (switched off in pyproject.toml) knows fixtures
    by name alone and mixes up two of the same name in different folders.
    """
    with isolated():
        yield


@pytest.fixture(scope="session")
def deployer() -> AccountAPI:
    """Deploys everything; curator of every pool that `builder` makes."""
    return accounts.test_accounts[0]


@pytest.fixture(scope="session")
def curator(deployer: AccountAPI) -> AccountAPI:
    """The deployer, in the role of the curator."""
    return deployer


@pytest.fixture(scope="session")
def guardian() -> AccountAPI:
    """May stop things, once a council has named him."""
    return accounts.test_accounts[1]


@pytest.fixture(scope="session")
def lender() -> AccountAPI:
    """Supplies the loan asset."""
    return accounts.test_accounts[2]


@pytest.fixture(scope="session")
def other_lender() -> AccountAPI:
    """Supplies the loan asset as well."""
    return accounts.test_accounts[3]


@pytest.fixture(scope="session")
def borrower() -> AccountAPI:
    """Locks collateral and borrows."""
    return accounts.test_accounts[4]


@pytest.fixture(scope="session")
def other_borrower() -> AccountAPI:
    """Locks collateral and borrows as well."""
    return accounts.test_accounts[5]


@pytest.fixture(scope="session")
def liquidator() -> AccountAPI:
    """Closes unhealthy positions."""
    return accounts.test_accounts[6]


@pytest.fixture(scope="session")
def operator() -> AccountAPI:
    """Acts for an owner who lets him."""
    return accounts.test_accounts[7]


@pytest.fixture(scope="session")
def receiver() -> AccountAPI:
    """Gets what others send; has done nothing before."""
    return accounts.test_accounts[8]


@pytest.fixture(scope="session")
def stranger() -> AccountAPI:
    """Has no right to anything."""
    return accounts.test_accounts[9]


@pytest.fixture(scope="session")
def builder(deployer: AccountAPI) -> Builder:
    """Deploys the protocol in the variety that a test needs."""
    return Builder(deployer)


@pytest.fixture(scope="session")
def _venue() -> PeripheryMarket:
    return PeripheryMarket(Revm(START), artifact)


@pytest.fixture
def venue(_venue: PeripheryMarket) -> Iterator[PeripheryMarket]:
    """Markets, Uniswap, Liquidator and Leverage in process; undone after each test."""
    before = _venue.engine.snapshot()
    yield _venue
    _venue.engine.revert(before)


@pytest.fixture
def still_clock() -> Iterator[None]:
    """Time stands still until the test moves it: views see what the next transaction will see."""
    chain.provider.make_request("anvil_setBlockTimestampInterval", [0])
    yield
    chain.provider.make_request("anvil_removeBlockTimestampInterval", [])
