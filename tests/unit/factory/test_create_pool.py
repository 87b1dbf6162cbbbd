"""Making pools; what parameters a pool refuses is in `unit/pool/test_constructor.py`."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, NOBODY


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


COOLDOWN, MINIMUM_STAKE = 8, 9  # places in the struct


@pytest.mark.parametrize(
    ("field", "accepted", "refused", "reason"),
    [
        (COOLDOWN, 3 * DAY, 3 * DAY - 1, "backstop: cooldown 3 to 60 days"),
        (COOLDOWN, 60 * DAY, 60 * DAY + 1, "backstop: cooldown 3 to 60 days"),
        (MINIMUM_STAKE, 10**9, 10**9 - 1, "backstop: minimum below a token"),
    ],
)
def test_the_backstop(factory, pool_struct, curator, stranger, field, accepted, refused, reason):
    for value, expected in ((accepted, None), (refused, reason)):
        struct = (*pool_struct[:field], value, *pool_struct[field + 1 :])
        assert refusal(factory.create_pool, struct, curator, 3 * DAY, sender=stranger) == expected
