"""On a rollup: no answer while the sequencer is down or just back, whatever else is configured."""

import pytest

from plimsoll.testing import reverts
from plimsoll.units import DAY, HOUR
from tests.utils.oracles import PRICE, assert_fails

GRACE = HOUR
UP, DOWN = 0, 1


@pytest.fixture(scope="module")
def sequencer(yard, deployer):
    feed = yard.feed(UP, 0)
    feed.set_round(UP, feed.latestRoundData()[2] - 30 * DAY, sender=deployer)
    return feed


@pytest.fixture(scope="module")
def rollup_oracles(yard, plain_config, sequencer, second, fallback):
    config = plain_config.but(sequencer=sequencer, grace=GRACE)
    return {
        "plain": yard.oracle(config),
        "with second": yard.oracle(config.but(second=second)),
        "with fallback": yard.oracle(config.but(fallback=fallback)),
        "with both": yard.oracle(config.but(second=second, fallback=fallback)),
    }


@pytest.fixture(params=["plain", "with second", "with fallback", "with both"])
def oracle(request, rollup_oracles):
    return rollup_oracles[request.param]


def test_up(oracle):
    assert oracle.price() == oracle.safe_price() == PRICE


@pytest.mark.parametrize("status", [DOWN, 2, -1])
def test_down(oracle, sequencer, set_round, status):
    set_round(sequencer, status, 30 * DAY)
    assert_fails(oracle, "oracle: sequencer down")


def test_grace(oracle, sequencer, set_round):
    set_round(sequencer, UP, GRACE + 1)
    assert oracle.price() == oracle.safe_price() == PRICE
    for age in (GRACE, 0, -1):
        set_round(sequencer, UP, age)
        assert_fails(oracle, "oracle: sequencer grace")


def test_a_feed_that_has_not_begun(oracle, sequencer, deployer):
    sequencer.set_round(UP, 0, sender=deployer)
    assert_fails(oracle, "oracle: sequencer grace")


def test_a_sequencer_feed_that_reverts(oracle, sequencer, deployer):
    sequencer.set_silent(True, sender=deployer)
    assert_fails(oracle, "feed: silent")


def test_a_dead_primary_changes_nothing(oracle, sequencer, set_round, travel):
    """Feeds that are older than 14 days: with a fallback it would answer, if the sequencer were up."""
    travel(15 * DAY)
    set_round(sequencer, DOWN, 0)
    assert_fails(oracle, "oracle: sequencer down")
    set_round(sequencer, UP, GRACE)
    assert_fails(oracle, "oracle: sequencer grace")


def test_own_price_does_not_ask(oracle, sequencer, set_round):
    set_round(sequencer, DOWN, 0)
    assert oracle.own_price() == PRICE


def test_mark_is_refused(rollup_oracles, loan_feed, sequencer, set_round, keeper, deployer):
    oracle = rollup_oracles["with fallback"]
    loan_feed.set_silent(True, sender=deployer)
    set_round(sequencer, DOWN, 0)
    with reverts("oracle: sequencer down"):
        oracle.mark(sender=keeper)
    sequencer.set_round(UP, sequencer.latestRoundData()[2], sender=deployer)
    with reverts("oracle: sequencer grace"):
        oracle.mark(sender=keeper)
    set_round(sequencer, UP, GRACE + 60)
    oracle.mark(sender=keeper)
    assert oracle.marked_at() > 0
