"""Queueing a raise."""

from decimal import Decimal

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY

TOKEN = 10**6


def test_queues(chain, council, pool, vault, curator):
    receipt = council.queue_limit(vault, 150_000 * TOKEN, sender=curator)
    ready = chain.now + 3 * DAY
    assert receipt.events == [
        council.Queued(subject=vault, is_guardian=False, limit=150_000 * TOKEN, ready=ready)
    ]
    assert tuple(council.queued()) == (
        vault.address,
        False,
        150_000 * TOKEN,
        1_000_000 * TOKEN,
        ready,
    )
    assert pool.credit_line(vault)[0] == 100_000 * TOKEN  # nothing has happened yet


@pytest.mark.parametrize("limit", [0, 99_999 * TOKEN, 100_000 * TOKEN])
def test_only_raises(council, vault, curator, limit):
    assert refusal(council.queue_limit, vault, limit, sender=curator) == "council: not a raise"


def test_by_at_most_the_current_limit(council, vault, curator):
    """Which is here more than a twentieth of total assets."""
    assert refusal(council.queue_limit, vault, 200_000 * TOKEN, sender=curator) is None
    reason = refusal(council.queue_limit, vault, 200_000 * TOKEN + 1, sender=curator)
    assert reason == "council: raise too large"


def test_by_at_most_a_twentieth_of_total_assets(council, new_vault, curator):
    """Which is here more than the current limit: none."""
    assert refusal(council.queue_limit, new_vault, 50_000 * TOKEN, sender=curator) is None
    reason = refusal(council.queue_limit, new_vault, 50_000 * TOKEN + 1, sender=curator)
    assert reason == "council: raise too large"


def test_a_stranger(council, closed, builder, market, curator, stranger):
    """Also a vault of another pool of the same factory."""
    theirs = builder.vault(builder.pool(market.loan).pool, market.collateral, market.oracle)
    for pretender in (stranger, theirs, market.pool):
        reason = refusal(council.queue_limit, pretender, 1, sender=curator)
        assert reason == "council: not the pool's vault"


def test_one_change_at_a_time(raising, vault, new_vault, curator, stranger):
    reason = "council: one change at a time"
    assert refusal(raising.queue_limit, vault, 200_000 * TOKEN, sender=curator) == reason
    assert refusal(raising.queue_limit, new_vault, 1, sender=curator) == reason
    assert refusal(raising.queue_guardian, stranger, sender=curator) == reason


def test_a_lapsed_change_gives_way(chain, raising, new_vault, curator):
    chain.advance(6 * DAY)
    reason = "council: one change at a time"
    assert refusal(raising.queue_limit, new_vault, 1, sender=curator) == reason
    chain.advance(1)
    receipt = raising.queue_limit(new_vault, 1, sender=curator)
    ready = chain.now + 3 * DAY
    assert receipt.events == [raising.Queued(subject=new_vault, is_guardian=False, limit=1, ready=ready)]
    assert raising.queued().subject == new_vault.address


def test_not_before_opening(closed, vault, curator):
    assert refusal(closed.queue_limit, vault, 1, sender=curator) == "council: pool not open"


def test_only_the_curator(guarded, vault, guardian, stranger):
    for caller in (guardian, stranger):
        reason = refusal(guarded.queue_limit, vault, 150_000 * TOKEN, sender=caller)
        assert reason == "council: not the curator"


def test_the_delay_is_the_pools(chain, builder, market, curator, deployer):
    made = builder.pool(market.loan, delay_days=Decimal(30))
    pool, council = made.pool, made.council
    vault = builder.vault(pool, market.collateral, market.oracle)
    council.set_limit(vault, 10, sender=curator)
    council.open_pool(sender=curator)
    council.queue_limit(vault, 20, sender=curator)
    chain.advance(30 * DAY - 1)
    assert refusal(council.execute_queued, sender=curator) == "council: too early"
    chain.advance(1)
    assert refusal(council.execute_queued, sender=curator) is None
