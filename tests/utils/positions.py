"""Positions in every state that a liquidation can meet, for tests of the integers alone."""

from dataclasses import dataclass
from random import Random

from plimsoll.params import BLUE_CHIP, CORRELATED, VOLATILE
from plimsoll.twin.liquidation import DebtTotals, Quote, Risk, ceil_div
from plimsoll.twin.liquidation import quote as twin_quote
from plimsoll.units import MAX, PRICE_SCALE, WAD

PRESETS = (BLUE_CHIP, CORRELATED, VOLATILE)


@dataclass(frozen=True)
class Case:
    """One position at one price and one offer."""

    collateral: int
    debt_shares: int
    price: int
    totals: DebtTotals
    max_repay: int
    risk: Risk

    @property
    def debt(self) -> int:
        return self.totals.assets_up(self.debt_shares)

    @property
    def value(self) -> int:
        return self.collateral * self.price // PRICE_SCALE

    def quote(self, max_repay: int | None = None) -> Quote:
        """The twin's close, for another offer when one is given."""
        offer = self.max_repay if max_repay is None else max_repay
        return twin_quote(self.collateral, self.debt_shares, self.price, self.totals, offer, self.risk)


def _log_uniform(rng: Random, low: int, high: int) -> int:
    bits = rng.uniform(max(low, 1).bit_length() - 1, high.bit_length())
    return min(max(int(2**bits), low), high)


def random_risk(rng: Random) -> Risk:
    """A preset, or parameters drawn from all that a vault's constructor accepts."""
    loan_decimals = rng.choice((6, 8, 18))
    if rng.random() < 0.5:
        return Risk.from_struct(rng.choice(PRESETS).to_struct(loan_decimals))
    while True:
        threshold = rng.randint(WAD // 10, 97 * WAD // 100)
        bonus_min = _log_uniform(rng, WAD // 1_000, WAD // 5)
        bonus_max = rng.choice((bonus_min, rng.randint(bonus_min, WAD // 2)))
        least = ceil_div(threshold * (WAD + bonus_max), WAD)
        ltv = rng.randint(threshold // 2, threshold - 1)
        if (
            least >= WAD
            or threshold * (WAD + bonus_min) > 98 * 10**16 * WAD
            or ltv * (WAD + bonus_min) > 96 * 10**16 * WAD
        ):
            continue
        return Risk(
            ltv=ltv,
            threshold=threshold,
            bonus_min=bonus_min,
            bonus_max=bonus_max,
            health_for_max_bonus=rng.choice((least, rng.randint(least, WAD - 1))),
            target_health=rng.choice(
                (1_005 * 10**15, 125 * 10**16, rng.randint(1_005 * 10**15, 125 * 10**16))
            ),
            shortfall_slope=rng.choice((0, WAD // 4, rng.randint(0, WAD // 4))),
            liquidation_fee=rng.choice((0, 3 * 10**17, rng.randint(0, 3 * 10**17))),
            min_debt=max(ceil_div(1_000 * WAD, bonus_min), _log_uniform(rng, 1, 10**4 * 10**loan_decimals)),
        )


def random_case(rng: Random, risk: Risk) -> Case:
    """A position, most often liquidatable: index 1 to 30 (at times 5,000), value from nothing to healthy."""
    debt = rng.choice(
        (
            rng.randint(1, 10),
            risk.min_debt + rng.randint(-3, 3),
            2 * risk.min_debt + rng.randint(-3, 3),
            _log_uniform(rng, 1, 10**4 * risk.min_debt),
            _log_uniform(rng, risk.min_debt, 1_000 * risk.min_debt),
        )
    )
    index = rng.choice(
        (1.0, 1 + rng.random() / 10, rng.uniform(1, 30), rng.uniform(1, 30), rng.uniform(30, 5_000))
    )
    shares = max(1, int(debt * 1_000 / index))
    others = rng.choice((0, rng.randint(1, 1_000), rng.randint(0, 10) * shares))
    totals = DebtTotals(
        int((shares + others) * index * 65_536 / 1_000) + rng.randint(0, 70_000), shares + others
    )
    debt = totals.assets_up(shares)

    collateral = rng.choice(
        (
            *(_log_uniform(rng, 2**30, 2**90) for _ in range(6)),
            *(_log_uniform(rng, 1, 2**100) for _ in range(3)),
            rng.randint(0, 10),
        )
    )
    edge = WAD + risk.bonus_min
    coverage = rng.choice(  # V/D, WAD
        (
            rng.choice((0, rng.randint(0, WAD))),
            rng.randint(WAD // 2, edge),
            edge + rng.choice((-2, -1, 0, 1, 2, rng.randint(-(10**12), 10**12))),
            rng.randint(edge, WAD * WAD // risk.threshold),
            rng.randint(edge, WAD * WAD // risk.threshold),
            rng.randint(edge, WAD * WAD // risk.threshold),
            rng.randint(edge, min(2 * edge, edge + 2 * risk.bonus_max)),
            WAD * WAD // risk.threshold + rng.choice((-1, 0, 1, WAD // 100)),
        )
    )
    price = max(1, debt * coverage * PRICE_SCALE // WAD // max(collateral, 1) + rng.choice((-1, 0, 1)))
    price = min(price, 2**255 // max(collateral, 1))
    case = Case(collateral, shares, price, totals, MAX, risk)
    whole = case.quote().paid
    offers = (
        *(MAX, MAX, 0, 1, rng.randint(2, 20), rng.randint(0, debt), rng.randint(0, max(whole, 1))),
        *(
            number + rng.choice((-1, 0, 1))
            for number in (whole, debt, debt - risk.min_debt, totals.assets_up(1))
        ),
    )
    return Case(collateral, shares, price, totals, max(0, rng.choice(offers)), risk)
