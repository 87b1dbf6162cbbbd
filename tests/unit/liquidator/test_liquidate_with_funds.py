"""Liquidating with the caller's own loan asset."""

import pytest

from plimsoll.units import MAX, WAD, order
from tests.utils.periphery import BORROWER, DEPLOYER, KEEPER, RECEIVER, STRANGER, refused

FUNDS = 10**12


@pytest.fixture
def funded(venue, fallen, liquidator):
    """The keeper has more than enough, and lets the Liquidator pull it."""
    venue.give(venue.usd, KEEPER, FUNDS)
    venue.usd.send("approve", liquidator.address, MAX, sender=KEEPER)
    return fallen


def test_just_what_is_due_is_pulled(venue, funded, liquidator):
    orders = [order(BORROWER)]
    paid, fee, seized, executed = funded.vault.call("preview_liquidate_batch", orders)
    call = ("liquidate_with_funds", funded.vault.address, orders, 0, RECEIVER)
    assert liquidator.send(*call, sender=KEEPER) == (paid, fee, seized, executed)
    assert venue.holdings(KEEPER) == {"usd": FUNDS - paid - fee, "weth": 0, "btc": 0}
    assert venue.holdings(RECEIVER) == {"usd": 0, "weth": seized, "btc": 0}
    assert venue.holdings(liquidator.address) == {"usd": 0, "weth": 0, "btc": 0}
    assert venue.usd.call("allowance", liquidator.address, funded.vault.address) == 0


def test_the_caller_is_the_receiver_by_default(venue, funded, liquidator):
    orders = [order(BORROWER, 10**9)]
    seized = funded.vault.call("preview_liquidate_batch", orders)[2]
    liquidator.send("liquidate_with_funds", funded.vault.address, orders, 0, sender=KEEPER)
    assert venue.holdings(KEEPER)["weth"] == seized


def test_the_rate_is_bounded(venue, funded, liquidator):
    orders = [order(BORROWER)]
    paid, fee, seized, _ = funded.vault.call("preview_liquidate_batch", orders)
    rate = seized * 10**36 // (paid + fee)
    call = ("liquidate_with_funds", funded.vault.address, orders)
    refused("vault: rate too low", liquidator, *call, rate + 1, sender=KEEPER)
    liquidator.send(*call, rate, sender=KEEPER)


def test_a29_only_the_callers_own_tokens(venue, funded, liquidator):
    """Others' approvals are of no use."""
    call = ("liquidate_with_funds", funded.vault.address, [order(BORROWER)], 0)
    refused("token: allowance too small", liquidator, *call, sender=STRANGER)
    venue.give(venue.usd, STRANGER, FUNDS)
    refused("token: allowance too small", liquidator, *call, sender=STRANGER)
    assert venue.holdings(KEEPER)["usd"] == FUNDS


def test_what_was_sent_by_mistake_does_not_pay(venue, funded, liquidator):
    venue.give(venue.usd, liquidator.address, FUNDS)
    call = ("liquidate_with_funds", funded.vault.address, [order(BORROWER)], 0)
    refused("token: allowance too small", liquidator, *call, sender=STRANGER)
    paid, fee, _, _ = liquidator.send(*call, sender=KEEPER)
    assert venue.holdings(liquidator.address)["usd"] == FUNDS
    assert venue.holdings(KEEPER)["usd"] == FUNDS - paid - fee


def test_after_a_sale_the_next_call_pays_by_itself(venue, funded, liquidator, path):
    """And the other way round: what a call notes ends with it."""
    vault = funded.vault.address
    liquidator.send("liquidate_with_funds", vault, [order(BORROWER, 10**9)], 0, sender=KEEPER)
    before = venue.holdings(KEEPER)["usd"]
    profit = liquidator.send("liquidate", vault, BORROWER, 10**9, path, 0, sender=STRANGER)
    assert venue.holdings(KEEPER)["usd"] == before
    assert venue.holdings(STRANGER)["usd"] >= profit > 0
    liquidator.send("liquidate_with_funds", vault, [order(BORROWER, 10**9)], 0, sender=KEEPER)
    assert venue.holdings(KEEPER)["usd"] < before


def test_the_receiver_is_somebody_else(funded, liquidator):
    for receiver in (liquidator.address, "0x" + "00" * 20):
        call = ("liquidate_with_funds", funded.vault.address, [order(BORROWER)], 0, receiver)
        refused("liquidator: bad receiver", liquidator, *call, sender=KEEPER)


def test_a_position_without_value_costs_nothing(venue, market, liquidator):
    """Nothing is due, so nothing is pulled or allowed: no approval of the caller's is needed."""
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    market.oracle.send("set_price", 1, sender=DEPLOYER)
    call = ("liquidate_with_funds", market.vault.address, [order(BORROWER)], 0)
    paid, fee, seized, _ = liquidator.send(*call, sender=KEEPER)
    assert (paid, fee, seized) == (0, 0, 10 * WAD)
    assert venue.holdings(KEEPER)["weth"] == 10 * WAD


def test_a_token_that_answers_false(venue, liquidator):
    loan = venue.make("FalseReturnToken", "Loan", "FRT", 6)
    market = venue.market(loan, venue.weth, 2_000)
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    market.set_quote(1_750)
    venue.give(loan, KEEPER, FUNDS)
    loan.send("approve", liquidator.address, MAX, sender=KEEPER)
    call = ("liquidate_with_funds", market.vault.address, [order(BORROWER)], 0)
    for functions, reason in ((2, "token: pull failed"), (4, "token: approval failed")):
        loan.send("fail", functions, sender=DEPLOYER)
        refused(reason, liquidator, *call, sender=KEEPER)
    loan.send("fail", 0, sender=DEPLOYER)
    liquidator.send(*call, sender=KEEPER)


def test_a_payer_pays_for_one_call_only(venue, funded, liquidator, path):
    """A sale in the same transaction, as in a bundle of many people's calls, pulls nothing from him."""
    intruder, vault = venue.make("Intruder"), funded.vault.address
    venue.give(venue.usd, intruder.address, FUNDS)
    intruder.send("approve", venue.usd.address, liquidator.address, MAX, sender=KEEPER)
    steps = [
        ("liquidate_with_funds", vault, [order(BORROWER, 10**9)], 0),
        ("liquidate", vault, BORROWER, 10**9, path, 0, RECEIVER),
    ]
    due = sum(liquidator.call(*steps[0], sender=KEEPER)[:2])
    calls = [(liquidator.address, liquidator.encode(*step)) for step in steps]
    intruder.send("plan", calls, sender=KEEPER)
    intruder.send("run", sender=KEEPER)
    assert intruder.call("successes") == 2
    assert venue.holdings(intruder.address)["usd"] == FUNDS - due
    assert venue.holdings(RECEIVER)["usd"] > 0
    assert venue.holdings(liquidator.address) == {"usd": 0, "weth": 0, "btc": 0}
