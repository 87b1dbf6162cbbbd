"""A12: a feed that quotes cbETH in ETH was taken for one in dollars: 1.12 dollars (Moonwell 2026).

The deployer says what price is expected, from elsewhere; an oracle whose sources compose to anything else is
not built. All decimals against exact fractions: tests/unit/oracle/test_decimals.py.
"""

from fractions import Fraction

import pytest

from tests.utils.oracles import Feed, OracleYard, Rate, exact_price
from tests.utils.world import DAY, HOUR, WAD

REASON = "oracle: unexpected price"


@pytest.fixture(scope="session")
def yard(accounts):
    return OracleYard(accounts[0])


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
