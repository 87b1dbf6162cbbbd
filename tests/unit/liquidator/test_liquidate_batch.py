"""Liquidating many positions at once, without capital."""

from plimsoll.units import MAX, WAD, order
from tests.unit.liquidator.conftest import crash
from tests.utils.periphery import BORROWER, KEEPER, RECEIVER, refused, role

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


def test_256_orders(venue, fallen, liquidator, path):
    """As many as one call takes; the bit of the last one is the top one."""
    orders = [*map(order, map(role, range(200, 455))), order(BORROWER)]
    venue.give(venue.usd, KEEPER, 10**12)
    venue.usd.send("approve", liquidator.address, MAX, sender=KEEPER)
    calls = [("quote", path), ("liquidate_batch", path, 0), ("liquidate_with_funds", 0)]
    for name, *rest in calls:
        call = (name, fallen.vault.address, orders, *rest)
        assert liquidator.call(*call, sender=KEEPER)[-1] == 1 << 255
        refused("", liquidator, name, fallen.vault.address, [*orders, 0], *rest, sender=KEEPER)


def test_nothing_is_seized_for_a_crumb(venue, liquidator):
    """A unit of dollars is worth more than what is paid; the vault's rate is not what stops it."""
    market, path = venue.short, venue.path(venue.usd, venue.weth)
    venue.borrow(market, BORROWER, 20_000 * 10**6, 7 * WAD)
    market.set_quote("0.0004")
    reason = "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT"
    assert market.vault.call("preview_liquidate_batch", [order(BORROWER, 100)])[::2] == (100, 0)
    call = ("liquidate_batch", market.vault.address, [order(BORROWER, 100)], path, 0)
    refused(reason, liquidator, *call, sender=KEEPER)
    refused(reason, liquidator, "liquidate", market.vault.address, BORROWER, 100, path, 0, sender=KEEPER)
