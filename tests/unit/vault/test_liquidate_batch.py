"""`liquidate_batch`: many positions, one price, one payment; every order is held to the twin."""

from random import Random

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.roles import role
from plimsoll.twin.liquidation import is_restorable
from plimsoll.units import MAX, NO_LIMIT, NOBODY, PRICE_SCALE, YEAR, order
from tests.utils.vaults import (
    Balances,
    balances,
    closes,
    liquidate_batch,
    risk_of,
    settled,
    twin_batch,
    worth,
)

# debt on 10 collateral tokens, at a price of 1,700 a token in the tests
DEBTS = {
    "sunk": 19_000,  # deep in shortfall
    "sinking": 16_700,  # just in shortfall
    "capped": 16_600,  # bonus capped by equity
    "listing": 15_000,  # on the ramp
    "wet": 14_200,  # hardly unhealthy
    "afloat": 12_000,  # healthy
}


@pytest.fixture
def fleet(chain, market, borrower):
    """Owners by the state of their positions."""
    vault = market.vault
    market.set_quote(2_400)
    owners = dict(zip(DEBTS, map(role, range(60, 60 + len(DEBTS))), strict=True))
    for name, debt in DEBTS.items():
        vault.deposit(market.collaterals(10), owners[name], sender=borrower)
        vault.borrow(market.loans(debt), sender=owners[name])
    chain.advance(YEAR // 365)
    market.set_quote(1_700)
    return owners


def everybody(fleet, other_borrower) -> list:
    return [*fleet.values(), other_borrower]


@pytest.mark.parametrize("name", ["sunk", "sinking", "capped", "listing", "wet"])
def test_of_one_is_what_liquidate_does(chain, market, fleet, liquidator, name):
    owner = fleet[name]
    with chain.isolated():
        market.vault.liquidate(owner, MAX, sender=liquidator)
        single = market.position(owner), balances(market, liquidator), market.debt_totals()
    liquidate_batch(market, [order(owner)], liquidator)
    assert (market.position(owner), balances(market, liquidator), market.debt_totals()) == single


def test_of_all_skips_the_healthy(market, fleet, liquidator, other_borrower):
    """L2, L3, L8, P2, P3, V1: restorable and in shortfall in one call."""
    before = {name: market.position(owner) for name, owner in fleet.items()}
    orders = [order(owner) for owner in fleet.values()]
    answers = dict(zip(fleet, liquidate_batch(market, orders, liquidator), strict=True))
    assert [name for name, answer in answers.items() if not answer.executable] == ["afloat"]
    assert market.position(fleet["afloat"]) == before["afloat"]
    for name in ("sunk", "sinking"):
        assert market.vault.positions(fleet[name]) == 0
        assert answers[name].paid < answers[name].extinguished
    for name in ("capped", "listing", "wet"):
        collateral, shares = market.position(fleet[name])
        assert answers[name].paid >= answers[name].extinguished
        assert collateral * before[name][1] >= before[name][0] * shares
        assert not market.vault.preview_liquidate(fleet[name], MAX).liquidatable
    market.assert_sums(everybody(fleet, other_borrower))


def test_pays_once_sends_once_settles_once(market, fleet, liquidator):
    names = ("listing", "sunk", "wet")
    receipt = market.vault.liquidate_batch([order(fleet[name]) for name in names], sender=liquidator)
    assert [event.name for event in receipt.events] == [
        *("Liquidation", "Liquidation", "Liquidation", "LiquidationCall"),
        *("Transfer", "Transfer", "LimitSet", "Loss"),
    ]
    assert [e.owner for e in receipt.events[:3]] == [fleet[name] for name in names]
    assert len(closes(receipt, market.vault)) == 3


def test_every_order_is_computed_with_the_totals_of_the_start(chain, market, fleet, liquidator):
    """The order of the orders changes nothing for any of them."""
    orders = [order(owner) for owner in fleet.values()]
    with chain.isolated():
        forth = liquidate_batch(market, orders, liquidator)
    assert liquidate_batch(market, orders[::-1], liquidator)[::-1] == forth


def test_a_repeated_owner_sees_his_first_order(market, fleet, liquidator, other_borrower):
    """L5, A16: the parts of one position in one call are the parts in many, or less for the liquidator."""
    owner, limit = fleet["listing"], market.loans(1_000)
    assert market.quote(owner, limit).executable
    answers = liquidate_batch(
        market,
        [order(owner, limit), order(fleet["sunk"], limit), order(owner, limit), order(owner)],
        liquidator,
    )
    first, _, second, last = answers
    assert first.executable and second.executable and last.executable
    assert first.health_after == second.health_before < second.health_after == last.health_before
    market.assert_sums(everybody(fleet, other_borrower))


def test_a_repeated_owner_who_is_healthy_again_is_skipped(market, fleet, liquidator):
    owner = fleet["listing"]
    answers = liquidate_batch(market, [order(owner), order(owner), order(owner, 1)], liquidator)
    assert [answer.executable for answer in answers] == [True, False, False]


def test_a_repeated_owner_in_shortfall_keeps_nothing(market, fleet, liquidator):
    owner = fleet["sunk"]
    answers = liquidate_batch(market, [order(owner, 1)] * 3 + [order(owner), order(owner)], liquidator)
    assert [answer.executable for answer in answers] == [True] * 4 + [False]
    assert market.vault.positions(owner) == 0


def test_orders_that_cannot_execute_are_skipped(market, fleet, liquidator, stranger, borrower):
    """A16: unknown, nobody, healthy, without a limit, below the minimum: no harm, and the bitmap says so."""
    vault = market.vault
    least = risk_of(vault).min_debt
    vault.repay(market.loans(12_500), fleet["wet"], sender=borrower)
    vault.deposit(10**18, sender=stranger)
    small = vault.debt_of(fleet["wet"])
    market.set_quote("200")  # everybody is in shortfall, but for the small one
    assert least > small
    market.set_quote("203")
    assert is_restorable(worth(market.position(fleet["wet"])[0], market.oracle.price()), small, 2 * 10**16)
    orders = [
        order(fleet["wet"], small - 1),  # would leave less than the minimum debt
        order(stranger),  # no debt
        order(fleet["sunk"], 0),
        order(NOBODY),
        order(vault.address),
        order(fleet["sunk"], NO_LIMIT - 1),
        order(fleet["sunk"]),  # closed by now
        order(fleet["wet"], small),
    ]
    answers = liquidate_batch(market, orders, liquidator)
    assert [i for i, answer in enumerate(answers) if answer.executable] == [5, 7]


def test_reverts_when_no_order_can_execute(market, fleet, liquidator, stranger):
    reason, method = "vault: no order can execute", market.vault.liquidate_batch
    listing = fleet["listing"]
    for orders in (
        [],
        [order(stranger)],
        [order(fleet["afloat"]), order(NOBODY), order(listing, 0)],
    ):
        assert tuple(market.vault.preview_liquidate_batch(orders)) == (0, 0, 0, 0)
        assert refusal(method, orders, sender=liquidator) == reason
    assert refusal(method, [order(fleet["afloat"]), order(listing, 1)], sender=liquidator) is None


def test_slippage_is_a_rate_over_the_batch(market, fleet, liquidator):
    orders = [order(fleet[name]) for name in ("listing", "afloat", "sunk", "capped")]
    answers = twin_batch(market, orders)
    paid, seized = sum(a.paid + a.fee for a in answers), sum(a.seized for a in answers)
    rate = seized * PRICE_SCALE // paid
    reason, method = "vault: rate too low", market.vault.liquidate_batch
    assert refusal(method, orders, rate + 1, sender=liquidator) == reason
    assert refusal(method, orders, rate, sender=liquidator) is None


def test_sends_to_the_receiver(market, fleet, liquidator, receiver):
    orders = [order(fleet[name]) for name in ("listing", "sunk")]
    for bad in (market.vault, NOBODY):
        reason = "vault: bad receiver"
        assert refusal(market.vault.liquidate_batch, orders, 0, bad, sender=liquidator) == reason
    before = balances(market, liquidator)
    paid, fee, seized, bits = market.vault.liquidate_batch(
        orders, 0, receiver, sender=liquidator
    ).return_value
    assert bits == 3
    assert balances(market, receiver) == Balances(0, seized)
    assert balances(market, liquidator) - before == Balances(-paid - fee, 0)


def test_of_worthless_positions_pulls_nothing(market, fleet, liquidator):
    market.set_quote("0.000000000000000000000001")
    market.loan.approve(market.vault, 0, sender=liquidator)
    answers = liquidate_batch(market, [order(owner, 0) for owner in fleet.values()], liquidator)
    assert all(a.executable and a.paid == 0 and a.seized == market.collaterals(10) for a in answers)


def test_needs_a_price(market, fleet, liquidator, deployer):
    orders = [order(fleet["sunk"])]
    for reason, price, silent in (
        ("vault: oracle price is zero", 0, False),
        ("lying oracle: silent", 1, True),
    ):
        market.oracle.set_price(price, sender=deployer)
        market.oracle.set_silent(silent, sender=deployer)
        assert refusal(market.vault.liquidate_batch, orders, sender=liquidator) == reason
        assert refusal(market.vault.preview_liquidate_batch, orders, sender=liquidator) == reason


def test_of_256_orders(market, fleet, liquidator, other_borrower):
    """As many as there can be, of few owners, in parts of all sizes; a 257th does not fit."""
    rng = Random(256)
    names = ["sunk", "sinking", "capped", "listing", "wet", "afloat"]
    orders = [order(fleet[rng.choice(names)], int(10 ** rng.uniform(0, 9))) for _ in range(252)]
    orders += [order(fleet[name]) for name in names[:4]]
    assert refusal(market.vault.liquidate_batch, [*orders, orders[0]], sender=liquidator) == ""
    totals = market.debt_totals()
    answers = liquidate_batch(market, orders, liquidator)
    assert 150 < sum(answer.executable for answer in answers) < 256
    assert market.debt_totals() == settled(totals, sum(answer.shares for answer in answers))
    market.assert_sums(everybody(fleet, other_borrower))
    assert all(market.vault.positions(fleet[name]) == 0 for name in ("sunk", "sinking"))
