"""Which closes of a basket to carry out in one transaction, and what is left after debt, fee, gas and sales.

A batch takes the same part of every leg. Only a single close can leave legs out, so whoever holds a leg that
nobody buys or that does not move is closed alone, without it. Legs whose oracle is silent are left out by the
basket itself. Amounts are base units, prices 1e36; proceeds are rounded down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from plimsoll.keeper.choice import ALL, INTEREST, Gas
from plimsoll.keeper.decision import COOLING, Decision, Terms, settled
from plimsoll.twin import slices
from plimsoll.twin.liquidation import DebtTotals, Risk, ceil_div
from plimsoll.twin.uniswap_v2 import amount_out
from plimsoll.units import MAX, NO_LIMIT, PRICE_SCALE, order


class Slice(NamedTuple):
    """A position and what closing it takes and gives."""

    owner: str
    quote: slices.Quote

    @property
    def limit(self) -> int:
        """The most that may be paid for it, without the fee: what was chosen and a little interest."""
        return min(NO_LIMIT, self.quote.paid * (ALL + INTEREST) // ALL + 1)


class LegVenue(Protocol):
    """Where the legs are sold, in their order."""

    def proceeds_by_leg(self, amounts: Sequence[int]) -> list[int]:
        """Base units of the loan asset for base units of each leg."""


@dataclass(frozen=True, slots=True)
class FixedPrices:
    """A market that takes any amount of a leg at one price (1e36)."""

    prices: tuple[int, ...]

    def proceeds_by_leg(self, amounts: Sequence[int]) -> list[int]:
        """See `LegVenue`."""
        return [amount * price // PRICE_SCALE for amount, price in zip(amounts, self.prices, strict=True)]


class Hop(NamedTuple):
    """A sale on a Uniswap v2 pair."""

    pair: str
    token_in: str
    token_out: str


@dataclass(frozen=True, slots=True)
class Routes:
    """Uniswap v2 pairs; a pair that several legs pass remembers what was sold before."""

    paths: tuple[tuple[Hop, ...], ...]  # by leg, without a hop when nothing leads to the loan asset
    held: Mapping[tuple[str, str], int]  # by pair and token

    def proceeds_by_leg(self, amounts: Sequence[int]) -> list[int]:
        """See `LegVenue`."""
        held = dict(self.held)
        found = []
        for path, amount in zip(self.paths, amounts, strict=True):
            for pair, token_in, token_out in path:
                reserve_in, reserve_out = held[pair, token_in], held[pair, token_out]
                bought = amount_out(amount, (reserve_in, reserve_out))
                held[pair, token_in], held[pair, token_out] = reserve_in + amount, reserve_out - bought
                amount = bought
            found.append(amount if path else 0)
        return found


@dataclass(frozen=True)
class BasketBatch:
    """Closes to carry out together, and what they are expected to bring; base units of the loan asset."""

    candidates: tuple[Slice, ...]
    without: int  # mask of the legs that a single close leaves out
    by_leg: tuple[int, ...]  # proceeds
    gas_cost: int

    @cached_property
    def due(self) -> int:
        """Fees included."""
        return sum(each.quote.due for each in self.candidates)

    @cached_property
    def seized(self) -> tuple[int, ...]:
        """Base units of each leg."""
        return tuple(map(sum, zip(*(each.quote.seized for each in self.candidates), strict=True)))

    @property
    def proceeds(self) -> int:
        """Of all legs."""
        return sum(self.by_leg)

    @property
    def profit(self) -> int:
        """After gas."""
        return self.proceeds - self.due - self.gas_cost

    @property
    def orders(self) -> list[int]:
        """Words for `liquidate_batch`: no close becomes larger than it was chosen, but for interest."""
        return [order(each.owner, each.limit) for each in self.candidates]


@dataclass(frozen=True, slots=True)
class BasketSituation:
    """All that a decision depends on, of one block."""

    positions: Mapping[str, tuple[int, ...]]  # base units of each leg, debt shares
    prices: tuple[int, ...]  # the oracles', 1e36; 0 for a silent one
    legs: tuple[slices.Leg, ...]
    totals: DebtTotals
    risk: Risk
    venue: LegVenue
    gas: Gas
    funds: int  # the keeper's, base units of the loan asset
    cooling: Collection[str]  # owners to leave alone
    barred: int  # mask of legs that nobody buys or that do not move


def decide_basket(now: BasketSituation, terms: Terms) -> Decision:
    """As `decide`: the batch or the single close of the greatest profit, or what loses little."""
    whole: list[Slice] = []
    alone: list[tuple[Slice, int]] = []
    closable, unknown = set(), 0
    for owner, (*amounts, shares) in now.positions.items():
        if shares == 0:
            continue
        quote = _quote(now, amounts, shares, 0)
        unknown += quote.liquidatable and not quote.known
        if not quote.liquidatable:
            continue
        for without in masks(amounts, now.barred):
            part = _quote(now, amounts, shares, without) if without else quote
            if part.executable:
                closable.add(owner)
                if without:
                    alone.append((Slice(owner, part), without))
                else:
                    whole.append(Slice(owner, part))
    count = len(closable)
    if not count:
        return Decision(0, None, terms.floor, _nothing(unknown))
    whole = [each for each in whole if each.owner not in now.cooling]
    alone = [each for each in alone if each[0].owner not in now.cooling]
    if not whole and not alone:
        return Decision(count, None, terms.floor, COOLING)
    best, batch = (_best(now, whole, alone, funds) for funds in (MAX, now.funds))
    return settled(count, best, batch, lambda: _least_losses(now, whole, alone, terms), now.funds, terms)


def _nothing(unknown: int) -> str:
    if unknown:
        return f"silent oracles leave open what {unknown} positions are worth; nothing can be closed"
    return "every position is healthy"


def masks(amounts: Sequence[int], barred: int) -> Iterator[int]:
    """What a close of a position may leave out: what is barred, and one leg more, which may sell badly.

    Only legs that it holds count. 0 is a slice, which can share a batch; all else is closed alone.

    Args:
        amounts: base units of each leg.
        barred: mask of the legs that nobody buys or that do not move.
    """
    left = sum(1 << leg for leg, amount in enumerate(amounts) if amount and barred >> leg & 1)
    sold = [leg for leg, amount in enumerate(amounts) if amount and not barred >> leg & 1]
    if sold:
        yield left
    if len(sold) > 1:
        yield from (left | 1 << leg for leg in sold)


def _quote(now: BasketSituation, amounts: Sequence[int], shares: int, without: int) -> slices.Quote:
    return slices.quote(amounts, shares, now.prices, now.legs, now.totals, MAX, now.risk, without)


def _batch(now: BasketSituation, chosen: Sequence[Slice], without: int = 0) -> BasketBatch:
    seized = map(sum, zip(*(each.quote.seized for each in chosen), strict=True))
    by_leg = tuple(now.venue.proceeds_by_leg(list(seized)))
    return BasketBatch(tuple(chosen), without, by_leg, now.gas.cost(len(chosen)))


def _best(
    now: BasketSituation, whole: Sequence[Slice], alone: Iterable[tuple[Slice, int]], funds: int
) -> BasketBatch | None:
    """The batch or the single close that brings most for at most `funds`; None when all lose."""
    offers = [_grown(now, whole, funds)]
    offers += [_batch(now, [each], without) for each, without in alone if each.quote.due <= funds]
    paying = [offer for offer in offers if offer and offer.profit > 0]
    return max(paying, key=lambda offer: offer.profit, default=None)


def _grown(now: BasketSituation, offered: Sequence[Slice], funds: int) -> BasketBatch | None:
    """The best returns first, as long as each brings more than its gas."""
    single = {each: _batch(now, [each]) for each in offered}
    ranked = sorted(
        offered, key=lambda it: single[it].proceeds * PRICE_SCALE // max(1, it.quote.due), reverse=True
    )
    gas = ceil_div(now.gas.order_price, PRICE_SCALE)
    kept: list[Slice] = []
    lot, due, income = [0] * len(now.legs), 0, 0
    for each in ranked:
        if len(kept) == now.gas.room or due + each.quote.due > funds:
            continue
        more = [amount + taken for amount, taken in zip(lot, each.quote.seized, strict=True)]
        after = sum(now.venue.proceeds_by_leg(more)) - due - each.quote.due
        if after > income + gas:
            kept.append(each)
            lot, due, income = more, due + each.quote.due, after
    return _batch(now, kept) if kept else None


def _least_losses(
    now: BasketSituation, whole: Sequence[Slice], alone: Iterable[tuple[Slice, int]], terms: Terms
) -> BasketBatch | None:
    """Closes that together lose at most the budget, those that lose least first; else a single one."""

    def is_cheap(offer: BasketBatch) -> bool:
        income = offer.proceeds - offer.due
        is_enough = terms.least_income is None or income >= terms.least_income
        return is_enough and offer.profit >= -terms.budget and offer.due <= now.funds

    kept: list[Slice] = []
    for each in sorted(whole, key=lambda it: -_batch(now, [it]).profit):
        if len(kept) < now.gas.room and is_cheap(_batch(now, [*kept, each])):
            kept.append(each)
    if kept:
        return _batch(now, kept)
    singles = [_batch(now, [each], without) for each, without in alone]
    return max(filter(is_cheap, singles), key=lambda offer: offer.profit, default=None)
