"""When a round is believed: both feeds, both prices, both sides of every limit."""

import pytest

from plimsoll.testing import reverts
from plimsoll.units import DAY, HOUR
from tests.utils.oracles import (
    COLLATERAL_ANSWER,
    LOAN_ANSWER,
    PRICE,
    Failure,
    Feed,
    ask,
    assert_fails,
    exact_price,
)

FEEDS = {
    "collateral_feed": (COLLATERAL_ANSWER, HOUR, 10**8, 100_000 * 10**8),
    "loan_feed": (LOAN_ANSWER, DAY, 10**7, 10**9),
}


@pytest.fixture
def oracle(plain_oracle):
    return plain_oracle


@pytest.fixture(params=FEEDS)
def feed(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def terms(feed, collateral_feed):
    return FEEDS["collateral_feed" if feed == collateral_feed else "loan_feed"]


def test_ape_reads_the_reason(oracle, feed, deployer):
    feed.set_answer(0, sender=deployer)
    for view in (oracle.price, oracle.safe_price, oracle.own_price):
        with reverts("oracle: out of bounds"):
            view()


def test_age(oracle, feed, terms, set_round):
    answer, heartbeat, _, _ = terms
    set_round(feed, answer, heartbeat)
    assert oracle.price() == oracle.safe_price() == PRICE
    set_round(feed, answer, heartbeat + 1)
    assert_fails(oracle, "oracle: stale")


def test_a_round_of_this_block_is_believed_one_of_the_future_is_not(oracle, feed, terms, set_round):
    answer = terms[0]
    set_round(feed, answer, 0)
    assert oracle.price() == oracle.safe_price() == PRICE
    set_round(feed, answer, -1)
    assert_fails(oracle, "oracle: stale")


def test_an_incomplete_round(oracle, feed, terms, deployer):
    feed.set_round(terms[0], 0, sender=deployer)
    assert_fails(oracle, "oracle: stale")


def test_bounds(oracle, feed, terms, deployer):
    _, _, min_answer, max_answer = terms
    for inside in (min_answer + 1, max_answer - 1):
        feed.set_answer(inside, sender=deployer)
        assert oracle.price() == oracle.safe_price() > 0
    for outside in (min_answer, max_answer):
        feed.set_answer(outside, sender=deployer)
        assert_fails(oracle, "oracle: out of bounds")


@pytest.mark.parametrize("answer", [0, -1, -(2**191), 2**191 - 1])
def test_absurd_answers(oracle, feed, deployer, answer):
    feed.set_answer(answer, sender=deployer)
    assert feed.latestRoundData()[1] == answer
    assert_fails(oracle, "oracle: out of bounds")


def test_a_feed_that_reverts(oracle, feed, deployer):
    feed.set_silent(True, sender=deployer)
    assert_fails(oracle, "feed: silent")
    feed.set_silent(False, sender=deployer)
    assert oracle.price() == oracle.safe_price() == PRICE


def test_last_update_is_the_older_one(chain, oracle, collateral_feed, loan_feed, deployer):
    now = chain.now
    collateral_feed.set_round(COLLATERAL_ANSWER, now - 5 * DAY, sender=deployer)
    assert oracle.last_update() == now - 5 * DAY
    # whatever the answer is
    loan_feed.set_round(-1, now - 6 * DAY, sender=deployer)
    assert oracle.last_update() == now - 6 * DAY
    loan_feed.set_silent(True, sender=deployer)
    assert ask(oracle, "last_update") == Failure("feed: silent")


class TestStaleUpdate:
    def test_none_is_stale(self, chain, oracle, collateral_feed, loan_feed, deployer):
        assert oracle.stale_update() == 0
        collateral_feed.set_round(COLLATERAL_ANSWER, chain.now - HOUR, sender=deployer)
        loan_feed.set_round(LOAN_ANSWER, chain.now - DAY, sender=deployer)
        assert oracle.stale_update() == 0

    @pytest.mark.parametrize(
        ("collateral", "loan"), [(HOUR + 1, 0), (HOUR, DAY + 1), (HOUR + 1, DAY), (2 * DAY,) * 2]
    )
    def test_the_older_one_when_either_is(
        self, chain, oracle, collateral_feed, loan_feed, deployer, collateral, loan
    ):
        """Whatever the answers are."""
        collateral_feed.set_round(-1, chain.now - collateral, sender=deployer)
        loan_feed.set_round(-1, chain.now - loan, sender=deployer)
        assert oracle.stale_update() == chain.now - max(collateral, loan)

    def test_without_a_loan_feed(self, chain, yard, plain_config, set_round):
        config = plain_config.but(loan_feed=Feed(), expected_price=exact_price(3_200, 1))
        oracle = yard.oracle(config)
        for age, update in ((HOUR, 0), (HOUR + 1, chain.now - HOUR - 1)):
            set_round(config.collateral_feed.feed, 1, age)
            assert oracle.stale_update() == update

    def test_unknown_times(self, chain, oracle, feed, deployer):
        for time in (0, chain.now + 1):
            feed.set_round(1, time, sender=deployer)
            assert oracle.stale_update() == 0
        feed.set_silent(True, sender=deployer)
        assert ask(oracle, "stale_update") == Failure("feed: silent")
