"""A29: a pull that forgot to ask for an allowance (several vaults and routers).

Here every pull of a pool, of tokens or of shares, is tried with an allowance of nothing and of one too few.
"""

import pytest
from ape import project

from tests.utils.calls import refusal, send
from tests.utils.lab import PAR, build_lab
from tests.utils.world import MAX


@pytest.fixture(scope="module")
def lab(builder, lender):
    lab = build_lab(builder, [lender])
    lab.lend(lender, 10**9)
    return lab


@pytest.mark.parametrize("allowed", [0, 10**6 - 1])
def test_a29_tokens_of_a_depositor(lab, lender, allowed):
    send(lab.loan.approve, lab.pool, allowed, sender=lender)
    assert refusal(lab.pool.deposit, 10**6, lender, sender=lender) == ""  # the token's own arithmetic
    assert refusal(lab.pool.mint, 10**9, lender, sender=lender) == ""
    send(lab.loan.approve, lab.pool, 10**6, sender=lender)
    assert refusal(lab.pool.deposit, 10**6, lender, sender=lender) is None
    assert refusal(lab.pool.mint, 10**9, lender, sender=lender) is None


@pytest.mark.parametrize("allowed", [0, 10**6 - 1])
def test_a29_tokens_of_a_flash_borrower(lab, builder, stranger, allowed):
    borrower = builder.deployer.deploy(project.Intruder)
    send(borrower.approve, lab.loan, lab.pool, allowed, sender=stranger)
    loan = (lab.pool.flashLoan, borrower, lab.loan, 10**6, b"")
    assert refusal(*loan, sender=stranger) == ""
    send(borrower.approve, lab.loan, lab.pool, 10**6, sender=stranger)
    assert refusal(*loan, sender=stranger) is None


def test_a29_nobody_deposits_with_anothers_tokens(lab, lender, stranger):
    """The lender has approved the pool without end; a stranger still pays with his own."""
    assert lab.loan.allowance(lender, lab.pool) == MAX
    assert refusal(lab.pool.deposit, 1, lender, sender=stranger) == ""
    assert refusal(lab.pool.deposit, 1, stranger, sender=stranger) == ""


@pytest.mark.parametrize("allowed", [0, 10**6 * PAR - 1])
def test_a29_shares_of_a_lender(lab, lender, stranger, allowed):
    send(lab.pool.approve, stranger, allowed, sender=lender)
    pulls = [
        (lab.pool.withdraw, 10**6, stranger, lender),
        (lab.pool.redeem, 10**6 * PAR, stranger, lender),
        (lab.pool.exit, 10**6 * PAR, 0, stranger, lender),
        (lab.pool.transferFrom, lender, stranger, 10**6 * PAR),
    ]
    for method, *arguments in pulls:
        reason = refusal(method, *arguments, sender=stranger)
        assert reason == "pool: allowance too small"
    send(lab.pool.approve, stranger, 10**6 * PAR, sender=lender)
    for method, *arguments in pulls:
        assert refusal(method, *arguments, sender=stranger) is None


def test_a29_exit_of_everything(lab, lender, stranger):
    """The largest uint is no way round it."""
    send(lab.pool.approve, stranger, 10**9 * PAR - 1, sender=lender)
    reason = refusal(lab.pool.exit, MAX, 0, stranger, lender, sender=stranger)
    assert reason == "pool: allowance too small"
    send(lab.pool.approve, stranger, 10**9 * PAR, sender=lender)
    assert refusal(lab.pool.exit, MAX, 0, stranger, lender, sender=stranger) is None
