"""What is checked of a group of borrowers: that its loans can be opened in the vaults that it names."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from plimsoll.scenario.people import LEAST_DEBT, Active, BorrowersConfig
from plimsoll.scenario.strict_model import fault
from plimsoll.scenario.vaults import BasketConfig, VaultConfig

Spokes = Sequence[VaultConfig | BasketConfig]


def check_group(name: str, group: BorrowersConfig, vaults: Spokes) -> None:
    """Holds a group against all vaults of its scenario.

    Args:
        name: where it stands, such as `borrowers.0`.
        group: its settings.
        vaults: of the scenario.

    Raises:
        PydanticCustomError: a loan cannot be opened; a sentence.
    """
    field = "vault" if group.vaults is None else "vaults"
    if beyond := [place for place in group.places if place >= len(vaults)]:
        verb = "is" if group.vaults is None else "names"
        raise fault(
            f"{name}.{field}",
            f"{name}.{field} {verb} {beyond[0]}; the last vault is {len(vaults) - 1}",
        )
    ours = [vaults[place] for place in group.places]
    _check_portfolio(name, group, vaults)
    _check_safety(name, group, ours)
    _check_debts(name, group, ours)
    if isinstance(group.behaviour, Active) and group.behaviour.kind == "unwind":
        _check_unwind(name, group, group.behaviour, ours)


def least_debt(group: BorrowersConfig, vaults: Spokes) -> Decimal:
    """The smallest loan of a group: its own, or what its vaults ask for."""
    return _least_of(group, vaults) if group.least_debt is None else group.least_debt


def _least_of(group: BorrowersConfig, vaults: Spokes) -> Decimal:
    return max(vault.min_debt for vault in vaults) * (LEAST_DEBT if group.portfolio else 1)


def _least_health(vaults: Spokes) -> Decimal:
    """No loan can start below, to four digits."""
    return max(vault.least_health for vault in vaults).quantize(Decimal("0.0001"), ROUND_CEILING)


def _check_safety(name: str, group: BorrowersConfig, vaults: Spokes) -> None:
    if group.health and group.health.min < max(vault.least_health for vault in vaults):
        raise fault(
            f"{name}.health.min",
            f"{name}.health.min is {group.health.min}; no loan can start below threshold / ltv, so raise "
            f"it to {_least_health(vaults)}",
        )
    most = min(vault.risk_of(leg).ltv for vault in vaults for leg in range(len(vault.collaterals)))
    if group.ltv and group.ltv.max > most:
        raise fault(
            f"{name}.ltv.max",
            f"{name}.ltv.max is {group.ltv.max}; no loan can start above its vault's ltv {most}, so lower it "
            "or raise that",
        )


def _check_debts(name: str, group: BorrowersConfig, vaults: Spokes) -> None:
    asked, least = _least_of(group, vaults), least_debt(group, vaults)
    if least < asked:
        raise fault(
            f"{name}.least_debt",
            f"{name}.least_debt is {least}, but loans of its vaults start at {asked}; raise it or lower "
            "min_debt",
        )
    if group.total_debt < group.count * least:
        raise fault(
            f"{name}.total_debt",
            f"{name}.total_debt is {group.total_debt}, but {group.count} borrowers owe at least "
            f"{least} each; raise it or lower count",
        )


def _check_unwind(name: str, group: BorrowersConfig, behaviour: Active, vaults: Spokes) -> None:
    if vaults[0].collaterals[0].dex is None:
        raise fault(name, f"{name} needs a DEX, but vaults.{group.vault} has no dex; add one")
    if behaviour.to < (least := _least_health(vaults)):
        raise fault(
            f"{name}.behaviour.to",
            f"{name}.behaviour.to is {behaviour.to}; a withdrawal of collateral must end "
            f"at threshold / ltv or above, so raise it to {least}",
        )


def _check_portfolio(name: str, group: BorrowersConfig, vaults: Spokes) -> None:
    """Who has several collaterals says how much of each, and does nothing."""
    if group.vaults is not None:
        if len(set(group.vaults)) < len(group.vaults) or len(group.vaults) < 2:
            raise fault(
                f"{name}.vaults",
                f"{name}.vaults is {list(group.vaults)}; name two vaults or more, once each",
            )
        if baskets := [place for place in group.vaults if isinstance(vaults[place], BasketConfig)]:
            raise fault(
                f"{name}.vaults",
                f"{name}.vaults names {baskets[0]}, which is a basket; name it as `vault`",
            )
    legs = sum(len(vaults[place].collaterals) for place in group.places)
    if group.portfolio is None:
        if legs > 1:
            raise fault(name, f"{name} has {legs} collaterals; say with `portfolio` how much of each")
        return
    if legs == 1:
        raise fault(
            f"{name}.portfolio", f"{name}.portfolio is of one collateral, which needs none; remove it"
        )
    if (count := len(group.portfolio.weights)) != legs:
        raise fault(
            f"{name}.portfolio.weights",
            f"{name}.portfolio.weights has {count} weights for {legs} collaterals; give one for each",
        )
    if isinstance(group.behaviour, Active):
        raise fault(
            f"{name}.behaviour",
            f"{name}.behaviour is {group.behaviour.kind}; who has a portfolio is passive, so remove it",
        )
