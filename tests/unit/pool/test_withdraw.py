"""Taking an amount out."""

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_shares_up
from plimsoll.units import DAY, FRACTION, MAX, NOBODY


def test_burns_shares_at_the_grown_price_rounded_up(chain, busy, lender, receiver):
    chain.advance(DAY)
    books = busy.books()
    shares = to_shares_up(10**9 + 7, books.total_assets, books.total_supply)
    balance = busy.pool.balanceOf(lender)

    receipt = busy.pool.withdraw(10**9 + 7, receiver, lender, sender=lender)

    assert receipt.events == [
        busy.pool.Transfer(sender=lender, receiver=NOBODY, value=shares),
        busy.loan.Transfer(sender=busy.pool, receiver=receiver, value=10**9 + 7),
        busy.pool.Withdraw(sender=lender, receiver=receiver, owner=lender, assets=10**9 + 7, shares=shares),
    ]
    assert busy.loan.balanceOf(receiver) == 10**9 + 7
    assert busy.pool.balanceOf(lender) == balance - shares
    assert busy.books() == books._replace(
        total_assets=books.total_assets - (10**9 + 7) * FRACTION, total_supply=books.total_supply - shares
    )


def test_gives_the_shares(busy, lender):
    shares = busy.pool.previewWithdraw(777)
    assert busy.pool.withdraw.call(777, lender, lender, sender=lender) == shares > 0


def test_out_of_an_allowance(busy, lender, operator, receiver):
    shares = busy.pool.previewWithdraw(10**9)
    busy.pool.approve(operator, shares + 5, sender=lender)
    receipt = busy.pool.withdraw(10**9, receiver, lender, sender=operator)
    assert receipt.events[-1] == busy.pool.Withdraw(
        sender=operator, receiver=receiver, owner=lender, assets=10**9, shares=shares
    )
    assert busy.pool.allowance(lender, operator) == 5
    assert busy.loan.balanceOf(receiver) == 10**9
    assert busy.loan.balanceOf(operator) == 0


def test_an_allowance_without_end_stays(busy, lender, operator):
    busy.pool.approve(operator, MAX, sender=lender)
    busy.pool.withdraw(10**9, operator, lender, sender=operator)
    assert busy.pool.allowance(lender, operator) == MAX


def test_an_allowance_one_share_short(busy, lender, operator):
    shares = busy.pool.previewWithdraw(10**9)
    busy.pool.approve(operator, shares - 1, sender=lender)
    withdraw = (busy.pool.withdraw, 10**9, operator, lender)
    assert refusal(*withdraw, sender=operator) == "pool: allowance too small"
    busy.pool.approve(operator, shares, sender=lender)
    assert refusal(*withdraw, sender=operator) is None


def test_more_than_owned(busy, lender, other_lender):
    busy.lend(other_lender, 10**9)
    owned = busy.pool.maxWithdraw(other_lender)
    withdraw = (busy.pool.withdraw, owned, other_lender, other_lender)
    assert refusal(*withdraw, sender=other_lender) is None
    assert (
        refusal(busy.pool.withdraw, owned + 1, other_lender, other_lender, sender=other_lender)
        == "pool: too few shares"
    )


def test_what_is_lent_out_stays(busy, lender):
    books = busy.books()
    free = (books.total_assets - books.total_debt) // FRACTION
    assert free == busy.pool.maxWithdraw(lender)
    assert refusal(busy.pool.withdraw, free, lender, lender, sender=lender) is None
    assert refusal(busy.pool.withdraw, free + 1, lender, lender, sender=lender) == "pool: not enough cash"


def test_the_reserve_stays(busy, lender, stranger):
    """Cash of the reserve is not for lenders: the reserve stays liquid."""
    busy.loan.mint(busy.pool, 10**12, sender=stranger)
    free = busy.pool.maxWithdraw(lender)
    assert busy.cash() > free + 10**12
    assert refusal(busy.pool.withdraw, free + 1, lender, lender, sender=lender) == "pool: not enough cash"


def test_nothing_can_always_be_withdrawn(chain, lab, lender):
    lab.lend(lender, 10**9)
    lab.draw(10**9)
    chain.advance(DAY)
    assert lab.books().total_debt > lab.books().total_assets
    receipt = lab.pool.withdraw(0, lender, lender, sender=lender)
    assert receipt.events == [
        lab.pool.Transfer(sender=lender, receiver=NOBODY, value=0),
        lab.pool.Withdraw(sender=lender, receiver=lender, owner=lender, assets=0, shares=0),
    ]


def test_a_pause_does_not_stop_it(busy, lender):
    """X1."""
    busy.pool.set_pause(MAX, sender=busy.council)
    busy.pool.set_supply_cap(1, sender=busy.council)
    assert refusal(busy.pool.withdraw, 10**9, lender, lender, sender=lender) is None


def test_cash_that_is_not_there(busy, lender, stranger):
    """After a seizure the token itself refuses; `exit` pays what there is."""
    busy.loan.burn(busy.pool, busy.cash() - 100, sender=stranger)
    assert refusal(busy.pool.withdraw, 101, lender, lender, sender=lender) == "token: balance too small"
    assert refusal(busy.pool.withdraw, 100, lender, lender, sender=lender) is None
