"""The record of a failing primary."""

import pytest

from plimsoll.testing import reverts
from plimsoll.units import DAY, NOBODY
from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER

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


@pytest.fixture
def prove(mark, mark_after, break_primary):
    """Breaks the primary and marks it for 14 days; since when."""

    def prove():
        break_primary()
        since = mark().timestamp
        for _ in range(7):
            mark_after(GAP)
        return since

    return prove


def test_marks_of_a_proven_failure_may_be_fourteen_days_apart(oracle, mark_after, prove):
    since = prove()
    for _ in range(2):
        receipt = mark_after(DEATH)
        now = receipt.timestamp
        assert receipt.events == [oracle.PrimaryFailing(since=since, confirmed=now)]
        assert record(oracle) == (since, now)
        assert oracle.is_dead()
    now = mark_after(DEATH + 1).timestamp
    assert record(oracle) == (now, now)
    assert not oracle.is_dead()


def test_a_proof_lapses_without_a_mark(oracle, prove, travel):
    prove()
    travel(DEATH)
    assert oracle.is_dead()
    travel(1)
    assert not oracle.is_dead()


def test_a_proven_failure_is_cleared_like_any_other(oracle, mark, prove, break_primary, mend_primary):
    since = prove()
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


class TestStale:
    """Of two marks that find stale feeds, the later one begins anew when there was an answer in between."""

    @pytest.fixture
    def mark_at(self, chain, collateral_feed, loan_feed, deployer, mark):
        """Marks a day later, when the feeds were last updated then; the loan's by default now."""

        def mark_at(collateral, loan=None):
            chain.advance(DAY)
            collateral_feed.set_round(COLLATERAL_ANSWER, collateral, sender=deployer)
            loan_feed.set_round(LOAN_ANSWER, chain.now if loan is None else loan, sender=deployer)
            return mark()

        return mark_at

    @pytest.fixture
    def since(self, chain, mark_at):
        return mark_at(chain.now).timestamp

    @pytest.fixture
    def first(self, since):
        """When the feed was last updated at the first mark."""
        return since - DAY

    def test_the_same_update_confirms(self, oracle, mark_at, since, first):
        now = mark_at(first).timestamp
        assert record(oracle) == (since, now)

    def test_an_update_in_between_begins_anew(self, oracle, mark_at, since, first):
        now = mark_at(first + 1).timestamp
        assert record(oracle) == (now, now)

    def test_an_older_round_that_comes_back_confirms(self, oracle, mark_at, since, first):
        """And so does the one that it stood in for; a newer one does not."""
        mark_at(first - 1)
        now = mark_at(first).timestamp
        assert record(oracle) == (since, now)
        now = mark_at(first + 1).timestamp
        assert record(oracle) == (now, now)

    def test_between_other_failures_the_update_does_not_matter(
        self, oracle, mark_at, since, first, collateral_feed, deployer
    ):
        collateral_feed.set_silent(True, sender=deployer)
        mark_at(first)
        collateral_feed.set_silent(False, sender=deployer)
        now = mark_at(first + 1).timestamp
        assert record(oracle) == (since, now)

    def test_a_round_of_the_future_is_another_failure(self, chain, oracle, mark_at, since, first):
        mark_at(chain.now + 100 * DAY)
        mark_at(first + 1)
        assert record(oracle) == (since, chain.now)
        now = mark_at(first + 2).timestamp
        assert record(oracle) == (now, now)

    def test_the_older_of_two_feeds_counts(self, chain, oracle, mark_at):
        """While one waits for its turn, the other may be a little late again and again: one failure."""
        waiting = chain.now
        since = mark_at(waiting, waiting).timestamp
        now = mark_at(chain.now, waiting).timestamp
        assert record(oracle) == (since, now)
        now = mark_at(chain.now, waiting + 1).timestamp
        assert record(oracle) == (now, now)


def test_without_a_fallback_nothing_is_dead(yard, plain_config, second, travel, deployer):
    second.set_silent(True, sender=deployer)
    for config in (plain_config, plain_config.but(second=NOBODY)):
        oracle = yard.oracle(config)
        assert not oracle.is_dead()
    travel(30 * DAY)
    assert not oracle.is_dead()
