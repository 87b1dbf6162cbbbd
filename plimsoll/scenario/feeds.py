"""When a feed is updated, and what it then says; see `collateral.OracleConfig`. When a token is halted."""

from __future__ import annotations

from collections.abc import Iterable

from plimsoll.market.deployment import DEPLOYER
from plimsoll.scenario.collateral import BadAnswer
from plimsoll.scenario.world import Action, Leg, World
from plimsoll.units import HOUR


class Publisher:
    """Updates the feed of a collateral, and halts its token."""

    def __init__(self, leg: Leg) -> None:
        """The feed has just been set to the first price."""
        self._leg = leg
        self._settings = leg.config.oracle
        self._seen: list[int] = []  # answers that the outside prices would be, a block each
        self._bad_answers: list[BadAnswer] = sorted(self._settings.bad_answers, key=lambda each: each.hour)

    def update(self, world: World, price: float, second: int) -> Iterable[Action]:
        """What is due at an outside price, so many seconds after the start."""
        halted = self._leg.config.is_halted(second)
        if halted != self._leg.is_halted:
            yield world.act(DEPLOYER, self._leg.collateral, "set_halted", halted, label="halt")
        yield from self._answer(world, price, second)

    def _answer(self, world: World, price: float, second: int) -> Iterable[Action]:
        settings, feed = self._settings, self._leg.feed.model
        self._seen.append(world.answer_of(self._leg.config, price))
        if any(outage.covers(second) for outage in settings.outages):
            return
        if self._bad_answers and self._bad_answers[0].hour * HOUR <= second:
            wrong = self._bad_answers.pop(0)
            yield self._set(world, world.answer_of(self._leg.config, float(wrong.price)))
            return
        age = world.engine.now - feed.updated_at
        if any(freeze.covers(second) for freeze in settings.freezes):
            if age >= settings.heartbeat:
                yield self._set(world, feed.answer)
            return
        answer = self._seen[max(0, len(self._seen) - 1 - settings.delay)]
        moved = abs(answer - feed.answer) >= settings.deviation * feed.answer and answer != feed.answer
        if moved or age >= settings.heartbeat:
            yield self._set(world, answer)

    def _set(self, world: World, answer: int) -> Action:
        return world.act(DEPLOYER, self._leg.feed, "set_answer", answer, label="feed")
