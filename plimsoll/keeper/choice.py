"""Which closes to put into one batch, so that what is left after debt, fee, gas and sale is greatest.

The closes themselves are the twin's, exact; in a batch they do not depend on each other. What makes the
choice hard is that the whole collateral is sold at once: the more, the lower the price of the last unit. The
answer starts from shadow prices (one for collateral, one for a place in the batch), which also bound what any
batch can bring, and then looks through the deviations that the bound allows.

Amounts are base units, prices 1e36 as the oracle's; costs are rounded up, proceeds down.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush, nlargest
from itertools import accumulate
from math import isqrt
from typing import NamedTuple, Protocol

from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, ceil_div, quotes
from plimsoll.twin.uniswap_v2 import AFTER_FEE, FEE_BASE, Reserves, quote_out
from plimsoll.units import PRICE_SCALE, order

MAX_ORDERS = 256  # of a batch
BATCH_GAS = 96_000
PATIENCE = 5_000  # batches looked at before the best so far is taken
BISECTIONS = 40  # of the shadow price: to about 1e-12 of the first price


class Candidate(NamedTuple):
    """A position and what closing it takes and gives."""

    owner: str
    quote: Quote

    @property
    def cost(self) -> int:
        """Base units of the loan asset due for it, with the fee."""
        return self.quote.paid + self.quote.fee


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

    def surplus(self, price: int) -> int:
        """See `Venue`: `(sqrt(out) - sqrt(base * price))**2 / slope`."""
        out, base, slope = self._curve
        at_par = base * price // PRICE_SCALE
        if at_par >= out:
            return 0
        return ceil_div(out + at_par - isqrt(4 * out * at_par), slope)


@dataclass(frozen=True, slots=True)
class Gas:
    """What gas a batch takes, and what it costs.

    The default amounts are those of `vault.liquidate_batch` in bench/README.md, rounded up.
    """

    price: int = 0  # loan asset for a unit of gas, 1e36: base units times 1e36
    cap: int = 15_000_000  # of one transaction
    batch: int = BATCH_GAS  # whatever is in it
    order: int = 9_600  # for each order

    @property
    def room(self) -> int:
        """How many orders the cap allows."""
        return max(0, min(MAX_ORDERS, (self.cap - self.batch) // self.order))

    def cost(self, orders: int) -> int:
        """Base units of the loan asset for a batch of so many orders, rounded up; no orders, no batch."""
        if not orders:
            return 0
        return ceil_div((self.batch + self.order * orders) * self.price, PRICE_SCALE)


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
        """Words for `liquidate_batch`, without limits."""
        return [order(each.owner) for each in self.candidates]

    @property
    def executed(self) -> int:
        """The bits that `liquidate_batch` answers when every order is carried out."""
        return (1 << len(self.candidates)) - 1


def candidates(
    positions: dict[str, tuple[int, int]], price: int, totals: DebtTotals, risk: Risk
) -> list[Candidate]:
    """The positions that can be closed at a price (1e36), and their closes, exactly."""
    owners = list(positions)
    found = quotes(positions.values(), price, totals, risk)
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
    pool = [each for each in offered if _gain(each, venue.marginal(0), gas) > 0]
    shadow, place = _shadow_prices(pool, venue, gas)
    gains = sorted(((_gain(each, shadow, gas) - place, each) for each in pool), key=lambda it: abs(it[0]))
    bound = (
        venue.surplus(shadow)
        + (sum(max(0, gain) for gain, _ in gains) + place * gas.room - gas.batch * gas.price) // PRICE_SCALE
    )
    turn = [(-1, -each.quote.seized, -each.cost) if gain > 0 else (1, each.quote.seized, each.cost)
            for gain, each in gains]  # fmt: skip

    # All sets of deviations from the batch of positive gains, cheapest first: what they cost at shadow
    # prices, a number that makes the order definite, the places in `gains` that are turned round, and the
    # batch's orders, collateral and dues.
    orders, seized, due = (-sum(step[part] for step in turn if step[0] < 0) for part in range(3))
    states: list[tuple[int, int, tuple[int, ...], int, int, int]] = [(0, 0, (), orders, seized, due)]
    most, best, room = 0, None, gas.room
    for looked in range(patience):
        if not states or states[0][0] // PRICE_SCALE > bound - most:
            break
        spent, _, turned, orders, seized, due = heappop(states)
        if 0 < orders <= room and (profit := venue.proceeds(seized) - due - gas.cost(orders)) > most:
            most, best = profit, turned
        last = turned[-1] if turned else -1
        if last + 1 < len(gains):
            further = abs(gains[last + 1][0])
            order, lot, cost = turn[last + 1]
            orders, seized, due = orders + order, seized + lot, due + cost
            heappush(states, (spent + further, 2 * looked, (*turned, last + 1), orders, seized, due))
            if turned:
                order, lot, cost = turn[last]
                instead = spent - abs(gains[last][0]) + further
                step = (*turned[:-1], last + 1)
                heappush(states, (instead, 2 * looked + 1, step, orders - order, seized - lot, due - cost))
    if best is None:
        return _batch((), venue, gas, max(0, bound))
    chosen = [each for number, (gain, each) in enumerate(gains) if (gain > 0) != (number in best)]
    return _batch(chosen, venue, gas, bound)


def within_funds(batch: Batch, funds: int, venue: Venue, gas: Gas) -> Batch:
    """The batch, or as much of it as `funds` (base units of the loan asset) pay, the best returns first."""
    if batch.due <= funds:
        return batch
    kept: list[Candidate] = []
    left = funds
    for each in sorted(
        batch.candidates, key=lambda it: it.quote.seized * PRICE_SCALE // it.cost, reverse=True
    ):
        if each.cost <= left:
            kept.append(each)
            left -= each.cost
    return _batch(kept, venue, gas, batch.bound)


def _gain(candidate: Candidate, price: int, gas: Gas) -> int:
    """What a candidate brings at a price (1e36) for its collateral, loan asset in 1e36."""
    return candidate.quote.seized * price - candidate.cost * PRICE_SCALE - gas.order * gas.price


def _shadow_prices(pool: Sequence[Candidate], venue: Venue, gas: Gas) -> tuple[int, int]:
    """A price for collateral (1e36) at which about as much is worth closing as the venue takes at it.

    And the price of a place in the batch, loan asset in 1e36: what the first without one would bring.
    """
    # in the order of the prices above which they gain, so that most sums need no second look
    ordered = sorted((-_gain(each, 0, gas) // each.quote.seized, each.quote.seized, each) for each in pool)
    thresholds = [threshold for threshold, _, _ in ordered]
    sums = [0, *accumulate(seized for _, seized, _ in ordered)]
    low, high = 0, venue.marginal(0)
    for _ in range(BISECTIONS):
        price = (low + high) // 2
        gaining = bisect_left(thresholds, price)
        taken = sums[gaining]
        if gaining > gas.room:
            gains = ((_gain(each, price, gas), seized) for _, seized, each in ordered[:gaining])
            taken = sum(seized for _, seized in nlargest(gas.room, gains))
        if venue.marginal(taken) > price:
            low = price
        else:
            high = price
    best = nlargest(gas.room + 1, (_gain(each, high, gas) for each in pool))
    return high, max(0, best[gas.room]) if len(best) > gas.room else 0


def _batch(chosen: Sequence[Candidate], venue: Venue, gas: Gas, bound: int) -> Batch:
    seized = sum(each.quote.seized for each in chosen)
    due = sum(each.cost for each in chosen)
    return Batch(tuple(chosen), due, seized, venue.proceeds(seized), gas.cost(len(chosen)), bound)
