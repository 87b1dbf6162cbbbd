"""Plimsoll's Python side: a market to hold in the hand, the exact model of the contracts, chains, scenarios.

`Market` and `lab` are the front doors: a market, and scenarios. They and their companions are loaded when
they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from plimsoll import lab
    from plimsoll.market.amounts import Amount
    from plimsoll.market.basket import BasketMarket
    from plimsoll.market.events import decode
    from plimsoll.market.market import Market
    from plimsoll.market.refusals import MarketError, Refused
    from plimsoll.params import PoolParams, RiskParams

__all__ = [
    "Amount", "BasketMarket", "Market", "MarketError", "PoolParams", "Refused", "RiskParams", "decode", "lab",
]  # fmt: skip

_HOMES = {
    "Amount": "market.amounts",
    "BasketMarket": "market.basket",
    "Market": "market.market",
    "MarketError": "market.refusals",
    "PoolParams": "params",
    "Refused": "market.refusals",
    "RiskParams": "params",
    "decode": "market.events",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for."""
    if name == "lab":
        return import_module(f"{__name__}.lab")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """What there is, loaded or not."""
    return sorted({*globals(), *__all__})
