"""A31: collateral forged or unbacked was lent against at par, its feed fresh (xUSD, Resolv, rsETH).

Here the line bounds how much goes, the pace how much in an hour, and a poke ends the race of the lenders.
"""

import pytest

from plimsoll.testing import refusal
from plimsoll.testing.market import Market
from plimsoll.testing.roles import CURATOR, GUARDIAN, LIQUIDATOR, STRANGER, role
from plimsoll.units import DAY, HOUR, MAX
from tests.utils.attack import appoint_guardian, donate, lenders, losses_of, million
from tests.utils.baskets import LegTerms, small_place

FORGER = STRANGER
LINE = 100_000  # whole tokens; a tenth of what lenders own
PACE = {"draw_burst": "0.25", "draw_refill": 6 * HOUR}
MINUTE = 60
TEN = [role(200 + i) for i in range(10)]  # who own a tenth each


def shaken(**params) -> Market:
    """A pool of a million with a line of a tenth of it, a guardian, and a forger who can mint collateral."""
    market = million(supply=0, limit=LINE, quote=1, **params)
    assert lenders(market, 10, 100_000) == TEN
    appoint_guardian(market)
    for who in (FORGER, LIQUIDATOR):
        market.give(who)
    market.vault.deposit(market.collaterals(10**6), sender=FORGER)
    return market


def draw(market: Market, minutes: int) -> int:
    """The forger draws what they can, once a minute, at once and for so many minutes; base units."""
    before = market.balance(market.loan, FORGER)
    market.vault.borrow(MAX, sender=FORGER)
    for _ in range(minutes):
        market.chain.advance(MINUTE)
        if market.vault.max_borrow(FORGER) > 0:
            market.vault.borrow(MAX, sender=FORGER)
    return market.balance(market.loan, FORGER) - before


def book(market: Market) -> int:
    """The truth comes out, and somebody closes the position; the vault's losses."""
    market.oracle.set_price(1, sender=market.builder.deployer)
    market.vault.liquidate(FORGER, MAX, sender=LIQUIDATOR)
    assert market.position(FORGER) == (0, 0)
    return int(market.pool.losses(market.vault))


@pytest.mark.parametrize(
    ("params", "at_once", "in_an_hour", "in_a_day"),
    [({}, 100_000, 100_000, 100_000), (PACE, 25_000, 29_167, 100_000)],
)
def test_a31_what_goes_at_once_in_an_hour_and_in_a_day(params, at_once, in_an_hour, in_a_day):
    """Whole tokens of a line of 100,000: without a pace all of it in a call."""
    gone = []
    for minutes in (0, 60, 24 * 60):
        market = shaken(**params)
        drawn = draw(market, minutes)
        assert drawn <= market.loans(LINE)
        gone.append(round(drawn / market.loans(1)))
        if params:
            parts = 1 + minutes * MINUTE / (6 * HOUR)
            assert drawn <= market.loans(LINE) // 4 * parts
    assert gone[:2] == [at_once, in_an_hour]
    assert in_a_day - 20 <= gone[2] <= in_a_day  # the interest of a day counts against the line


@pytest.mark.parametrize(("params", "saved"), [({}, 0), (PACE, 70_833)])
def test_a31_what_a_guardian_saves_who_cuts_after_an_hour(params, saved):
    """Whole tokens of the line of 100,000; and no lender loses more than what went."""
    market = shaken(**params)
    pool, assets = market.pool, market.pool.totalAssets()
    drawn = draw(market, 60)
    market.council.cut_limit(market.vault, sender=GUARDIAN)
    market.chain.advance(DAY)
    assert market.vault.max_borrow(FORGER) == 0
    assert refusal(market.vault.borrow, 1, sender=FORGER) == "pool: over the credit limit"
    assert round((market.loans(LINE) - drawn) / market.loans(1)) == saved
    interest = market.debt(FORGER) - drawn
    loss = book(market)
    assert drawn - 1 <= loss <= drawn + interest
    assert abs(assets - (pool.totalAssets() + drawn)) <= 2
    # the right to restore is what was left of the line, and comes with an empty level
    left = market.loans(LINE) - loss
    if saved:
        assert refusal(market.council.restore_limit, market.vault, left + 1, sender=CURATOR)
        market.council.restore_limit(market.vault, left, sender=CURATOR)
        assert pool.max_draw(market.vault) == 0
    else:
        assert left <= 0


def test_a31_a_loss_takes_the_line_with_it():
    """Whoever forges again the next day finds what is left, and not a full line."""
    market = shaken()
    draw(market, 0)
    book(market)
    market.set_quote(1)
    assert (
        market.pool.credit_line(market.vault)[0] <= 4
    )  # `borrow` of the largest uint leaves room for rounding
    assert market.vault.max_borrow(FORGER) == 0


@pytest.mark.parametrize("poked", [False, True])
def test_a31_the_race_of_the_lenders(poked):
    """Ten of 100,000 each, 100,000 gone: unpoked the first nine leave whole and the last has nothing.

    From a poke on each gets 90,000, whenever they leave, and somebody who waits until it is booked as well.
    """
    market = shaken()
    draw(market, 0)
    market.oracle.set_price(1, sender=market.builder.deployer)
    if poked:
        lack = market.vault.send("poke", FORGER, sender=LIQUIDATOR)
        assert lack == market.debt(FORGER) - 1 or lack == market.debt(FORGER)
    paid = []
    for who in TEN[:-1]:
        if poked:
            assert market.pool.maxRedeem(who) == 0
            assert refusal(market.pool.redeem, 1, who, who, sender=who) == "pool: haircut, use exit"
        paid.append(market.pool.send("exit", MAX, 0, who, who, sender=who)[0])
    market.vault.liquidate(FORGER, MAX, sender=LIQUIDATOR)
    paid.append(market.pool.send("exit", MAX, 0, TEN[-1], TEN[-1], sender=TEN[-1])[0])
    whole = [round(amount / market.loans(1)) for amount in paid]
    assert whole == ([90_000] * 10 if poked else [100_000] * 9 + [0])


def test_a31_the_reserve_bears_it_first():
    """And then nobody waits: 100,000 are in the reserve, the provision costs lenders nothing."""
    market = shaken()
    donate(market, LINE + 1)
    draw(market, 0)
    market.oracle.set_price(1, sender=market.builder.deployer)
    market.vault.poke(FORGER, sender=LIQUIDATOR)
    first = TEN[0]
    assert market.pool.send("redeem", market.pool.balanceOf(first), first, first, sender=first) in (
        market.loans(100_000) - 1,
        market.loans(100_000),
    )
    assets = market.pool.totalAssets()
    receipt = market.vault.liquidate(FORGER, MAX, sender=LIQUIDATOR)
    ((vault, reserves, backstop, lost),) = losses_of(market, receipt)
    assert (vault, backstop, lost) == (market.vault.address.lower(), 0, 0)
    assert reserves <= market.loans(LINE)
    assert market.pool.totalAssets() == assets


@pytest.mark.parametrize("known", ["price", "silence"])
def test_a31_one_forged_leg_beside_an_honest_one(known):
    """Forged at par in a basket: it lends what it carries, within the line; the honest leg is no hostage.

    When the truth comes out the honest leg pays its part in the same close, or alone; while the forged one is
    silent instead, it counts at its ceiling and nothing is closed on a guess.
    """
    place = small_place(
        (LegTerms(quote=2_000, ceiling=4), LegTerms(quote=1, ltv=82, threshold=84, ceiling=4))
    )
    place.hold(5, 50_000, owner=FORGER)
    place.act("borrow", place.twin.max_borrow(FORGER), FORGER, FORGER, sender=FORGER)
    drawn = place.debt(FORGER)
    assert drawn <= place.pool.credit_line(place.basket)[0]
    if known == "silence":
        place.silence(1)
        assert not place.preview(FORGER).liquidatable
        place.refused("vault: above the loan-to-value", "withdraw", 0, 1, FORGER, FORGER, sender=FORGER)
        assert place.act("poke", FORGER, sender=LIQUIDATOR) == 0
    place.set_price(1, 1)
    provided = place.act("poke", FORGER, sender=LIQUIDATOR)
    answer = place.close(owner=FORGER)
    loss = place.pool.losses(place.basket)
    assert provided == loss == drawn - answer.paid
    assert answer.paid >= place.loans(10_000) * 10 // 11
    assert place.position(FORGER) == ((0, 0), 0)
