"""What tests share that go through ape: its Anvil, its accounts, its contract objects.

A folder's `conftest.py` imports the fixtures; they take the place of those of any engine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ape import accounts, chain, networks
from ape.api import AccountAPI
from ape.contracts import ContractInstance

from plimsoll.chain.anvil import Anvil
from plimsoll.chain.containers import container
from plimsoll.chain.protocol import BLUEPRINTS
from plimsoll.testing import Chain
from plimsoll.units import NOBODY

__all__ = [  # the fixtures
    "_isolation", "borrower", "chain_of_ape", "deployer", "guardian", "lender", "liquidator",
    "other_borrower", "other_lender", "receiver", "still_clock", "stranger", "yard",
]  # fmt: skip

GAS = 25_000_000  # of a transaction that is not estimated; below a block's


@contextmanager
def isolated() -> Iterator[None]:
    """Undoes what happens inside. `chain.isolate()` would swallow every failed assertion as well."""
    snapshot = chain.snapshot()
    try:
        yield
    finally:
        chain.restore(snapshot)


def pass_time(seconds: int) -> None:
    """Mines one block `seconds` later."""
    chain.mine(deltatime=seconds)


def send(method: Any, *arguments: Any, sender: Any) -> None:
    """A transaction without ape's receipt, ten times faster, for what leads up to a test."""
    plain = [getattr(argument, "address", argument) for argument in arguments]
    request = {
        "from": getattr(sender, "address", sender),
        "to": (getattr(method, "contract", None) or method.transaction.contract).address,
        "data": "0x" + bytes(method.encode_input(*plain)).hex(),
        "gas": hex(GAS),
        "gasPrice": "0x0",
    }
    receipt = networks.provider.make_request("eth_sendTransactionSync", [request])
    assert int(receipt["status"], 16) == 1, f"{method} reverted"


class Yard:
    """Deploys tokens, feeds, oracles and a Factory."""

    def __init__(self, deployer: AccountAPI) -> None:
        self.deployer = deployer
        self.factory: ContractInstance = deployer.deploy(
            container("Factory"),
            *(deployer.declare(container(name)).contract_address for name in BLUEPRINTS),
        )

    def token(self, decimals: int = 18, symbol: str = "TKN") -> ContractInstance:
        """A token without a vice."""
        return self.deployer.deploy(container("PlainToken"), f"Token {symbol}", symbol, decimals)

    def oracle(self, price: int) -> ContractInstance:
        """An oracle that answers `price` (1e36) until it is told another."""
        return self.deployer.deploy(container("LyingOracle"), price)

    def feed(self, answer: int, decimals: int = 8) -> ContractInstance:
        """A feed with this answer, updated now."""
        return self.deployer.deploy(container("MockFeed"), decimals, answer)

    def rate_vault(self, asset: Any = NOBODY, decimals: int = 18, rate: int = 1) -> ContractInstance:
        """An ERC-4626 vault; `rate` in asset base units per whole share."""
        return self.deployer.deploy(container("MockRateVault"), asset, decimals, rate)


@pytest.fixture(autouse=True)
def _isolation() -> Iterator[None]:
    """Undoes each test; what fixtures of a wider scope have built stays."""
    with isolated():
        yield


@pytest.fixture(scope="module")
def chain_of_ape() -> Iterator[Chain]:
    """Contracts as the other tests have them, on ape's Anvil."""
    engine = Anvil(networks.provider.uri, block_seconds=0)
    yield Chain(engine, accounts.test_accounts[0].address.lower())
    engine.close()


@pytest.fixture
def still_clock() -> Iterator[None]:
    """Time stands still until the test moves it: views see what the next transaction will see."""
    networks.provider.make_request("anvil_setBlockTimestampInterval", [0])
    yield
    networks.provider.make_request("anvil_removeBlockTimestampInterval", [])


def _account(number: int) -> Any:
    return pytest.fixture(scope="session")(lambda: accounts.test_accounts[number])


deployer, guardian, lender, other_lender, borrower, other_borrower, liquidator = map(_account, range(7))
receiver, stranger = _account(8), _account(9)


@pytest.fixture(scope="session")
def yard(deployer: AccountAPI) -> Yard:
    """Deploys what a market file names."""
    return Yard(deployer)
