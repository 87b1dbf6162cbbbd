"""A contract that acts on a market with callbacks, and makes planned calls inside them."""

from dataclasses import dataclass
from typing import Any

from ape.api import AccountAPI
from ape.contracts import ContractInstance
from eth_abi import decode

from tests.utils.calls import Log, Refusal, ask, calldata, log, plain, reason_of, send, target, words
from tests.utils.world import Market


@dataclass(frozen=True)
class Actor:
    """`CallbackActor`; `sender` signs for it."""

    contract: ContractInstance
    sender: AccountAPI

    @property
    def address(self) -> str:
        return self.contract.address

    def provide(self, market: Market, whole_tokens: int = 10**6) -> None:
        """Tokens of both kinds, and approvals to pool and vault."""
        for token in (market.loan, market.collateral):
            send(token.mint, self, whole_tokens * 10 ** token.decimals(), sender=self.sender)
            for spender in (market.pool, market.vault):
                send(self.contract.approve, token, spender, sender=self.sender)

    def plan(self, *calls: tuple[Any, ...]) -> None:
        """What to call in the callbacks to come: methods with their arguments."""
        steps = [(target(method), calldata(method, *arguments)) for method, *arguments in calls]
        send(self.contract.plan, steps, sender=self.sender)

    def act(self, method: Any, *arguments: Any) -> list[Log]:
        """Makes the call; its events."""
        return send(self.contract.act, target(method), calldata(method, *arguments), sender=self.sender)

    def ask(self, method: Any, *arguments: Any) -> list[int] | Refusal:
        """What the call would return now, as words."""
        answer = ask(self.contract.act, target(method), calldata(method, *arguments), sender=self.sender)
        return answer if isinstance(answer, Refusal) else words(decode(["bytes"], answer)[0])

    def answers(self) -> list[list[int] | Refusal]:
        """What the planned calls answered in the last callback: words, or the reason."""
        answer = ask(self.contract.answers, sender=self.sender)
        assert isinstance(answer, bytes)
        return [
            words(data) if success else Refusal(reason_of(data))
            for success, data in decode(["(bool,bytes)[]"], answer)[0]
        ]

    def called(self, name: str, caller: Any, numbers: tuple[int, ...], data: bytes) -> Log:
        """The event of a callback."""
        first, second, third = (*numbers, 0)[:3]
        fields = {"name": name, "caller": plain(caller), "first": first, "second": second, "third": third}
        return log(self.contract, "Called", **fields, data=data)
