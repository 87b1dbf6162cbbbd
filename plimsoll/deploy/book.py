"""The address book: what is deployed on a network, in one JSON file that people can read.

`deployments/<network>.json`, or `<ecosystem>-<network>.json` outside Ethereum; `local.json` and
`local-<chain id>.json` for chains of Anvil. It is written atomically after each transaction. A chain that ape
starts for one command and then throws away has a book in memory only.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ape import chain
from ape.api import ProviderAPI, SubprocessProvider
from ape.contracts import ContractInstance
from eth_utils.address import to_checksum_address
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from plimsoll.chain import artifacts
from plimsoll.chain.containers import container
from plimsoll.chain.views import code_of, has_borrowed_id, is_local, network_of
from plimsoll.deploy.market import DeployError
from plimsoll.params import FrozenModel, wad

FOLDER = Path("deployments")


def is_thrown_away(provider: ProviderAPI) -> bool:
    """Whether ape has started the chain itself and stops it when the command ends."""
    return isinstance(provider, SubprocessProvider) and provider.process is not None


def book_path(provider: ProviderAPI, folder: Path = FOLDER) -> Path | None:
    """The file of the connected network's address book; None when the chain is thrown away."""
    if is_thrown_away(provider):
        return None
    ecosystem, network = provider.network.ecosystem.name, provider.network.name
    if has_borrowed_id(provider):
        return folder / f"local-{provider.chain_id}.json"
    if is_local(provider):
        return folder / "local.json"
    if network == "custom":  # connected by a bare URL
        return folder / f"chain-{provider.chain_id}.json"
    return folder / (f"{network}.json" if ecosystem == "ethereum" else f"{ecosystem}-{network}.json")


def require_its_chain(provider: ProviderAPI) -> None:
    """Raises `DeployError` when the node is on another chain than the one that ape would sign for."""
    node_chain_id = int(provider.make_request("eth_chainId", []), 16)
    if node_chain_id != provider.chain_id:
        raise DeployError(
            f"ape knows {network_of(provider)}, but its node is on chain {node_chain_id}; connect with "
            "--network and the bare URL of the node."
        )


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Sent(_Record):
    """A transaction that was mined."""

    tx: str
    block: int


class Deployed(_Record):
    """A contract, and the transaction that made it; None for what others deployed."""

    address: str
    tx: str | None = None
    block: int | None = None


class OracleRecord(Deployed):
    """A `ChainlinkOracle` and what its market file said of it."""

    config: dict[str, Any]


class PoolRecord(Deployed):
    """A pool, its council, its backstop and the parameters it was made with, in human units."""

    council: str
    backstop: str
    params: dict[str, Any]


class VaultRecord(Deployed):
    """A vault; `risk` in human units."""

    pool: str
    collateral: str
    oracle: str
    risk: dict[str, Any]


class LegTerms(FrozenModel):
    """What a market file said of a leg, besides its token and its oracle."""

    ltv: Decimal
    threshold: Decimal
    ceiling: Decimal | None = None
    ceiling_price: Decimal | None = None


class LegRecord(_Record):
    """A leg of a basket; `ceiling` as the contract has it, 1e36."""

    token: str
    oracle: str
    ceiling: str
    terms: LegTerms

    def struct(self) -> tuple[object, ...]:
        """`IBasket.Leg`."""
        ratios = wad(self.terms.ltv), wad(self.terms.threshold)
        return self.token, self.oracle, *ratios, int(self.ceiling)


class BasketRecord(Deployed):
    """A basket, its legs by name in their order; `risk` in human units."""

    pool: str
    legs: dict[str, LegRecord]
    risk: dict[str, Any]


class Pending(_Record):
    """A transaction that was signed and whose receipt had not been seen when the book was written."""

    step: str
    tx: str


class AddressBook(_Record):
    """Everything that was deployed on one network, by name.

    Pools go by their symbol, vaults, baskets and oracles by `pool/vault`, oracles of legs by
    `pool/basket/leg`, mock tokens by their symbol, mock feeds by their oracle and side. `calls` are the
    transactions that deployed nothing, such as opening a pool.
    """

    network: str
    chain_id: int
    compiler: str
    blueprints: dict[str, Deployed] = {}
    factory: Deployed | None = None
    lens: Deployed | None = None
    tokens: dict[str, Deployed] = {}
    feeds: dict[str, Deployed] = {}
    oracles: dict[str, OracleRecord] = {}
    pools: dict[str, PoolRecord] = {}
    vaults: dict[str, VaultRecord] = {}
    baskets: dict[str, BasketRecord] = {}
    uniswap: Deployed | None = None
    liquidator: Deployed | None = None
    leverage: Deployed | None = None
    calls: dict[str, Sent] = {}
    pending: Pending | None = None

    _path: Path | None = PrivateAttr(None)

    @property
    def path(self) -> Path | None:
        """The book's file; None when it is kept in memory."""
        return self._path

    @property
    def title(self) -> str:
        """What to call the book in a sentence."""
        return str(self._path) if self._path else "an address book in memory"

    @classmethod
    def load(cls, provider: ProviderAPI, path: Path | None) -> AddressBook:
        """Reads the book at `path`, or begins an empty one, and checks it against the connected chain.

        Raises:
            DeployError: the file is no address book, is of another chain, or names addresses without code.
        """
        require_its_chain(provider)
        if path is None or not path.exists():
            book = cls(
                network=f"{provider.network.ecosystem.name}:{provider.network.name}",
                chain_id=provider.chain_id,
                compiler=artifacts.compiler(),
            )
        else:
            try:
                book = cls.model_validate_json(path.read_text(encoding="utf-8"))
            except (ValidationError, UnicodeDecodeError) as error:
                reason = str(error).splitlines()[0]
                raise DeployError(
                    f"{path} is not an address book ({reason}); restore it, or delete it to deploy afresh."
                ) from None
            book._check(provider, path)
        book._path = path
        return book

    @property
    def way_out(self) -> str:
        """How to begin with an empty book."""
        return f"move {self._path} away" if self._path else "leave out the factory"

    def save(self) -> None:
        """Writes the file in one step: a reader, or a crash, sees the old book or the new one.

        Raises:
            DeployError: it cannot be written.
        """
        if self._path is None:
            return
        draft = self._path.with_suffix(".json.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as file:
                file.write(self.model_dump_json(indent=2, exclude_none=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def contracts(self) -> Contracts:
        """Everything in the book, ready to be called."""
        return Contracts(
            factory=contract_at("Factory", self.factory.address) if self.factory else None,
            lens=contract_at("Lens", self.lens.address) if self.lens else None,
            pools={name: contract_at("Pool", record.address) for name, record in self.pools.items()},
            councils={name: contract_at("Council", record.council) for name, record in self.pools.items()},
            backstops={name: contract_at("Backstop", record.backstop) for name, record in self.pools.items()},
            vaults={name: contract_at("Vault", record.address) for name, record in self.vaults.items()},
            baskets={name: contract_at("Basket", record.address) for name, record in self.baskets.items()},
            oracles={name: contract_at("ChainlinkOracle", oracle) for name, oracle in self._oracles()},
            tokens={name: contract_at("PlainToken", record.address) for name, record in self.tokens.items()},
            feeds={name: contract_at("MockFeed", record.address) for name, record in self.feeds.items()},
            uniswap=container("UniswapV2Factory").at(self.uniswap.address) if self.uniswap else None,
            liquidator=contract_at("Liquidator", self.liquidator.address) if self.liquidator else None,
            leverage=contract_at("Leverage", self.leverage.address) if self.leverage else None,
        )

    def _oracles(self) -> Iterator[tuple[str, str]]:
        """The oracles of vaults and legs, those of others included."""
        for name, vault in self.vaults.items():
            yield name, vault.oracle
        for name, basket in self.baskets.items():
            yield from ((f"{name}/{leg}", it.oracle) for leg, it in basket.legs.items())

    def _check(self, provider: ProviderAPI, path: Path) -> None:
        if self.chain_id != provider.chain_id:
            raise DeployError(
                f"{path} is the address book of chain {self.chain_id}, not of {network_of(provider)}; "
                f"choose the right --network, or move the file away."
            )
        contracts = self._named()
        lost = [name for name, address in contracts.items() if not code_of(provider, address)]
        if not lost:
            return
        remedy = (
            f"a restarted Anvil is empty: delete {path} and run the command again"
            if is_local(provider)
            else "check that --network is right and that its node is in step"
        )
        raise DeployError(
            f"{path} names {len(contracts)} contracts, but {len(lost)} of them have no code on this chain "
            f"(first: {lost[0]} at {contracts[lost[0]]}); {remedy}."
        )

    def _named(self) -> dict[str, str]:
        named = {f"blueprint {name}": record.address for name, record in self.blueprints.items()}
        for name in ("factory", "lens", "uniswap", "liquidator", "leverage"):
            if record := getattr(self, name):
                named[name] = record.address
        sections: dict[str, Mapping[str, Deployed]] = {
            "token": self.tokens,
            "feed": self.feeds,
            "oracle": self.oracles,
            "pool": self.pools,
            "vault": self.vaults,
            "basket": self.baskets,
        }
        for kind, records in sections.items():
            named |= {f"{kind} {name}": record.address for name, record in records.items()}
        return named


@dataclass(frozen=True)
class Contracts:
    """The contracts of an address book by name."""

    factory: ContractInstance | None
    lens: ContractInstance | None
    pools: dict[str, ContractInstance]
    councils: dict[str, ContractInstance]
    backstops: dict[str, ContractInstance]
    vaults: dict[str, ContractInstance]
    baskets: dict[str, ContractInstance]
    oracles: dict[str, ContractInstance]
    tokens: dict[str, ContractInstance]
    feeds: dict[str, ContractInstance]
    uniswap: ContractInstance | None
    liquidator: ContractInstance | None
    leverage: ContractInstance | None


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Holds an address book for one command, and sees that it can be written before anything is sent.

    Raises:
        DeployError: another command holds it, or its folder cannot be written.
    """
    if path is None:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_suffix(".json.lock").open("w")
    except OSError as error:
        raise _unwritable(path, error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeployError(f"Another command is writing {path}; run this one again after it.") from None
        yield


def contract_at(name: str, address: str) -> ContractInstance:
    """A contract of ours, without a look at the chain."""
    contract_type = container(name).contract_type
    chain.contracts[to_checksum_address(address)] = contract_type  # so that ape decodes its events and traces
    return ContractInstance(to_checksum_address(address), contract_type)


def _unwritable(path: Path, error: OSError) -> DeployError:
    return DeployError(
        f"{path} cannot be written ({error.strerror or error}); see to its folder, or name another file with "
        "--book."
    )
