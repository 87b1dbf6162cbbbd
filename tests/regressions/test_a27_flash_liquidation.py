"""A27: sums broke when a party was the protocol itself, or the money came from a flash loan.

Here the Liquidator may be called by the borrower, and its profit may go to any contract of ours; a flash loan
of the pool itself is of no use, since the pool is locked meanwhile.
"""

import pytest

from plimsoll.units import MAX, WAD, order
from tests.utils.periphery import BORROWER, LENDER, STRANGER


@pytest.fixture
def path(venue):
    return venue.path(venue.weth, venue.usd)


@pytest.fixture
def unhealthy(venue):
    venue.borrow(venue.long, BORROWER, 10 * WAD, 15_000 * 10**6)
    venue.long.set_quote(1_750)
    return venue.long


def sums_hold(venue, market):
    """The vault has what is locked, its line what is owed, and lenders' shares are worth what they were."""
    locked, shares = market.vault.call("position_of", BORROWER)
    assert market.collateral.call("balanceOf", market.vault.address) == locked
    assert market.pool.call("credit_line", market.vault.address)[1] == shares
    assert market.pool.call("convertToAssets", market.pool.call("balanceOf", LENDER)) >= 10**13
    assert not any(venue.holdings(venue.liquidator.address).values())


def test_a27_the_borrower_liquidates_himself(venue, unhealthy, path):
    """He gets the bonus out of his own collateral and pays the fee."""
    call = ("liquidate", unhealthy.vault.address, BORROWER, MAX, path, 0)
    before = venue.holdings(BORROWER)["usd"]
    profit = venue.liquidator.send(*call, sender=BORROWER)
    assert venue.holdings(BORROWER)["usd"] == before + profit
    sums_hold(venue, unhealthy)


@pytest.mark.parametrize("name", ["pool", "vault", "oracle", "loan", "collateral"])
def test_a27_the_profit_for_the_protocol(venue, unhealthy, path, name):
    """To the pool it is a gift that raises no share's price; elsewhere it is lost."""
    pool, receiver = unhealthy.pool, getattr(unhealthy, name).address
    price = pool.call("convertToAssets", 10**18)
    before = venue.usd.call("balanceOf", receiver)
    call = ("liquidate_batch", unhealthy.vault.address, [order(BORROWER)], path, 0, receiver)
    due = venue.liquidator.call("quote", *call[1:4])[0]
    profit, _ = venue.liquidator.send(*call, sender=STRANGER)
    gain = venue.usd.call("balanceOf", receiver) - before
    assert gain == profit + (due if name == "pool" else 0)
    assert pool.call("convertToAssets", 10**18) == price
    sums_hold(venue, unhealthy)


def test_a27_with_the_pools_own_flash_loan(venue, unhealthy, path):
    """Neither its cash nor the callback gets past its lock."""
    flash = venue.make("Intruder")
    for spender in (venue.liquidator, unhealthy.pool):
        flash.send("approve", venue.usd.address, spender.address, MAX, sender=STRANGER)
    calls = [
        ("liquidate", unhealthy.vault.address, BORROWER, MAX, path, 0),
        ("liquidate_with_funds", unhealthy.vault.address, [order(BORROWER)], 0),
    ]
    steps = [(venue.liquidator.address, venue.liquidator.encode(*call)) for call in calls]
    flash.send("plan", steps, sender=STRANGER)
    unhealthy.pool.send("flashLoan", flash.address, venue.usd.address, 10**11, b"", sender=STRANGER)
    assert (flash.call("runs"), flash.call("successes")) == (1, 0)
    sums_hold(venue, unhealthy)
    venue.liquidator.send(*calls[0], sender=STRANGER)


def test_a27_a_position_of_the_liquidator_itself(venue, unhealthy, path):
    """Collateral locked in its name stays there; nobody can owe on it."""
    venue.give(venue.weth, STRANGER, WAD)
    venue.weth.send("approve", unhealthy.vault.address, MAX, sender=STRANGER)
    unhealthy.vault.send("deposit", WAD, venue.liquidator.address, sender=STRANGER)
    venue.liquidator.send("liquidate", unhealthy.vault.address, BORROWER, MAX, path, 0, sender=STRANGER)
    assert unhealthy.vault.call("position_of", venue.liquidator.address) == (WAD, 0)
    assert not any(venue.holdings(venue.liquidator.address).values())
