"""Scenarios played in process, on the same bytecode."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plimsoll.chain import uniswap
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import Artifact
from plimsoll.chain.revm import Revm
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import parse
from plimsoll.scenario.records import Result
from plimsoll.scenario.run import Laboratory, clock_of
from plimsoll.scenario.world import CONTRACTS

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
SHIPPED = sorted(SCENARIOS.glob("*.yaml"))

TINY = """\
title: A short fall
seed: 7
start: 2020-03-12T00:00:00Z
block_seconds: 600
pool:
  loan: {symbol: USDC, decimals: 6}
  supply: 400_000
  lenders: {count: 2}
  reserve: 500
  stake: 2_000
vaults:
  - collateral: {symbol: WETH, decimals: 18}
    credit_limit: 300_000
    price:
      kind: waypoints
      points:
        - [0, 200]
        - [1, 170]
        - [2, 110]
        - [3, 150]
    oracle: {deviation: 0.005, heartbeat: 3600}
    dex: {depth: 300_000, arbitrage: 50_000, feedback: 0.02}
borrowers:
  - count: 12
    total_debt: 200_000
    health: {min: 1.04, max: 1.6}
  - count: 4
    total_debt: 40_000
    health: {min: 1.2, max: 1.6}
    behaviour: {kind: top_up, below: 1.1, to: 1.3}
liquidators:
  - {kind: flash, min_profit: 1, outages: [{start: 0.5, end: 2}]}
  - {kind: capital, capital: 50_000, margin: 0.01, latency: 6}
"""
"""A scenario of 18 blocks in which people are liquidated and debt is lost."""

BASKET = """\
title: A basket that falls
seed: 7
block_seconds: 600
pool:
  loan: {symbol: USDC, decimals: 6}
  supply: 4_000_000
  lenders: {count: 2}
  reserve: 500
  stake: 2_000
vaults:
  - preset: blue-chip
    min_debt: 200
    credit_limit: 3_000_000
    legs:
      - collateral: {symbol: WETH, decimals: 18}
        price: {kind: waypoints, points: [[0, 2_000], [1, 1_700], [2, 1_200], [3, 1_300]]}
        dex: {depth: 3_000_000, arbitrage: 50_000}
      - collateral: {symbol: WBTC, decimals: 8}
        price: {kind: waypoints, points: [[0, 60_000], [1, 55_000], [2, 40_000], [3, 42_000]]}
        dex: {depth: 3_000_000, arbitrage: 50_000}
      - collateral: {symbol: USDX, decimals: 6}
        ltv: 0.82
        threshold: 0.845
        price: {kind: waypoints, points: [[0, 1], [3, 1]]}
borrowers:
  - count: 20
    total_debt: 1_000_000
    health: {min: 1.04, max: 1.6}
    portfolio: {weights: [0.5, 0.3, 0.2], concentration: 5}
liquidators:
  - {kind: capital, capital: 500_000, margin: 0.01}
"""
"""The same for a basket of three legs, of which two fall; 18 blocks."""


@functools.cache
def artifacts() -> dict[str, Artifact]:
    """What a world is built from."""
    ours = {name: artifact(name) for name in CONTRACTS}
    return ours | {name: uniswap.artifact(name) for name in uniswap.EXCHANGE}


def laboratory(scenario: Scenario) -> Laboratory:
    """A market with its people."""
    return Laboratory(scenario, Revm(clock_of(scenario)), artifacts())


def tiny(*settings: str) -> Scenario:
    """The short scenario with changes like `seed=8`."""
    return parse(TINY, "tiny.yaml", settings)


def small_basket(*settings: str) -> Scenario:
    """The short scenario of a basket with changes."""
    return parse(BASKET, "basket.yaml", settings)


def rows(result: Result) -> Result:
    """All but how long it took and what was compared."""
    return replace(result, seconds=0, compared=0)


def play(scenario: Scenario, path: int = 0, agents: Sequence[Any] = ()) -> Result:
    """Plays a scenario in a market of its own."""
    return laboratory(scenario).play(path, agents)
