"""A11: one source printed DAI at 1.30, and loans of 89 million dollars were liquidated (Compound 2020).

With a second source a spike of either one moves one price only: up, the price that lends stays; down, the
price that liquidates stays.
"""

import pytest

from tests.utils.oracles import COLLATERAL_ANSWER, LOAN_ANSWER, PRICE, OracleYard


@pytest.fixture(scope="session")
def yard(accounts):
    return OracleYard(accounts[0])


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
