"""Price sources of vaults: an oracle with scripted answers, and one on a Chainlink feed."""

from typing import Protocol

from plimsoll.twin.chain import Chain, Revert, require


class Oracle(Protocol):
    """What a vault calls; prices in loan base units per collateral base unit, 1e36."""

    def price(self) -> int:
        """The price for liquidation."""

    def safe_price(self) -> int:
        """The price for borrowing and withdrawing."""


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


class Feed:
    """A feed's latest answer, and its time."""

    def __init__(self, chain: Chain, answer: int) -> None:
        """A feed that has just been updated; answers in the feed's decimals."""
        self.chain = chain
        self.answer = answer
        self.updated_at = chain.now
        chain.contracts.append(self)

    def set_answer(self, _caller: str, answer: int) -> None:
        """A new round, now."""
        self.answer = answer
        self.updated_at = self.chain.now


class FeedOracle:
    """``ChainlinkOracle`` without further sources.

    The price for liquidation and the safe price are the feed's, scaled to 1e36.
    """

    def __init__(self, chain: Chain, feed: Feed, scale: int, heartbeat: int) -> None:
        """An oracle; `scale` turns an answer into a price, `heartbeat` in seconds."""
        self.chain = chain
        self.feed = feed
        self.scale = scale
        self.heartbeat = heartbeat

    def price(self) -> int:
        """Loan base units per collateral base unit, 1e36."""
        require(self.chain.now - self.feed.updated_at <= self.heartbeat, "oracle: stale")
        return self.feed.answer * self.scale

    def safe_price(self) -> int:
        """The same: there is no second source."""
        return self.price()
