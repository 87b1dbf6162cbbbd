"""What a vault asks for prices, and an oracle with scripted answers."""

from collections.abc import Callable
from typing import Protocol

from plimsoll.twin.chain import Chain, Revert


class Oracle(Protocol):
    """What a vault calls; prices in loan base units per collateral base unit, 1e36."""

    def price(self) -> int:
        """The price for liquidation."""

    def safe_price(self) -> int:
        """The price for borrowing and withdrawing."""


def asked(question: Callable[[], int]) -> int:
    """An oracle's answer; 0 when it reverts."""
    try:
        return question()
    except Revert:
        return 0


class ScriptedOracle:
    """An oracle with set answers, 1e36; a string instead of a price is the reason with which it reverts."""

    def __init__(self, chain: Chain, price: int) -> None:
        """Registers an oracle with one price for both functions."""
        self.price_answer: int | str = price
        self.safe_price_answer: int | str = price
        chain.contracts.append(self)

    def price(self) -> int:
        """The price for liquidation."""
        return self._answer(self.price_answer)

    def safe_price(self) -> int:
        """The price for borrowing and withdrawing."""
        return self._answer(self.safe_price_answer)

    @staticmethod
    def _answer(answer: int | str) -> int:
        if isinstance(answer, str):
            raise Revert(answer)
        return answer
