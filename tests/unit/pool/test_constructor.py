"""What a pool refuses to be built from, each beside the nearest thing that it accepts."""

from decimal import Decimal

import pytest

from plimsoll.params import PoolParams, RateParams
from plimsoll.testing import refusal
from plimsoll.twin.rates import Curve, rate_at_target, to_log
from plimsoll.units import DAY, MAX, WAD, YEAR
from tests.utils.pool_harness import closed_pool

POOL_FIELDS = (
    "asset",
    "name",
    "symbol",
    "reserve_factor",
    "flash_fee",
    "rates",
    "insurance_target",
    "backstop_share",
    "cooldown",
    "minimum_stake",
    "draw_burst",
    "draw_refill",
)
RATE_FIELDS = ("target_utilisation", "rate_min", "rate_max", "rate_initial", "speed", "steepness", "floor")


@pytest.fixture
def refusal_of(lab, builder, deployer):
    """The reason for refusing the default parameters with these changes, given as integers."""

    def refusal_of(**changes):
        struct = PoolParams(name="Pool", symbol="p").to_struct(lab.loan.address, 6)
        fields = dict(zip(POOL_FIELDS, struct, strict=True))
        curve = dict(zip(RATE_FIELDS, struct[5], strict=True))
        for name, change in changes.items():
            (curve if name in RATE_FIELDS else fields)[name] = change
        fields["rates"] = tuple(curve.values())
        return refusal(
            builder.factory.create_pool, tuple(fields.values()), deployer, 3 * DAY, sender=deployer
        )

    return refusal_of


def test_the_defaults_are_accepted(refusal_of):
    assert refusal_of() is None


def test_the_asset_has_6_to_18_decimals(refusal_of, builder):
    for decimals in (5, 19):
        assert refusal_of(asset=builder.token(decimals).address) == "pool: asset of 6 to 18 decimals"
    for decimals in (6, 18):
        minimum = 10 ** (decimals + 3)
        assert refusal_of(asset=builder.token(decimals).address, minimum_stake=minimum) is None


def test_the_pace(refusal_of):
    for burst in (1, WAD):
        assert refusal_of(draw_burst=burst) is None
    for burst in (0, WAD + 1):
        assert refusal_of(draw_burst=burst) == "pool: draw burst not in 0 to 1"
    for refill in (60, 30 * DAY):
        assert refusal_of(draw_refill=refill) is None
    assert refusal_of(draw_refill=59) == "pool: draw refill below a minute"
    assert refusal_of(draw_refill=30 * DAY + 1) == "pool: draw refill above 30 days"


def test_the_asset_is_a_token(refusal_of, stranger, builder):
    assert refusal_of(asset=stranger.address) == ""
    assert refusal_of(asset=builder.factory.address) == ""


def test_the_flash_fee(refusal_of):
    assert refusal_of(flash_fee=WAD // 100) is None
    assert refusal_of(flash_fee=WAD // 100 + 1) == "pool: flash fee above 1 %"


def test_the_reserve_factor(refusal_of):
    assert refusal_of(reserve_factor=0) is None
    assert refusal_of(reserve_factor=WAD // 4) is None
    assert refusal_of(reserve_factor=WAD // 4 + 1) == "pool: reserve factor above 25 %"


def test_the_insurance_target(refusal_of):
    assert refusal_of(insurance_target=WAD) is None
    assert refusal_of(insurance_target=WAD + 1) == "pool: insurance target above 1"


def test_the_backstop_share(refusal_of):
    assert refusal_of(backstop_share=WAD) is None
    assert refusal_of(backstop_share=WAD + 1) == "pool: backstop share above 1"


def test_name_and_symbol(refusal_of):
    assert refusal_of(name="", symbol="p") == "pool: no name"
    assert refusal_of(name="P", symbol="") == "pool: no symbol"
    assert refusal_of(name="P" * 50, symbol="p" * 32) is None


@pytest.mark.parametrize("target", [1, WAD - 1])
def test_the_target_utilisation_is_inside(refusal_of, target):
    assert refusal_of(target_utilisation=target) is None


@pytest.mark.parametrize("target", [0, WAD, MAX])
def test_the_target_utilisation_is_outside(refusal_of, target):
    assert refusal_of(target_utilisation=target) == "rates: target utilisation"


def test_the_range_of_rates(refusal_of):
    assert refusal_of(rate_min=0) == "rates: rate range"
    assert refusal_of(rate_min=1) is None
    assert refusal_of(rate_min=5, rate_initial=5, rate_max=5) == "rates: rate range"
    assert refusal_of(rate_min=5, rate_initial=5, rate_max=6) is None
    assert refusal_of(rate_min=6, rate_initial=6, rate_max=5) == "rates: rate range"


def test_the_highest_rate(refusal_of):
    assert refusal_of(rate_max=10 * WAD // YEAR) is None
    assert refusal_of(rate_max=10 * WAD // YEAR + 1) == "rates: rate too high"


def test_the_first_rate(refusal_of):
    bounds = {"rate_min": 1_000, "rate_max": 10**10}
    assert refusal_of(**bounds, rate_initial=999) == "rates: initial rate too low"
    assert refusal_of(**bounds, rate_initial=1_000) is None
    assert refusal_of(**bounds, rate_initial=10**10) is None
    assert refusal_of(**bounds, rate_initial=10**10 + 1) == "rates: initial rate too high"


def test_the_speed(refusal_of):
    assert refusal_of(speed=0) is None
    assert refusal_of(speed=1_000 * WAD // YEAR) is None
    assert refusal_of(speed=1_000 * WAD // YEAR + 1) == "rates: too fast"


def test_the_steepness(refusal_of):
    assert refusal_of(steepness=WAD - 1) == "rates: steepness"
    assert refusal_of(steepness=WAD) is None
    assert refusal_of(steepness=100 * WAD) is None
    assert refusal_of(steepness=100 * WAD + 1) == "rates: steepness"


def test_any_floor(refusal_of):
    assert refusal_of(floor=0) is None
    assert refusal_of(floor=MAX) is None


@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_it_says_what_it_was_made_of(builder, lab, decimals):
    token = builder.token(decimals)
    params = {
        "name": "Plimsoll Dollar",
        "symbol": "pUSD",
        "reserve_factor": Decimal("0.125"),
        "flash_fee": Decimal("0.0009"),
        "insurance_target": Decimal("0.03"),
        "backstop_share": Decimal("0.7"),
    }
    pool = closed_pool(builder, lab.factory, token, **params)
    struct = PoolParams(**params).to_struct(token.address, decimals)

    assert pool.asset() == token.address
    assert pool.name() == "Plimsoll Dollar"
    assert pool.symbol() == "pUSD"
    assert pool.decimals() == decimals + 3
    assert pool.reserve_factor() == WAD // 8
    assert pool.flashFee(token, WAD) == 9 * WAD // 10_000
    assert tuple(pool.rate_params()) == struct[5]
    assert (pool.insurance_target(), pool.backstop_share()) == struct[6:8]
    assert pool.totalSupply() == pool.totalAssets() == pool.supply_cap() == pool.paused_until() == 0
    assert not pool.is_open()


@pytest.mark.parametrize(
    "curve",
    [
        {},
        {"rate_initial": Decimal("0.001")},
        {"rate_initial": Decimal(2)},
        {"rate_min": Decimal("0.0000001"), "rate_max": Decimal(10), "rate_initial": Decimal("0.5")},
        {"rate_min": Decimal("0.05"), "rate_max": Decimal("0.06"), "rate_initial": Decimal("0.0555")},
    ],
)
def test_the_first_rate_is_kept_as_its_logarithm(builder, lab, curve):
    pool = closed_pool(builder, lab.factory, lab.loan, rates=RateParams(**curve))
    twin = Curve(*pool.rate_params())
    log_rate = to_log(twin.rate_initial, twin)
    assert pool.totals().log_rate == log_rate
    assert pool.rate_at_target() == rate_at_target(log_rate, twin)
    assert 0 <= twin.rate_initial - pool.rate_at_target() <= twin.rate_initial // 10**7 + 1
