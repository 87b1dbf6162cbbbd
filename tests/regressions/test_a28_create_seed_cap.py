"""A28: a market was created, seeded and capped in one transaction when its timelock ran out (Sonne).

Here lenders can come in only after the free hand has ended; from the first share on every raise waits.
"""

import pytest

from plimsoll.params import BLUE_CHIP, PoolParams
from plimsoll.testing import refusal
from plimsoll.testing.market import build_market
from plimsoll.units import DAY, MAX
from tests.utils.actor import intruder_plan, outcomes


@pytest.fixture(scope="module")
def curator(chain, builder):
    """A contract: it can do anything that its office allows in one transaction."""
    return chain.make("Intruder")


@pytest.fixture(scope="module")
def market(builder, lender):
    """For its tokens, oracle and factory."""
    return build_market(builder, [lender])


@pytest.fixture(scope="module")
def pool(chain, builder, market, curator, stranger):
    struct = PoolParams(name="Plimsoll", symbol="p").to_struct(market.loan.address, 6)
    builder.factory.create_pool(struct, curator, 3 * DAY, sender=stranger)
    pool = chain.at("Pool", builder.factory.pools(builder.factory.pool_count() - 1))
    market.loan.mint(curator, 10**12, sender=stranger)
    curator.approve(market.loan, pool, MAX, sender=stranger)
    return pool


def test_a28_create_seed_cap(chain, builder, market, pool, curator, stranger):
    factory, council = builder.factory, chain.at("Council", pool.council())
    creation = (pool, market.collateral, market.oracle, BLUE_CHIP.to_struct(6))
    vault = factory.create_vault.call(*creation, sender=stranger)

    intruder_plan(
        curator,
        (pool.deposit, 10**6, curator),  # before opening: nobody can hold a share
        (factory.create_vault, *creation),
        (council.set_limit, vault, 10**6),
        (council.open_pool,),
        (pool.deposit, 10**12, curator),
        # from here on every way up is barred
        (council.set_limit, vault, 2 * 10**6),
        (council.set_limit, vault, 10**6),
        (council.restore_limit, vault, 2 * 10**6),
        (council.queue_limit, vault, 2 * 10**6),
        (council.execute_queued,),
        (council.queue_limit, vault, 2 * 10**6),
        (council.cut_limit, vault),
        (council.open_pool,),
        (pool.set_limit, vault, 2 * 10**6),
    )
    curator.run(sender=stranger)

    done = b""
    results = [done if isinstance(outcome, bytes) else outcome for outcome in outcomes(curator)]
    assert results == [
        "pool: not open",
        done,
        done,
        done,
        done,
        "council: limit may only fall",
        "council: limit may only fall",
        "council: nothing to restore",
        done,
        "council: too early",
        "council: one change at a time",
        "council: not the guardian",
        "pool: already open",
        "pool: not the council",
    ]
    assert pool.credit_line(vault)[0] == 10**6
    assert pool.totalSupply() == 10**15


def test_a28_nobody_holds_a_share_before_opening(pool, market, lender):
    market.loan.approve(pool, MAX, sender=lender)
    for amount in (0, 1, 10**6):
        assert refusal(pool.deposit, amount, lender, sender=lender) == "pool: not open"
        assert refusal(pool.mint, amount, lender, sender=lender) == "pool: not open"
    assert pool.totalSupply() == 0


def test_a28_what_is_ready_is_carried_out_by_the_curator_alone(chain, market, lender, stranger, deployer):
    """At Sonne anyone could execute what the timelock had released, together with an attack."""
    council = market.council
    market.pool.deposit(10**12, lender, sender=lender)
    council.queue_limit(market.vault, 10**13 + 1, sender=deployer)
    chain.advance(3 * DAY)
    assert refusal(council.execute_queued, sender=stranger) == "council: not the curator"
    assert refusal(council.execute_queued, sender=deployer) is None
