"""Makes markets to play with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from plimsoll.chain.engine import CallReverted
from plimsoll.chain.revm import Revm
from plimsoll.market.amounts import Number, positive, units_of
from plimsoll.market.deployment import CURATOR, MarketPlan, Token, VaultPlan, answer_of
from plimsoll.market.ground import Ground
from plimsoll.market.on_chain import OnAnvil, OnChain
from plimsoll.market.on_twin import OnTwin
from plimsoll.market.refusals import MarketError, Refused
from plimsoll.params import PRESETS, PoolParams, RiskParams
from plimsoll.places import MARKETS
from plimsoll.units import DAY

_GROUNDS: dict[str, Callable[[MarketPlan, int], Ground]] = {
    "twin": OnTwin,
    "revm": lambda plan, now: OnChain(Revm(now), plan),
    "anvil": OnAnvil,
}
_HEARTBEAT = 7 * DAY  # the longest that the oracle takes
_FEED_DECIMALS = 18  # so that a price can be set to nearly any number


@dataclass(frozen=True)
class Opening:
    """What the curator does first: limits by vault, a cap, a guardian; base units."""

    limits: Mapping[str, int]
    supply_cap: int | None = None
    guardian: str | None = None


def simple_plan(
    price: Number, limit: int, depth: int | None, risk: str | RiskParams, pool: PoolParams | None,
    loan: Token, collateral: Token,
) -> tuple[MarketPlan, Opening]:  # fmt: skip
    """A pool with one vault, named as its collateral; `limit` and `depth` in base units."""
    name = collateral.symbol.lower()
    params = pool or PoolParams(name=f"Plimsoll {loan.symbol}", symbol=f"p{loan.symbol}")
    if isinstance(risk, str):
        if risk not in PRESETS:
            raise MarketError(f"There is no preset {risk!r}; use one of {', '.join(PRESETS)}.")
        risk = PRESETS[risk]
    vault = _vault(collateral, loan, risk, positive(price, "the price"), depth)
    return MarketPlan(loan, params, {name: vault}, bool(depth)), Opening({name: limit})


def plan_of_file(path: Path | str, depth: Number | None) -> tuple[MarketPlan, Opening]:
    """What a market file describes, of mock tokens and mock feeds.

    Raises:
        DeployError: the file is missing or wrong.
        MarketError: it names contracts of a real network.
    """
    from plimsoll.deploy.market import BasketSection, load_market

    path = Path(path)
    if path.parent == Path() and not path.exists() and (MARKETS / path).is_file():
        path = MARKETS / path
    file = load_market(path).market
    loan = _mock(file.pool.asset, "pool.asset")
    half = units_of(depth, loan.decimals, "the depth") if depth else None
    vaults = {}
    for name, section in file.vaults.items():
        if isinstance(section, BasketSection):
            raise MarketError(f"vaults.{name} is a basket; a market to play with has vaults alone.")
        feeds = section.oracle.mock
        if feeds is None:
            raise _real(f"vaults.{name}.oracle")
        collateral = _mock(section.collateral, f"vaults.{name}.collateral")
        vaults[name] = _vault(collateral, loan, section.risk, feeds.collateral / feeds.loan, half)
    params = PoolParams.model_validate(file.pool.model_dump(include=set(PoolParams.model_fields)))
    limits = {
        name: units_of(section.limit, loan.decimals, "the limit") for name, section in file.vaults.items()
    }
    cap = file.pool.supply_cap
    opening = Opening(limits, units_of(cap, loan.decimals, "the cap") if cap else None, file.pool.guardian)
    return MarketPlan(loan, params, vaults, bool(file.uniswap or half)), opening


def ground_of(engine: str, plan: MarketPlan, opening: Opening, start: datetime) -> Ground:
    """Builds a market on an engine and opens it.

    Raises:
        MarketError: there is no such engine, or the start is no time or has no time zone.
    """
    if not isinstance(start, datetime):
        raise MarketError(f"start is {start!r}, but must be a time such as datetime(2026, 1, 1, tzinfo=UTC).")
    if start.tzinfo is None:
        raise MarketError(f"start {start} has no time zone; add tzinfo=UTC.")
    now = int(start.timestamp())
    if engine not in _GROUNDS:
        raise MarketError(f"There is no engine {engine!r}; use one of {', '.join(_GROUNDS)}.")
    try:
        ground = _GROUNDS[engine](plan, now)
    except CallReverted as revert:
        raise Refused(revert.reason) from None

    council = ground.parts.council
    for name, limit in opening.limits.items():
        ground.send(council, "set_limit", ground.parts.spokes[name].vault.address, limit, sender=CURATOR)
    if opening.supply_cap:
        ground.send(council, "set_supply_cap", opening.supply_cap, sender=CURATOR)
    ground.send(council, "open_pool", sender=CURATOR)
    if opening.guardian:
        ground.send(council, "queue_guardian", opening.guardian.lower(), sender=CURATOR)
    return ground


def _vault(collateral: Token, loan: Token, risk: RiskParams, price: Decimal, depth: int | None) -> VaultPlan:
    decimals = min(_FEED_DECIMALS, 36 + loan.decimals - collateral.decimals)
    answer = answer_of(Fraction(price), decimals)
    try:
        struct = risk.to_struct(loan.decimals)
    except ValueError as error:
        raise MarketError(f"{error}.") from None
    return VaultPlan(collateral, answer, decimals, _HEARTBEAT, depth, struct)


def _mock(token: Any, where: str) -> Token:
    if token.mock is None:
        raise _real(where)
    return Token(token.mock.symbol, token.mock.decimals)


def _real(where: str) -> MarketError:
    return MarketError(f"{where} is of a real network; a market to play with takes a mock.")
