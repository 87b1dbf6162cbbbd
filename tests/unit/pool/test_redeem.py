"""Taking out what a number of shares is worth."""

from plimsoll.testing import refusal
from plimsoll.twin.share_math import to_assets_down
from plimsoll.units import DAY, FRACTION, MAX, NOBODY
from tests.utils.pool_harness import PAR


def test_pays_the_grown_price_rounded_down(chain, busy, lender, receiver):
    chain.advance(DAY)
    books = busy.books()
    shares = 10**12 + 7
    assets = to_assets_down(shares, books.total_assets, books.total_supply)

    receipt = busy.pool.redeem(shares, receiver, lender, sender=lender)

    assert assets > 10**9
    assert receipt.events == [
        busy.pool.Transfer(sender=lender, receiver=NOBODY, value=shares),
        busy.loan.Transfer(sender=busy.pool, receiver=receiver, value=assets),
        busy.pool.Withdraw(sender=lender, receiver=receiver, owner=lender, assets=assets, shares=shares),
    ]
    assert busy.loan.balanceOf(receiver) == assets
    assert busy.books() == books._replace(
        total_assets=books.total_assets - assets * FRACTION, total_supply=books.total_supply - shares
    )


def test_gives_the_assets(busy, lender):
    assets = busy.pool.previewRedeem(10**12)
    assert busy.pool.redeem.call(10**12, lender, lender, sender=lender) == assets > 10**9


def test_shares_worth_nothing_buy_nothing(lab, lender, receiver):
    lab.lend(lender, 10)
    receipt = lab.pool.redeem(PAR - 1, receiver, lender, sender=lender)
    assert receipt.events[-1] == lab.pool.Withdraw(
        sender=lender, receiver=receiver, owner=lender, assets=0, shares=PAR - 1
    )
    assert lab.loan.balanceOf(receiver) == 0


def test_out_of_an_allowance(busy, lender, operator, receiver):
    busy.pool.approve(operator, 10**12 + 5, sender=lender)
    busy.pool.redeem(10**12, receiver, lender, sender=operator)
    assert busy.pool.allowance(lender, operator) == 5
    assert busy.loan.balanceOf(receiver) == busy.pool.previewRedeem(10**12)


def test_an_allowance_one_share_short(busy, lender, operator):
    busy.pool.approve(operator, 10**12, sender=lender)
    redeem = busy.pool.redeem
    assert refusal(redeem, 10**12 + 1, operator, lender, sender=operator) == "pool: allowance too small"
    assert refusal(redeem, 10**12, operator, lender, sender=operator) is None


def test_more_than_owned(busy, other_lender):
    busy.lend(other_lender, 10**9)
    owned = busy.pool.balanceOf(other_lender)
    assert refusal(busy.pool.redeem, owned, other_lender, other_lender, sender=other_lender) is None
    assert (
        refusal(busy.pool.redeem, owned + 1, other_lender, other_lender, sender=other_lender)
        == "pool: too few shares"
    )


def test_what_is_lent_out_stays(busy, lender):
    books = busy.books()
    free = (books.total_assets - books.total_debt) // FRACTION
    # the most shares that are worth no more than what is free
    most = ((free + 1) * FRACTION * (books.total_supply + PAR) - 1) // (books.total_assets + FRACTION)
    assert refusal(busy.pool.redeem, most, lender, lender, sender=lender) is None
    assert refusal(busy.pool.redeem, most + 1, lender, lender, sender=lender) == "pool: not enough cash"


def test_a_pause_does_not_stop_it(busy, lender):
    """X1."""
    busy.pool.set_pause(MAX, sender=busy.council)
    busy.pool.set_supply_cap(1, sender=busy.council)
    assert refusal(busy.pool.redeem, 10**12, lender, lender, sender=lender) is None
