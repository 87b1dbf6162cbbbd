"""The oracle's world: see `OracleYard.plain_config`. A module with one oracle in mind calls it `oracle`."""

from collections.abc import Callable

import pytest

from plimsoll.testing import Account, Contract
from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER, PRICE, Config, OracleYard


@pytest.fixture(scope="module")
def keeper() -> Account:
    """Anybody who marks."""
    return Account.of("keeper")


@pytest.fixture(scope="module")
def yard(chain) -> OracleYard:
    return OracleYard(chain)


@pytest.fixture(scope="module")
def plain_config(yard) -> Config:
    return yard.plain_config()


@pytest.fixture(scope="module")
def collateral_feed(plain_config) -> Contract:
    return plain_config.collateral_feed.feed


@pytest.fixture(scope="module")
def loan_feed(plain_config) -> Contract:
    return plain_config.loan_feed.feed


@pytest.fixture(scope="module")
def second(yard) -> Contract:
    return yard.lying_oracle(PRICE)


@pytest.fixture(scope="module")
def fallback(yard) -> Contract:
    return yard.lying_oracle(PRICE)


@pytest.fixture(scope="module")
def plain_oracle(yard, plain_config) -> Contract:
    """Two feeds and nothing else."""
    return yard.oracle(plain_config)


@pytest.fixture(scope="module")
def paired_oracle(yard, plain_config, second) -> Contract:
    """Two feeds and a second source."""
    return yard.oracle(plain_config.but(second=second))


@pytest.fixture(scope="module")
def backed_oracle(yard, plain_config, fallback) -> Contract:
    """Two feeds and a fallback."""
    return yard.oracle(plain_config.but(fallback=fallback))


@pytest.fixture
def set_round(chain, deployer) -> Callable[[Contract, int, int], None]:
    """Gives a feed a round that is so many seconds old in the block from which views are read next."""

    def set_round(feed: Contract, answer: int, age: int) -> None:
        feed.set_round(answer, chain.now - age, sender=deployer)

    return set_round


@pytest.fixture
def refresh(deployer, collateral_feed, loan_feed) -> Callable[[], None]:
    """Both feeds update now, with the answers they started with."""

    def refresh() -> None:
        collateral_feed.set_answer(COLLATERAL_ANSWER, sender=deployer)
        loan_feed.set_answer(LOAN_ANSWER, sender=deployer)

    return refresh


@pytest.fixture
def travel(chain) -> Callable[[int], None]:
    """Lets seconds pass."""

    def travel(seconds: int) -> None:
        chain.advance(seconds)

    return travel
