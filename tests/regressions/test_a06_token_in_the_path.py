"""A6, A18: a token that somebody puts into the path calls out in the middle of the sale.

The path is the caller's choice, so a token in it may be anything. Here it can move the next pair's price,
which the caller's own bound answers; it finds Liquidator, Leverage and the vault locked.
"""

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.twin.uniswap_v2 import amount_out
from plimsoll.units import MAX, WAD, order
from tests.utils.periphery import BORROWER, KEEPER, STRANGER, TRADER, refused

LATER = 2**40
NOTHING = {"usd": 0, "weth": 0, "btc": 0}


@pytest.fixture
def token(venue):
    """Between WETH and dollars, at 2,000."""
    token = venue.make("ReentrantToken", "Hook", "HOOK", 18)
    for other, amount in ((venue.weth, 500 * WAD), (venue.usd, 10**12)):
        venue.provide(token, 500 * WAD, other, amount)
    return token


@pytest.fixture
def path(venue, token):
    return venue.path(venue.weth, token, venue.usd)


@pytest.fixture
def unhealthy(venue):
    venue.borrow(venue.long, BORROWER, 10 * WAD, 15_000 * 10**6)
    venue.long.set_quote(1_790)
    return venue.long


@pytest.fixture
def trader(venue):
    trader = TRADER.address
    venue.give(venue.weth, trader, 10 * WAD)
    venue.weth.send("approve", venue.leverage.address, MAX, sender=trader)
    venue.long.vault.send("set_operator", venue.leverage.address, 3, sender=trader)
    return trader


def hooked(token, target, data):
    """The token makes a call in each of its transfers, before balances move."""
    token.send("hook_before", target.address, data, sender=STRANGER)


def swap_ahead(venue, token, other):
    """What the token does to the pair of `token` and `other` ahead of our swap: a sale of two of its own."""
    pair = venue.pair(venue.uniswap.call("getPair", token.address, other.address))
    venue.give(token, pair.address, 2 * WAD)
    reserves = pair.call("getReserves")[:2]
    first = int(token.address, 16) < int(other.address, 16)
    out = amount_out(2 * WAD, reserves if first else reserves[::-1])
    hooked(token, pair, pair.encode("swap", *((0, out) if first else (out, 0)), STRANGER, b""))


def calls(venue, market, owner, path):
    """Everything that Liquidator, Leverage and the vault can be asked to do."""
    vault = market.vault
    yield venue.liquidator, ("liquidate", vault.address, owner, MAX, path, 0)
    yield venue.liquidator, ("liquidate_batch", vault.address, [order(owner)], path, 0)
    yield venue.liquidator, ("liquidate_with_funds", vault.address, [order(owner)], 0)
    yield venue.liquidator, ("quote", vault.address, [order(owner)], path)
    yield venue.leverage, ("open", vault.address, 0, 0, 0, path[::-1], 0, 0, LATER)
    yield venue.leverage, ("close", vault.address, 0, 0, path, MAX, 0, LATER)
    yield venue.leverage, ("margin_terms", vault.address, owner)
    yield venue.leverage, ("preview_open", vault.address, owner, 0, 0, 0, path[::-1])
    yield venue.leverage, ("preview_close", vault.address, owner, 0, path)
    yield vault, ("liquidate", owner, MAX)
    yield vault, ("withdraw", 0, KEEPER, owner)


def test_a06_all_is_locked_in_the_middle_of_a_liquidation(venue, unhealthy, token, path):
    """But Leverage, which is another contract: it finds the vault locked and does nothing for anybody."""
    for contract, call in calls(venue, unhealthy, BORROWER, path):
        hooked(token, contract, contract.encode(*call))
        profit = venue.liquidator.call(
            "liquidate", unhealthy.vault.address, BORROWER, MAX, path, 0, sender=KEEPER
        )
        assert profit > 0
        before = venue.engine.snapshot()
        venue.liquidator.send("liquidate", unhealthy.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
        view = call[0] in ("margin_terms", "preview_open", "preview_close")
        assert (token.call("calls"), token.call("successes")) == (1, int(view)), call[0]
        venue.engine.revert(before)


def test_a06_all_is_locked_in_the_middle_of_an_opening(venue, unhealthy, token, path, trader):
    opening = ("open", unhealthy.vault.address, 10 * WAD, 0, 10**10, path[::-1], 0, 0, LATER)
    for contract, call in calls(venue, unhealthy, BORROWER, path):
        hooked(token, contract, contract.encode(*call))
        before = venue.engine.snapshot()
        venue.leverage.send(*opening, sender=trader)
        assert (token.call("calls"), token.call("successes")) == (1, 0), call[0]
        assert venue.holdings(venue.leverage.address) == NOTHING
        venue.engine.revert(before)


def test_a06_it_cannot_sell_below_the_least_profit(venue, unhealthy, token, path):
    """Y3: it takes the price of the pair ahead down: the caller's bound holds against the real proceeds."""
    quoted = venue.liquidator.call("quote", unhealthy.vault.address, [order(BORROWER)], path)
    profit = quoted[2] - quoted[0]
    swap_ahead(venue, token, venue.usd)
    call = ("liquidate", unhealthy.vault.address, BORROWER, MAX, path)
    refused("liquidator: profit too small", venue.liquidator, *call, profit, sender=KEEPER)
    got = venue.liquidator.send(*call, 0, sender=KEEPER)
    assert 0 < got < profit
    assert venue.holdings(venue.liquidator.address) == NOTHING


def test_a06_it_cannot_open_with_less(venue, token, path, trader):
    """What was quoted is locked, or nothing happens; mis-sent tokens do not fill the gap."""
    venue.give(venue.weth, venue.leverage.address, 5 * WAD)
    swap_ahead(venue, token, venue.weth)
    call = ("open", venue.long.vault.address, 10 * WAD, 0, 10**10, path[::-1], 0, 0, LATER)
    refused("leverage: sale fell short", venue.leverage, *call, sender=trader)


@pytest.mark.parametrize("of", ["a vault", "a leg"])
def test_a06_a_better_price_is_the_traders(venue, token, path, trader, of):
    """The price ahead moves his way: he gets the difference, and nothing stays."""
    pair = venue.pair(venue.uniswap.call("getPair", token.address, venue.weth.address))
    venue.give(venue.weth, pair.address, 5 * WAD)
    hooked(token, pair, pair.encode("sync"))
    rest = (10 * WAD, 0, 10**10, path[::-1], 0, 0, LATER)
    if of == "a vault":
        place = venue.long.vault
        locked = venue.leverage.send("open", place.address, *rest, sender=trader)
        held = place.call("position_of", trader)[0]
    else:
        place = venue.basket(venue.usd, [(venue.btc, 40_000), (venue.weth, 2_000)]).basket
        place.send("set_operator", venue.leverage.address, 3, sender=trader)
        locked = venue.leverage.send("open_leg", place.address, 1, *rest, sender=trader)
        held = place.call("position_of", trader)[0][1]
    assert held == locked
    assert venue.holdings(trader)["weth"] > 0
    assert venue.holdings(venue.leverage.address) == NOTHING


def test_a06_it_can_stop_the_sale(venue, unhealthy, token, path):
    """By reverting: the caller chooses another path."""
    token.send("burn", venue.uniswap.call("getPair", *path[:2]), 499 * WAD, sender=STRANGER)
    with pytest.raises(CallReverted):
        venue.liquidator.send("liquidate", unhealthy.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    direct = [path[0], path[2]]
    venue.liquidator.send("liquidate", unhealthy.vault.address, BORROWER, MAX, direct, 0, sender=KEEPER)
