"""Moving another's shares."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX, NOBODY
from tests.utils.pool_harness import PAR


@pytest.fixture(autouse=True)
def _shares(lab, lender, operator):
    lab.lend(lender, 10)
    lab.pool.approve(operator, 7 * PAR, sender=lender)


def test_moves_shares_out_of_the_allowance(lab, lender, operator, receiver):
    receipt = lab.pool.transferFrom(lender, receiver, 5 * PAR, sender=operator)
    assert receipt.events == [lab.pool.Transfer(sender=lender, receiver=receiver, value=5 * PAR)]
    assert lab.pool.balanceOf(receiver) == lab.pool.balanceOf(lender) == 5 * PAR
    assert lab.pool.balanceOf(operator) == 0
    assert lab.pool.allowance(lender, operator) == 2 * PAR


def test_answers_true(lab, lender, operator, receiver):
    assert lab.pool.transferFrom.call(lender, receiver, 1, sender=operator) is True


def test_an_allowance_without_end_stays(lab, lender, operator, receiver):
    lab.pool.approve(operator, MAX, sender=lender)
    lab.pool.transferFrom(lender, receiver, 5 * PAR, sender=operator)
    assert lab.pool.allowance(lender, operator) == MAX


def test_more_than_allowed(lab, lender, operator, receiver):
    assert refusal(lab.pool.transferFrom, lender, receiver, 7 * PAR, sender=operator) is None
    assert (
        refusal(lab.pool.transferFrom, lender, receiver, 7 * PAR + 1, sender=operator)
        == "pool: allowance too small"
    )


def test_more_than_owned(lab, lender, operator, receiver):
    lab.pool.approve(operator, MAX, sender=lender)
    transfer = (lab.pool.transferFrom, lender, receiver, 10 * PAR + 1)
    assert refusal(*transfer, sender=operator) == "pool: too few shares"


def test_to_nobody(lab, lender, operator):
    assert refusal(lab.pool.transferFrom, lender, NOBODY, 1, sender=operator) == "pool: zero address"


def test_the_owner_needs_an_allowance_too(lab, lender, receiver):
    transfer = (lab.pool.transferFrom, lender, receiver, 1)
    assert refusal(*transfer, sender=lender) == "pool: allowance too small"


def test_an_allowance_is_one_way_and_for_one(lab, lender, operator, stranger):
    transfer = lab.pool.transferFrom
    assert refusal(transfer, lender, stranger, 1, sender=stranger) == "pool: allowance too small"
    lab.lend(lender, 1)
    lab.pool.transfer(operator, 1, sender=lender)
    assert refusal(transfer, operator, lender, 1, sender=lender) == "pool: allowance too small"
