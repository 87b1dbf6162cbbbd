"""What a council is made of."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, MAX, NOBODY


@pytest.mark.parametrize("delay", [3 * DAY, 30 * DAY])
def test_delays(chain, pool, deployer, curator, delay):
    assert chain.refusal("Council", pool.address, curator.address, delay) is None


@pytest.mark.parametrize("delay", [0, 3 * DAY - 1, 30 * DAY + 1, MAX])
def test_other_delays(chain, pool, deployer, curator, delay):
    reason = chain.refusal("Council", pool.address, curator.address, delay)
    assert reason == "council: delay of 3 to 30 days"


def test_needs_a_curator(chain, pool, deployer):
    reason = chain.refusal("Council", pool.address, NOBODY, 3 * DAY)
    assert reason == "council: no curator"


def test_says_what_it_is(council, pool, curator):
    assert council.pool() == pool.address
    assert council.delay() == 3 * DAY
    assert council.curator() == curator
    assert council.pending_curator() == council.guardian() == NOBODY
    assert council.pause_started() == 0
    assert tuple(council.queued()) == (NOBODY, False, 0, 0, 0)


def test_a_council_that_the_pool_did_not_install_rules_nothing(chain, pool, deployer, curator, vault):
    rogue = chain.make("Council", pool, curator, 3 * DAY)
    for method, *arguments in (
        (rogue.open_pool,),
        (rogue.set_limit, vault, 1),
        (rogue.set_supply_cap, 1),
    ):
        assert refusal(method, *arguments, sender=curator) == "pool: not the council"
