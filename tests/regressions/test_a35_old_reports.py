"""A35: old reports were replayed as new, and an oracle lived on them (Prime 2026).

A view cannot remember, so a round counts by its time alone: an old one is believed until its heartbeat is
over, and a second source bounds what it does meanwhile. What the record remembers, nothing old undoes: a feed
that is late now and then is not dead, and a round that comes back is no answer.
"""

import pytest

from plimsoll.units import DAY, HOUR
from tests.utils.oracles import (
    COLLATERAL_ANSWER,
    Config,
    Feed,
    OracleYard,
    assert_fails,
    exact_price,
    prices,
)

START = exact_price(3_200, 1)
LOWER = exact_price(1_500, 1)
LATE = 60  # seconds


@pytest.fixture(scope="session")
def yard(chain):
    return OracleYard(chain)


@pytest.fixture
def fallback(yard):
    """Far off meanwhile."""
    return yard.lying_oracle(START)


@pytest.fixture
def config(yard, fallback) -> Config:
    terms = Feed(yard.feed(COLLATERAL_ANSWER), DAY, 10**8, 10**13)
    return Config(yard.token(18), yard.token(18), START, terms, fallback=fallback)


@pytest.fixture
def oracle(yard, config, fallback):
    oracle = yard.oracle(config)
    fallback.set_price(LOWER, sender=yard.deployer)
    return oracle


@pytest.fixture
def feed(config):
    return config.collateral_feed.feed


@pytest.fixture
def mark(oracle, stranger):
    return lambda: oracle.mark(sender=stranger)


def test_a_feed_that_is_late_every_day_is_never_proven_dead(chain, oracle, feed, yard, mark):
    """By 60 s once a day, and somebody marks it just then. It would be dead after 14 days if marks alone
    counted, and the fallback would answer 1,500 a hundred days later.
    """
    for _ in range(40):
        chain.advance(DAY + LATE // 2)
        assert_fails(oracle, "oracle: stale")
        mark()
        assert oracle.marked_at() == oracle.confirmed_at() == chain.now
        assert not oracle.is_dead()
        chain.advance(LATE // 2)
        feed.set_answer(COLLATERAL_ANSWER, sender=yard.deployer)
        assert prices(oracle) == (START, START)
    chain.advance(100 * DAY)
    feed.set_answer(COLLATERAL_ANSWER, sender=yard.deployer)
    chain.advance(DAY + 1)
    assert_fails(oracle, "oracle: stale")
    assert not oracle.is_dead()


def test_a_feed_that_reverts_now_and_then(chain, oracle, feed, yard, mark):
    """Known: there is no time to compare. Marks of 14 days prove it, unless one of them finds it working."""
    for clears, dead in ((True, False), (False, True)):
        with chain.isolated():
            for _ in range(8):
                feed.set_silent(True, sender=yard.deployer)
                mark()
                feed.set_silent(False, sender=yard.deployer)
                feed.set_answer(COLLATERAL_ANSWER, sender=yard.deployer)
                if clears:
                    chain.advance(1)
                    mark()
                chain.advance(2 * DAY - clears)
            feed.set_silent(True, sender=yard.deployer)
            assert oracle.is_dead() == dead
            # and the proof does not outlive fourteen days without a mark
            chain.advance(14 * DAY)
            assert not oracle.is_dead()


def test_a_feed_that_is_silent_is_dead(chain, oracle):
    """The other side of it."""
    chain.advance(14 * DAY)
    assert_fails(oracle, "oracle: stale")
    chain.advance(1)
    assert prices(oracle) == (LOWER, LOWER)


def test_an_older_round_revives_nothing(chain, oracle, feed, yard, mark):
    """A dead feed's old rounds come back one after the other: no answer, no new beginning of the record."""
    last = chain.now
    chain.advance(DAY + 1)
    mark()
    since = chain.now
    for age in range(1, 7):
        chain.advance(2 * DAY)
        for round_of in (last - age, last):
            feed.set_round(COLLATERAL_ANSWER, round_of, sender=yard.deployer)
            assert_fails(oracle, "oracle: stale")
            mark()
            assert oracle.marked_at() == since
    chain.advance(2 * DAY)
    mark()
    assert oracle.marked_at() == since
    assert prices(oracle) == (LOWER, LOWER)
    chain.advance(1)
    feed.set_round(COLLATERAL_ANSWER, last - 1, sender=yard.deployer)
    mark()
    assert prices(oracle) == (LOWER, LOWER)
    feed.set_round(COLLATERAL_ANSWER, chain.now, sender=yard.deployer)
    assert prices(oracle) == (START, START)


def test_a_young_round_that_comes_back_is_believed_until_its_heartbeat_is_over(chain, oracle, feed, yard):
    """What no view can see: the newer answer of an hour ago is not remembered."""
    chain.advance(HOUR)
    feed.set_answer(1_500 * 10**8, sender=yard.deployer)
    assert prices(oracle) == (LOWER, LOWER)
    feed.set_round(COLLATERAL_ANSWER, chain.now - HOUR, sender=yard.deployer)
    assert prices(oracle) == (START, START)
    chain.advance(DAY - HOUR)
    assert prices(oracle) == (START, START)
    chain.advance(1)
    assert_fails(oracle, "oracle: stale")


def test_with_a_second_a_round_that_comes_back_moves_one_price(chain, yard, config, feed):
    """High it lends nothing, low it liquidates nobody."""
    second = yard.lying_oracle(START)
    oracle = yard.oracle(config.but(second=second))
    for now, replayed in ((1_500, 3_200), (3_200, 1_500)):
        feed.set_answer(now * 10**8, sender=yard.deployer)
        second.set_price(exact_price(now, 1), sender=yard.deployer)
        feed.set_round(replayed * 10**8, chain.now - HOUR, sender=yard.deployer)
        expected = sorted((exact_price(now, 1), exact_price(replayed, 1)), reverse=True)
        assert prices(oracle) == tuple(expected)


def test_a_round_of_long_ago_lets_the_fallback_answer_at_once(chain, oracle, feed, yard):
    """Known: for all that a view can see, such a feed has been dead as long."""
    feed.set_round(COLLATERAL_ANSWER, chain.now - 14 * DAY, sender=yard.deployer)
    assert_fails(oracle, "oracle: stale")
    feed.set_round(COLLATERAL_ANSWER, chain.now - 14 * DAY - 1, sender=yard.deployer)
    assert prices(oracle) == (LOWER, LOWER)
    feed.set_answer(COLLATERAL_ANSWER, sender=yard.deployer)
    assert prices(oracle) == (START, START)
