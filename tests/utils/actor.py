"""A contract that acts on a market with callbacks, and makes planned calls inside them."""

from dataclasses import dataclass
from typing import Any

from plimsoll.chain.abi import Log, reason_of, words
from plimsoll.chain.engine import CallReverted
from plimsoll.testing import Contract, LoggedEvent, Method
from plimsoll.testing.market import Market


@dataclass(frozen=True)
class Refusal:
    """A call that reverted."""

    reason: str  # empty when there is none


@dataclass(frozen=True)
class Actor:
    """`CallbackActor`; `sender` signs for it."""

    contract: Contract
    sender: str

    @property
    def address(self) -> str:
        return self.contract.address

    def provide(self, market: Market, whole_tokens: int = 10**6) -> None:
        """Tokens of both kinds, and approvals to pool and vault."""
        for token, digits in zip((market.loan, market.collateral), market.decimals, strict=True):
            token.mint(self, whole_tokens * 10**digits, sender=self.sender)
            for spender in (market.pool, market.vault):
                self.contract.approve(token, spender, sender=self.sender)

    def plan(self, *calls: tuple[Any, ...]) -> None:
        """What to call in the callbacks to come: methods with their arguments."""
        steps = [(method.contract, method.encode(*arguments)) for method, *arguments in calls]
        self.contract.plan(steps, sender=self.sender)

    def act(self, method: Method, *arguments: Any) -> list[LoggedEvent | Log]:
        """Makes the call; its events."""
        data = method.encode(*arguments)
        return self.contract.act(method.contract, data, sender=self.sender).events

    def ask(self, method: Method, *arguments: Any) -> list[int] | Refusal:
        """What the call would return now, as words."""
        try:
            data = method.encode(*arguments)
            return list(words(self.contract.act.call(method.contract, data, sender=self.sender)))
        except CallReverted as revert:
            return Refusal(revert.reason)

    def answers(self) -> list[list[int] | Refusal]:
        """What the planned calls answered in the last callback: words, or the reason."""
        return [
            list(words(data)) if success else Refusal(reason_of(data))
            for success, data in self.contract.answers()
        ]

    def called(self, name: str, caller: Any, numbers: tuple[int, ...], data: bytes) -> LoggedEvent:
        """The event of a callback."""
        first, second, third = (*numbers, 0)[:3]
        return self.contract.Called(
            name=name, caller=caller, first=first, second=second, third=third, data=data
        )


def intruder_plan(intruder: Contract, *calls: tuple[Any, ...]) -> None:
    """The calls that an `Intruder` makes from now on: methods with their arguments."""
    steps = [(method.contract, method.encode(*arguments)) for method, *arguments in calls]
    intruder.plan(steps, sender=intruder.chain.sender)


def outcomes(intruder: Contract) -> list[bytes | str]:
    """How they went: what a call returned, or the reason for which it failed, empty without one."""
    return [
        outcome.response if outcome.success else reason_of(outcome.response)
        for outcome in intruder.outcomes()
    ]
