"""When feeds are updated and a rate moves; see `oracles`. When a token is halted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from plimsoll.market.deployment import DEPLOYER, made_up
from plimsoll.scenario.agents.view import View
from plimsoll.scenario.markets import Leg
from plimsoll.scenario.oracles import BadAnswer, LoanFeedConfig
from plimsoll.scenario.transactions import Action
from plimsoll.scenario.world import World
from plimsoll.units import HOUR


class FeedUpdates:
    """Updates one feed."""

    def __init__(self, settings: LoanFeedConfig, feed: Any) -> None:
        """The feed, on the twin, has just been set to the first price."""
        self._settings = settings
        self._feed = feed
        self._seen: list[int] = []  # answers that the prices would be, a block each
        self._bad_answers: list[BadAnswer] = sorted(settings.bad_answers, key=lambda each: each.hour)

    def see(self, price: float) -> None:
        """The price of a block, in which there may be no transactions."""
        self._seen.append(self._settings.answer(price))

    def due(self, now: int, second: int) -> int | None:
        """The answer that is due, so many seconds after the start; None: none is."""
        settings, feed = self._settings, self._feed
        if any(outage.covers(second) for outage in settings.outages):
            return None
        if self._bad_answers and self._bad_answers[0].hour * HOUR <= second:
            return settings.answer(float(self._bad_answers.pop(0).price))
        last: int = feed.answer
        age = now - feed.updated_at
        if any(freeze.covers(second) for freeze in settings.freezes):
            return last if age >= settings.heartbeat else None
        answer = self._seen[max(0, len(self._seen) - 1 - settings.delay)]
        moved = abs(answer - last) >= settings.deviation * last and answer != last
        return answer if moved or age >= settings.heartbeat else None


class Publisher:
    """Updates what the oracle of a collateral reads, and halts the token."""

    def __init__(self, leg: Leg) -> None:
        """The feeds have just been set to the first price."""
        self._leg = leg
        settings = leg.config.oracle
        self._rate = settings.rate
        self._feeds = [(each, side, FeedUpdates(each, side.model)) for each, side in leg.feeds()]

    def see(self, world: World, price: float, second: int, loan_price: float) -> None:
        """The outside price of a block, in which there may be no transactions; dollars for a loan token."""
        for settings, _, updates in self._feeds:
            read = world.dex_price(self._leg) if settings.reads == "dex" else price
            read *= loan_price if settings.quote == "dollars" else 1
            own = settings is self._leg.config.oracle
            updates.see(self._leg.config.oracle.asset_price(read, second) if own else read)

    def update(self, world: World, price: float, second: int, loan_price: float) -> Iterator[Action]:
        """What is due at an outside price, so many seconds after the start."""
        self.see(world, price, second, loan_price)
        halted = self._leg.config.is_halted(second)
        if halted != self._leg.is_halted:
            yield world.act(DEPLOYER, self._leg.collateral, "set_halted", halted, label="halt")
        yield from world.report(self._leg, second)
        for _, side, updates in self._feeds:
            answer = updates.due(world.engine.now, second)
            if answer is not None:
                yield world.act(DEPLOYER, side, "set_answer", answer, label="feed")


class LoanPublisher:
    """Updates what all oracles ask of the loan asset."""

    def __init__(self, world: World) -> None:
        """Feed and rate, where there are any, have just been set to their first."""
        self._side, self._pool = world.loan_feed, world.scenario.pool
        settings = self._pool.loan_feed
        self._updates = FeedUpdates(settings, self._side.model) if settings and self._side else None

    def see(self, second: int, loan_price: float) -> None:
        """The price of a block, in dollars for a loan token; there may be no transactions in it."""
        if self._updates:
            self._updates.see(self._pool.asset_price(loan_price, second))

    def update(self, world: World, second: int, loan_price: float) -> Iterator[Action]:
        """What is due, so many seconds after the start."""
        if not self._updates or not self._side:
            return
        self.see(second, loan_price)
        yield from world.report_loan(second)
        answer = self._updates.due(world.engine.now, second)
        if answer is not None:
            yield world.act(DEPLOYER, self._side, "set_answer", answer, label="feed")


class Marker:
    """Calls `mark` of an oracle, so that a failing one is on record; an agent."""

    def __init__(self, leg: Leg) -> None:
        """Begins with the first block."""
        self.name = f"marker {leg.number}"
        self._address = made_up(self.name)
        self._leg = leg
        self._seconds = (leg.config.oracle.mark_every or 0) * HOUR
        self._due = 0.0

    def update(self, _rng: np.random.Generator, view: View) -> Iterable[Action]:
        """A call, if it is time."""
        if view.second >= self._due:
            self._due = float((view.second // self._seconds + 1) * self._seconds)
            yield view.world.act(self._address, self._leg.oracle, "mark", label="mark")

    def record(self, _view: View) -> dict[str, int | float]:
        """Since when the oracle has failed by the record, seconds since 1970; 0: it has not."""
        return {"failing_since": self._leg.oracle.model.since}
