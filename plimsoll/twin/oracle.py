"""A Chainlink feed and an oracle on it alone; the twin of ``ChainlinkOracle`` without further sources."""

from plimsoll.twin.chain import Chain, require


class Feed:
    """What a feed said last, and when."""

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
    """The price for liquidation and the safe price are the feed's, scaled to 1e36."""

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
