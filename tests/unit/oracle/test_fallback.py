"""Who answers when the primary fails."""

import pytest

from plimsoll.units import DAY
from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER, PRICE, assert_fails, prices

DEATH = 14 * DAY
HIGH, LOW = PRICE * 98 // 100, PRICE * 97 // 100


@pytest.fixture
def oracle(backed_oracle, fallback, deployer):
    fallback.set_prices(HIGH, LOW, sender=deployer)
    return backed_oracle


@pytest.fixture
def both_rounds(chain, collateral_feed, loan_feed, deployer):
    """Gives both feeds a round of a certain age."""

    def both_rounds(collateral_age, loan_age):
        collateral_feed.set_round(COLLATERAL_ANSWER, chain.now - collateral_age, sender=deployer)
        loan_feed.set_round(LOAN_ANSWER, chain.now - loan_age, sender=deployer)

    return both_rounds


@pytest.fixture
def prove_failure(chain, oracle, keeper):
    """Marks the primary for 14 days."""

    def prove_failure():
        for _ in range(8):
            oracle.mark(sender=keeper)
            chain.advance(2 * DAY - 10)
        oracle.mark(sender=keeper)

    return prove_failure


def assert_frozen(oracle, reason: str) -> None:
    """The primary fails and is not dead yet."""
    assert_fails(oracle, reason)
    assert not oracle.is_dead()


def test_a_working_primary_answers_alone(oracle):
    assert prices(oracle) == (PRICE, PRICE)
    assert not oracle.is_dead()


def test_a_failure_is_not_a_death(oracle, collateral_feed, deployer, travel):
    collateral_feed.set_answer(0, sender=deployer)
    assert_frozen(oracle, "oracle: out of bounds")
    travel(13 * DAY)
    assert_frozen(oracle, "oracle: stale")


class TestAge:
    @pytest.mark.parametrize("older", ["collateral", "loan", "both"])
    def test_older_than_fourteen_days(self, oracle, both_rounds, older):
        def age(name, seconds):
            return seconds if older in (name, "both") else 0

        both_rounds(age("collateral", DEATH), age("loan", DEATH))
        assert_frozen(oracle, "oracle: stale")
        both_rounds(age("collateral", DEATH + 1), age("loan", DEATH + 1))
        assert prices(oracle) == (HIGH, LOW)
        assert oracle.is_dead()

    def test_the_answer_does_not_matter(self, oracle, set_round, collateral_feed):
        set_round(collateral_feed, -1, DEATH + 1)
        assert prices(oracle) == (HIGH, LOW)

    def test_the_primary_returns_by_itself(self, oracle, both_rounds, refresh):
        both_rounds(DEATH + 1, DEATH + 1)
        assert prices(oracle) == (HIGH, LOW)
        refresh()
        assert prices(oracle) == (PRICE, PRICE)
        assert not oracle.is_dead()

    def test_an_incomplete_round_has_no_age(self, oracle, collateral_feed, loan_feed, deployer):
        for feed, answer in ((collateral_feed, COLLATERAL_ANSWER), (loan_feed, LOAN_ANSWER)):
            feed.set_round(answer, 0, sender=deployer)
            assert_frozen(oracle, "oracle: stale")

    def test_a_round_of_the_future_has_no_age(self, oracle, both_rounds):
        both_rounds(-100, -100)
        assert_frozen(oracle, "oracle: stale")

    def test_a_feed_that_reverts_has_no_age(self, oracle, collateral_feed, deployer, travel):
        collateral_feed.set_silent(True, sender=deployer)
        travel(15 * DAY)
        assert_frozen(oracle, "feed: silent")


class TestMarks:
    """A feed that updates, but out of bounds, or that reverts: only marks can tell how long."""

    def test_fourteen_days_of_marks(self, oracle, collateral_feed, deployer, prove_failure):
        collateral_feed.set_silent(True, sender=deployer)
        prove_failure()
        assert prices(oracle) == (HIGH, LOW)
        assert oracle.is_dead()

    def test_fewer_marks(self, oracle, collateral_feed, deployer, keeper, travel):
        collateral_feed.set_silent(True, sender=deployer)
        oracle.mark(sender=keeper)
        travel(15 * DAY)
        assert_frozen(oracle, "feed: silent")
        oracle.mark(sender=keeper)
        assert_frozen(oracle, "feed: silent")

    def test_the_primary_returns_by_itself(self, oracle, collateral_feed, deployer, prove_failure, refresh):
        collateral_feed.set_silent(True, sender=deployer)
        prove_failure()
        collateral_feed.set_silent(False, sender=deployer)
        refresh()
        assert oracle.marked_at() > 0
        assert prices(oracle) == (PRICE, PRICE)
        assert not oracle.is_dead()

    def test_a_proof_lapses_fourteen_days_after_the_last_mark(
        self, chain, oracle, collateral_feed, deployer, keeper, prove_failure
    ):
        collateral_feed.set_silent(True, sender=deployer)
        prove_failure()
        for _ in range(2):
            chain.advance(DEATH)
            assert prices(oracle) == (HIGH, LOW)
            assert oracle.is_dead()
            oracle.mark(sender=keeper)
        chain.advance(DEATH + 1)
        assert_frozen(oracle, "feed: silent")
        oracle.mark(sender=keeper)
        assert_frozen(oracle, "feed: silent")

    def test_until_they_are_cleared(self, oracle, collateral_feed, deployer, keeper, prove_failure, refresh):
        collateral_feed.set_silent(True, sender=deployer)
        prove_failure()
        collateral_feed.set_silent(False, sender=deployer)
        refresh()
        oracle.mark(sender=keeper)
        collateral_feed.set_silent(True, sender=deployer)
        assert_frozen(oracle, "feed: silent")


class TestDeadFallback:
    """Nobody is left: the reason is the own feeds'."""

    @pytest.fixture(autouse=True)
    def dead_primary(self, both_rounds):
        both_rounds(DEATH + 1, DEATH + 1)

    def test_that_reverts(self, oracle, fallback, deployer):
        fallback.set_silent(True, sender=deployer)
        assert_fails(oracle, "oracle: stale")
        assert oracle.is_dead()

    @pytest.mark.parametrize("answers", [(0, 0), (HIGH, 0), (HIGH, HIGH + 1)])
    def test_that_answers_no_pair_of_prices(self, oracle, fallback, deployer, answers):
        fallback.set_prices(*answers, sender=deployer)
        assert_fails(oracle, "oracle: stale")
        fallback.set_prices(HIGH, HIGH, sender=deployer)
        assert prices(oracle) == (HIGH, HIGH)


class TestWithSecond:
    @pytest.fixture
    def oracle(self, yard, plain_config, fallback, second, deployer):
        fallback.set_prices(HIGH, LOW, sender=deployer)
        second.set_price(PRICE + 7, sender=deployer)
        return yard.oracle(plain_config.but(fallback=fallback, second=second))

    def test_a_live_second_answers_for_dead_feeds(self, oracle, both_rounds):
        assert prices(oracle) == (PRICE + 7, PRICE)
        both_rounds(DEATH + 1, DEATH + 1)
        assert prices(oracle) == (PRICE + 7, PRICE + 7)
        assert not oracle.is_dead()

    def test_the_fallback_answers_for_both(self, oracle, both_rounds, second, deployer):
        both_rounds(DEATH, DEATH)
        second.set_silent(True, sender=deployer)
        both_rounds(DEATH, DEATH)
        assert_frozen(oracle, "oracle: stale")
        both_rounds(DEATH + 1, DEATH + 1)
        assert prices(oracle) == (HIGH, LOW)
        assert oracle.is_dead()
