"""A payout that was announced before a crash was made before anybody had poked: lenders bore what it took.

Here a poke stops it, and so does the guardian; what is left is a known issue, whose figures these are.
"""

from typing import NamedTuple

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.testing.roles import BORROWER, CURATOR, GUARDIAN, LENDER, LIQUIDATOR, RECEIVER, STRANGER, role
from plimsoll.units import DAY, MAX
from tests.utils.attack import appoint_guardian, donate, losses_of, million, stake

STAKER = role(60)


class Borne(NamedTuple):
    """Whole tokens of the loss of a loan of 790,000 whose collateral is worth 700,000: 112,783 in all."""

    reserve: int
    backstop: int
    lenders: int


def announced(staked: int, backstop_share: str) -> Market:
    """A pool of a million and a reserve of 150,000, of which 100,000 are announced and due; then the fall."""
    market = million(supply=1_000_000 - staked, limit=10**6, backstop_share=backstop_share)
    appoint_guardian(market)
    for who in (BORROWER, LIQUIDATOR):
        market.give(who)
    if staked:
        stake(market, market.give(STAKER), staked)
    market.open(BORROWER, 500, 790_000)
    donate(market, 150_000)
    market.council.set_payout_receiver(RECEIVER, sender=CURATOR)
    assert market.council.send("announce", sender=STRANGER) == market.loans(100_000)
    market.chain.advance(3 * DAY)
    market.set_quote(1_400)
    return market


def book(market: Market) -> Borne:
    """Closes the loan."""
    receipt = market.vault.liquidate(BORROWER, MAX, sender=LIQUIDATOR)
    ((_, *parts),) = losses_of(market, receipt)
    return Borne(*(round(part / market.loans(1)) for part in parts))


@pytest.mark.parametrize(
    ("staked", "backstop_share", "leaves", "unpoked", "lenders_lose"),
    [
        (0, "0", False, Borne(50_015, 0, 62_768), "5.7"),
        (0, "0", True, Borne(50_015, 0, 62_768), "6.3"),
        (50_000, "0.5", False, Borne(50_015, 62_768, 0), "0.0"),
        (50_000, "0.5", True, Borne(50_015, 62_768, 0), "0.0"),
    ],
    ids=["all to the receiver", "who leaves first", "half to the backstop", "the rest leaves first"],
)
def test_payout_before_the_poke(staked, backstop_share, leaves, unpoked, lenders_lose):
    """Who bears the loss when somebody pokes first, and when `distribute` comes first; per cent."""
    market = announced(staked, backstop_share)
    pool = market.pool
    with market.chain.isolated():
        market.vault.poke(BORROWER, sender=STRANGER)
        assert refusal(market.council.distribute, sender=RECEIVER) == "council: nothing to pay out"
        assert book(market) == Borne(112_783, 0, 0)
    assert market.council.send("distribute", sender=RECEIVER) == market.loans(100_000)
    if leaves:
        pool.exit(MAX, 0, RECEIVER, RECEIVER, sender=RECEIVER)
    shares = pool.balanceOf(LENDER)
    before = pool.convertToAssets(shares)
    assert book(market) == unpoked
    assert f"{100 - 100 * pool.convertToAssets(shares) / before:.1f}" == lenders_lose


def test_the_guardian_withdraws_it():
    """Without a price nobody can poke; the announcement can go."""
    market = announced(0, "0")
    market.oracle.set_silent(True, sender=market.builder.deployer)
    market.council.cancel_payout(sender=GUARDIAN)
    assert refusal(market.council.distribute, sender=RECEIVER) == "council: nothing announced"


def test_nothing_goes_to_a_backstop_in_which_nobody_stakes():
    """Of old 50,000 went there, and as many to the receiver: lenders lost 10,538 of a million."""
    market = announced(0, "0.5")
    assert refusal(market.council.distribute, sender=RECEIVER) == "council: nothing to pay out"
    assert book(market) == Borne(112_783, 0, 0)
