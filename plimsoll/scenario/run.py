"""Plays a scenario: builds the market once, then goes through the blocks, as often as is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import local
from time import perf_counter

import numpy as np

from plimsoll.chain.engine import Engine
from plimsoll.chain.revm import Revm
from plimsoll.market.deployment import DEPLOYER, made_up
from plimsoll.params import PoolParams
from plimsoll.scenario.agents.acts import Council, Poker
from plimsoll.scenario.agents.adversaries import Forger, Griefer, Pumper
from plimsoll.scenario.agents.arbitrage import ARBITRAGE, Arbitrageur, arbitrageurs
from plimsoll.scenario.agents.basket_borrowers import BasketBorrowers
from plimsoll.scenario.agents.borrowers import VaultBorrowers, active
from plimsoll.scenario.agents.liquidators import Liquidator
from plimsoll.scenario.agents.newcomers import Arrivals, Exploiter, Refinancing
from plimsoll.scenario.agents.providers import LIQUIDITY, Provider
from plimsoll.scenario.agents.suppliers import Lenders, Stakers, Visitor
from plimsoll.scenario.agents.view import Agent, Delayed, Told, View
from plimsoll.scenario.baskets_by_health import BasketsByHealth
from plimsoll.scenario.blockspace import Blockspace
from plimsoll.scenario.borrowers import draw
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.feeds import LoanPublisher, Marker, Publisher
from plimsoll.scenario.opening import BUILD_BLOCK, Opening
from plimsoll.scenario.parties import AGENTS, kind_of
from plimsoll.scenario.positions_by_health import PositionsByHealth
from plimsoll.scenario.recorder import Recorder
from plimsoll.scenario.records import Result
from plimsoll.scenario.transactions import Action, Outcome
from plimsoll.scenario.world import Artifacts, World
from plimsoll.units import DAY, HOUR

SETTLING = DAY  # before the scenario starts: deployment, supply, loans
RECORDED = 400  # blocks of a run that are recorded at least, where there are so many

Progress = Callable[[int, int], None]


def clock_of(scenario: Scenario) -> int:
    """Where an engine's clock has to stand before the market is built, seconds since 1970."""
    naming = int(PoolParams.model_fields["delay_days"].default * DAY) if scenario.has_guardian else 0
    return scenario.first_time - SETTLING - naming


class Laboratory:
    """A market with its borrowers, ready to be played; every play starts from the same state."""

    def __init__(self, scenario: Scenario, engine: Engine, artifacts: Artifacts) -> None:
        """Builds the market on an engine whose clock stands at `clock_of(scenario)` or before.

        Raises:
            Difference: chain and twin do not agree.
        """
        self.scenario = scenario
        self.engine = engine
        first = [float(path[0]) for path in scenario.outside_prices(0)]
        self.borrowers = draw(scenario, first)
        self.world = World(engine, artifacts, scenario, first)
        engine.advance(scenario.first_time - SETTLING // 2 - engine.now)
        self.lenders = [made_up(f"lender {number}") for number in range(scenario.pool.lenders.count)]
        stakers = scenario.pool.stakers.count if scenario.pool.stake else 0
        self.stakers = [made_up(f"staker {number}") for number in range(stakers)]
        opening = Opening(self.world, first)
        opening.supply(self.lenders, self.stakers)
        groups = list(zip(scenario.borrowers, self.borrowers, strict=True))
        given = [loan for group, loans in groups if not group.is_within_ltv for loan in loans]
        opening.lend([loan for loans in self.borrowers for loan in loans], given)
        engine.advance(scenario.first_time - HOUR - engine.now)

    def play(
        self,
        path: int = 0,
        agents: Sequence[Agent] = (),
        progress: Progress | None = None,
    ) -> Result:
        """Plays the scenario from its start; the market is then as it was before.

        Args:
            path: number of the random prices; the same number gives the same ones.
            agents: further agents, besides the scenario's own.
            progress: called with the number of the block, and of all blocks.

        Raises:
            Difference: chain and twin do not agree.
        """
        chain, twin = self.engine.snapshot(), self.world.twin.snapshot()
        try:
            return _Play(self, path, agents).through(progress)
        finally:
            self.world.twin.revert(twin)
            self.engine.revert(chain)

    def quick(self, path: int = 0) -> Result:
        """The rows of `play` in less time: from the twin alone, held against no chain."""
        with self.world.alone():
            return self.play(path)


class _Play:
    """One way through a scenario."""

    def __init__(self, laboratory: Laboratory, path: int, agents: Sequence[Agent]) -> None:
        scenario, world = laboratory.scenario, laboratory.world
        self.scenario, self.world, self.engine = scenario, world, laboratory.engine
        self.rng = np.random.default_rng([scenario.seed, 4, path])
        self.paths: list[list[float]] = [each.tolist() for each in scenario.outside_prices(path)]
        self.loan_prices: list[float] = scenario.loan_prices(path).tolist()
        self.impact = [1.0] * len(world.legs)
        self.rankings = [
            BasketsByHealth(market.vault.model) if market.is_basket else PositionsByHealth(market.vault.model)
            for market in world.markets
        ]
        self.publishers = [Publisher(leg) for leg in world.legs]
        self.loan_publisher = LoanPublisher(world)
        self.blockspace = Blockspace(scenario.gas, world)
        self.was_down = False
        self.groups = [
            (BasketBorrowers if world.markets[ours[0].vault].is_basket else VaultBorrowers)(
                name, ours, behaviour, world
            )
            for number, (group, loans) in enumerate(
                zip(scenario.borrowers, laboratory.borrowers, strict=True)
            )
            for name, behaviour, ours in active(f"borrowers {number}", group, loans)
        ]
        self.liquidators = [
            Liquidator(f"liquidator {number}", settings, scenario.watched(settings), world)
            for number, settings in enumerate(scenario.liquidators)
        ]
        self.charged = {liquidator.name: liquidator for liquidator in self.liquidators}
        self.others: list[Griefer | Forger | Pumper | Arbitrageur | Provider | Visitor] = [
            each for leg in world.legs for each in arbitrageurs(world, leg)
        ]
        self.others += [Provider(leg, world) for leg in world.legs if leg.shares]
        if scenario.griefer:
            self.others.append(Griefer(scenario.griefer, world))
        if scenario.forger:
            self.others.append(Forger(scenario.forger, world))
        if scenario.pumper:
            self.others.append(Pumper(scenario.pumper, world))
        self.others += [
            Visitor(number, settings, world) for number, settings in enumerate(scenario.pool.visitors)
        ]
        self.agents: list[Agent] = [*self.groups]
        for liquidator, settings in zip(self.liquidators, scenario.liquidators, strict=True):
            self.agents.append(Delayed(liquidator, settings.latency) if settings.latency else liquidator)
        self.agents += [
            Lenders(scenario.pool.lenders, laboratory.lenders),
            *([Stakers(scenario.pool.stakers, laboratory.stakers)] if laboratory.stakers else []),
            *self.others,
            *self._newcomers(path),
        ]
        known = {agent.name for agent in self.agents}
        for agent in agents:
            if agent.name in known or kind_of(agent.name) != AGENTS:
                raise ValueError(f"an agent is called {agent.name!r}, as one of the scenario's; rename it")
            known.add(agent.name)
            self.agents.append(agent)
        self.told = {agent.name: agent for agent in (*self.liquidators, *agents) if isinstance(agent, Told)}
        for number, market in enumerate(world.markets):
            for owner in market.owners:
                self._touch(number, owner)
        every = max(1, scenario.blocks // RECORDED)
        self.recorder = Recorder(scenario, self._view(0), path, every)

    def _newcomers(self, path: int) -> Iterable[Agent]:
        """Who comes and goes, and who acts in time."""
        scenario, world = self.scenario, self.world
        for number, arrivals in enumerate(scenario.arrivals):
            rng = np.random.default_rng([scenario.seed, 6, path, number])
            yield Arrivals(number, arrivals, world.markets[arrivals.vault], rng)
        if scenario.refinancing:
            yield Refinancing(scenario.refinancing)
        if scenario.exploiter:
            yield Exploiter(scenario.exploiter, world)
        if scenario.acts:
            yield Council(scenario.acts)
        if scenario.poker:
            yield Poker(scenario.poker)
        for leg in world.legs:
            if leg.config.oracle.mark_every:
                yield Marker(leg)

    def _touch(self, number: int, owner: str) -> None:
        self.rankings[number].update(owner)
        for group in self.groups:
            if group.number == number:
                group.touch(owner)

    def through(self, progress: Progress | None) -> Result:
        """All blocks."""
        began = perf_counter()
        world, scenario = self.world, self.scenario
        funding = [
            action._replace(agent=agent.name)
            for agent in (*self.liquidators, *self.others, *self.groups)
            for action in agent.funding(world)
        ]
        for first in range(0, len(funding), BUILD_BLOCK):
            self.engine.advance(1)
            world.must(*funding[first : first + BUILD_BLOCK])
        self.engine.advance(scenario.first_time - 1 - self.engine.now)
        world.must(*world.first_answers(self._unmoved(0)))
        self.recorder.begin(self._view(0), funding)
        for block in range(scenario.blocks + 1):
            if scenario.sequencer and scenario.sequencer.is_down(block * scenario.block_seconds):
                self._missing_block(block)
            else:
                self.engine.advance(scenario.first_time + block * scenario.block_seconds - self.engine.now)
                self._block(block)
            if progress:
                progress(block, scenario.blocks)
        result = self.recorder.finish(self._view(scenario.blocks))
        result.seconds = perf_counter() - began
        return result

    def _view(self, block: int) -> View:
        """What there is to see in a block; prices before its trades."""
        second = block * self.scenario.block_seconds
        fees = self.blockspace.fees(second)
        return View(
            self.world, self.rankings, self._outside(block), block, second, self.loan_prices[block], fees
        )

    def _missing_block(self, block: int) -> None:
        """The sequencer is down: prices move on, nothing else does."""
        view = self._view(block)
        self.was_down = True
        for publisher, price in zip(self.publishers, view.outside, strict=True):
            publisher.see(self.world, price, view.second, view.loan_price)
        self.loan_publisher.see(view.second, view.loan_price)
        self.recorder.path(self._unmoved(block))
        self.recorder.end_of_block(view, self.agents)

    def _restart(self) -> Iterable[Action]:
        """The first block after a halt says that the sequencer is up since now."""
        self.was_down = False
        if self.world.sequencer:
            yield self.world.act(DEPLOYER, self.world.sequencer, "set_answer", 0, label="sequencer")

    def _block(self, block: int) -> None:
        world, view = self.world, self._view(block)
        world.twin.now = self.engine.now
        updates = [*self._restart()] if self.was_down else []
        updates += self.loan_publisher.update(world, view.second, view.loan_price)
        updates += [
            action
            for publisher, price in zip(self.publishers, view.outside, strict=True)
            for action in publisher.update(world, price, view.second, view.loan_price)
        ]
        for action in updates:  # first in the block, and agents see them
            action.model()
        self.recorder.path(self._unmoved(block))
        self.recorder.prices(view)
        sent = [
            action._replace(agent=agent.name)
            for agent in self.agents
            for action in agent.update(self.rng, view)
        ]
        sent = self.blockspace.fitting(
            sorted(self.blockspace.auction(self.blockspace.again(sent)), key=self._place())
        )
        if updates or sent:
            outcomes = world.do(*updates, *sent)
            self._follow(outcomes)
            for outcome in outcomes:
                if outcome.action.agent in self.told:
                    self.told[outcome.action.agent].note(world, outcome)
            charges = self.blockspace.charges(block, view.second, outcomes)
            self.recorder.charge(charges)
            for row in charges:
                if row.agent in self.charged:
                    self.charged[row.agent].charge(row)
            view = self._view(block)
            for number, owner in self.recorder.note(view, outcomes):
                self._touch(number, owner)
        if self.scenario.compare_every and block % self.scenario.compare_every == 0:
            self.recorder.result.compared += world.compare()
        self.recorder.end_of_block(view, self.agents)

    def _unmoved(self, block: int) -> list[float]:
        """Prices without feedback, a collateral each."""
        return [path[block] for path in self.paths]

    def _outside(self, block: int) -> list[float]:
        """Prices with feedback, a collateral each."""
        return [price * impact for price, impact in zip(self._unmoved(block), self.impact, strict=True)]

    def _place(self) -> Callable[[Action], tuple[bool, float]]:
        """Where a transaction stands in its block; those of one sender keep their order.

        What the deployer does for others (such as minting tokens that they own elsewhere) comes first.
        """
        if self.scenario.order == "bid":
            return lambda action: (action.sender != DEPLOYER, -action.bid)
        drawn: dict[str, float] = {}
        return lambda action: (
            action.sender != DEPLOYER, drawn.setdefault(action.sender, float(self.rng.random()))
        )  # fmt: skip

    def _follow(self, outcomes: Sequence[Outcome]) -> None:
        """The outside price loses a part of what sales take off the DEX's; see `collateral.DexConfig`."""
        for number, leg in enumerate(self.world.legs):
            dex = leg.config.dex
            if dex is None or not dex.feedback:
                continue
            for outcome in outcomes:
                if outcome.moves[number] < 1 and outcome.action.label not in (ARBITRAGE, LIQUIDITY):
                    self.impact[number] *= outcome.moves[number] ** float(dex.feedback)


_kept = local()  # the last market of this thread: scenario, artifacts, laboratory


def laboratory_of(scenario: Scenario, artifacts: Artifacts) -> Laboratory:
    """The market of a scenario, in this process; the last one of this thread is kept."""
    kept = getattr(_kept, "market", None)
    if kept is None or kept[:2] != (scenario, artifacts):
        _kept.market = None  # its memory is needed
        kept = scenario, artifacts, Laboratory(scenario, Revm(clock_of(scenario)), artifacts)
        _kept.market = kept
    laboratory: Laboratory = kept[2]
    return laboratory
