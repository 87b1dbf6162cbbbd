"""A14: thousands of deposits and withdrawals at a high index each won a rounding (zkLend).

Here every pair costs up to a unit and wins nothing; the same for debt drawn and settled.
"""

import pytest
from ape import project

from tests.utils.calls import send, view
from tests.utils.clock import pass_time, stopped_clock
from tests.utils.intruder import plan
from tests.utils.lab import build_lab
from tests.utils.world import MAX, YEAR


@pytest.fixture(scope="module", autouse=True)
def _stopped_clock():
    with stopped_clock():
        yield


@pytest.fixture(scope="module")
def lab(builder, lender):
    """At a high index: a share is worth about sixty times par, a debt share more."""
    lab = build_lab(builder, [lender])
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(1_000_000))
    for _ in range(5):
        pass_time(20 * YEAR)
        send(lab.pool.accrue, sender=lender)
    send(lab.loan.mint, lender, 10**18, sender=lender)
    lab.lend(lender, lab.units(100_000_000))
    return lab


@pytest.fixture(scope="module")
def attacker(builder, lab, stranger):
    """A lender and a vault at once, with ten thousand tokens."""
    attacker = builder.deployer.deploy(project.Intruder)
    send(lab.loan.mint, attacker, lab.units(10_000), sender=stranger)
    send(attacker.approve, lab.loan, lab.pool, MAX, sender=stranger)
    send(lab.factory.register, attacker, lab.pool, sender=stranger)
    send(lab.pool.set_limit, attacker, lab.units(10_000), sender=lab.council)
    return attacker


def test_the_index_is_high(lab):
    assert lab.pool.convertToAssets(1_000) > 50


@pytest.mark.parametrize("amount", [1, 61, 63, 10**6 + 1])
def test_a14_rounding_loops(lab, attacker, stranger, amount):
    """Two hundred and forty pairs: in ten transactions."""
    pool = lab.pool
    start = view(lab.loan.balanceOf, attacker)[0]
    before = lab.books()
    plan(attacker, *([(pool.deposit, amount, attacker), (pool.exit, MAX, 0, attacker, attacker)] * 24))
    for _ in range(10):
        send(attacker.run, sender=stranger)
    assert attacker.successes() == 480
    end = view(lab.loan.balanceOf, attacker)[0]
    assert start - 240 <= end <= start
    after = lab.books()
    assert after.total_supply == before.total_supply
    assert after.total_assets - before.total_assets == (start - end) * 65_536


@pytest.mark.parametrize("shares", [1, 17, 1_001])
def test_a14_mint_and_withdraw(lab, attacker, stranger, shares):
    """The other two roundings."""
    pool = lab.pool
    start = view(lab.loan.balanceOf, attacker)[0]
    worth = pool.previewRedeem(shares)
    plan(attacker, *([(pool.mint, shares, attacker), (pool.withdraw, worth, attacker, attacker)] * 24))
    for _ in range(5):
        send(attacker.run, sender=stranger)
    plan(attacker, (pool.exit, MAX, 0, attacker, attacker))
    send(attacker.run, sender=stranger)
    assert view(lab.loan.balanceOf, attacker)[0] <= start


@pytest.mark.parametrize("amount", [1, 99, 10**6 + 1])
def test_a14_debt(lab, attacker, stranger, amount):
    """What a vault draws it owes at least; what it settles is taken off at most."""
    pool = lab.pool
    drawn = pool.draw.call(amount, attacker, sender=attacker)[0]
    before = lab.books()
    cash = lab.cash()
    plan(
        attacker,
        *[
            (pool.draw, amount, attacker),
            (lab.loan.transfer, pool, amount),
            (pool.settle, drawn, amount),
        ]
        * 16,
    )
    for _ in range(5):
        send(attacker.run, sender=stranger)
    after = lab.books()
    assert attacker.successes() == 240
    assert lab.cash() == cash
    # debt of others has not fallen, and lenders have lost nothing
    assert after.total_debt >= before.total_debt
    assert after.total_assets == before.total_assets
