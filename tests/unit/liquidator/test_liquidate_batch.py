"""Liquidating many positions at once, without capital."""

from tests.unit.liquidator.conftest import crash
from tests.utils.periphery import KEEPER, RECEIVER, WAD, order, refused, role

OWNERS = [role(100 + number) for number in range(10)]


def open_all(venue, market):
    """Ten positions; the last of them stays healthy."""
    for number, owner in enumerate(OWNERS):
        debt = 8_000 if owner == OWNERS[-1] else 15_000 + 50 * number
        venue.borrow(market, owner, 10 * WAD, debt * 10**6)
    crash(venue, market)


def test_all_that_can_be_closed_in_one_sale(venue, market, liquidator, path):
    open_all(venue, market)
    orders = [order(owner) for owner in OWNERS]
    paid, fee, seized, executed = market.vault.call("preview_liquidate_batch", orders)
    proceeds = venue.sale(path, seized)
    profit, done = liquidator.send("liquidate_batch", market.vault.address, orders, path, 0, sender=KEEPER)
    assert done == executed == 2**9 - 1
    assert profit == proceeds - paid - fee > 0
    assert venue.holdings(KEEPER) == {"usd": profit, "weth": 0, "btc": 0}
    assert venue.holdings(liquidator.address) == {"usd": 0, "weth": 0, "btc": 0}


def test_receiver_and_least_profit(venue, market, liquidator, path):
    open_all(venue, market)
    orders = [order(owner, 4 * 10**9) for owner in OWNERS]
    due, _, proceeds, _ = liquidator.call("quote", market.vault.address, orders, path)
    call = ("liquidate_batch", market.vault.address, orders, path)
    refused("liquidator: profit too small", liquidator, *call, proceeds - due + 1, RECEIVER, sender=KEEPER)
    assert liquidator.send(*call, proceeds - due, RECEIVER, sender=KEEPER)[0] == proceeds - due
    assert venue.holdings(RECEIVER)["usd"] == proceeds - due


def test_the_receiver_is_somebody_else(venue, market, liquidator, path):
    call = ("liquidate_batch", market.vault.address, [], path, 0, liquidator.address)
    refused("liquidator: bad receiver", liquidator, *call, sender=KEEPER)


def test_nothing_to_do(venue, market, liquidator, path):
    open_all(venue, market)
    for orders in ([], [order(OWNERS[-1])], [order(OWNERS[0], 0)]):
        call = ("liquidate_batch", market.vault.address, orders, path, 0)
        refused("vault: no order can execute", liquidator, *call, sender=KEEPER)
