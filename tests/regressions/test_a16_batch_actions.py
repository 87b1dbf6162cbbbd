"""A16: an unknown or repeated entry in a batch of actions reset a check (Abracadabra).

Here such orders change nothing for the others: every order is a close by itself, or it is skipped.
"""

import pytest

from plimsoll.testing.roles import role
from plimsoll.units import NO_LIMIT, NOBODY, order
from tests.utils.vaults import balances, liquidate_batch


@pytest.fixture
def sick(market, borrower, stranger):
    """Two who can be liquidated, one restorable and one in shortfall."""
    owners = role(60), role(61)
    for owner, debt in zip(owners, (15_000, 16_800), strict=True):
        market.set_quote(2_200)
        market.vault.deposit(market.collaterals(10), owner, sender=borrower)
        market.vault.borrow(market.loans(debt), sender=owner)
    market.set_quote(1_700)
    return owners


def outcome(market, sick, liquidator) -> tuple:
    return (
        [market.position(owner) for owner in sick],
        balances(market, liquidator),
        market.debt_totals(),
        market.pool.losses(market.vault),
    )


@pytest.mark.parametrize("where", ["before", "between", "after"])
def test_a16_orders_for_nobody_change_nothing(
    chain, market, sick, liquidator, other_borrower, stranger, where
):
    plain = [order(owner) for owner in sick]
    with chain.isolated():
        liquidate_batch(market, plain, liquidator)
        expected = outcome(market, sick, liquidator)
    noise = [
        order(NOBODY),
        order(stranger, 0),
        order(other_borrower),
        order(market.vault.address),
        order(market.pool.address, 1),
        order("0x" + "ff" * 20, NO_LIMIT),
        order(sick[0], 0),
    ]
    orders = {
        "before": noise + plain,
        "between": plain[:1] + noise + plain[1:],
        "after": plain + noise,
    }[where]
    answers = liquidate_batch(market, orders, liquidator)
    assert sum(answer.executable for answer in answers) == 2
    assert outcome(market, sick, liquidator) == expected
    market.assert_sums([*sick, other_borrower])


def test_a16_a_repeated_order_gains_nothing(chain, market, sick, liquidator):
    plain = [order(owner) for owner in sick]
    with chain.isolated():
        liquidate_batch(market, plain, liquidator)
        expected = outcome(market, sick, liquidator)
    answers = liquidate_batch(market, plain * 4, liquidator)
    assert [answer.executable for answer in answers] == [True] * 2 + [False] * 6
    assert outcome(market, sick, liquidator) == expected


def test_a16_a_zero_position_cannot_be_closed(market, sick, liquidator, stranger):
    """Neither with collateral alone nor with nothing: shares and debt are zero together."""
    market.vault.deposit(10**18, sender=stranger)
    market.open(stranger, 0, 0)
    market.set_quote("0.000000000000000000000001")
    answers = liquidate_batch(market, [order(stranger), order(NOBODY), order(sick[0])], liquidator)
    assert [answer.liquidatable for answer in answers] == [False, False, True]
    assert market.position(stranger) == (10**18, 0)
