"""A market that is deployed from a file, with positions in every state."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ape import accounts
from ape.api import AccountAPI

from plimsoll.units import MAX
from tests.utils.markets import SECOND_VAULT, Desk, changed
from tests.utils.on_ape import *  # noqa: F403
from tests.utils.on_ape import send

DEBTS = {4: 15_000, 5: 12_000, 6: 6_000}  # whole loan tokens on ten collateral tokens, by test account
IDLE, GONE = 7, 8  # test accounts: collateral without debt; came and went


@dataclass(frozen=True)
class InspectedMarket:
    """The deployed market and its accounts by number."""

    desk: Desk

    @property
    def vault(self) -> Any:
        return self.desk.book().contracts().vaults["pUSDC/weth"]

    def account(self, number: int) -> AccountAPI:
        return accounts.test_accounts[number]

    def set_quote(self, quote: int) -> None:
        """Dollars for a whole collateral token of the first vault."""
        feed = self.desk.book().contracts().feeds["pUSDC/weth/collateral"]
        send(feed.set_answer, quote * 10**8, sender=self.desk.account)


@pytest.fixture(scope="session")
def filled_book(tmp_path_factory: pytest.TempPathFactory, deployer: AccountAPI) -> Path:
    """The address book of two vaults, of which the first has positions."""
    desk = Desk(tmp_path_factory.mktemp("inspected"), deployer)
    paced = changed("  open: true\n", "  open: true\n  draw_burst: 0.9\n")
    desk.deploy(paced + SECOND_VAULT)
    contracts = desk.book().contracts()
    pool, vault = contracts.pools["pUSDC"], contracts.vaults["pUSDC/weth"]
    usdc, weth = contracts.tokens["USDC"], contracts.tokens["WETH"]
    send(usdc.mint, deployer, 10**12, sender=deployer)
    send(usdc.approve, pool, MAX, sender=deployer)
    send(pool.deposit, 10**11, deployer, sender=deployer)
    for number in (*DEBTS, IDLE, GONE):
        owner = accounts.test_accounts[number]
        send(weth.mint, owner, 10**19, sender=owner)
        send(weth.approve, vault, MAX, sender=owner)
        if number in DEBTS:
            send(vault.open, 10**19, DEBTS[number] * 10**6, sender=owner)
        else:
            send(vault.deposit, 10**19, sender=owner)
    send(vault.withdraw, MAX, sender=accounts.test_accounts[GONE])
    return desk.book_path


@pytest.fixture
def place(tmp_path: Path, deployer: AccountAPI, filled_book: Path) -> InspectedMarket:
    """With an address book of its own."""
    return InspectedMarket(Desk(tmp_path, deployer).with_book(filled_book))


@pytest.fixture
def edit(place: InspectedMarket) -> Callable[..., None]:
    """Changes fields of the address book on disk."""

    def changed(**fields: Any) -> None:
        book = place.desk.book()
        for name, value in fields.items():
            setattr(book, name, value)
        book.save()

    return changed
