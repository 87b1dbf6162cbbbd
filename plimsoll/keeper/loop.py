"""The keeper's loop: reads, decides, simulates, writes down, sends, and sees what became of it.

It may be interrupted at any moment. A transaction is in the file before it is sent, and the
next transaction takes the same nonce until one of them is mined, so that two of them never both happen.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any, Protocol

from plimsoll.keeper.choice import Gas, Venue
from plimsoll.keeper.decision import Situation, decide
from plimsoll.keeper.execution import ALL, Execution
from plimsoll.keeper.index import ChainMoved, ForeignChain, Index
from plimsoll.keeper.journal import Journal, Sent
from plimsoll.keeper.node import Node, NodeError, Reverted, VaultNode, call_data
from plimsoll.twin.liquidation import ceil_div
from plimsoll.units import PRICE_SCALE

log = logging.getLogger("plimsoll.keeper")

GAS_MARGIN = 125  # % of the estimate
ANY = 2**256 - 1  # funds, where none are needed
PAUSE = 0.5  # seconds between looks at a chain that moves, at the start
INTEREST = 10  # basis points by which a batch may become dearer until it is mined


class Signer(Protocol):
    """The keeper's account."""

    address: str

    def sign(self, to: str, data: bytes, nonce: int, gas: int, gas_price: int) -> tuple[str, bytes]:
        """A transaction's hash and what to send of it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the keeper is meant to behave; amounts in base units of the loan asset."""

    floor: int = 1  # least profit of a batch
    coin_price: int = 0  # of one wei, 1e36
    gas_cap: int = 15_000_000
    cooldown: int = 60  # seconds for which the owners of a failed batch are left alone
    patience: int = 30  # seconds after which a transaction that is not mined is replaced
    allowance: int | None = None  # that is given to the vault; None: what each batch needs
    is_dry: bool = False  # nothing is sent


@dataclass
class Status:
    """What the keeper sees and has done since it was started."""

    block: int = 0
    positions: int = 0
    liquidatable: int = 0
    price: int = 0  # 1e36
    funds: int = 0  # base units of the loan asset
    doing: str = "starting"
    counts: Counter[str] = field(default_factory=Counter)


class Keeper:
    """Keeps one vault."""

    def __init__(
        self,
        vault: VaultNode,
        index: Index,
        signer: Signer,
        execution: Execution,
        policy: Policy,
        clock: Callable[[], float],
    ) -> None:
        """A keeper that has not looked at the chain yet; `clock` tells seconds since 1970."""
        self._vault, self._index, self._signer, self._execution = vault, index, signer, execution
        self._node: Node = vault.node
        self._policy, self._clock = policy, clock
        self._journal = Journal(index, signer.address)
        self.status = Status()

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
        except ChainMoved:
            self._say("the chain moved while it was read; reading again")
        except ForeignChain as error:
            self.status.counts["errors"] += 1
            self._say(f"{error} Nothing is done until then.", logging.WARNING)
        except (NodeError, Reverted) as error:
            self.status.counts["errors"] += 1
            self._say(str(error), logging.WARNING)

    def tick(self) -> None:
        """One look at the chain, and at most one transaction."""
        self._index.recognise(self._vault)  # another chain knows nothing of what is under way
        under_way = self._settled()  # before reading: what is mined by then is in what is read
        checkpoint = self._index.sync(self._vault, self._vault)
        self.status.block, self.status.positions = checkpoint.block, len(self._index.positions)
        self.status.counts["ticks"] += 1
        if under_way and not self._is_stuck(under_way):
            self._say(f"waiting for {under_way.what}, {under_way.hash}")
            return
        try:
            price = self._vault.price(checkpoint.hash)
        except Reverted as error:
            self.status.counts["no price"] += 1
            self._say(f"the oracle gives no price ({error}); nothing can be liquidated", logging.WARNING)
            return
        self.status.price = price
        self.status.funds = self._uint(self._vault.loan, "balanceOf(address)", self._signer.address)
        situation = Situation(
            positions=self._index.positions,
            price=price,
            totals=self._vault.totals(checkpoint.hash),
            risk=self._vault.risk,
            venue=self._execution.venue(price),
            gas=self._gas(under_way),
            funds=self.status.funds if self._execution.spender else ANY,
            cooling=self._journal.cooling(self._clock()),
        )
        decision = decide(situation, self._policy.floor)
        self.status.liquidatable = decision.liquidatable
        batch = decision.batch
        if batch is None:
            self._say(decision.reason)
            return
        block = {"blockHash": "0x" + checkpoint.hash.hex()}
        paid, fee, seized, executed = self._node.view(
            self._vault.address,
            "preview_liquidate_batch(uint256[])",
            "uint256,uint256,uint256,uint256",
            batch.orders,
            block=block,
        )
        if (paid + fee, seized, executed) != (batch.due, batch.seized, batch.executed):
            self._index.compare(self._vault, (each.owner for each in batch.candidates))
            self.status.counts["errors"] += 1
            self._say("the vault's preview is not the forecast; nothing was sent", logging.WARNING)
            return
        if self._policy.is_dry:
            self.status.counts["dry"] += 1
            self._say(f"dry run: {decision.reason}; nothing is sent")
            return
        if self._execution.spender and self._allow(self._execution.spender, batch.due, under_way):
            return
        owners = tuple(each.owner for each in batch.candidates)
        floor = self._policy.floor
        try:
            to, data = self._execution.transaction(batch, floor)
            income, _ = self._simulate(to, data, situation.venue)
            gas = self._estimate(to, data)
            cost = ceil_div(gas * situation.gas.price, PRICE_SCALE)
            if income - cost < floor:
                self._say(
                    f"the simulation brings {income - cost} base units, below the floor; nothing was sent"
                )
                return
            to, data = self._execution.transaction(batch, floor + cost)
            _, closes = self._simulate(to, data, situation.venue)
        except Reverted as error:
            self._cool(owners)
            self._say(f"the simulation reverted ({error}); nothing was sent", logging.WARNING)
            return
        self._send(f"a batch of {closes}", to, data, gas, owners, under_way)

    def _simulate(self, to: str, data: bytes, venue: Venue) -> tuple[int, int]:
        return self._execution.income(self._node.call(to, data, sender=self._signer.address), venue)

    def _gas(self, under_way: Sent | None) -> Gas:
        price = self._gas_price(under_way) * self._policy.coin_price
        return Gas(price, self._policy.gas_cap, self._execution.base_gas)

    def _gas_price(self, under_way: Sent | None) -> int:
        """The node's price; an eighth above that of a transaction to be replaced, as nodes demand."""
        price = self._node.number("eth_gasPrice")
        return price if under_way is None else max(price, under_way.gas_price * 9 // 8 + 1)

    def _uint(self, address: str, signature: str, *arguments: Any) -> int:
        return int(self._node.view(address, signature, "uint256", *arguments)[0])

    def _estimate(self, to: str, data: bytes) -> int:
        call = {"from": self._signer.address, "to": to, "data": "0x" + data.hex()}
        # "latest": a pending block may hold the very transaction that this one is to replace
        return self._node.number("eth_estimateGas", call, "latest") * GAS_MARGIN // 100

    def _allow(self, spender: str, due: int, under_way: Sent | None) -> bool:
        """Gives an allowance to who has too little; whether that was necessary."""
        token, me = self._vault.loan, self._signer.address
        given = self._uint(token, "allowance(address,address)", me, spender)
        if given * ALL > due * (ALL + INTEREST):
            return False
        amount = max(self._policy.allowance or 0, due * (ALL + 2 * INTEREST) // ALL + 2)
        data = call_data("approve(address,uint256)", (spender, amount))
        try:
            gas = self._estimate(token, data)
        except Reverted:
            if not given:
                raise
            data = call_data("approve(address,uint256)", (spender, 0))  # some tokens want that first
            gas = self._estimate(token, data)
        self._send("an allowance", token, data, gas, (), under_way)
        return True

    def _settled(self) -> Sent | None:
        """Notes what became of what is under way; the newest of it when that is not known yet."""
        sent = self._journal.under_way()
        if not sent:
            return None
        count = self._node.number("eth_getTransactionCount", self._signer.address, "latest")
        if count == sent[-1].nonce:
            return sent[-1]
        outcomes = dict.fromkeys((each.hash for each in sent), "dropped")
        receipts = [self._node.ask("eth_getTransactionReceipt", each.hash) for each in sent]
        if count > sent[-1].nonce and not any(receipts) and self._is_fresh(sent[-1]):
            raise ChainMoved  # the node counts it before it has the receipt
        for each, receipt in zip(sent, receipts, strict=True):
            if receipt is None:
                continue
            is_done = int(receipt["status"], 16) == 1
            outcomes[each.hash] = "mined" if is_done else "reverted"
            self.status.counts[outcomes[each.hash]] += 1
            log.info("%s: %s, %s", outcomes[each.hash], each.what, each.hash)
            if not is_done:
                self._cool(each.owners)
        self._journal.settle(outcomes)
        return None

    def _is_fresh(self, sent: Sent) -> bool:
        return self._clock() - sent.at < self._policy.patience

    def _is_stuck(self, sent: Sent) -> bool:
        if not self._is_fresh(sent):
            return True
        return self._node.ask("eth_getTransactionByHash", sent.hash) is None  # killed before it was sent

    def _cool(self, owners: tuple[str, ...]) -> None:
        self._journal.cool(owners, self._clock() + self._policy.cooldown)

    def _send(
        self, what: str, to: str, data: bytes, gas: int, owners: tuple[str, ...], under_way: Sent | None
    ) -> None:
        """Signs, writes down, sends; in the place of what is under execution."""
        if under_way is None:
            nonce = self._node.number("eth_getTransactionCount", self._signer.address, "latest")
        else:
            nonce = under_way.nonce
        gas_price = self._gas_price(under_way)
        hash_, raw = self._signer.sign(to, data, nonce, gas, gas_price)
        self._journal.write(Sent(hash_, nonce, gas_price, self._clock(), what, owners))
        try:
            self._node.ask("eth_sendRawTransaction", "0x" + raw.hex())
        except NodeError as error:
            if not isinstance(error.__cause__, OSError):  # it answered, so it did not take the transaction
                self._journal.settle({hash_: "refused"})
                self._cool(owners)
            raise
        self.status.counts["sent" if under_way is None else "replaced"] += 1
        self._say(f"sent {what}, {hash_}")

    def _say(self, text: str, level: int = logging.INFO) -> None:
        """Shows what is going on; logs it when it is new."""
        if text != self.status.doing:
            log.log(level, "%s", text)
        self.status.doing = text
