"""``ChainlinkOracle``: an oracle of feeds and rates, with a second source, a fallback and a sequencer's feed.

Prices are loan base units per collateral base unit, 1e36, rounded down; times are seconds. Gas is not
modelled: a source that needs more than the contract gives it has to be told to be silent.
"""

import contextlib
from dataclasses import dataclass
from typing import NamedTuple

from plimsoll.twin.chain import Chain, Revert, require
from plimsoll.twin.oracle import Oracle
from plimsoll.units import DAY, MAX, WAD, YEAR

RATE_TOP = 2**128
GROWTH_HORIZON = 100 * YEAR
DEATH = 14 * DAY
MARK_GAP = 2 * DAY

Prices = tuple[int, int]
"""The price for liquidation, and the safe one."""


class Feed:
    """A feed's latest answer, in the feed's decimals, and its time; a sequencer's feed as well."""

    def __init__(self, chain: Chain, answer: int) -> None:
        """A feed that has just been updated."""
        self.chain = chain
        self.answer = answer
        self.updated_at = chain.now
        self.silent = False
        chain.contracts.append(self)

    def set_answer(self, _caller: str, answer: int) -> None:
        """A new round, now."""
        self.set_round(_caller, answer, self.chain.now)

    def set_round(self, _caller: str, answer: int, updated_at: int) -> None:
        """A new round at any time."""
        self.answer, self.updated_at = answer, updated_at

    def set_silent(self, _caller: str, silent: bool) -> None:
        """Whether reading reverts from now on."""
        self.silent = silent

    def latest(self) -> tuple[int, int]:
        """The answer, and when it was given."""
        require(not self.silent, "feed: silent")
        return self.answer, self.updated_at


class RateVault:
    """What a whole share of an ERC-4626 vault is worth, in base units of its asset."""

    def __init__(self, chain: Chain, rate: int) -> None:
        """A vault with a rate."""
        self.rate = rate
        self.silent = False
        chain.contracts.append(self)

    def set_rate(self, _caller: str, rate: int) -> None:
        """Another rate from now on."""
        self.rate = rate

    def set_silent(self, _caller: str, silent: bool) -> None:
        """Whether reading reverts from now on."""
        self.silent = silent


class FeedTerms(NamedTuple):
    """A feed and when to believe it: how old, and between which answers, exclusive."""

    feed: Feed
    heartbeat: int
    low: int
    high: int

    def read(self, now: int) -> int:
        """The answer; reverts when it cannot be believed."""
        answer, updated_at = self.feed.latest()
        require(0 <= now - updated_at <= self.heartbeat, "oracle: stale")
        require(self.low < answer < self.high, "oracle: out of bounds")
        return answer


class Anchor(NamedTuple):
    """A rate as it stood at construction, and the terms on which it is believed."""

    vault: RateVault
    rate: int  # asset base units per whole share
    growth: int  # WAD per second: how fast the cap on the rate rises
    fall: int  # WAD: the part of `rate` by which it may fall
    time: int

    def cap(self, now: int) -> int:
        """The most that a share counts for, where the cap binds; the specification's series."""
        x = self.growth * min(now - self.time, GROWTH_HORIZON)
        square = x * x // (2 * WAD)
        return self.rate * (WAD + x + square + square * x // (3 * WAD)) // WAD

    def read(self) -> int:
        """What a share is worth; reverts when it cannot be believed."""
        require(not self.vault.silent, "rate vault: silent")
        live = self.vault.rate
        require(0 < live < RATE_TOP, "oracle: rate out of range")
        require(live >= self.rate * (WAD - self.fall) // WAD, "oracle: rate fell")
        return live


@dataclass(frozen=True)
class OracleParts:
    """What an oracle is made of."""

    collateral_feed: FeedTerms
    loan_feed: FeedTerms | None = None
    collateral_rate: Anchor | None = None
    loan_rate: Anchor | None = None
    second: Oracle | None = None
    fallback: Oracle | None = None
    sequencer: Feed | None = None
    grace: int = 0

    @property
    def feeds(self) -> tuple[FeedTerms, ...]:
        """The oracle's own."""
        return (self.collateral_feed,) if self.loan_feed is None else (self.collateral_feed, self.loan_feed)


class ChainlinkOracle:
    """The oracle; its only state is the record of a failing primary."""

    def __init__(self, chain: Chain, parts: OracleParts, exponent: int, address: str = "") -> None:
        """An oracle that works.

        Args:
            chain: where it is.
            parts: what it is made of.
            exponent: of the power of ten that turns answers and rates into a price.
            address: whose its events are.
        """
        self.chain = chain
        self.parts = parts
        self.address = address
        self.scale, self.divisor = 10 ** max(0, exponent), 10 ** max(0, -exponent)
        self.since = self.confirmed = self.update = 0
        self._is_rated = bool(parts.collateral_rate or parts.loan_rate)
        self._is_alone = parts.second is None and parts.fallback is None
        chain.contracts.append(self)

    # -------------------------------------------------------------------------------------------- both prices

    def price(self) -> int:
        """The price at which positions are liquidated: the higher of the live sources."""
        return self._prices()[0]

    def safe_price(self) -> int:
        """The price at which new debt and withdrawals are judged: the lower of the live sources."""
        return self._prices()[1]

    def own_price(self) -> int:
        """The price by the own feeds and rates alone."""
        return self._own_prices()[0]

    def own_safe_price(self) -> int:
        """The safe price by the own feeds and rates alone."""
        return self._own_prices()[1]

    def _prices(self) -> Prices:
        self._require_sequencer()
        if self._is_alone:
            return self._own_prices()
        if live := self._live():
            return max(price for price, _ in live), min(safe for _, safe in live)
        if self._may_fall_back() and (found := _asked(self.parts.fallback)):
            return found
        return self._own_prices()  # reverts, and says why

    def _live(self) -> list[Prices]:
        """Both prices of the primary's live sources."""
        found = []
        with contextlib.suppress(Revert):
            found.append(self._own_prices())
        if second := _asked(self.parts.second):
            found.append(second)
        return found

    def _own_prices(self) -> Prices:
        parts, now = self.parts, self.chain.now
        above = parts.collateral_feed.read(now) * self.scale
        below = self.divisor if parts.loan_feed is None else self.divisor * parts.loan_feed.read(now)
        if not self._is_rated:
            price = above // below
            require(price != 0, "oracle: zero price")
            return price, price
        high = low = cheap = dear = 1
        if parts.collateral_rate:
            high = parts.collateral_rate.read()
            low = min(high, parts.collateral_rate.cap(now))
        if parts.loan_rate:
            live = parts.loan_rate.read()
            cheap, dear = min(live, parts.loan_rate.cap(now)), max(live, parts.loan_rate.rate)
        price = above * high // (below * cheap)
        require(price <= MAX, "math: mul_div overflow")
        safe = above * low // (below * dear)
        require(safe != 0, "oracle: zero safe price")
        return price, safe

    def _require_sequencer(self) -> None:
        """Reverts while the sequencer is down, and for `grace` seconds after it came back."""
        if self.parts.sequencer is None:
            return
        answer, started_at = self.parts.sequencer.latest()
        require(answer == 0, "oracle: sequencer down")
        past = started_at != 0 and self.chain.now - started_at > self.parts.grace
        require(past, "oracle: sequencer grace")

    # ---------------------------------------------------------------------------- record of a failing primary

    def mark(self, _caller: str) -> None:
        """Records whether the primary fails now."""
        require(self.parts.fallback is not None, "oracle: no fallback")
        self._require_sequencer()
        now = self.chain.now
        if self._live():
            if self.since:
                self.chain.log(self.address, "PrimaryWorking", self.since)
                self.since = self.confirmed = self.update = 0
            return
        if self.confirmed == now:
            return
        try:
            update = self.stale_update()
        except Revert:
            update = 0
        if update:
            update = max(update, self.update)
        gap = DEATH if self._spans() else MARK_GAP
        answered = update and self.update and update != self.update
        if not self.since or now - self.confirmed > gap or answered:
            self.since = now
        self.confirmed, self.update = now, update
        self.chain.log(self.address, "PrimaryFailing", self.since, now)

    def _spans(self) -> bool:
        """Whether the marks of one failure span 14 days."""
        return self.confirmed - self.since >= DEATH

    def _may_fall_back(self) -> bool:
        """Whether a primary that fails now may be replaced."""
        if self.parts.fallback is None:
            return False
        if self._spans() and self.chain.now - self.confirmed <= DEATH:
            return True
        try:
            last = self.last_update()
        except Revert:
            return False
        return last != 0 and self.chain.now - last > DEATH

    def is_dead(self) -> bool:
        """Whether the fallback answers in place of a primary that fails now."""
        return not self._live() and self._may_fall_back()

    def marked_at(self) -> int:
        """Since when marks have found the primary failing; 0: they have not."""
        return self.since

    def confirmed_at(self) -> int:
        """When a mark last found the primary failing; 0: not since it worked."""
        return self.confirmed

    # -------------------------------------------------------------------------------------------- other views

    def last_update(self) -> int:
        """When the own feeds were updated, the older of both."""
        return min(terms.feed.latest()[1] for terms in self.parts.feeds)

    def stale_update(self) -> int:
        """When stale feeds were last updated, the older of both; 0 when none is stale."""
        last, now = self.last_update(), self.chain.now
        stale = any(now - terms.feed.updated_at > terms.heartbeat for terms in self.parts.feeds)
        return last if stale else 0

    def collateral_rate_cap(self) -> int:
        """The most that a whole share counts for now in lending; 0 without a rate."""
        return self.parts.collateral_rate.cap(self.chain.now) if self.parts.collateral_rate else 0

    def loan_rate_cap(self) -> int:
        """The most that a whole share counts for now in liquidation; 0 without a rate."""
        return self.parts.loan_rate.cap(self.chain.now) if self.parts.loan_rate else 0


def _asked(source: Oracle | None) -> Prices | None:
    """Both prices of another oracle; None unless both come and the safe one is not above the other."""
    if source is None:
        return None
    try:
        price, safe = source.price(), source.safe_price()
    except Revert:
        return None
    return (price, safe) if 0 < safe <= price else None
