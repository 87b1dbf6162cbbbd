"""Compiled contracts as ape has them."""

from __future__ import annotations

import functools

from ape.contracts import ContractContainer
from ethpm_types import ContractType

from plimsoll.chain.artifacts import artifact


@functools.cache
def container(name: str) -> ContractContainer:
    """A contract for ape: `account.deploy(container("WETH9"))`, `container("Pool").at(address)`.

    Args:
        name: as `plimsoll.chain.artifacts.artifact` knows it.
    """
    made = artifact(name)
    return ContractContainer(
        ContractType.model_validate(
            {
                "contractName": name,
                "abi": made.abi,
                "deploymentBytecode": {"bytecode": "0x" + made.initcode.hex()},
            }
        )
    )
