"""What an oracle refuses to be built from, each beside the nearest thing that it accepts."""

from fractions import Fraction

import pytest

from plimsoll.testing import reverts
from plimsoll.units import DAY, NOBODY, WAD, YEAR
from tests.utils.oracles import PRICE, SOURCE_GAS, Feed, Rate, exact_price

GROWTH_TOP = WAD // YEAR  # 100 % a year
RATE_TOP = 2**128


@pytest.fixture
def refusal(yard, plain_config):
    """The reason for refusing the plain configuration with these changes, None if it is accepted."""
    return lambda **changes: yard.refusal(plain_config.but(**changes))


def test_a_refused_deployment_reverts(yard, plain_config):
    with reverts("oracle: unexpected price"):
        yard.oracle(plain_config.but(expected_price=2 * PRICE))


def test_needs_a_collateral_feed(refusal):
    assert refusal(collateral_feed=dict(feed=NOBODY)) == "oracle: no collateral feed"


def test_needs_an_expected_price(refusal):
    assert refusal(expected_price=0) == "oracle: no expected price"


def test_collateral_decimals(refusal, yard):
    price = PRICE // 10**9
    assert refusal(collateral=yard.token(27), expected_price=price) is None
    assert refusal(collateral=yard.token(28), expected_price=price // 10) == "oracle: collateral decimals"


def test_loan_decimals(refusal, yard):
    assert refusal(loan=yard.token(6), expected_price=PRICE // 10**12) is None
    assert refusal(loan=yard.token(5), expected_price=PRICE // 10**13) == "oracle: loan decimals"
    assert refusal(loan=yard.token(18)) is None
    assert refusal(loan=yard.token(19), expected_price=PRICE * 10) == "oracle: loan decimals"


def test_a_token_without_decimals_fails_without_a_reason(refusal, deployer):
    assert refusal(collateral=deployer.address) == ""
    assert refusal(loan=deployer.address) == ""


@pytest.mark.parametrize("side", ["collateral_feed", "loan_feed"])
class TestFeed:
    def test_decimals(self, refusal, yard, side):
        for decimals, answer in ((18, None), (19, "oracle: feed decimals")):
            whole = 3_200 if side == "collateral_feed" else 1
            feed = yard.feed(whole * 10**decimals, decimals)
            terms = Feed(feed, DAY, 1, 10 ** (decimals + 4))
            assert refusal(**{side: terms}) == answer

    def test_heartbeat(self, refusal, side):
        def refused(heartbeat):
            return refusal(**{side: dict(heartbeat=heartbeat)})

        assert refused(0) == "oracle: heartbeat out of range"
        assert refused(7 * DAY) is None
        assert refused(7 * DAY + 1) == "oracle: heartbeat out of range"

    def test_lower_bound(self, refusal, side):
        assert refusal(**{side: dict(min_answer=1)}) is None
        assert refusal(**{side: dict(min_answer=0)}) == "oracle: wrong bounds"
        assert refusal(**{side: dict(min_answer=-1)}) == "oracle: wrong bounds"

    def test_bounds_in_order(self, refusal, side):
        low = 10**7
        assert refusal(**{side: dict(min_answer=low, max_answer=low)}) == "oracle: wrong bounds"
        # nothing fits between them, but they are in order
        assert refusal(**{side: dict(min_answer=low, max_answer=low + 1)}) == "oracle: out of bounds"

    def test_must_answer_now(self, refusal, yard, deployer, side):
        feed = yard.feed(10**8)
        feed.set_silent(True, sender=deployer)
        assert refusal(**{side: dict(feed=feed)}) == "feed: silent"


def test_loan_feed_is_all_or_nothing(refusal):
    without = dict(expected_price=exact_price(3_200, 1))
    assert refusal(loan_feed=Feed(), **without) is None
    assert refusal(loan_feed=Feed(heartbeat=1), **without) == "oracle: no loan feed"
    assert refusal(loan_feed=Feed(min_answer=1), **without) == "oracle: no loan feed"
    assert refusal(loan_feed=Feed(max_answer=1), **without) == "oracle: no loan feed"


@pytest.mark.parametrize("side", ["collateral_rate", "loan_rate"])
class TestRate:
    def test_growth(self, refusal, yard, side):
        vault = yard.rate_vault(yard.token(18), 18, WAD)

        def refused(growth):
            return refusal(**{side: Rate(vault, growth)})

        assert refused(0) == "oracle: growth out of range"
        assert refused(1) is None
        assert refused(GROWTH_TOP) is None
        assert refused(GROWTH_TOP + 1) == "oracle: growth out of range"

    def test_needs_a_vault(self, refusal, side):
        assert refusal(**{side: Rate(NOBODY, 1)}) == "oracle: no rate vault"
        assert refusal(**{side: Rate(NOBODY, 0, fall=1)}) == "oracle: no rate vault"

    def test_fall(self, refusal, yard, second, side):
        vault = yard.rate_vault(yard.token(18), 18, WAD)

        def refused(fall):
            return refusal(**{side: Rate(vault, 1, fall)}, second=second)

        assert refused(0) == "oracle: fall out of range"
        assert refused(1) is None
        assert refused(WAD) is None
        assert refused(WAD + 1) == "oracle: fall out of range"

    def test_fall_needs_somebody_who_answers_meanwhile(self, refusal, yard, second, fallback, side):
        vault = yard.rate_vault(yard.token(18), 18, WAD)
        assert refusal(**{side: Rate(vault, 1, WAD)}) is None
        terms = {side: Rate(vault, 1, WAD - 1)}
        assert refusal(**terms) == "oracle: fall needs a fallback"
        assert refusal(**terms, second=second) is None
        assert refusal(**terms, fallback=fallback) is None

    @pytest.mark.parametrize(("shares", "asset"), [(27, 18), (28, 18), (18, 27), (18, 28)])
    def test_decimals(self, refusal, yard, side, shares, asset):
        vault = yard.rate_vault(yard.token(asset), shares, 10**asset)
        expected = "oracle: rate decimals" if 28 in (shares, asset) else None
        assert refusal(**{side: Rate(vault, 1)}) == expected

    def test_must_be_positive_now(self, refusal, yard, side):
        vault = yard.rate_vault(yard.token(18), 18, 0)
        assert refusal(**{side: Rate(vault, 1)}) == "oracle: first rate out of range"

    def test_upper_end(self, refusal, yard, deployer, side):
        vault = yard.rate_vault(yard.token(18), 18, RATE_TOP - 1)
        # far from any sensible price, so this is what stops it: the rate itself was accepted
        assert refusal(**{side: Rate(vault, 1)}) == "oracle: unexpected price"
        vault.set_rate(RATE_TOP, sender=deployer)
        assert refusal(**{side: Rate(vault, 1)}) == "oracle: first rate out of range"


class TestScaleOverflow:
    """The largest product of a price without rates has to fit: the contract does not check it again."""

    def test_largest_answer(self, refusal):
        # the scale is 10**36 here: 36 + 18 + 8 - 18 - 8
        largest = (2**256 - 1) // 10**36
        assert refusal(collateral_feed=dict(max_answer=largest)) is None
        assert refusal(collateral_feed=dict(max_answer=largest + 1)) == "oracle: scale overflow"

    def test_largest_divisor(self, yard, plain_config):
        # 36 + 6 - 27 - 18: three of the divisor's decimals are left over, beside the answer of the loan feed
        feed = yard.feed(3_200 * 10**18, 18)
        loan_feed = yard.feed(1, 0)
        loan_feed.set_round(2, plain_config.collateral_feed.feed.latestRoundData()[3], sender=yard.deployer)
        config = plain_config.but(
            collateral=yard.token(27),
            loan=yard.token(6),
            expected_price=exact_price(3_200, 2, 27, 6),
            collateral_feed=Feed(feed, DAY, 1, 10**22),
            loan_feed=Feed(loan_feed, DAY, 1, (2**256 - 1) // 10**3),
        )
        assert yard.refusal(config) is None
        wider = config.but(loan_feed=dict(max_answer=(2**256 - 1) // 10**3 + 1))
        assert yard.refusal(wider) == "oracle: scale overflow"

    def test_largest_rate(self, refusal, yard):
        vault = yard.rate_vault(yard.token(18), 18, WAD)
        largest = (2**256 - 1) // RATE_TOP
        for side in ("collateral", "loan"):
            terms = {f"{side}_rate": Rate(vault, GROWTH_TOP)}
            feed = f"{side}_feed"
            assert refusal(**terms, **{feed: dict(max_answer=largest)}) is None
            assert refusal(**terms, **{feed: dict(max_answer=largest + 1)}) == "oracle: scale overflow"

    def test_more_decimals_than_a_word_holds(self, yard, plain_config):
        # 36 + 18 + 18 + 5 = 77 fits a word, one more does not
        loan_feed = yard.feed(10**18, 18)
        for asset_decimals, expected in ((5, None), (6, "oracle: scale overflow")):
            vault = yard.rate_vault(yard.token(asset_decimals), 18, 10**asset_decimals)
            config = plain_config.but(
                collateral=yard.token(0),
                expected_price=exact_price(3_200, 1, 0, 18),
                collateral_feed=Feed(yard.feed(3_200, 0), DAY, 1, 10**5),
                loan_feed=Feed(loan_feed, DAY, 1, 10**19),
                loan_rate=Rate(vault, 1),
            )
            assert yard.refusal(config) == expected


class TestSequencer:
    def test_grace(self, refusal, yard, travel):
        sequencer = yard.feed(0, 0)
        travel(2 * DAY)
        # the travel made the feeds stale: a refusal for that reason is one after the check of the terms
        assert refusal(sequencer=sequencer, grace=0) == "oracle: grace out of range"
        assert refusal(sequencer=sequencer, grace=1) == "oracle: stale"
        assert refusal(sequencer=sequencer, grace=DAY) == "oracle: stale"
        assert refusal(sequencer=sequencer, grace=DAY + 1) == "oracle: grace out of range"

    def test_grace_needs_a_sequencer(self, refusal):
        assert refusal(grace=1) == "oracle: no sequencer"

    def test_a_price_feed_is_no_sequencer(self, refusal, loan_feed):
        assert refusal(sequencer=loan_feed, grace=1) == "oracle: sequencer down"


class TestExpectedPrice:
    """Every source must be within 5 % of what the deployer expects."""

    def test_own_price(self, refusal):
        # the lowest and the highest expectation that are within 5 % of the price
        lowest = -(-PRICE * 20 // 21)
        highest = PRICE * 20 // 19
        assert refusal(expected_price=lowest) is None
        assert refusal(expected_price=lowest - 2) == "oracle: unexpected price"
        assert refusal(expected_price=highest) is None
        assert refusal(expected_price=highest + 2) == "oracle: unexpected price"

    @pytest.mark.parametrize("role", ["second", "fallback"])
    def test_other_sources(self, refusal, yard, deployer, role):
        source = yard.lying_oracle(PRICE)
        room = PRICE // 20

        def refused(price, safe_price):
            source.set_prices(price, safe_price, sender=deployer)
            return refusal(**{role: source})

        assert refused(PRICE + room, PRICE - room) is None
        assert refused(PRICE + room + 1, PRICE) == "oracle: source disagrees"
        assert refused(PRICE, PRICE - room - 1) == "oracle: source disagrees"
        assert refused(PRICE, PRICE) is None
        assert refused(PRICE, PRICE + 1) == "oracle: source not live"
        assert refused(PRICE, 0) == "oracle: source not live"

    @pytest.mark.parametrize("role", ["second", "fallback"])
    def test_other_sources_must_answer_now(self, refusal, yard, deployer, role):
        source = yard.lying_oracle(PRICE)
        source.set_silent(True, sender=deployer)
        assert refusal(**{role: source}) == "oracle: source not live"

    @pytest.mark.parametrize("role", ["second", "fallback"])
    def test_other_sources_must_answer_with_the_gas_that_they_will_get(self, refusal, yard, deployer, role):
        source = yard.lying_oracle(PRICE)
        source.set_appetite(SOURCE_GAS - 10_000, sender=deployer)
        assert refusal(**{role: source}) is None
        source.set_appetite(SOURCE_GAS, sender=deployer)
        assert refusal(**{role: source}) == "oracle: source not live"


def test_a_forgotten_rate_is_noticed(refusal, yard):
    """A share that is worth 1.1 of what the feed prices."""
    vault = yard.rate_vault(yard.token(18), 18, 11 * WAD // 10)
    expected = exact_price(Fraction(11, 10) * 3_200, Fraction(9_995, 10_000))
    assert refusal(expected_price=expected, collateral_rate=Rate(vault, 1)) is None
    assert refusal(expected_price=expected) == "oracle: unexpected price"


def test_config_and_scale_can_be_read(plain_oracle, plain_config):
    config = plain_oracle.config()
    assert config.expected_price == PRICE
    assert config.collateral == config.loan == plain_config.collateral.address
    assert tuple(config.collateral_feed) == plain_config.collateral_feed.as_tuple()
    assert tuple(config.loan_feed) == plain_config.loan_feed.as_tuple()
    assert tuple(config.collateral_rate) == tuple(config.loan_rate) == (NOBODY, 0, 0)
    assert config.second == config.fallback == config.sequencer == NOBODY
    assert config.grace == 0
    assert plain_oracle.scale() == (10**36, 1)
