"""Which closes to put into one batch, so that what is left after debt, fee, gas and sale is greatest.

The closes themselves are the twin's, exact; in a batch they do not depend on each other. What makes the
choice hard is that the whole collateral is sold at once: the more, the lower the price of the last unit. The
answer starts from shadow prices (one for collateral, one for a place in the batch), which also bound what any
batch can bring, and then looks through the deviations that the bound allows.

Amounts are base units, prices 1e36 as the oracle's; costs are rounded up, proceeds down.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import heappop, heappush, nlargest, nsmallest
from itertools import accumulate
from math import isqrt
from typing import NamedTuple, Protocol, cast

from plimsoll.keeper.gas import BATCH_GAS, ORDER_GAS
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, ceil_div, quotes
from plimsoll.twin.uniswap_v2 import AFTER_FEE, FEE_BASE, Reserves, quote_out
from plimsoll.units import NO_LIMIT, PRICE_SCALE, order

ALL = 10_000  # basis points
INTEREST = 10  # basis points by which a close may become dearer until it is mined
MAX_ORDERS = 256  # of a batch
PATIENCE = 5_000  # batches looked at before the best so far is taken
STEPS = 100  # by which the first batch is improved at most
WIDTH = 16  # candidates to add, and to drop, that a step considers
BISECTIONS = 40  # of the shadow price: to about 1e-12 of the first price


class Candidate(NamedTuple):
    """A position and what closing it takes and gives."""

    owner: str
    quote: Quote


class Venue(Protocol):
    """Where the collateral is sold."""

    def proceeds(self, amount: int) -> int:
        """Base units of the loan asset for `amount` base units of collateral, rounded down."""

    def marginal(self, amount: int) -> int:
        """The price (1e36, rounded down) of the next unit after `amount`."""

    def surplus(self, price: int) -> int:
        """The most by which proceeds can exceed `price` (1e36) times the amount sold, rounded up."""


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """A market that takes any amount at one price (1e36)."""

    price: int

    def proceeds(self, amount: int) -> int:
        """See `Venue`."""
        return amount * self.price // PRICE_SCALE

    def marginal(self, _amount: int) -> int:
        """See `Venue`."""
        return self.price

    def surplus(self, price: int) -> int:
        """See `Venue`; only asked at prices at least as high as the market's."""
        assert price >= self.price, "without bound"
        return 0


@dataclass(frozen=True)
class Route:
    """Uniswap v2 pairs, one after the other, each with its fee of 0.3 %.

    Not rounded, they give `out * amount / (base + slope * amount)`, as a single pair does.
    """

    pairs: tuple[Reserves, ...]

    @cached_property
    def _curve(self) -> tuple[int, int, int]:
        out, base, slope = 1, 1, 0
        for reserve_in, reserve_out in self.pairs:
            slope = reserve_in * FEE_BASE * slope + AFTER_FEE * out
            out, base = out * AFTER_FEE * reserve_out, base * reserve_in * FEE_BASE
        return out, base, slope

    def proceeds(self, amount: int) -> int:
        """See `Venue`."""
        return quote_out(amount, self.pairs)

    def marginal(self, amount: int) -> int:
        """See `Venue`."""
        out, base, slope = self._curve
        return out * base * PRICE_SCALE // (base + slope * amount) ** 2

    def down_to(self, price: int) -> int:
        """The most after which the next unit still brings `price` (1e36, above 0); 0 if none does."""
        out, base, slope = self._curve
        return max(0, (isqrt(out * base * PRICE_SCALE // price) - base) // slope)

    def surplus(self, price: int) -> int:
        """See `Venue`: `(sqrt(out) - sqrt(base * price))**2 / slope`."""
        out, base, slope = self._curve
        at_par = base * price // PRICE_SCALE
        if at_par >= out:
            return 0
        return ceil_div(out + at_par - isqrt(4 * out * at_par), slope)


@dataclass(frozen=True)
class Gas:
    """What gas a batch takes, and what it costs.

    The default amounts are those of `vault.liquidate_batch` in bench/README.md, rounded up.
    """

    price: int = 0  # loan asset for a unit of gas, 1e36: base units times 1e36
    cap: int = 15_000_000  # of one transaction
    batch: int = BATCH_GAS  # whatever is in it
    order: int = ORDER_GAS  # for each order
    batch_data: int = 0  # loan asset for the data of a batch on a rollup, 1e36
    order_data: int = 0  # the same for each order

    @cached_property
    def room(self) -> int:
        """How many orders the cap allows."""
        return max(0, min(MAX_ORDERS, (self.cap - self.batch) // self.order))

    def cost(self, orders: int) -> int:
        """Base units of the loan asset for a batch of so many orders, rounded up; no orders, no batch."""
        return -(-(self.batch_price + self.order_price * orders) // PRICE_SCALE) if orders else 0

    @cached_property
    def batch_price(self) -> int:
        """Loan asset for a batch, whatever is in it, 1e36."""
        return self.batch * self.price + self.batch_data

    @cached_property
    def order_price(self) -> int:
        """Loan asset for each order, 1e36."""
        return self.order * self.price + self.order_data


@dataclass(frozen=True, slots=True)
class Batch:
    """Closes to carry out together, and what they are expected to bring."""

    candidates: tuple[Candidate, ...]
    due: int  # base units of the loan asset, fees included
    seized: int  # base units of collateral
    proceeds: int  # base units of the loan asset
    gas_cost: int  # base units of the loan asset
    bound: int  # no batch brings more profit than this, base units of the loan asset

    @property
    def profit(self) -> int:
        """Base units of the loan asset."""
        return self.proceeds - self.due - self.gas_cost

    @property
    def orders(self) -> list[int]:
        """Words for `liquidate_batch`: no close becomes larger than it was chosen, but for interest."""
        return [
            order(each.owner, min(NO_LIMIT, each.quote.paid * (ALL + INTEREST) // ALL + 1))
            for each in self.candidates
        ]

    @property
    def executed(self) -> int:
        """The bits that `liquidate_batch` answers when every order is carried out."""
        return (1 << len(self.candidates)) - 1


def candidates(
    positions: Mapping[str, tuple[int, ...]], price: int, totals: DebtTotals, risk: Risk
) -> list[Candidate]:
    """The positions that can be closed at a price (1e36), and their closes, exactly."""
    owners = list(positions)
    found = quotes(cast(Collection[tuple[int, int]], positions.values()), price, totals, risk)
    return [Candidate(owners[number], quote) for number, quote in found if quote.executable]


def choose(offered: Iterable[Candidate], venue: Venue, gas: Gas, patience: int = PATIENCE) -> Batch:
    """The batch of the greatest profit; an empty one when every batch loses.

    Each candidate is closed as a whole or not at all. The answer is the best of all batches unless more than
    `patience` of them come near the bound; then it is the best of those looked at, and `bound` says how far
    the best of all can be away.

    Args:
        offered: closes, each of another owner.
        venue: where the collateral is sold.
        gas: amounts, price and cap.
        patience: how many batches to look at.
    """
    top = venue.marginal(0)
    lots = (_Lot(each.quote.seized, each.quote.due, each) for each in offered)
    pool = [lot for lot in lots if _gain(lot, top, gas) > 0]
    if len(pool) < 2:  # there is nothing to choose
        alone = _batch([lot.candidate for lot in pool], venue, gas, 0)
        is_best = alone.profit > 0 and len(pool) <= gas.room
        return replace(alone, bound=alone.profit) if is_best else _batch([], venue, gas, 0)
    shadow, place = _shadow_prices(pool, venue, gas)
    gains = sorted(
        ((_gain(lot, shadow, gas) - place, lot) for lot in pool),
        key=lambda it: (abs(it[0]), it[0], it[1].seized, it[1].cost),
    )
    bound = (
        venue.surplus(shadow)
        + (sum(max(0, gain) for gain, _ in gains) + place * gas.room - gas.batch_price) // PRICE_SCALE
    )
    best = _improved(_first(pool, shadow, venue, gas), pool, venue, gas)
    best = _searched(best, gains, bound, venue, gas, patience)
    return _batch([lot.candidate for lot in best], venue, gas, bound if best else max(0, bound))


class _Lot(NamedTuple):
    """What a candidate gives and takes, at hand."""

    seized: int
    cost: int
    candidate: Candidate


def _first(pool: Sequence[_Lot], shadow: int, venue: Venue, gas: Gas) -> list[_Lot]:
    """The best beginning of a few rankings: by gain at prices around the shadow price, and by return."""
    top = venue.marginal(0)
    prices = [shadow + (top - shadow) * part // 4 for part in range(-4, 5)]
    rankings = [[seized * price - cost * PRICE_SCALE for seized, cost, _ in pool] for price in prices]
    rankings.append([_return(lot.candidate) for lot in pool])
    most, best, before = 0, list[_Lot](), list[int]()
    for ranking in rankings:
        ranked = sorted(range(len(pool)), key=ranking.__getitem__, reverse=True)[: gas.room]
        if ranked == before:
            continue
        before = ranked
        seized = due = 0
        for count, place in enumerate(ranked, 1):
            lot = pool[place]
            seized, due = seized + lot.seized, due + lot.cost
            profit = venue.proceeds(seized) - due - gas.cost(count)
            if profit > most:
                most, best = profit, [pool[each] for each in ranked[:count]]
    return best


def _improved(batch: list[_Lot], pool: Sequence[_Lot], venue: Venue, gas: Gas) -> list[_Lot]:
    """Adds, drops or exchanges one candidate as long as that brings more."""
    chosen = {lot.candidate.owner: lot for lot in batch}
    seized, due = sum(lot.seized for lot in batch), sum(lot.cost for lot in batch)
    most = venue.proceeds(seized) - due - gas.cost(len(chosen)) if batch else 0
    for _ in range(STEPS):
        price = venue.marginal(seized)

        def gain(lot: _Lot) -> int:
            return lot.seized * price - lot.cost * PRICE_SCALE  # noqa: B023

        others = nlargest(WIDTH, (lot for lot in pool if lot.candidate.owner not in chosen), key=gain)
        worst = nsmallest(WIDTH, chosen.values(), key=gain)
        step = None
        for out in (None, *worst):
            for new in (None, *others):
                count = len(chosen) - (out is not None) + (new is not None)
                if not 0 < count <= gas.room:
                    continue
                lot = seized - (out.seized if out else 0) + (new.seized if new else 0)
                cost = due - (out.cost if out else 0) + (new.cost if new else 0)
                profit = venue.proceeds(lot) - cost - gas.cost(count)
                if profit > most:
                    most, step = profit, (out, new, lot, cost)
        if step is None:
            break
        out, new, seized, due = step
        if out is not None:
            del chosen[out.candidate.owner]
        if new is not None:
            chosen[new.candidate.owner] = new
    return list(chosen.values())


def _searched(
    best: list[_Lot],
    gains: Sequence[tuple[int, _Lot]],
    bound: int,
    venue: Venue,
    gas: Gas,
    patience: int,
) -> list[_Lot]:
    """The best batch among those whose gains at shadow prices come nearest to the bound, or `best`.

    Args:
        best: a batch that is known.
        gains: at shadow prices (loan asset in 1e36), in the order of their sizes, alike ones side by side.
        bound: no batch brings more.
        venue: where the collateral is sold.
        gas: amounts, price and cap.
        patience: how many batches to look at.
    """
    turn = [(-1, -seized, -cost) if gain > 0 else (1, seized, cost) for gain, (seized, cost, _) in gains]
    sizes = [abs(gain) for gain, _ in gains]
    following = list(
        range(1, len(turn) + 1)
    )  # of the next that is not alike: of alike ones the first are turned
    for number in reversed(range(len(turn) - 1)):
        if turn[number] == turn[number + 1]:
            following[number] = following[number + 1]

    # All sets of deviations from the batch of positive gains, cheapest first: what they cost at shadow
    # prices, a number that makes the order definite, the places in `gains` that are turned round, and the
    # batch's orders, collateral and dues. Those that cost more than the best may fall short of the bound are
    # never looked at.
    orders, seized, due = (-sum(step[part] for step in turn if step[0] < 0) for part in range(3))
    states: list[tuple[int, int, tuple[int, ...], int, int, int]] = [(0, 0, (), orders, seized, due)]
    most = venue.proceeds(sum(lot.seized for lot in best)) - sum(lot.cost for lot in best)
    most -= gas.cost(len(best))
    end = (bound - most + 1) * PRICE_SCALE
    found, room, count = None, gas.room, len(gains)
    for looked in range(patience):
        if not states or states[0][0] >= end:
            break
        spent, _, turned, orders, seized, due = heappop(states)
        if 0 < orders <= room and (profit := venue.proceeds(seized) - due - gas.cost(orders)) > most:
            most, found = profit, turned
            end = (bound - most + 1) * PRICE_SCALE
        last = turned[-1] if turned else -1
        if last + 1 < count and (more := spent + sizes[last + 1]) < end:
            order, lot, cost = turn[last + 1]
            state = orders + order, seized + lot, due + cost
            heappush(states, (more, 2 * looked, (*turned, last + 1), *state))
        if turned and (further := following[last]) < count:
            instead = spent - sizes[last] + sizes[further]
            if instead < end:
                (a, b, c), (d, e, f) = turn[last], turn[further]
                state = orders - a + d, seized - b + e, due - c + f
                heappush(states, (instead, 2 * looked + 1, (*turned[:-1], further), *state))
    if found is None:
        return best
    turned_round = set(found)
    return [lot for number, (gain, lot) in enumerate(gains) if (gain > 0) != (number in turned_round)]


def least_losses(
    offered: Iterable[Candidate], venue: Venue, gas: Gas, budget: int, least_income: int | None
) -> Batch:
    """Closes that together lose at most `budget`, those that lose least first; an empty batch without any.

    Args:
        offered: closes, each of another owner.
        venue: where the collateral is sold.
        gas: amounts, price and cap.
        budget: base units of the loan asset.
        least_income: what they have to leave before gas, base units of the loan asset; None: any.
    """
    first = venue.marginal(0)
    ranked = sorted(offered, key=lambda it: it.quote.due * PRICE_SCALE - it.quote.seized * first)
    kept: list[Candidate] = []
    seized = due = 0
    for each in ranked:
        lot, cost = seized + each.quote.seized, due + each.quote.due
        income = venue.proceeds(lot) - cost
        is_enough = least_income is None or income >= least_income
        if is_enough and len(kept) < gas.room and income - gas.cost(len(kept) + 1) >= -budget:
            kept.append(each)
            seized, due = lot, cost
    return _batch(kept, venue, gas, 0)


def within_funds(batch: Batch, funds: int, venue: Venue, gas: Gas) -> Batch:
    """The batch, or as much of it as `funds` (base units of the loan asset) pay, the best returns first."""
    if batch.due <= funds:
        return batch
    kept: list[Candidate] = []
    left = funds
    for each in sorted(batch.candidates, key=_return, reverse=True):
        if each.quote.due <= left:
            kept.append(each)
            left -= each.quote.due
    return _batch(kept, venue, gas, batch.bound)


def _return(candidate: Candidate) -> int:
    """Collateral for a base unit of the loan asset, 1e36."""
    return candidate.quote.seized * PRICE_SCALE // max(1, candidate.quote.due)


def _gain(lot: _Lot, price: int, gas: Gas) -> int:
    """What a candidate brings at a price (1e36) for its collateral, loan asset in 1e36."""
    return lot.seized * price - lot.cost * PRICE_SCALE - gas.order_price


def _shadow_prices(pool: Sequence[_Lot], venue: Venue, gas: Gas) -> tuple[int, int]:
    """A price for collateral (1e36) at which about as much is worth closing as the venue takes at it.

    And the price of a place in the batch, loan asset in 1e36: what the first without one would bring.
    """
    # in the order of the prices above which they gain, so that most sums need no second look
    ordered = sorted((-_gain(lot, 0, gas) // lot.seized, lot.seized, lot) for lot in pool)
    thresholds = [threshold for threshold, _, _ in ordered]
    sums = [0, *accumulate(seized for _, seized, _ in ordered)]
    low, high, room = 0, venue.marginal(0), gas.room
    for _ in range(BISECTIONS):
        price = (low + high) // 2
        gaining = bisect_left(thresholds, price)
        taken = sums[gaining]
        if gaining > room:
            gains = ((_gain(lot, price, gas), seized) for _, seized, lot in ordered[:gaining])
            taken = sum(seized for _, seized in nlargest(room, gains))
        if venue.marginal(taken) > price:
            low = price
        else:
            high = price
    if len(pool) <= room:
        return high, 0
    best = nlargest(room + 1, (_gain(lot, high, gas) for lot in pool))
    return high, max(0, best[room])


def _batch(chosen: Sequence[Candidate], venue: Venue, gas: Gas, bound: int) -> Batch:
    seized = sum(each.quote.seized for each in chosen)
    due = sum(each.quote.due for each in chosen)
    return Batch(tuple(chosen), due, seized, venue.proceeds(seized), gas.cost(len(chosen)), bound)
