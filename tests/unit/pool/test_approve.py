"""Allowing another to move shares."""

import pytest

from plimsoll.units import MAX
from tests.utils.pool_harness import PAR


@pytest.mark.parametrize("amount", [0, 1, MAX])
def test_sets_the_allowance(lab, lender, operator, amount):
    receipt = lab.pool.approve(operator, amount, sender=lender)
    assert receipt.events == [lab.pool.Approval(owner=lender, spender=operator, value=amount)]
    assert lab.pool.allowance(lender, operator) == amount
    assert lab.pool.allowance(operator, lender) == 0


def test_answers_true(lab, lender, operator):
    assert lab.pool.approve.call(operator, 1, sender=lender) is True


def test_replaces_and_does_not_add(lab, lender, operator):
    """So it can be raced as with any ERC-20; setting it to 0 first, or a permit, avoids that."""
    lab.lend(lender, 20)
    lab.pool.approve(operator, 5 * PAR, sender=lender)
    lab.pool.approve(operator, 3 * PAR, sender=lender)
    assert lab.pool.allowance(lender, operator) == 3 * PAR
    lab.pool.transferFrom(lender, operator, 3 * PAR, sender=operator)
    lab.pool.approve(operator, 2 * PAR, sender=lender)
    assert lab.pool.allowance(lender, operator) == 2 * PAR
