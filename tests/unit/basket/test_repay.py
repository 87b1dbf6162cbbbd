"""`repay` and `close`: debts go as a vault's do; nothing of it asks an oracle."""

import pytest

from plimsoll.testing.roles import BORROWER, OPERATOR, OTHER_BORROWER, RECEIVER, STRANGER
from plimsoll.twin.chain import Revert
from plimsoll.units import DAY, MAX, NOBODY


@pytest.mark.parametrize("amount", [1, 2, 999, 10**6, 29_000 * 10**6, 30_000 * 10**6 - 1])
def test_a_part_by_anybody(lent, amount):
    lent.silence(0, 1, 2)
    lent.advance(DAY)
    debt = lent.debt()
    assert lent.act("repay", amount, BORROWER, sender=STRANGER) == amount
    assert 0 <= lent.debt() - (debt - amount) <= 1


@pytest.mark.parametrize("more", [0, 1, 10**9, MAX])
def test_all_of_it(lent, more):
    """Capped at the debt; the legs stay, and may go."""
    lent.silence(0, 1, 2)
    debt, amounts = lent.debt(), lent.position()[0]
    offer = MAX if more == MAX else debt + more
    assert lent.act("repay", offer, BORROWER, sender=STRANGER) == debt
    assert lent.position() == (amounts, 0)
    assert lent.basket.health(BORROWER) == MAX
    for leg, amount in enumerate(amounts):
        lent.act("withdraw", leg, amount, BORROWER, BORROWER, sender=BORROWER)
    assert lent.word(lent.basket, "book.positions", BORROWER) == 0


def test_nothing(lent):
    assert lent.act("repay", 0, BORROWER, sender=STRANGER) == 0
    assert lent.act("repay", MAX, STRANGER, sender=STRANGER) == 0
    assert lent.act("repay", MAX, NOBODY, sender=STRANGER) == 0


def test_down_to_one_debt_share(lent):
    """A debt of a share is a base unit, and can be paid."""
    shares = lent.position()[1]
    totals = lent.totals()
    for amount in range(lent.debt() - 1, lent.debt() - 4, -1):
        if totals.assets_up(shares) - amount >= 1:
            break
    lent.act("repay", lent.debt() - 1, BORROWER, sender=BORROWER)
    left = lent.position()[1]
    assert 0 < left < 1_200
    assert lent.debt() == 1
    lent.set_price(0, 1)
    lent.set_price(1, 1)
    lent.set_price(2, 1)
    lent.close()
    assert lent.position()[1] == 0


def test_needs_allowance(lent):
    lent.act("approve", lent.basket.address, 10**6 - 1, sender=STRANGER, of="loan")
    lent.refused("token: allowance too small", "repay", 10**6, BORROWER, sender=STRANGER)


# ---------------------------------------------------------------------------------------------- close


def test_close_repays_and_withdraws_one_leg(lent):
    """Health is judged after both."""
    whole = lent.position()[0][1]
    arguments = (1, whole, RECEIVER, BORROWER)
    reason = "vault: above the loan-to-value"
    lent.refused(reason, "close", lent.loans(6_000), *arguments, sender=BORROWER)
    lent.act("close", lent.loans(6_300), *arguments, sender=BORROWER)
    assert lent.position()[0][1] == 0


def test_close_all_of_a_position(lent):
    amounts = lent.position()[0]
    debt = lent.debt()
    assert lent.act("close", MAX, 2, amounts[2], BORROWER, BORROWER, sender=BORROWER) == (debt, amounts[2])
    for leg in (0, 1):
        assert lent.act("close", MAX, leg, amounts[leg], BORROWER, BORROWER, sender=BORROWER) == (
            0,
            amounts[leg],
        )
    assert lent.word(lent.basket, "book.positions", BORROWER) == 0


def test_close_by_whom(lent):
    """Repaying is open to all; taking out needs the right, receiver and leg are checked either way."""
    lent.act("close", 10**6, 0, 0, STRANGER, BORROWER, sender=STRANGER)
    lent.refused("vault: not authorised", "close", MAX, 0, 1, STRANGER, BORROWER, sender=STRANGER)
    lent.refused("vault: bad receiver", "close", 1, 0, 0, NOBODY, BORROWER, sender=STRANGER)
    lent.refused("basket: no such leg", "close", 1, 3, 0, STRANGER, BORROWER, sender=STRANGER)
    lent.act("set_operator", OPERATOR, 1, sender=BORROWER)
    lent.act("close", MAX, 0, 1, OPERATOR, BORROWER, sender=OPERATOR)
    assert lent.position()[1] == 0


def test_less_than_a_debt_share(place):
    """Where a share is worth more than a base unit nothing is taken for nothing."""
    index = 10**4
    place.advance(1)
    for _ in range(200):
        if place.totals().debt * 1_000 > index * place.totals().shares * 65_536:
            break
        place.advance(50 * 365 * DAY)
        place.act("accrue", sender=STRANGER, of="pool")
    answer = place.act("repay", 1, OTHER_BORROWER, sender=STRANGER)
    assert isinstance(answer, Revert) and answer.reason == "vault: less than a debt share"
    place.refused(
        "vault: less than a debt share", "close", 1, 0, 0, STRANGER, OTHER_BORROWER, sender=STRANGER
    )
