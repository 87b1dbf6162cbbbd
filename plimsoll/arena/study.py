"""Plays rules on scenarios and paths; each play is a row that lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plimsoll.arena.play import Outcome, play
from plimsoll.arena.registry import ArenaError, known
from plimsoll.arena.rule import Rule, Terms, value
from plimsoll.arena.variation import AS_WRITTEN, Variation
from plimsoll.params import wad
from plimsoll.scenario.borrowers import draw
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.loans import Borrower
from plimsoll.scenario.people import BorrowersConfig
from plimsoll.units import WAD

DOLLARS = {"USDC": 1, "USDT": 1, "DAI": 1, "WETH": 2_000}
"""What loan assets are worth about, for sizes in dollars."""
AMOUNTS = (
    "borrowed", "lender_loss", "booked", "hidden", "borrower_cost", "ended", "repaid", "keepers", "protocol",
    "others", "others_gain", "venues",
)  # fmt: skip
"""What is added up over vaults, base units of the loan asset."""


class Unplayable(ArenaError):
    """A rule cannot play a scenario; a sentence."""


def kind_of(rule: str | type[Rule]) -> type[Rule]:
    """One of the rules of `plimsoll.arena.rules` by its name; one of your own is itself.

    Raises:
        ArenaError: there is none of that name.
    """
    if not isinstance(rule, str):
        return rule
    rules = known()
    if rule not in rules:
        raise ArenaError(f"There is no rule {rule!r}; choose of {', '.join(rules)}.")
    return rules[rule]


def made(rule: str | type[Rule], scenario: Scenario, vault: int, *, deployed: bool = False) -> Rule:
    """A rule in place of a vault.

    Args:
        rule: its name, or one of your own.
        scenario: whose collaterals and loan asset it has.
        vault: its number.
        deployed: with the parameters of the system's large market, instead of the vault's loan-to-value and
            threshold.

    Raises:
        ArenaError: there is no such rule.
        Unplayable: it has no such market.
    """
    kind, config, loan = kind_of(rule), scenario.vaults[vault], scenario.pool.loan
    if deployed and DOLLARS.get(loan.symbol) != 1:
        raise Unplayable(f"What is deployed is known of markets that lend dollars, not {loan.symbol}.")
    risks = [config.risk_of(leg) for leg in range(len(config.collaterals))]
    try:
        market = (
            kind.deployed([each.collateral.symbol for each in config.collaterals])
            if deployed
            else kind.alike([Terms(wad(risk.ltv), wad(risk.threshold)) for risk in risks])
        )
    except ValueError as error:
        raise Unplayable(f"{error}.") from None
    market.dollar = 10**loan.decimals // DOLLARS.get(loan.symbol, 1)
    return market


def people(scenario: Scenario, path: int) -> list[Borrower]:
    """Who borrows on a path: on path 0 those of the scenario's seed, on every other one others."""
    first = [float(prices[0]) for prices in scenario.outside_prices(0)]
    return [each for group in draw(scenario.with_seed(scenario.seed + path), first) for each in group]


def check(rule: str | type[Rule], scenario: Scenario, *, deployed: bool = False) -> None:
    """Sees that a rule can play a scenario.

    Raises:
        Unplayable: it has no such market.
    """
    for vault in range(len(scenario.vaults)):
        made(rule, scenario, vault, deployed=deployed)


def left_out(scenario: Scenario) -> list[str]:
    """What a scenario has and the arena does not play, in words."""
    acting = [
        group.count
        for group in scenario.borrowers
        if isinstance(group, BorrowersConfig) and group.behaviour.kind != "passive"
    ]
    lenders, feeds = scenario.pool.lenders, [each.oracle for _, each in scenario.collaterals]
    there = {
        f"{sum(acting):,} borrowers act": acting,
        "lenders leave": lenders.flee_loss or lenders.flee_utilisation is not None,
        "people come and go": scenario.arrivals or scenario.refinancing or scenario.pool.visitors,
        "somebody attacks": scenario.griefer or scenario.forger or scenario.pumper or scenario.exploiter,
        "curator and guardian act": scenario.acts or scenario.poker,
        "blocks have a price": scenario.gas,
        "transactions come in a random order": scenario.order == "random",
        "liquidators leave collaterals out": any(each.leaves_out for each in scenario.liquidators),
        "liquidators have one purse for several vaults": any(
            each.kind != "flash" and len(scenario.watched(each)) > 1 for each in scenario.liquidators
        ),
        "an oracle has a second feed": any(each.second or each.fallback for each in feeds),
        "oracles ask for the loan asset's price": scenario.pool.loan_feed,
        "a rate multiplies prices": any(each.rate for each in feeds),
        "a feed reads the DEX": any(each.reads == "dex" for each in feeds),
        "a feed counts dollars": any(each.quote == "dollars" for each in feeds),
        "a token is halted": any(each.halts for _, each in scenario.collaterals),
        "providers leave the DEX, or it has a detour": any(
            each.dex and (each.dex.thinning or each.dex.detour) for _, each in scenario.collaterals
        ),
    }
    return [words for words, found in there.items() if found]


def adapted(people: Sequence[Borrower], rule: Rule, scenario: Scenario, vault: int) -> list[Borrower]:
    """What people borrow who lock the same collateral under a rule: no more than it lends on that.

    That is the rule's loan-to-value of each collateral, at its feed's first answer, rounded down.
    """
    configs = scenario.vaults[vault].collaterals
    before = sum(len(each.collaterals) for each in scenario.vaults[:vault])
    first = scenario.outside_prices(0)[before : before + len(configs), 0]
    prices = [
        scenario.first_safe_price(each, float(price)) for price, each in zip(first, configs, strict=True)
    ]
    found = []
    for person in people:
        legs = zip(person.amounts, prices, rule.terms, strict=True)
        most = sum(value([amount], (price,)) * terms.ltv // WAD for amount, price, terms in legs)
        found.append(replace(person, debt=min(person.debt, most)))
    return found


def outcomes(
    scenario: Scenario,
    rule: str | type[Rule],
    path: int = 0,
    *,
    variation: Variation = AS_WRITTEN,
    deployed: bool = False,
) -> list[Outcome]:
    """What a rule leaves behind on a path, in each vault of a scenario.

    Args:
        scenario: to be played.
        rule: its name, or one of your own.
        path: its number, of people and random prices.
        variation: what is different.
        deployed: see `made`; then people borrow at most what the rule lends them.

    Raises:
        Unplayable: it cannot play the scenario.
    """
    scenario = variation.scenario(scenario)
    everybody = people(scenario, path)
    found = []
    for vault in range(len(scenario.vaults)):
        market = made(rule, scenario, vault, deployed=deployed)
        borrowers = [each for each in everybody if each.vault == vault]
        if deployed:
            borrowers = adapted(borrowers, market, scenario, vault)
        found.append(play(scenario, vault, market, borrowers, path, variation.keepers(scenario, vault)))
    return found


def row(scenario: Scenario, found: Sequence[Outcome]) -> dict[str, float | None]:
    """What is measured of one path, all vaults together, whole loan tokens unless said otherwise."""
    unit = 10**scenario.pool.loan.decimals
    needed, cascades = sum(each.needed for each in found), [each.cascade for each in found if each.cascade]
    return {
        **{name: sum(getattr(each, name) for each in found) / unit for name in AMOUNTS},
        "over_liquidation": sum(each.repaid for each in found) / needed if needed else None,
        "under_water": sum(each.under_water for each in found),
        "closes": float(sum(each.closes for each in found)),
        "fall": min(each.fall for each in found),
        "cascade": max(cascades, default=None),
    }
