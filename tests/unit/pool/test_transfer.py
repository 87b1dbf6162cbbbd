"""Moving one's own shares."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import NOBODY
from tests.utils.pool_harness import PAR


@pytest.fixture(autouse=True)
def _shares(lab, lender):
    lab.lend(lender, 10)


@pytest.mark.parametrize("amount", [0, 1, 10 * PAR])
def test_moves_shares(lab, lender, receiver, amount):
    """P1."""
    receipt = lab.pool.transfer(receiver, amount, sender=lender)
    assert receipt.events == [lab.pool.Transfer(sender=lender, receiver=receiver, value=amount)]
    assert lab.pool.balanceOf(receiver) == amount
    assert lab.pool.balanceOf(lender) == 10 * PAR - amount
    assert lab.pool.totalSupply() == 10 * PAR


def test_answers_true(lab, lender, receiver):
    assert lab.pool.transfer.call(receiver, 1, sender=lender) is True


def test_to_oneself_changes_nothing(lab, lender):
    lab.pool.transfer(lender, 10 * PAR, sender=lender)
    assert lab.pool.balanceOf(lender) == 10 * PAR


def test_more_than_owned(lab, lender, receiver):
    assert refusal(lab.pool.transfer, receiver, 10 * PAR + 1, sender=lender) == "pool: too few shares"
    assert refusal(lab.pool.transfer, lender, 10 * PAR + 1, sender=lender) == "pool: too few shares"


def test_to_nobody(lab, lender):
    assert refusal(lab.pool.transfer, NOBODY, 1, sender=lender) == "pool: zero address"


def test_the_books_are_not_touched(lab, lender, receiver):
    before = lab.books()
    lab.pool.transfer(receiver, PAR, sender=lender)
    assert lab.books() == before
