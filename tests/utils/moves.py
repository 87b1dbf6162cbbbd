"""Every call that moves a token of a market, and which way; on a `SmallMarket`."""

from dataclasses import dataclass
from typing import Any

from plimsoll.chain.engine import Contract
from plimsoll.twin.liquidation import MAX
from tests.utils.process import BORROWER, LENDER, LIQUIDATOR, OTHER_BORROWER, RECEIVER, SmallMarket, refusal
from tests.utils.vaults import order

VICTIM = OTHER_BORROWER


@dataclass(frozen=True)
class Move:
    """A call that works, and the way that it moves each token: "in", "out", "both" or "" for not at all."""

    contract: Contract
    name: str
    arguments: tuple[Any, ...]
    sender: str
    loan: str
    collateral: str = ""

    def refusal(self) -> str | None:
        """Why it would be refused now; None: it would not be."""
        return refusal(self.contract, self.name, *self.arguments, sender=self.sender)

    def make(self) -> Any:
        """Makes it."""
        return self.contract.send(self.name, *self.arguments, sender=self.sender)


def populate(market: SmallMarket) -> SmallMarket:
    """`BORROWER` is healthy, `VICTIM` can be liquidated, `LIQUIDATOR` has tokens."""
    for who in (BORROWER, VICTIM, LIQUIDATOR):
        market.give(who)
    market.open(BORROWER, 20, 10_000)
    market.open(VICTIM, 10, 15_000)
    market.set_quote(1_780)
    return market


def every_move(market: SmallMarket) -> list[Move]:
    """Of a populated market; every amount is above 10,000 units, so that a fee of a basis point is felt."""
    pool, vault = market.pool, market.vault
    flash = market.process.make("FlashBorrower")
    flash.send("approve", market.loan.address, pool.address, sender=LENDER)
    market.loan.send("mint", flash.address, 10**6, sender=LENDER)
    return [
        Move(pool, "deposit", (10**6, LENDER), LENDER, "in"),
        Move(pool, "mint", (10**9, LENDER), LENDER, "in"),
        Move(pool, "withdraw", (10**6, RECEIVER, LENDER), LENDER, "out"),
        Move(pool, "redeem", (10**9, RECEIVER, LENDER), LENDER, "out"),
        Move(pool, "exit", (10**9, 0, RECEIVER, LENDER), LENDER, "out"),
        Move(pool, "flashLoan", (flash.address, market.loan.address, 10**6, b""), LENDER, "both"),
        Move(vault, "borrow", (10**6, RECEIVER), BORROWER, "out"),
        Move(vault, "repay", (10**9,), BORROWER, "in"),
        Move(vault, "deposit", (10**15,), BORROWER, "", "in"),
        Move(vault, "withdraw", (10**15, RECEIVER), BORROWER, "", "out"),
        Move(vault, "open", (10**15, 10**6, RECEIVER), BORROWER, "out", "in"),
        Move(vault, "close", (10**9, 10**15, RECEIVER), BORROWER, "in", "out"),
        Move(vault, "liquidate", (VICTIM, 10**9, 0, RECEIVER), LIQUIDATOR, "in", "out"),
        Move(vault, "liquidate_batch", ([order(VICTIM)], 0, RECEIVER), LIQUIDATOR, "in", "out"),
    ]


def leave(market: SmallMarket) -> None:
    """Everybody settles and goes."""
    for owner in (BORROWER, VICTIM):
        market.vault.send("close", MAX, MAX, owner, owner, sender=owner)
    market.pool.send("exit", MAX, 0, LENDER, LENDER, sender=LENDER)
