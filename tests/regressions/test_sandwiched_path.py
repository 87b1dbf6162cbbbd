"""A sandwich: somebody moves the pair before a sale and back after it; the caller's bound is its price."""

import pytest

from plimsoll.units import MAX, WAD, order
from tests.utils.periphery import BORROWER, KEEPER, STRANGER, TRADER, refused


@pytest.fixture
def path(venue):
    return venue.path(venue.weth, venue.usd)


def sell(venue, path, amount):
    """The attacker sells `amount` of the path's first token, which he has; what he gets."""
    arguments = (amount, 0, path, STRANGER, venue.engine.now)
    return venue.router.send("swapExactTokensForTokens", *arguments, sender=STRANGER)[-1]


@pytest.fixture
def attacker(venue):
    for token in (venue.weth, venue.usd):
        token.send("approve", venue.router.address, MAX, sender=STRANGER)
    return STRANGER


@pytest.mark.parametrize("slack", [0, 10 * 10**6, 200 * 10**6])
def test_a_sandwiched_liquidation(venue, path, attacker, slack):
    """Y3: it reverts, or the keeper has what he asked for and the attacker at most the difference."""
    venue.borrow(venue.long, BORROWER, 100 * WAD, 150_000 * 10**6)
    venue.long.set_quote(1_780)
    due, _, proceeds, _ = venue.liquidator.call("quote", venue.long.vault.address, [order(BORROWER)], path)
    least = proceeds - due - slack
    assert least > 0
    call = ("liquidate", venue.long.vault.address, BORROWER, MAX, path, least)
    gains = []
    for size in (WAD, 10 * WAD, 100 * WAD):
        before = venue.engine.snapshot()
        venue.give(venue.weth, attacker, size)
        dollars = sell(venue, path, size)
        try:
            profit = venue.liquidator.send(*call, sender=KEEPER)
        except Exception:
            refused("liquidator: profit too small", venue.liquidator, *call, sender=KEEPER)
        else:
            assert profit >= least
            back = sell(venue, path[::-1], dollars)
            gains.append(venue.sale(path, max(0, back - size)))
        venue.engine.revert(before)
    assert len(gains) < 3  # the greatest one is too much for any of these bounds
    assert all(gain <= slack for gain in gains)


def test_a_sandwiched_opening(venue, path, attacker):
    """By the least collateral; what it is worth to the attacker is the trader's own tolerance."""
    trader = TRADER.address
    venue.give(venue.weth, trader, 10 * WAD)
    venue.weth.send("approve", venue.leverage.address, MAX, sender=trader)
    venue.long.vault.send("set_operator", venue.leverage.address, 3, sender=trader)
    into = path[::-1]
    wish = (10 * WAD, 0, 10**10, into)
    locked, _ = venue.leverage.call("preview_open", venue.long.vault.address, trader, *wish)
    call = ("open", venue.long.vault.address, *wish, locked * 999 // 1_000, 0, venue.engine.now)
    venue.give(venue.usd, attacker, 10**11)
    sell(venue, into, 10**11)
    refused("leverage: too little collateral", venue.leverage, *call, sender=trader)
    sell(venue, path, venue.weth.call("balanceOf", attacker))
    venue.leverage.send(*call, sender=trader)
