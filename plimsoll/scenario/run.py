"""Plays a scenario against the contracts on a local chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from eth_utils.abi import event_signature_to_log_topic
from eth_utils.address import to_checksum_address

from plimsoll.chain.node import Node, Receipt
from plimsoll.scenario.borrowers import draw
from plimsoll.scenario.checks import Checks
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.liquidator import Batch, Liquidator
from plimsoll.scenario.market import BLOCK, MAX, Market, borrow, deploy, lend
from plimsoll.scenario.records import (
    END,
    RESTORABLE,
    SHORTFALL,
    START,
    LiquidationRow,
    PositionRow,
    Result,
    StepRow,
)
from plimsoll.twin.liquidation import WAD, Risk, Totals, collateral_value, is_restorable
from plimsoll.twin.position import unpack_debt_totals, unpack_liquidation

if TYPE_CHECKING:
    from ape.api import AccountAPI, ProviderAPI
    from ape.managers.project import ProjectManager

SETTING_UP = 4_000  # seconds before the start, at one block a second


def _topic(signature: str) -> int:
    return int.from_bytes(event_signature_to_log_topic(signature), "big")


LIQUIDATION = _topic("Liquidation(address,uint256,uint256)")
LIQUIDATION_CALL = _topic("LiquidationCall(address,uint256,uint256)")
LOSS = _topic("Loss(address,uint256,uint256,uint256)")
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95)


def run(
    scenario: Scenario,
    *,
    provider: ProviderAPI,
    project: ProjectManager,
    deployer: AccountAPI,
    on_step: Callable[[StepRow], None] = lambda row: None,
) -> Result:
    """Plays a scenario from the deployment to the last step; the same scenario gives the same rows.

    Args:
        scenario: what to play.
        provider: a local Anvil. Its clock is set to the scenario's.
        project: whose contracts to deploy, compiled.
        deployer: pays for nothing, owns nothing but the curator's role.
        on_step: told of each step when it is over.

    Raises:
        CheckFailed: the contracts broke a promise.
        TransactionFailed: a transaction that must succeed reverted.
    """
    began = perf_counter()
    node = Node(provider)
    start = scenario.time_at(Fraction(0))
    with node.on_own_clock(start - SETTING_UP, interval=1):
        market = deploy(scenario, node, project, deployer)
        lend(scenario, market)
        borrowers = draw(scenario)
        borrow(market, borrowers)
        owners = [borrower.address for borrower in borrowers]
        capital = scenario.loan_units(scenario.liquidator.capital)
        player = _Player(scenario, market, owners, Liquidator(market, scenario.liquidator, capital))
        node.request("anvil_setBlockTimestampInterval", BLOCK)
        for step, hour in enumerate(scenario.step_hours):
            on_step(player.play(step, hour))
        player.finish()
        version = str(node.request("web3_clientVersion"))
    return Result(
        scenario=scenario,
        steps=tuple(player.steps),
        liquidations=tuple(player.liquidations),
        positions=tuple(player.positions),
        checks=dict(player.checks.counts),
        wall_seconds=perf_counter() - began,
        versions={"anvil": version},
    )


class _Player:
    """Goes through the steps and keeps the records."""

    def __init__(self, scenario: Scenario, market: Market, owners: list[str], liquidator: Liquidator) -> None:
        self.scenario = scenario
        self.market = market
        self.owners = owners
        self.liquidator = liquidator
        self.checks = Checks()
        self.steps: list[StepRow] = []
        self.liquidations: list[LiquidationRow] = []
        self.positions: list[PositionRow] = []
        self._risk = Risk.from_struct(scenario.market.risk.to_struct(market.loan_decimals))
        self._indebted = list(owners)

    def play(self, step: int, hour: Fraction) -> StepRow:
        """One step: the price moves, the liquidator sells what it had and closes what it can."""
        node, scenario = self.market.node, self.scenario
        answer = scenario.answer_at(hour)
        self.market.set_price(answer, scenario.time_at(hour))
        block = int(node.request("eth_blockNumber"), 16)
        if step == 0:
            self._record_positions(START)
        healths = node.views(self.market.vault.health, [(owner,) for owner in self._indebted])
        price = node.view(self.market.oracle.price)
        self.liquidator.sell(price)
        outage = scenario.liquidator.outage_at(hour) is not None

        row = self._look(step, hour, block, answer, healths, outage)
        left = self.liquidator.liquidatable(self._indebted)
        row = replace(row, liquidatable=len(left))
        while left and not outage:
            batch = self.liquidator.act(left, price)
            if batch is None:
                break
            row = self._record(row, batch, price)
            left = self.liquidator.liquidatable(self._indebted)
        row = replace(row, left_liquidatable=len(left), **self._books())
        self.steps.append(row)
        return row

    def finish(self) -> None:
        """Records the last positions and examines the books."""
        self._record_positions(END)
        self.checks.at_the_end(self.market, tuple(self.positions), tuple(self.liquidations))

    def _look(
        self, step: int, hour: Fraction, block: int, answer: int, healths: Sequence[int], outage: bool
    ) -> StepRow:
        """The step before the liquidator acts."""
        known = np.array([health / WAD for health in healths if health != MAX])
        quantiles = (
            [float(q) for q in np.quantile(known, QUANTILES)] if known.size else [None] * len(QUANTILES)
        )
        least, p05, p25, p50, p75, p95 = quantiles
        return StepRow(
            step=step,
            hour=float(hour),
            time=self.scenario.time_at(hour),
            block=block,
            price=answer / 10**self.scenario.market.feed_decimals,
            outage=outage,
            open_positions=int(known.size),
            liquidatable=0,
            left_liquidatable=0,
            health_min=least,
            health_p05=p05,
            health_p25=p25,
            health_p50=p50,
            health_p75=p75,
            health_p95=p95,
            health_mean=float(known.mean()) if known.size else None,
            closes_restorable=0,
            closes_shortfall=0,
            repaid_restorable=0,
            repaid_shortfall=0,
            seized=0,
            fees=0,
            extinguished=0,
            loss_reserves=0,
            loss_backstop=0,
            loss_lenders=0,
            reserves=0,
            total_assets=0,
            total_debt=0,
            cash=0,
            utilisation=0,
            liquidator_loan=0,
            liquidator_collateral=0,
        )

    def _books(self) -> dict[str, Any]:
        """The pool's and the liquidator's books now, base units and WAD."""
        node, pool = self.market.node, self.market.pool
        loan, collateral = self.liquidator.holdings()
        return {
            "reserves": node.view(pool.reserves),
            "total_assets": node.view(pool.totalAssets),
            "total_debt": node.view(pool.credit_line, self.market.vault)[2],
            "cash": node.view(self.market.loan.balanceOf, pool),
            "utilisation": node.view(pool.utilisation),
            "liquidator_loan": loan,
            "liquidator_collateral": collateral,
        }

    def _record(self, row: StepRow, batch: Batch, price: int) -> StepRow:
        """Keeps a batch's closes, examines them and adds them to the step."""
        node = self.market.node
        closes = self._decode(row, batch, price)
        losses = _losses(batch.receipt)
        totals = Totals(*unpack_debt_totals(_debt_totals(batch.receipt)))
        self.checks.after_batch(batch, closes, totals, self._risk)
        self.checks.after_losses(closes, losses, node.view(self.market.pool.reserves))
        self.liquidations += closes
        gone = {close.owner for close in closes if close.shares == close.shares_before}
        self._indebted = [owner for owner in self._indebted if owner not in gone]
        restorable = [close for close in closes if close.kind == RESTORABLE]
        shortfall = [close for close in closes if close.kind == SHORTFALL]
        return replace(
            row,
            closes_restorable=row.closes_restorable + len(restorable),
            closes_shortfall=row.closes_shortfall + len(shortfall),
            repaid_restorable=row.repaid_restorable + sum(close.repaid for close in restorable),
            repaid_shortfall=row.repaid_shortfall + sum(close.repaid for close in shortfall),
            seized=row.seized + sum(close.seized for close in closes),
            fees=row.fees + sum(close.fee for close in closes),
            extinguished=row.extinguished + sum(close.extinguished for close in closes),
            loss_reserves=row.loss_reserves + losses[0],
            loss_backstop=row.loss_backstop + losses[1],
            loss_lenders=row.loss_lenders + losses[2],
        )

    def _decode(self, row: StepRow, batch: Batch, price: int) -> tuple[LiquidationRow, ...]:
        """The closes of a batch, from its events, which come in the order of its orders."""
        receipt = batch.receipt
        time = self.market.node.block_time(receipt.block)
        debt_totals = _debt_totals(receipt)
        totals = Totals(*unpack_debt_totals(debt_totals))
        logs = [log for log in receipt.logs if log.topics[0] == LIQUIDATION]
        closes = []
        for log, collateral, shares in zip(logs, batch.collateral, batch.shares, strict=True):
            close, payment = log.words()
            event = unpack_liquidation(close, payment, debt_totals)
            debt, value = totals.assets_up(shares), collateral_value(collateral, price)
            restorable = is_restorable(value, debt, self._risk.bonus_min)
            closes.append(
                LiquidationRow(
                    step=row.step,
                    hour=row.hour,
                    time=time,
                    block=receipt.block,
                    owner=to_checksum_address(f"0x{log.topics[1]:040x}"),
                    kind=RESTORABLE if restorable else SHORTFALL,
                    price=price,
                    collateral_before=collateral,
                    debt_before=debt,
                    shares_before=shares,
                    shares=event.shares,
                    seized=event.seized,
                    repaid=event.repaid,
                    fee=event.fee,
                    extinguished=event.extinguished,
                    health_before=event.health_before or 0,
                    health_after=event.health_after,
                    profit=collateral_value(event.seized, price) - event.repaid - event.fee,
                )
            )
        return tuple(closes)

    def _record_positions(self, moment: str) -> None:
        vault, node = self.market.vault, self.market.node
        each = [(owner,) for owner in self.owners]
        closes = Counter(row.owner for row in self.liquidations)
        for owner, (collateral, shares), debt, health in zip(
            self.owners,
            node.views(vault.position_of, each),
            node.views(vault.debt_of, each),
            node.views(vault.health, each),
            strict=True,
        ):
            self.positions.append(
                PositionRow(
                    moment=moment,
                    owner=owner,
                    collateral=collateral,
                    debt_shares=shares,
                    debt=debt,
                    health=None if health == MAX else health,
                    closes=closes[owner],
                )
            )


def _debt_totals(receipt: Receipt) -> int:
    """The books that all closes of a transaction were computed with, packed."""
    call = next(log for log in receipt.logs if log.topics[0] == LIQUIDATION_CALL)
    return call.words()[1]


def _losses(receipt: Receipt) -> tuple[int, int, int]:
    """What reserves, backstop and lenders lost in a transaction, base units."""
    words = [log.words() for log in receipt.logs if log.topics[0] == LOSS]
    reserves, backstop, lenders = (sum(each[i] for each in words) for i in range(3))
    return reserves, backstop, lenders
