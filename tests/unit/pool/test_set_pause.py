"""The pause, as the council sets it."""

from plimsoll.testing import refusal
from plimsoll.units import DAY, MAX


def test_stops_supply_and_borrowing(chain, busy, lender):
    """X1: and nothing else."""
    until = chain.now + DAY
    receipt = busy.pool.set_pause(until, sender=busy.council)
    assert receipt.events == [busy.pool.PauseSet(until=until)]
    assert busy.pool.paused_until() == until

    pool = busy.pool
    assert refusal(pool.deposit, 1, lender, sender=lender) == "pool: paused"
    assert refusal(pool.mint, 1, lender, sender=lender) == "pool: paused"
    assert refusal(pool.draw, 1, busy.vault, sender=busy.vault) == "pool: paused"

    assert refusal(pool.withdraw, 1, lender, lender, sender=lender) is None
    assert refusal(pool.redeem, 1, lender, lender, sender=lender) is None
    assert refusal(pool.exit, MAX, 1, lender, lender, sender=lender) is None
    assert refusal(pool.settle, 1, 0, sender=busy.vault) is None
    assert refusal(pool.transfer, lender, 1, sender=lender) is None
    assert refusal(pool.accrue, sender=lender) is None
    assert refusal(pool.book_shortfall, sender=lender) is None


def test_ends_by_itself(chain, lab, lender):
    lab.pool.set_pause(chain.now + DAY, sender=lab.council)
    chain.advance(DAY - 1)
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) == "pool: paused"
    assert lab.pool.maxDeposit(lender) == 0
    chain.advance(1)
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) is None
    assert lab.pool.maxDeposit(lender) > 0


def test_is_lifted(lab, lender):
    lab.pool.set_pause(MAX, sender=lab.council)
    receipt = lab.pool.set_pause(0, sender=lab.council)
    assert receipt.events == [lab.pool.PauseSet(until=0)]
    assert refusal(lab.pool.deposit, 1, lender, sender=lender) is None


def test_only_the_council(lab, deployer):
    assert refusal(lab.pool.set_pause, 1, sender=deployer) == "pool: not the council"
