"""Two sources: the higher price liquidates, the lower one lends, and either may fail."""

from fractions import Fraction

import pytest

from plimsoll.units import DAY
from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER, PRICE, assert_fails, exact_price


@pytest.fixture
def oracle(paired_oracle):
    return paired_oracle


def prices(oracle) -> tuple[int, int]:
    return oracle.price(), oracle.safe_price()


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


def test_an_answer_of_zero_is_none(oracle, second, deployer):
    second.set_price(0, sender=deployer)
    assert prices(oracle) == (PRICE, PRICE)


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


def test_sources_can_be_chained(yard, plain_config, second, collateral_feed, deployer):
    """A ChainlinkOracle is a source like any other."""
    second.set_prices(PRICE + 7, PRICE - 3, sender=deployer)
    inner = yard.oracle(plain_config.but(second=second))
    outer = yard.oracle(plain_config.but(second=inner))
    assert prices(outer) == (PRICE + 7, PRICE - 3)
    collateral_feed.set_silent(True, sender=deployer)
    assert prices(outer) == (PRICE + 7, PRICE - 3)
    second.set_silent(True, sender=deployer)
    assert_fails(outer, "feed: silent")
