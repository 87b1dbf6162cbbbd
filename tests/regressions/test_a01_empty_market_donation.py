"""A1: a donation to an empty market made the first share worth a fortune (Hundred, Onyx, Sonne, Midas).

Here a donation is reserve: it moves no share price, in whatever order it comes.
"""

from itertools import permutations

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.testing.market import Market, small_market
from plimsoll.testing.roles import BORROWER, DEPLOYER, STRANGER
from plimsoll.units import MAX

ATTACKER, VICTIM = STRANGER, BORROWER
DEPOSIT = 10**6 + 7
DONATION = 10**6 * DEPOSIT
STEPS = ("enter", "donate", "victim", "donate again", "leave")
ORDERS = [order for order in permutations(STEPS) if order.index("enter") < order.index("leave")]


@pytest.fixture(scope="module")
def market() -> Market:
    """Nobody has lent anything; a flash loan costs 1 %."""
    market = small_market(supply=0, flash_fee="0.01")
    for who in (ATTACKER, VICTIM):
        market.give(who)
    return market


@pytest.fixture(scope="module")
def flash(market):
    """Pays 1 % of a flash loan, which is a donation as well."""
    flash = market.chain.make("FlashBorrower")
    flash.send("approve", market.loan.address, market.pool.address, sender=DEPLOYER)
    market.loan.send("mint", flash.address, 10**18, sender=DEPLOYER)
    return flash


def enter(market: Market, stake: int) -> None:
    """Stakes below a unit are bought as shares."""
    name, amount = ("deposit", stake) if stake else ("mint", 1)
    market.pool.send(name, amount, ATTACKER, sender=ATTACKER)


@pytest.mark.parametrize("stake", [0, 1, 10**6, DEPOSIT])
def test_a01_empty_market_donation(market, stake):
    """In each of the 60 orders the donation is lost and the victim loses at most a unit of rounding."""
    pool = market.pool
    steps = {
        "enter": lambda: enter(market, stake),
        "donate": lambda: market.loan.send("transfer", pool.address, DONATION, sender=ATTACKER),
        "victim": lambda: pool.send("deposit", DEPOSIT, VICTIM, sender=VICTIM),
        "donate again": lambda: market.loan.send("transfer", pool.address, DONATION + 1, sender=ATTACKER),
        "leave": lambda: pool.send("exit", MAX, 0, ATTACKER, ATTACKER, sender=ATTACKER),
    }
    start = {who: market.balance(market.loan, who) for who in (ATTACKER, VICTIM)}
    assert len(ORDERS) == 60
    for order in ORDERS:
        with market.chain.isolated():
            for step in order:
                steps[step]()
            pool.send("exit", MAX, 0, VICTIM, VICTIM, sender=VICTIM)
            assert market.balance(market.loan, ATTACKER) <= start[ATTACKER] - 2 * DONATION - 1, order
            assert start[VICTIM] - market.balance(market.loan, VICTIM) in (0, 1), order
            assert pool.call("reserves") >= 2 * DONATION + 1, order


def test_a01_a_donation_through_flash_fees(market, flash):
    """A stake of one share and a hundred loans of all cash: fees of as much as the victim has."""
    pool = market.pool
    with market.chain.isolated():
        enter(market, 0)
        pool.send("deposit", DEPOSIT, VICTIM, sender=VICTIM)
        price = pool.call("convertToAssets", 10**18)
        for _ in range(100):
            loan = (flash.address, market.loan.address, market.balance(market.loan, pool), b"")
            pool.send("flashLoan", *loan, sender=ATTACKER)
        assert pool.call("reserves") > DEPOSIT
        assert pool.call("convertToAssets", 10**18) == price


def test_a01_a_donation_of_collateral(market):
    """Nor to a vault: what it holds beyond its positions is in no position, and lends nothing."""
    vault = market.vault
    with market.chain.isolated():
        market.pool.send("deposit", market.loans(100_000), VICTIM, sender=VICTIM)
        vault.send("deposit", 1, sender=ATTACKER)
        market.collateral.send("transfer", vault.address, market.collaterals(10**6), sender=ATTACKER)
        assert market.position(ATTACKER) == (1, 0)
        assert vault.call("max_borrow", ATTACKER) == 0
        assert vault.send("withdraw", MAX, sender=ATTACKER) == 1
        with pytest.raises(CallReverted):
            vault.send("withdraw", 1, sender=ATTACKER)
