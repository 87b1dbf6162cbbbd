"""Market files for tests, and a desk from which to deploy them."""

import shutil
from pathlib import Path

import pytest
from ape.api import AccountAPI, ProviderAPI

from plimsoll.deploy import AddressBook, DeployError, MarketFile, Plan, Stage, load_market, plan

MARKET = """\
pool:
  asset: {mock: {symbol: USDC, decimals: 6}}
  name: Plimsoll USDC
  symbol: pUSDC
  reserve_factor: 0.10
  supply_cap: 50_000_000
  open: true
vaults:
  weth:
    collateral: {mock: {symbol: WETH, decimals: 18}}
    oracle: {mock: {collateral: 2_000, loan: 1}}
    risk: blue-chip
    limit: 10_000_000
"""
SECOND_VAULT = """\
  wbtc:
    collateral: {mock: {symbol: WBTC, decimals: 8}}
    oracle: {mock: {collateral: 60_000}}
    risk: volatile
    limit: 40_000
"""
"""What `MARKET` with another vault has at its end."""

STEPS = (
    "blueprint Pool",
    "blueprint Council",
    "blueprint Backstop",
    "blueprint Vault",
    "blueprint Basket",
    "factory",
    "lens",
    "mock token USDC",
    "pool pUSDC",
    "supply cap of pUSDC",
    "mock token WETH",
    "mock feed pUSDC/weth/collateral",
    "mock feed pUSDC/weth/loan",
    "oracle pUSDC/weth",
    "vault pUSDC/weth",
    "limit of pUSDC/weth",
    "opening of pUSDC",
)
"""What it takes to deploy `MARKET` on an empty chain."""


def changed(old: str, new: str, text: str = MARKET) -> str:
    """A market file with another text in one place."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the file"
    return text.replace(old, new)


class Desk:
    """Plans and deploys with one account, an address book on disk and a market file on disk."""

    def __init__(self, folder: Path, account: AccountAPI) -> None:
        self.account = account
        self.book_path = folder / "deployments" / "test.json"
        self.file = folder / "market.yaml"

    @property
    def provider(self) -> ProviderAPI:
        return self.account.provider

    def with_book(self, book: Path) -> "Desk":
        """This one, with a copy of what another has deployed."""
        self.book_path.parent.mkdir()
        shutil.copy(book, self.book_path)
        return self

    def market(self, text: str = MARKET) -> MarketFile:
        """The market that this text describes."""
        self.file.write_text(text)
        return load_market(self.file)

    def book(self) -> AddressBook:
        """The address book as it is on disk."""
        return AddressBook.load(self.provider, self.book_path)

    def plan(
        self, text: str = MARKET, until: Stage = Stage.MARKET, account: AccountAPI | None = None
    ) -> Plan:
        """What is missing of a market."""
        return plan(self.market(text), self.book(), account or self.account, until)

    def deploy(self, text: str = MARKET, until: Stage = Stage.MARKET) -> list[str]:
        """Deploys what is missing, and says what was sent."""
        return [result.step.what for result in self.plan(text, until).apply()]

    def refused(
        self, text: str = MARKET, until: Stage = Stage.MARKET, account: AccountAPI | None = None
    ) -> tuple[str, ...]:
        """The sentences with which a market is refused, without its path; nothing may have been sent."""
        before = self._state()
        with pytest.raises(DeployError) as error:
            self.plan(text, until, account)
        assert self._state() == before, "something was sent"
        return tuple(sentence.removeprefix(f"{self.file}, ") for sentence in error.value.sentences)

    def _state(self) -> tuple[int | None, int, str]:
        book = self.book_path.read_text() if self.book_path.exists() else ""
        return self.provider.get_block("latest").number, self.account.nonce, book
