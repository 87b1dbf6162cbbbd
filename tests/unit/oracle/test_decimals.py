"""Every combination of decimals against exact fractions."""

from fractions import Fraction
from itertools import product

import pytest

from plimsoll.units import DAY
from tests.utils.oracles import Config, Feed, Rate, exact_price

COLLATERAL_DECIMALS = (0, 6, 8, 18, 27)
LOAN_DECIMALS = (6, 8, 18)
FEED_DECIMALS = (0, 8, 18)
# of the shares, of what they are worth
RATE_DECIMALS = ((6, 6), (18, 6), (18, 18), (27, 18))

COLLATERAL_QUOTE = Fraction(3_217_650_183, 10**6)
LOAN_QUOTE = Fraction(7_123_457, 10**6)
RATE = Fraction(1_057_319, 10**6)


@pytest.fixture(scope="module")
def quoted_feeds(yard):
    """Per quote and number of decimals a feed, and the quote as such a feed can give it."""

    def quoted_feed(quote: Fraction, decimals: int) -> tuple[Feed, Fraction]:
        answer = int(quote * 10**decimals)
        terms = Feed(yard.feed(answer, decimals), DAY, 1, 10 * answer)
        return terms, Fraction(answer, 10**decimals)

    pairs = product((COLLATERAL_QUOTE, LOAN_QUOTE), FEED_DECIMALS)
    return {pair: quoted_feed(*pair) for pair in pairs}


@pytest.fixture(scope="module")
def rate_vaults(yard):
    return {
        decimals: yard.rate_vault(yard.token(decimals[1]), decimals[0], int(RATE * 10 ** decimals[1]))
        for decimals in RATE_DECIMALS
    }


@pytest.mark.parametrize("loan_decimals", LOAN_DECIMALS)
@pytest.mark.parametrize("collateral_decimals", COLLATERAL_DECIMALS)
def test_tokens_and_feeds(yard, quoted_feeds, collateral_decimals, loan_decimals):
    for collateral_feed_decimals, loan_feed_decimals in product(FEED_DECIMALS, (*FEED_DECIMALS, None)):
        collateral_feed, collateral_quote = quoted_feeds[COLLATERAL_QUOTE, collateral_feed_decimals]
        loan_feed, loan_quote = Feed(), Fraction(1)
        if loan_feed_decimals is not None:
            loan_feed, loan_quote = quoted_feeds[LOAN_QUOTE, loan_feed_decimals]
        expected = exact_price(collateral_quote, loan_quote, collateral_decimals, loan_decimals)
        price = yard.dry_price(
            Config(
                collateral=yard.token(collateral_decimals),
                loan=yard.token(loan_decimals),
                expected_price=expected,
                collateral_feed=collateral_feed,
                loan_feed=loan_feed,
            )
        )
        assert price == expected, (collateral_feed_decimals, loan_feed_decimals)


@pytest.mark.parametrize("loan_decimals", (6, 18))
@pytest.mark.parametrize("collateral_decimals", (6, 18, 27))
def test_rates(yard, quoted_feeds, rate_vaults, collateral_decimals, loan_decimals):
    collateral_feed, collateral_quote = quoted_feeds[COLLATERAL_QUOTE, 8]
    loan_feed, loan_quote = quoted_feeds[LOAN_QUOTE, 8]
    for collateral_rate, loan_rate in product((None, *RATE_DECIMALS), repeat=2):
        if collateral_rate is None and loan_rate is None:
            continue
        expected = exact_price(
            collateral_quote * (RATE if collateral_rate else 1),
            loan_quote * (RATE if loan_rate else 1),
            collateral_decimals,
            loan_decimals,
        )
        price = yard.dry_price(
            Config(
                collateral=yard.token(collateral_decimals),
                loan=yard.token(loan_decimals),
                expected_price=expected,
                collateral_feed=collateral_feed,
                loan_feed=loan_feed,
                collateral_rate=Rate(rate_vaults[collateral_rate], 1) if collateral_rate else Rate(),
                loan_rate=Rate(rate_vaults[loan_rate], 1) if loan_rate else Rate(),
            )
        )
        assert price == expected, (collateral_rate, loan_rate)
