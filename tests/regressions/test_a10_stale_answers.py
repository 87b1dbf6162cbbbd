"""A10: a feed stuck at its floor, or an old answer, was lent on (LUNA on Venus and Blizz 2022).

Here an answer that is old, at or beyond a bound, zero or negative is none: both prices revert.
"""

import pytest
from ape import chain

from tests.utils.oracles import PRICE, OracleYard, assert_fails
from tests.utils.world import DAY


@pytest.fixture(scope="session")
def yard(accounts):
    return OracleYard(accounts[0])


@pytest.fixture
def config(yard):
    return yard.plain_config()


@pytest.fixture
def oracle(yard, config):
    return yard.oracle(config)


@pytest.fixture(params=["collateral_feed", "loan_feed"])
def terms(request, config):
    return getattr(config, request.param)


def test_an_old_answer(oracle, terms, yard):
    answer = terms.feed.latestRoundData()[1]
    assert oracle.price() == oracle.safe_price() == PRICE
    old = chain.blocks.head.timestamp - terms.heartbeat - 1
    terms.feed.set_round(answer, old, sender=yard.deployer)
    assert_fails(oracle, "oracle: stale")


def test_a_feed_that_nobody_updates(oracle):
    chain.mine(deltatime=2 * DAY)
    assert_fails(oracle, "oracle: stale")


def test_the_floor(oracle, terms, yard):
    terms.feed.set_answer(terms.min_answer, sender=yard.deployer)
    assert_fails(oracle, "oracle: out of bounds")
    terms.feed.set_answer(terms.min_answer + 1, sender=yard.deployer)
    assert oracle.price() == oracle.safe_price()


def test_the_ceiling(oracle, terms, yard):
    terms.feed.set_answer(terms.max_answer, sender=yard.deployer)
    assert_fails(oracle, "oracle: out of bounds")
    terms.feed.set_answer(terms.max_answer - 1, sender=yard.deployer)
    assert oracle.price() == oracle.safe_price()


@pytest.mark.parametrize("answer", [0, -1, -(10**8)])
def test_zero_and_negative(oracle, terms, yard, answer):
    terms.feed.set_answer(answer, sender=yard.deployer)
    assert_fails(oracle, "oracle: out of bounds")
