"""A10: a feed stuck at its floor, or an old answer, was lent on (LUNA on Venus and Blizz 2022).

Here an answer that is old, at or beyond a bound, zero or negative is none: both prices revert, and with them
all that a vault does at a price. Repaying and adding collateral go on.
"""

import pytest

from plimsoll.testing.roles import BORROWER
from plimsoll.units import DAY, MAX
from tests.utils.feeds import fed_market
from tests.utils.moves import VICTIM, every_move, populate
from tests.utils.oracles import PRICE, OracleYard, assert_fails


@pytest.fixture(scope="session")
def yard(chain):
    return OracleYard(chain)


@pytest.fixture
def config(yard):
    return yard.plain_config()


@pytest.fixture
def oracle(yard, config):
    return yard.oracle(config)


@pytest.fixture(params=["collateral_feed", "loan_feed"])
def terms(request, config):
    return getattr(config, request.param)


def test_an_old_answer(chain, oracle, terms, yard):
    answer = terms.feed.latestRoundData()[1]
    assert oracle.price() == oracle.safe_price() == PRICE
    old = chain.now - terms.heartbeat - 1
    terms.feed.set_round(answer, old, sender=yard.deployer)
    assert_fails(oracle, "oracle: stale")


def test_a_feed_that_nobody_updates(chain, oracle):
    chain.advance(2 * DAY)
    assert_fails(oracle, "oracle: stale")


def test_the_floor(oracle, terms, yard):
    terms.feed.set_answer(terms.min_answer, sender=yard.deployer)
    assert_fails(oracle, "oracle: out of bounds")
    terms.feed.set_answer(terms.min_answer + 1, sender=yard.deployer)
    assert oracle.price() == oracle.safe_price()


def test_the_ceiling(oracle, terms, yard):
    terms.feed.set_answer(terms.max_answer, sender=yard.deployer)
    assert_fails(oracle, "oracle: out of bounds")
    terms.feed.set_answer(terms.max_answer - 1, sender=yard.deployer)
    assert oracle.price() == oracle.safe_price()


@pytest.mark.parametrize("answer", [0, -1, -(10**8)])
def test_zero_and_negative(oracle, terms, yard, answer):
    terms.feed.set_answer(answer, sender=yard.deployer)
    assert_fails(oracle, "oracle: out of bounds")


ANSWERS = {"floor": "min_answer", "ceiling": "max_answer", "zero": 0, "negative": -1, "stale": None}


@pytest.mark.parametrize("name", ["collateral_feed", "loan_feed"])
@pytest.mark.parametrize("what", ANSWERS)
def test_what_a_bad_answer_stops(name, what):
    """Borrowing, withdrawing with debt, liquidation; of all that moves a token nothing else."""
    market = fed_market()
    moves = every_move(populate(market))
    assert [move.name for move in moves if move.refusal() is not None] == []
    terms, answer = market.terms[name], ANSWERS[what]
    if answer is None:
        market.chain.advance(terms.heartbeat + 1)
        other = {"collateral_feed": market.loan_feed, "loan_feed": market.collateral_feed}[name]
        market.say(other, other.call("latestRoundData")[1])
    else:
        market.say(terms.feed, getattr(terms, answer) if isinstance(answer, str) else answer)
    stopped = {move.name: move.refusal() for move in moves if move.refusal() is not None}
    assert set(stopped) == {"borrow", "withdraw", "open", "close", "liquidate", "liquidate_batch"}
    assert set(stopped.values()) == {"oracle: stale" if answer is None else "oracle: out of bounds"}
    for owner in (BORROWER, VICTIM):
        market.vault.send("deposit", 1, sender=owner)
        market.vault.send("close", MAX, MAX, sender=owner)
        assert market.position(owner) == (0, 0)
