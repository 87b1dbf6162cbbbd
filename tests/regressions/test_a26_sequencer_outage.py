"""A26: a rollup's sequencer was down, prices moved, and only who could force transactions acted on them.

Down or just back, the oracle answers nobody, so nobody is liquidated before everybody can add collateral
again; no second source and no fallback gets around it.
"""

import pytest

from plimsoll.params import price_of
from plimsoll.testing.roles import BORROWER, LIQUIDATOR, STRANGER
from plimsoll.units import DAY, HOUR, MAX
from tests.utils.baskets import small_place
from tests.utils.feeds import GRACE, fed_market
from tests.utils.moves import VICTIM, every_move, populate
from tests.utils.oracles import PRICE, OracleYard, assert_fails

UP, DOWN = 0, 1


@pytest.fixture(scope="session")
def yard(chain):
    return OracleYard(chain)


@pytest.fixture
def sequencer(chain, yard):
    feed = yard.feed(UP, 0)
    feed.set_round(UP, chain.now - 30 * DAY, sender=yard.deployer)
    return feed


@pytest.fixture(params=["alone", "with second and fallback"])
def oracle(request, yard, sequencer):
    config = yard.plain_config().but(sequencer=sequencer, grace=HOUR)
    if request.param != "alone":
        config = config.but(second=yard.lying_oracle(PRICE), fallback=yard.lying_oracle(PRICE))
    return yard.oracle(config)


def test_an_outage_from_beginning_to_end(chain, oracle, yard, sequencer):
    feeds = [oracle.config().collateral_feed.feed, oracle.config().loan_feed.feed]
    feeds = [(feed, feed.latestRoundData()[1]) for feed in map(yard.feed_at, feeds)]

    def update_feeds():
        for feed, answer in feeds:
            feed.set_answer(answer, sender=yard.deployer)

    assert oracle.price() == oracle.safe_price() == PRICE

    sequencer.set_answer(DOWN, sender=yard.deployer)
    assert_fails(oracle, "oracle: sequencer down")
    # long enough for a fallback to speak, if it were asked
    chain.advance(15 * DAY)
    assert_fails(oracle, "oracle: sequencer down")
    update_feeds()
    assert_fails(oracle, "oracle: sequencer down")

    sequencer.set_answer(UP, sender=yard.deployer)
    back = chain.now
    assert_fails(oracle, "oracle: sequencer grace")
    chain.advance(HOUR - 60)
    update_feeds()
    assert chain.now <= back + HOUR
    assert_fails(oracle, "oracle: sequencer grace")
    chain.advance(back + HOUR + 1 - chain.now)
    assert oracle.price() == oracle.safe_price() == PRICE


@pytest.mark.parametrize("others", [(), ("second", "fallback")])
def test_down_or_in_grace_nobody_borrows_or_is_liquidated_and_everybody_may_save_himself(others):
    """The victim could be liquidated before; he uses the grace, and when it is over he is healthy."""
    market = fed_market("sequencer", *others)
    sequencer, engine = market.parts["sequencer"], market.chain.engine
    populate(market)
    for name in others:
        market.parts[name].send("set_price", price_of(1_780, 18, 6), sender=BORROWER)
    moves = every_move(market)
    assert [move.name for move in moves if move.refusal() is not None] == []

    def assert_stopped(reason: str) -> None:
        market.say(market.collateral_feed, market.collateral_feed.call("latestRoundData")[1])
        market.say(market.loan_feed, 10**8)
        stopped = {move.name: move.refusal() for move in moves if move.refusal() is not None}
        assert set(stopped) == {"borrow", "withdraw", "open", "close", "liquidate", "liquidate_batch"}
        assert set(stopped.values()) == {reason}

    market.say(sequencer, DOWN)
    for _ in range(2):
        assert_stopped("oracle: sequencer down")
        engine.advance(15 * DAY)
    market.say(sequencer, UP)
    assert_stopped("oracle: sequencer grace")
    market.vault.send("deposit", market.collaterals(1), sender=VICTIM)
    market.vault.send("repay", market.loans(500), sender=VICTIM)
    engine.advance(GRACE)
    assert_stopped("oracle: sequencer grace")
    engine.advance(1)
    after = {move.name: move.refusal() for move in moves if move.refusal() is not None}
    assert after == {"liquidate": "vault: healthy", "liquidate_batch": "vault: no order can execute"}
    market.vault.send("close", MAX, MAX, sender=VICTIM)


def test_an_outage_of_every_oracle_of_a_basket():
    """Down or in grace all legs are silent: nobody is lent to or closed; everybody may add and repay.

    And if some of the legs are fed from elsewhere, who is healthy with all prices is so without these.
    """
    place = small_place()
    place.hold(10, "0.5", 10_000)
    place.borrow(30_000)
    place.scale_prices(600)
    assert place.preview().executable
    place.silence(0, 1, 2)
    place.refused("vault: healthy", "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    reason = "vault: above the loan-to-value"
    place.refused(reason, "borrow", 1, BORROWER, BORROWER, sender=BORROWER)
    place.refused(reason, "withdraw", 0, 1, BORROWER, BORROWER, sender=BORROWER)
    assert place.act("poke", BORROWER, sender=STRANGER) == 0
    place.act("deposit", 0, place.of_leg(0, 3), BORROWER, sender=BORROWER)
    place.act("repay", place.loans(2_000), BORROWER, sender=BORROWER)
    place.scale_prices(600)  # it is over, and whoever used the grace is healthy
    place.refused("vault: healthy", "liquidate", BORROWER, MAX, [], 0, LIQUIDATOR, sender=LIQUIDATOR)
    place.scale_prices(640)
    for mask in range(1, 7):
        with place.isolated():
            place.silence(*(leg for leg in range(3) if mask >> leg & 1))
            arguments = (BORROWER, MAX, [], 0, LIQUIDATOR)
            place.refused("vault: healthy", "liquidate", *arguments, sender=LIQUIDATOR)
