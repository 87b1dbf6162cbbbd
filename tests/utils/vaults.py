"""What tests of vaults ask of a market: balances, the twin's answer to a batch, all that a close must do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plimsoll.chain.abi import Log
from plimsoll.params import PoolParams, RateParams
from plimsoll.testing import Account, Contract, LoggedEvent, Receipt
from plimsoll.testing.builder import Builder
from plimsoll.testing.market import BasketMarket, Market, build_market
from plimsoll.testing.signatures import sign_set_operator
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, quote
from plimsoll.twin.position import (
    LiquidationEvent,
    pack_debt_totals,
    pack_liquidation,
    unpack_liquidation,
)
from plimsoll.twin.share_math import to_value_down
from plimsoll.units import DAY, FRACTION, MAX, PRICE_SCALE, YEAR, order

WITHDRAW = 1  # rights of an operator
BORROW = 2
# of rates that no market would bear
WILD = PoolParams(
    name="Wild",
    symbol="WILD",
    rates=RateParams(rate_initial=Decimal(10), rate_max=Decimal(10), speed=Decimal(0), steepness=Decimal(1)),
)


@dataclass(frozen=True)
class Balances:
    """Base units of both tokens that somebody holds."""

    loan: int
    collateral: int

    def __sub__(self, other: "Balances") -> "Balances":
        return Balances(self.loan - other.loan, self.collateral - other.collateral)


def balances(market: Market, who: Any) -> Balances:
    """What `who` holds."""
    return Balances(market.loan.balanceOf(who), market.collateral.balanceOf(who))


def risk_of(vault: Contract) -> Risk:
    """A vault's parameters for the twin."""
    return Risk.from_struct(vault.risk())


def twin_batch(market: Market, orders: Sequence[int]) -> list[Quote]:
    """The closes that the twin expects of a batch, an order after the other, at the totals of its start."""
    totals, price, risk = market.debt_totals(), market.price(), market.risk()
    held: dict[int, tuple[int, int]] = {}
    quotes = []
    for word in orders:
        owner = word % 2**160
        collateral, shares = held.get(owner) or market.position(f"0x{owner:040x}")
        answer = quote(collateral, shares, price, totals, word >> 160, risk)
        held[owner] = (collateral - answer.seized, shares - answer.shares)
        quotes.append(answer)
    return quotes


def closes(receipt: Receipt, vault: Contract) -> list[LiquidationEvent]:
    """The liquidations of a transaction, unpacked."""
    (call,) = receipt.of(vault.LiquidationCall)
    return [
        unpack_liquidation(event.close, event.payment, call.debt_totals)
        for event in receipt.of(vault.Liquidation)
    ]


def liquidate(market: Market, owner: Any, sender: Any, max_repay: int = MAX, min_rate: int = 0) -> Quote:
    """Liquidates one position and holds all that happens to the twin, to the last unit."""
    expected = market.quote(owner, max_repay)
    assert expected.executable
    assert market.vault.preview_liquidate(owner, max_repay) == expected  # L8
    with closing(market, [(owner, expected)], sender) as events:
        receipt = market.vault.liquidate(owner, max_repay, min_rate, sender=sender)
        assert receipt.return_value == (expected.paid, expected.fee, expected.seized)
        events += receipt.events
    return expected


def liquidate_batch(market: Market, orders: Sequence[int], sender: Any, min_rate: int = 0) -> list[Quote]:
    """As `liquidate`, for a batch; the quotes of all orders, those skipped included."""
    expected = twin_batch(market, orders)
    made = [
        (f"0x{word % 2**160:040x}", answer)
        for word, answer in zip(orders, expected, strict=True)
        if answer.executable
    ]
    sums = tuple(sum(getattr(answer, name) for _, answer in made) for name in ("paid", "fee", "seized"))
    bits = sum(1 << i for i, answer in enumerate(expected) if answer.executable)
    assert market.vault.preview_liquidate_batch(orders) == (*sums, bits)  # L8
    with closing(market, made, sender) as events:
        receipt = market.vault.liquidate_batch(orders, min_rate, sender=sender)
        assert receipt.return_value == (*sums, bits)
        events += receipt.events
    return expected


@contextmanager
def closing(
    market: Market, made: Sequence[tuple[Any, Quote]], sender: Any
) -> Iterator[list[LoggedEvent | Log]]:
    """Holds a liquidation to these closes: events, balances, positions, the pool's books, the loss."""
    pool, vault = market.pool, market.vault
    books, price = pool.totals(), market.price()
    totals, limit = DebtTotals(books.total_debt, books.total_debt_shares), pool.credit_line(vault)[0]
    holders = (sender, vault, pool)
    before = [balances(market, who) for who in holders]
    held = {owner: market.position(owner) for owner in {owner for owner, _ in made}}
    shares, paid, fee, seized = (
        sum(getattr(answer, name) for _, answer in made) for name in ("shares", "paid", "fee", "seized")
    )

    found: list[LoggedEvent | Log] = []
    yield found

    events = []
    for owner, answer in made:
        close, payment = pack_liquidation(
            answer.seized, answer.shares, answer.paid, answer.fee, answer.health_before, answer.health_after
        )
        events.append(vault.Liquidation(owner=owner, close=close, payment=payment))
    packed = pack_debt_totals(totals.debt, totals.shares)
    events.append(vault.LiquidationCall(liquidator=sender, price=price, debt_totals=packed))
    if seized > 0:
        events.append(market.collateral.Transfer(sender=vault, receiver=sender, value=seized))
    if paid + fee > 0:
        events.append(market.loan.Transfer(sender=sender, receiver=pool, value=paid + fee))

    after = settled(totals, shares)
    extinguished = totals.debt - after.debt
    loss = -(min(0, paid * FRACTION - extinguished) // FRACTION)  # rounded up
    backing = (before[2].loan + paid + fee) * FRACTION + after.debt
    shortfall = max(0, books.total_assets - backing) // FRACTION
    if loss > 0 or shortfall > 0:
        lost = max(loss, min(shortfall, extinguished // FRACTION))
        events.append(pool.LimitSet(vault=vault, limit=limit - min(limit, lost)))
        parts = {"reserves": max(loss, shortfall) - shortfall, "backstop": 0, "lenders": shortfall}
        events.append(pool.Loss(vault=vault, **parts))

    assert found == events
    changes = [balances(market, who) - old for who, old in zip(holders, before, strict=True)]
    assert changes == [Balances(-paid - fee, seized), Balances(0, -seized), Balances(paid + fee, 0)]
    for owner, answer in made:
        held[owner] = (held[owner][0] - answer.seized, held[owner][1] - answer.shares)
    assert {owner: market.position(owner) for owner in held} == held
    assert pool.totals() == books._replace(
        total_assets=books.total_assets - shortfall * FRACTION,
        total_debt=after.debt,
        total_debt_shares=after.shares,
    )


def settled(totals: DebtTotals, shares: int) -> DebtTotals:
    """The pool's debt after `settle(shares, ...)`."""
    left = totals.shares - shares
    return DebtTotals(totals.debt - to_value_down(shares, totals.debt, totals.shares) if left else 0, left)


def drawn(totals: DebtTotals, amount: int) -> tuple[DebtTotals, int]:
    """The pool's debt after `draw(amount, ...)`, and the debt shares drawn."""
    scaled = totals.debt + FRACTION
    shares = -(-amount * (totals.shares + 1_000) * FRACTION // scaled)
    added = -(-shares * scaled // (totals.shares + 1_000))
    return DebtTotals(totals.debt + added, totals.shares + shares), shares


def worth(collateral: int, price: int) -> int:
    """Base units of the loan asset, rounded down."""
    return collateral * price // PRICE_SCALE


def seasoned_market(builder: Builder, lender: Any, debtor: Any, actors: Sequence[Any]) -> Market:
    """6-decimal loans on an 18-decimal collateral worth 2,000; `debtor` has owed half of it for 400 days.

    No ratio is round: a debt share has interest in it.
    """
    market = build_market(builder, [lender, debtor, *actors])
    market.pool.deposit(market.loans(4_000_000), lender, sender=lender)
    market.vault.open(market.collaterals(2_000), market.loans(2_000_000), sender=debtor)
    market.chain.advance(400 * DAY)
    market.pool.accrue(sender=lender)
    return market


def every_call(market: Market, who: Any, victim: Any, signer: Account) -> dict[str, tuple[Any, ...]]:
    """Every function of a vault that changes anything, with arguments that work for `who` in small amounts.

    Args:
        market: where `who` has a healthy position, tokens and approvals.
        who: the caller, owner and receiver.
        victim: has a position that can be liquidated.
        signer: makes `who` an operator.
    """
    vault, operator = market.vault, getattr(who, "address", who)
    message = {"owner": signer, "operator": operator, "rights": BORROW, "nonce": 0, "deadline": MAX}
    signature = sign_set_operator(signer, vault, **message)
    return {
        "deposit": (vault.deposit, 1),
        "withdraw": (vault.withdraw, 1),
        "borrow": (vault.borrow, 10**6),
        "repay": (vault.repay, 10**6),
        "open": (vault.open, 10**15, 10**6),
        "close": (vault.close, 10**6, 10**9),
        "liquidate": (vault.liquidate, victim, 10**7),
        "liquidate_batch": (vault.liquidate_batch, [order(victim)]),
        "poke": (vault.poke, victim),
        "set_operator": (vault.set_operator, victim, WITHDRAW | BORROW),
        "set_operator_by_signature": (vault.set_operator_by_signature, *message.values(), signature),
    }


def let_shares_grow(market: Market | BasketMarket, lender: Account) -> None:
    """Eight years of `WILD` rates for 10,000, until a debt share is worth two units; then there is cash."""
    for _ in range(8):
        market.chain.advance(YEAR)
        market.pool.accrue(sender=lender)
    # the reserve's part of the interest is not lenders' to lend
    market.pool.deposit(market.loans(8 * 10**6), lender, sender=lender)
