"""Creation: what a vault refuses to be made of, each with its reason and the nearest that is accepted."""

import pytest

from plimsoll.params import BLUE_CHIP, price_of
from plimsoll.testing import refusal
from plimsoll.units import NOBODY, WAD

CENT = WAD // 100  # 1 %
FIELDS = (
    "ltv",
    "threshold",
    "bonus_min",
    "bonus_max",
    "health_for_max_bonus",
    "target_health",
    "shortfall_slope",
    "liquidation_fee",
    "min_debt",
)
BASE = dict(zip(FIELDS, BLUE_CHIP.to_struct(6), strict=True))
STEEP = {
    "bonus_min": 40 * CENT,
    "bonus_max": 40 * CENT,
    "ltv": 60 * CENT,
}  # threshold*(1 + bonus) <= 0.98 at 0.7
CLOSE = {
    "bonus_min": 20 * CENT,
    "bonus_max": 20 * CENT,
    "threshold": 81 * CENT,
    "health_for_max_bonus": 98 * CENT,
}
GENEROUS = {  # the smallest bonus alone is bounded by the ratios
    "threshold": 95 * CENT,
    "bonus_max": 4 * CENT,
    "health_for_max_bonus": 99 * CENT,
}
EXACT = {  # threshold*(1 + bonus_max) is 1e-36 above it
    "threshold": 890_699_311_974_157_703,
    "bonus_max": 52_654_742_016_141_367,
    "health_for_max_bonus": 937_598_854_460_111_592,
}
HALF = {"threshold": 49 * CENT, "ltv": 40 * CENT, "health_for_max_bonus": 98 * CENT}

# refused, with the reason; the nearest accepted
PARAMETERS = [
    ("no loan-to-value", {"ltv": 0}, {"ltv": 1}),
    ("ltv not below threshold", {"ltv": 83 * CENT}, {"ltv": 83 * CENT - 1, "bonus_min": CENT}),
    ("threshold not below 1", {"threshold": WAD}, None),
    ("threshold too high", {"threshold": WAD - 1}, None),
    (
        "threshold too high",
        STEEP | {"threshold": 70 * CENT + 1, "bonus_min": 40 * CENT - 1, "health_for_max_bonus": 98 * CENT},
        STEEP | {"threshold": 70 * CENT, "health_for_max_bonus": 98 * CENT},
    ),
    (
        "ltv too high",
        CLOSE | {"ltv": 80 * CENT + 1, "bonus_min": 20 * CENT - 1},
        CLOSE | {"ltv": 80 * CENT},
    ),
    ("no minimum bonus", {"bonus_min": 0}, {"bonus_min": 1, "min_debt": 1_000 * WAD}),
    ("bonus range", {"bonus_max": 2 * CENT - 1}, {"bonus_max": 2 * CENT}),
    ("bonus above 100 %", HALF | {"bonus_max": WAD + 1}, HALF | {"bonus_max": WAD}),
    ("max bonus at health 1", {"health_for_max_bonus": WAD}, {"health_for_max_bonus": WAD - 1}),
    (
        "bonus can lower health",
        {"health_for_max_bonus": 913 * 10**15 - 1},
        {"health_for_max_bonus": 913 * 10**15},
    ),
    ("bonus can lower health", EXACT, EXACT | {"bonus_max": EXACT["bonus_max"] - 1}),
    ("target health below 1.005", {"target_health": 1_005 * 10**15 - 1}, {"target_health": 1_005 * 10**15}),
    ("target health above 1.25", {"target_health": 125 * CENT + 1}, {"target_health": 125 * CENT}),
    ("slope above 1/4", {"shortfall_slope": 25 * CENT + 1}, {"shortfall_slope": 25 * CENT}),
    ("fee above 30 %", {"liquidation_fee": 30 * CENT + 1}, {"liquidation_fee": 30 * CENT}),
    ("minimum debt too large", {"min_debt": 2**94}, {"min_debt": 2**94 - 1}),
    ("minimum debt too small", {"min_debt": 49_999}, {"min_debt": 50_000}),
]


@pytest.fixture
def create(market):
    """`create_vault` of the factory with the market's pool; accepts or refuses without making one."""

    def create(reason=None, collateral=market.collateral, oracle=market.oracle, **changes):
        method, sender = market.builder.factory.create_vault, market.builder.deployer
        arguments = (market.pool, collateral, oracle, tuple((BASE | changes).values()))
        if reason is None:
            assert refusal(method, *arguments, sender=sender) is None
        else:
            assert refusal(method, *arguments, sender=sender) == reason

    return create


@pytest.mark.parametrize(("reason", "refused", "accepted"), PARAMETERS)
def test_parameters(create, reason, refused, accepted):
    create(f"vault: {reason}", **refused)
    if accepted is not None:
        create(**accepted)


def test_the_largest_bonus_is_bounded_by_health_alone(create):
    create(**GENEROUS, ltv=93 * CENT)


def test_zero_fee_and_zero_slope(create):
    create(liquidation_fee=0, shortfall_slope=0)


def test_price(create, builder):
    coarse = BASE["min_debt"] * 10**36 // 10_000
    create("vault: collateral unit coarse", oracle=builder.oracle(coarse + 1))
    create(oracle=builder.oracle(coarse))
    create("vault: zero price", oracle=builder.oracle(0))
    create(oracle=builder.oracle(1))


def test_safe_price(create, market, deployer):
    price = market.oracle.price()
    market.oracle.set_prices(price, price + 1, sender=deployer)
    create("vault: safe price above price")
    market.oracle.set_prices(price, price, sender=deployer)
    create()
    market.oracle.set_prices(price, price - 1, sender=deployer)
    create()


def test_oracle_that_does_not_answer(create, market, deployer):
    create("", oracle=NOBODY)
    create("", oracle=market.loan)
    market.oracle.set_silent(True, sender=deployer)
    create("lying oracle: silent")


def test_collateral(create, market, builder, deployer):
    create("vault: collateral is the loan", collateral=market.loan)
    create("vault: collateral is the pool", collateral=market.pool)
    create("vault: collateral is backstop", collateral=market.pool.backstop())
    create(collateral=market.builder.pool(market.loan).pool.backstop())  # another pool's
    create("", collateral=deployer)


@pytest.mark.parametrize("decimals", [0, 27])
def test_collateral_decimals(create, builder, decimals):
    price = price_of("0.01", decimals, 6)
    create(collateral=builder.token(decimals), oracle=builder.oracle(price))
    assert decimals == 0 or price == 10**13  # a unit is worth next to nothing, and the product stays exact


def test_collateral_with_too_many_decimals(create, builder):
    create("vault: above 27 decimals", collateral=builder.token(28), oracle=builder.oracle(10**12))
