"""The alerts of a market that a page shows, as `plimsoll watch` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plimsoll.inspection.alerts import Alert, Limits, full, low_health, silent, without_witness
from plimsoll.inspection.figures import count
from plimsoll.units import WAD

POOL = "the pool"
MOST_POSITIONS = 20  # of a vault or basket, the least healthy first


def alerts(state: Mapping[str, Any], limits: Limits) -> list[Alert]:
    """The alerts of a state, as `Session.state` gives it."""
    found = []
    pool = state["pool"]
    for spoke in state["spokes"]:
        name, held = spoke["name"], spoke["positions"]
        without = [leg["symbol"] for leg in spoke["legs"] if leg["price"] is None]
        if without:
            found.append(silent(name, without))
            if spoke["kind"] == "vault":
                continue  # nobody knows the health of positions there
        loans = zip(held["owner"], held["debt"], map(Decimal, held["health"]), strict=True)
        low = sorted(
            (health, owner) for owner, debt, health in loans if debt != "0" and health * WAD < limits.health
        )
        for health, owner in low[:MOST_POSITIONS]:
            position = "your position" if owner == "you" else f"the position of {owner}"
            found.append(low_health(name, owner, position, _wad(health), limits.health))
        if len(low) > MOST_POSITIONS:
            more = f"{count(len(low) - MOST_POSITIONS, 'more position')} of low health in {name}"
            found.append(Alert("health", name, "", None, limits.health, more))
    utilisation = _wad(Decimal(pool["utilisation"]))
    if utilisation > limits.utilisation:
        found.append(full(POOL, utilisation, limits.utilisation))
    queued = pool["queued"]
    if queued and queued["limit"] and not queued["is_witnessed"]:
        limit, symbol = Decimal(queued["limit"]), state["loan"]["symbol"]
        found.append(without_witness(POOL, queued["subject"], limit, symbol, queued["ready"]))
    return found


def _wad(number: Decimal) -> int:
    return int(number * WAD)
