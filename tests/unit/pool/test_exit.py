"""Taking out as much as there is."""

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_down, to_shares_up
from plimsoll.units import DAY, FRACTION, MAX, NOBODY
from tests.utils.pool_harness import PAR


def test_pays_all_when_it_is_there(busy, other_lender, receiver):
    busy.lend(other_lender, 10**9)
    books = busy.books()
    shares = busy.pool.balanceOf(other_lender)
    assets = to_assets_down(shares, books.total_assets, books.total_supply)

    receipt = busy.pool.exit(MAX, 0, receiver, other_lender, sender=other_lender)

    assert receipt.events == [
        busy.pool.Transfer(sender=other_lender, receiver=NOBODY, value=shares),
        busy.loan.Transfer(sender=busy.pool, receiver=receiver, value=assets),
        busy.pool.Withdraw(
            sender=other_lender, receiver=receiver, owner=other_lender, assets=assets, shares=shares
        ),
    ]
    assert 10**9 - 1 <= assets == busy.loan.balanceOf(receiver)
    assert busy.pool.balanceOf(other_lender) == 0


def test_a_part(busy, lender):
    assets = busy.pool.previewRedeem(10**12)
    exit_ = (10**12, 0, lender, lender)
    assert tuple(busy.pool.exit.call(*exit_, sender=lender)) == (assets, 10**12)


def test_pays_what_is_not_lent_out(busy, lender):
    books = busy.books()
    free = (books.total_assets - books.total_debt) // FRACTION
    burnt = to_shares_up(free, books.total_assets, books.total_supply)
    balance = busy.pool.balanceOf(lender)

    receipt = busy.pool.exit(MAX, 0, lender, lender, sender=lender)

    assert receipt.events[-1] == busy.pool.Withdraw(
        sender=lender, receiver=lender, owner=lender, assets=free, shares=burnt
    )
    assert 0 < burnt < balance
    assert busy.pool.balanceOf(lender) == balance - burnt
    assert busy.books() == books._replace(
        total_assets=books.total_assets - free * FRACTION, total_supply=books.total_supply - burnt
    )


def test_pays_nothing_when_all_is_lent_out(chain, lab, lender):
    lab.lend(lender, 10**9)
    lab.draw(10**9)
    chain.advance(DAY)
    receipt = lab.pool.exit(MAX, 0, lender, lender, sender=lender)
    assert receipt.events[-1] == lab.pool.Withdraw(
        sender=lender, receiver=lender, owner=lender, assets=0, shares=0
    )
    assert lab.pool.balanceOf(lender) == 10**9 * PAR


def test_pays_the_cash_that_is_left(busy, lender, stranger):
    """After a seizure that nobody has booked yet."""
    busy.loan.burn(busy.pool, busy.cash() - 12_345, sender=stranger)
    burnt = busy.pool.previewWithdraw(12_345)
    receipt = busy.pool.exit(MAX, 0, lender, lender, sender=lender)
    assert receipt.events[-1] == busy.pool.Withdraw(
        sender=lender, receiver=lender, owner=lender, assets=12_345, shares=burnt
    )
    assert busy.cash() == 0


def test_the_least_that_is_accepted(busy, lender):
    books = busy.books()
    free = (books.total_assets - books.total_debt) // FRACTION
    assert refusal(busy.pool.exit, MAX, free, lender, lender, sender=lender) is None
    assert refusal(busy.pool.exit, MAX, free + 1, lender, lender, sender=lender) == "pool: too few assets"


def test_without_shares(busy, stranger):
    receipt = busy.pool.exit(MAX, 0, stranger, stranger, sender=stranger)
    assert receipt.events[-1] == busy.pool.Withdraw(
        sender=stranger, receiver=stranger, owner=stranger, assets=0, shares=0
    )


def test_uses_up_of_an_allowance_what_it_burns(busy, lender, operator):
    burnt = busy.pool.exit.call(MAX, 0, operator, lender, sender=lender)[1]
    assert burnt < busy.pool.balanceOf(lender)
    busy.pool.approve(operator, burnt - 1, sender=lender)
    exit_ = (busy.pool.exit, MAX, 0, operator, lender)
    assert refusal(*exit_, sender=operator) == "pool: allowance too small"
    busy.pool.approve(operator, burnt + 3, sender=lender)
    busy.pool.exit(MAX, 0, operator, lender, sender=operator)
    assert busy.pool.allowance(lender, operator) == 3


def test_nothing_stops_it(busy, lender):
    """X1: paused, capped, wound down and the vault's line cut."""
    busy.pool.set_pause(MAX, sender=busy.council)
    busy.pool.set_supply_cap(1, sender=busy.council)
    busy.pool.set_limit(busy.vault, 0, sender=busy.council)
    assert refusal(busy.pool.exit, MAX, 1, lender, lender, sender=lender) is None


def test_the_last_lender_leaves_with_all(busy, lender):
    _, shares, owed = busy.line()
    busy.settle(shares, owed)
    busy.pool.exit(MAX, 0, lender, lender, sender=lender)
    after = busy.books()
    assert after.total_supply == after.total_debt == after.total_debt_shares == 0
    assert after.total_assets < 2 * FRACTION  # what rounding left
    assert busy.pool.maxDeposit(lender) > 0


def test_the_last_lender_leaves_below_par(busy, lender):
    """There the virtual unit lifts the worth of all shares above what there is; `exit` pays what there is."""
    _, shares, owed = busy.line()
    busy.settle(shares, owed - busy.units(300_000))
    books = busy.books()
    assert books.total_assets * PAR < books.total_supply * FRACTION
    assert to_assets_down(books.total_supply, books.total_assets, books.total_supply) >= (
        books.total_assets // FRACTION
    )

    busy.pool.exit(MAX, books.total_assets // FRACTION, lender, lender, sender=lender)

    assert busy.books().total_assets < FRACTION
    assert busy.pool.balanceOf(lender) <= 2 * PAR  # worth nothing
    assert busy.pool.previewRedeem(busy.pool.balanceOf(lender)) <= 1


def test_a_wiped_lender_can_burn_his_shares(lab, lender):
    """Without any share the pool is as new."""
    lab.lend(lender, 10**9)
    lab.lose(10**9)
    assert lab.books().total_assets == 0
    assert refusal(lab.pool.deposit, 10**6, lender, sender=lender) == "pool: wiped"

    receipt = lab.pool.exit(MAX, 0, lender, lender, sender=lender)

    assert receipt.events[-1] == lab.pool.Withdraw(
        sender=lender, receiver=lender, owner=lender, assets=0, shares=10**9 * PAR
    )
    lab.lend(lender, 10**6)
    assert lab.pool.balanceOf(lender) == 10**6 * PAR
