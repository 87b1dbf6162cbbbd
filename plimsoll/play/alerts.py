"""What somebody should know of a market at once, on its page; `plimsoll watch` tells it everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

HEALTH, UTILISATION = Decimal("1.05"), Decimal("0.95")
MOST_LOANS = 20  # of a vault or basket, the least healthy first


@dataclass(frozen=True)
class Limits:
    """When to speak up."""

    health: Decimal = HEALTH  # of a loan, below
    utilisation: Decimal = UTILISATION  # of the pool, from


class Alert(NamedTuple):
    """One thing that somebody should know.

    Attributes:
        kind: `health`, `oracle`, `utilisation`, `raise` or `chain`.
        where: the vault or basket, or `pool`.
        who: whose loan, or which collateral; empty for neither.
        words: all of it in a sentence.
    """

    kind: str
    where: str
    who: str
    words: str


def alerts(state: Mapping[str, Any], limits: Limits) -> list[Alert]:
    """The alerts of a state, as `Session.state` gives it.

    A loan that can be liquidated is told in other words than one that is close to it.
    """
    found = []
    pool, loan = state["pool"], state["loan"]["symbol"]
    for spoke in state["spokes"]:
        name, held = spoke["name"], spoke["positions"]
        for leg in spoke["legs"]:
            if leg["price"] is None:
                found.append(
                    Alert("oracle", name, leg["symbol"], f"The oracle of {leg['symbol']} is silent.")
                )
        loans = zip(held["owner"], held["debt"], held["health"], held["is_liquidatable"], strict=True)
        low = [each for each in loans if each[1] != "0" and Decimal(each[2]) < limits.health]
        if any(leg["price"] is None for leg in spoke["legs"]):
            low = [each for each in low if each[3]]  # without a price health is not known
        for owner, debt, health, is_liquidatable in sorted(low, key=lambda it: Decimal(it[2]))[:MOST_LOANS]:
            what = "can be liquidated" if is_liquidatable else f"is below {limits.health}"
            words = f"The loan of {owner} {what}: health {Decimal(health):.4f}, {debt} {loan} of debt."
            found.append(Alert("health", name, owner, words))
    if Decimal(pool["utilisation"]) >= limits.utilisation:
        part = f"{Decimal(pool['utilisation']):.1%}"
        found.append(Alert("utilisation", "pool", "", f"{part} of what lenders own is lent."))
    queued = pool["queued"]
    if queued and queued["limit"] and not queued["is_witnessed"]:
        ready = datetime.fromtimestamp(queued["ready"], UTC)
        words = (
            f"A raise to {queued['limit']} {loan} is queued for the {queued['subject']}, from "
            f"{ready:%Y-%m-%d %H:%M} UTC, and has no witness; anyone may call witness()."
        )
        found.append(Alert("raise", queued["subject"], "", words))
    return found
