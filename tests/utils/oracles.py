"""Builds oracles and what they read, and says in exact fractions what they have to answer."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from plimsoll.chain.abi import words
from plimsoll.chain.engine import CallReverted
from plimsoll.testing import Chain, Contract
from plimsoll.units import DAY, HOUR, NOBODY, PRICE_SCALE, WAD, YEAR

# what the oracle accepts on either side, and its neighbours
TOKEN_DECIMALS = (0, 5, 6, 8, 18, 19, 27, 28)


@dataclass(frozen=True)
class Feed:
    """The terms on which a feed is believed. Answers are in the feed's decimals, bounds are exclusive."""

    feed: Any = NOBODY
    heartbeat: int = 0
    min_answer: int = 0
    max_answer: int = 0

    def as_tuple(self) -> tuple:
        """The struct as it is passed and returned."""
        return _address(self.feed), self.heartbeat, self.min_answer, self.max_answer


@dataclass(frozen=True)
class Rate:
    """An ERC-4626 vault, the growth of the cap on its rate (WAD per second), the fall refused (WAD)."""

    vault: Any = NOBODY
    growth: int = 0
    fall: int | None = None  # none is refused

    def as_tuple(self) -> tuple:
        """The struct as it is passed and returned."""
        fall = self.fall if self.fall is not None else WAD if self.vault != NOBODY else 0
        return _address(self.vault), self.growth, fall


@dataclass(frozen=True)
class Config:
    """What a ChainlinkOracle is built from, in the order of its struct."""

    collateral: Any
    loan: Any
    expected_price: int
    collateral_feed: Feed
    loan_feed: Feed = Feed()
    collateral_rate: Rate = Rate()
    loan_rate: Rate = Rate()
    second: Any = NOBODY
    fallback: Any = NOBODY
    sequencer: Any = NOBODY
    grace: int = 0

    def as_struct(self) -> tuple:
        """The constructor's argument."""
        parts = (part.as_tuple() if isinstance(part, Feed | Rate) else part for part in vars(self).values())
        return tuple(_address(part) for part in parts)

    def but(self, **changes: Any) -> "Config":
        """This configuration with other fields; `collateral_feed=dict(...)` changes parts of a part."""
        for name, change in changes.items():
            if isinstance(change, dict):
                changes[name] = replace(getattr(self, name), **change)
        return replace(self, **changes)


@dataclass(frozen=True)
class Failure:
    """A call that reverted; without a reason it is empty."""

    reason: str


# what a source gets for an answer, and what it takes to ask it
SOURCE_GAS = 130_000
NEEDED_GAS = 140_000

# The plain oracle's world: collateral at 3,200 dollars, loan asset at 0.9995 dollars, 18 decimals each.
COLLATERAL_ANSWER = 3_200 * 10**8
LOAN_ANSWER = 99_950_000
PRICE = 3_200 * 10_000 * PRICE_SCALE // 9_995


class OracleYard:
    """Deploys oracles, feeds, vaults and tokens."""

    def __init__(self, chain: Chain) -> None:
        self.chain, self.deployer = chain, chain.sender
        # all at once: what a test deploys is gone after it
        self._tokens = {decimals: self.rate_vault(NOBODY, decimals, 1) for decimals in TOKEN_DECIMALS}

    def token(self, decimals: int) -> Contract:
        """The token with so many decimals. Nothing else of it is ever read."""
        return self._tokens[decimals]

    def feed(self, answer: int, decimals: int = 8) -> Contract:
        """A feed with this answer, updated now."""
        return self.chain.make("MockFeed", decimals, answer)

    def feed_at(self, address: str) -> Contract:
        """The feed at an address that an oracle names."""
        return self.chain.at("MockFeed", address)

    def rate_vault(self, asset: Any, decimals: int, rate: int) -> Contract:
        """An ERC-4626 vault; `rate` in asset base units per whole share."""
        return self.chain.make("MockRateVault", asset, decimals, rate)

    def lying_oracle(self, price: int) -> Contract:
        """An oracle that answers this price, scaled by 1e36, until it is told another."""
        return self.chain.make("LyingOracle", price)

    def plain_config(self) -> Config:
        """Two feeds and nothing else; the price is `PRICE`."""
        return Config(
            collateral=self.token(18),
            loan=self.token(18),
            expected_price=PRICE,
            collateral_feed=Feed(self.feed(COLLATERAL_ANSWER), HOUR, 10**8, 100_000 * 10**8),
            loan_feed=Feed(self.feed(LOAN_ANSWER), DAY, 10**7, 10**9),
        )

    def oracle(self, config: Config) -> Contract:
        """A ChainlinkOracle."""
        return self.chain.make("ChainlinkOracle", config.as_struct())

    def refusal(self, config: Config) -> str | None:
        """The reason for which a ChainlinkOracle refuses to be built like this; None: it does not."""
        return self.chain.refusal("ChainlinkOracle", config.as_struct())

    def dry_price(self, config: Config) -> int | Failure:
        """The price of such an oracle, without deploying it."""
        with self.chain.isolated():
            try:
                return self.oracle(config).price()
            except CallReverted as revert:
                return Failure(revert.reason)


def ask(oracle: Contract, view: str, gas: int | None = None) -> int | Failure:
    """What a view without arguments answers, with so much gas when it is said."""
    try:
        return words(oracle.engine.call(NOBODY, oracle.address, oracle.encode(view), gas))[0]
    except CallReverted as revert:
        return Failure(revert.reason)


def assert_fails(oracle: Contract, reason: str) -> None:
    """Neither price is answered, for this reason."""
    assert ask(oracle, "price") == ask(oracle, "safe_price") == Failure(reason)


def prices(oracle: Contract) -> tuple[int, int]:
    """Price and safe price."""
    return oracle.price(), oracle.safe_price()


def rate_cap(rate: int, growth: int, seconds: int) -> int:
    """The cap on a rate so many seconds after the construction; growth in WAD per second."""
    x = growth * min(seconds, 100 * YEAR)
    square = x * x // (2 * WAD)
    return rate * (WAD + x + square + square * x // (3 * WAD)) // WAD


def exact_price(
    collateral_quote: Fraction | int,
    loan_quote: Fraction | int,
    collateral_decimals: int = 18,
    loan_decimals: int = 18,
) -> int:
    """Loan base units per collateral base unit, scaled by 1e36, rounded down; quotes per whole token."""
    whole = Fraction(collateral_quote) / Fraction(loan_quote)
    return int(whole * Fraction(10**loan_decimals, 10**collateral_decimals) * PRICE_SCALE)


def _address(value: Any) -> Any:
    return getattr(value, "address", value)
