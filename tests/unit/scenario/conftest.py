"""A scenario of a few steps that shows everything: both kinds of close, an outage, losses for all."""

from collections.abc import Callable

import pytest
from ape import chain, project
from ape.api import AccountAPI

from plimsoll.scenario.config import Scenario, parse
from plimsoll.scenario.records import Result
from plimsoll.scenario.run import run
from tests.utils.clock import isolated

TINY = """\
title: A short fall
seed: 7
start: 2020-03-12T00:00:00Z
step_minutes: 30
price:
  waypoints:
    - {hour: 0, price: 200}
    - {hour: 1, price: 170}
    - {hour: 2, price: 120}
    - {hour: 3, price: 150}
market:
  preset: blue-chip
  loan: {symbol: USDC, decimals: 6}
  collateral: {symbol: WETH, decimals: 18}
  lenders: 2
  supply: 300_000
  credit_limit: 250_000
  reserve: 500
borrowers:
  count: 8
  total_debt: 200_000
  debt_sigma: 0.8
  health: {min: 1.04, max: 1.6}
liquidator:
  capital: 60_000
  margin: 0.01
  min_repay: 1_000
  outages:
    - {start: 1.5, end: 2, reason: the chain was full}
"""


@pytest.fixture(scope="session")
def tiny() -> Scenario:
    """The short scenario."""
    return parse(TINY, "tiny.yaml")


@pytest.fixture(scope="session")
def play(deployer: AccountAPI) -> Callable[[Scenario], Result]:
    """Plays a scenario and leaves no trace on the chain."""

    def played(scenario: Scenario) -> Result:
        with isolated():
            return run(scenario, provider=chain.provider, project=project, deployer=deployer)

    return played


@pytest.fixture(scope="session")
def result(tiny: Scenario, play: Callable[[Scenario], Result]) -> Result:
    """The short scenario, played once."""
    return play(tiny)
