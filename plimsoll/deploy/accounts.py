"""The account that signs."""

from __future__ import annotations

from ape import accounts
from ape.api import AccountAPI, ProviderAPI

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
