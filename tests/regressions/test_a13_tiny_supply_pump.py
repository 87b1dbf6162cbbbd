"""A13: with a tiny supply, rounding and flash loans pumped the index (Radiant, HopeLend, Raft).

Here whoever rounds against himself pays for it, and 1,000 virtual shares stand beside any supply.
"""

from decimal import Decimal

import pytest

from plimsoll.units import MAX
from tests.utils.actor import intruder_plan
from tests.utils.pool_harness import PAR, build_lab

VICTIM = 10**9


@pytest.fixture(scope="module")
def lab(builder, lender, stranger):
    return build_lab(builder, [lender, stranger], flash_fee=Decimal("0.01"))


@pytest.fixture(scope="module")
def attacker(chain, builder, lab, stranger):
    """With ten thousand tokens."""
    attacker = chain.make("Intruder")
    lab.loan.mint(attacker, lab.units(10_000), sender=stranger)
    attacker.approve(lab.loan, lab.pool, MAX, sender=stranger)
    return attacker


@pytest.mark.parametrize("odd", [1, PAR - 1, PAR + 1])
def test_a13_tiny_supply_pump(lab, attacker, lender, stranger, odd):
    """A hundred and twenty rounds of buying at the rounded-up price and selling at the rounded-down one."""
    pool = lab.pool
    start = lab.loan.balanceOf(attacker)
    rounds = [(pool.mint, odd, attacker), (pool.redeem, odd, attacker, attacker)] * 24
    for _ in range(5):
        intruder_plan(attacker, *rounds)
        attacker.run(sender=stranger)
        assert attacker.successes() == len(rounds)
    intruder_plan(attacker, (pool.mint, 1, attacker))
    attacker.run(sender=stranger)

    lab.lend(lender, VICTIM)
    intruder_plan(attacker, (pool.exit, MAX, 0, attacker, attacker))
    attacker.run(sender=stranger)
    pool.exit(MAX, 0, lender, lender, sender=lender)

    # a unit lost a round; the victim loses at most that one unit which rounding may cost anybody
    assert lab.loan.balanceOf(attacker) <= start - 24 * 5
    assert lab.loan.balanceOf(lender) >= lab.units(10**7) - 1


def test_a13_flash_fees_do_not_pump(lab, attacker, lender, stranger):
    """The fee goes to the reserve, so a share of a one-share market is worth what it was."""
    lab.lend(stranger, 1)
    before = lab.books()
    lab.lend(lender, VICTIM)
    intruder_plan(attacker)
    for _ in range(10):
        lab.pool.flashLoan(attacker, lab.loan, VICTIM, b"", sender=stranger)
    lab.pool.exit(MAX, 0, lender, lender, sender=lender)
    assert lab.books() == before
    assert lab.pool.reserves() == 10 * VICTIM // 100
    assert lab.loan.balanceOf(lender) == lab.units(10**7)
