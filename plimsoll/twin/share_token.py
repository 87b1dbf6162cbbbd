"""What the shares of pools and backstops have in common; the twin of ``contracts/modules/share_token.vy``."""

from abc import ABC, abstractmethod

from plimsoll.twin.chain import Chain, Contract, nonreentrant, require
from plimsoll.units import MAX


class ShareToken(Contract, ABC):
    """A contract whose shares move by allowances.

    Attributes:
        kind: what its reasons begin with.
        allowances: by owner and spender.
    """

    kind: str

    def __init__(self, chain: Chain, address: str) -> None:
        """Nobody may move another's shares."""
        super().__init__(chain, address)
        self.allowances: dict[tuple[str, str], int] = chain.mapping()

    @abstractmethod
    def _move(self, owner: str, to: str, amount: int) -> None:
        """Moves shares, whoever asks."""

    @nonreentrant
    def transfer(self, caller: str, to: str, amount: int) -> None:
        """Moves shares."""
        self._move(caller, to, amount)

    @nonreentrant
    def transfer_from(self, caller: str, owner: str, to: str, amount: int) -> None:
        """Moves shares out of an allowance."""
        self._spend_allowance(caller, owner, amount)
        self._move(owner, to, amount)

    @nonreentrant
    def approve(self, caller: str, spender: str, amount: int) -> None:
        """Allows `spender` to move shares; a backstop's, also to leave with as many of the escrow."""
        self._approve(caller, spender, amount)

    def _approve(self, owner: str, spender: str, amount: int) -> None:
        self.allowances[owner, spender] = amount
        self._log("Approval", owner, spender, amount)

    def _spend_allowance(self, caller: str, owner: str, amount: int) -> None:
        allowed = self.allowances.get((owner, caller), 0)
        if allowed != MAX:
            require(amount <= allowed, f"{self.kind}: allowance too small")
            self.allowances[owner, caller] = allowed - amount
