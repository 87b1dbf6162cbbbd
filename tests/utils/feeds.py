"""A `Market` whose prices come from the oracle that is shipped, and all that this one reads."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plimsoll.params import price_of
from plimsoll.testing import Chain, Contract
from plimsoll.testing.engines import START
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import DEPLOYER
from plimsoll.units import DAY, HOUR, WAD
from tests.utils.oracles import Config, Feed, Rate

QUOTE = 2_000  # whole loan tokens for a whole collateral token, at the start
RATE = 5 * WAD // 4  # of a share, where a side is an ERC-4626 vault
GROWTH = WAD // 25 // (365 * DAY)  # of the cap on a rate: 4 % a year
GRACE = HOUR
PARTS = ("collateral_rate", "loan_rate", "second", "fallback", "sequencer")


@dataclass(frozen=True)
class FedMarket(Market):
    """With two feeds of 8 decimals, and by name the other parts that were asked for."""

    collateral_feed: Contract
    loan_feed: Contract
    parts: dict[str, Contract]
    terms: dict[str, Feed]

    def set_quote(self, whole: Decimal | int | str) -> None:
        """Sets the collateral feed, so that the price is this one while nothing else has changed."""
        rate = RATE if "collateral_rate" in self.parts else WAD
        self.say(self.collateral_feed, int(Decimal(whole) * 10**8 * WAD / rate))

    def say(self, feed: Contract, answer: int) -> None:
        """Lets a feed give an answer, updated now."""
        feed.send("set_round", answer, self.chain.engine.now, sender=DEPLOYER)


def fed_market(*parts: str, growth: int = GROWTH, fall: int = WAD, **terms: Any) -> FedMarket:
    """A market at `QUOTE`.

    Args:
        parts: what the oracle reads beside its two feeds, of `PARTS`.
        growth: of the cap on a rate, WAD per second.
        fall: of a rate, which is refused, WAD.
        terms: of `small_market`.
    """
    made: dict[str, Contract] = {}
    feeds: dict[str, Feed] = {}

    def oracle(chain: Chain, collateral: Contract, loan: Contract) -> Contract:
        for name in parts:
            if name.endswith("rate"):
                asset = chain.make("MockRateVault", collateral.address, 18, 1).address
                made[name] = chain.make("MockRateVault", asset, 18, RATE)
            elif name == "sequencer":
                made[name] = chain.make("MockFeed", 0, 0)
                made[name].send("set_round", 0, START - 30 * DAY, sender=DEPLOYER)
            else:
                made[name] = chain.make("LyingOracle", price_of(QUOTE, 18, 6))
        for name, quote, heartbeat in (("collateral", QUOTE, HOUR), ("loan", 1, DAY)):
            rate = RATE if f"{name}_rate" in parts else WAD
            answer = quote * 10**8 * WAD // rate
            feed = chain.make("MockFeed", 8, answer)
            feeds[f"{name}_feed"] = Feed(feed, heartbeat, answer // 100, answer * 100)
        config = Config(
            collateral=collateral,
            loan=loan,
            expected_price=price_of(QUOTE, 18, 6),
            **feeds,
            **{name: Rate(made[name], growth, fall) for name in parts if name.endswith("rate")},
            **{name: made[name] for name in parts if not name.endswith("rate")},
            grace=GRACE if "sequencer" in parts else 0,
        )
        return chain.make("ChainlinkOracle", config.as_struct())

    market = small_market(oracle=oracle, **terms)
    return FedMarket(
        **vars(market),
        collateral_feed=feeds["collateral_feed"].feed,
        loan_feed=feeds["loan_feed"].feed,
        parts=made,
        terms=feeds,
    )
