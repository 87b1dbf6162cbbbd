"""Turns what happens into rows, from the chain's own events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from plimsoll.scenario.agents import Agent, Lenders, View
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.positions_by_health import PositionsByHealth
from plimsoll.scenario.records import (
    RESTORABLE,
    SHORTFALL,
    AgentRow,
    LiquidationRow,
    LossRow,
    PoolRow,
    PositionRow,
    Result,
    VaultRow,
)
from plimsoll.scenario.world import Outcome, World
from plimsoll.twin.chain import Event
from plimsoll.twin.liquidation import (
    DebtTotals,
    ceil_div,
    collateral_value,
    is_restorable,
    restorable_bonus,
    target_repay,
)
from plimsoll.twin.position import unpack_debt_totals, unpack_liquidation
from plimsoll.units import FRACTION, PRICE_SCALE, WAD

# of an event: the place of its amount, and what that does to collateral and debt shares
_CHANGES = {"Deposit": (1, 1, 0), "Withdraw": (2, -1, 0), "Borrow": (3, 0, 1), "Repay": (2, 0, -1)}

Touched = tuple[int, str]  # number of a vault, owner


class ReplayFailed(AssertionError):
    """The events do not add up to the positions: a bug."""


class Recorder:
    """Keeps what happens in a run."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        path: int,
        rankings: Sequence[PositionsByHealth],
        lenders: Lenders,
        every: int,
    ) -> None:
        """A recorder of a run that has not begun; books are recorded every so many blocks."""
        engine = world.engine
        self.result = Result(scenario, type(engine).__name__.lower(), engine.client, path)
        self._world = world
        self._rankings = rankings
        self._lenders = lenders
        self._every = every
        self._numbers = {market.vault.contract.address: n for n, market in enumerate(world.markets)}
        # what the events say of positions, beside the twin
        self._positions = [dict(market.vault.model.positions) for market in world.markets]
        self._since: list[dict[str, int]] = [
            {} for _ in world.markets
        ]  # block in which it became liquidatable
        self._path = [0.0] * len(world.markets)
        self._share_price = 1.0
        self._zero()

    def _zero(self) -> None:
        count = len(self._world.markets)
        self._closes, self._repaid, self._seized = [0] * count, [0] * count, [0] * count
        self._reverted = 0

    def begin(self) -> None:
        """Records the positions at the start."""
        self._keep_positions("start")

    def finish(self) -> Result:
        """Records the positions at the end, and holds all books against the twin's and the events."""
        self._keep_positions("end")
        self.result.compared += self._world.compare()
        for number, market in enumerate(self._world.markets):
            for owner, position in market.vault.model.positions.items():
                if self._positions[number].get(owner, (0, 0)) != position:
                    raise ReplayFailed(
                        f"{owner}: events say {self._positions[number].get(owner)}, not {position}"
                    )
        return self.result

    # -------------------------------------------------------------------------------------------- a block

    def prices(self, view: View, path: Sequence[float]) -> None:
        """The prices of a block are known, nobody has acted."""
        self._path = list(path)
        if view.block == 0:
            self._share_price = self._assets_per_share()
        for number, ranking in enumerate(self._rankings):
            price = view.price(number)
            if price is None:  # positions keep waiting
                continue
            since, due = self._since[number], set(ranking.below(1.0, price))
            for owner in due:
                since.setdefault(owner, view.block)
            if len(since) > len(due):
                self._since[number] = {owner: since[owner] for owner in due}

    def note(self, view: View, outcomes: Iterable[Outcome]) -> Iterator[Touched]:
        """Keeps what a block's transactions did; yields the positions that have changed."""
        for outcome in outcomes:
            self.result.transactions += 1
            if not outcome.is_success:
                self._reverted += 1
                self.result.reverts[outcome.action.label, str(outcome.answer)] += 1
                continue
            call: tuple[str, int, int] | None = None
            for event in outcome.events:
                if event.name == "Loss":
                    self._note_loss(view, event)
                elif event.contract in self._numbers:
                    number = self._numbers[event.contract]
                    if event.name == "LiquidationCall":
                        call = event.values
                    touched = self._apply(number, event)
                    if touched:
                        yield number, touched
            closes = [event for event in outcome.events if event.name == "Liquidation"]
            if closes and call:
                self._note_closes(view, closes, call, outcome.action.agent)

    def _apply(self, number: int, event: Event) -> str | None:
        """Follows a position through an event; its owner, if it is about a position."""
        if event.name == "Liquidation":
            return str(event.values[0])
        if event.name not in _CHANGES:
            return None
        place, sign_of_collateral, sign_of_shares = _CHANGES[event.name]
        owner, amount = event.values[0], event.values[place]
        collateral, shares = self._positions[number].get(owner, (0, 0))
        self._positions[number][owner] = (
            collateral + sign_of_collateral * amount,
            shares + sign_of_shares * amount,
        )
        return str(owner)

    def _note_closes(
        self, view: View, closes: Sequence[Event], call: tuple[str, int, int], liquidator: str
    ) -> None:
        _, price, packed = call
        totals = DebtTotals(*unpack_debt_totals(packed))
        for event in closes:
            number = self._numbers[event.contract]
            owner, close, payment = event.values
            done = unpack_liquidation(close, payment, packed)
            collateral, shares = self._positions[number][owner]
            self._positions[number][owner] = collateral - done.seized, shares - done.shares
            risk = self._world.markets[number].vault.model.risk
            debt, value = totals.assets_up(shares), collateral_value(collateral, price)
            restorable = is_restorable(value, debt, risk.bonus_min)
            needed = debt
            if restorable:
                weight = value * risk.threshold
                bonus = restorable_bonus(value, weight, debt, risk)
                needed = target_repay(value, weight, debt, bonus, replace(risk, target_health=WAD))
            self._closes[number] += 1
            self._repaid[number] += done.repaid
            self._seized[number] += done.seized
            self.result.liquidations.append(
                LiquidationRow(
                    block=view.block,
                    hour=view.hour,
                    vault=number,
                    owner=owner,
                    liquidator=liquidator,
                    kind=RESTORABLE if restorable else SHORTFALL,
                    price=price,
                    collateral_before=collateral,
                    shares_before=shares,
                    debt_before=debt,
                    shares=done.shares,
                    seized=done.seized,
                    repaid=done.repaid,
                    fee=done.fee,
                    extinguished=done.extinguished,
                    needed=needed,
                    health_before=done.health_before or 0,
                    health_after=done.health_after,
                    blocks_waited=view.block - self._since[number].get(owner, view.block),
                )
            )

    def _note_loss(self, view: View, event: Event) -> None:
        vault, reserve, backstop, lenders = event.values
        self._lenders.note_loss(lenders)
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
        if view.block % self._every and view.block != self.result.scenario.blocks:
            return
        for number in range(len(self._world.markets)):
            self.result.vaults.append(self._vault_row(view, number))
        self.result.pool.append(self._pool_row(view))
        for agent in agents:
            for key, value in agent.record(view).items():
                self.result.agents.append(AgentRow(view.block, agent.name, key, value))
        self._zero()

    def _vault_row(self, view: View, number: int) -> VaultRow:
        market, ranking = self._world.markets[number], self._rankings[number]
        price = view.price(number)
        drawn = market.vault.model.pool.line(market.vault.contract.address)[1]
        healths = [ranking.health_at(part, price) if price else None for part in (0, 0.05, 0.25, 0.5, 0.75)]
        return VaultRow(
            block=view.block,
            hour=view.hour,
            vault=number,
            path=self._path[number],
            outside=view.outside[number],
            oracle=price / self._unit(number) if price else None,
            dex=self.dex_price(number) if market.pair else None,
            positions=len(ranking),
            health_min=healths[0],
            health_p05=healths[1],
            health_p25=healths[2],
            health_p50=healths[3],
            health_p75=healths[4],
            debt=DebtTotals(*self._world.debt_totals()).assets_up(drawn),
            liquidatable=sum(1 for _ in ranking.below(1.0, price)) if price else 0,
            closes=self._closes[number],
            repaid=self._repaid[number],
            seized=self._seized[number],
            reverted=self._reverted,
        )

    def _unit(self, number: int) -> float:
        """An oracle's price (1e36) of one loan token for one collateral token."""
        config, loan = self._world.markets[number].config, self._world.scenario.pool.loan
        return 10.0 ** (36 + loan.decimals - config.collateral.decimals)

    def dex_price(self, number: int) -> float:
        """Marginal price on a vault's DEX, before its fee, loan tokens for a whole collateral token."""
        market = self._world.markets[number]
        collateral, loan = self._world.reserves(market)
        decimals = market.config.collateral.decimals - self._world.scenario.pool.loan.decimals
        return loan / collateral * 10.0**decimals

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
        )

    def _keep_positions(self, moment: str) -> None:
        for number, market in enumerate(self._world.markets):
            vault = market.vault.model
            totals = DebtTotals(*self._world.debt_totals())
            for owner, (collateral, shares) in vault.positions.items():
                debt = totals.assets_up(shares)
                worth = ceil_div(debt * WAD, vault.risk.threshold)
                price = ceil_div(worth * PRICE_SCALE, collateral) if collateral else 0
                self.result.positions.append(PositionRow(moment, number, owner, collateral, debt, price))
