"""What pytest gets: a chain, people by their roles, and what a market is made of; each test is undone.

The chain runs in this process; `--plimsoll-engine` chooses another. Other plugins have a `chain` as well (ape
has one), so the engine and the chain go by their full names; `builder.chain` is the chain.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from plimsoll.chain.account import Account
from plimsoll.chain.anvil import Anvil, AnvilProcess
from plimsoll.chain.engine import Engine
from plimsoll.testing import roles
from plimsoll.testing.builder import Builder
from plimsoll.testing.chain import Chain
from plimsoll.testing.engines import START, in_process
from plimsoll.testing.market import BasketMarket, Market, build_basket_market, build_market
from plimsoll.testing.on_ape import AnvilOfApe


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--plimsoll-engine`."""
    parser.getgroup("plimsoll").addoption(
        "--plimsoll-engine",
        choices=["revm", "anvil", "ape"],
        default="revm",
        help="run contracts in this process, on an Anvil of its own, or on the Anvil that ape has started",
    )


@pytest.fixture(scope="session")
def plimsoll_engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    """What runs the contracts; time passes only when a test says so."""
    chosen = pytestconfig.getoption("plimsoll_engine")
    if chosen == "revm":
        yield in_process()
    elif chosen == "anvil":
        with AnvilProcess("--prune-history") as node:  # else it writes the states of old blocks to disk
            yield Anvil(node.url, now=START, block_seconds=0)
    else:
        engine = _anvil_of_ape()
        yield engine
        engine.close()


def _anvil_of_ape() -> AnvilOfApe:
    try:
        from ape import networks
    except ImportError:
        pytest.exit("--plimsoll-engine ape needs ape: pip install 'plimsoll[ape]'.", returncode=4)
    provider = networks.active_provider
    if provider is None or provider.name != "foundry":
        name = provider.name if provider else "nothing"
        pytest.exit(
            f"--plimsoll-engine ape needs the provider foundry, but ape is connected to {name}; set "
            "`ethereum: {local: {default_provider: foundry}}` in ape-config.yaml.",
            returncode=4,
        )
    return AnvilOfApe(provider)


@pytest.fixture(scope="session")
def plimsoll_chain(plimsoll_engine: Engine) -> Chain:
    """What tests deploy on."""
    return Chain(plimsoll_engine)


@pytest.fixture(autouse=True)
def _plimsoll_isolation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undoes each test that uses the chain; what fixtures of a wider scope have built stays.

    Pytest sets those up before this one.
    """
    if "plimsoll_chain" not in request.fixturenames:
        yield
        return
    chain: Chain = request.getfixturevalue("plimsoll_chain")
    with chain.isolated():
        yield


@pytest.fixture(scope="session")
def builder(plimsoll_chain: Chain) -> Builder:
    """Deploys the protocol in the variety that a test needs."""
    return Builder(plimsoll_chain)


@pytest.fixture(scope="session")
def deployer() -> Account:
    """Deploys everything; curator of every pool that `builder` makes."""
    return roles.DEPLOYER


@pytest.fixture(scope="session")
def curator(deployer: Account) -> Account:
    """The deployer, in the role of the curator."""
    return deployer


def _person(account: Account, what: str) -> Any:
    def person() -> Account:
        return account

    person.__doc__ = what
    return pytest.fixture(scope="session")(person)


guardian = _person(roles.GUARDIAN, "May stop things, once a council has named them.")
lender = _person(roles.LENDER, "Supplies the loan asset.")
other_lender = _person(roles.OTHER_LENDER, "Supplies the loan asset as well.")
borrower = _person(roles.BORROWER, "Locks collateral and borrows.")
other_borrower = _person(roles.OTHER_BORROWER, "Locks collateral and borrows as well.")
liquidator = _person(roles.LIQUIDATOR, "Closes unhealthy positions.")
operator = _person(roles.OPERATOR, "Acts for an owner who lets them.")
receiver = _person(roles.RECEIVER, "Gets what others send; has done nothing before.")
stranger = _person(roles.STRANGER, "Has no right to anything.")


@pytest.fixture(scope="session")
def market(builder: Builder, lender: Account, borrower: Account, liquidator: Account) -> Market:
    """An open market: loans of 6 decimals on a collateral of 18 worth 2,000, a million of which is supplied.

    Lender, borrower and liquidator have tokens and have approved pool and vault.
    """
    market = build_market(builder, [lender, borrower, liquidator])
    market.pool.deposit(market.loans(1_000_000), lender, sender=lender)
    return market


@pytest.fixture(scope="session")
def basket_market(builder: Builder, lender: Account, borrower: Account, liquidator: Account) -> BasketMarket:
    """An open market: loans of 6 decimals on a basket of two legs, worth 2,000 and 60,000 for a whole token.

    The legs have 18 and 8 decimals; a million is supplied. Lender, borrower and liquidator have tokens and
    have approved pool and basket.
    """
    market = build_basket_market(builder, [lender, borrower, liquidator])
    market.pool.deposit(market.loans(1_000_000), lender, sender=lender)
    return market
