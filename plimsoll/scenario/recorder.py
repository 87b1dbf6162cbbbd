"""Turns what happens into rows, from the chain's own events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from plimsoll.scenario import profits
from plimsoll.scenario.agents.view import Agent, View
from plimsoll.scenario.baskets_by_health import BasketsByHealth
from plimsoll.scenario.books import Book, Closed
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.flows import Flows
from plimsoll.scenario.ladder import Ladder
from plimsoll.scenario.markets import Leg, Market
from plimsoll.scenario.positions_by_health import assets_per_share
from plimsoll.scenario.records import (
    RESTORABLE,
    SHORTFALL,
    AgentRow,
    ChangeRow,
    FeeRow,
    HoldingRow,
    LadderRow,
    LegRow,
    LiquidationRow,
    LossRow,
    PoolRow,
    PositionRow,
    Result,
    SeizureRow,
    VaultRow,
)
from plimsoll.scenario.transactions import Action, Outcome
from plimsoll.scenario.waiting import Waiting
from plimsoll.scenario.world import World
from plimsoll.twin import slices
from plimsoll.twin.chain import Event
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import FRACTION, PRICE_SCALE, WAD

Touched = tuple[int, str]  # number of a vault, owner
LADDERS = 100  # moments at least at which debt is recorded by price, where so many blocks are recorded


class Recorder:
    """Keeps what happens in a run."""

    def __init__(self, scenario: Scenario, view: View, path: int, every: int) -> None:
        """A recorder of a run that has not begun; books are recorded every so many blocks."""
        self._world: World = view.world
        engine = self._world.engine
        self.result = Result(scenario, type(engine).__name__.lower(), engine.client, path)
        self._every, self._last = every, scenario.blocks
        self._steps = every * max(1, scenario.blocks // every // LADDERS)  # of the ladder, in blocks
        markets = self._world.markets
        self._numbers = {market.vault.contract.address: n for n, market in enumerate(markets)}
        self._books = [Book(market) for market in markets]
        self._ladders = [None if market.is_basket else Ladder() for market in markets]
        self._waiting = [Waiting(number) for number in range(len(markets))]
        self._path = [0.0] * len(self._world.legs)
        self._share_price = self._debt_index = 1.0
        self.flows = Flows(self._world)
        self._zero()

    def _zero(self) -> None:
        count = len(self._world.markets)
        self._closes, self._repaid = [0] * count, [0] * count
        self._seized = [0] * len(self._world.legs)
        self._reverted = 0

    def begin(self, view: View, funding: Iterable[Action]) -> None:
        """Records the positions at the start; `funding` is what agents have sent before it."""
        self._keep_positions(view, "start")
        for number, book in enumerate(self._books):
            for owner in book.owners():
                self._follow(number, owner)
        self.flows.begin(view)
        self.flows.parties.introduce(funding)

    def finish(self, view: View) -> Result:
        """Records the positions at the end, and holds all books against the twin's and the events."""
        self._keep_positions(view, "end")
        self.result.compared += self._world.compare()
        for book in self._books:
            book.check()
        profits.check(self.flows)
        self.result.profits += profits.profits(self.flows, view, self._uncovered(view))
        return self.result

    # -------------------------------------------------------------------------------------------- a block

    def path(self, prices: Sequence[float]) -> None:
        """The prices without feedback of a block, a collateral each; there may be no transactions in it."""
        self._path = list(prices)

    def prices(self, view: View) -> None:
        """The prices of a block are known, nobody has acted."""
        self.flows.prices(view)
        if view.block == 0:
            self._share_price = self._assets_per_share()
            self._debt_index = assets_per_share(self._world.pool.model)
        for waiting in self._waiting:
            waiting.see(view)

    def charge(self, fees: Iterable[FeeRow]) -> None:
        """Keeps what agents paid for a block."""
        for row in fees:
            self.result.fees.append(row)
            self.flows.charge(row)

    def note(self, view: View, outcomes: Iterable[Outcome]) -> Iterator[Touched]:
        """Keeps what a block's transactions did; yields the positions that have changed."""
        changed: dict[Touched, None] = {}
        for outcome in outcomes:
            self.result.transactions += 1
            if not outcome.is_success:
                self._reverted += 1
                self.result.reverts[outcome.action.label, str(outcome.answer)] += 1
                continue
            for event in outcome.events:
                if event.name == "Loss":
                    self._note_loss(view, event)
                elif event.contract in self._numbers:
                    number = self._numbers[event.contract]
                    touched = self._books[number].apply(event)
                    if touched:
                        self._follow(number, touched)
                        changed[number, touched] = None
                        yield number, touched
            closed = []
            for call in (event for event in outcome.events if event.name == "LiquidationCall"):
                number = self._numbers[call.contract]
                ours = (event for event in outcome.events if event.contract == call.contract)
                closes = [event for event in ours if event.name == "Liquidation"]
                for close in self._books[number].closes(call, closes):
                    self._note_close(view, number, close, outcome.action.agent)
                    self._follow(number, close.owner)
                    changed[number, close.owner] = None
                    closed.append((number, close))
                    yield number, close.owner
            self.flows.transaction(outcome, closed)
        self.flows.end_of_block()
        self._keep_changes(view, changed)

    def _follow(self, number: int, owner: str) -> None:
        """Follows a position that has changed."""
        self._waiting[number].touch(owner)
        ladder = self._ladders[number]
        if ladder:
            (collateral,), shares = self._books[number].position(owner)
            ladder.update(owner, collateral, shares)

    def _note_close(self, view: View, number: int, close: Closed, liquidator: str) -> None:
        market, done = self._world.markets[number], close.event
        alone = not market.is_basket
        since = self._waiting[number].since(close.owner)
        self._closes[number] += 1
        self._repaid[number] += done.repaid
        for leg, seized in zip(market.legs, close.seized, strict=True):
            self._seized[leg.number] += seized
        self.result.liquidations.append(
            LiquidationRow(
                block=view.block,
                hour=view.hour,
                vault=number,
                owner=close.owner,
                liquidator=liquidator,
                kind=RESTORABLE if close.is_restorable else SHORTFALL,
                price=close.prices[0] if alone else None,
                collateral_before=close.amounts[0] if alone else None,
                shares_before=close.shares,
                debt_before=close.debt,
                shares=done.shares,
                seized=close.seized[0] if alone else None,
                worth=close.worth,
                repaid=done.repaid,
                fee=done.fee,
                extinguished=done.extinguished,
                needed=close.needed,
                health_before=done.health_before or 0,
                health_after=done.health_after,
                blocks_waited=0 if since is None else view.block - since,
            )
        )
        if alone:
            return
        for place, (before, seized, price) in enumerate(
            zip(close.amounts, close.seized, close.prices, strict=True)
        ):
            if before:
                self.result.seizures.append(
                    SeizureRow(
                        view.block, view.hour, number, place, close.owner, price or None, before, seized
                    )
                )

    def _note_loss(self, view: View, event: Event) -> None:
        vault, reserve, backstop, lenders = event.values
        self.result.losses.append(
            LossRow(
                view.block,
                view.hour,
                self._numbers.get(vault, -1),
                reserve + backstop + lenders,
                reserve,
                backstop,
                lenders,
            )
        )

    # ----------------------------------------------------------------------------------------------- books

    def end_of_block(self, view: View, agents: Sequence[Agent]) -> None:
        """Records the books, if it is time."""
        if view.block % self._every and view.block != self._last:
            return
        for number, market in enumerate(self._world.markets):
            self.result.vaults.append(self._vault_row(view, number, market))
            if market.is_basket:
                for place, leg in enumerate(market.legs):
                    self.result.legs.append(self._leg_row(view, number, place, leg))
        self.result.pool.append(self._pool_row(view))
        if view.block == self._last or view.block % self._steps == 0:
            self.result.ladder += self._ladder_rows(view)
        for agent in agents:
            for key, value in agent.record(view).items():
                self.result.agents.append(AgentRow(view.block, agent.name, key, value))
        self.result.flows += self.flows.rows(view.block, view.hour)
        self._zero()

    def _vault_row(self, view: View, number: int, market: Market) -> VaultRow:
        drawn = market.vault.model.pool.line(market.vault.contract.address)[1]
        path, outside, oracle, safe, dex = (None,) * 5 if market.is_basket else self._quotes(view, number, 0)
        healths = view.healths_at(number, (0, 0.05, 0.25, 0.5, 0.75))
        return VaultRow(
            block=view.block,
            hour=view.hour,
            vault=number,
            path=path,
            outside=outside,
            oracle=oracle,
            safe=safe,
            dex=dex,
            positions=len(view.rankings[number]),
            health_min=healths[0],
            health_p05=healths[1],
            health_p25=healths[2],
            health_p50=healths[3],
            health_p75=healths[4],
            debt=self._world.debt_totals().assets_up(drawn),
            liquidatable=view.count_below(number),
            closes=self._closes[number],
            repaid=self._repaid[number],
            seized=None if market.is_basket else self._seized[market.leg.number],
            reverted=self._reverted,
        )

    def _leg_row(self, view: View, number: int, place: int, leg: Leg) -> LegRow:
        path, outside, oracle, safe, dex = self._quotes(view, number, place)
        basket = self._world.markets[number].vault
        locked = leg.collateral.model.balance_of(basket.contract.address)
        seized = self._seized[leg.number]
        return LegRow(view.block, view.hour, number, place, path, outside, oracle, safe, dex, locked, seized)

    def _ladder_rows(self, view: View) -> Iterator[LadderRow]:
        """The debt of each vault by liquidation price, of each basket by health."""
        totals = self._world.debt_totals()
        for number, (market, ladder) in enumerate(zip(self._world.markets, self._ladders, strict=True)):
            ranking = view.rankings[number]
            if isinstance(ranking, BasketsByHealth):
                for health, shares in ranking.rungs(view.prices(number)):
                    debt = totals.assets_up(shares)
                    yield LadderRow(view.block, view.hour, number, None, health, debt, None)
            if ladder is None:
                continue
            assets = assets_per_share(self._world.pool.model)
            threshold = market.vault.model.risk.threshold / WAD
            price = assets / threshold * PRICE_SCALE / self._unit(market.leg)
            for rung in ladder.rungs():
                yield LadderRow(
                    view.block, view.hour, number, rung.key * price, None,
                    totals.assets_up(rung.shares), rung.collateral,
                )  # fmt: skip

    def _quotes(
        self, view: View, number: int, place: int
    ) -> tuple[float, float, float | None, float | None, float | None]:
        """Path, outside price, both prices of the oracle and DEX of a collateral, loan tokens for a whole."""
        leg, price = self._world.markets[number].legs[place], view.prices(number)[place]
        safe, unit = leg.safe_price() if leg.has_safe_price else price, self._unit(leg)
        return (
            self._path[leg.number],
            view.outside[leg.number],
            price / unit if price else None,
            safe / unit if safe else None,
            self._world.dex_price(leg) if leg.pair else None,
        )

    def _unit(self, leg: Leg) -> float:
        """An oracle's price (1e36) of one loan token for one collateral token."""
        return 10.0 ** (36 + self._world.scenario.pool.loan.decimals - leg.config.collateral.decimals)

    def _assets_per_share(self) -> float:
        pool = self._world.pool.model
        unit = 10 ** (self._world.scenario.pool.loan.decimals + 12)  # the shares of a billion tokens at first
        assets: int = pool.exit_assets(pool.accrued(), unit)
        return float(assets * 1_000 / unit)

    def _pool_row(self, view: View) -> PoolRow:
        pool = self._world.pool.model
        totals = pool.accrued()
        return PoolRow(
            view.block,
            view.hour,
            totals.total_assets // FRACTION,
            ceil_div(totals.total_debt, FRACTION),
            pool.cash(),
            pool.utilisation(),
            pool.borrow_rate(),
            pool.reserves(),
            pool.exit_assets(totals, pool.balances.get(pool.backstop, 0)),
            self._assets_per_share() / self._share_price,
            view.loan_price,
            assets_per_share(pool) / self._debt_index,
        )

    def _keep_changes(self, view: View, changed: Iterable[Touched]) -> None:
        totals = self._world.debt_totals()
        for number, owner in changed:
            amounts, shares = self._books[number].position(owner)
            debt = totals.assets_up(shares)
            self.result.changes += [
                ChangeRow(view.block, view.hour, number, leg, owner, amount, debt)
                for leg, amount in enumerate(amounts)
            ]

    def _keep_positions(self, view: View, moment: str) -> None:
        totals = self._world.debt_totals()
        for number, (market, book) in enumerate(zip(self._world.markets, self._books, strict=True)):
            legs, prices = book.legs, view.prices(number)
            for owner in market.owners:
                amounts, shares = book.position(owner)
                debt = totals.assets_up(shares)
                health = None
                if debt and view.is_priced(number):
                    health = slices.worth_of(amounts, prices, legs).high_weight // debt
                collateral = price = None
                if not market.is_basket:
                    (collateral,) = amounts
                    worth = ceil_div(debt * WAD, legs[0].threshold)
                    price = ceil_div(worth * PRICE_SCALE, collateral) if collateral else 0
                row = PositionRow(moment, number, owner, collateral, debt, health, price)
                self.result.positions.append(row)
                if market.is_basket:
                    self.result.holdings += [
                        HoldingRow(moment, number, place, owner, amount)
                        for place, amount in enumerate(amounts)
                        if amount
                    ]

    def _uncovered(self, view: View) -> dict[str, int]:
        """Debt beyond the worth of the collateral at the outside price, base units, by party."""
        totals = self._world.debt_totals()
        found: dict[str, int] = {}
        for market, book in zip(self._world.markets, self._books, strict=True):
            prices = [view.outside_price(leg.number) for leg in market.legs]
            for owner in market.owners:
                amounts, shares = book.position(owner)
                lacking = totals.assets_up(shares) - sum(map(slices.value_down, amounts, prices))
                if lacking > 0:
                    party = self.flows.parties.of[owner]
                    found[party] = found.get(party, 0) + lacking
        return found
