"""Baskets and positions in every state that a close can meet, for tests of the integers alone."""

from dataclasses import dataclass, replace
from random import Random

from plimsoll.twin import slices
from plimsoll.twin.liquidation import DebtTotals, Risk, ceil_div, is_restorable
from plimsoll.units import MAX, PRICE_SCALE, WAD

DECIMALS_TOP = 27


@dataclass(frozen=True)
class Terms:
    """A basket: its legs, what they share, and prices at which it could be made."""

    legs: tuple[slices.Leg, ...]
    risk: Risk
    prices: tuple[int, ...]


@dataclass(frozen=True)
class BasketCase:
    """One position at the prices of now, one offer, and the legs left out; a price of 0 is silent."""

    terms: Terms
    amounts: tuple[int, ...]
    debt_shares: int
    prices: tuple[int, ...]
    totals: DebtTotals
    max_repay: int
    without: int

    @property
    def debt(self) -> int:
        return self.totals.assets_up(self.debt_shares)

    @property
    def worth(self) -> slices.Worth:
        return slices.worth_of(self.amounts, self.prices, self.terms.legs, self.without)

    @property
    def is_slice(self) -> bool:
        """Whether every leg held is taken."""
        return all(taken or not amount for taken, amount in zip(self.worth.taken, self.amounts, strict=True))

    @property
    def is_covered(self) -> bool:
        """Whether what has a price pays debt and smallest bonus."""
        return is_restorable(self.worth.low, self.debt, self.terms.risk.bonus_min)

    def quote(self) -> slices.Quote:
        """The twin's close."""
        return slices.quote(
            self.amounts, self.debt_shares, self.prices, self.terms.legs, self.totals, self.max_repay,
            self.terms.risk, self.without,
        )  # fmt: skip

    def after(self, quote: slices.Quote, max_repay: int = MAX, without: int = 0) -> "BasketCase":
        """What a close leaves, at the debt per share before it, as in a batch."""
        left = tuple(a - b for a, b in zip(self.amounts, quote.seized, strict=True))
        return replace(
            self,
            amounts=left,
            debt_shares=self.debt_shares - quote.shares,
            max_repay=max_repay,
            without=without,
        )

    def value_of(self, amounts: tuple[int, ...]) -> int:
        """What amounts are worth, 1e36 of a base unit of the loan asset: not rounded."""
        return sum(a * p for a, p in zip(amounts, self.prices, strict=True))


def random_terms(rng: Random) -> Terms:
    """2 to 8 legs of 0 to 27 decimals, thresholds of .40 to .97, anything else that the Factory accepts."""
    count, loan_decimals = rng.randint(2, 8), rng.choice((6, 8, 18))
    thresholds = [rng.randint(40, 97) * WAD // 100 for _ in range(count)]
    top = max(thresholds)
    bonus_min = _log_uniform(rng, WAD // 1_000, min(WAD // 5, 98 * 10**16 * WAD // top - WAD))
    bonus_top = (WAD - 1) * WAD // top - WAD  # threshold*(1 + bonus) < 1
    bonus_max = rng.choice((bonus_min, rng.randint(bonus_min, min(bonus_top, WAD // 2))))
    least = ceil_div(top * (WAD + bonus_max), WAD)
    risk = Risk(
        ltv=0,
        threshold=0,
        bonus_min=bonus_min,
        bonus_max=bonus_max,
        health_for_max_bonus=rng.choice((least, rng.randint(least, WAD - 1))),
        target_health=rng.choice((1_005 * 10**15, 125 * 10**16, rng.randint(1_005 * 10**15, 125 * 10**16))),
        shortfall_slope=rng.choice((0, WAD // 4, rng.randint(0, WAD // 4))),
        liquidation_fee=rng.choice((0, 3 * 10**17, rng.randint(0, 3 * 10**17))),
        min_debt=max(ceil_div(1_000 * WAD, bonus_min), _log_uniform(rng, 1, 10**4 * 10**loan_decimals)),
    )
    coarsest = (
        risk.min_debt * bonus_min * PRICE_SCALE // (100 * WAD * count)
    )  # of a base unit, by the Factory
    prices = [
        min(coarsest, _log_uniform(rng, 1, 10**5) * 10 ** (36 + loan_decimals - rng.randint(0, DECIMALS_TOP)))
        for _ in thresholds
    ]
    legs = tuple(
        slices.Leg(threshold * 9 // 10, threshold, price * rng.choice((4, 5, 20)))
        for threshold, price in zip(thresholds, prices, strict=True)
    )
    return Terms(legs, risk, tuple(prices))


def random_basket_case(rng: Random, terms: Terms) -> BasketCase:
    """A position, most often liquidatable: index 1 to 100, worth nothing to healthy, some legs silent."""
    risk = terms.risk
    debt = rng.choice(
        (
            rng.randint(1, 10),
            risk.min_debt + rng.randint(-3, 3),
            2 * risk.min_debt + rng.randint(-3, 3),
            _log_uniform(rng, 1, 10**4 * risk.min_debt),
            *(_log_uniform(rng, risk.min_debt, 1_000 * risk.min_debt) for _ in range(3)),
        )
    )
    index = rng.choice((1.0, 1 + rng.random() / 10, rng.uniform(1, 100), rng.uniform(1, 100)))
    shares = max(1, int(debt * 1_000 / index))
    others = rng.choice((0, rng.randint(1, 1_000), rng.randint(0, 10) * shares))
    totals = DebtTotals(
        int((shares + others) * index * 65_536 / 1_000) + rng.randint(0, 70_000), shares + others
    )
    debt = totals.assets_up(shares)

    prices = [max(1, int(price * rng.choice((1.0, rng.uniform(0.2, 1.3))))) for price in terms.prices]
    parts = [rng.choice((0.0, rng.random() ** 3, rng.random())) for _ in prices]
    parts[rng.randrange(len(parts))] += 0.1
    average = sum(w * leg.threshold for w, leg in zip(parts, terms.legs, strict=True)) / sum(parts)
    edge, healthy = WAD + risk.bonus_min, int(WAD * WAD / average)
    coverage = rng.choice(  # V/D, WAD
        (
            rng.choice((0, rng.randint(0, WAD))),
            rng.randint(WAD // 2, edge),
            edge + rng.choice((-2, -1, 0, 1, 2, rng.randint(-(10**12), 10**12))),
            *(rng.randint(edge, max(edge, healthy)) for _ in range(4)),
            rng.randint(edge, edge + 2 * risk.bonus_max),
            healthy + rng.choice((-1, 0, 1, WAD // 100)),
        )
    )
    amounts = [
        min(2**128 - 1, int(debt * coverage * part / sum(parts)) * PRICE_SCALE // WAD // price)
        + rng.choice((0, 0, 1))
        for part, price in zip(parts, prices, strict=True)
    ]
    if rng.random() < 0.1:  # a lane at its top, of a leg that is worth next to nothing
        leg = rng.randrange(len(amounts))
        amounts[leg], prices[leg] = 2**128 - 1, 1
    now = tuple(
        0 if amount == 0 or rng.random() < 0.06 else price
        for amount, price in zip(amounts, prices, strict=True)
    )
    without = rng.choice((0, 0, rng.randrange(2 ** len(now)), 1 << rng.randrange(len(now))))
    case = BasketCase(terms, tuple(amounts), shares, now, totals, MAX, without)
    whole = case.quote().paid
    offers = (
        *(MAX, MAX, MAX, 0, 1, rng.randint(2, 20), rng.randint(0, debt), rng.randint(0, max(whole, 1))),
        *(
            number + rng.choice((-1, 0, 1))
            for number in (whole, debt, debt - risk.min_debt, totals.assets_up(1))
        ),
    )
    return replace(case, max_repay=max(0, rng.choice(offers)))


def _log_uniform(rng: Random, low: int, high: int) -> int:
    bits = rng.uniform(max(low, 1).bit_length() - 1, high.bit_length())
    return min(max(int(2**bits), low), high)
