"""Lowering the basis of a queued raise."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY

TOKEN = 10**6


@pytest.fixture
def queued(council, new_vault, curator):
    """The council with a first limit of 50,000 queued, on a basis of a million."""
    council.queue_limit(new_vault, 50_000 * TOKEN, sender=curator)
    return council


def test_lowers_the_basis(queued, pool, new_vault, lender, stranger):
    pool.withdraw(400_000 * TOKEN, lender, lender, sender=lender)
    before = tuple(queued.queued())
    receipt = queued.witness(sender=stranger)
    assert receipt.return_value == 600_000 * TOKEN
    assert receipt.events == [queued.Witnessed(vault=new_vault, assets=600_000 * TOKEN)]
    assert tuple(queued.queued()) == (*before[:3], 600_000 * TOKEN, before[4])


def test_never_lifts_it(queued, pool, lender, stranger):
    """However much is there for this block."""
    assert queued.witness(sender=stranger).return_value == 1_000_000 * TOKEN
    pool.deposit(9_000_000 * TOKEN, lender, sender=lender)
    assert queued.witness(sender=stranger).return_value == 1_000_000 * TOKEN
    assert queued.queued()[3] == 1_000_000 * TOKEN


@pytest.mark.parametrize(
    ("least", "granted"), [(600_000, 30_000), (999_999, "49999.95"), (1_200_000, 50_000)]
)
def test_binds_the_execution(chain, queued, market, new_vault, lender, curator, stranger, least, granted):
    """A twentieth of the least that anybody has seen, although a million is there before and after."""
    pool = market.pool
    change = (1_000_000 - least) * TOKEN
    if change > 0:
        pool.withdraw(change, lender, lender, sender=lender)
    else:
        pool.deposit(-change, lender, sender=lender)
    queued.witness(sender=stranger)
    if change > 0:
        pool.deposit(change, lender, sender=lender)
    else:
        pool.withdraw(-change, lender, lender, sender=lender)
    chain.advance(3 * DAY)
    receipt = queued.execute_queued(sender=curator)
    assert receipt.events == [pool.LimitSet(vault=new_vault, limit=market.loans(granted))]


def test_does_not_bind_what_the_current_limit_allows(chain, raising, pool, vault, lender, curator, stranger):
    """A limit may double on any basis."""
    pool.withdraw(1_000_000 * TOKEN, lender, lender, sender=lender)
    assert raising.witness(sender=stranger).return_value == 0
    chain.advance(3 * DAY)
    receipt = raising.execute_queued(sender=curator)
    assert receipt.events == [pool.LimitSet(vault=vault, limit=200_000 * TOKEN)]


def test_needs_a_queued_raise(chain, council, new_vault, curator, guardian, stranger):
    reason = "council: no raise queued"
    assert refusal(council.witness, sender=stranger) == reason
    council.queue_guardian(guardian, sender=curator)
    assert refusal(council.witness, sender=stranger) == reason
    chain.advance(3 * DAY)
    council.execute_queued(sender=curator)
    assert refusal(council.witness, sender=stranger) == reason
    council.queue_limit(new_vault, 1, sender=curator)
    assert refusal(council.witness, sender=stranger) is None
