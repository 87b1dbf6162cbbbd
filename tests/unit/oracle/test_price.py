"""The price of the own feeds and rates."""

from fractions import Fraction

import pytest

from plimsoll.units import DAY, HOUR
from tests.utils.oracles import PRICE, Feed, Rate, assert_fails, exact_price


def test_two_feeds(plain_oracle):
    assert plain_oracle.price() == plain_oracle.safe_price() == plain_oracle.own_price() == PRICE


def test_follows_both_feeds(plain_oracle, collateral_feed, loan_feed, deployer):
    collateral_feed.set_answer(1_234_567_890_123, sender=deployer)
    loan_feed.set_answer(98_765_432, sender=deployer)
    expected = exact_price(Fraction(1_234_567_890_123, 10**8), Fraction(98_765_432, 10**8))
    assert plain_oracle.price() == plain_oracle.safe_price() == expected


def test_without_a_loan_feed_the_collateral_feed_is_quoted_in_the_loan_asset(yard, plain_config):
    config = plain_config.but(loan_feed=Feed(), expected_price=exact_price(3_200, 1))
    assert yard.oracle(config).price() == exact_price(3_200, 1) == 3_200 * 10**36


def test_rounds_down(yard, plain_config, collateral_feed, loan_feed, deployer):
    """With 27 decimals against 6, the scale divides: 36 + 6 + 0 - 27 - 18 is -3."""
    feed = yard.feed(7 * 10**18, 18)
    one = yard.feed(2, 0)
    config = plain_config.but(
        collateral=yard.token(27),
        loan=yard.token(6),
        expected_price=exact_price(7, 2, 27, 6),
        collateral_feed=Feed(feed, HOUR, 1, 10**22),
        loan_feed=Feed(one, DAY, 1, 10),
    )
    oracle = yard.oracle(config)
    assert oracle.scale() == (1, 10**3)
    assert oracle.price() == 7 * 10**18 // 2_000
    feed.set_answer(7_999, sender=deployer)
    assert oracle.price() == 3
    feed.set_answer(8_000, sender=deployer)
    assert oracle.price() == 4


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_price_of_zero_is_refused(yard, plain_config, second, deployer, is_alone):
    """Also beside a second source that is silent: it is said why there is none."""
    feed = yard.feed(7 * 10**18, 18)
    config = plain_config.but(
        collateral=yard.token(27),
        loan=yard.token(6),
        expected_price=exact_price(7, 2, 27, 6),
        collateral_feed=Feed(feed, HOUR, 1, 10**22),
        loan_feed=Feed(yard.feed(2, 0), DAY, 1, 10),
    )
    second.set_price(exact_price(7, 2, 27, 6), sender=deployer)
    oracle = yard.oracle(config if is_alone else config.but(second=second))
    second.set_silent(True, sender=deployer)
    feed.set_answer(2_000, sender=deployer)
    assert oracle.price() == oracle.safe_price() == 1
    feed.set_answer(1_999, sender=deployer)
    assert_fails(oracle, "oracle: zero price")


def test_a_collateral_rate_multiplies(yard, plain_config):
    vault = yard.rate_vault(yard.token(6), 18, 1_234_567)
    expected = exact_price(3_200 * Fraction(1_234_567, 10**6), Fraction(9_995, 10_000))
    oracle = yard.oracle(plain_config.but(collateral_rate=Rate(vault, 1), expected_price=expected))
    assert oracle.price() == oracle.safe_price() == expected


def test_a_loan_rate_divides(yard, plain_config):
    vault = yard.rate_vault(yard.token(6), 18, 1_234_567)
    expected = exact_price(3_200, Fraction(9_995, 10_000) * Fraction(1_234_567, 10**6))
    oracle = yard.oracle(plain_config.but(loan_rate=Rate(vault, 1), expected_price=expected))
    assert oracle.price() == oracle.safe_price() == expected


def test_a_product_wider_than_a_word(yard, plain_config):
    """WBTC at 200,000 dollars against shares with 18 decimals: 2 * 10**13 * 10**64 is above 2**256."""
    feed = yard.feed(200_003 * 10**8)
    vault = yard.rate_vault(yard.token(18), 18, 1_100_000_000_000_000_007)
    quote = Fraction(9_995, 10_000) * Fraction(1_100_000_000_000_000_007, 10**18)
    expected = exact_price(200_003, quote, 8, 18)
    config = plain_config.but(
        collateral=yard.token(8),
        expected_price=expected,
        collateral_feed=Feed(feed, HOUR, 10**11, 10**15),
        loan_rate=Rate(vault, 1),
    )
    oracle = yard.oracle(config)
    assert oracle.scale() == (10**64, 1)
    assert oracle.price() == expected
