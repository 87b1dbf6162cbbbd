"""A12: a feed that quotes cbETH in ETH was taken for one in dollars: 1.12 dollars (Moonwell 2026).

The deployer says what price is expected, from elsewhere; an oracle whose sources compose to anything else is
not built. Every number of decimals is against exact fractions here; with rates in tests/unit/oracle.
"""

from fractions import Fraction
from random import Random

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.testing import Chain
from plimsoll.testing.engines import in_process
from plimsoll.units import DAY, HOUR, NOBODY, WAD
from tests.utils.oracles import Config, Feed, OracleYard, Rate, exact_price

REASON = "oracle: unexpected price"


@pytest.fixture(scope="session")
def yard(chain):
    return OracleYard(chain)


@pytest.fixture
def config(yard):
    """A share worth 1.12 of an ether at 3,200 dollars, against a loan asset of 6 decimals."""
    vault = yard.rate_vault(yard.token(18), 18, 112 * WAD // 100)
    expected = exact_price(Fraction(112, 100) * 3_200, Fraction(9_995, 10_000), 18, 6)
    plain = yard.plain_config()
    return plain.but(loan=yard.token(6), collateral_rate=Rate(vault, 1), expected_price=expected)


def test_the_right_composition(yard, config):
    assert yard.refusal(config) is None
    assert yard.oracle(config).price() == config.expected_price


def test_the_ratio_taken_for_a_price(yard, config):
    ratio = Feed(yard.feed(112_000_000), DAY, 1, 10**10)
    assert yard.refusal(config.but(collateral_feed=ratio, collateral_rate=Rate())) == REASON


def test_a_forgotten_rate(yard, config):
    assert yard.refusal(config.but(collateral_rate=Rate())) == REASON


def test_a_rate_on_the_wrong_side(yard, config):
    wrong = config.but(collateral_rate=Rate(), loan_rate=config.collateral_rate)
    assert yard.refusal(wrong) == REASON


def test_swapped_feeds(yard, config):
    feeds = dict(collateral_feed=config.loan_feed, loan_feed=config.collateral_feed)
    assert yard.refusal(config.but(**feeds)) == REASON


def test_swapped_tokens(yard, config):
    assert yard.refusal(config.but(collateral=config.loan, loan=config.collateral)) == REASON


def test_a_forgotten_loan_feed(yard, config):
    """A dollar loan asset hides it, one worth 1.10 does not."""
    euro = Feed(yard.feed(110_000_000), HOUR, 10**7, 10**9)
    expected = exact_price(Fraction(112, 100) * 3_200, Fraction(11, 10), 18, 6)
    right = config.but(loan_feed=euro, expected_price=expected)
    assert yard.refusal(right) is None
    assert yard.refusal(right.but(loan_feed=Feed())) == REASON


def test_a_second_source_in_another_unit(yard, config):
    """The ratio again, this time as the second source, and a fallback with the wrong decimals."""
    plain = config.expected_price
    assert yard.refusal(config.but(second=yard.lying_oracle(plain * 103 // 100))) is None
    assert yard.refusal(config.but(second=yard.lying_oracle(plain // 3_200))) == "oracle: source disagrees"
    assert yard.refusal(config.but(fallback=yard.lying_oracle(plain * 10**12))) == "oracle: source disagrees"


COLLATERAL_QUOTE, LOAN_QUOTE = Fraction(3_217_650_183, 10**6), Fraction(7_123_457, 10**6)
FEED_DECIMALS = range(19)


@pytest.fixture(scope="module")
def parts():
    """Tokens and feeds of every number of decimals, each feed with the quote that it can give."""
    chain = Chain(in_process())
    tokens = [chain.make("MockRateVault", NOBODY, digits, 1).address for digits in range(29)]

    def feed(quote: Fraction, digits: int) -> tuple[Feed, Fraction]:
        answer = int(quote * 10**digits)
        contract = chain.make("MockFeed", digits, answer)
        return Feed(contract, DAY, 1, 10 * answer), Fraction(answer, 10**digits)

    feeds = [[feed(quote, digits) for digits in FEED_DECIMALS] for quote in (COLLATERAL_QUOTE, LOAN_QUOTE)]
    return chain, tokens, *feeds


@pytest.mark.parametrize("loan_digits", range(6, 19))
def test_every_number_of_decimals_against_exact_fractions(parts, loan_digits):
    """Collateral 0 to 27, loan asset 6 to 18, feeds 0 to 18: four of their 361 pairs with each of the 364."""
    chain, tokens, collateral_feeds, loan_feeds = parts
    rng = Random(loan_digits)
    for digits in range(28):
        for pair in range(4):
            with chain.isolated():
                collateral_feed, quote = collateral_feeds[(digits + 5 * pair) % 19]
                loan_feed, loan_quote = loan_feeds[rng.choice(FEED_DECIMALS)]
                expected = exact_price(quote, loan_quote, digits, loan_digits)
                config = Config(tokens[digits], tokens[loan_digits], expected, collateral_feed, loan_feed)
                oracle = chain.make("ChainlinkOracle", config.as_struct())
                assert oracle.call("price") == oracle.call("safe_price") == expected, config


def test_twenty_eight_decimals_are_one_too_many(parts):
    chain, tokens, (first, *_), _ = parts
    expected = exact_price(first[1], 1, 28, 6)
    with pytest.raises(CallReverted) as refused:
        chain.make("ChainlinkOracle", Config(tokens[28], tokens[6], expected, first[0]).as_struct())
    assert refused.value.reason == "oracle: collateral decimals"
