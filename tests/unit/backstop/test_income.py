"""Income stands still while provisions exceed the pool's reserve."""

import pytest

from plimsoll.units import DAY

UNIT = 10**9
STAKE = 20_000 * UNIT
INCOME = 1_400 * UNIT
COOLDOWN = 14 * DAY


@pytest.fixture
def earning(chain, backstop, pool, lender, stranger):
    """A stake of 20,000 that is to earn 1,400 in a cooldown's time."""
    backstop.deposit(STAKE, lender, sender=lender)
    pool.mint(backstop, INCOME, sender=stranger)
    receipt = backstop.sync(sender=stranger)
    assert receipt.events == [backstop.IncomeArrived(amount=INCOME, stream_end=chain.now + COOLDOWN)]
    return backstop


def earned(backstop):
    return backstop.totalAssets() - STAKE


def test_is_earned_evenly(chain, earning):
    for day in range(1, 15):
        chain.advance(DAY)
        assert earned(earning) == day * 100 * UNIT
    chain.advance(DAY)
    assert earned(earning) == INCOME


def test_what_the_last_second_earns_is_not_earned_before(chain, earning):
    chain.advance(COOLDOWN - 1)
    assert earned(earning) == INCOME * (COOLDOWN - 1) // COOLDOWN


@pytest.mark.parametrize("kept_back", [0, 1, STAKE])
def test_not_while_provisions_stand(chain, earning, keep_back, stranger, kept_back):
    """One pool share of them is enough; its end moves by the time that they stood."""
    chain.advance(4 * DAY)
    earning.sync(sender=stranger)
    end = earning.books()[3]
    keep_back(kept_back)
    chain.advance(5 * DAY)
    earning.sync(sender=stranger)
    keep_back(0)
    assert earned(earning) == (400 if kept_back else 900) * UNIT
    assert earning.books()[3] == end + (5 * DAY if kept_back else 0)
    chain.advance(10 * DAY)
    assert earned(earning) == INCOME


def test_it_is_judged_when_the_books_are_read(chain, earning, keep_back, stranger):
    """For all the time since they were stored."""
    keep_back(1)
    chain.advance(7 * DAY)
    assert earned(earning) == 0
    keep_back(0)
    assert earned(earning) == INCOME // 2
    keep_back(1)
    earning.sync(sender=stranger)
    keep_back(0)
    assert earned(earning) == 0


def test_what_arrives_meanwhile_joins(chain, earning, pool, keep_back, stranger):
    """As what a haircut has kept back does."""
    keep_back(1)
    chain.advance(7 * DAY)
    pool.mint(earning, INCOME, sender=stranger)
    receipt = earning.sync(sender=stranger)
    assert receipt.events == [earning.IncomeArrived(amount=INCOME, stream_end=chain.now + COOLDOWN)]
    keep_back(0)
    chain.advance(7 * DAY)
    assert earned(earning) == INCOME
