"""The invariants that every single call must hold; checked on the twin, which equals the chain (T1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.twin.backstop import VIRTUAL, Backstop, Part
from plimsoll.twin.basket import Basket
from plimsoll.twin.chain import Revert
from plimsoll.twin.ledger import Totals
from plimsoll.twin.pool import Pool
from plimsoll.twin.share_math import VIRTUAL_SHARES, VIRTUAL_VALUE, to_assets_up
from plimsoll.twin.spoke import Spoke
from plimsoll.twin.vault import Vault
from plimsoll.units import FRACTION, NOBODY, PRICE_SCALE, WAD

Position = tuple[Any, int]  # collateral, of the basket by leg, and debt shares

BOOKING_DUST = 3  # base units of what all shares are worth by which a close may lower the price of exits


@dataclass(frozen=True)
class Books:
    """What is looked at before and after a call, with interest up to now."""

    totals: Totals
    positions: dict[str, dict[str, Position]]
    seized: bool  # cash is missing that nobody has booked
    exit: tuple[int, int]  # assets (fractions) and shares by which exits are priced
    provisions: int  # base units
    stake: Part  # of the backstop
    escrow: Part
    income: int
    is_still: bool  # the stream of income, because provisions exceed the reserve

    @classmethod
    def of(cls, model: dict[str, Any]) -> "Books":
        pool: Pool = model["pool"]
        t = pool.accrued()
        backing = pool.cash() * FRACTION + t.total_debt
        positions = {name: _positions(part) for name, part in model.items() if isinstance(part, Spoke)}
        seized = t.total_assets - backing >= FRACTION
        books = model["backstop"].books()
        return cls(
            t,
            positions,
            seized,
            pool.exit_terms(t),
            pool.provisions(),
            books.stake,
            books.escrow,
            books.income,
            pool.backstop_haircut() > 0,
        )


def _positions(spoke: Spoke) -> dict[str, Position]:
    if isinstance(spoke, Vault):
        return dict(spoke.positions)
    assert isinstance(spoke, Basket)
    return {owner: spoke.position_of(owner) for owner in spoke.amounts.keys() | spoke.shares.keys()}


def check(
    model: dict[str, Any],
    before: Books,
    target: str,
    function: str,
    arguments: Sequence[Any],
    answer: Any,
    sender: str,
) -> Books:
    """How a call has left the books; raises AssertionError, naming the invariant, when it has broken one."""
    pool: Pool = model["pool"]
    spokes = {name: part for name, part in model.items() if isinstance(part, Spoke)}
    after = Books.of(model)
    t = after.totals
    loss = losses(pool)
    called_back = function == "callback"
    if called_back:
        # what is judged by the totals at the start is judged by those of the outer call
        function, *arguments, _ = arguments

    assert sum(pool.balances.values()) == t.total_supply, "P1"
    for name, spoke in spokes.items():
        positions = after.positions[name].values()
        drawn = sum(shares for _, shares in positions)
        assert drawn == pool.line(spoke.address)[1], f"P2 {name}"
        if isinstance(spoke, Vault):
            locked = sum(collateral for collateral, _ in positions)
            assert spoke.collateral.balance_of(spoke.address) >= locked, f"V1 {name}"
    assert sum(drawn for _, drawn in pool.lines.values()) == t.total_debt_shares, "P2"
    if function != "burn":
        assert not after.seized or before.seized, "P3"

    _check_backstop(model["backstop"])

    if function != "burn":
        _check_exit_price(pool, before, after, target, called_back)
    if not sum(loss) and after.stake.generation == before.stake.generation and before.stake.supply:
        left, former = after.stake, before.stake
        # a poke that stops the stream stops it from when the books were stored: until then nothing is earned
        unearned = max(0, after.income - before.income) if after.is_still and not before.is_still else 0
        kept = (left.assets + unearned + VIRTUAL) * (former.supply + VIRTUAL)
        assert kept >= (former.assets + VIRTUAL) * (left.supply + VIRTUAL) or not left.supply, "B2"
    for name, spoke in spokes.items():
        # in a callback anybody's unhealthy position of another vault may be liquidated
        inner = "liquidate" if called_back and name != target else function
        _check_rights(spoke, before.positions[name], after.positions[name], inner, sender)
    lenders = loss[2]
    # the price falls by the lenders' loss at most, which those bear who have not entered in the same call
    b = before.totals
    fall = -_price((t.total_assets, t.total_supply), (b.total_assets, b.total_supply))
    assert fall <= _borne(lenders, t.total_supply, b.total_supply, pool), "P5"
    if t.total_debt_shares:
        index = (t.total_debt + VIRTUAL_VALUE) * (before.totals.total_debt_shares + VIRTUAL_SHARES)
        former = (before.totals.total_debt + VIRTUAL_VALUE) * (t.total_debt_shares + VIRTUAL_SHARES)
        assert index >= former or not before.totals.total_debt_shares, "P6"
    if lenders:
        # the profit, or what a callback sends, after the loss
        gift = called_back or (target == "liquidator" and pool.address in arguments)
        assert pool.reserves() == 0 or gift, "W1 reserve"
        assert pool.balances.get(pool.backstop, 0) == 0 or pool.backstop == NOBODY, "W1 backstop"
    if isinstance(answer, Revert):
        return after
    if target == "loan" and function == "mint":
        assert t == before.totals, "P4"
    if function in ("redeem", "withdraw") and target in ("pool", "backstop"):
        _check_consent(before, target, function, arguments[0], answer)
    vault = model[target]
    if isinstance(vault, Vault):
        own = sum(losses(pool, vault.address))
        spare = 1 if called_back else 0  # what settling elsewhere meanwhile adds by rounding
        _check_vault_call(vault, target, pool, before, after, function, arguments, answer, own, spare)
    return after


def losses(pool: Pool, *of: str) -> tuple[int, int, int]:
    """What a call has booked, by reserve, backstop and lenders; of these vaults alone, if any are named."""
    losses = [event.values for event in pool.chain.events if event.name == "Loss"]
    parts = [(values[1], values[2], values[3]) for values in losses if not of or values[0] in of]
    reserves, backstop, lenders = map(sum, zip((0, 0, 0), *parts, strict=True))
    return reserves, backstop, lenders


def _check_exit_price(pool: Pool, before: Books, after: Books, target: str, called_back: bool) -> None:
    """P5: exits fall by what provisions rise, by what is lost and was not provided for, and by dust."""
    fall = -_price(after.exit, before.exit)
    if target in ("pool", "backstop", "loan", "council"):
        released = before.provisions - after.provisions
        assert fall <= 0 or sum(losses(pool)) > max(0, released), "P5 exits"
        return
    unprovided = max(0, sum(losses(pool)) - (before.provisions - after.provisions))
    closes = sum(event.name == "Liquidation" for event in pool.chain.events)
    allowed = unprovided + BOOKING_DUST * closes + called_back
    assert fall <= _borne(allowed, after.exit[1], before.exit[1], pool), "P5 exits of a vault's call"


def _check_consent(before: Books, target: str, function: str, amount: int, answer: Any) -> None:
    """X1: who has named no bound gives up a thousandth at most, and rounding."""
    shares, assets = (amount, answer) if function == "redeem" else (answer, amount)
    if target == "pool":
        worth = before.totals.total_assets + VIRTUAL_VALUE
        supply = (before.totals.total_supply + VIRTUAL_SHARES) * FRACTION
    else:
        worth, supply = before.escrow.assets + VIRTUAL, before.escrow.supply + VIRTUAL
    unit = supply + worth  # an asset or a share: one of them is rounded
    assert (shares * worth) * 999 <= (assets * supply + unit) * 1_000, f"X1 {target}.{function}"


def _price(left: tuple[int, int], right: tuple[int, int]) -> int:
    """Above, at or below 0 as the share price of the left assets (fractions) and shares is to the right's."""
    worth, other = left[0] + VIRTUAL_VALUE, right[0] + VIRTUAL_VALUE
    return worth * (right[1] + VIRTUAL_SHARES) - other * (left[1] + VIRTUAL_SHARES)


def _borne(loss: int, supply: int, former_supply: int, pool: Pool) -> int:
    """What a loss (base units) may take from the price, scaled as `_price` is.

    Shares that are made in the same call bear none of it: a callback may book a loss and enter after it.
    """
    made = sum(
        event.values[2]
        for event in pool.chain.events
        if (event.contract, event.name) == (pool.address, "Transfer") and event.values[0] == NOBODY
    )
    left = supply + VIRTUAL_SHARES
    return loss * FRACTION * left * (former_supply + VIRTUAL_SHARES) // max(1, left - made)


def _check_backstop(backstop: Backstop) -> None:
    """B1: shares add up, in the stake and in the escrow, and the books know of no more than there is."""
    books = backstop.books()
    staked = [n for (generation, _), n in backstop.balances.items() if generation == books.stake.generation]
    assert sum(staked) == books.stake.supply, "B1 stake"
    departing = sum(backstop.departing(owner, books) for owner in backstop.departures)
    assert departing == books.escrow.supply, "B1 escrow"
    assert books.known <= backstop.pool.balances.get(backstop.address, 0), "B1 held"


def _check_rights(
    spoke: Spoke, former: dict[str, Position], now: dict[str, Position], function: str, sender: str
) -> None:
    """V4, V4b: the owner, an operator within his rights, or a liquidation; nobody else."""
    for owner, (collateral, shares) in now.items():
        collateral_before, shares_before = former.get(owner, (collateral, 0))
        rights = 3 if sender == owner else spoke.rights.get((owner, sender), 0)
        if _has_fallen(collateral_before, collateral):
            assert rights & 1 or function.startswith("liquidate"), "V4 collateral"
        if shares > shares_before:
            assert rights & 2, "V4 debt"


def _has_fallen(before: Any, after: Any) -> bool:
    """Whether a vault's collateral has, or one of a basket's legs."""
    if isinstance(after, int):
        return bool(after < before)
    return any(left < held for held, left in zip(before, after, strict=True))


def _check_vault_call(
    vault: Vault,
    target: str,
    pool: Pool,
    before: Books,
    after: Books,
    function: str,
    arguments: Sequence[Any],
    answer: Any,
    loss: int,
    spare: int,
) -> None:
    """V2, V3, P9, L1 to L3, L6, L7; `spare` base units more of debt and of loss are allowed."""
    t = after.totals
    risk = vault.risk
    former, now = before.positions[target], after.positions[target]
    if function in ("borrow", "open", "withdraw", "close"):
        owner = arguments[-1]
        collateral, shares = now.get(owner, (0, 0))
        rose = shares > former.get(owner, (0, 0))[1]
        if shares and (rose or collateral < former.get(owner, (0, 0))[0]):
            debt = to_assets_up(shares, t.total_debt, t.total_debt_shares)
            safe = collateral * vault.oracle.safe_price() // PRICE_SCALE
            assert safe * risk.ltv >= (debt - spare) * WAD, "V2"
            assert not rose or debt >= risk.min_debt, "V3"
        if rose:
            limit, drawn = pool.line(vault.address)
            assert to_assets_up(drawn, t.total_debt, t.total_debt_shares) <= limit + spare, "P9"
    if function.startswith("liquidate"):
        price = vault.oracle.price()
        b = before.totals
        all_restorable = True
        for owner, (collateral, shares) in former.items():
            collateral_now, shares_now = now.get(owner, (0, 0))
            if (collateral, shares) == (collateral_now, shares_now):
                continue
            debt = to_assets_up(shares, b.total_debt, b.total_debt_shares)
            value = collateral * price // PRICE_SCALE
            assert value * risk.threshold < debt * WAD, "L1"
            assert collateral_now * shares >= collateral * shares_now, "L2"
            assert collateral_now or not shares_now, "L6"
            if value * WAD >= debt * (WAD + risk.bonus_min):
                debt_now = to_assets_up(shares_now, b.total_debt, b.total_debt_shares)
                assert collateral_now * price // PRICE_SCALE >= debt_now, "L3 solvent"
                assert debt_now == 0 or debt_now >= risk.min_debt or debt_now >= debt - 1, "V3 restorable"
            else:
                all_restorable = False
        if all_restorable and not before.seized:
            assert loss <= 1 + spare + last_share(b, t), f"L3 loss {loss}"
        bonus = risk.bonus_max
        paid, fee, seized = answer[:3]
        assert seized * price // PRICE_SCALE <= paid * (WAD + bonus) // WAD + 1 + len(former), "L7"
        assert fee <= paid, "fee"


def last_share(before: Totals, after: Totals) -> int:
    """What the last debt share of a pool may leave unpaid, base units; 0 when it has not left."""
    unit = -(-(before.total_debt + VIRTUAL_VALUE) // ((before.total_debt_shares + VIRTUAL_SHARES) * FRACTION))
    return 0 if after.total_debt_shares else 1_000 * unit
