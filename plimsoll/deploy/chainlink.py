"""From a `ChainlinkOracle`'s configuration in human units to its struct, checked against its feeds.

The contract's constructor checks again, and more; see `contracts/oracles/ChainlinkOracle.vy`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ape.api import ProviderAPI

from plimsoll.chain.views import now, view, view_one
from plimsoll.deploy.market import Chainlink, Feed, MockFeeds, Rate
from plimsoll.params import per_second, price_of, wad
from plimsoll.units import HOUR, NOBODY

TOLERANCE = Fraction(1, 20)  # of the first price around the expected one
MOCK_DECIMALS = 8


@dataclass(frozen=True)
class Decimals:
    """Of a vault's two tokens."""

    collateral: int
    loan: int


def over_mocks(mock: MockFeeds, collateral_feed: str, loan_feed: str) -> Chainlink:
    """A configuration over two mock feeds on the widest terms: a week, and any answer above 1e-8."""

    def terms(feed: str) -> Feed:
        return Feed(
            feed=feed,
            heartbeat_hours=Decimal(168),
            min_answer=Decimal(1).scaleb(-MOCK_DECIMALS),
            max_answer=Decimal(10**10),
        )

    return Chainlink(
        expected_price=mock.collateral / mock.loan,
        collateral_feed=terms(collateral_feed),
        loan_feed=terms(loan_feed),
    )


def struct_of(
    config: Chainlink, provider: ProviderAPI, tokens: tuple[str, str], decimals: Decimals
) -> tuple[object, ...]:
    """`ChainlinkOracle.Config` for the addresses of collateral and loan; the feeds have to answer."""

    def of_feed(feed: Feed | None) -> tuple[object, ...]:
        if feed is None:
            return NOBODY, 0, 0, 0
        scale: int = 10 ** (view_one(provider, feed.feed, "decimals()", "uint8") or 0)
        low, high = (int(Fraction(answer) * scale) for answer in (feed.min_answer, feed.max_answer))
        return feed.feed, int(feed.heartbeat_hours * HOUR), low, high

    def of_rate(rate: Rate | None) -> tuple[object, ...]:
        return (rate.vault, per_second(rate.yearly_growth), wad(rate.fall)) if rate else (NOBODY, 0, 0)

    sequencer = config.sequencer
    return (
        *tokens,
        price_of(config.expected_price, decimals.collateral, decimals.loan),
        of_feed(config.collateral_feed),
        of_feed(config.loan_feed),
        of_rate(config.collateral_rate),
        of_rate(config.loan_rate),
        config.second or NOBODY,
        config.fallback or NOBODY,
        sequencer.feed if sequencer else NOBODY,
        int(sequencer.grace_hours * HOUR) if sequencer else 0,
    )


def first_price(
    config: Chainlink, provider: ProviderAPI, decimals: Decimals, complain: Callable[[str, str], None]
) -> int | None:
    """The price with which the oracle would start, scaled by 1e36.

    Args:
        config: the oracle's configuration.
        provider: the chain with the feeds.
        decimals: of the two tokens.
        complain: is told each field that is wrong, and why.

    Returns:
        None when something is wrong.
    """
    sides: dict[str, Fraction | None] = {}
    for side, feed, rate in (
        ("collateral", config.collateral_feed, config.collateral_rate),
        ("loan", config.loan_feed, config.loan_rate),
    ):
        answer = _answer(feed, provider, f"{side}_feed", complain) if feed else Fraction(1)
        value = _rate(rate, provider, f"{side}_rate", complain) if rate else Fraction(1)
        sides[side] = None if answer is None or value is None else answer * value
    collateral, loan = sides.values()
    if collateral is None or loan is None:
        return None
    quote, expected = collateral / loan, Fraction(config.expected_price)
    if abs(quote - expected) > expected * TOLERANCE:
        complain(
            "expected_price",
            f"the feeds say {float(quote):,.6g}, more than 5 % from {config.expected_price}; correct the "
            "price or the feeds",
        )
        return None
    return int(quote * 10 ** (36 + decimals.loan) / 10**decimals.collateral)


def _answer(
    feed: Feed, provider: ProviderAPI, where: str, complain: Callable[[str, str], None]
) -> Fraction | None:
    """The feed's answer in whole units."""
    decimals = view_one(provider, feed.feed, "decimals()", "uint8")
    answers = view(provider, feed.feed, "latestRoundData()", "uint80,int256,uint256,uint256,uint80")
    if decimals is None or answers is None:
        complain(f"{where}.feed", f"{feed.feed} does not answer as a Chainlink feed; correct the address")
        return None
    answer = Fraction(answers[1], 10**decimals)
    hours = Fraction(now(provider) - answers[3], HOUR)
    if hours > feed.heartbeat_hours:
        complain(
            f"{where}.heartbeat_hours",
            f"the feed's answer is {float(hours):,.1f} hours old, more than {feed.heartbeat_hours}; choose a "
            "feed that is alive or raise this",
        )
        return None
    if not feed.min_answer < answer < feed.max_answer:
        complain(
            where,
            f"the feed's answer {float(answer):,.6g} is not between min_answer {feed.min_answer} and "
            f"max_answer {feed.max_answer}; correct them",
        )
        return None
    return answer


def _rate(
    rate: Rate, provider: ProviderAPI, where: str, complain: Callable[[str, str], None]
) -> Fraction | None:
    """Whole assets that a whole share is worth."""
    share_decimals = view_one(provider, rate.vault, "decimals()", "uint8")
    asset = view_one(provider, rate.vault, "asset()", "address")
    asset_decimals = view_one(provider, asset, "decimals()", "uint8") if asset else None
    worth = None
    if share_decimals is not None:
        worth = view_one(provider, rate.vault, "convertToAssets(uint256)", "uint256", 10**share_decimals)
    if not worth or asset_decimals is None:
        complain(f"{where}.vault", f"{rate.vault} does not answer as an ERC-4626 vault; correct the address")
        return None
    return Fraction(worth, 10**asset_decimals)
