"""A16: an unknown or repeated entry in a batch of actions reset a check (Abracadabra).

Here such orders change nothing for the others: every order is a close by itself, or it is skipped.
"""

from random import Random

import pytest

from plimsoll.testing.roles import BORROWER, LIQUIDATOR, OTHER_BORROWER, STRANGER, role
from plimsoll.units import NO_LIMIT, NOBODY, order
from tests.utils.baskets import small_place
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


def test_a16_a_batch_of_baskets_takes_no_leg_from_who_does_not_hold_it():
    """Owners of different legs, one whose oracle is silent, one twice: each by itself or not at all."""
    place = small_place()
    owners = {BORROWER: (10, 0, 100), OTHER_BORROWER: (0, "0.4", 0), STRANGER: (0, 0, 20_000)}
    for owner, amounts in owners.items():
        place.hold(*amounts, owner=owner)
        place.act("borrow", place.twin.max_borrow(owner), owner, owner, sender=owner)
    place.scale_prices(850, 850, 1_000)
    alone = {owner: place.preview(owner) for owner in owners}
    assert [quote.liquidatable for quote in alone.values()] == [True, True, False]
    orders = [order(STRANGER), order(BORROWER), order(OTHER_BORROWER), order(BORROWER), order(NOBODY)]
    with place.isolated():
        *_, seized, executed = place.act("liquidate_batch", orders, [], LIQUIDATOR, sender=LIQUIDATOR)
        assert executed == 0b00110
        assert seized == tuple(
            a + b for a, b in zip(*(alone[o].seized for o in (BORROWER, OTHER_BORROWER)), strict=True)
        )
        assert place.position(STRANGER)[0][2] == place.of_leg(2, 20_000)
    place.silence(2)
    *_, seized, executed = place.act("liquidate_batch", orders, [], LIQUIDATOR, sender=LIQUIDATOR)
    assert executed & 0b00100 and seized[2] == 0


def test_a16_debt_and_legs_are_never_half_zero():
    """No debt stays where no leg is, however a position is cut."""
    place = small_place()
    for seed in range(12):
        rng = Random(seed)
        with place.isolated():
            place.hold(rng.randint(5, 9), "0.2", rng.randint(500, 5_000))
            place.act("borrow", place.twin.max_borrow(BORROWER), BORROWER, BORROWER, sender=BORROWER)
            place.scale_prices(*(rng.randint(1, 700) for _ in range(3)))
            for _ in range(10):
                offer, without = int(10 ** rng.uniform(0, 11)), rng.choice((0, 0, rng.randrange(8)))
                if place.preview(BORROWER, offer, without).executable:
                    place.close(offer, without)
                amounts, shares = place.position()
                assert any(amounts) or shares == 0
