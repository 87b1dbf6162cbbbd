"""Prices to let run: the crashes of the shipped scenarios, and random ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from plimsoll.market.refusals import MarketError
from plimsoll.places import SCENARIOS
from plimsoll.scenario.paths import Brownian
from plimsoll.scenario.reading import load
from plimsoll.units import HOUR

CRASHES = (
    "black-thursday", "may-2021", "august-2024", "october-2025", "flash-wick", "bank-run", "keeper-outage",
)  # fmt: skip
"""Scenarios whose first collateral falls."""
RANDOM = "random"
_HOURS, _STEP, _VOLATILITY = 72, 900, 1.5


def titles() -> list[dict[str, str]]:
    """What there is: `name` and `title`."""
    crashes = [{"name": name, "title": load(SCENARIOS / f"{name}.yaml").title} for name in CRASHES]
    return [*crashes, {"name": RANDOM, "title": f"A random path of {_HOURS // 24} days"}]


def path(name: str, seed: Any) -> dict[str, Any]:
    """A path: `seconds` between its points, and `factors` of the first price.

    Args:
        name: one of `titles`.
        seed: of a random one, a whole number.

    Raises:
        MarketError: there is none of this name, or the seed is none.
    """
    if name == RANDOM:
        if not isinstance(seed, int) or seed < 0:
            raise MarketError(f"The seed {seed!r} is no whole number from 0 on; give another.")
        rng = np.random.default_rng(seed)
        hours = np.arange(0, _HOURS, _STEP / HOUR)
        law = Brownian(kind="gbm", start=Decimal(1), hours=_HOURS, volatility=_VOLATILITY)
        prices = law.prices(hours, rng.standard_normal(len(hours)), np.zeros(len(hours)))
        return {"seconds": _STEP, "factors": [round(float(price), 6) for price in prices]}
    if name not in CRASHES:
        raise MarketError(f"There is no path {name!r}; choose one of {', '.join([*CRASHES, RANDOM])}.")
    scenario = load(SCENARIOS / f"{name}.yaml")
    prices = scenario.outside_prices()[0]
    return {
        "seconds": scenario.block_seconds,
        "factors": [round(float(price / prices[0]), 6) for price in prices],
    }
