"""Makes markets to play with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from plimsoll.chain.engine import CallReverted
from plimsoll.chain.revm import Revm
from plimsoll.market.amounts import Number, exact, positive, units_of
from plimsoll.market.deployment import (
    CURATOR,
    BasketPlan,
    LegPlan,
    MarketPlan,
    Token,
    VaultPlan,
    answer_of,
)
from plimsoll.market.ground import Ground
from plimsoll.market.on_chain import OnAnvil, OnChain
from plimsoll.market.on_twin import OnTwin
from plimsoll.market.oracles import FeedPlan, OraclePlan
from plimsoll.market.refusals import MarketError, Refused
from plimsoll.params import CEILING_FACTOR, LEGS, PRESETS, PoolParams, RiskParams, wad
from plimsoll.places import MARKETS
from plimsoll.sentences import demand
from plimsoll.twin.slices import Leg
from plimsoll.units import DAY

if TYPE_CHECKING:
    from plimsoll.deploy.market import BasketSection

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
    vault = _vault(collateral, loan, _risk(risk), positive(price, "the price"), depth)
    return MarketPlan(loan, _pool(pool, loan), {name: vault}, bool(depth)), Opening({name: limit})


def plan_of_file(path: Path | str, depth: Number | None) -> tuple[MarketPlan, Opening]:
    """What a market file describes, of mock tokens and mock feeds.

    Raises:
        DeployError: the file is missing or wrong.
        MarketError: it names contracts of a real network.
    """
    from plimsoll.deploy.market import BasketSection, load_market

    file = load_market(_shipped(Path(path))).market
    loan = _mock(file.pool.asset, "pool.asset")
    half = units_of(depth, loan.decimals, "the depth") if depth else None
    vaults, baskets = {}, {}
    for name, section in file.vaults.items():
        if isinstance(section, BasketSection):
            baskets[name] = _basket_of_section(section, f"vaults.{name}", loan, half)
            continue
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
    return MarketPlan(loan, params, vaults, bool(file.uniswap or half), baskets), opening


def _shipped(path: Path) -> Path:
    """The market file that ships, if only its name is given and no such file is here.

    Raises:
        DeployError: there is neither.
    """
    from plimsoll.deploy.market import DeployError

    if path.parent != Path() or path.exists():
        return path
    for each in (MARKETS / path, MARKETS / f"{path}.yaml"):
        if each.is_file():
            return each
    names = ", ".join(sorted(each.stem for each in MARKETS.glob("local-*.yaml")))
    raise DeployError(
        f"There is no file {path}; give the path of a market file, or one of those that ship: {names}."
    )


def basket_plan(
    legs: Mapping[str, Any], limit: int, depth: int | None, risk: str | RiskParams,
    pool: PoolParams | None, loan: Token,
) -> tuple[MarketPlan, Opening]:  # fmt: skip
    """A pool with one basket, named as its legs are; `limit` and `depth` in base units."""
    if not LEGS[0] <= len(legs) <= LEGS[1]:
        raise MarketError(f"A basket has {LEGS[0]} to {LEGS[1]} legs, not {len(legs)}.")
    shared = _risk(risk)
    plans = tuple(_leg_of_choice(name, given, shared, loan, depth) for name, given in legs.items())
    basket, name = BasketPlan(plans, _struct(shared.to_basket_struct, loan)), "-".join(legs)
    return MarketPlan(loan, _pool(pool, loan), {}, bool(depth), {name: basket}), Opening({name: limit})


def _leg_of_choice(name: str, given: Any, shared: RiskParams, loan: Token, depth: int | None) -> LegPlan:
    it = dict(given) if isinstance(given, Mapping) else {"price": given}
    known = {"price", "decimals", "ltv", "threshold", "ceiling"}
    if unknown := sorted(set(it) - known):
        raise MarketError(f"The leg {name} has no {unknown[0]!r}; it takes {', '.join(sorted(known))}.")
    if "price" not in it:
        raise MarketError(f"The leg {name} needs a price; add one.")
    ratios = {
        key: exact(it.get(key, getattr(shared, key)), f"the {key} of {name}") for key in ("ltv", "threshold")
    }
    try:
        RiskParams.model_validate(shared.model_dump() | ratios)
    except ValidationError as error:
        details = error.errors()[0]
        sentence = details.get("ctx", {}).get("error") or demand(details)
        raise MarketError(f"The leg {name}: {sentence}.") from None
    ceiling = exact(it.get("ceiling", 10), f"the ceiling of {name}")
    if ceiling < CEILING_FACTOR:
        raise MarketError(f"the ceiling of {name} is {ceiling} prices; give at least {CEILING_FACTOR}.")
    token = Token(name.upper(), int(it.get("decimals", 18)))
    price = positive(it["price"], f"the price of {name}")
    return _leg(token, loan, price, (ratios["ltv"], ratios["threshold"]), Fraction(ceiling), depth)


def _basket_of_section(section: BasketSection, where: str, loan: Token, depth: int | None) -> BasketPlan:
    legs = []
    for name, leg in section.legs.items():
        feeds = leg.oracle.mock
        if feeds is None:
            raise _real(f"{where}.legs.{name}.oracle")
        token = _mock(leg.collateral, f"{where}.legs.{name}.collateral")
        price, own = feeds.collateral / feeds.loan, leg.risk(section.risk)
        times = Fraction(leg.ceiling_price) / Fraction(price) if leg.ceiling_price else Fraction(leg.ceiling)
        legs.append(_leg(token, loan, price, (own.ltv, own.threshold), times, depth))
    return BasketPlan(tuple(legs), _struct(section.risk.to_basket_struct, loan))


def _leg(
    token: Token,
    loan: Token,
    price: Decimal,
    ratios: tuple[Decimal, Decimal],
    ceiling: Fraction,
    depth: int | None,
) -> LegPlan:
    """A leg whose ceiling is so many times its price."""
    oracle = _oracle(token, loan, price)
    ltv, threshold = map(wad, ratios)
    leg = Leg(ltv, threshold, int(ceiling * oracle.first_price((token.decimals, loan.decimals))))
    return LegPlan(token, oracle, depth, leg)


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
    drawing = {name.split(" ")[1]: contract for name, contract in ground.parts.borrowers().items()}
    for name, limit in opening.limits.items():
        ground.send(council, "set_limit", drawing[name].address, limit, sender=CURATOR)
    if opening.supply_cap:
        ground.send(council, "set_supply_cap", opening.supply_cap, sender=CURATOR)
    ground.send(council, "open_pool", sender=CURATOR)
    if opening.guardian:
        ground.send(council, "queue_guardian", opening.guardian.lower(), sender=CURATOR)
    return ground


def _vault(collateral: Token, loan: Token, risk: RiskParams, price: Decimal, depth: int | None) -> VaultPlan:
    return VaultPlan(collateral, _oracle(collateral, loan, price), depth, _struct(risk.to_struct, loan))


def _oracle(collateral: Token, loan: Token, price: Decimal) -> OraclePlan:
    """An oracle over one feed, at a price."""
    decimals = min(_FEED_DECIMALS, 36 + loan.decimals - collateral.decimals)
    return OraclePlan(FeedPlan(answer_of(Fraction(price), decimals), decimals, _HEARTBEAT))


def _struct(to_struct: Callable[[int], tuple[int, ...]], loan: Token) -> tuple[int, ...]:
    """Risk parameters as the contracts take them."""
    try:
        return to_struct(loan.decimals)
    except ValueError as error:
        raise MarketError(f"{error}.") from None


def _risk(risk: str | RiskParams) -> RiskParams:
    """Risk parameters, also of a preset."""
    if isinstance(risk, RiskParams):
        return risk
    if risk not in PRESETS:
        raise MarketError(f"There is no preset {risk!r}; use one of {', '.join(PRESETS)}.")
    return PRESETS[risk]


def _pool(pool: PoolParams | None, loan: Token) -> PoolParams:
    return pool or PoolParams(name=f"Plimsoll {loan.symbol}", symbol=f"p{loan.symbol}")


def _mock(token: Any, where: str) -> Token:
    if token.mock is None:
        raise _real(where)
    return Token(token.mock.symbol, token.mock.decimals)


def _real(where: str) -> MarketError:
    return MarketError(f"{where} is of a real network; a market to play with takes a mock.")
