"""`redeem`, `withdraw` and `leave`: the ways out of the escrow, with and without provisions."""

import pytest

from plimsoll.testing import refusal
from plimsoll.twin.backstop import VIRTUAL
from plimsoll.units import DAY

UNIT = 10**9
HALF = 10_000 * UNIT  # what the lender has asked to leave with; as much is staked
PLAIN = HALF // 1_000 * 2  # of a loss the escrow bears a half: a thousandth of it


def net(lost: int) -> int:
    """What a loss leaves of the escrow."""
    return HALF - -(-lost // 2)


def worth(shares: int, assets: int = HALF, supply: int = HALF) -> int:
    """Pool shares for shares of the escrow."""
    return min(assets, shares * (assets + VIRTUAL) // (supply + VIRTUAL))


WAYS = ("redeem", "withdraw")


@pytest.mark.parametrize("way", WAYS)
def test_without_provisions_at_par(leaving, pool, lender, receiver, way):
    receipt = getattr(leaving, way)(HALF - 5, receiver, lender, sender=lender)
    assert receipt.return_value == HALF - 5
    assert receipt.events == [
        pool.Transfer(sender=leaving, receiver=receiver, value=HALF - 5),
        leaving.Withdraw(sender=lender, receiver=receiver, owner=lender, assets=HALF - 5, shares=HALF - 5),
    ]
    assert leaving.departure_of(lender)[0] == 5
    assert tuple(leaving.books()[1])[:2] == (5, 5)


@pytest.mark.parametrize("way", WAYS)
def test_more_than_a_thousandth_needs_consent(leaving, keep_back, lender, way):
    """To the pool share."""
    call = getattr(leaving, way), UNIT, lender, lender
    keep_back(PLAIN)
    assert refusal(*call, sender=lender) is None
    assert leaving.maxRedeem(lender) == HALF
    assert leaving.maxWithdraw(lender) == worth(HALF, net(PLAIN))
    keep_back(PLAIN + 1)
    for amount in (UNIT, 1):
        call = getattr(leaving, way), amount, lender, lender
        assert refusal(*call, sender=lender) == "backstop: haircut, use leave"
    assert leaving.maxRedeem(lender) == leaving.maxWithdraw(lender) == 0
    assert leaving.previewRedeem(UNIT) == worth(UNIT, net(PLAIN + 1)) < UNIT
    assert leaving.previewWithdraw(UNIT) > UNIT


@pytest.mark.parametrize("way", WAYS)
def test_nothing_needs_no_consent(leaving, keep_back, lender, way):
    keep_back(2 * HALF)
    receipt = getattr(leaving, way)(0, lender, lender, sender=lender)
    assert receipt.return_value == 0
    assert receipt.events[-1] == leaving.Withdraw(
        sender=lender, receiver=lender, owner=lender, assets=0, shares=0
    )


@pytest.mark.parametrize("way", WAYS)
def test_what_a_small_haircut_keeps_back_is_income(leaving, pool, keep_back, lender, stranger, way):
    """The shares' worth leaves the escrow; the difference arrives anew."""
    keep_back(PLAIN)
    shares = HALF // 2
    paid = worth(shares, net(PLAIN))
    amount = shares if way == "redeem" else paid
    receipt = getattr(leaving, way)(amount, lender, lender, sender=lender)
    burnt = -(-paid * (HALF + VIRTUAL) // (net(PLAIN) + VIRTUAL)) if way == "withdraw" else shares
    assert receipt.events == [
        pool.Transfer(sender=leaving, receiver=lender, value=paid),
        leaving.Withdraw(sender=lender, receiver=lender, owner=lender, assets=paid, shares=burnt),
    ]
    receipt = leaving.sync(sender=stranger)
    (event,) = receipt.of(leaving.IncomeArrived)
    assert event.amount == worth(burnt) - paid > 0
    assert tuple(leaving.books()[1])[:2] == (HALF - worth(burnt), HALF - burnt)


@pytest.mark.parametrize("lost", [1, PLAIN + 1, HALF, 2 * HALF - 10**6])
def test_leave_pays_at_any_terms_that_its_caller_names(leaving, pool, keep_back, lender, receiver, lost):
    keep_back(lost)
    paid = worth(HALF, net(lost))
    assert leaving.previewRedeem(HALF) == paid
    arguments = (HALF, paid + 1, receiver, lender)
    assert refusal(leaving.leave, *arguments, sender=lender) == "backstop: too few assets"
    receipt = leaving.leave(HALF, paid, receiver, lender, sender=lender)
    assert receipt.return_value == paid
    assert receipt.events == [
        pool.Transfer(sender=leaving, receiver=receiver, value=paid),
        leaving.Withdraw(sender=lender, receiver=receiver, owner=lender, assets=paid, shares=HALF),
    ]
    books = leaving.books()
    assert (tuple(books[1])[:2], books[2]) == ((0, 0), HALF - paid)
    assert tuple(books[0])[:2] == (HALF, HALF)


def test_the_same_part_first_and_last(chain, backstop, pool, keep_back, lender, other_lender, stranger):
    """Whoever leaves before the loss is booked, and after it, gets what is left of theirs."""
    for owner in (lender, other_lender):
        backstop.deposit(HALF, owner, sender=owner)
        backstop.request(HALF, sender=owner)
    chain.advance(14 * DAY)
    lost = HALF // 3
    keep_back(lost)
    first = backstop.leave(HALF, 0, lender, lender, sender=lender).return_value
    pool.burn(backstop, lost, sender=stranger)
    keep_back(0)
    last = backstop.redeem(HALF, other_lender, other_lender, sender=other_lender).return_value
    assert first + last <= 2 * HALF - lost
    assert abs(first - last) <= 1_000


def test_nothing_is_burnt_for_nothing(leaving, keep_back, lender):
    """Below par one share is worth no pool share; two are worth one."""
    keep_back(2)
    for way in ("redeem", "leave"):
        few = (1, 0, lender, lender) if way == "leave" else (1, lender, lender)
        more = (2, *few[1:])
        assert refusal(getattr(leaving, way), *few, sender=lender) == "backstop: worth nothing"
        assert refusal(getattr(leaving, way), *more, sender=lender) is None


@pytest.mark.parametrize(("asked", "worth"), [(1, 0), (2, 1)])
def test_the_maxima_of_a_request_that_is_worth_nothing(
    chain, leaving, pool, other_lender, stranger, asked, worth
):
    """Below par, of one share: what `redeem` would refuse may not be redeemed."""
    leaving.deposit(asked, other_lender, sender=other_lender)
    leaving.request(asked, sender=other_lender)
    chain.advance(14 * DAY)
    pool.burn(leaving, 2, sender=stranger)
    assert leaving.departure_of(other_lender)[0] == asked
    assert leaving.maxRedeem(other_lender) == (asked if worth else 0)
    assert leaving.maxWithdraw(other_lender) == worth
    call = (leaving.redeem, asked, other_lender, other_lender)
    assert refusal(*call, sender=other_lender) == (None if worth else "backstop: worth nothing")


def test_when_all_is_provided_for_one_waits(leaving, keep_back, lender):
    """Not even `leave` burns shares for nothing; what is left of next to nothing it pays."""
    keep_back(2 * HALF)
    assert refusal(leaving.leave, HALF, 0, lender, lender, sender=lender) == "backstop: worth nothing"
    assert refusal(leaving.leave, 0, 0, lender, lender, sender=lender) is None
    keep_back(2 * HALF - HALF // 10**9 * 2)
    assert refusal(leaving.leave, HALF, 1, lender, lender, sender=lender) is None


def test_takes_a_mature_request_and_the_owners_leave(chain, leaving, keep_back, lender, operator):
    keep_back(HALF)
    reason = "backstop: more than requested"
    assert refusal(leaving.leave, HALF + 1, 0, lender, lender, sender=lender) == reason
    leaving.approve(operator, UNIT - 1, sender=lender)
    call = leaving.leave, UNIT, 0, operator, lender
    assert refusal(*call, sender=operator) == "backstop: allowance too small"
    leaving.approve(operator, UNIT, sender=lender)
    assert refusal(*call, sender=operator) is None
    chain.advance(2 * DAY)
    assert refusal(*call, sender=lender) is None
    chain.advance(1)
    assert refusal(*call, sender=lender) == "backstop: no mature request"


def test_no_more_than_the_escrow_holds(leaving, pool, lender, stranger):
    """Below par, a half lost, all shares with the virtual ones could ask for 500 assets beyond it."""
    pool.burn(leaving, HALF, sender=stranger)
    left, shares = HALF // 2, HALF
    assert tuple(leaving.books()[1])[:2] == (left, shares)
    assert leaving.previewWithdraw(left + 1) <= shares
    assert leaving.maxWithdraw(lender) == left
    call = leaving.withdraw, left + 1, lender, lender
    assert refusal(*call, sender=lender) == "backstop: more than requested"
    assert leaving.withdraw(left, lender, lender, sender=lender).return_value <= shares
