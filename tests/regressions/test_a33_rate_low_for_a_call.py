"""A33: a rate was low for the length of a call, and healthy loans were liquidated (curve-stablecoin 2026).

A vault lends its assets by flash and counts what it holds: its rate is a tenth in between. On the loan's side
the rate at construction is the least that lends, whatever the terms. On the collateral's, `fall` refuses the
rate, or a second source without it answers; without either the loan goes.
"""

from decimal import Decimal

import pytest

from plimsoll.params import CORRELATED
from plimsoll.testing import refusal
from plimsoll.testing.roles import BORROWER, DEPLOYER, LIQUIDATOR, STRANGER
from plimsoll.units import DAY, MAX, WAD
from tests.utils.feeds import QUOTE, RATE, FedMarket, fed_market
from tests.utils.oracles import prices

RISK = CORRELATED.model_copy(update={"min_debt": Decimal(3)})
FALL = WAD // 10  # more than a tenth is no rate


def fall(market: FedMarket, side: str) -> None:
    market.parts[side].send("set_rate", RATE // 10, sender=DEPLOYER)


def recover(market: FedMarket, side: str) -> None:
    market.parts[side].send("set_rate", RATE, sender=DEPLOYER)


def healthy_market(*parts: str, **terms: int) -> FedMarket:
    """The borrower owes 600 on a collateral of 1,200, health 1.9; another has as much and no debt."""
    market = fed_market(*parts, risk=RISK, **terms)
    for who in (BORROWER, LIQUIDATOR, STRANGER):
        market.give(who)
    market.open(BORROWER, "0.6", 600)
    market.vault.send("deposit", market.collaterals("0.6"), sender=STRANGER)
    assert round(market.vault.health(BORROWER) / WAD, 3) == 1.9
    return market


@pytest.mark.parametrize("side", ["collateral_rate", "loan_rate"])
@pytest.mark.parametrize(
    ("others", "fall_refused"),
    [(("second",), WAD), (("second",), FALL), (("fallback",), FALL), (("second", "fallback"), FALL)],
)
def test_nobody_is_liquidated_and_nothing_more_is_lent(side, others, fall_refused):
    market = healthy_market(side, *others, fall=fall_refused)
    answers = prices(market.oracle)
    allowed = market.vault.max_borrow(STRANGER)
    fall(market, side)
    liquidation = refusal(market.vault.liquidate, BORROWER, MAX, sender=LIQUIDATOR)
    loan = refusal(market.vault.borrow, allowed + 10, sender=STRANGER)
    if "second" in others:
        assert (liquidation, loan) == ("vault: healthy", "vault: above the loan-to-value")
    else:
        assert (liquidation, loan) == ("oracle: rate fell", "oracle: rate fell")
    recover(market, side)
    assert prices(market.oracle) == answers
    market.vault.send("borrow", allowed, sender=STRANGER)


def test_without_fall_a_low_loan_rate_lends_what_the_first_rate_does():
    """80,000 on 50 collateral, where the tenth of a rate would have lent ten times as much."""
    market = fed_market("loan_rate", supply=1_000_000)
    market.give(BORROWER)
    price, safe = prices(market.oracle)
    fall(market, "loan_rate")
    assert prices(market.oracle) == (10 * price, safe)
    market.vault.send("deposit", market.collaterals(50), sender=BORROWER)
    assert (
        refusal(market.vault.borrow, market.loans(80_001), sender=BORROWER)
        == "vault: above the loan-to-value"
    )
    assert market.vault.send("borrow", MAX, sender=BORROWER) == market.loans(80_000) - 2


def test_without_fall_a_loan_rate_that_has_grown_protects_less():
    """The first rate is the floor: what the vault has earned since may be lent on top, a quarter at 1.25."""
    market = fed_market("loan_rate", supply=1_000_000)
    market.give(BORROWER)
    market.vault.send("deposit", market.collaterals(50), sender=BORROWER)
    market.parts["loan_rate"].send("set_rate", RATE * 5 // 4, sender=DEPLOYER)
    assert market.vault.max_borrow(BORROWER) == market.loans(64_000) - 2
    fall(market, "loan_rate")
    assert market.vault.max_borrow(BORROWER) == market.loans(80_000) - 2


def test_without_fall_and_without_a_second_a_low_collateral_rate_liquidates():
    """Known of an oracle that stands alone: all of a collateral worth 1,200 goes for 117."""
    market = healthy_market("collateral_rate")
    fall(market, "collateral_rate")
    assert market.vault.max_borrow(STRANGER) < market.loans(120)
    paid, _, seized = market.vault.send("liquidate", BORROWER, MAX, sender=LIQUIDATOR)
    recover(market, "collateral_rate")
    worth = Decimal(seized * QUOTE).scaleb(-18)
    assert (paid // 10**6, round(worth)) == (117, 1_200)


def test_what_fall_does_not_stop():
    """A loan at the highest loan-to-value of the preset goes at 2.11 % less, far from any fall refused."""
    market = fed_market("collateral_rate", "second", risk=RISK, fall=FALL)
    for who in (BORROWER, LIQUIDATOR):
        market.give(who)
    market.open(BORROWER, "0.6", 1_116)
    market.parts["second"].send("set_silent", True, sender=DEPLOYER)
    for left, liquidatable in ((9_790, False), (9_789, True)):
        market.parts["collateral_rate"].send("set_rate", RATE * left // 10_000, sender=DEPLOYER)
        assert market.vault.preview_liquidate(BORROWER, MAX)[0] == liquidatable


def test_a_true_collapse_freezes_until_the_marks_prove_it():
    """What `fall` costs where there is a fallback alone: 14 days without liquidation."""
    market = healthy_market("collateral_rate", "fallback", fall=FALL)
    market.parts["fallback"].send("set_price", prices(market.oracle)[0] // 2, sender=DEPLOYER)
    fall(market, "collateral_rate")
    for day in range(0, 15, 2):
        for feed in (market.collateral_feed, market.loan_feed):
            market.say(feed, feed.call("latestRoundData")[1])
        assert refusal(market.vault.liquidate, BORROWER, MAX, sender=LIQUIDATOR) == "oracle: rate fell"
        market.oracle.send("mark", sender=STRANGER)
        if day < 14:
            market.chain.advance(2 * DAY)
    market.vault.send("liquidate", BORROWER, MAX, sender=LIQUIDATOR)
