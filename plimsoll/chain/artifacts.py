"""The compiled contracts of ape's project, as engines take them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plimsoll.chain import uniswap
from plimsoll.chain.engine import Artifact

if TYPE_CHECKING:
    from ape.managers.project import LocalProject


def load(project: LocalProject, names: Iterable[str], exchange: bool) -> dict[str, Artifact]:
    """Contracts by name; those of Uniswap v2 as well, if there is to be an exchange.

    Raises:
        FileNotFoundError: Uniswap's packages are not installed.
    """
    found = {}
    for name in names:
        contract = project.contracts[name]
        code = contract.get_deployment_bytecode()
        abi = tuple(entry.model_dump(mode="json", by_alias=True) for entry in contract.abi)
        found[name] = Artifact(name, abi, bytes(code))
    for name in uniswap.EXCHANGE if exchange else ():
        found[name] = uniswap.artifact(name)
    return found
