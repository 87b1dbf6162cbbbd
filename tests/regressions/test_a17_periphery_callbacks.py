"""A17: a callback did what its data said for whoever called it (Prisma 2024).

Here Liquidator and Leverage answer the vault that they are visiting, once; whoever else calls is refused,
also in the middle of a visit, when the right vault is awaited. And what they are to do is told by the caller
of the visit, not by data.
"""

import pytest

from plimsoll.testing import Contract
from plimsoll.testing.market import Market
from plimsoll.units import MAX, WAD
from tests.utils.periphery import BORROWER, KEEPER, STRANGER, TRADER, PeripheryMarket

LATER = 2**40


def hook(token: Contract, moment: str, target: Contract, name: str, *arguments: object) -> None:
    """Lets a token call in the middle of its next transfers."""
    token.send(f"hook_{moment}", target.address, target.encode(name, *arguments), sender=STRANGER)


def answers(token: Contract) -> tuple[int, int, bytes]:
    """How often the token called, how often that worked, and what the last call answered."""
    return token.call("calls"), token.call("successes"), token.call("response")


def reason(text: str) -> bytes:
    """A reason as it stands in revert data."""
    return text.encode()


@pytest.fixture
def token(venue: PeripheryMarket) -> Contract:
    return venue.make("ReentrantToken", "Hook", "HOOK", 18)


@pytest.fixture
def market(venue: PeripheryMarket, token: Contract) -> Market:
    """The collateral calls out whenever it moves: before the vault's callback, and in the sale."""
    market = venue.market(venue.usd, token, 2_000)
    venue.provide(token, 5_000 * WAD, venue.usd, 10**13)
    venue.borrow(market, BORROWER, 10 * WAD, 15_000 * 10**6)
    return market


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a17_the_liquidator_answers_its_vault_alone(venue, market, token, moment):
    """Y4: while the vault is awaited somebody else tries to be it, and later to come second."""
    market.set_quote(1_750)
    path = venue.path(token, venue.usd)
    hook(token, moment, venue.liquidator, "on_liquidation", 0, 0, 10**18, b"1")
    profit = venue.liquidator.send("liquidate", market.vault.address, BORROWER, MAX, path, 0, sender=KEEPER)
    calls, successes, last = answers(token)
    assert (calls, successes) == (2, 0)  # vault to Liquidator, Liquidator to pair
    assert reason("periphery: not awaited") in last
    assert venue.usd.call("balanceOf", KEEPER) == profit > 0


@pytest.mark.parametrize("name", ["on_open", "on_close"])
def test_a17_leverage_answers_its_vault_alone(venue, market, token, name):
    trader = TRADER.address
    venue.give(token, trader, 10 * WAD)
    token.send("approve", venue.leverage.address, MAX, sender=trader)
    market.vault.send("set_operator", venue.leverage.address, 3, sender=trader)
    into, out_of = venue.path(venue.usd, token), venue.path(token, venue.usd)
    hook(token, "after", venue.leverage, name, 0, 10**18, b"1")
    opening = ("open", market.vault.address, 10 * WAD, 0, 10**10, into, 0, 0, LATER)
    venue.leverage.send(*opening, sender=trader)
    closing = ("close", market.vault.address, MAX, MAX, out_of, MAX, 0, LATER)
    venue.leverage.send(*closing, sender=trader)
    calls, successes, last = answers(token)
    # trader, pair, to the vault; from the vault, to the pair, to the trader
    assert (calls, successes) == (6, 0)
    assert reason("periphery: not awaited") in last


def test_a17_a_look_alike_cannot_call_back(venue, market):
    """A contract that claims to be a vault: it calls back out of the blue."""
    fake = venue.make("CallbackActor")
    for contract, name, numbers in (
        (venue.liquidator, "on_liquidation", (0, 0, 1)),
        (venue.leverage, "on_open", (0, 1)),
        (venue.leverage, "on_close", (0, 1)),
    ):
        fake.send("plan", [(contract.address, contract.encode(name, *numbers, b"1"))], sender=STRANGER)
        fake.send("on_open", 0, 0, b"", sender=STRANGER)
        ((success, data),) = fake.call("answers")
        assert not success
        assert reason("periphery: not awaited") in data


def test_a17_a_vault_that_somebody_else_calls_calls_him(venue, market):
    """Naming Liquidator or Leverage as the receiver does not get them called."""
    actor = venue.make("CallbackActor")
    venue.give(venue.usd, actor.address, 10**12)
    actor.send("approve", venue.usd.address, market.vault.address, sender=STRANGER)
    market.set_quote(1_750)
    data = market.vault.encode("liquidate", BORROWER, 10**9, 0, venue.liquidator.address, b"1")
    actor.send("act", market.vault.address, data, sender=STRANGER)
    seized = market.collateral.call("balanceOf", venue.liquidator.address)
    assert seized > 0  # a gift that stays for ever
    path = venue.path(market.collateral, venue.usd)
    venue.liquidator.send("liquidate", market.vault.address, BORROWER, 10**9, path, 0, sender=KEEPER)
    assert market.collateral.call("balanceOf", venue.liquidator.address) == seized
