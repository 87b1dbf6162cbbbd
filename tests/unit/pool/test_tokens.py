"""Loan assets with a vice: tolerated where they are honest, refused where they are not."""

import pytest

from plimsoll.testing import refusal
from plimsoll.units import MAX, NOBODY
from tests.utils.actor import intruder_plan
from tests.utils.pool_harness import PAR, build_lab


def lab_of(builder, lender, container, decimals=6):
    """A pool of such a token, a million lent and half of it drawn."""
    token = builder.token(decimals, "VICE", container)
    lab = build_lab(builder, [lender], token=token)
    lab.lend(lender, lab.units(1_000_000))
    lab.draw(lab.units(500_000))
    return lab


@pytest.fixture
def flash_borrower(chain, builder):
    """Gives a function that makes an Intruder who can pay a pool back."""

    def flash_borrower(lab):
        borrower = chain.make("Intruder")
        borrower.approve(lab.loan, lab.pool, MAX, sender=builder.deployer)
        return borrower

    return flash_borrower


def test_no_return_value(builder, lender, receiver, stranger, flash_borrower):
    """USDT's way: everything works."""
    lab = lab_of(builder, lender, "NoReturnToken")
    assert lab.pool.balanceOf(lender) == lab.units(1_000_000) * PAR
    assert lab.loan.balanceOf(lab.vault) == lab.units(10_500_000)
    lab.settle(lab.drawn(), lab.units(500_000))
    borrower = flash_borrower(lab)
    lab.pool.flashLoan(borrower, lab.loan, lab.units(1_000_000), b"", sender=stranger)
    lab.pool.exit(MAX, lab.units(1_000_000), receiver, lender, sender=lender)
    assert lab.loan.balanceOf(receiver) == lab.units(1_000_000)
    assert lab.cash() == 0


def test_false_is_a_failure(builder, lender, stranger, flash_borrower):
    """A token that answers false instead of reverting: in every transfer, either way."""
    lab = lab_of(builder, lender, "FalseReturnToken")
    borrower = flash_borrower(lab)
    pool = lab.pool
    calls = [
        (pool.deposit, 1, lender),
        (pool.mint, 1, lender),
        (pool.withdraw, 1, lender, lender),
        (pool.redeem, PAR, lender, lender),
        (pool.exit, PAR, 0, lender, lender),
        (pool.flashLoan, borrower, lab.loan, 1, b""),
    ]
    for method, *arguments in calls:
        assert refusal(method, *arguments, sender=lender) is None
    assert refusal(pool.draw, 1, stranger, sender=lab.vault) is None
    lab.loan.set_failing(True, sender=stranger)
    for method, *arguments in calls:
        assert refusal(method, *arguments, sender=lender) == "pool: transfer failed"
    assert refusal(pool.draw, 1, stranger, sender=lab.vault) == "pool: transfer failed"


def test_false_on_the_way_back(builder, lender, stranger, flash_borrower):
    """The token starts to fail while the flash loan is out."""
    lab = lab_of(builder, lender, "FalseReturnToken")
    borrower = flash_borrower(lab)
    intruder_plan(borrower, (lab.loan.set_failing, True))
    assert refusal(lab.pool.flashLoan, borrower, lab.loan, 1, b"", sender=stranger) == (
        "pool: transfer failed"
    )


def test_a_fee_on_what_comes_in_is_refused(builder, lender, stranger, flash_borrower):
    lab = lab_of(builder, lender, "FeeToken")
    borrower = flash_borrower(lab)
    lab.loan.mint(borrower, lab.units(1), sender=stranger)
    lab.loan.set_fee(1, sender=stranger)
    assert refusal(lab.pool.deposit, 10**6, lender, sender=lender) == "pool: amount did not arrive"
    assert refusal(lab.pool.mint, 10**9, lender, sender=lender) == "pool: amount did not arrive"
    # of less than 10,000 units a fee of one basis point is nothing
    assert refusal(lab.pool.deposit, 9_999, lender, sender=lender) is None
    flash = (lab.pool.flashLoan, borrower, lab.loan)
    assert refusal(*flash, 10_000, b"", sender=stranger) == "pool: flash loan not repaid"
    assert refusal(*flash, 9_999, b"", sender=stranger) is None


def test_a_fee_on_what_goes_out_hurts_the_receiver(builder, lender, receiver, stranger):
    """Switched on later, it does not lock anybody in; the books stay true."""
    lab = lab_of(builder, lender, "FeeToken")
    lab.loan.set_fee(100, sender=stranger)
    lab.pool.withdraw(10**6, receiver, lender, sender=lender)
    assert lab.loan.balanceOf(receiver) == 990_000
    assert lab.pool.reserves() == 0


def test_a_fee_on_a_payment_is_a_shortfall(builder, lender, stranger):
    """A vault that did not notice would be found out by the books: lenders know at once."""
    lab = lab_of(builder, lender, "FeeToken")
    lab.loan.set_fee(100, sender=stranger)
    receipt = lab.settle(lab.units(100_000) * PAR, lab.units(100_000))
    assert receipt.events[-1] == lab.pool.Loss(vault=NOBODY, reserves=0, backstop=0, lenders=lab.units(1_000))


def test_a_blocked_receiver_hurts_only_himself(builder, lender, other_lender, receiver, stranger):
    lab = lab_of(builder, lender, "BlocklistToken")
    lab.loan.set_blocked(lender, True, sender=stranger)
    pool = lab.pool
    assert refusal(pool.withdraw, 1, lender, lender, sender=lender) == "token: receiver blocked"
    assert refusal(pool.exit, MAX, 0, lender, lender, sender=lender) == "token: receiver blocked"
    assert refusal(pool.deposit, 1, lender, sender=lender) == "token: sender blocked"
    assert refusal(pool.withdraw, 1, receiver, lender, sender=lender) is None
    pool.transfer(other_lender, PAR, sender=lender)
    assert refusal(pool.redeem, PAR, other_lender, other_lender, sender=other_lender) is None
    assert refusal(pool.draw, 1, lender, sender=lab.vault) == "token: receiver blocked"
    assert refusal(pool.draw, 1, stranger, sender=lab.vault) is None


def test_a_halted_token_stops_no_book_keeping(builder, lender, stranger):
    """What moves no token goes on: losses can be booked, shares moved, debt extinguished."""
    lab = lab_of(builder, lender, "BlocklistToken")
    lab.loan.transfer(lab.pool, lab.units(1_000), sender=lab.vault)
    lab.loan.set_halted(True, sender=stranger)
    pool = lab.pool
    assert refusal(pool.withdraw, 1, lender, lender, sender=lender) == "token: halted"
    assert refusal(pool.withdraw, 0, lender, lender, sender=lender) is None
    assert refusal(pool.settle, 10**9, lab.units(1_000), sender=lab.vault) is None
    assert refusal(pool.accrue, sender=stranger) is None
    assert refusal(pool.book_shortfall, sender=stranger) is None
    assert refusal(pool.transfer, stranger, 1, sender=lender) is None


@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_decimals(builder, lender, decimals):
    """Par is a thousand shares per base unit, whatever a token is divided into."""
    lab = build_lab(builder, [lender], decimals=decimals)
    assert lab.pool.decimals() == decimals + 3
    lab.lend(lender, lab.units(1_000_000))
    assert lab.pool.balanceOf(lender) == 1_000_000 * 10 ** (decimals + 3)
    assert lab.draw(lab.units(500_000)) == 500_000 * 10 ** (decimals + 3)
    assert lab.pool.convertToAssets(10 ** (decimals + 3)) == 10**decimals


def test_a_huge_supply(lab, lender, stranger):
    """All but the largest number of units exist; the books hold what fits."""
    lab.loan.mint(stranger, MAX - lab.loan.totalSupply(), sender=stranger)
    lab.loan.approve(lab.pool, MAX, sender=stranger)
    most = lab.pool.maxDeposit(stranger)
    assert refusal(lab.pool.deposit, most, stranger, sender=stranger) is None
    assert refusal(lab.pool.deposit, most + 1, stranger, sender=stranger) == "pool: amount too large"
    lab.loan.transfer(lab.pool, 2**200, sender=stranger)
    lab.lend(lender, 10**6)
    assert lab.draw(10**6) == 10**9
    lab.settle(10**9, 10**6)
    assert lab.pool.reserves() == 2**94 - 10**6  # no more cash than that counts
