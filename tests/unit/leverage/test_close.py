"""Decreasing and closing in one call."""

import pytest

from plimsoll.units import MAX, WAD
from tests.unit.leverage.conftest import LATER, USD, WETH
from tests.unit.leverage.test_open import NOTHING, clean
from tests.utils.periphery import LENDER, STRANGER, refused

DEBT = 20_000 * 10**6


@pytest.fixture
def opened(venue, leverage, trader, long, into):
    """The long of the trader: twenty thousand dollars on some twenty WETH, a day old."""
    leverage.send("open", long.vault.address, WETH, 0, DEBT, into, 0, 0, LATER, sender=trader)
    venue.engine.advance(86_400)
    return long


@pytest.fixture
def deadline(venue):
    return venue.engine.now


def test_a_close(venue, leverage, trader, opened, out_of, deadline):
    """Just enough is sold for the debt, interest included; the rest is the trader's."""
    locked, owed = opened.vault.call("position_of", trader)[0], opened.vault.call("debt_of", trader)
    assert owed > DEBT
    sold = venue.purchase(out_of, owed)
    call = ("close", opened.vault.address, MAX, MAX, out_of, sold, 0, deadline)
    assert leverage.send(*call, sender=trader) == (owed, sold, locked - sold)
    assert opened.vault.call("position_of", trader) == (0, 0)
    held = venue.holdings(trader)
    assert held["weth"] == locked - sold
    rounding = held["usd"] - USD
    assert 0 <= rounding <= 1
    clean(venue, leverage, opened)


def test_a_short(venue, leverage, trader, short, into, out_of):
    leverage.send("open", short.vault.address, USD, 0, 8 * WAD, out_of, 0, 0, LATER, sender=trader)
    locked, owed = short.vault.call("position_of", trader)[0], short.vault.call("debt_of", trader)
    sold = venue.purchase(into, owed)
    call = ("close", short.vault.address, MAX, MAX, into, sold, 0, LATER)
    assert leverage.send(*call, sender=trader) == (owed, sold, locked - sold)
    held = venue.holdings(trader)
    assert held["usd"] == locked - sold
    assert 0 <= held["weth"] - WETH < 10**9  # what a base unit of dollars buys: the sale is rounded up
    clean(venue, leverage, short)


def test_a_decrease(venue, leverage, trader, opened, out_of, deadline):
    """Debt falls by the repayment, collateral by what is sold for it; nothing for the trader."""
    vault = opened.vault
    locked, owed = vault.call("position_of", trader)[0], vault.call("debt_of", trader)
    health = vault.call("health", trader)
    sold = venue.purchase(out_of, 10**10)
    call = ("close", vault.address, 10**10, 0, out_of, sold, 0, deadline)
    assert leverage.send(*call, sender=trader) == (10**10, sold, 0)
    assert vault.call("position_of", trader)[0] == locked - sold
    assert vault.call("debt_of", trader) - (owed - 10**10) in (0, 1)
    assert vault.call("health", trader) > health
    assert venue.holdings(trader)["weth"] == 0
    clean(venue, leverage, opened)


def test_a_decrease_with_a_payout(venue, leverage, trader, opened, out_of, deadline):
    locked = opened.vault.call("position_of", trader)[0]
    sold = venue.purchase(out_of, 10**10)
    call = ("close", opened.vault.address, 10**10, 3 * WAD, out_of, sold, 0, deadline)
    assert leverage.send(*call, sender=trader) == (10**10, sold, 3 * WAD)
    assert opened.vault.call("position_of", trader)[0] == locked - sold - 3 * WAD
    assert venue.holdings(trader)["weth"] == 3 * WAD
    clean(venue, leverage, opened)


def test_all_that_health_allows(venue, leverage, trader, opened, out_of, deadline):
    """The rest is at the loan-to-value: not even a millionth of a WETH more may go."""
    vault = opened.vault
    call = ("close", vault.address, 10**10, MAX, out_of, MAX, 0, deadline)
    repaid, _, payout = leverage.send(*call, sender=trader)
    assert repaid == 10**10
    assert venue.holdings(trader)["weth"] == payout > 0
    assert vault.call("max_withdraw", trader) <= 10**12
    clean(venue, leverage, opened)


def test_no_debt_to_repay(venue, leverage, trader, opened, out_of, deadline):
    """A stranger has paid it all: the close still works, and nothing is sold."""
    venue.give(venue.usd, LENDER, 10**12)
    venue.usd.send("approve", opened.vault.address, MAX, sender=LENDER)
    opened.vault.send("repay", MAX, trader, sender=LENDER)
    locked = opened.vault.call("position_of", trader)[0]
    call = ("close", opened.vault.address, MAX, MAX, out_of, 0, 0, deadline)
    assert leverage.send(*call, sender=trader) == (0, 0, locked)
    assert venue.holdings(trader)["weth"] == locked


def test_a_longer_path(venue, leverage, trader, opened, deadline):
    path = venue.path(venue.weth, venue.btc, venue.usd)
    owed = opened.vault.call("debt_of", trader)
    sold = venue.purchase(path, owed)
    call = ("close", opened.vault.address, MAX, MAX, path, sold, 0, deadline)
    assert leverage.send(*call, sender=trader)[:2] == (owed, sold)
    clean(venue, leverage, opened)


def test_the_most_to_be_sold(venue, leverage, trader, opened, out_of, deadline):
    owed = opened.vault.call("debt_of", trader)
    sold = venue.purchase(out_of, owed)
    call = ("close", opened.vault.address, MAX, MAX, out_of)
    refused("leverage: too much sold", leverage, *call, sold - 1, 0, deadline, sender=trader)
    venue.swap(venue.weth, venue.usd, WAD)
    refused("leverage: too much sold", leverage, *call, sold, 0, deadline, sender=trader)


def test_the_least_health(venue, leverage, trader, opened, out_of, deadline):
    call = ("close", opened.vault.address, 10**10, MAX, out_of, MAX)
    health = 83 * WAD // 80  # threshold over ltv
    refused("leverage: health too low", leverage, *call, health + 10**10, deadline, sender=trader)
    leverage.send(*call, health, deadline, sender=trader)
    leverage.send("close", opened.vault.address, MAX, MAX, out_of, MAX, MAX, deadline, sender=trader)


def test_the_least_health_that_can_be_asked_for(venue, leverage, trader, opened, out_of, deadline):
    """1 of 1e18, which a position has not whose collateral is worth nothing."""
    opened.set_quote("0.000000000000000000000001")
    call = ("close", opened.vault.address, 0, 0, out_of, MAX)
    refused("leverage: health too low", leverage, *call, 1, deadline, sender=trader)
    leverage.send(*call, 0, deadline, sender=trader)


def test_what_health_allows_does_not_pay(venue, leverage, trader, opened, out_of, deadline):
    """At a safe price so low that hardly anything may be withdrawn, nothing is sold either."""
    opened.set_quote(1_195)
    call = ("close", opened.vault.address, 10**9, MAX, out_of, MAX, 0, deadline)
    refused("leverage: too little to sell", leverage, *call, sender=trader)


def test_what_was_sent_by_mistake_does_not_pay(venue, leverage, trader, opened, out_of, deadline):
    for token, amount in ((venue.usd, 10**12), (venue.weth, 5 * WAD)):
        venue.give(token, leverage.address, amount)
    opened.set_quote(1_195)
    call = ("close", opened.vault.address, 10**9, MAX, out_of, MAX, 0, deadline)
    refused("leverage: too little to sell", leverage, *call, sender=trader)
    opened.set_quote(2_000)
    leverage.send("close", opened.vault.address, MAX, MAX, out_of, MAX, 0, deadline, sender=trader)
    assert venue.holdings(leverage.address) == {"usd": 10**12, "weth": 5 * WAD, "btc": 0}


def test_the_deadline(leverage, trader, opened, out_of, deadline):
    call = ("close", opened.vault.address, MAX, MAX, out_of, MAX, 0, deadline - 1)
    refused("leverage: too late", leverage, *call, sender=trader)


def test_the_right_to_withdraw(leverage, trader, opened, out_of, deadline):
    call = ("close", opened.vault.address, MAX, MAX, out_of, MAX, 0, deadline)
    for rights in (0, 2):
        opened.vault.send("set_operator", leverage.address, rights, sender=trader)
        refused("vault: not authorised", leverage, *call, sender=trader)
    opened.vault.send("set_operator", leverage.address, 1, sender=trader)
    leverage.send(*call, sender=trader)


def test_a_pair_that_cannot_give_so_much(venue, leverage, trader, opened, deadline):
    """It holds no more than a hundred dollars."""
    other = venue.make("PlainToken", "Other", "OTH", 18)
    venue.provide(venue.weth, WAD, other, WAD)
    venue.provide(other, WAD, venue.usd, 10**8)
    path = venue.path(venue.weth, other, venue.usd)
    call = ("close", opened.vault.address, 10**8, 0, path, MAX, 0, deadline)
    refused("swap: pair too small", leverage, *call, sender=trader)
    leverage.send("close", opened.vault.address, 10**7, 0, path, MAX, 0, deadline, sender=trader)


def test_paths(leverage, trader, opened, into, out_of, deadline):
    call = ("close", opened.vault.address, MAX, MAX)
    refused("swap: wrong path", leverage, *call, into, MAX, 0, deadline, sender=trader)
    refused("swap: path too short", leverage, *call, out_of[:1], MAX, 0, deadline, sender=trader)


def test_only_vaults_of_the_factory(leverage, trader, opened, out_of, deadline):
    call = ("close", STRANGER, MAX, MAX, out_of, MAX, 0, deadline)
    refused("periphery: not a vault", leverage, *call, sender=trader)


def test_not_for_others(venue, leverage, trader, opened, out_of, deadline):
    """Y4: the stranger closes his own position, which is empty."""
    before = opened.vault.call("position_of", trader)
    opened.vault.send("set_operator", leverage.address, 3, sender=STRANGER)
    call = ("close", opened.vault.address, MAX, MAX, out_of, MAX, 0, deadline)
    assert leverage.send(*call, sender=STRANGER) == (0, 0, 0)
    assert opened.vault.call("position_of", trader) == before
    assert venue.holdings(STRANGER) == NOTHING


def test_a_path_of_four_tokens(venue, leverage, trader, opened, deadline):
    """There and back, over a token that nothing else uses."""
    other = venue.make("PlainToken", "Other", "OTH", 18)
    venue.provide(venue.btc, 250 * 10**8, other, 10**7 * WAD)
    venue.provide(other, 10**7 * WAD, venue.usd, 10**7 * 10**6)
    path = venue.path(venue.weth, venue.btc, other, venue.usd)
    sold = venue.purchase(path, 10**9)
    call = ("close", opened.vault.address, 10**9, 0, path, sold, 0, deadline)
    assert leverage.send(*call, sender=trader) == (10**9, sold, 0)
    bought = venue.sale(path[::-1], 10**9)
    call = ("open", opened.vault.address, 0, 0, 10**9, path[::-1], bought, 0, deadline)
    assert leverage.send(*call, sender=trader) == bought


def test_a_payout_of_one_unit(venue, leverage, trader, opened, out_of, deadline):
    """It is sent; of what comes to nothing no token is told."""
    before = venue.holdings(trader)
    call = ("close", opened.vault.address, 0, 1, out_of, 0, 0, deadline)
    assert leverage.send(*call, sender=trader) == (0, 0, 1)
    tokens = {venue.weth.address.lower(), venue.usd.address.lower()}
    moved = [int.from_bytes(log.data, "big") for log in venue.engine.logs() if log.address in tokens]
    assert moved == [1, 1]
    assert venue.holdings(trader) == before | {"weth": before["weth"] + 1}
