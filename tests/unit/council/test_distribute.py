"""Paying out what was announced."""

from decimal import Decimal

import pytest

from plimsoll.params import PoolParams
from plimsoll.testing import refusal
from plimsoll.testing.market import build_market
from plimsoll.units import DAY, NOBODY
from tests.utils.pool_harness import closed_pool

TOKEN = 10**6
SHARE = 10**9  # what a token buys at par, where all of this happens
EXCESS = 100_000 * TOKEN


@pytest.fixture
def due(chain, rich, stranger):
    """The council with 100,000 announced three days ago; the stranger gets what is not the backstop's."""
    rich.set_payout_receiver(stranger, sender=rich.curator())
    rich.announce(sender=stranger)
    chain.advance(3 * DAY)
    return rich


@pytest.fixture
def stake(backstop, lender):
    """Stakes this many pool shares."""
    return lambda shares: backstop.deposit(shares, lender, sender=lender)


def test_pays_both(chain, due, pool, backstop, stake, stranger, operator):
    stake(100_000 * SHARE)
    reserves = pool.reserves()
    receipt = due.distribute(sender=operator)
    assert receipt.return_value == EXCESS
    assert receipt.events == [
        pool.Transfer(sender=NOBODY, receiver=backstop, value=50_000 * SHARE),
        pool.Transfer(sender=NOBODY, receiver=stranger, value=50_000 * SHARE),
        due.Distributed(amount=EXCESS),
        backstop.IncomeArrived(amount=50_000 * SHARE, stream_end=chain.now + 14 * DAY),
    ]
    assert reserves - pool.reserves() == EXCESS
    assert backstop.synced_at() == chain.now
    assert due.announced() == due.announced_at() == 0


def test_from_three_to_seven_days_after_the_announcement(chain, rich, stake, stranger):
    stake(100_000 * SHARE)
    assert refusal(rich.distribute, sender=stranger) == "council: nothing announced"
    rich.announce(sender=stranger)
    chain.advance(3 * DAY - 1)
    assert refusal(rich.distribute, sender=stranger) == "council: payout too early"
    chain.advance(1)
    assert refusal(rich.distribute, sender=stranger) is None
    chain.advance(4 * DAY)
    assert refusal(rich.distribute, sender=stranger) is None
    chain.advance(1)
    assert refusal(rich.distribute, sender=stranger) == "council: payout too late"


def test_no_more_than_was_announced(due, donate, stake, stranger):
    stake(100_000 * SHARE)
    donate(77 * TOKEN)
    assert due.distribute(sender=stranger).return_value == EXCESS
    assert due.announced_at() == 0


def test_takes_what_it_considered_off_the_announcement(due, market, donate, stake, stranger):
    """What is not there now may be paid until the announcement lapses; a refusal takes nothing off."""
    stake(100_000 * SHARE)
    since = due.announced_at()
    market.loan.burn(market.pool, 40_000 * TOKEN, sender=stranger)
    assert due.distribute(sender=stranger).return_value == 60_000 * TOKEN
    assert (due.announced(), due.announced_at()) == (40_000 * TOKEN, since)
    assert refusal(due.distribute, sender=stranger) == "council: nothing to pay out"
    donate(43_000 * TOKEN)  # of which 3,000 are the target of what has been paid
    assert due.distribute(sender=stranger).return_value == 40_000 * TOKEN
    assert due.announced() == due.announced_at() == 0


@pytest.mark.parametrize("excess", [0, 1, 2])
def test_never_pays_nothing(due, market, stake, stranger, excess):
    """Half of a unit is the receiver's, rounded up; the backstop's is a whole one of two."""
    stake(100_000 * SHARE)
    market.loan.burn(market.pool, EXCESS - excess, sender=stranger)
    if excess:
        assert due.distribute(sender=stranger).return_value == excess
    else:
        assert refusal(due.distribute, sender=stranger) == "council: nothing to pay out"
        assert due.announced() == EXCESS


def test_without_a_receiver_half_stays(due, pool, stake, curator, stranger):
    stake(100_000 * SHARE)
    due.set_payout_receiver(NOBODY, sender=curator)
    assert due.distribute(sender=stranger).return_value == EXCESS // 2
    assert pool.reserves() == 100_000 * TOKEN
    assert due.announced_at() == 0  # considered all the same


def test_nothing_below_the_minimum_stake(due, pool, backstop, stake, stranger):
    """Nobody is paid then; from there on the backstop gets what its stake is worth."""
    minimum = backstop.minimum_stake()
    assert minimum == 1_000 * SHARE
    stake(minimum - 1)
    assert refusal(due.distribute, sender=stranger) == "council: nothing to pay out"
    stake(1)
    receipt = due.distribute(sender=stranger)
    assert receipt.of(pool.Transfer) == [
        pool.Transfer(sender=NOBODY, receiver=backstop, value=1_000 * SHARE),
        pool.Transfer(sender=NOBODY, receiver=stranger, value=1_000 * SHARE),
    ]


def test_a_small_stake_cuts_both_parts(due, pool, backstop, stake, stranger):
    """In the same proportion; the rest stays in the reserve, and the announcement is used up."""
    stake(20_000 * SHARE)
    receipt = due.distribute(sender=stranger)
    assert receipt.return_value == 40_000 * TOKEN
    assert receipt.events[2] == due.Distributed(amount=40_000 * TOKEN)
    assert pool.balanceOf(backstop) == 40_000 * SHARE
    assert pool.balanceOf(stranger) == 20_000 * SHARE
    assert pool.reserves() == 110_000 * TOKEN
    assert due.announced() == due.announced_at() == 0


def test_one_that_just_covers_it_cuts_nothing(due, stake, stranger):
    stake(50_000 * SHARE - 1_000)
    assert due.distribute.call(sender=stranger) == EXCESS - 2
    stake(1_000)
    assert due.distribute.call(sender=stranger) == EXCESS


def test_income_that_is_not_earned_yet_counts_against_the_stake(chain, due, donate, stake, stranger):
    """Else one payout would make room for the next."""
    stake(20_000 * SHARE)
    due.distribute(sender=stranger)  # 20,000 of income
    donate(100_000 * TOKEN)
    due.announce(sender=stranger)
    chain.advance(3 * DAY)
    earned = 20_000 * SHARE * 3 // 14
    worth = 2 * earned // 1_000  # of 20,000 + earned, less 20,000 - earned
    assert due.distribute.call(sender=stranger) == 2 * worth == 17_142_857_142
    chain.advance(4 * DAY)
    assert due.distribute.call(sender=stranger) == 40_000 * TOKEN


def test_more_income_than_stake_leaves_room_for_nothing(due, pool, backstop, stake, lender, stranger):
    """Such as shares that somebody gave: nothing is paid, for a reason."""
    stake(20_000 * SHARE)
    pool.transfer(backstop, 30_000 * SHARE, sender=lender)
    backstop.sync(sender=stranger)
    assert refusal(due.distribute, sender=stranger) == "council: nothing to pay out"


def test_a_pool_that_shares_nothing_with_its_backstop_is_not_bound(chain, builder, lender, stranger):
    """Which needs no stake then, and is told all the same."""
    params = PoolParams(name="P", symbol="P", backstop_share=Decimal(0))
    market = build_market(builder, [lender], pool_params=params)
    pool, council = market.pool, market.council
    pool.deposit(1_000 * TOKEN, lender, sender=lender)
    market.loan.mint(pool, 150 * TOKEN, sender=stranger)
    council.set_payout_receiver(stranger, sender=council.curator())
    council.announce(sender=stranger)
    chain.advance(3 * DAY)
    backstop = chain.at("Backstop", pool.backstop())
    receipt = council.distribute(sender=stranger)
    assert receipt.events == [
        pool.Transfer(sender=NOBODY, receiver=backstop, value=0),
        pool.Transfer(sender=NOBODY, receiver=stranger, value=100 * SHARE),
        council.Distributed(amount=100 * TOKEN),
    ]
    assert backstop.synced_at() == chain.now


def test_a_pool_without_a_backstop(chain, builder, market, lender, curator, stranger):
    """Its part stays in the reserve; half of the 100 above the target, which is 5 %, goes to the receiver."""
    factory = chain.make("OpenFactory")
    pool = closed_pool(builder, factory, market.loan)
    council = chain.make("Council", pool, curator, 3 * DAY)
    factory.initialize(pool, council, NOBODY, sender=stranger)
    council.open_pool(sender=curator)
    market.loan.approve(pool, 1_000 * TOKEN, sender=lender)
    pool.deposit(1_000 * TOKEN, lender, sender=lender)
    market.loan.mint(pool, 150 * TOKEN, sender=stranger)
    council.set_payout_receiver(stranger, sender=curator)
    council.announce(sender=stranger)
    chain.advance(3 * DAY)
    receipt = council.distribute(sender=lender)
    assert receipt.return_value == 50 * TOKEN
    assert receipt.events == [
        pool.Transfer(sender=NOBODY, receiver=stranger, value=50 * SHARE),
        council.Distributed(amount=50 * TOKEN),
    ]
    assert pool.reserves() == 100 * TOKEN
