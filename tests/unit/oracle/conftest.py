"""The oracle's world: see `OracleYard.plain_config`.

What is deployed once is a session fixture and has a name of its own: ape tells scopes apart by the name
alone. A test module that has one oracle in mind calls it `oracle`.
"""

from collections.abc import Callable

import pytest
from ape import chain
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER, PRICE, Config, OracleYard


@pytest.fixture(scope="session")
def deployer(accounts) -> AccountAPI:
    return accounts[0]


@pytest.fixture(scope="session")
def keeper(accounts) -> AccountAPI:
    return accounts[1]


@pytest.fixture(scope="session")
def yard(deployer) -> OracleYard:
    return OracleYard(deployer)


@pytest.fixture(scope="session")
def plain_config(yard) -> Config:
    return yard.plain_config()


@pytest.fixture(scope="session")
def collateral_feed(plain_config) -> ContractInstance:
    return plain_config.collateral_feed.feed


@pytest.fixture(scope="session")
def loan_feed(plain_config) -> ContractInstance:
    return plain_config.loan_feed.feed


@pytest.fixture(scope="session")
def second(yard) -> ContractInstance:
    return yard.lying_oracle(PRICE)


@pytest.fixture(scope="session")
def fallback(yard) -> ContractInstance:
    return yard.lying_oracle(PRICE)


@pytest.fixture(scope="session")
def plain_oracle(yard, plain_config) -> ContractInstance:
    """Two feeds and nothing else."""
    return yard.oracle(plain_config)


@pytest.fixture(scope="session")
def paired_oracle(yard, plain_config, second) -> ContractInstance:
    """Two feeds and a second source."""
    return yard.oracle(plain_config.but(second=second))


@pytest.fixture(scope="session")
def backed_oracle(yard, plain_config, fallback) -> ContractInstance:
    """Two feeds and a fallback."""
    return yard.oracle(plain_config.but(fallback=fallback))


@pytest.fixture
def set_round(deployer) -> Callable[[ContractInstance, int, int], None]:
    """Gives a feed a round that is so many seconds old in the block from which views are read next."""

    def set_round(feed: ContractInstance, answer: int, age: int) -> None:
        now = chain.pending_timestamp + 1
        chain.pending_timestamp = now
        feed.set_round(answer, now - age, sender=deployer)
        assert chain.blocks.head.timestamp == now

    return set_round


@pytest.fixture
def refresh(deployer, collateral_feed, loan_feed) -> Callable[[], None]:
    """Both feeds update now, with the answers they started with."""

    def refresh() -> None:
        collateral_feed.set_answer(COLLATERAL_ANSWER, sender=deployer)
        loan_feed.set_answer(LOAN_ANSWER, sender=deployer)

    return refresh


@pytest.fixture
def travel() -> Callable[[int], None]:
    """Lets seconds pass."""

    def travel(seconds: int) -> None:
        chain.mine(deltatime=seconds)

    return travel
