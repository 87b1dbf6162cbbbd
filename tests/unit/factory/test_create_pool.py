"""Making pools."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, MAX, NOBODY, WAD, YEAR


def test_makes_a_pool_its_council_and_its_backstop(chain, factory, market, pool_struct, curator, stranger):
    number = factory.pool_count()

    receipt = factory.create_pool(pool_struct, curator, 5 * DAY, sender=stranger)

    pool = chain.at("Pool", factory.pools(number))
    council = chain.at("Council", factory.council_of(pool))
    assert factory.pool_count() == number + 1
    assert factory.is_pool(pool)
    assert factory.vault_count(pool) == 0
    assert pool.council() == council.address
    backstop = chain.at("Backstop", pool.backstop())
    assert backstop.asset() == pool.address
    assert backstop.cooldown() == pool_struct[8]
    assert backstop.minimum_stake() == pool_struct[9]
    assert (backstop.name(), backstop.symbol()) == ("Plimsoll Dollar Backstop", "pUSD-bs")
    assert backstop.decimals() == pool.decimals()
    assert not pool.is_open()
    assert pool.name() == "Plimsoll Dollar"
    assert tuple(pool.rate_params()) == pool_struct[5]
    assert council.pool() == pool.address
    assert council.curator() == curator
    assert council.delay() == 5 * DAY

    assert len(receipt.events) == 3
    (created,) = receipt.of(factory.PoolCreated)
    made = (created.pool, created.asset, created.council, created.backstop, created.curator)
    assert made == (
        pool.address,
        market.loan.address,
        council.address,
        backstop.address,
        curator.address,
    )
    assert created.params == pool_struct
    initialized = pool.Initialized(council=council, backstop=backstop)
    assert receipt.of(pool.Initialized) == [initialized]
    assert receipt.of(council.CuratorSet) == [council.CuratorSet(curator=curator)]


def test_gives_the_address(factory, pool_struct, curator, stranger):
    promised = factory.create_pool.call(pool_struct, curator, 3 * DAY, sender=stranger)
    factory.create_pool(pool_struct, curator, 3 * DAY, sender=stranger)
    assert factory.pools(factory.pool_count() - 1) == promised


def test_the_council_is_installed_for_ever(factory, market, deployer, curator):
    reason = refusal(market.pool.initialize, curator, NOBODY, sender=deployer)
    assert reason == "pool: not the factory"
    reason = refusal(market.pool.initialize, curator, NOBODY, sender=factory)
    assert reason == "pool: already initialized"


def test_two_pools_of_one_asset_are_two(factory, pool_struct, curator, stranger):
    factory.create_pool(pool_struct, curator, 3 * DAY, sender=stranger)
    factory.create_pool(pool_struct, stranger, 3 * DAY, sender=stranger)
    count = factory.pool_count()
    first, second = factory.pools(count - 2), factory.pools(count - 1)
    assert first != second
    assert factory.council_of(first) != factory.council_of(second)


@pytest.mark.parametrize(
    ("delay", "reason"),
    [(3 * DAY - 1, "council: delay of 3 to 30 days"), (31 * DAY, "council: delay of 3 to 30 days")],
)
def test_delays(factory, pool_struct, curator, stranger, delay, reason):
    assert refusal(factory.create_pool, pool_struct, curator, delay, sender=stranger) == reason
    assert refusal(factory.create_pool, pool_struct, curator, 30 * DAY, sender=stranger) is None


def test_without_a_curator(factory, pool_struct, stranger):
    reason = refusal(factory.create_pool, pool_struct, NOBODY, 3 * DAY, sender=stranger)
    assert reason == "council: no curator"


TARGET, RATE_MIN, RATE_MAX, RATE_INITIAL, SPEED, STEEPNESS = range(6)


@pytest.mark.parametrize(
    ("changes", "curve_changes", "reason"),
    [
        ({1: ""}, {}, "pool: no name"),
        ({2: ""}, {}, "pool: no symbol"),
        ({3: WAD // 4 + 1}, {}, "pool: reserve factor above 25 %"),
        ({4: WAD // 100 + 1}, {}, "pool: flash fee above 1 %"),
        ({6: WAD + 1}, {}, "pool: insurance target above 1"),
        ({7: WAD + 1}, {}, "pool: backstop share above 1"),
        ({8: 3 * DAY - 1}, {}, "backstop: cooldown 3 to 60 days"),
        ({8: 60 * DAY + 1}, {}, "backstop: cooldown 3 to 60 days"),
        ({9: 10**9 - 1}, {}, "backstop: minimum below a token"),
        ({10: 0}, {}, "pool: draw burst not in 0 to 1"),
        ({10: WAD + 1}, {}, "pool: draw burst not in 0 to 1"),
        ({11: 59}, {}, "pool: draw refill below a minute"),
        ({11: 30 * DAY + 1}, {}, "pool: draw refill above 30 days"),
        ({}, {TARGET: 0}, "rates: target utilisation"),
        ({}, {TARGET: WAD}, "rates: target utilisation"),
        ({}, {RATE_MIN: 0}, "rates: rate range"),
        ({}, {RATE_MAX: 1}, "rates: rate range"),
        ({}, {RATE_MAX: 10 * WAD // YEAR + 1}, "rates: rate too high"),
        ({}, {RATE_INITIAL: 1}, "rates: initial rate too low"),
        ({}, {RATE_INITIAL: MAX}, "rates: initial rate too high"),
        ({}, {SPEED: MAX}, "rates: too fast"),
        ({}, {STEEPNESS: WAD - 1}, "rates: steepness"),
    ],
)
def test_the_pools_reasons_pass_through(
    factory, pool_struct, curator, stranger, changes, curve_changes, reason
):
    fields = list(pool_struct)
    curve = list(fields[5])
    for index, change in curve_changes.items():
        curve[index] = change
    fields[5] = tuple(curve)
    for index, change in changes.items():
        fields[index] = change
    assert refusal(factory.create_pool, tuple(fields), curator, 3 * DAY, sender=stranger) == reason


def test_an_asset_of_other_decimals(factory, builder, pool_struct, curator, stranger):
    fields = (builder.token(19).address, *pool_struct[1:])
    reason = refusal(factory.create_pool, fields, curator, 3 * DAY, sender=stranger)
    assert reason == "pool: asset of 6 to 18 decimals"
