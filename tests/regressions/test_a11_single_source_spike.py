"""A11: one source printed DAI at 1.30, and loans of 89 million dollars were liquidated (Compound 2020).

With a second source a spike of either one moves one price only: up, the price that lends stays; down, the
price that liquidates stays. The price of it: one that is stuck high stops liquidations until it is stale.
"""

import pytest

from plimsoll.params import price_of
from plimsoll.testing import refusal, roles
from plimsoll.testing.market import small_market
from plimsoll.testing.roles import DEPLOYER
from plimsoll.units import HOUR, MAX
from tests.utils.feeds import QUOTE, fed_market
from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER, PRICE, Config, Feed, OracleYard, prices


@pytest.fixture(scope="session")
def yard(chain):
    return OracleYard(chain)


@pytest.fixture
def second(yard):
    return yard.lying_oracle(PRICE)


@pytest.fixture
def config(yard, second):
    return yard.plain_config().but(second=second)


@pytest.fixture
def oracle(yard, config):
    return yard.oracle(config)


def spike_collateral(config, second, sender, percent):
    config.collateral_feed.feed.set_answer(COLLATERAL_ANSWER * percent // 100, sender=sender)


def spike_loan(config, second, sender, percent):
    config.loan_feed.feed.set_answer(LOAN_ANSWER * 100 // percent, sender=sender)


def spike_second(config, second, sender, percent):
    second.set_price(PRICE * percent // 100, sender=sender)


@pytest.mark.parametrize("spike", [spike_collateral, spike_loan, spike_second])
class TestSpike:
    @pytest.mark.parametrize("percent", [105, 130, 300])
    def test_up_lends_nothing(self, oracle, config, second, yard, spike, percent):
        spike(config, second, yard.deployer, percent)
        assert oracle.safe_price() == PRICE
        assert oracle.price() > PRICE * 104 // 100

    @pytest.mark.parametrize("percent", [95, 77, 30])
    def test_down_liquidates_nobody(self, oracle, config, second, yard, spike, percent):
        spike(config, second, yard.deployer, percent)
        assert oracle.price() == PRICE
        assert oracle.safe_price() < PRICE * 96 // 100


BEFORE = QUOTE * 97 // 100  # a borrower at his limit is then a hair above liquidation
SPIKES = {
    "collateral feed": lambda market, percent: market.set_quote(BEFORE * percent // 100),
    "loan feed": lambda market, percent: market.say(market.loan_feed, 10**10 // percent),
    "second": lambda market, percent: market.parts["second"].send(
        "set_price", price_of(BEFORE * percent // 100, 18, 6), sender=DEPLOYER
    ),
}


@pytest.mark.parametrize("source", SPIKES)
@pytest.mark.parametrize("percent", [10, 77, 95, 99, 101, 105, 130, 1_000])
def test_a_spike_of_one_source_liquidates_nobody_and_lends_nothing(source, percent):
    """What moves when both sources move: that a market would."""
    market = fed_market("second")
    edge, saver = roles.OTHER_BORROWER, roles.STRANGER
    for who in (edge, saver):
        market.give(who)
    market.vault.send("open", market.collaterals(100), MAX, sender=edge)
    market.vault.send("deposit", market.collaterals(10), sender=saver)
    for move in SPIKES.values():
        move(market, 100)
    allowed = market.vault.call("max_borrow", saver)

    SPIKES[source](market, percent)
    assert not market.vault.call("preview_liquidate", edge, MAX)[0]
    assert market.vault.call("max_borrow", saver) <= allowed
    reason = refusal(market.vault.borrow, allowed + 10, sender=saver)
    assert reason == "vault: above the loan-to-value"

    SPIKES["collateral feed" if source == "second" else "second"](market, percent)
    assert market.vault.call("preview_liquidate", edge, MAX)[0] == (percent < 100)
    assert (market.vault.call("max_borrow", saver) > allowed) == (percent > 100)


class TestStuckHigh:
    """The second stays at 2,000, in bounds and young enough, while the feed falls."""

    @pytest.fixture
    def market(self):
        def oracle(chain, collateral, loan):
            feed, stuck = (chain.make("MockFeed", 8, QUOTE * 10**8) for _ in range(2))
            terms = Feed(feed, HOUR, 10**8, 10**13)
            config = Config(collateral, loan, price_of(QUOTE, 18, 6), terms)
            second = chain.make(
                "ChainlinkOracle",
                config.but(collateral_feed=dict(feed=stuck, heartbeat=6 * HOUR)).as_struct(),
            )
            return chain.make("ChainlinkOracle", config.but(second=second).as_struct())

        market = small_market(oracle=oracle, supply=1_000_000)
        for who in (roles.BORROWER, roles.LIQUIDATOR):
            market.give(who)
        market.open(roles.BORROWER, 100, 150_000)
        return market

    @pytest.fixture
    def feed_says(self, market):
        feed = market.chain.at("MockFeed", market.oracle.config().collateral_feed.feed)

        def feed_says(quote):
            market.chain.advance(HOUR)
            feed.set_answer(quote * 10**8, sender=DEPLOYER)

        return feed_says

    def test_it_hides_a_shortfall_until_its_own_heartbeat_is_over(self, market, feed_says):
        """60,001 whole tokens at 900; the own heartbeat of the second is what bounds the time."""
        shares = market.pool.balanceOf(roles.LENDER)
        for quote in (1_800, 1_700, 1_500, 1_200, 1_000, 900):
            feed_says(quote)
            assert prices(market.oracle) == (price_of(QUOTE, 18, 6), price_of(quote, 18, 6))
            reason = refusal(market.vault.liquidate, roles.BORROWER, MAX, sender=roles.LIQUIDATOR)
            assert reason == "vault: healthy"
            market.vault.poke(roles.BORROWER, sender=roles.STRANGER)
            assert market.pool.previewRedeem(shares) >= market.loans(1_000_000) - 1
        assert (market.debt(roles.BORROWER) - market.loans(90_000)) // 10**6 == 60_001
        feed_says(900)
        assert prices(market.oracle) == (price_of(900, 18, 6),) * 2
        market.vault.poke(roles.BORROWER, sender=roles.STRANGER)
        left = market.pool.previewRedeem(shares)
        assert (market.loans(1_000_000) - left) // 10**6 == 65_254  # with what liquidators will get
        market.vault.liquidate(roles.BORROWER, MAX, sender=roles.LIQUIDATOR)

    def test_the_feed_alone_liquidates_on_the_way(self):
        """What the second costs here: without it the loan is closed while it is covered."""
        market = small_market()
        market.give(roles.BORROWER)
        market.open(roles.BORROWER, 100, 150_000)
        market.set_quote(1_700)
        assert market.debt(roles.BORROWER) < market.loans(170_000)
        assert market.vault.preview_liquidate(roles.BORROWER, MAX)[0]
