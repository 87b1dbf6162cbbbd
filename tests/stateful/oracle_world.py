"""The ChainlinkOracle and an exact model of it: its sources do random things, every answer is compared.

The model is written from the contract's documentation, in integers, and knows the reason of every refusal.
"""

import contextlib
from dataclasses import dataclass
from random import Random
from typing import Any

from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Contract, deploy
from plimsoll.testing.engines import in_process
from plimsoll.twin.chain import Revert, require
from plimsoll.units import DAY, NOBODY, WAD
from tests.stateful.world import DEPLOYER, Difference

HORIZON = 100 * 365 * DAY
DEATH = 14 * DAY
VIEWS = ("price", "safe_price", "own_price", "own_safe_price", "last_update", "stale_update", "is_dead",
         "marked_at", "confirmed_at", "collateral_rate_cap", "loan_rate_cap")  # fmt: skip


@dataclass
class Feed:
    """A feed and the terms on which it is believed; times in seconds, answers in the feed's decimals."""

    contract: Contract
    decimals: int
    answer: int
    updated_at: int
    heartbeat: int
    low: int
    high: int
    silent: bool = False

    def is_stale(self, now: int) -> bool:
        """Whether the answer is too old."""
        return now - self.updated_at > self.heartbeat

    def read(self, now: int) -> int:
        """The answer that is believed."""
        require(not self.silent, "feed: silent")
        require(0 <= now - self.updated_at <= self.heartbeat, "oracle: stale")
        require(self.low < self.answer < self.high, "oracle: out of bounds")
        return self.answer


@dataclass
class Rate:
    """An ERC-4626 vault and what its rate was at the start; asset base units per whole share."""

    contract: Contract
    asset_decimals: int
    start: int
    rate: int
    growth: int
    fall: int
    since: int
    silent: bool = False

    def cap(self, now: int) -> int:
        """The most that a share counts for."""
        x = self.growth * min(now - self.since, HORIZON)
        square = x * x // (2 * WAD)
        return self.start * (WAD + x + square + square * x // (3 * WAD)) // WAD

    def read(self, now: int) -> int:
        """What a share is worth."""
        require(not self.silent, "rate vault: silent")
        require(0 < self.rate < 2**128, "oracle: rate out of range")
        require(self.rate >= self.start * (WAD - self.fall) // WAD, "oracle: rate fell")
        return self.rate


@dataclass
class Source:
    """Another oracle, which says what it is told."""

    contract: Contract
    price: int
    safe_price: int
    silent: bool = False

    def is_live(self) -> bool:
        """Whether both of its prices come, the safe one not above the other."""
        return not self.silent and 0 < self.safe_price <= self.price


class OracleWorld:
    """One oracle of random shape with all that it reads; steps are chosen by `random`."""

    def __init__(self, random: Random) -> None:
        """Deploys everything."""
        self.random = random
        self.engine = in_process()
        self.since = self.confirmed = self.update = 0
        collateral_decimals, loan_decimals = random.choice((6, 8, 18, 27)), random.choice((6, 8, 18))
        self.collateral_feed = self._feed(random.randint(50, 90_000))
        self.loan_feed = self._feed(random.randint(2, 5)) if random.random() < 0.7 else None
        self.collateral_rate = self._rate((6, 8, 18)) if random.random() < 0.5 else None
        self.loan_rate = self._rate((6, 8)) if random.random() < 0.3 else None
        self.exponent = 36 + loan_decimals - collateral_decimals - self.collateral_feed.decimals
        if self.loan_feed:
            self.exponent += self.loan_feed.decimals
        if self.collateral_rate:
            self.exponent -= self.collateral_rate.asset_decimals
        if self.loan_rate:
            self.exponent += self.loan_rate.asset_decimals
        fair = self._formula()[0]
        self.second = self._source(fair) if random.random() < 0.6 else None
        self.fallback = self._source(fair) if random.random() < 0.7 else None
        if not self.second and not self.fallback:
            for rate in filter(None, (self.collateral_rate, self.loan_rate)):
                rate.fall = WAD
        self.grace = random.choice((1, 3_600, DAY))
        self.sequencer = None
        if random.random() < 0.5:
            self.sequencer = Feed(self._make("MockFeed", 0, 0), 0, 0, self.engine.now, 0, 0, 0)
            self.engine.advance(self.grace + 1)
            for feed in filter(None, (self.collateral_feed, self.loan_feed)):
                self._set_round(feed, feed.answer, self.engine.now)
        for rate in filter(None, (self.collateral_rate, self.loan_rate)):
            rate.since = self.engine.now
        tokens = [
            self._make("MockRateVault", NOBODY, digits, 1).address
            for digits in (collateral_decimals, loan_decimals)
        ]
        config = (
            *tokens, fair, *map(self._feed_terms, (self.collateral_feed, self.loan_feed)),
            *map(self._rate_terms, (self.collateral_rate, self.loan_rate)),
            *(part.contract.address if part else NOBODY
              for part in (self.second, self.fallback, self.sequencer)),
            self.grace if self.sequencer else 0,
        )  # fmt: skip
        self.oracle = self._make("ChainlinkOracle", config)

    # ----------------------------------------------------------------------------------------------- building

    def _make(self, name: str, *arguments: Any) -> Contract:
        return deploy(self.engine, artifact(name), *arguments, sender=DEPLOYER)

    def _feed(self, quote: int) -> Feed:
        decimals = self.random.choice((0, 6, 8, 18))
        answer = quote * 10**decimals
        contract = self._make("MockFeed", decimals, answer)
        heartbeat = self.random.choice((3_600, DAY, 7 * DAY))
        low, high = max(1, answer // 1_000), answer * 1_000
        return Feed(contract, decimals, answer, self.engine.now, heartbeat, low, high)

    def _rate(self, decimals: tuple[int, ...]) -> Rate:
        shares, asset_decimals = self.random.choice((6, 18)), self.random.choice(decimals)
        start = self.random.randint(1, 3 * 10**asset_decimals)
        asset = self._make("MockRateVault", NOBODY, asset_decimals, 1).address
        contract = self._make("MockRateVault", asset, shares, start)
        growth = self.random.choice((1, 10**17 // (365 * DAY), WAD // (365 * DAY)))
        fall = self.random.choice((WAD, WAD, WAD // 10, 1))
        return Rate(contract, asset_decimals, start, start, growth, fall, self.engine.now)

    def _source(self, price: int) -> Source:
        return Source(self._make("LyingOracle", price), price, price)

    @staticmethod
    def _feed_terms(feed: Feed | None) -> tuple[Any, ...]:
        return (feed.contract.address, feed.heartbeat, feed.low, feed.high) if feed else (NOBODY, 0, 0, 0)

    @staticmethod
    def _rate_terms(rate: Rate | None) -> tuple[Any, ...]:
        return (rate.contract.address, rate.growth, rate.fall) if rate else (NOBODY, 0, 0)

    # -------------------------------------------------------------------------------------------------- model

    def _formula(self) -> tuple[int, int]:
        """Price and safe price of the own feeds and rates: a cap may restrict lending alone."""
        now = self.engine.now
        above = self.collateral_feed.read(now)
        below = self.loan_feed.read(now) if self.loan_feed else 1
        scale, divisor = 10 ** max(0, self.exponent), 10 ** max(0, -self.exponent)
        if not self.collateral_rate and not self.loan_rate:
            price = above * scale // (below * divisor)
            require(price != 0, "oracle: zero price")
            return price, price
        high = low = dear = cheap = 1
        if self.collateral_rate:
            high = self.collateral_rate.read(now)
            low = min(high, self.collateral_rate.cap(now))
        if self.loan_rate:
            live = self.loan_rate.read(now)
            cheap, dear = min(live, self.loan_rate.cap(now)), max(live, self.loan_rate.start)
        price = above * high * scale // (below * cheap * divisor)
        require(price < 2**256, "math: mul_div overflow")
        safe = above * low * scale // (below * dear * divisor)
        require(safe != 0, "oracle: zero safe price")
        return price, safe

    def _require_sequencer(self) -> None:
        feed = self.sequencer
        if feed is None:
            return
        require(not feed.silent, "feed: silent")
        require(feed.answer == 0, "oracle: sequencer down")
        up = feed.updated_at != 0 and self.engine.now - feed.updated_at > self.grace
        require(up, "oracle: sequencer grace")

    def _live(self) -> list[tuple[int, int]]:
        """Both prices of the primary's live sources."""
        answers = []
        with contextlib.suppress(Revert):
            answers.append(self._formula())
        if self.second and self.second.is_live():
            answers.append((self.second.price, self.second.safe_price))
        return answers

    def _prices(self) -> tuple[int, int]:
        self._require_sequencer()
        live = self._live()
        if live:
            return max(price for price, _ in live), min(safe for _, safe in live)
        if self._may_fall_back() and self.fallback and self.fallback.is_live():
            return self.fallback.price, self.fallback.safe_price
        return self._formula()

    def _may_fall_back(self) -> bool:
        if self.fallback is None:
            return False
        if self.confirmed - self.since >= DEATH and self.engine.now - self.confirmed <= DEATH:
            return True
        try:
            last = self.last_update()
        except Revert:
            return False
        return last != 0 and self.engine.now - last > DEATH

    def price(self) -> int:
        return self._prices()[0]

    def safe_price(self) -> int:
        return self._prices()[1]

    def own_price(self) -> int:
        return self._formula()[0]

    def own_safe_price(self) -> int:
        return self._formula()[1]

    def last_update(self) -> int:
        feeds = [feed for feed in (self.collateral_feed, self.loan_feed) if feed]
        require(not any(feed.silent for feed in feeds), "feed: silent")
        return min(feed.updated_at for feed in feeds)

    def stale_update(self) -> int:
        last = self.last_update()
        return last if any(feed.is_stale(self.engine.now) for feed in self._feeds()) else 0

    def is_dead(self) -> bool:
        return not self._live() and self._may_fall_back()

    def marked_at(self) -> int:
        return self.since

    def confirmed_at(self) -> int:
        return self.confirmed

    def collateral_rate_cap(self) -> int:
        return self.collateral_rate.cap(self.engine.now) if self.collateral_rate else 0

    def loan_rate_cap(self) -> int:
        return self.loan_rate.cap(self.engine.now) if self.loan_rate else 0

    def _mark(self) -> list[int]:
        """Returns what the event holds."""
        require(self.fallback is not None, "oracle: no fallback")
        self._require_sequencer()
        now = self.engine.now
        if self._live():
            event = [self.since] if self.since else []
            self.since = self.confirmed = self.update = 0
            return event
        if self.confirmed == now:
            return []
        try:
            update = self.stale_update()
        except Revert:
            update = 0
        if update:
            update = max(update, self.update)
        gap = DEATH if self.confirmed - self.since >= DEATH else 2 * DAY
        answered = update and self.update and update != self.update
        if not self.since or now - self.confirmed > gap or answered:
            self.since = now
        self.confirmed, self.update = now, update
        return [self.since, now]

    # -------------------------------------------------------------------------------------------------- steps

    def step(self) -> None:
        """One change of the world, then every answer is compared.

        Raises:
            Difference: when the contract says something else than the model.
        """
        steps = [self._move_feed] * 4 + [self._recover] * 3 + [self._move_rate] * 2 + [self._move_source] * 2
        steps += [self._move_sequencer, self._fail] + [self._pass_time] * 4 + [self._mark_both] * 3
        self.random.choice(steps)()
        self.compare()

    def compare(self) -> None:
        """Every view against the model."""
        for view in VIEWS:
            expected, found = self._ask(getattr(self, view)), self._ask(lambda: self.oracle.call(view))  # noqa: B023
            if expected != found:
                raise Difference(f"oracle.{view}: chain {found!r}, model {expected!r}")

    @staticmethod
    def _ask(question: Any) -> Any:
        try:
            return question()
        except (Revert, CallReverted) as refusal:
            return f"refused: {refusal.reason}"

    def _feeds(self) -> list[Feed]:
        return [feed for feed in (self.collateral_feed, self.loan_feed) if feed]

    def _set_round(self, feed: Feed, answer: int, updated_at: int) -> None:
        feed.contract.send("set_round", answer, updated_at, sender=DEPLOYER)
        feed.answer, feed.updated_at = answer, updated_at

    def _set_silent(self, part: Feed | Rate | Source, silent: bool) -> None:
        part.contract.send("set_silent", silent, sender=DEPLOYER)
        part.silent = silent

    def _move_feed(self) -> None:
        feed, now = self.random.choice(self._feeds()), self.engine.now
        usual = int((feed.low + feed.high) * self.random.random() / 2) + feed.low + 1
        edge = (feed.low, feed.low + 1, feed.high - 1, feed.high, 0, -1, feed.answer)
        answer = usual if self.random.random() < 0.5 else self.random.choice(edge)
        age = (0, feed.heartbeat, feed.heartbeat + 1, -1, DEATH, DEATH + 1, now)
        updated_at = now - (0 if self.random.random() < 0.5 else self.random.choice(age))
        self._set_round(feed, min(answer, feed.high), updated_at)

    def _recover(self) -> None:
        """Everything works again."""
        for feed in self._feeds():
            self._set_silent(feed, False)
            self._set_round(feed, (feed.low + feed.high) // 2, self.engine.now)
        for rate in filter(None, (self.collateral_rate, self.loan_rate)):
            self._set_silent(rate, False)
            rate.contract.send("set_rate", rate.start, sender=DEPLOYER)
            rate.rate = rate.start
        if self.sequencer and self.random.random() < 0.8:
            self._set_silent(self.sequencer, False)
            self._set_round(self.sequencer, 0, self.engine.now - self.grace - 1)

    def _fail(self) -> None:
        parts = [*self._feeds(), self.collateral_rate, self.loan_rate, self.sequencer]
        self._set_silent(self.random.choice([part for part in parts if part]), self.random.random() < 0.7)

    def _move_rate(self) -> None:
        rates = [rate for rate in (self.collateral_rate, self.loan_rate) if rate]
        if rates:
            rate = self.random.choice(rates)
            cap = rate.cap(self.engine.now)
            rate.rate = self.random.choice(
                (
                    0,
                    1,
                    cap - 1,
                    cap,
                    cap + 1,
                    rate.start // 2,
                    rate.start * 2,
                    2**127,
                    2**128 - 1,
                    2**128,
                    rate.start * 9 // 10,
                    rate.start * 9 // 10 - 1,
                    rate.start - 1,
                )
            )
            rate.contract.send("set_rate", rate.rate, sender=DEPLOYER)

    def _move_source(self) -> None:
        sources = [source for source in (self.second, self.fallback) if source]
        if sources:
            source = self.random.choice(sources)
            base = self.random.choice((0, 1, source.price or 1, 10**36))
            source.price = self.random.choice((base, int(base * self.random.uniform(0.5, 2))))
            source.safe_price = self.random.choice((source.price, source.price // 2, 0, source.price + 1))
            source.contract.send("set_prices", source.price, source.safe_price, sender=DEPLOYER)
            self._set_silent(source, self.random.random() < 0.4)

    def _move_sequencer(self) -> None:
        if self.sequencer:
            now = self.engine.now
            started = self.random.choice((0, now + 1, now, now - self.grace, now - self.grace - 1))
            self._set_round(self.sequencer, self.random.choice((0, 0, 0, 1)), started)

    def _pass_time(self) -> None:
        days = (1, 3_600, DAY, DAY, 2 * DAY, 2 * DAY, 2 * DAY, 2 * DAY + 1, DEATH, DEATH + 1)
        self.engine.advance(self.random.choice(days) if self.random.random() < 0.99 else HORIZON)

    def _mark_both(self) -> None:
        """Marks, often in a row, as a watchful person would."""
        for _ in range(self.random.choice((1, 2, 9))):
            expected, found = self._ask(self._mark), self._ask(self._mark_on_chain)
            if expected != found:
                raise Difference(f"oracle.mark: chain {found!r}, model {expected!r}")
            self.engine.advance(self.random.choice((0, DAY, 2 * DAY)))

    def _mark_on_chain(self) -> list[int]:
        self.oracle.send("mark", sender=DEPLOYER)
        data = b"".join(log.data for log in self.engine.logs())
        return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def play(seed: object, worlds: int, steps: int) -> None:
    """Oracles of `worlds` random shapes, `steps` steps each.

    Raises:
        Difference: when an oracle says something else than its model.
    """
    for number in range(worlds):
        place = OracleWorld(Random(f"{seed} {number}"))
        place.compare()
        for _ in range(steps):
            place.step()
