"""A17: a vault that calls back a second time would have its guest pay, or sell, twice.

No vault of the Factory does: its lock is held in the callback. Liquidator and Leverage do not rely on that;
here they stand before a factory that registers a vault which does.
"""

import pytest

from plimsoll.units import MAX
from tests.utils.periphery import KEEPER, STRANGER, PeripheryMarket, refused

LATER = 2**40


@pytest.fixture
def twice(venue: PeripheryMarket):
    vault = venue.make("TwiceVault", venue.weth.address, venue.usd.address)
    factory = venue.make("OpenFactory")
    factory.send("register", vault.address, vault.address, sender=STRANGER)
    guests = [venue.make(name, factory.address, venue.uniswap.address) for name in ("Liquidator", "Leverage")]
    for guest in guests:
        for token in (venue.usd, venue.weth):
            venue.give(token, KEEPER, 10**18)
            token.send("approve", guest.address, MAX, sender=KEEPER)
    return vault, *guests


def test_a17_one_callback_a_visit(venue, twice):
    vault, liquidator, leverage = twice
    into = venue.path(venue.usd, venue.weth)
    visits = [
        (liquidator, ("liquidate_with_funds", vault.address, [], 0)),
        (leverage, ("open", vault.address, 1, 0, 0, into, 0, 0, LATER)),
        (leverage, ("close", vault.address, 0, 0, into[::-1], 0, 0, LATER)),
    ]
    for guest, visit in visits:
        vault.send("call_back", 1, sender=STRANGER)
        guest.call(*visit, sender=KEEPER)
        vault.send("call_back", 2, sender=STRANGER)
        refused("periphery: not awaited", guest, *visit, sender=KEEPER)


def test_a17_nothing_after_the_visit(venue, twice):
    """In the same transaction, when the guest's lock is open again."""
    vault, liquidator, _ = twice
    vault.send("call_back", 1, sender=STRANGER)
    intruder = venue.make("Intruder")
    venue.give(venue.usd, intruder.address, 10**6)
    intruder.send("approve", venue.usd.address, liquidator.address, MAX, sender=STRANGER)
    steps = [
        (liquidator.address, liquidator.encode("liquidate_with_funds", vault.address, [], 0)),
        (vault.address, vault.encode("call_late", liquidator.address)),
    ]
    intruder.send("plan", steps, sender=STRANGER)
    intruder.send("run", sender=STRANGER)
    (visited, _), (late, answer) = intruder.call("outcomes")
    assert visited
    assert not late
    assert b"periphery: not awaited" in answer
