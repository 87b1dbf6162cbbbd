"""What tests of vaults ask of a market: positions, books, the twin's answer, the sums that must hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ape.api import AccountAPI, ReceiptAPI
from ape.contracts import ContractInstance

from plimsoll.twin.liquidation import PRICE_SCALE, Quote, Risk, Totals, quote
from plimsoll.twin.position import LiquidationEvent, unpack_liquidation
from plimsoll.twin.shares import FRACTION, to_value_down
from tests.utils.world import MAX, Market

WITHDRAW = 1  # rights of an operator
BORROW = 2


@dataclass(frozen=True)
class Balances:
    """Base units of both tokens that somebody holds."""

    loan: int
    collateral: int

    def __sub__(self, other: "Balances") -> "Balances":
        return Balances(self.loan - other.loan, self.collateral - other.collateral)


def balances(market: Market, who: AccountAPI | ContractInstance) -> Balances:
    """What `who` holds."""
    return Balances(market.loan.balanceOf(who), market.collateral.balanceOf(who))


def debt_totals(pool: ContractInstance) -> Totals:
    """The pool's debt with interest up to the head's time."""
    answer = pool.debt_totals()
    return Totals(answer[0], answer[1])


def risk_of(vault: ContractInstance) -> Risk:
    """A vault's parameters for the twin."""
    return Risk.from_struct(tuple(vault.risk()))


def position(market: Market, owner: Any) -> tuple[int, int]:
    """Collateral in base units; debt shares."""
    collateral, shares = market.vault.position_of(owner)
    return collateral, shares


def twin_quote(market: Market, owner: Any, max_repay: int = MAX) -> Quote:
    """The close that the twin expects of the position as it stands on the chain."""
    collateral, shares = position(market, owner)
    price = market.oracle.price()
    return quote(collateral, shares, price, debt_totals(market.pool), max_repay, risk_of(market.vault))


def closes(receipt: ReceiptAPI, vault: ContractInstance) -> list[LiquidationEvent]:
    """The liquidations of a transaction, unpacked."""
    calls = receipt.events.filter(vault.LiquidationCall)
    assert len(calls) == 1
    return [
        unpack_liquidation(event.close, event.payment, calls[0].debt_totals)
        for event in receipt.events.filter(vault.Liquidation)
    ]


def open_position(
    market: Market, owner: AccountAPI, collateral: str | int = 10, debt: str | int = 15_000
) -> tuple[int, int]:
    """Locks and borrows whole tokens; returns collateral in base units and debt shares."""
    market.vault.open(market.collaterals(collateral), market.loans(debt), sender=owner)
    return position(market, owner)


def residue(pool: ContractInstance, loan: ContractInstance) -> int:
    """`cash + total_debt - total_assets` in 1/65536 base units: the reserve, were it not cut at 0."""
    totals = pool.totals()
    return loan.balanceOf(pool) * FRACTION + totals.total_debt - totals.total_assets


def assert_sums(market: Market, owners: Iterable[Any], other_vaults: Iterable[Market] = ()) -> None:
    """P2, P3 and V1 on a market where only `owners` (and those of `other_vaults`) have positions."""
    drawn = market.pool.credit_line(market.vault)[1]
    held = [position(market, owner) for owner in owners]
    assert sum(shares for _, shares in held) == drawn  # P2
    assert market.collateral.balanceOf(market.vault) >= sum(collateral for collateral, _ in held)  # V1
    elsewhere = sum(market.pool.credit_line(other.vault)[1] for other in other_vaults)
    assert drawn + elsewhere == market.pool.totals().total_debt_shares  # P2
    assert residue(market.pool, market.loan) > -FRACTION  # P3


def settled(totals: Totals, shares: int) -> Totals:
    """The pool's debt after `settle(shares, ...)`."""
    left = totals.shares - shares
    return Totals(totals.debt - to_value_down(shares, totals.debt, totals.shares) if left else 0, left)


def drawn(totals: Totals, amount: int) -> tuple[Totals, int]:
    """The pool's debt after `draw(amount, ...)`, and the debt shares drawn."""
    scaled = totals.debt + FRACTION
    shares = -(-amount * (totals.shares + 1_000) * FRACTION // scaled)
    added = -(-shares * scaled // (totals.shares + 1_000))
    return Totals(totals.debt + added, totals.shares + shares), shares


def worth(collateral: int, price: int) -> int:
    """Base units of the loan asset, rounded down."""
    return collateral * price // PRICE_SCALE
