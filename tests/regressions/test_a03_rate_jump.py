"""A3: a donation lifted the share price that an oracle believed, and loans were made on it at once.

Cream 2021, Venus 2025, sDOLA 2026: +14 % within one transaction. A rate here cannot rise faster than its cap,
on either side, so the jump adds nothing to what the clock allows.
"""

from fractions import Fraction

import pytest
from ape import chain

from tests.utils.oracles import LOAN_ANSWER, OracleYard, Rate, exact_price
from tests.utils.world import DAY, WAD, YEAR

RATE = 1_180_000_000_000_000_000
JUMPED = RATE * 114 // 100
GROWTH = WAD // 25 // YEAR  # 4 % a year


@pytest.fixture(scope="session")
def yard(accounts):
    return OracleYard(accounts[0])


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


def test_a_jump_in_one_transaction_moves_neither_price(yard, side):
    oracle, vault = built(yard, side)
    born = chain.blocks.head.timestamp
    vault.set_rate(JUMPED, sender=yard.deployer)
    cap = RATE * (WAD + GROWTH * (chain.blocks.head.timestamp - born)) // WAD
    assert oracle.price() == oracle.safe_price() == price_at(cap, side)
    # a few seconds of 4 % a year: not one part in a million
    assert abs(oracle.price() - price_at(RATE, side)) * 10**6 < price_at(RATE, side)


def test_what_a_jump_can_reach_later_is_what_the_vault_did_not_earn(yard, side):
    """The cap is anchored at construction: after 90 days without earnings a jump reaches 1 %, not 14 %."""
    oracle, vault = built(yard, side)
    born = chain.blocks.head.timestamp
    config = oracle.config()
    chain.mine(deltatime=90 * DAY)
    for feed, answer in ((config.collateral_feed.feed, 3_200 * 10**8), (config.loan_feed.feed, LOAN_ANSWER)):
        yard.feed_at(feed).set_answer(answer, sender=yard.deployer)
    assert oracle.price() == price_at(RATE, side)
    vault.set_rate(JUMPED, sender=yard.deployer)
    cap = RATE * (WAD + GROWTH * (chain.blocks.head.timestamp - born)) // WAD
    assert RATE < cap < RATE * 101 // 100
    assert oracle.price() == oracle.safe_price() == price_at(cap, side)
