"""One deployment of the protocol, on any engine: blueprints, Factory, pools with all that belongs to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.chain import artifacts
from plimsoll.chain.engine import Artifact, Contract, Engine, deploy, deploy_blueprint

BLUEPRINTS = ("Pool", "Council", "Backstop", "Vault", "Basket")


class Deployer:
    """Deploys contracts by their names, or foreign ones as they were compiled, from one account."""

    def __init__(
        self, engine: Engine, sender: str, find: Callable[[str], Artifact] = artifacts.artifact
    ) -> None:
        """`find` knows the artifacts."""
        self.engine, self.sender, self.find = engine, sender, find

    def make(self, contract: str | Artifact, *arguments: Any) -> Contract:
        """Deploys a contract with its constructor's arguments. Raises `CallReverted`."""
        made = deploy(self.engine, self.artifact(contract), *arguments, sender=self.sender)
        return self.at(contract, made.address)

    def at(self, contract: str | Artifact, address: str) -> Contract:
        """A contract that exists."""
        return Contract(self.engine, address, self.artifact(contract).abi)

    def blueprint(self, contract: str | Artifact) -> str:
        """Stores a contract's initcode; the address."""
        return deploy_blueprint(self.engine, self.artifact(contract), self.sender)

    def artifact(self, contract: str | Artifact) -> Artifact:
        """What was compiled.

        Raises:
            LookupError: there is no contract of that name.
        """
        return self.find(contract) if isinstance(contract, str) else contract


@dataclass(frozen=True)
class PoolContracts:
    """A pool and what the Factory makes with it."""

    pool: Contract
    council: Contract
    backstop: Contract


class Protocol:
    """A Factory over its blueprints, and what it makes."""

    def __init__(self, deployer: Deployer) -> None:
        """Deploys it."""
        self.deployer = deployer
        self.factory = deployer.make("Factory", *map(deployer.blueprint, BLUEPRINTS))

    def create_pool(self, struct: Sequence[Any], curator: str, delay: int) -> PoolContracts:
        """A pool that is not open yet.

        Args:
            struct: its parameters, `IPool.PoolParams`.
            curator: of its council.
            delay: of its council, seconds.
        """
        address = self._send("create_pool", struct, curator, delay)
        pool = self.deployer.at("Pool", address)
        return PoolContracts(
            pool,
            self.deployer.at("Council", pool.call("council")),
            self.deployer.at("Backstop", pool.call("backstop")),
        )

    def create_vault(self, pool: Contract, collateral: Contract, oracle: Contract, risk: Any) -> Contract:
        """A vault without a limit, by its parameters (`IVault.RiskParams`)."""
        address = self._send("create_vault", pool, collateral, oracle, risk)
        return self.deployer.at("Vault", address)

    def create_basket(self, pool: Contract, legs: Sequence[Any], risk: Any) -> Contract:
        """A basket without a limit, by its legs (`IBasket.Leg`) and what they share (`IVault.RiskParams`)."""
        return self.deployer.at("Basket", self._send("create_basket", pool, legs, risk))

    def lens(self) -> Contract:
        """A Lens over the Factory."""
        return self.deployer.make("Lens", self.factory)

    def _send(self, name: str, *arguments: Any) -> str:
        return str(self.factory.send(name, *arguments, sender=self.deployer.sender))


def open_pool(made: PoolContracts, limits: Mapping[str, int], curator: str) -> None:
    """Gives vaults their limits, in base units by address, and opens the pool."""
    for vault, limit in limits.items():
        made.council.send("set_limit", vault, limit, sender=curator)
    made.council.send("open_pool", sender=curator)
