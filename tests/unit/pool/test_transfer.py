"""Why shares do not move; that they do, and what is said then, is in `property/standards/test_erc20.py`."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX, NOBODY
from tests.utils.pool_harness import PAR


@pytest.fixture(autouse=True)
def _shares(lab, lender, operator):
    lab.lend(lender, 10)
    lab.pool.approve(operator, 7 * PAR, sender=lender)


def test_more_than_owned(lab, lender, operator, receiver):
    pool, reason = lab.pool, "pool: too few shares"
    for to in (receiver, lender):
        assert refusal(pool.transfer, to, 10 * PAR + 1, sender=lender) == reason
    pool.approve(operator, MAX, sender=lender)
    assert refusal(pool.transferFrom, lender, receiver, 10 * PAR + 1, sender=operator) == reason
    assert refusal(pool.transferFrom, lender, receiver, 10 * PAR, sender=operator) is None


def test_to_nobody(lab, lender, operator):
    assert refusal(lab.pool.transfer, NOBODY, 1, sender=lender) == "pool: zero address"
    assert refusal(lab.pool.transferFrom, lender, NOBODY, 1, sender=operator) == "pool: zero address"


def test_more_than_allowed(lab, lender, operator, receiver):
    transfer, reason = lab.pool.transferFrom, "pool: allowance too small"
    assert refusal(transfer, lender, receiver, 7 * PAR, sender=operator) is None
    assert refusal(transfer, lender, receiver, 7 * PAR + 1, sender=operator) == reason


def test_the_owner_needs_an_allowance_too(lab, lender, receiver):
    transfer = (lab.pool.transferFrom, lender, receiver, 1)
    assert refusal(*transfer, sender=lender) == "pool: allowance too small"


def test_an_allowance_is_one_way_and_for_one(lab, lender, operator, stranger):
    transfer, reason = lab.pool.transferFrom, "pool: allowance too small"
    assert refusal(transfer, lender, stranger, 1, sender=stranger) == reason
    lab.pool.transfer(operator, 1, sender=lender)
    assert refusal(transfer, operator, lender, 1, sender=lender) == reason
