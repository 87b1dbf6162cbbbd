"""What the keeper has on the wire: never two nonces, and nothing that was sent is forgotten.

A transaction is in the journal before it is sent, so a keeper that is killed in between finds it again. An
error of the node does not mean that it has not taken the transaction: only a block that contains the nonce
ends it. Until then the same bytes are sent again, or after a while another transaction of the same nonce.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from plimsoll.keeper.index import ChainMoved
from plimsoll.keeper.journal import DROPPED, MINED, REVERTED, Journal, Sent
from plimsoll.keeper.node import Node, NodeError, Reverted

log = logging.getLogger("plimsoll.keeper")

CANCELLATION = "a cancellation"


class Signer(Protocol):
    """The keeper's account."""

    address: str

    def sign(self, to: str, data: bytes, nonce: int, gas: int, gas_price: int) -> tuple[str, bytes]:
        """A transaction's hash and what to send of it."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is to be sent, and what it is for."""

    what: str  # as people are told
    to: str
    data: bytes
    gas: int
    gas_price: int  # wei
    owners: tuple[str, ...] = ()  # whose positions it closes
    purpose: str = ""  # whose budget pays for `loss`
    loss: int = 0  # base units of the loan asset, at most, that it costs beyond what it brings


class Outbox:
    """The transactions of one account.

    Attributes:
        under_way: the newest transaction that is in no block yet, as `settle` has found it.
    """

    def __init__(
        self,
        node: Node,
        journal: Journal,
        signer: Signer,
        patience: int,
        clock: Callable[[], float],
        counts: Counter[str],
    ) -> None:
        """Replaces what is not mined within `patience` seconds; `clock` tells seconds since 1970."""
        self._node, self._journal, self._signer = node, journal, signer
        self._patience, self._clock, self._counts = patience, clock, counts
        self._nonce = 0  # of the next transaction
        self.under_way: Sent | None = None

    def settle(self) -> list[Sent]:
        """Finds out what became of what is under way; what was mined and reverted.

        Raises:
            ChainMoved: the node does not know yet.
        """
        sent = self._journal.under_way()
        self.under_way = sent[-1] if sent else None
        count = self._node.number("eth_getTransactionCount", self._signer.address, "latest")
        forgotten = self._journal.mined_from(count)
        if forgotten or (sent and count < sent[-1].nonce):
            for each in (*forgotten, *sent[-1:]):
                with suppress(NodeError):
                    self._transmit(each)
            last = max(each.nonce for each in (*forgotten, *sent)) + 1
            raise ChainMoved(
                f"the node counts {count} transactions of the account, not {last}: it lags, or the chain was "
                "reorganised; they were sent again"
            )
        self._nonce = count
        if not sent or count == sent[-1].nonce:
            return []
        return self._settle(sent)

    def _settle(self, sent: list[Sent]) -> list[Sent]:
        outcomes = dict.fromkeys((each.hash for each in sent), DROPPED)
        for each in sent:
            is_done = self._node.ask("eth_getTransactionReceipt", each.hash, read=_is_done)
            if is_done is not None:
                outcomes[each.hash] = MINED if is_done else REVERTED
        if set(outcomes.values()) == {DROPPED} and self._is_fresh(sent[-1]):
            raise ChainMoved(f"the node counts {sent[-1].what} as mined, but has no receipt yet; waiting")
        self._journal.settle(outcomes)
        self.under_way = None
        for each in sent:
            if (outcome := outcomes[each.hash]) != DROPPED:
                self._counts[outcome] += 1
                log.info("%s: %s, %s", outcome, each.what, each.hash)
        return [each for each in sent if outcomes[each.hash] == REVERTED]

    def is_waiting(self) -> bool:
        """Whether something may still be mined as it is; a node that does not know it gets it again."""
        sent = self.under_way
        if sent is None or not self._is_fresh(sent):
            return False
        if not self._node.ask("eth_getTransactionByHash", sent.hash, read=lambda found: found is not None):
            self._transmit(sent)
        return True

    def gas_price(self) -> int:
        """Wei for a unit of gas: the node's, or an eighth above what is to be replaced, as nodes demand."""
        price = self._node.number("eth_gasPrice")
        return price if self.under_way is None else max(price, self.under_way.gas_price * 9 // 8 + 1)

    def send(self, tx: Transaction) -> str:
        """Signs a transaction with the next nonce, or that of what is under way, writes it down and sends it.

        Returns:
            Its hash.

        Raises:
            NodeError: the account cannot pay for the gas, or the node has not said that it took it.
        """
        me, most = self._signer.address, tx.gas * tx.gas_price
        if most and self._node.number("eth_getBalance", me, "latest") < most:
            raise NodeError(f"{me} cannot pay for {tx.what}, up to {most / 10**18:.6f} of the coin.")
        hash_, raw = self._signer.sign(tx.to, tx.data, self._nonce, tx.gas, tx.gas_price)
        sent = Sent(
            hash_, self._nonce, tx.gas_price, self._clock(), tx.what, tx.owners, raw, tx.purpose, tx.loss
        )
        self._journal.write(sent)
        self._transmit(sent)
        self._counts["sent" if self.under_way is None else "replaced"] += 1
        return hash_

    def cancel(self, gas: int, gas_price: int) -> str:
        """Puts a transaction that does nothing in the place of what is under way; what was done.

        One that is a cancellation already is only replaced when gas has become dearer than it pays.
        """
        sent = self.under_way
        assert sent is not None, "nothing is under way"
        if sent.what == CANCELLATION and self._node.number("eth_gasPrice") <= sent.gas_price:
            self._transmit(sent)
            return f"waiting for {CANCELLATION}, {sent.hash}"
        hash_ = self.send(Transaction(CANCELLATION, self._signer.address, b"", gas, gas_price))
        return f"{sent.what} is not mined and no longer pays; sent {CANCELLATION}, {hash_}"

    def _is_fresh(self, sent: Sent) -> bool:
        return self._clock() - sent.at < self._patience

    def _transmit(self, sent: Sent) -> None:
        try:
            self._node.ask("eth_sendRawTransaction", "0x" + sent.raw.hex(), read=str)
        except Reverted as error:  # some nodes try it first
            raise NodeError(f"The node does not take {sent.what} ({error}).") from None


def _is_done(receipt: dict[str, str] | None) -> bool | None:
    return None if receipt is None else int(receipt["status"], 16) == 1
