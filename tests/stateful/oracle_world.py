"""The ChainlinkOracle and its twin: its sources do random things, every answer is compared."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from plimsoll.chain.abi import Events
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Contract, deploy
from plimsoll.testing.engines import in_process
from plimsoll.twin.chain import Chain, Event, Revert
from plimsoll.twin.chainlink_oracle import (
    DEATH,
    GROWTH_HORIZON,
    Anchor,
    ChainlinkOracle,
    Feed,
    FeedTerms,
    OracleParts,
    RateVault,
)
from plimsoll.twin.oracle import ScriptedOracle
from plimsoll.units import DAY, NOBODY, WAD
from tests.stateful.world import DEPLOYER, Difference

VIEWS = ("price", "safe_price", "own_price", "own_safe_price", "last_update", "stale_update", "is_dead",
         "marked_at", "confirmed_at", "collateral_rate_cap", "loan_rate_cap")  # fmt: skip


@dataclass(frozen=True)
class OfFeed:
    """A feed on both sides and the terms on which it is believed."""

    contract: Contract
    decimals: int
    terms: FeedTerms

    @property
    def model(self) -> Feed:
        """Its twin."""
        return self.terms.feed


@dataclass(frozen=True)
class OfRate:
    """An ERC-4626 vault on both sides, and what holds for its rate."""

    contract: Contract
    asset_decimals: int
    anchor: Anchor

    @property
    def model(self) -> RateVault:
        """Its twin."""
        return self.anchor.vault


@dataclass
class Source:
    """Another oracle, which says what it is told."""

    contract: Contract
    model: ScriptedOracle
    price: int
    safe_price: int = field(init=False)

    def __post_init__(self) -> None:
        """Both prices are the same at first."""
        self.safe_price = self.price


class OracleWorld:
    """One oracle of random shape with all that it reads; steps are chosen by `random`."""

    def __init__(self, random: Random) -> None:
        """Deploys everything."""
        self.random = random
        self.engine = in_process()
        self.twin = Chain(self.engine.now)
        collateral_decimals, loan_decimals = random.choice((6, 8, 18, 27)), random.choice((6, 8, 18))
        collateral_feed = self._feed(random.randint(50, 90_000))
        loan_feed = self._feed(random.randint(2, 5)) if random.random() < 0.7 else None
        collateral_rate = self._rate((6, 8, 18)) if random.random() < 0.5 else None
        loan_rate = self._rate((6, 8)) if random.random() < 0.3 else None
        exponent = 36 + loan_decimals - collateral_decimals - collateral_feed.decimals
        if loan_feed:
            exponent += loan_feed.decimals
        if collateral_rate:
            exponent -= collateral_rate.asset_decimals
        if loan_rate:
            exponent += loan_rate.asset_decimals

        def parts(**others: Any) -> OracleParts:
            return OracleParts(
                collateral_feed.terms, loan_feed and loan_feed.terms,
                collateral_rate and collateral_rate.anchor, loan_rate and loan_rate.anchor, **others,
            )  # fmt: skip

        fair = ChainlinkOracle(self.twin, parts(), exponent).price()
        self.second = self._source(fair) if random.random() < 0.6 else None
        self.fallback = self._source(fair) if random.random() < 0.7 else None
        fall = WAD if not self.second and not self.fallback else None
        self.grace = random.choice((1, 3_600, DAY))
        self.feeds = [feed for feed in (collateral_feed, loan_feed) if feed]
        self.sequencer = None
        if random.random() < 0.5:
            up = self._make("MockFeed", 0, 0), Feed(self.twin, 0)
            self.sequencer = OfFeed(up[0], 0, FeedTerms(up[1], 0, 0, 0))
            self._advance(self.grace + 1)
            for feed in self.feeds:
                self._set_round(feed, feed.model.answer, self.engine.now)
        collateral_rate, loan_rate = (
            rate and self._anchored(rate, fall) for rate in (collateral_rate, loan_rate)
        )
        self.rates = [rate for rate in (collateral_rate, loan_rate) if rate]
        tokens = [
            self._make("MockRateVault", NOBODY, digits, 1).address
            for digits in (collateral_decimals, loan_decimals)
        ]
        config = (
            *tokens, fair, *map(self._feed_terms, (collateral_feed, loan_feed)),
            *map(self._rate_terms, (collateral_rate, loan_rate)),
            *(part.contract.address if part else NOBODY
              for part in (self.second, self.fallback, self.sequencer)),
            self.grace if self.sequencer else 0,
        )  # fmt: skip
        self.oracle = self._make("ChainlinkOracle", config)
        self._events = Events()
        self._events.listen(self.oracle.address, artifact("ChainlinkOracle").abi)
        others = {
            name: part.model if part else None
            for name, part in (
                ("second", self.second), ("fallback", self.fallback), ("sequencer", self.sequencer),
            )
        }  # fmt: skip
        grace = self.grace if self.sequencer else 0
        address = self.oracle.address
        self.model = ChainlinkOracle(self.twin, parts(**others, grace=grace), exponent, address)

    # ----------------------------------------------------------------------------------------------- building

    def _make(self, name: str, *arguments: Any) -> Contract:
        return deploy(self.engine, artifact(name), *arguments, sender=DEPLOYER)

    def _feed(self, quote: int) -> OfFeed:
        decimals = self.random.choice((0, 6, 8, 18))
        answer = quote * 10**decimals
        contract = self._make("MockFeed", decimals, answer)
        heartbeat = self.random.choice((3_600, DAY, 7 * DAY))
        low, high = max(1, answer // 1_000), answer * 1_000
        return OfFeed(contract, decimals, FeedTerms(Feed(self.twin, answer), heartbeat, low, high))

    def _rate(self, decimals: tuple[int, ...]) -> OfRate:
        shares, asset_decimals = self.random.choice((6, 18)), self.random.choice(decimals)
        start = self.random.randint(1, 3 * 10**asset_decimals)
        asset = self._make("MockRateVault", NOBODY, asset_decimals, 1).address
        contract = self._make("MockRateVault", asset, shares, start)
        growth = self.random.choice((1, 10**17 // (365 * DAY), WAD // (365 * DAY)))
        fall = self.random.choice((WAD, WAD, WAD // 10, 1))
        model = RateVault(self.twin, start)
        return OfRate(contract, asset_decimals, Anchor(model, start, growth, fall, self.engine.now))

    def _anchored(self, rate: OfRate, fall: int | None) -> OfRate:
        """The same as of now; `fall`: instead of its own."""
        anchor = rate.anchor._replace(time=self.engine.now, fall=fall or rate.anchor.fall)
        return OfRate(rate.contract, rate.asset_decimals, anchor)

    def _source(self, price: int) -> Source:
        return Source(self._make("LyingOracle", price), ScriptedOracle(self.twin, price), price)

    @staticmethod
    def _feed_terms(feed: OfFeed | None) -> tuple[Any, ...]:
        return (feed.contract.address, *feed.terms[1:]) if feed else (NOBODY, 0, 0, 0)

    @staticmethod
    def _rate_terms(rate: OfRate | None) -> tuple[Any, ...]:
        return (rate.contract.address, rate.anchor.growth, rate.anchor.fall) if rate else (NOBODY, 0, 0)

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
            expected, found = self._ask(getattr(self.model, view)), self._ask(lambda: self.oracle.call(view))  # noqa: B023
            if expected != found:
                raise Difference(f"oracle.{view}: chain {found!r}, model {expected!r}")

    @staticmethod
    def _ask(question: Any) -> Any:
        try:
            return question()
        except (Revert, CallReverted) as refusal:
            return f"refused: {refusal.reason}"

    def _advance(self, seconds: int) -> None:
        self.engine.advance(seconds)
        self.twin.now = self.engine.now

    def _send(self, part: OfFeed | OfRate, function: str, *arguments: int) -> None:
        part.contract.send(function, *arguments, sender=DEPLOYER)
        getattr(part.model, function)(DEPLOYER, *arguments)

    def _set_round(self, feed: OfFeed, answer: int, updated_at: int) -> None:
        self._send(feed, "set_round", answer, updated_at)

    def _move_feed(self) -> None:
        feed, now = self.random.choice(self.feeds), self.engine.now
        _, heartbeat, low, high = feed.terms
        usual = int((low + high) * self.random.random() / 2) + low + 1
        edge = (low, low + 1, high - 1, high, 0, -1, feed.model.answer)
        answer = usual if self.random.random() < 0.5 else self.random.choice(edge)
        age = (0, heartbeat, heartbeat + 1, -1, DEATH, DEATH + 1, now)
        updated_at = now - (0 if self.random.random() < 0.5 else self.random.choice(age))
        self._set_round(feed, min(answer, high), updated_at)

    def _recover(self) -> None:
        """Everything works again."""
        for feed in self.feeds:
            self._send(feed, "set_silent", False)
            self._set_round(feed, (feed.terms.low + feed.terms.high) // 2, self.engine.now)
        for rate in self.rates:
            self._send(rate, "set_silent", False)
            self._send(rate, "set_rate", rate.anchor.rate)
        if self.sequencer and self.random.random() < 0.8:
            self._send(self.sequencer, "set_silent", False)
            self._set_round(self.sequencer, 0, self.engine.now - self.grace - 1)

    def _fail(self) -> None:
        parts = [*self.feeds, *self.rates, self.sequencer]
        part = self.random.choice([part for part in parts if part])
        self._send(part, "set_silent", self.random.random() < 0.7)

    def _move_rate(self) -> None:
        if self.rates:
            rate = self.random.choice(self.rates)
            start, cap = rate.anchor.rate, rate.anchor.cap(self.engine.now)
            near_cap = cap - 1, cap, cap + 1
            large = start * 2, 2**127, 2**128 - 1, 2**128
            small = start // 2, start * 9 // 10, start * 9 // 10 - 1, start - 1
            self._send(rate, "set_rate", self.random.choice((0, 1, *near_cap, *large, *small)))

    def _move_source(self) -> None:
        sources = [source for source in (self.second, self.fallback) if source]
        if sources:
            source = self.random.choice(sources)
            base = self.random.choice((0, 1, source.price or 1, 10**36))
            source.price = self.random.choice((base, int(base * self.random.uniform(0.5, 2))))
            source.safe_price = self.random.choice((source.price, source.price // 2, 0, source.price + 1))
            source.contract.send("set_prices", source.price, source.safe_price, sender=DEPLOYER)
            silent = self.random.random() < 0.4
            source.contract.send("set_silent", silent, sender=DEPLOYER)
            refusal = "lying oracle: silent"
            source.model.price_answer = refusal if silent else source.price
            source.model.safe_price_answer = refusal if silent else source.safe_price

    def _move_sequencer(self) -> None:
        if self.sequencer:
            now = self.engine.now
            started = self.random.choice((0, now + 1, now, now - self.grace, now - self.grace - 1))
            self._set_round(self.sequencer, self.random.choice((0, 0, 0, 1)), started)

    def _pass_time(self) -> None:
        days = (1, 3_600, DAY, DAY, 2 * DAY, 2 * DAY, 2 * DAY, 2 * DAY + 1, DEATH, DEATH + 1)
        self._advance(self.random.choice(days) if self.random.random() < 0.99 else GROWTH_HORIZON)

    def _mark_both(self) -> None:
        """Marks, often in a row, as a watchful person would."""
        for _ in range(self.random.choice((1, 2, 9))):
            expected, found = self._ask(self._mark_on_twin), self._ask(self._mark_on_chain)
            if expected != found:
                raise Difference(f"oracle.mark: chain {found!r}, model {expected!r}")
            self._advance(self.random.choice((0, DAY, 2 * DAY)))

    def _mark_on_twin(self) -> list[Event]:
        self.twin.events.clear()
        self.twin.transact(lambda: self.model.mark(DEPLOYER))
        return list(self.twin.events)

    def _mark_on_chain(self) -> list[Event]:
        self.oracle.send("mark", sender=DEPLOYER)
        logs = [(log, self._events.of(log)) for log in self.engine.logs()]
        return [Event(log.address, kind.name, kind.decode(log)) for log, kind in logs if kind]


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
