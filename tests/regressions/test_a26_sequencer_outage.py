"""A26: a rollup's sequencer was down, prices moved, and only who could force transactions acted on them.

Down or just back, the oracle answers nobody, so nobody is liquidated before everybody can add collateral
again; no second source and no fallback gets around it.
"""

import pytest
from ape import chain

from tests.utils.oracles import PRICE, OracleYard, assert_fails
from tests.utils.world import DAY, HOUR

UP, DOWN = 0, 1


@pytest.fixture(scope="session")
def yard(accounts):
    return OracleYard(accounts[0])


@pytest.fixture
def sequencer(yard):
    feed = yard.feed(UP, 0)
    feed.set_round(UP, chain.blocks.head.timestamp - 30 * DAY, sender=yard.deployer)
    return feed


@pytest.fixture(params=["alone", "with second and fallback"])
def oracle(request, yard, sequencer):
    config = yard.plain_config().but(sequencer=sequencer, grace=HOUR)
    if request.param != "alone":
        config = config.but(second=yard.lying_oracle(PRICE), fallback=yard.lying_oracle(PRICE))
    return yard.oracle(config)


def test_an_outage_from_beginning_to_end(oracle, yard, sequencer):
    feeds = [oracle.config().collateral_feed.feed, oracle.config().loan_feed.feed]
    feeds = [(feed, feed.latestRoundData()[1]) for feed in map(yard.feed_at, feeds)]

    def update_feeds():
        for feed, answer in feeds:
            feed.set_answer(answer, sender=yard.deployer)

    assert oracle.price() == oracle.safe_price() == PRICE

    sequencer.set_answer(DOWN, sender=yard.deployer)
    assert_fails(oracle, "oracle: sequencer down")
    # long enough for a fallback to speak, if it were asked
    chain.mine(deltatime=15 * DAY)
    assert_fails(oracle, "oracle: sequencer down")
    update_feeds()
    assert_fails(oracle, "oracle: sequencer down")

    sequencer.set_answer(UP, sender=yard.deployer)
    back = chain.blocks.head.timestamp
    assert_fails(oracle, "oracle: sequencer grace")
    chain.mine(deltatime=HOUR - 60)
    update_feeds()
    assert chain.blocks.head.timestamp <= back + HOUR
    assert_fails(oracle, "oracle: sequencer grace")
    chain.mine(timestamp=back + HOUR + 1)
    assert oracle.price() == oracle.safe_price() == PRICE
