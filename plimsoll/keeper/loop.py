"""The keeper's loop: sees what became of what it sent, reads, decides, simulates and sends.

It may be interrupted at any moment; see `plimsoll.keeper.outbox` for why nothing happens twice.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any

from plimsoll.keeper.basket_choice import BasketSituation, decide_basket
from plimsoll.keeper.choice import ALL, INTEREST, Gas
from plimsoll.keeper.decision import Decision, Situation, Terms, decide
from plimsoll.keeper.execution import BasketExecution, Execution
from plimsoll.keeper.fees import DataFees
from plimsoll.keeper.index import ChainMoved, ForeignChain, Index
from plimsoll.keeper.journal import Journal
from plimsoll.keeper.node import Node, NodeError, Reverted, SpokeNode, call_data
from plimsoll.keeper.outbox import Outbox, Signer, Transaction
from plimsoll.keeper.upkeep import Upkeep
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import DAY, PRICE_SCALE

log = logging.getLogger("plimsoll.keeper")

GAS_MARGIN = 125  # % of the estimate
ANY = 2**256 - 1  # funds, where none are needed
STUCK = 600  # seconds for which a basket's leg that cannot be moved is left out
PAUSE = 0.5  # seconds between looks at a chain that moves, at the start
CLEAN_UP, UPKEEP = "clean-up", "upkeep"  # purposes that have a budget


@dataclass(frozen=True, slots=True)
class Policy:
    """How the keeper is meant to behave; amounts in base units of the loan asset."""

    floor: int = 1  # least profit of a batch
    coin_price: int = 0  # of one wei, 1e36
    gas_cap: int = 15_000_000
    cooldown: int = 60  # seconds for which the owners of a failed batch are left alone
    patience: int = 30  # seconds after which a transaction that is not mined is replaced
    allowance: int | None = None  # that is given to the vault; None: what each batch needs
    clean_up: int = 0  # most that may be lost in a day with closes below the floor
    upkeep: int = 0  # most that may be spent in a day on pokes and witnesses
    is_dry: bool = False  # nothing is sent


@dataclass
class Status:
    """What the keeper sees and has done since it was started."""

    block: int = 0
    positions: int = 0
    liquidatable: int = 0
    price: int = 0  # 1e36; of a basket that of its first leg
    funds: int = 0  # base units of the loan asset
    spent: int = 0  # in a day, on upkeep and on closes that do not pay; base units of the loan asset
    doing: str = "starting"
    counts: Counter[str] = field(default_factory=Counter)


class Keeper:
    """Keeps one vault or basket."""

    def __init__(
        self,
        vault: SpokeNode,
        index: Index,
        signer: Signer,
        execution: Execution,
        policy: Policy,
        clock: Callable[[], float],
    ) -> None:
        """A keeper that has not looked at the chain yet; `clock` tells seconds since 1970."""
        self._vault, self._index, self._execution = vault, index, execution
        self._node: Node = vault.node
        self._me = signer.address
        self._policy, self._clock = policy, clock
        self._journal = Journal(index, signer.address)
        self.status = Status()
        self._outbox = Outbox(vault.node, self._journal, signer, policy.patience, clock, self.status.counts)
        self._data_fees = DataFees(vault.node)
        self._upkeep = Upkeep(vault)
        self._stuck: dict[int, float] = {}  # legs that do not move, and until when that is believed

    def catch_up(self, random: Random) -> int:
        """Reads all that there is and compares it with the chain; how many positions were compared.

        Raises:
            IndexFault: they differ.
        """
        while True:
            try:
                self._index.sync(self._vault, self._vault)
                return self._index.verify(self._vault, random)
            except ChainMoved:
                time.sleep(PAUSE)

    def run(self, stop: Event, interval: float, report: Callable[[Status], None]) -> None:
        """Ticks until `stop` is set, `interval` seconds apart; a node that fails is asked again.

        Raises:
            IndexFault: the index cannot be trusted.
        """
        while not stop.is_set():
            self.tick_safely()
            report(self.status)
            stop.wait(interval)

    def tick_safely(self) -> None:
        """As `tick`; a node's failure is logged and counted, and the next tick tries again."""
        try:
            self.tick()
        except ChainMoved as moved:
            self._say(str(moved) or "the chain moved while it was read; reading again")
        except ForeignChain as error:
            self.status.counts["errors"] += 1
            self._say(f"{error} Nothing is done until then.", logging.WARNING)
        except (NodeError, Reverted) as error:
            self.status.counts["errors"] += 1
            self._say(str(error), logging.WARNING)

    def tick(self) -> None:
        """One look at the chain, and at most one transaction."""
        self._index.recognise(self._vault)  # another chain knows nothing of what is under way
        if not self._policy.is_dry:  # before reading: what is mined by then is in what is read
            for reverted in self._outbox.settle():
                self._cool(reverted.owners)
        checkpoint = self._index.sync(self._vault, self._vault)
        self.status.block, self.status.positions = checkpoint.block, len(self._index.positions)
        self.status.counts["ticks"] += 1
        under_way = self._outbox.under_way
        if under_way and self._outbox.is_waiting():
            self._say(f"waiting for {under_way.what}, {under_way.hash}")
            return
        try:
            prices = self._vault.prices(checkpoint.hash)
        except Reverted as error:
            self.status.counts["no price"] += 1
            self._say(f"the oracle gives no price ({error}); nothing can be liquidated", logging.WARNING)
            return
        self.status.price = prices[0]
        self.status.funds = self._uint(self._vault.loan, "balanceOf(address)", self._me)
        self.status.spent = self._spent(CLEAN_UP) + self._spent(UPKEEP)
        gas_price = self._outbox.gas_price()  # one for the whole look: what is judged is what is signed
        if self._liquidate(prices, gas_price, checkpoint.hash) or self._policy.is_dry:
            return
        if under_way:
            self._say(self._outbox.cancel(self._estimate(self._me, b""), gas_price))
        elif self._policy.upkeep:
            self._keep_up(prices, gas_price, checkpoint.hash)

    # -------------------------------------------------------------------------------------- liquidations

    def _liquidate(self, prices: tuple[int, ...], gas_price: int, block: bytes) -> bool:
        """Closes what pays; whether a transaction was sent."""
        venue = self._execution.venue(*prices)
        decision = self._decide(prices, venue, gas_price, block)
        self.status.liquidatable = decision.liquidatable
        if decision.batch is None:
            self._say(decision.reason)
            return False
        if not self._is_forecast(decision.batch, block):
            return False
        if self._policy.is_dry:
            self.status.counts["dry"] += 1
            self._say(f"dry run: {decision.reason}; nothing is sent")
            return False
        if self._execution.spender:
            approval = self._approval(self._execution.spender, decision.batch.due)
            if approval is not None:
                return self._approve(approval, decision, gas_price)
        return self._carry_out(decision, venue, gas_price)

    def _decide(self, prices: tuple[int, ...], venue: Any, gas_price: int, block: bytes) -> Decision:
        budget = max(0, self._policy.clean_up - self._spent(CLEAN_UP))
        terms = Terms(self._policy.floor, budget, self._execution.least)
        positions, risk, totals = self._index.positions, self._vault.risk, self._vault.totals(block)
        funds = self.status.funds if self._execution.spender else ANY
        gas, cooling = self._gas(gas_price), self._journal.cooling(self._clock())
        way = self._execution
        if isinstance(way, BasketExecution):
            barred, legs = way.barred | self._stuck_legs(), way.basket.legs
            basket = BasketSituation(
                positions, prices, legs, totals, risk, venue, gas, funds, cooling, barred
            )
            return decide_basket(basket, terms)
        (price,) = prices
        return decide(Situation(positions, price, totals, risk, venue, gas, funds, cooling), terms)

    def _is_forecast(self, batch: Any, block: bytes) -> bool:
        """Whether the vault's preview is what the batch was chosen for."""
        if self._vault.confirms(batch, block):
            return True
        self._index.compare(self._vault, (each.owner for each in batch.candidates))
        self.status.counts["errors"] += 1
        self._say("the vault's preview is not the forecast; nothing was sent", logging.WARNING)
        return False

    def _approval(self, spender: str, due: int) -> tuple[bytes, int] | None:
        """Data and gas of the transaction that gives who has too little an allowance; None: it has enough."""
        given = self._uint(self._vault.loan, "allowance(address,address)", self._me, spender)
        if given * ALL > due * (ALL + INTEREST):
            return None
        amount = max(self._policy.allowance or 0, due * (ALL + 2 * INTEREST) // ALL + 2)
        data = call_data("approve(address,uint256)", (spender, amount))
        try:
            return data, self._estimate(self._vault.loan, data)
        except Reverted:
            if not given:
                raise
        data = call_data("approve(address,uint256)", (spender, 0))  # some tokens want that first
        return data, self._estimate(self._vault.loan, data)

    def _approve(self, approval: tuple[bytes, int], decision: Decision, gas_price: int) -> bool:
        """Gives the allowance, when the batch pays for that as well."""
        data, gas = approval
        batch = decision.batch
        assert batch is not None, "nothing to give an allowance for"
        cost = self._cost(data, gas, gas_price)
        left = batch.proceeds - batch.due - batch.gas_cost * GAS_MARGIN // 100 - cost
        if left < decision.floor:
            self._say(f"the best batch brings {left} base units after its allowance, below the floor")
            return False
        loss = max(0, -left) and cost
        self._send(
            Transaction("an allowance", self._vault.loan, data, gas, gas_price, purpose=CLEAN_UP, loss=loss)
        )
        return True

    def _carry_out(self, decision: Decision, venue: Any, gas_price: int) -> bool:
        batch, floor = decision.batch, decision.floor
        assert batch is not None, "nothing to carry out"
        owners = tuple(each.owner for each in batch.candidates)
        least = self._execution.least

        def transaction(left: int) -> tuple[str, bytes]:
            return self._execution.transaction(batch, left if least is None else max(least, left))

        try:
            to, data = transaction(floor)
            income, _ = self._simulate(to, data, venue)
            gas = self._estimate(to, data)
            cost = self._cost(data, gas, gas_price)
            if income - cost < floor:
                self._say(
                    f"the simulation brings {income - cost} base units, below the floor; nothing was sent"
                )
                return False
            to, data = transaction(floor + cost)
            _, closes = self._simulate(to, data, venue)
        except Reverted as error:
            if self._find_stuck(batch):
                return False
            self._cool(owners)
            self._say(f"the simulation reverted ({error}); nothing was sent", logging.WARNING)
            return False
        loss = max(0, cost - income)
        self._send(Transaction(f"a batch of {closes}", to, data, gas, gas_price, owners, CLEAN_UP, loss))
        return True

    def _find_stuck(self, batch: Any) -> bool:
        """Notes which legs of a basket do not move; whether there are any that a batch takes."""
        way = self._execution
        if not isinstance(way, BasketExecution):
            return False
        basket = way.basket
        found = [
            leg
            for leg, amount in enumerate(batch.seized)
            if amount and not all(basket.moves(leg, sender, way.taker) for sender in way.movers(leg))
        ]
        for leg in found:
            self._stuck[leg] = self._clock() + STUCK
        if found:
            names = ", ".join(basket.collaterals[leg] for leg in found)
            self._say(f"{names} cannot be moved; left out for ten minutes", logging.WARNING)
        return bool(found)

    def _stuck_legs(self) -> int:
        """Mask of the legs that are left out now."""
        now = self._clock()
        return sum(1 << leg for leg, until in self._stuck.items() if until > now)

    # -------------------------------------------------------------------------------------------- upkeep

    def _keep_up(self, prices: tuple[int, ...], gas_price: int, block: bytes) -> None:
        """Lowers the basis of a queued raise, or notes what a position lacks, within the day's budget."""
        left = self._policy.upkeep - self._spent(UPKEEP)
        for task in self._upkeep.tasks(self._index.positions, prices, block):
            try:
                gas = self._estimate(task.to, task.data)
            except Reverted:
                continue
            cost = self._cost(task.data, gas, gas_price)
            if task.worth is not None and cost > task.worth:
                continue
            if cost > left:
                self._say(f"{task.what} costs {cost} base units, more than the upkeep's {left} left today")
                return
            self._send(Transaction(task.what, task.to, task.data, gas, gas_price, purpose=UPKEEP, loss=cost))
            return

    # ------------------------------------------------------------------------------------------- helpers

    def _send(self, transaction: Transaction) -> None:
        self._say(f"sent {transaction.what}, {self._outbox.send(transaction)}")

    def _spent(self, purpose: str) -> int:
        return self._journal.loss_since(purpose, self._clock() - DAY)

    def _simulate(self, to: str, data: bytes, venue: Any) -> tuple[int, int]:
        return self._execution.income(self._node.call(to, data, sender=self._me), venue)

    def _gas(self, price: int) -> Gas:
        coin = self._policy.coin_price
        batch, order = self._data_fees.of_batches()
        return Gas(price * coin, self._policy.gas_cap, self._execution.base_gas, self._execution.order_gas,
                   batch_data=batch * coin, order_data=order * coin)  # fmt: skip

    def _cost(self, data: bytes, gas: int, gas_price: int) -> int:
        """Base units of the loan asset for a transaction, rounded up."""
        wei = gas * gas_price + self._data_fees.of(data)
        return ceil_div(wei * self._policy.coin_price, PRICE_SCALE)

    def _uint(self, address: str, signature: str, *arguments: Any) -> int:
        return int(self._node.view(address, signature, "uint256", *arguments)[0])

    def _estimate(self, to: str, data: bytes) -> int:
        call = {"from": self._me, "to": to, "data": "0x" + data.hex()}
        # "latest": a pending block may hold the very transaction that this one is to replace
        return self._node.number("eth_estimateGas", call, "latest") * GAS_MARGIN // 100

    def _cool(self, owners: tuple[str, ...]) -> None:
        self._journal.cool(owners, self._clock() + self._policy.cooldown)

    def _say(self, text: str, level: int = logging.INFO) -> None:
        """Shows what is going on; logs it when it is new."""
        if text != self.status.doing:
            log.log(level, "%s", text)
        self.status.doing = text
