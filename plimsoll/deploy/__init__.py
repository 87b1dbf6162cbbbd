"""Deploys markets: what is missing is planned first, then sent step by step (see `docs/deploying.md`).

`plan` reads a market file, the address book and the chain, and refuses everything that is wrong before a
transaction is sent. `Plan.apply` sends what is missing and writes the book after each transaction, so running
again after success sends nothing, and after an interruption goes on where it stopped. Nothing that exists is
ever changed: a file that differs from what is deployed is refused.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ape.api import AccountAPI

    from plimsoll.deploy.accounts import sign_without_asking, signer, unlock
    from plimsoll.deploy.book import AddressBook, Contracts, book_path, locked, require_its_chain
    from plimsoll.deploy.market import DeployError, MarketFile, load_market
    from plimsoll.deploy.planner import Stage, plan
    from plimsoll.deploy.steps import Plan, Result, Step

_HOMES = {
    "accounts": ("sign_without_asking", "signer", "unlock"),
    "book": ("AddressBook", "Contracts", "book_path", "locked", "require_its_chain"),
    "market": ("DeployError", "MarketFile", "load_market"),
    "planner": ("Stage", "plan"),
    "steps": ("Plan", "Result", "Step"),
}
"""What is loaded when it is first used: market files are read without ape."""

__all__ = [
    "AddressBook",
    "Contracts",
    "DeployError",
    "MarketFile",
    "Plan",
    "Result",
    "Stage",
    "Step",
    "book_path",
    "deploy_market",
    "load_market",
    "locked",
    "plan",
    "require_its_chain",
    "sign_without_asking",
    "signer",
    "unlock",
]


def __getattr__(name: str) -> Any:
    """Loads what is asked for."""
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found


def deploy_market(path: Path | str, account: AccountAPI) -> AddressBook:
    """Deploys everything of a market file on the connected network that is not there yet.

    Args:
        path: of the market file.
        account: pays, and becomes the curator of a new pool.

    Returns:
        The network's address book; `contracts()` gives what is in it, ready to be called.

    Raises:
        DeployError: see `plan` and `Plan.apply`.
    """
    from plimsoll.deploy.book import AddressBook, book_path, locked
    from plimsoll.deploy.market import load_market
    from plimsoll.deploy.planner import plan

    place = book_path(account.provider)
    with locked(place):
        book = AddressBook.load(account.provider, place)
        for _ in plan(load_market(path), book, account).apply():
            pass
    return book
