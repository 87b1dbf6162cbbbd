"""The least repayment that brings health to 1, against all offers tried one by one."""

import random

import pytest

from plimsoll.scenario.needed import least_repayment
from plimsoll.twin import liquidation, slices
from plimsoll.twin.liquidation import DebtTotals, Risk
from plimsoll.twin.slices import Leg
from plimsoll.units import PRICE_SCALE, WAD

PERCENT = WAD // 100
RISK = Risk(
    80 * PERCENT, 83 * PERCENT, 2 * PERCENT, 10 * PERCENT, 93 * PERCENT, 105 * PERCENT, WAD // 10, WAD // 10,
    2_500 * 10**6,
)  # fmt: skip
TIGHT = Risk(
    93 * PERCENT,
    95 * PERCENT,
    PERCENT // 2,
    2 * PERCENT,
    WAD * 39 // 40,
    101 * PERCENT,
    WAD // 10,
    WAD // 10,
    0,
)
FREE = {"min_debt": 0}


def books(rng: random.Random) -> DebtTotals:
    debt = rng.randrange(10**10, 10**14)
    return DebtTotals(debt << 16, debt * 10**6 * rng.randrange(90, 100) // 100)


def without_least_debt(risk: Risk) -> Risk:
    return Risk(*(getattr(risk, name) for name in Risk.__slots__[:-1]), 0)


@pytest.mark.parametrize("risk", [RISK, TIGHT], ids=["wide", "tight"])
def test_of_a_vault_it_is_the_least_offer_that_heals(risk) -> None:
    """Of debts of 50 to 3,000 base units, at healths from 0.94 to 1 - 1e-6."""
    rng, found = random.Random(7), 0
    plain = without_least_debt(risk)
    legs = (Leg(risk.ltv, risk.threshold, 0),)
    for _ in range(400):
        totals = books(rng)
        shares = rng.randrange(50, 3_000) * 10**6
        price = rng.randrange(10**23, 10**25)
        health = 1 - 10 ** rng.uniform(-6, -1.2)
        collateral = int(totals.assets_up(shares) * health * WAD / risk.threshold * PRICE_SCALE / price)
        first = liquidation.quote(collateral, shares, price, totals, 10**12, plain)
        if not first.liquidatable:
            continue
        needed = least_repayment((collateral,), shares, (price,), legs, totals, risk)
        if needed is None:
            continue
        healthy = (
            offer
            for offer in range(1, totals.assets_up(shares) + 1)
            if liquidation.quote(collateral, shares, price, totals, offer, plain).health_after >= WAD
        )
        assert needed == next(healthy)
        found += 1
    assert found > 150


def test_of_a_basket_likewise() -> None:
    rng, found = random.Random(8), 0
    plain = without_least_debt(RISK)
    legs = (Leg(0, 83 * PERCENT, PRICE_SCALE), Leg(0, 70 * PERCENT, PRICE_SCALE))
    for _ in range(300):
        totals = books(rng)
        shares = rng.randrange(50, 3_000) * 10**6
        prices = (rng.randrange(10**23, 10**25), rng.randrange(10**33, 10**35))
        debt, part = totals.assets_up(shares), rng.uniform(0.2, 0.8)
        health = 1 - 10 ** rng.uniform(-6, -1.5)
        amounts = tuple(
            int(debt * health * share * WAD / leg.threshold * PRICE_SCALE / price)
            for share, leg, price in zip((part, 1 - part), legs, prices, strict=True)
        )
        if not slices.quote(amounts, shares, prices, legs, totals, 10**12, plain).liquidatable:
            continue
        needed = least_repayment(amounts, shares, prices, legs, totals, RISK)
        if needed is None:
            continue
        healthy = (
            offer
            for offer in range(1, debt + 1)
            if slices.quote(amounts, shares, prices, legs, totals, offer, plain).health_after >= WAD
        )
        assert needed == next(healthy, debt)
        found += 1
    assert found > 100


def test_of_a_large_debt_it_is_right_to_a_millionth() -> None:
    """Between 25 and 3,000 dollars: the offer heals, and one of a millionth less does not."""
    rng = random.Random(9)
    plain = without_least_debt(RISK)
    legs = (Leg(RISK.ltv, RISK.threshold, 0),)
    for _ in range(200):
        totals = books(rng)
        shares = rng.randrange(10**8, 10**10) * 10**6
        price = rng.randrange(10**23, 10**25)
        collateral = int(totals.assets_up(shares) * 0.96 * WAD / RISK.threshold * PRICE_SCALE / price)
        needed = least_repayment((collateral,), shares, (price,), legs, totals, RISK)
        after = [
            liquidation.quote(collateral, shares, price, totals, offer, plain).health_after
            for offer in (needed, needed * (10**6 - 1) // 10**6 - 1)
        ]
        assert after[0] >= WAD > after[1]


def test_a_shortfall_cannot_be_healed() -> None:
    totals = DebtTotals(10**12 << 16, 10**18)
    legs = (Leg(RISK.ltv, RISK.threshold, 0),)
    assert least_repayment((10**6,), 10**12, (PRICE_SCALE,), legs, totals, RISK) is None
