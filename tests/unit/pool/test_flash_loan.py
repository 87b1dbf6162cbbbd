"""Flash loans (ERC-3156)."""

from decimal import Decimal

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, MAX, WAD
from tests.utils.actor import intruder_plan, outcomes
from tests.utils.pool_harness import build_lab


@pytest.fixture(scope="module", autouse=True)
def costly(builder, lender, intruder, lab):
    """A pool of the same token that takes 0.09 % for a flash loan; the intruder has approved it too."""
    costly = build_lab(builder, [lender], token=lab.loan, flash_fee=Decimal("0.0009"))
    intruder.approve(costly.loan, costly.pool, MAX, sender=lender)
    return costly


def test_lends_and_takes_back(busy, intruder, stranger):
    """P10: without a fee nothing changes."""
    books, cash = busy.books(), busy.cash()
    amount = busy.cash()

    receipt = busy.pool.flashLoan(intruder, busy.loan, amount, b"data", sender=stranger)

    assert receipt.events == [
        busy.loan.Transfer(sender=busy.pool, receiver=intruder, value=amount),
        intruder.FlashLoanReceived(initiator=stranger, token=busy.loan, amount=amount, fee=0, data=b"data"),
        busy.loan.Transfer(sender=intruder, receiver=busy.pool, value=amount),
    ]
    assert busy.books() == books
    assert busy.cash() == cash
    assert busy.loan.balanceOf(intruder) == busy.units(1_000)


def test_answers_true(busy, intruder, stranger):
    assert busy.pool.flashLoan.call(intruder, busy.loan, 1, b"", sender=stranger) is True


@pytest.mark.parametrize(("amount", "fee"), [(1, 1), (1_111, 1), (1_112, 2), (10**10, 9 * 10**6)])
def test_the_fee_is_reserve(costly, lender, intruder, stranger, amount, fee):
    """P4, P10: rounded up; it changes no price."""
    lab = costly
    lab.lend(lender, lab.units(100_000))
    books = lab.books()
    assert lab.pool.flashFee(lab.loan, amount) == fee

    receipt = lab.pool.flashLoan(intruder, lab.loan, amount, b"", sender=stranger)

    assert receipt.events[-1] == lab.loan.Transfer(sender=intruder, receiver=lab.pool, value=amount + fee)
    assert receipt.events[-2].fee == fee
    assert lab.books() == books
    assert lab.pool.reserves() == fee
    assert lab.cash() == lab.units(100_000) + fee


def test_any_rest_of_a_fee_is_a_unit(builder, lab):
    """Also the smallest that there is: of `amount * fee`, a part in 10**18 of a unit."""
    odd = build_lab(builder, token=lab.loan, flash_fee=Decimal("0.009999999999999999"))
    fee = 9_999_999_999_999_999
    amount = pow(fee, -1, WAD)
    assert amount * fee % WAD == 1
    assert odd.pool.flashFee(lab.loan, amount) == amount * fee // WAD + 1


def test_nothing(busy, intruder, stranger):
    receipt = busy.pool.flashLoan(intruder, busy.loan, 0, b"", sender=stranger)
    assert [event.name for event in receipt.events] == ["FlashLoanReceived"]


def test_does_not_accrue(chain, busy, intruder, stranger):
    """The books are not touched: what time did shows as in any view."""
    expected = busy.books_after(DAY)
    chain.advance(DAY)
    busy.pool.flashLoan(intruder, busy.loan, 10**9, b"", sender=stranger)
    assert busy.books() == expected


def test_the_reserve_can_be_lent_as_well(busy, intruder, stranger):
    busy.loan.mint(busy.pool, 10**12, sender=stranger)
    assert busy.pool.maxFlashLoan(busy.loan) == busy.cash()
    assert refusal(busy.pool.flashLoan, intruder, busy.loan, busy.cash(), b"", sender=stranger) is None
    assert (
        refusal(busy.pool.flashLoan, intruder, busy.loan, busy.cash() + 1, b"", sender=stranger)
        == "token: balance too small"
    )


def test_another_token(busy, market, intruder, stranger):
    loan = (busy.pool.flashLoan, intruder, market.collateral, 1, b"")
    assert refusal(*loan, sender=stranger) == "pool: not the asset"
    assert refusal(busy.pool.flashFee, market.collateral, 1, sender=stranger) == "pool: not the asset"
    assert busy.pool.maxFlashLoan(market.collateral) == 0


def test_a_wrong_answer(busy, intruder, stranger):
    for answer in (bytes(32), b"\xff" * 32):
        intruder.set_answer(answer, sender=stranger)
        assert (
            refusal(busy.pool.flashLoan, intruder, busy.loan, 1, b"", sender=stranger)
            == "pool: bad flash answer"
        )


def test_a_receiver_that_cannot_answer(busy, lender, stranger):
    """Nobody can be made to take a loan: accounts and other contracts do not answer."""
    for receiver in (lender, busy.loan, busy.pool):
        assert refusal(busy.pool.flashLoan, receiver, busy.loan, 1, b"", sender=stranger) == ""


def test_not_paid_back(busy, intruder, stranger):
    """The money is gone when it is asked for."""
    intruder_plan(intruder, (busy.loan.transfer, stranger, busy.units(1_000) + 1))
    assert (
        refusal(busy.pool.flashLoan, intruder, busy.loan, 10**9, b"", sender=stranger)
        == "token: balance too small"
    )
    intruder_plan(intruder, (busy.loan.transfer, stranger, busy.units(1_000)))
    assert refusal(busy.pool.flashLoan, intruder, busy.loan, 10**9, b"", sender=stranger) is None


def test_no_allowance(busy, intruder, stranger):
    intruder.approve(busy.loan, busy.pool, 10**9 - 1, sender=stranger)
    assert (
        refusal(busy.pool.flashLoan, intruder, busy.loan, 10**9, b"", sender=stranger)
        == "token: allowance too small"
    )
    intruder.approve(busy.loan, busy.pool, 10**9, sender=stranger)
    assert refusal(busy.pool.flashLoan, intruder, busy.loan, 10**9, b"", sender=stranger) is None


def test_a_fee_short(costly, lender, intruder, stranger):
    lab = costly
    lab.lend(lender, lab.units(100_000))
    intruder.approve(lab.loan, lab.pool, 10**10 + 9 * 10**6 - 1, sender=stranger)
    assert (
        refusal(lab.pool.flashLoan, intruder, lab.loan, 10**10, b"", sender=stranger)
        == "token: allowance too small"
    )
    intruder.approve(lab.loan, lab.pool, 10**10 + 9 * 10**6, sender=stranger)
    assert refusal(lab.pool.flashLoan, intruder, lab.loan, 10**10, b"", sender=stranger) is None


def test_cash_that_vanishes_meanwhile(busy, intruder, stranger):
    """P10: cash is compared as well; here the token's issuer takes one unit during the loan."""
    intruder_plan(intruder, (busy.loan.burn, busy.pool, 1))
    assert (
        refusal(busy.pool.flashLoan, intruder, busy.loan, 10**9, b"", sender=stranger)
        == "pool: flash loan not repaid"
    )


def test_a_fee_that_vanishes_meanwhile(costly, lender, intruder, stranger):
    """P10: the fee must be there as well as what was lent."""
    lab = costly
    lab.lend(lender, lab.units(100_000))
    intruder_plan(intruder, (lab.loan.burn, lab.pool, 1))
    assert (
        refusal(lab.pool.flashLoan, intruder, lab.loan, 10**10, b"", sender=stranger)
        == "pool: flash loan not repaid"
    )


def test_cash_that_arrives_meanwhile_is_a_donation(busy, intruder, stranger):
    """It does not count as repayment: that is pulled all the same."""
    books, reserves = busy.books(), busy.pool.reserves()
    intruder_plan(intruder, (busy.loan.transfer, busy.pool, busy.units(1_000)))
    busy.pool.flashLoan(intruder, busy.loan, 10**9, b"", sender=stranger)
    assert busy.pool.reserves() == reserves + busy.units(1_000)
    assert busy.books() == books
    assert busy.loan.balanceOf(intruder) == 0


@pytest.mark.parametrize("amount", [1, 10**10])
def test_nothing_of_the_pool_can_be_used_meanwhile(busy, intruder, stranger, amount):
    """N1: the lock is held; what the intruder may do at other times, he may not do now."""
    busy.factory.register(intruder, busy.pool, sender=stranger)
    busy.pool.set_limit(intruder, 10**12, sender=busy.council)
    busy.loan.transfer(intruder, 10**9, sender=busy.vault)
    pool = busy.pool
    calls = [
        (pool.deposit, 10**6, intruder),
        (pool.mint, 10**6, intruder),
        (pool.withdraw, 0, intruder, intruder),
        (pool.redeem, 0, intruder, intruder),
        (pool.exit, MAX, 0, intruder, intruder),
        (pool.draw, 1, intruder),
        (pool.settle, 0, 0),
        (pool.set_provision, 0),
        (pool.accrue,),
        (pool.book_shortfall,),
        (pool.flashLoan, intruder, busy.loan, 0, b""),
        (pool.transfer, stranger, 0),
        (pool.transferFrom, intruder, stranger, 0),
        (pool.approve, stranger, 0),
    ]
    intruder_plan(intruder, *calls)
    # the same calls at any other time; the flash loan would make the plan run again, and again
    for method, *arguments in calls:
        if method != pool.flashLoan:
            assert refusal(method, *arguments, sender=intruder) is None
    before = busy.books(), busy.line(intruder)

    pool.flashLoan(intruder, busy.loan, amount, b"", sender=stranger)

    assert outcomes(intruder) == [""] * len(calls)  # a lock gives no reason
    assert (busy.books(), busy.line(intruder)) == before


def test_a_debt_cannot_be_settled_out_of_the_loan(busy, intruder, stranger):
    """It would make cash count twice."""
    busy.factory.register(intruder, busy.pool, sender=stranger)
    busy.pool.set_limit(intruder, 10**12, sender=busy.council)
    busy.pool.draw(10**9, intruder, sender=intruder)
    _, shares, owed = busy.line(intruder)
    intruder_plan(intruder, (busy.loan.transfer, busy.pool, owed), (busy.pool.settle, shares, owed))
    busy.pool.flashLoan(intruder, busy.loan, 10**9, b"", sender=stranger)
    sent, settled = outcomes(intruder)
    assert sent == (1).to_bytes(32, "big")
    assert settled == ""
    assert busy.drawn(intruder) == shares


def test_views_meanwhile_are_consistent_or_revert(busy, intruder, lender, stranger):
    """N1: what reads storage alone answers as before; what reads cash is locked."""
    pool = busy.pool
    open_views = [
        (pool.totalAssets,),
        (pool.totalSupply,),
        (pool.convertToShares, WAD),
        (pool.previewDeposit, WAD),
        (pool.previewMint, WAD),
        (pool.maxDeposit, lender),
        (pool.maxMint, lender),
        (pool.balanceOf, lender),
        (pool.utilisation,),
        (pool.borrow_rate,),
        (pool.rate_at_target,),
        (pool.debt_totals,),
        (pool.totals,),
        (pool.provisions,),
        (pool.provision_of, busy.vault),
        (pool.credit_line, busy.vault),
        (pool.losses, busy.vault),
        (pool.flashFee, busy.loan, WAD),
    ]
    locked_views = [
        (pool.reserves,),
        (pool.excess,),
        (pool.convertToAssets, WAD),
        (pool.previewWithdraw, WAD),
        (pool.previewRedeem, WAD),
        (pool.maxWithdraw, lender),
        (pool.maxRedeem, lender),
        (pool.max_draw, busy.vault),
        (pool.maxFlashLoan, busy.loan),
    ]
    intruder_plan(intruder, *open_views, *locked_views)
    intruder.run(sender=stranger)
    outside = outcomes(intruder)
    assert all(isinstance(outcome, bytes) for outcome in outside)

    pool.flashLoan(intruder, busy.loan, 10**11, b"", sender=stranger)

    answers = len(open_views)
    assert outcomes(intruder) == outside[:answers] + [""] * len(locked_views)


def test_the_lock_is_given_back(busy, intruder, lender, stranger):
    busy.pool.flashLoan(intruder, busy.loan, 10**9, b"", sender=stranger)
    assert refusal(busy.pool.withdraw, 1, lender, lender, sender=lender) is None
    assert busy.pool.reserves() >= 0


def test_a_real_borrower_cannot_repay_in_it(market, intruder, lender, borrower, stranger):
    """The vault's own callbacks do that better."""
    market.pool.deposit(market.loans(100_000), lender, sender=lender)
    market.vault.open(market.collaterals(10), market.loans(10_000), sender=borrower)
    for spender in (market.pool, market.vault):
        intruder.approve(market.loan, spender, MAX, sender=stranger)
    market.loan.mint(intruder, market.loans(20_000), sender=stranger)
    intruder_plan(intruder, (market.vault.repay, market.loans(1_000), borrower))
    assert refusal(market.vault.repay, market.loans(1_000), borrower, sender=intruder) is None
    debt = market.vault.debt_of(borrower)
    market.pool.flashLoan(intruder, market.loan, 10**9, b"", sender=stranger)
    assert outcomes(intruder) == [""]
    assert market.vault.debt_of(borrower) == debt


def test_the_longest_data(busy, intruder, stranger):
    data = bytes(range(256)) * 4
    receipt = busy.pool.flashLoan(intruder, busy.loan, 5, data, sender=stranger)
    assert receipt.events[1].data == data
    assert refusal(busy.pool.flashLoan, intruder, busy.loan, 5, data + b"!", sender=stranger) == ""
