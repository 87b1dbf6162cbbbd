"""The account that signs, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ape import accounts
from ape.api import AccountAPI, ProviderAPI
from ape.exceptions import AccountsError

from plimsoll.chain.views import is_local, network_of
from plimsoll.deploy.market import DeployError

TEST_PREFIX = "TEST::"


def signer(name: str | None, provider: ProviderAPI) -> AccountAPI:
    """The account of this name: one of ape's, or `TEST::0` and so on, which is the default on a local chain.

    Raises:
        DeployError: there is no such account, or it is one whose key is public, on a live network.
    """
    if name is None and not is_local(provider):
        raise DeployError(
            f"{network_of(provider)} is a live network; say who signs with --account NAME, one of "
            "`ape accounts list`."
        )
    name = name or f"{TEST_PREFIX}0"
    if name.startswith(TEST_PREFIX):
        if not is_local(provider):
            raise DeployError(f"{name} has a key that is public; choose your own account with --account.")
        index, tests = name.removeprefix(TEST_PREFIX), accounts.test_accounts
        if not index.isdigit() or int(index) >= len(tests):
            raise DeployError(
                f"{name} is no test account; choose {TEST_PREFIX}0 to {TEST_PREFIX}{len(tests) - 1}."
            )
        return tests[int(index)]
    known = list(accounts.aliases)
    if name not in known:
        raise DeployError(
            f"{name} is not among ape's accounts ({', '.join(known) or 'there are none'}); choose one with "
            f"--account or add it with `ape accounts import {name}`."
        )
    return accounts.load(name)


def unlock(account: AccountAPI) -> None:
    """Asks for the passphrase now, once, where an account has one; each signature is still asked for.

    Raises:
        DeployError: it was wrong.
    """
    if hasattr(account, "unlock"):
        _ask(account, account.unlock)


def sign_without_asking(account: AccountAPI) -> None:
    """As `unlock`, but from then on the account signs whatever this process gives it."""
    if hasattr(account, "set_autosign"):
        _ask(account, partial(account.set_autosign, True))


def _ask(account: AccountAPI, opening: Callable[[], None]) -> None:
    try:
        opening()
    except AccountsError as error:
        raise DeployError(
            f"{account.alias} stays locked ({str(error).rstrip('.')}); run the command again with its "
            "passphrase."
        ) from None
