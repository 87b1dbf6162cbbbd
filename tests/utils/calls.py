"""Calls that change nothing: what a transaction would answer, or the reason for which it would be refused.

ape asks the node for a trace of every failure (a tenth of a second); these ask for the answer alone.
"""

from dataclasses import dataclass
from typing import Any

from ape import chain, networks
from ape.api import AccountAPI
from ape.contracts import ContractInstance
from ape.exceptions import ProviderError
from eth_abi import decode, encode
from eth_utils import keccak, to_hex

GAS = 25_000_000  # of a transaction that is not estimated; below a block's


Log = tuple[str, tuple[str, ...], str]  # address, topics, data: hexadecimal


@dataclass(frozen=True)
class Refusal:
    """A call that reverted."""

    reason: str  # empty when there is none


def plain(argument: Any) -> Any:
    """`argument` with accounts, contracts and structs replaced by what the ABI takes."""
    if isinstance(argument, list | tuple):
        return [plain(part) for part in argument]
    return getattr(argument, "address", argument)


def calldata(method: Any, *arguments: Any) -> bytes:
    """The calldata of `contract.method(*arguments)`."""
    return bytes(method.encode_input(*plain(arguments)))


def target(method: Any) -> str:
    """The address of the contract whose method it is."""
    return (getattr(method, "contract", None) or method.transaction.contract).address


def ask(method: Any, *arguments: Any, sender: AccountAPI | ContractInstance | str) -> bytes | Refusal:
    """What the call would return now."""
    request = {
        "from": getattr(sender, "address", sender),
        "to": target(method),
        "data": to_hex(calldata(method, *arguments)),
    }
    try:
        return bytes.fromhex(networks.provider.make_request("eth_call", [request, "latest"])[2:])
    except ProviderError as error:
        return Refusal(str(error).removeprefix("execution reverted").removeprefix(": "))


def assert_refused(reason: str, method: Any, *arguments: Any, sender: Any) -> None:
    """The call reverts with just this reason; empty: without one."""
    assert ask(method, *arguments, sender=sender) == Refusal(reason)


def assert_accepted(method: Any, *arguments: Any, sender: Any) -> None:
    """The call would go through."""
    answer = ask(method, *arguments, sender=sender)
    assert not isinstance(answer, Refusal), f"refused: {answer.reason}"


def refusal(method: Any, *arguments: Any, sender: Any) -> str | None:
    """The reason for which the call would be refused now, empty without one; None: it would not be."""
    answer = ask(method, *arguments, sender=sender)
    return answer.reason if isinstance(answer, Refusal) else None


def creation_refusal(container: Any, *arguments: Any, sender: Any) -> str | None:
    """As `refusal`, for the deployment of a contract."""
    code = container.contract_type.get_deployment_bytecode() + container.constructor.encode_input(*arguments)
    try:
        networks.provider.make_request("eth_call", [{"from": sender.address, "data": to_hex(code)}, "latest"])
    except ProviderError as error:
        return str(error).removeprefix("execution reverted").removeprefix(": ")
    return None


def send(method: Any, *arguments: Any, sender: Any) -> list[Log]:
    """A transaction without ape's receipt, ten times faster, for what leads up to a test; its events."""
    request = {
        "from": plain(sender),
        "to": target(method),
        "data": to_hex(calldata(method, *arguments)),
        "gas": hex(GAS),
        "gasPrice": "0x0",
    }
    receipt = networks.provider.make_request("eth_sendTransactionSync", [request])
    assert int(receipt["status"], 16) == 1, f"reverted: {refusal(method, *arguments, sender=sender)}"
    return [(entry["address"].lower(), tuple(entry["topics"]), entry["data"]) for entry in receipt["logs"]]


def log(contract: ContractInstance, event: str, **fields: Any) -> Log:
    """An event as `send` returns it."""
    abi = contract.contract_type.events[event]
    assert {part.name for part in abi.inputs} == fields.keys()
    topics, types, data = [keccak(text=abi.selector)], [], []
    for part in abi.inputs:
        if part.indexed:
            topics.append(encode([part.type], [plain(fields[part.name])]))
        else:
            types.append(part.type)
            data.append(plain(fields[part.name]))
    return contract.address.lower(), tuple(to_hex(topic) for topic in topics), to_hex(encode(types, data))


def view(method: Any, *arguments: Any) -> list[int]:
    """The words that a view returns; five times faster than ape's, for structs and tuples of integers."""
    return call_on({}, method, *arguments)


def call_on(state: dict[str, Any], method: Any, *arguments: Any) -> list[int]:
    """As `view`, on a state of which parts are replaced: addresses to `balance`, `code`, `stateDiff`, ..."""
    request = {"to": target(method), "data": to_hex(calldata(method, *arguments))}
    answer = networks.provider.make_request("eth_call", [request, "latest", state])
    return words(bytes.fromhex(answer[2:]))


def words(answer: bytes) -> list[int]:
    """Returned data as words."""
    return [int.from_bytes(answer[i : i + 32]) for i in range(0, len(answer), 32)]


def reason_of(revert_data: bytes) -> str:
    """The reason in the data of a revert; empty when there is none."""
    return decode(["string"], revert_data[4:])[0] if revert_data[:4] == bytes.fromhex("08c379a0") else ""


def pass_time(seconds: int) -> None:
    """Mines one block `seconds` later."""
    chain.mine(deltatime=seconds)
