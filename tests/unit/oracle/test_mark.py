"""The record of a failing primary."""

import pytest

from plimsoll.testing import reverts
from plimsoll.units import DAY, NOBODY

GAP = 2 * DAY
DEATH = 14 * DAY


@pytest.fixture
def oracle(backed_oracle):
    return backed_oracle


@pytest.fixture
def mark(oracle, keeper):
    return lambda: oracle.mark(sender=keeper)


@pytest.fixture
def mark_after(chain, mark):
    """Marks exactly so many seconds after the last block."""

    def mark_after(seconds):
        chain.advance(seconds)
        return mark()

    return mark_after


@pytest.fixture
def break_primary(collateral_feed, deployer):
    return lambda: collateral_feed.set_silent(True, sender=deployer)


@pytest.fixture
def mend_primary(collateral_feed, deployer, refresh):
    def mend_primary():
        collateral_feed.set_silent(False, sender=deployer)
        refresh()

    return mend_primary


def record(oracle) -> tuple[int, int]:
    return oracle.marked_at(), oracle.confirmed_at()


def test_needs_a_fallback(yard, plain_config, second, keeper):
    for oracle in (yard.oracle(plain_config), yard.oracle(plain_config.but(second=second))):
        with reverts("oracle: no fallback"):
            oracle.mark(sender=keeper)


def test_a_working_primary_leaves_no_trace(oracle, mark):
    assert mark().events == []
    assert record(oracle) == (0, 0)


def test_a_failing_primary_is_recorded(oracle, mark, break_primary):
    break_primary()
    receipt = mark()
    now = receipt.timestamp
    assert receipt.events == [oracle.PrimaryFailing(since=now, confirmed=now)]
    assert record(oracle) == (now, now)


def test_the_next_mark_confirms(oracle, mark, mark_after, break_primary):
    break_primary()
    since = mark().timestamp
    receipt = mark_after(GAP)
    assert receipt.events == [oracle.PrimaryFailing(since=since, confirmed=since + GAP)]
    assert record(oracle) == (since, since + GAP)


def test_a_mark_that_comes_too_late_begins_anew(oracle, mark, mark_after, break_primary):
    break_primary()
    mark()
    receipt = mark_after(GAP + 1)
    now = receipt.timestamp
    assert receipt.events == [oracle.PrimaryFailing(since=now, confirmed=now)]
    assert record(oracle) == (now, now)


def test_a_second_mark_in_the_same_block_does_nothing(chain, oracle, mark, break_primary, keeper):
    break_primary()
    mark()
    before = record(oracle)
    receipt = mark()
    assert receipt.timestamp == before[1]
    assert receipt.events == []
    assert record(oracle) == before


def test_a_working_primary_clears_the_record(oracle, mark, break_primary, mend_primary):
    break_primary()
    since = mark().timestamp
    mend_primary()
    assert mark().events == [oracle.PrimaryWorking(failed_since=since)]
    assert record(oracle) == (0, 0)
    assert mark().events == []


def test_a_live_second_keeps_the_primary_working(yard, plain_config, fallback, second, keeper, deployer):
    oracle = yard.oracle(plain_config.but(fallback=fallback, second=second))
    plain_config.loan_feed.feed.set_silent(True, sender=deployer)
    assert oracle.mark(sender=keeper).events == []
    second.set_silent(True, sender=deployer)
    assert len(oracle.mark(sender=keeper).events) == 1
    second.set_silent(False, sender=deployer)
    assert oracle.mark(sender=keeper).events[0].name == "PrimaryWorking"


def test_proven_once_it_spans_fourteen_days(oracle, mark, mark_after, break_primary):
    break_primary()
    since = mark().timestamp
    for _ in range(6):
        mark_after(GAP)
    mark_after(GAP - 1)
    assert record(oracle) == (since, since + DEATH - 1)
    assert not oracle.is_dead()
    mark_after(1)
    assert record(oracle) == (since, since + DEATH)
    assert oracle.is_dead()


def test_a_proven_failure_needs_no_more_marks(oracle, mark, mark_after, break_primary, travel):
    break_primary()
    mark()
    for _ in range(7):
        mark_after(GAP)
    before = record(oracle)
    travel(100 * DAY)
    assert mark().events == []
    assert record(oracle) == before
    assert oracle.is_dead()


def test_a_proven_failure_is_cleared_like_any_other(oracle, mark, mark_after, break_primary, mend_primary):
    break_primary()
    since = mark().timestamp
    for _ in range(7):
        mark_after(GAP)
    mend_primary()
    assert not oracle.is_dead()
    assert mark().events == [oracle.PrimaryWorking(failed_since=since)]
    break_primary()
    assert not oracle.is_dead()


def test_two_hiccups_weeks_apart_prove_nothing(chain, oracle, mark, break_primary, mend_primary, travel):
    """Somebody marks a short failure, nobody clears it, and the next one comes 15 days later."""
    break_primary()
    mark()
    mend_primary()
    travel(15 * DAY)
    mend_primary()
    break_primary()
    assert not oracle.is_dead()
    mark()
    assert not oracle.is_dead()
    assert oracle.marked_at() == oracle.confirmed_at() == chain.now


def test_without_a_fallback_nothing_is_dead(yard, plain_config, second, travel, deployer):
    second.set_silent(True, sender=deployer)
    for config in (plain_config, plain_config.but(second=NOBODY)):
        oracle = yard.oracle(config)
        assert not oracle.is_dead()
    travel(30 * DAY)
    assert not oracle.is_dead()
