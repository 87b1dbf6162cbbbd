"""What block explorers need to show sources: standard JSON, and the arguments of the constructors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from ape.api import ProviderAPI
from eth_abi.abi import decode

from plimsoll.chain.abi import constructor_data, functions_of
from plimsoll.chain.artifacts import artifact, compiled, digest, sources
from plimsoll.chain.engine import BLUEPRINT_PREAMBLE
from plimsoll.chain.views import code_of, network_of, view_one
from plimsoll.deploy.book import AddressBook, Deployed, PoolRecord
from plimsoll.deploy.market import DeployError
from plimsoll.places import ROOT
from plimsoll.units import NOBODY

INDEX = "contracts.json"
# Not "*": vyper 0.4.3 fails on the syntax tree of these contracts, which is a part of it.
_OUTPUTS = ("abi", "evm.bytecode", "evm.deployedBytecode", "userdoc", "devdoc")
_LIBRARY = "snekmate"


@dataclass(frozen=True)
class Verifiable:
    """A contract of an address book whose sources can be shown.

    Attributes:
        name: what the address book calls it.
        address: where it is.
        tx: the transaction that made it.
        contract: what it is, such as `Pool`.
        arguments: of its constructor, encoded.
    """

    name: str
    address: str
    tx: str
    contract: str
    arguments: bytes

    def entry(self) -> dict[str, str]:
        """As the forms of explorers ask for it."""
        return {
            "name": self.name,
            "address": self.address,
            "transaction": self.tx,
            "standard_json": f"{self.contract}.json",
            "contract": f"{_path(self.contract)}:{self.contract}",
            "constructor_arguments": self.arguments.hex(),
        }


def standard_json(contract: str) -> dict[str, Any]:
    """The standard JSON input of the compiler from which a contract has its bytecode, to the byte.

    Args:
        contract: such as `Pool`.

    Returns:
        With all files that the contract is made of, those of snekmate included, by paths that are the same on
        every machine. Pragmas in the sources choose optimiser and EVM version.

    Raises:
        DeployError: snekmate is missing, or is another version than the one that was compiled.
    """
    files = compiled(contract).files
    return {
        "language": "Vyper",
        "sources": {name: {"content": _text(name, files[name])} for name in sorted(files)},
        "settings": {"outputSelection": {_path(contract): list(_OUTPUTS)}, "search_paths": ["."]},
    }


def verifiable(book: AddressBook, provider: ProviderAPI) -> list[Verifiable]:
    """The contracts that were deployed from here; mocks and blueprints are left out.

    Args:
        book: of the connected network.
        provider: its node, which has to know the transactions that deployed them.

    Raises:
        DeployError: a contract is not what is compiled here, or its transaction is not known.
    """
    return list(_Reader(book, provider).contracts())


def write_verification(book: AddressBook, provider: ProviderAPI, folder: Path) -> list[Verifiable]:
    """Writes the standard JSON of each kind of contract, and `contracts.json`, which says what is where.

    Raises:
        DeployError: see `verifiable`; or the folder cannot be written.
    """
    contracts = verifiable(book, provider)
    index = {"chain_id": book.chain_id, "contracts": [each.entry() for each in contracts]}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for contract in sorted({each.contract for each in contracts}):
            _write(folder / f"{contract}.json", standard_json(contract))
        _write(folder / INDEX, index)
    except OSError as error:
        raise DeployError(f"{folder} cannot be written ({error.strerror}); name another folder.") from None
    return contracts


def _path(contract: str) -> str:
    return sources()[contract].relative_to(ROOT).as_posix()


def _text(name: str, seen: str) -> str:
    """A file that went into a contract: ours, or snekmate's, which an installed Plimsoll does without."""
    file = ROOT / name
    if not file.is_file():
        with suppress(PackageNotFoundError):
            file = Path(str(distribution(_LIBRARY).locate_file(name)))
    text = file.read_text() if file.is_file() else ""
    if digest(text) != seen:
        raise DeployError(
            f"{name} is missing, or another one than the contracts were compiled from; install the "
            f"{_LIBRARY} that Plimsoll was built with."
        )
    return text


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


class _Reader:
    """Reads from a chain how the contracts of a book were made."""

    def __init__(self, book: AddressBook, provider: ProviderAPI) -> None:
        self._book = book
        self._provider = provider
        abi = artifact("Factory").abi
        self._functions = {function.name: function for function in functions_of(abi).values()}
        (self._params,) = (
            [part["name"] for part in entry["inputs"][0]["components"]]
            for entry in abi
            if entry.get("name") == "create_pool"
        )

    def contracts(self) -> Iterator[Verifiable]:
        """What was made from here."""
        book = self._book
        singles = {"factory": ("Factory", book.factory), "lens": ("Lens", book.lens)}
        singles |= {f"oracle {name}": ("ChainlinkOracle", oracle) for name, oracle in book.oracles.items()}
        singles |= {"liquidator": ("Liquidator", book.liquidator), "leverage": ("Leverage", book.leverage)}
        for name, (contract, record) in singles.items():
            if record is not None and record.tx is not None:  # else it was there before
                yield self._created(name, contract, record.address, record.tx)
        for name, pool in book.pools.items():
            yield from self._made_with_pool(name, pool)
        for name, vault in book.vaults.items():
            arguments = self._factory_call(f"vault {name}", "create_vault", vault)
            yield self._from_blueprint(f"vault {name}", "Vault", vault.address, vault, arguments)
        for name, basket in book.baskets.items():
            arguments = self._factory_call(f"basket {name}", "create_basket", basket)
            yield self._from_blueprint(f"basket {name}", "Basket", basket.address, basket, arguments)

    def _made_with_pool(self, name: str, pool: PoolRecord) -> Iterator[Verifiable]:
        """A pool, its council and its backstop, with what `Factory.create_pool` gives them."""
        params, curator, delay = self._factory_call(f"pool {name}", "create_pool", pool)
        given = dict(zip(self._params, params, strict=True))
        for contract, address, arguments in (
            ("Pool", pool.address, [params]),
            ("Council", pool.council, [pool.address, curator, delay]),
            ("Backstop", pool.backstop, [pool.address, given["cooldown"], given["minimum_stake"]]),
        ):
            yield self._from_blueprint(f"{contract.lower()} {name}", contract, address, pool, arguments)

    def _created(self, name: str, contract: str, address: str, tx: str) -> Verifiable:
        """A contract that a transaction of its own has deployed."""
        data, initcode = self._transaction(name, tx)[0], artifact(contract).initcode
        if not data.startswith(initcode):
            raise _other_sources(name)
        return Verifiable(name, address, tx, contract, data[len(initcode) :])

    def _from_blueprint(
        self, name: str, contract: str, address: str, record: Deployed, arguments: list[Any]
    ) -> Verifiable:
        """A contract that the Factory has made."""
        assert self._book.factory is not None and record.tx is not None
        view, made = f"{contract.upper()}_BLUEPRINT()", artifact(contract)
        blueprint = view_one(self._provider, self._book.factory.address, view, "address")
        if code_of(self._provider, blueprint or NOBODY) != BLUEPRINT_PREAMBLE + made.initcode:
            raise _other_sources(name)
        return Verifiable(name, address, record.tx, contract, constructor_data(made, arguments))

    def _factory_call(self, name: str, method: str, record: Deployed) -> list[Any]:
        """The arguments of the call of the Factory that made a contract."""
        assert self._book.factory is not None and record.tx is not None
        data, receiver = self._transaction(name, record.tx)
        function = self._functions[method]
        if receiver.lower() != self._book.factory.address.lower() or data[:4] != function.selector:
            raise DeployError(
                f"{record.tx}, which made {name}, is no call of the Factory in {self._book.title}; take the "
                "arguments of the constructors from its trace."
            )
        return list(decode(function.inputs, data[4:]))

    def _transaction(self, name: str, tx: str) -> tuple[bytes, str]:
        """Data and receiver of the transaction that made a contract."""
        found = self._provider.make_request("eth_getTransactionByHash", [tx])
        if found is None:
            raise DeployError(
                f"The node of {network_of(self._provider)} does not know {tx}, which made {name}; choose a "
                "node that has the whole chain."
            )
        return bytes.fromhex(found["input"][2:]), found["to"] or NOBODY


def _other_sources(name: str) -> DeployError:
    return DeployError(
        f"{name} was not deployed from the contracts that are compiled here; check out the version that it "
        "was deployed from."
    )
