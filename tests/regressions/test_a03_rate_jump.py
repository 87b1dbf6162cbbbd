"""A3: a donation lifted the share price that an oracle believed, and loans were made on it at once.

Cream 2021, Venus 2025, sDOLA 2026: +14 % within one transaction. The price that lends counts the collateral's
rate up to its cap, the one that liquidates the loan's: the jump adds nothing to what the clock allows. The
other price moves, so that less can be borrowed or liquidated.
"""

from fractions import Fraction

import pytest

from plimsoll.testing import refusal, roles
from plimsoll.testing.market import small_market
from plimsoll.testing.roles import DEPLOYER
from plimsoll.units import DAY, MAX, WAD, YEAR
from tests.utils.feeds import fed_market
from tests.utils.oracles import LOAN_ANSWER, OracleYard, Rate, exact_price, prices, rate_cap

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


def prices_after_the_jump(cap: int, side: str) -> tuple[int, int]:
    """Price and safe price."""
    free, held = price_at(JUMPED, side), price_at(cap, side)
    return (free, held) if side == "collateral_rate" else (held, free)


def test_a_jump_in_one_transaction(yard, side):
    oracle, vault = built(yard, side)
    before = price_at(RATE, side)
    assert prices(oracle) == (before, before)
    vault.set_rate(JUMPED, sender=yard.deployer)
    assert prices(oracle) == prices_after_the_jump(RATE, side)


def test_what_a_jump_can_reach_later_is_what_the_vault_did_not_earn(chain, yard, side):
    """The cap is anchored at construction: after 90 days without earnings a jump reaches 1 %, not 14 %."""
    oracle, vault = built(yard, side)
    config = oracle.config()
    chain.advance(90 * DAY)
    for feed, answer in ((config.collateral_feed.feed, 3_200 * 10**8), (config.loan_feed.feed, LOAN_ANSWER)):
        yard.feed_at(feed).set_answer(answer, sender=yard.deployer)
    assert prices(oracle) == (price_at(RATE, side),) * 2
    vault.set_rate(JUMPED, sender=yard.deployer)
    cap = rate_cap(RATE, GROWTH, 90 * DAY)
    assert RATE < cap < RATE * 101 // 100
    assert prices(oracle) == prices_after_the_jump(cap, side)


@pytest.fixture
def edge(side):
    """One borrower as deep in debt as they may be, another a hair above liquidation; both see the rate."""
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

    def seen() -> tuple[list, int]:
        refusals = [refusal(market.vault.borrow, market.loans(10), sender=who) for who in people]
        quotes = [market.vault.call("preview_liquidate", who, MAX)[0] for who in people]
        return refusals + quotes, market.vault.call("max_borrow", roles.STRANGER)

    before, allowed = seen()
    assert before == ["vault: above the loan-to-value"] * 2 + [False] * 2
    rate = vault.call("convertToAssets", WAD)
    vault.send("set_rate", rate * 114 // 100, sender=DEPLOYER)
    now = allowed if side == "collateral_rate" else allowed * 100 // 114
    assert seen() == (before, now)


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
