"""What a scenario needs to be deployed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plimsoll.market.deployment import BasketPlan, LegPlan, MarketPlan, Token, VaultPlan
from plimsoll.market.oracles import OraclePlan
from plimsoll.params import PoolParams, wad
from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.vaults import BasketConfig, VaultConfig
from plimsoll.twin import slices


def market_plan(scenario: Scenario, prices: Sequence[float]) -> MarketPlan:
    """What a scenario needs, at the first price of each vault."""
    pool, loan = scenario.pool, scenario.pool.loan
    params = PoolParams(
        name=f"Plimsoll {loan.symbol}",
        symbol=f"p{loan.symbol}",
        reserve_factor=pool.reserve_factor,
        rates=pool.rates,
        draw_burst=pool.draw_burst,
        draw_refill=pool.draw_refill,
        cooldown_days=pool.cooldown_days,
    )
    loan_decimals = loan.decimals
    grace = scenario.sequencer.grace if scenario.sequencer else None
    vaults: dict[str, VaultPlan] = {}
    baskets: dict[str, BasketPlan] = {}
    rest = iter(prices)
    for number, config in enumerate(scenario.vaults):
        plans = [_collateral_plan(scenario, each, next(rest)) for each in config.collaterals]
        if isinstance(config, VaultConfig):
            vaults[str(number)] = VaultPlan(**plans[0], risk=config.to_struct(loan_decimals))
            continue
        legs = tuple(
            LegPlan(**plan, leg=_leg(scenario, config, place, plan["oracle"]))
            for place, plan in enumerate(plans)
        )
        baskets[str(number)] = BasketPlan(legs, (0, 0, *config.risk_of().to_struct(loan_decimals)[2:]))
    token = Token(loan.symbol, loan_decimals)
    return MarketPlan(token, params, vaults, scenario.has_exchange, baskets, grace)


def _collateral_plan(scenario: Scenario, config: CollateralConfig, price: float) -> dict[str, Any]:
    """What a `CollateralPlan` is made of, at a first outside price."""
    oracle = config.oracle
    digits = 36 + scenario.pool.loan.decimals - config.collateral.decimals - oracle.decimals
    return {
        "collateral": Token(config.collateral.symbol, config.collateral.decimals),
        "oracle": oracle.oracle_plan(price, scenario.pool.loan_plan),
        "depth": scenario.loan_units(config.dex.depth) if config.dex else None,
        "can_halt": bool(config.halts),
        "traded_at": oracle.answer(price) * 10**digits,
    }


def _leg(scenario: Scenario, basket: BasketConfig, number: int, oracle: OraclePlan) -> slices.Leg:
    """A leg of a basket as its constructor takes it; its first price is the oracle's."""
    config, risk = basket.legs[number], basket.risk_of(number)
    first = oracle.first_price((config.collateral.decimals, scenario.pool.loan.decimals))
    return slices.Leg(wad(risk.ltv), wad(risk.threshold), int(config.ceiling * first))
