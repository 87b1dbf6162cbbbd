"""Whether the parts of a scenario fit together; each by itself is checked where it is defined."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from plimsoll.scenario import joint
from plimsoll.scenario.adversaries import ForgerConfig, PumperConfig
from plimsoll.scenario.collateral import CollateralConfig
from plimsoll.scenario.groups import check_ceilings, check_group, check_owners
from plimsoll.scenario.liquidators import LiquidatorConfig
from plimsoll.scenario.moments import shown
from plimsoll.scenario.newcomers import ArrivalsConfig, ExploiterConfig
from plimsoll.scenario.oracles import BadAnswer, LoanFeedConfig
from plimsoll.scenario.paths import Shock
from plimsoll.scenario.spans import Span
from plimsoll.scenario.strict_model import fault, fault_at
from plimsoll.scenario.vaults import BasketConfig, VaultConfig
from plimsoll.units import HOUR

if TYPE_CHECKING:
    from plimsoll.scenario.config import Scenario

MAX_BLOCKS = 200_000


def check(scenario: Scenario) -> None:
    """Sees that all parts of a scenario fit together.

    Raises:
        PydanticCustomError: two do not; it is a `fault`.
    """
    for number in range(len(scenario.vaults)):
        _check_vault(scenario, number)
    for name, each in scenario.collaterals:
        _check_collateral(scenario, name, each)
    _check_loan_side(scenario)
    drawn = [Decimal(0)] * len(scenario.vaults)
    for number, group in enumerate(scenario.borrowers):
        owed = check_group(f"borrowers.{number}", group, scenario.vaults, scenario.pool.loan.decimals)
        for place, debt in owed.items():
            drawn[place] += debt
    check_owners(scenario.borrowers, scenario.vaults, scenario.pool.loan.decimals)
    for number, (vault, debt) in enumerate(zip(scenario.vaults, drawn, strict=True)):
        if debt > vault.credit_limit:
            raise fault_at(
                f"vaults.{number}.credit_limit",
                f"the borrowers of vaults.{number} owe {debt}, above its credit_limit "
                f"{vault.credit_limit}; raise it or lower total_debt",
            )
        if debt > (burst := vault.credit_limit * scenario.pool.draw_burst):
            raise fault_at(
                "pool.draw_burst",
                f"the borrowers of vaults.{number} owe {debt}, above the {burst} that its pace lets them "
                "draw before the scenario begins; raise credit_limit or pool.draw_burst",
            )
    supply = scenario.pool.supply + scenario.pool.stake
    if sum(drawn) > supply:
        raise fault_at(
            "pool.supply",
            f"the borrowers owe {sum(drawn)}, above pool.supply and stake {supply}; raise supply",
        )
    for number, liquidator in enumerate(scenario.liquidators):
        _check_liquidator(scenario, f"liquidators.{number}", liquidator)
    if scenario.forger:
        _check_forger(scenario, scenario.forger)
    if scenario.pumper:
        _check_pumper(scenario, scenario.pumper)
    _check_newcomers(scenario)
    if scenario.sequencer:
        _check_played(scenario, "sequencer.halts", scenario.sequencer.halts)
    _check_paths(scenario)
    if scenario.blocks > MAX_BLOCKS:
        raise fault_at(
            "block_seconds",
            f"{scenario.duration:g} hours are {scenario.blocks} blocks of {scenario.block_seconds} seconds, "
            f"above {MAX_BLOCKS}; raise block_seconds or lower hours",
        )
    if (first := float(scenario.loan_prices()[0])) != 1:
        raise fault("pool.loan_price", f"begins at {first:g}; it must begin at 1, as long as the peg holds")
    outside = scenario.outside_prices()
    for (name, each), prices in zip(scenario.collaterals, outside, strict=True):
        for feed_name, feed in each.oracle.feeds:
            _check_digits(f"{name}.{feed_name}", feed, float(prices.min()))
    if scenario.pool.loan_feed:
        lowest = float(scenario.loan_prices().min())
        _check_digits("pool.loan_feed", scenario.pool.loan_feed, lowest)
    rest = iter(outside[:, 0].tolist())
    by_vault = [[next(rest) for _ in vault.collaterals] for vault in scenario.vaults]
    for number, group in enumerate(scenario.borrowers):
        check_ceilings(f"borrowers.{number}", group, scenario.vaults, scenario.pool.loan.decimals, by_vault)


def _check_vault(scenario: Scenario, number: int) -> None:
    name, vault = f"vaults.{number}", scenario.vaults[number]
    for leg in range(len(vault.collaterals)):
        try:
            vault.risk_of(leg).to_struct(scenario.pool.loan.decimals)
        except ValueError as error:
            basket = isinstance(vault, BasketConfig)
            field = f"{name}.legs.{leg}" if basket and "min_debt" not in str(error) else name
            raise fault_at(f"{name}.min_debt" if field == name else field, f"{field}: {error}") from None
    if vault.credit_limit > scenario.pool.supply + scenario.pool.stake:
        raise fault(
            f"{name}.credit_limit",
            f"{vault.credit_limit} exceeds pool.supply {scenario.pool.supply}; lower it",
        )


def _check_collateral(scenario: Scenario, name: str, each: CollateralConfig) -> None:
    if scenario.hours is not None and float(scenario.hours) > each.price.hours + 1e-9:
        raise fault(
            "hours", f"is {scenario.hours}, but {name}.price ends at hour {each.price.hours:g}; lower it"
        )
    _check_oracle(scenario, name, each)
    for part, spans in (("shocks", each.shocks), ("halts", each.halts)):
        _check_hours(f"{name}.{part}", name, each, spans)
    for number, shock in enumerate(each.shocks):
        if shock.hours is not None and shock.hours * HOUR < scenario.block_seconds:
            raise fault_at(
                f"{name}.shocks.{number}.hours",
                f"{name}.shocks.{number} lasts {float(shock.hours * HOUR):g} seconds, less than a block; "
                "lengthen it or lower block_seconds",
            )
    digits = 36 + scenario.pool.loan.decimals - max(feed.decimals for _, feed in each.oracle.feeds)
    if digits < each.collateral.decimals:
        raise fault(
            f"{name}.collateral.decimals",
            f"is {each.collateral.decimals}; at most {digits} fit with the feed's decimals",
        )


def _check_loan_side(scenario: Scenario) -> None:
    """What is divided by dollars is in dollars; what the loan asset's feed and rate do comes in time."""
    pool = scenario.pool
    if not pool.loan_feed:
        return
    for name, each in scenario.collaterals:
        if each.oracle.quote != "dollars":
            where = f"{name}.oracle.quote"
            raise fault(where, "is loan, but pool.loan_feed divides it; set it to dollars")
        if pool.loan_rate and pool.loan_rate.fall < 1 and not (each.oracle.second or each.oracle.fallback):
            raise fault(
                "pool.loan_rate.fall",
                f"is {pool.loan_rate.fall}, which needs a second source or a fallback in "
                f"{name}.oracle; add one, or set it to 1",
            )
    for part in ("outages", "freezes", "bad_answers"):
        _check_played(scenario, f"pool.loan_feed.{part}", getattr(pool.loan_feed, part))
    if pool.loan_rate:
        _check_played(scenario, "pool.loan_rate.moves", pool.loan_rate.moves)


def _check_oracle(scenario: Scenario, name: str, each: CollateralConfig) -> None:
    """What its feeds do lies within the price; what reads a DEX has one."""
    for feed_name, feed in each.oracle.feeds:
        if feed.reads == "dex" and not each.dex:
            where = f"{name}.{feed_name}.reads"
            raise fault(where, f"is dex, but {name} has no dex; add one or remove it")
        for part in ("outages", "freezes", "bad_answers"):
            _check_hours(f"{name}.{feed_name}.{part}", name, each, getattr(feed, part))
    if each.oracle.rate:
        _check_hours(f"{name}.oracle.rate.moves", name, each, each.oracle.rate.moves)


def _check_liquidator(scenario: Scenario, name: str, liquidator: LiquidatorConfig) -> None:
    if scenario.gas is None and (liquidator.pays or liquidator.private):
        field = "pays" if liquidator.pays else "private"
        raise fault(f"{name}.{field}", "means nothing where gas has no price; add `gas` or remove it")
    for number in scenario.watched(liquidator):
        if number >= len(scenario.vaults):
            raise fault(f"{name}.vaults", f"names {number}; the last is {len(scenario.vaults) - 1}")
        for place, each in scenario.places(number):
            _check_hours(f"{name}.outages", place, each, liquidator.outages)
            if liquidator.kind == "flash" and each.dex is None:
                raise fault(
                    name, f"is flash, but {place} has no dex to sell on; add one or name other `vaults`"
                )
    known = [
        each.collateral.symbol
        for number in scenario.watched(liquidator)
        for each in scenario.vaults[number].collaterals
    ]
    if strange := [symbol for symbol in liquidator.leaves_out if symbol not in known]:
        raise fault(
            f"{name}.leaves_out", f"names {strange[0]}; its vaults have {', '.join(dict.fromkeys(known))}"
        )


def _check_forger(scenario: Scenario, forger: ForgerConfig) -> None:
    _single_vault(scenario, "forger.vault", forger.vault)
    if forger.hour + (forger.guardian_after or 0) >= scenario.duration:
        raise fault(
            "forger.hour",
            f"and guardian_after lie at the end of the scenario's {scenario.duration:g} hours or "
            "behind it; lower them",
        )


def _check_pumper(scenario: Scenario, pumper: PumperConfig) -> None:
    vault = _spoke(scenario, "pumper.vault", pumper.vault)
    if isinstance(vault, BasketConfig) or not vault.dex:
        raise fault(
            "pumper.vault", f"is {pumper.vault}, which has no DEX of its own; name a vault that has one"
        )
    if pumper.start >= scenario.duration:
        raise fault(
            "pumper.start", f"is {pumper.start}, but {scenario.duration:g} hours are played; lower it"
        )


def _check_newcomers(scenario: Scenario) -> None:
    people: list[tuple[str, ArrivalsConfig | ExploiterConfig]] = [
        (f"arrivals.{number}", each) for number, each in enumerate(scenario.arrivals)
    ]
    if scenario.exploiter:
        people.append(("exploiter", scenario.exploiter))
    for name, each in people:
        vault = _single_vault(scenario, f"{name}.vault", each.vault)
        if isinstance(each, ArrivalsConfig):
            each.check(name, vault)
    hours = [(f"arrivals.{number}.start", each.start) for number, each in enumerate(scenario.arrivals)]
    hours += [(f"acts.{number}.hour", act.hour) for number, act in enumerate(scenario.acts)]
    hours += [(f"pool.visitors.{number}.start", it.start) for number, it in enumerate(scenario.pool.visitors)]
    for name, hour in hours:
        if hour >= scenario.duration:
            raise fault(name, f"is {hour}, but the scenario ends at hour {scenario.duration:g}; lower it")
    for number, act in enumerate(scenario.acts):
        if act.vault is not None:
            _spoke(scenario, f"acts.{number}.vault", act.vault)


def _spoke(scenario: Scenario, field: str, number: int) -> VaultConfig | BasketConfig:
    """The vault or basket of a number; refuses one that is not there."""
    last = len(scenario.vaults) - 1
    if number > last:
        raise fault(field, f"is {number}; the last vault is {last}")
    return scenario.vaults[number]


def _single_vault(scenario: Scenario, field: str, number: int) -> VaultConfig:
    """The vault of a number; refuses a basket."""
    vault = _spoke(scenario, field, number)
    if isinstance(vault, BasketConfig):
        raise fault(field, f"is {number}, which is a basket; name a vault of one collateral")
    return vault


def _check_paths(scenario: Scenario) -> None:
    """Prices fit into blocks, begin together and can be drawn together."""
    for name, kind in scenario.paths:
        if scenario.block_seconds > kind.longest_block * HOUR + 1e-6:
            raise fault(
                "block_seconds",
                f"is {scenario.block_seconds}, so that highs or lows of {name} would be "
                f"skipped; lower it to {kind.longest_block * HOUR:.0f} or less",
            )
    begins, said = scenario.first_candles(), "start" in scenario.model_fields_set
    for name, moment in begins:
        wanted, where = (scenario.start, "start is") if said else (begins[0][1], f"{begins[0][0]} at")
        if moment != wanted:
            raise fault(
                name,
                f"begins at {shown(moment)}, but {where} {shown(wanted)}; "
                f"{'set `start` to that, ' if said else ''}cut the file with `from`, or take another",
            )
    joint.check(scenario.paths, len(scenario.collaterals), scenario.correlation)


def _check_digits(name: str, feed: LoanFeedConfig, lowest: float) -> None:
    """A feed says the lowest price with some digits."""
    if lowest * 10**feed.decimals < 100:
        raise fault(f"{name}.decimals", f"is {feed.decimals}, too few for a price of {lowest:.3g}; raise it")


def _check_played(scenario: Scenario, name: str, spans: Iterable[Span | BadAnswer | Shock]) -> None:
    """What begins when all is over is a mistake."""
    for number, each in enumerate(spans):
        if _begin(each) >= scenario.duration:
            raise fault(
                f"{name}.{number}",
                f"begins at hour {_begin(each)}, but {scenario.duration:g} are played; lower it",
            )


def _check_hours(
    name: str, place: str, collateral: CollateralConfig, spans: Iterable[Span | BadAnswer | Shock]
) -> None:
    """What begins when the price of a collateral has ended is a mistake."""
    for number, each in enumerate(spans):
        if _begin(each) >= collateral.price.hours:
            raise fault(
                f"{name}.{number}",
                f"begins at hour {_begin(each)}, but {place}.price ends at hour {collateral.price.hours:g}; "
                "hours are decimal, so lower it",
            )


def _begin(each: Span | BadAnswer | Shock) -> Decimal:
    """The hour in which something begins."""
    return each.start if isinstance(each, Span) else each.hour
