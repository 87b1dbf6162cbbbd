"""Letting lenders in."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX
from tests.utils.pool_harness import closed_pool


@pytest.fixture
def pool(builder, lab):
    return closed_pool(builder, lab.factory, lab.loan, lab.council)


def test_opens(lab, pool, lender):
    assert not pool.is_open()
    assert pool.maxDeposit(lender) == pool.maxMint(lender) == 0
    receipt = pool.open_pool(sender=lab.council)
    assert receipt.events == [pool.Opened()]
    assert pool.is_open()
    assert pool.maxDeposit(lender) > 0


def test_only_the_council(pool, deployer):
    assert refusal(pool.open_pool, sender=deployer) == "pool: not the council"


def test_once(lab, pool):
    pool.open_pool(sender=lab.council)
    assert refusal(pool.open_pool, sender=lab.council) == "pool: already open"


def test_nothing_else_opens_it(lab, pool, lender):
    """Nobody can hold a share before."""
    lab.factory.register(lab.vault, pool, sender=lender)
    pool.set_limit(lab.vault, 10**6, sender=lab.council)
    pool.set_supply_cap(10**6, sender=lab.council)
    pool.set_pause(MAX, sender=lab.council)
    pool.set_pause(0, sender=lab.council)
    pool.accrue(sender=lender)
    assert not pool.is_open()
    lab.loan.approve(pool, MAX, sender=lender)
    assert refusal(pool.deposit, 0, lender, sender=lender) == "pool: not open"
    assert refusal(pool.mint, 0, lender, sender=lender) == "pool: not open"
