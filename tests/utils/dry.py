"""Calls that leave no trace: much faster than transactions that revert, which ape replays (0.1 s each)."""

from typing import Any

from ape import networks
from ape.exceptions import ProviderError


def refusal(method: Any, *arguments: Any, sender: Any) -> str | None:
    """The reason for which a call would revert in this block, empty without one; None: it would not.

    `method` is a bound one, such as `pool.deposit`. A locked contract refuses without a reason.
    """
    request = {
        "from": address_of(sender),
        "to": method.contract.address,
        "data": "0x" + method.encode_input(*arguments).hex(),
    }
    try:
        eth_call(request)
    except ProviderError as error:
        return _reason(error)
    return None


def eth_call(request: dict[str, Any], overrides: dict[str, Any] | None = None) -> bytes:
    """Raw answer of a call on the latest block; `overrides` maps addresses to `stateDiff`, `code`, ..."""
    answer = networks.provider.make_request("eth_call", [request, "latest", overrides or {}])
    return bytes.fromhex(answer.removeprefix("0x"))


def address_of(party: Any) -> str:
    """The address of an account, a contract, or of itself."""
    return getattr(party, "address", party)


def creation_refusal(container: Any, *arguments: Any, sender: Any) -> str | None:
    """The reason for which a contract would refuse to be deployed, empty without one; None: it would not."""
    code = container.contract_type.get_deployment_bytecode() + container.constructor.encode_input(*arguments)
    try:
        eth_call({"from": address_of(sender), "data": "0x" + code.hex()})
    except ProviderError as error:
        return _reason(error)
    return None


def _reason(error: ProviderError) -> str:
    return str(error).removeprefix("execution reverted").removeprefix(": ")
