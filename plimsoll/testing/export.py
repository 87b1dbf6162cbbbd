"""Writes the compiled contracts as other tools take them: `python -m plimsoll.testing.export --help`."""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from plimsoll import __version__
from plimsoll.chain.artifacts import artifact
from plimsoll.places import PACKAGE

INTERFACES = PACKAGE / "solidity"
CONTRACTS = (
    "Pool", "Council", "Backstop", "Vault", "Basket", "Factory", "Lens", "Liquidator", "Leverage",
    "ChainlinkOracle", "PlainToken", "LyingOracle", "MockFeed",
)  # fmt: skip


def to_foundry(folder: Path) -> None:
    """Writes `IPool.sol` and the like into a folder, and what `vm.getCode` takes into its `artifacts`."""
    (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    for path in INTERFACES.glob("*.sol"):
        shutil.copy(path, folder)
    for name in CONTRACTS:
        made = artifact(name)
        code = {"abi": made.abi, "bytecode": {"object": f"0x{made.initcode.hex()}"}}
        (folder / "artifacts" / f"{name}.json").write_text(json.dumps(code))


def to_ape(file: Path) -> None:
    """Writes a compiled package (EIP-2678), which an ape project can name as a dependency."""
    types = {
        name: {
            "contractName": name,
            "abi": artifact(name).abi,
            "deploymentBytecode": {"bytecode": f"0x{artifact(name).initcode.hex()}"},
        }
        for name in CONTRACTS
    }
    package = {
        "manifest": "ethpm/3",
        "name": "plimsoll",
        "version": __version__,
        "contractTypes": types,
    }
    file.write_text(json.dumps(package))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m plimsoll.testing.export",
        description="Writes Plimsoll's compiled contracts for another tool.",
    )
    tools = parser.add_subparsers(required=True, metavar="tool")
    foundry = tools.add_parser("foundry", help="interfaces for Solidity, and artifacts")
    foundry.add_argument("to", type=Path, metavar="folder", help="such as lib/plimsoll")
    foundry.set_defaults(write=to_foundry)
    ape = tools.add_parser("ape", help="a compiled package that a project can depend on")
    ape.add_argument("to", type=Path, metavar="file", help="such as plimsoll.json")
    ape.set_defaults(write=to_ape)
    chosen = parser.parse_args(arguments)
    try:
        chosen.write(chosen.to)
    except OSError as error:
        parser.exit(1, f"{chosen.to} cannot be written: {error.strerror}.\n")


if __name__ == "__main__":
    main()
