"""Two sources: the higher price liquidates, the lower one lends, and either may fail."""

from fractions import Fraction

import pytest

from plimsoll.units import DAY, HOUR
from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER, PRICE, assert_fails, exact_price, prices


@pytest.fixture
def oracle(paired_oracle):
    return paired_oracle


def test_agreeing_sources(oracle):
    assert prices(oracle) == (PRICE, PRICE)


@pytest.mark.parametrize("percent", [1, 50, 99, 101, 130, 10_000])
def test_the_second_moves(oracle, second, deployer, percent):
    other = PRICE * percent // 100
    second.set_price(other, sender=deployer)
    assert prices(oracle) == (max(PRICE, other), min(PRICE, other))


@pytest.mark.parametrize("percent", [50, 130])
def test_the_own_feeds_move(oracle, collateral_feed, deployer, percent):
    collateral_feed.set_answer(COLLATERAL_ANSWER * percent // 100, sender=deployer)
    own = exact_price(Fraction(3_200 * percent, 100), Fraction(LOAN_ANSWER, 10**8))
    assert oracle.own_price() == own
    assert prices(oracle) == (max(PRICE, own), min(PRICE, own))


def test_each_price_is_compared_with_its_kind(oracle, second, deployer):
    second.set_prices(PRICE + 7, PRICE - 3, sender=deployer)
    assert prices(oracle) == (PRICE + 7, PRICE - 3)
    second.set_prices(PRICE - 3, PRICE - 7, sender=deployer)
    assert prices(oracle) == (PRICE, PRICE - 7)
    second.set_prices(PRICE + 7, PRICE + 3, sender=deployer)
    assert prices(oracle) == (PRICE + 7, PRICE)


def test_only_the_own_feeds_are_live(oracle, second, deployer):
    second.set_prices(PRICE + 7, PRICE - 3, sender=deployer)
    second.set_silent(True, sender=deployer)
    assert prices(oracle) == (PRICE, PRICE)


@pytest.mark.parametrize("answers", [(0, 0), (PRICE + 7, 0), (PRICE + 7, PRICE + 8)])
def test_what_is_no_pair_of_prices_is_none(oracle, second, deployer, answers):
    """Both must come, the safe one not above the other."""
    second.set_prices(*answers, sender=deployer)
    assert prices(oracle) == (PRICE, PRICE)
    second.set_prices(PRICE + 7, PRICE + 7, sender=deployer)
    assert prices(oracle) == (PRICE + 7, PRICE)


def test_only_the_second_is_live(oracle, second, collateral_feed, deployer):
    second.set_prices(PRICE + 7, PRICE - 3, sender=deployer)
    collateral_feed.set_answer(0, sender=deployer)
    assert prices(oracle) == (PRICE + 7, PRICE - 3)


def test_neither_is_live(oracle, second, collateral_feed, deployer, travel):
    """The reason is the own feeds'."""
    second.set_silent(True, sender=deployer)
    collateral_feed.set_answer(0, sender=deployer)
    assert_fails(oracle, "oracle: out of bounds")
    travel(2 * DAY)
    assert_fails(oracle, "oracle: stale")


def test_an_answer_that_breaks_off_is_none(chain, yard, plain_config, deployer):
    stutterer = chain.make("StutteringOracle", PRICE * 102 // 100)
    oracle = yard.oracle(plain_config.but(second=stutterer))
    assert prices(oracle) == (PRICE * 102 // 100, PRICE)
    for length in (31, 1, 0):
        stutterer.set_length(length, sender=deployer)
        assert prices(oracle) == (PRICE, PRICE)


def test_a_source_is_an_oracle_without_sources_of_its_own(
    yard, plain_config, second, collateral_feed, deployer
):
    """One that asks others needs more gas than a source gets."""
    feed = yard.feed(COLLATERAL_ANSWER * 101 // 100)
    inner = plain_config.but(collateral_feed=dict(feed=feed, heartbeat=DAY))
    outer = yard.oracle(plain_config.but(second=yard.oracle(inner)))
    higher = exact_price(3_232, Fraction(LOAN_ANSWER, 10**8))
    assert prices(outer) == (higher, PRICE)
    collateral_feed.set_silent(True, sender=deployer)
    assert prices(outer) == (higher, higher)
    collateral_feed.set_silent(False, sender=deployer)
    for source in ("second", "fallback"):
        nested = yard.oracle(inner.but(**{source: second}))
        assert yard.refusal(plain_config.but(second=nested)) == "oracle: source not live"


def test_the_second_has_a_heartbeat_of_its_own(chain, yard, plain_config, refresh):
    """Stuck high it counts as long as its own terms say, however young the own feeds are."""
    feed = yard.feed(COLLATERAL_ANSWER * 101 // 100)
    second = yard.oracle(plain_config.but(collateral_feed=dict(feed=feed, heartbeat=2 * HOUR)))
    oracle = yard.oracle(plain_config.but(second=second))
    higher = exact_price(3_232, Fraction(LOAN_ANSWER, 10**8))
    chain.advance(2 * HOUR)
    refresh()
    assert prices(oracle) == (higher, PRICE)
    chain.advance(1)
    assert prices(oracle) == (PRICE, PRICE)
