"""Makes the keeper that settings describe."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ape.api import AccountAPI, ProviderAPI
from eth_utils.address import is_address, to_checksum_address
from web3 import HTTPProvider

from plimsoll.chain.views import has_borrowed_id
from plimsoll.deploy import AddressBook, book_path, require_its_chain, sign_without_asking
from plimsoll.deploy.book import Deployed
from plimsoll.keeper.execution import BasketFlash, BasketInventory, Execution, FlashLiquidation, Inventory
from plimsoll.keeper.index import Index
from plimsoll.keeper.loop import Keeper, Policy
from plimsoll.keeper.node import BasketNode, Node, Reverted, SpokeNode, VaultNode
from plimsoll.keeper.settings import Settings
from plimsoll.keeper.signer import ApeSigner

TIMEOUT = 10  # seconds that the node may take to answer
BOOK = "book"  # as the Liquidator: that of the address book


class KeeperError(Exception):
    """A keeper that cannot start; the message is one sentence."""


@dataclass(frozen=True)
class Assembled:
    """A keeper that has not looked at the chain yet."""

    keeper: Keeper
    index: Index
    vault: str  # as the settings call it
    database: Path
    unit: int  # a whole loan token in base units


def assemble(settings: Settings, provider: ProviderAPI, account: AccountAPI) -> Assembled:
    """The keeper that settings describe.

    Args:
        settings: as given.
        provider: of the connected network.
        account: pays and signs; it asks for its passphrase now, not for each batch.

    Raises:
        KeeperError: a setting is missing or names nothing, or the account has no funds where it needs some.
        DeployError: the node is on another chain, the passphrase is wrong, or the address book, where it is
            needed, cannot be read.
        NodeError: the node does not answer.
        Reverted: there is no vault, no Liquidator or no pair at an address.
        IndexFault: the file is of another vault or chain.
    """
    require_its_chain(provider)
    name, address, first_block = _vault(provider, settings)
    node = Node(_impatient(provider.web3.provider).make_request)
    vault = _spoke(node, address)
    if settings.coin_price is None and node.number("eth_gasPrice") > 0:
        raise KeeperError(
            "Gas costs something here; say with --coin-price how many loan tokens its coin is worth."
        )
    execution = _execution(provider, settings, vault, account.address)
    if execution.spender and not settings.dry_run:
        (funds,) = node.view(vault.loan, "balanceOf(address)", "uint256", account.address)
        if not funds:
            raise KeeperError(
                f"{account.address} has none of the loan asset {vault.loan}; send it some, or try "
                "--liquidator or --dry-run."
            )
    if not settings.dry_run:
        sign_without_asking(account)
    database = settings.database or default_database(provider, name)
    database.parent.mkdir(parents=True, exist_ok=True)
    index = Index(database, provider.chain_id, address, first_block, len(vault.collaterals))
    unit = 10 ** int(node.view(vault.loan, "decimals()", "uint8")[0])
    keeper = Keeper(vault, index, ApeSigner(account), execution, _policy(settings, unit), time.time)
    return Assembled(keeper, index, name, database, unit)


def default_database(provider: ProviderAPI, vault: str) -> Path:
    """The file of a keeper of a vault; a local chain never shares that of the network whose id it has."""
    chain = f"{'local-' if has_borrowed_id(provider) else ''}{provider.chain_id}"
    return Path(".keeper") / f"{chain}-{vault.replace('/', '-')}.sqlite"


def _vault(provider: ProviderAPI, settings: Settings) -> tuple[str, str, int]:
    """Name, address and first block of the vault or basket that is named, or of the only one in the book."""
    name = settings.vault
    if name is not None and is_address(name):
        return name, to_checksum_address(name), settings.from_block
    book = _book(provider)
    known: dict[str, Deployed] = {**book.vaults, **book.baskets}
    if not known:
        raise KeeperError(
            f"There is no vault in {book.title}; deploy one (`plimsoll deploy market`), choose --network, or "
            "give its address with --vault."
        )
    if name is None and len(known) == 1:
        name = next(iter(known))
    if name not in known:
        what = f"{name} is no vault" if name else "There is more than one vault"
        raise KeeperError(f"{what} in {book.title}; choose --vault from {', '.join(known)}.")
    record = known[name]
    return name, record.address, record.block or 0


def _spoke(node: Node, address: str) -> SpokeNode:
    """A basket where there is one, else a vault."""
    try:
        return BasketNode(node, address)
    except Reverted:
        return VaultNode(node, address)


def _execution(provider: ProviderAPI, settings: Settings, vault: SpokeNode, keeper: str) -> Execution:
    liquidator = settings.liquidator
    if liquidator == BOOK:
        book = _book(provider)
        if book.liquidator is None:
            raise KeeperError(f"There is no Liquidator in {book.title}; give its address.")
        liquidator = book.liquidator.address
    discount = round(settings.discount * 100)
    if isinstance(vault, BasketNode):
        if settings.pair:
            raise KeeperError("A basket's legs are not sold on one pair; leave --pair, or try --liquidator.")
        if liquidator is None:
            return BasketInventory(vault, keeper, discount)
        return BasketFlash(vault, liquidator, settings.via)
    assert isinstance(vault, VaultNode)
    if liquidator is None:
        return Inventory(vault, discount, settings.pair)
    return FlashLiquidation(vault, liquidator, settings.via)


def _book(provider: ProviderAPI) -> AddressBook:
    return AddressBook.load(provider, book_path(provider))


def _impatient(provider: Any) -> Any:
    """The same node, but a request fails after `TIMEOUT` seconds and web3 does not repeat it."""
    if not isinstance(provider, HTTPProvider):
        return provider
    options = {**provider.get_request_kwargs(), "timeout": TIMEOUT}
    return HTTPProvider(provider.endpoint_uri, options, exception_retry_configuration=None)


def _policy(settings: Settings, unit: int) -> Policy:
    """Amounts in base units; `unit` is a whole loan token in base units."""
    return Policy(
        floor=max(1, int(settings.floor * unit)),
        coin_price=int((settings.coin_price or 0) * unit * 10**18),
        gas_cap=settings.gas_cap,
        cooldown=settings.cooldown,
        patience=settings.patience,
        allowance=None if settings.allowance is None else int(settings.allowance * unit),
        clean_up=int(settings.clean_up * unit),
        upkeep=int(settings.upkeep * unit),
        is_dry=settings.dry_run,
    )
