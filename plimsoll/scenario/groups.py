"""What is checked of a group of borrowers: that its loans can be opened in the vaults that it names."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from plimsoll.scenario.likeness import book_of
from plimsoll.scenario.loans import Spokes, loans_in_file
from plimsoll.scenario.people import LEAST_DEBT, Active, BorrowersConfig, Group, LikeConfig, PositionsConfig
from plimsoll.scenario.strict_model import fault, fault_at
from plimsoll.scenario.vaults import BasketConfig, VaultConfig

ROOM = 1.001  # for the interest until the scenario begins


def check_group(name: str, group: Group, vaults: Spokes, loan_decimals: int) -> dict[int, Decimal]:
    """Holds a group against all vaults of its scenario.

    Args:
        name: where it stands, such as `borrowers.0`.
        group: its settings.
        vaults: of the scenario.
        loan_decimals: of the loan asset.

    Returns:
        What it draws on each vault, whole tokens of the loan asset, by the vault's number.

    Raises:
        PydanticCustomError: a loan cannot be opened; a sentence.
    """
    if isinstance(group, PositionsConfig):
        return _check_positions(name, group, vaults, loan_decimals)
    _check_drawn(name, group, vaults)
    return {place: group.total_debt / len(group.places) for place in group.places}


def check_owners(groups: Sequence[Group], vaults: Spokes, loan_decimals: int) -> None:
    """Refuses a position that stands in two files.

    Raises:
        PydanticCustomError: naming it; a sentence.
    """
    where: dict[tuple[str, int], int] = {}
    files = [(number, it) for number, it in enumerate(groups) if isinstance(it, PositionsConfig)]
    for number, group in files if len(files) > 1 else ():
        for loan in loans_in_file(f"borrowers.{number}", group, vaults, loan_decimals):
            before = where.setdefault((loan.address, loan.vault), number)
            if before != number:
                raise fault(
                    f"borrowers.{number}.file",
                    f"has a position of {loan.address} in vaults.{loan.vault}, and "
                    f"so has borrowers.{before}.file; remove one of them",
                )


def check_ceilings(
    name: str, group: Group, vaults: Spokes, loan_decimals: int, prices: Sequence[Sequence[float]]
) -> None:
    """Refuses positions of a file that no price opens: a basket counts a leg at most at its ceiling.

    Args:
        name: where the group stands.
        group: its settings.
        vaults: of the scenario.
        loan_decimals: of the loan asset.
        prices: the first outside prices, by vault and leg.

    Raises:
        PydanticCustomError: naming the position; a sentence.
    """
    if not isinstance(group, PositionsConfig) or not any(isinstance(it, BasketConfig) for it in vaults):
        return
    for loan in loans_in_file(name, group, vaults, loan_decimals):
        basket = vaults[loan.vault]
        if not isinstance(basket, BasketConfig):
            continue
        backed = sum(
            amount / 10**leg.collateral.decimals * price * float(leg.ceiling * basket.risk_of(place).ltv)
            for place, (leg, amount, price) in enumerate(
                zip(basket.legs, loan.amounts, prices[loan.vault], strict=True)
            )
        )
        debt = max(loan.debt / 10**loan_decimals, float(basket.min_debt)) if loan.debt else 0.0
        if debt * ROOM > backed:
            raise fault_at(
                f"{name}.file",
                f"{group.file}: {loan.address} owes {debt:,g} in vaults.{loan.vault}, whose legs back "
                f"{backed:,g} at their ceilings; raise `ceiling` or remove the position",
            )


def _check_positions(
    name: str, group: PositionsConfig, vaults: Spokes, loan_decimals: int
) -> dict[int, Decimal]:
    if strange := [place for place in (group.vaults or {}).values() if place >= len(vaults)]:
        raise fault(f"{name}.vaults", f"has the number {strange[0]}; the last vault is {len(vaults) - 1}")
    debts: dict[int, int] = {}
    largest_gap = 0
    used: set[tuple[str, int]] = set()
    for loan in loans_in_file(name, group, vaults, loan_decimals):
        basket = vaults[loan.vault]
        if isinstance(basket, BasketConfig) and basket.separate:
            raise fault(
                f"{name}.file",
                f"has positions in vaults.{loan.vault}, which is `separate`: nothing says what "
                "they would owe in each vault; remove `separate`",
            )
        least = int(basket.min_debt * 10**loan_decimals)
        largest_gap = max(largest_gap, least - loan.debt if loan.debt else 0)
        debts[loan.vault] = debts.get(loan.vault, 0) + loan.debt
        used.add((loan.behaviour, loan.vault))
    for behaviour, place in sorted(used):
        settings = (group.behaviours or {}).get(behaviour)
        if isinstance(settings, Active):
            _check_active(name, f"{name}.behaviours.{behaviour}", settings, [(place, vaults[place])])
    return {place: Decimal(debt + largest_gap) / 10**loan_decimals for place, debt in debts.items()}


def _check_drawn(name: str, group: BorrowersConfig, vaults: Spokes) -> None:
    field = "vault" if group.vaults is None else "vaults"
    if beyond := [place for place in group.places if place >= len(vaults)]:
        verb = "is" if group.vaults is None else "names"
        raise fault(f"{name}.{field}", f"{verb} {beyond[0]}; the last vault is {len(vaults) - 1}")
    ours = [vaults[place] for place in group.places]
    if group.like:
        _check_like(name, group.like, len(ours[0].collaterals))
    else:
        _check_portfolio(name, group, vaults)
    _check_safety(name, group, ours)
    _check_debts(name, group, ours)
    if isinstance(group.behaviour, Active):
        _check_active(
            name, f"{name}.behaviour", group.behaviour, [(place, vaults[place]) for place in group.places]
        )


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
            f"is {group.health.min}; no loan can start below threshold / ltv, so raise "
            f"it to {_least_health(vaults)}",
        )
    most = min(vault.risk_of(leg).ltv for vault in vaults for leg in range(len(vault.collaterals)))
    if group.ltv and group.ltv.max > most:
        raise fault(
            f"{name}.ltv.max",
            f"is {group.ltv.max}; no loan can start above its vault's ltv {most}, so lower it or raise that",
        )


def _check_debts(name: str, group: BorrowersConfig, vaults: Spokes) -> None:
    asked, least = _least_of(group, vaults), least_debt(group, vaults)
    if least < asked:
        raise fault(
            f"{name}.least_debt",
            f"is {least}, but loans of its vaults start at {asked}; raise it or lower min_debt",
        )
    if group.total_debt < group.count * least:
        raise fault(
            f"{name}.total_debt",
            f"is {group.total_debt}, but {group.count} borrowers owe at least "
            f"{least} each; raise it or lower count",
        )


def _check_active(
    name: str, field: str, behaviour: Active, places: Sequence[tuple[int, VaultConfig | BasketConfig]]
) -> None:
    """Who sells collateral needs a DEX, and may not end above the vault's loan-to-value."""
    if behaviour.kind != "unwind":
        return
    for number, vault in places:
        if all(each.dex is None for each in vault.collaterals):
            raise fault(name, f"needs a DEX, but vaults.{number} has no dex; add one")
        if behaviour.to < (least := _least_health([vault])):
            raise fault(
                f"{field}.to",
                f"is {behaviour.to}; a withdrawal of collateral must end "
                f"at threshold / ltv or above, so raise it to {least}",
            )


def _check_like(name: str, like: LikeConfig, legs: int) -> None:
    book_of(name, like, legs)
    if like.prices is not None and len(like.prices) != legs:
        raise fault(
            f"{name}.like.prices",
            f"has {len(like.prices)} prices for {legs} collateral{'s' * (legs > 1)}; give one for each",
        )


def _check_portfolio(name: str, group: BorrowersConfig, vaults: Spokes) -> None:
    """Who has several collaterals says how much of each."""
    if group.vaults is not None:
        if len(set(group.vaults)) < len(group.vaults) or len(group.vaults) < 2:
            raise fault(f"{name}.vaults", f"is {list(group.vaults)}; name two vaults or more, once each")
        if baskets := [place for place in group.vaults if isinstance(vaults[place], BasketConfig)]:
            raise fault(f"{name}.vaults", f"names {baskets[0]}, which is a basket; name it as `vault`")
    legs = sum(len(vaults[place].collaterals) for place in group.places)
    if group.portfolio is None:
        if legs > 1:
            raise fault(name, f"has {legs} collaterals; say with `portfolio` how much of each")
        return
    if legs == 1:
        raise fault(f"{name}.portfolio", "is of one collateral, which needs none; remove it")
    if (count := len(group.portfolio.weights)) != legs:
        raise fault(
            f"{name}.portfolio.weights", f"has {count} weights for {legs} collaterals; give one for each"
        )
