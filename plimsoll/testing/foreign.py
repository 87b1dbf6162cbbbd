"""Contracts of yours, as the chain takes them: `chain.make(compile_vyper(path), *arguments)`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.chain.engine import Artifact
from plimsoll.places import PACKAGE

if TYPE_CHECKING:
    from ape.contracts import ContractContainer


def compile_vyper(path: str | Path) -> Artifact:
    """Compiles a contract of a file.

    It imports as `vyper` does, from its own folder, the working directory and installed packages, so that
    `from plimsoll.interfaces import IOracle` is found.

    Raises:
        ModuleNotFoundError: vyper is not installed.
        vyper.exceptions.VyperException: it does not compile.
    """
    try:
        from vyper.cli.vyper_compile import compile_files
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "vyper is not installed; `pip install 'plimsoll[test]'` brings it.", name=error.name
        ) from None

    (built,) = compile_files([str(path)], ["abi", "bytecode"], paths=[str(PACKAGE.parent)]).values()
    return Artifact(Path(path).stem, tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))


def read_artifact(path: str | Path) -> Artifact:
    """A contract that Foundry, Hardhat or ape has compiled: the JSON file that they leave.

    Raises:
        ValueError: it is none, or is to be linked with libraries first.
    """
    try:
        found = json.loads(Path(path).read_text())
    except ValueError:
        found = None
    match found:
        case {"abi": [*abi], "bytecode": {"object": str(code)}}:  # Foundry
            pass
        case {"abi": [*abi], "bytecode": str(code)}:  # Hardhat
            pass
        case {"abi": [*abi], "deploymentBytecode": {"bytecode": str(code)}}:  # ape
            pass
        case _:
            code = ""
    if not code.removeprefix("0x"):
        raise ValueError(f"{path} has no ABI and bytecode; name a file as Foundry, Hardhat or ape writes it.")
    try:
        initcode = bytes.fromhex(code.removeprefix("0x"))
    except ValueError:
        raise ValueError(f"{path} uses libraries; link them first.") from None
    return Artifact(Path(path).stem, tuple(abi), initcode)


def artifact_of(container: ContractContainer) -> Artifact:
    """A contract of an ape project: `artifact_of(project.MyOracle)`."""
    contract = container.contract_type
    abi = tuple(entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in contract.abi)
    return Artifact(str(contract.name), abi, bytes(contract.get_deployment_bytecode() or b""))
