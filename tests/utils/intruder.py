"""What an Intruder does in the middle of somebody else's call."""

from typing import Any

from ape import accounts
from ape.contracts import ContractInstance

from tests.utils.calls import calldata, reason_of, send, target


def plan(intruder: ContractInstance, *calls: tuple[Any, ...]) -> None:
    """The calls that he makes from now on: bound methods with their arguments."""
    steps = [(target(method), calldata(method, *arguments)) for method, *arguments in calls]
    send(intruder.plan, steps, sender=accounts.test_accounts[0])


def outcomes(intruder: ContractInstance) -> list[bytes | str]:
    """How they went: what a call returned, or the reason for which it failed, empty without one."""
    return [
        bytes(outcome.response) if outcome.success else reason_of(bytes(outcome.response))
        for outcome in intruder.outcomes()
    ]
