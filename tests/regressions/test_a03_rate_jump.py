"""A3: a donation lifted the share price that an oracle believed, and loans were made on it at once.

Cream 2021, Venus 2025, sDOLA 2026: +14 % within one transaction. A rate here cannot rise faster than its cap,
on either side, so the jump adds nothing to what the clock allows.
"""

from fractions import Fraction

import pytest

from plimsoll.testing import refusal
from plimsoll.units import DAY, MAX, WAD, YEAR
from tests.utils import roles
from tests.utils.feeds import fed_market
from tests.utils.market import small_market
from tests.utils.oracles import LOAN_ANSWER, OracleYard, Rate, exact_price
from tests.utils.roles import DEPLOYER

RATE = 1_180_000_000_000_000_000
JUMPED = RATE * 114 // 100
GROWTH = WAD // 25 // YEAR  # 4 % a year


@pytest.fixture(scope="session")
def yard(chain):
    return OracleYard(chain)


@pytest.fixture(params=["collateral_rate", "loan_rate"])
def side(request):
    return request.param


def price_at(rate: int, side: str) -> int:
    loan_quote = Fraction(LOAN_ANSWER, 10**8)
    if side == "collateral_rate":
        return exact_price(3_200 * Fraction(rate, WAD), loan_quote)
    return exact_price(3_200, loan_quote * Fraction(rate, WAD))


def built(yard, side):
    vault = yard.rate_vault(yard.token(18), 18, RATE)
    terms = {side: Rate(vault, GROWTH)}
    oracle = yard.oracle(yard.plain_config().but(expected_price=price_at(RATE, side), **terms))
    return oracle, vault


def test_a_jump_in_one_transaction_moves_neither_price(chain, yard, side):
    oracle, vault = built(yard, side)
    born = chain.now
    vault.set_rate(JUMPED, sender=yard.deployer)
    cap = RATE * (WAD + GROWTH * (chain.now - born)) // WAD
    assert oracle.price() == oracle.safe_price() == price_at(cap, side)
    # a few seconds of 4 % a year: not one part in a million
    assert abs(oracle.price() - price_at(RATE, side)) * 10**6 < price_at(RATE, side)


def test_what_a_jump_can_reach_later_is_what_the_vault_did_not_earn(chain, yard, side):
    """The cap is anchored at construction: after 90 days without earnings a jump reaches 1 %, not 14 %."""
    oracle, vault = built(yard, side)
    born = chain.now
    config = oracle.config()
    chain.advance(90 * DAY)
    for feed, answer in ((config.collateral_feed.feed, 3_200 * 10**8), (config.loan_feed.feed, LOAN_ANSWER)):
        yard.feed_at(feed).set_answer(answer, sender=yard.deployer)
    assert oracle.price() == price_at(RATE, side)
    vault.set_rate(JUMPED, sender=yard.deployer)
    cap = RATE * (WAD + GROWTH * (chain.now - born)) // WAD
    assert RATE < cap < RATE * 101 // 100
    assert oracle.price() == oracle.safe_price() == price_at(cap, side)


@pytest.fixture
def edge(side):
    """One borrower as deep in debt as he may be, another a hair above liquidation; both see the rate."""
    market = fed_market(side)
    for who in (roles.BORROWER, roles.OTHER_BORROWER, roles.STRANGER):
        market.give(who)
    market.vault.send("open", market.collaterals(10), MAX, sender=roles.OTHER_BORROWER)
    market.set_quote("1927.8")  # the threshold of 83 % over a loan-to-value of 80 %, and a little
    market.vault.send("open", market.collaterals(10), MAX, sender=roles.BORROWER)
    assert not market.vault.call("preview_liquidate", roles.OTHER_BORROWER, MAX)[0]
    market.set_quote("1927.6")
    assert market.vault.call("preview_liquidate", roles.OTHER_BORROWER, MAX)[0]
    market.set_quote("1927.8")
    return market


def test_a_jump_liquidates_nobody_and_lends_nothing(edge, side):
    """Up by 14 % in one transaction, on the side that lends more or on the one that makes debts dearer."""
    market, vault = edge, edge.parts[side]
    people = (roles.BORROWER, roles.OTHER_BORROWER)
    market.vault.send("deposit", market.collaterals(10), sender=roles.STRANGER)

    def seen() -> list:
        return [
            market.price(),
            market.vault.call("max_borrow", roles.STRANGER),
            *(market.vault.call("preview_liquidate", who, MAX) for who in people),
            *(refusal(market.vault.borrow, market.loans(10), sender=who) for who in people),
        ]

    before = seen()
    assert before[-2:] == ["vault: above the loan-to-value"] * 2
    rate = vault.call("convertToAssets", WAD)
    vault.send("set_rate", rate * 114 // 100, sender=DEPLOYER)
    assert seen() == before


def test_the_same_jump_unbounded_would_do_both(side):
    """What the test above would miss without a cap: an oracle that believed 14 % lends and liquidates."""
    market = small_market()
    for who in (roles.BORROWER, roles.OTHER_BORROWER):
        market.give(who)
    market.vault.send("open", market.collaterals(10), MAX, sender=roles.BORROWER)
    price = market.price()
    jumped = price * 114 // 100 if side == "collateral_rate" else price * 100 // 114
    market.oracle.send("set_price", jumped, sender=DEPLOYER)
    if side == "collateral_rate":
        assert market.vault.send("borrow", MAX, sender=roles.BORROWER) > market.loans(2_000)
    else:
        assert market.vault.call("preview_liquidate", roles.BORROWER, MAX)[0]
