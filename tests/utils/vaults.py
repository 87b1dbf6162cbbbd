"""What tests of vaults ask of a market: positions, books, the twin's answer, the sums that must hold."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ape.api import AccountAPI, ReceiptAPI
from ape.contracts import ContractInstance
from eth_utils import to_checksum_address

from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, quote
from plimsoll.twin.position import (
    LiquidationEvent,
    pack_debt_totals,
    pack_liquidation,
    unpack_liquidation,
)
from plimsoll.twin.share_math import to_value_down
from plimsoll.units import DAY, FRACTION, MAX, NO_LIMIT, PRICE_SCALE
from tests.utils.calls import Log, ask, log, pass_time, plain, send, view, words
from tests.utils.signatures import sign_set_operator
from tests.utils.world import Builder, Market, build_market

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
    return Balances(view(market.loan.balanceOf, who)[0], view(market.collateral.balanceOf, who)[0])


def debt_totals(pool: ContractInstance) -> DebtTotals:
    """The pool's debt with interest up to the head's time."""
    return DebtTotals(*view(pool.debt_totals))


def risk_of(vault: ContractInstance) -> Risk:
    """A vault's parameters for the twin; not kept, since isolation gives its address to others."""
    return Risk.from_struct(view(vault.risk))


def position(market: Market, owner: Any) -> tuple[int, int]:
    """Collateral in base units; debt shares."""
    collateral, shares = view(market.vault.position_of, owner)
    return collateral, shares


def twin_quote(market: Market, owner: Any, max_repay: int = MAX) -> Quote:
    """The close that the twin expects of the position as it stands on the chain."""
    collateral, shares = position(market, owner)
    (price,) = view(market.oracle.price)
    return quote(collateral, shares, price, debt_totals(market.pool), max_repay, risk_of(market.vault))


def order(owner: Any, limit: int = NO_LIMIT) -> int:
    """An order of a batch: whose position, and the most to pay for its debt."""
    return limit << 160 | int(getattr(owner, "address", owner), 16)


def twin_batch(market: Market, orders: Sequence[int]) -> list[Quote]:
    """The closes that the twin expects of a batch, an order after the other, at the totals of its start."""
    totals, (price,), risk = debt_totals(market.pool), view(market.oracle.price), risk_of(market.vault)
    held: dict[int, tuple[int, int]] = {}
    quotes = []
    for word in orders:
        owner = word % 2**160
        collateral, shares = held.get(owner) or position(market, to_checksum_address(f"0x{owner:040x}"))
        answer = quote(collateral, shares, price, totals, word >> 160, risk)
        held[owner] = (collateral - answer.seized, shares - answer.shares)
        quotes.append(answer)
    return quotes


def closes(receipt: ReceiptAPI, vault: ContractInstance) -> list[LiquidationEvent]:
    """The liquidations of a transaction, unpacked."""
    calls = receipt.events.filter(vault.LiquidationCall)
    assert len(calls) == 1
    return [
        unpack_liquidation(event.close, event.payment, calls[0].debt_totals)
        for event in receipt.events.filter(vault.Liquidation)
    ]


def liquidate(
    market: Market, owner: Any, sender: AccountAPI, max_repay: int = MAX, min_rate: int = 0
) -> Quote:
    """Liquidates one position and holds all that happens to the twin, to the last unit."""
    expected = twin_quote(market, owner, max_repay)
    assert expected.executable
    assert view(market.vault.preview_liquidate, owner, max_repay) == list(expected)  # L8
    method, arguments = market.vault.liquidate, (owner, max_repay, min_rate)
    returned = words(ask(method, *arguments, sender=sender))
    assert returned == [expected.paid, expected.fee, expected.seized]
    with closing(market, [(owner, expected)], sender) as logs:
        logs += send(method, *arguments, sender=sender)
    return expected


def liquidate_batch(
    market: Market, orders: Sequence[int], sender: AccountAPI, min_rate: int = 0
) -> list[Quote]:
    """As `liquidate`, for a batch; the quotes of all orders, those skipped included."""
    expected = twin_batch(market, orders)
    made = [
        (to_checksum_address(f"0x{word % 2**160:040x}"), answer)
        for word, answer in zip(orders, expected, strict=True)
        if answer.executable
    ]
    sums = tuple(sum(getattr(answer, name) for _, answer in made) for name in ("paid", "fee", "seized"))
    bits = sum(1 << i for i, answer in enumerate(expected) if answer.executable)
    assert view(market.vault.preview_liquidate_batch, orders) == [*sums, bits]  # L8
    method = market.vault.liquidate_batch
    assert words(ask(method, orders, min_rate, sender=sender)) == [*sums, bits]
    with closing(market, made, sender) as logs:
        logs += send(method, orders, min_rate, sender=sender)
    return expected


@contextmanager
def closing(market: Market, made: Sequence[tuple[Any, Quote]], sender: AccountAPI) -> Iterator[list[Log]]:
    """Holds a liquidation to these closes: events, balances, positions, the pool's books, the loss."""
    pool, vault = market.pool, market.vault
    books, (price,) = view(pool.totals), view(market.oracle.price)
    total_assets, total_debt, supply, total_debt_shares, log_rate, flags = books
    totals, limit = DebtTotals(total_debt, total_debt_shares), view(pool.credit_line, vault)[0]
    holders = (sender, vault, pool)
    before = [balances(market, who) for who in holders]
    held = {owner: position(market, owner) for owner in {owner for owner, _ in made}}
    shares, paid, fee, seized = (
        sum(getattr(answer, name) for _, answer in made) for name in ("shares", "paid", "fee", "seized")
    )

    logs: list[Log] = []
    yield logs

    events = []
    for owner, answer in made:
        close, payment = pack_liquidation(
            answer.seized, answer.shares, answer.paid, answer.fee, answer.health_before, answer.health_after
        )
        events.append(log(vault, "Liquidation", owner=owner, close=close, payment=payment))
    packed = pack_debt_totals(totals.debt, totals.shares)
    events.append(log(vault, "LiquidationCall", liquidator=sender, price=price, debt_totals=packed))
    if seized > 0:
        events.append(log(market.collateral, "Transfer", sender=vault, receiver=sender, value=seized))
    if paid + fee > 0:
        events.append(log(market.loan, "Transfer", sender=sender, receiver=pool, value=paid + fee))

    after = settled(totals, shares)
    extinguished = totals.debt - after.debt
    loss = -(min(0, paid * FRACTION - extinguished) // FRACTION)  # rounded up
    backing = (before[2].loan + paid + fee) * FRACTION + after.debt
    shortfall = max(0, total_assets - backing) // FRACTION
    if loss > 0 or shortfall > 0:
        lost = max(loss, min(shortfall, extinguished // FRACTION))
        events.append(log(pool, "LimitSet", vault=vault, limit=limit - min(limit, lost)))
        parts = {"reserves": max(loss, shortfall) - shortfall, "backstop": 0, "lenders": shortfall}
        events.append(log(pool, "Loss", vault=vault, **parts))

    assert logs == events
    changes = [balances(market, who) - old for who, old in zip(holders, before, strict=True)]
    assert changes == [Balances(-paid - fee, seized), Balances(0, -seized), Balances(paid + fee, 0)]
    for owner, answer in made:
        held[owner] = (held[owner][0] - answer.seized, held[owner][1] - answer.shares)
    assert {owner: position(market, owner) for owner in held} == held
    assets = total_assets - shortfall * FRACTION
    assert view(pool.totals) == [assets, after.debt, supply, after.shares, log_rate, flags]


def open_position(
    market: Market, owner: AccountAPI, collateral: str | int = 10, debt: str | int = 15_000
) -> tuple[int, int]:
    """Locks and borrows whole tokens; returns collateral in base units and debt shares."""
    send(market.vault.open, market.collaterals(collateral), market.loans(debt), sender=owner)
    return position(market, owner)


def residue(pool: ContractInstance, loan: ContractInstance) -> int:
    """`cash + total_debt - total_assets` in 1/65536 base units: the reserve, were it not cut at 0."""
    assets, debt = view(pool.totals)[:2]
    return view(loan.balanceOf, pool)[0] * FRACTION + debt - assets


def assert_sums(market: Market, owners: Iterable[Any], other_vaults: Iterable[Market] = ()) -> None:
    """P2, P3 and V1 on a market where only `owners` (and those of `other_vaults`) have positions."""
    drawn = view(market.pool.credit_line, market.vault)[1]
    held = [position(market, owner) for owner in owners]
    assert sum(shares for _, shares in held) == drawn  # P2
    assert balances(market, market.vault).collateral >= sum(collateral for collateral, _ in held)  # V1
    elsewhere = sum(view(market.pool.credit_line, other.vault)[1] for other in other_vaults)
    assert drawn + elsewhere == debt_totals(market.pool).shares  # P2
    assert residue(market.pool, market.loan) > -FRACTION  # P3


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


def seasoned_market(
    builder: Builder, lender: AccountAPI, debtor: AccountAPI, actors: Sequence[AccountAPI]
) -> Market:
    """6-decimal loans on an 18-decimal collateral worth 2,000; `debtor` has owed half of it for 400 days.

    No ratio is round: a debt share has interest in it.
    """
    market = build_market(builder, [lender, debtor, *actors])
    send(market.pool.deposit, market.loans(4_000_000), lender, sender=lender)
    send(market.vault.open, market.collaterals(2_000), market.loans(2_000_000), sender=debtor)
    pass_time(400 * DAY)
    send(market.pool.accrue, sender=lender)
    return market


def every_call(market: Market, who: Any, victim: Any, signer: AccountAPI) -> dict[str, tuple[Any, ...]]:
    """Every function of a vault that changes anything, with arguments that work for `who` in small amounts.

    Args:
        market: where `who` has a healthy position, tokens and approvals.
        who: the caller, owner and receiver.
        victim: has a position that can be liquidated.
        signer: names `who` his operator.
    """
    vault = market.vault
    message = {"owner": signer.address, "operator": plain(who), "rights": BORROW, "nonce": 0, "deadline": MAX}
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
