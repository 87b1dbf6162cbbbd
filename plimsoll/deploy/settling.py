"""Waits until a reorganisation can no longer give a promised address to somebody else.

The address of a pool, a vault or a basket follows from how many contracts its Factory had made before.
After a reorganisation a stranger's vault, with an oracle of theirs, can be where ours was, and a limit that
was signed for ours would be theirs. So what names such an address is signed only when its block is final.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

from ape.api import ProviderAPI, TransactionAPI
from ape.exceptions import ProviderError

from plimsoll.chain.views import is_local
from plimsoll.deploy.book import AddressBook, Pending
from plimsoll.deploy.market import DeployError

DEPTH = 64  # blocks, where the node does not say which block is final
PAUSE = 6.0  # seconds between two looks


def settle(
    book: AddressBook, provider: ProviderAPI, transaction: TransactionAPI, say: Callable[[str], None]
) -> None:
    """Waits for the pools, vaults and baskets that a transaction names; not on a local chain.

    Raises:
        DeployError: one of them is no longer where it was. The book forgets it, and the next run looks it up.
    """
    if is_local(provider):
        return
    named = bytes(transaction.data) + bytes.fromhex((transaction.receiver or "0x")[2:])
    for what, records, name, addresses in list(_made_by_factory(book)):
        tx = records[name].tx
        if tx is None or not any(bytes.fromhex(address[2:]) in named for address in addresses):
            continue
        is_said = False
        while not _is_final(provider, tx, addresses[0]):
            if _is_gone(provider, tx, addresses[0]):
                del records[name]
                book.pending = Pending(step=what, tx=tx)
                book.save()
                raise DeployError(
                    f"The chain was reorganised, and {what} is no longer at {addresses[0]}; nothing that "
                    "names it was signed. Run the command again, which goes on from here."
                )
            if not is_said:
                say(f"waiting for the block of {what} to be final, lest its address become somebody else's")
            is_said = True
            sleep(PAUSE)


def _made_by_factory(book: AddressBook) -> Iterator[tuple[str, dict[str, Any], str, list[str]]]:
    """The step that made each pool, vault and basket, where it is recorded, its name and its addresses."""
    for name, pool in book.pools.items():
        yield f"pool {name}", book.pools, name, [pool.address, pool.council, pool.backstop]
    for name, vault in book.vaults.items():
        yield f"vault {name}", book.vaults, name, [vault.address]
    for name, basket in book.baskets.items():
        yield f"basket {name}", book.baskets, name, [basket.address]


def _is_final(provider: ProviderAPI, tx: str, address: str) -> bool:
    """Whether a transaction has made what is at an address in a block that stays."""
    receipt = provider.make_request("eth_getTransactionReceipt", [tx])
    if receipt is None or not _mentions(receipt, address):
        return False
    try:
        final = provider.make_request("eth_getBlockByNumber", ["finalized", False])
    except ProviderError:
        final = None
    last = int(final["number"], 16) if final else provider.get_block("latest").number - DEPTH
    return int(receipt["blockNumber"], 16) <= last


def _is_gone(provider: ProviderAPI, tx: str, address: str) -> bool:
    """Whether a transaction has vanished, or has made something at another address."""
    receipt = provider.make_request("eth_getTransactionReceipt", [tx])
    if receipt is None:
        return provider.make_request("eth_getTransactionByHash", [tx]) is None
    return not _mentions(receipt, address)


def _mentions(receipt: dict[str, Any], address: str) -> bool:
    return address[2:].lower() in json.dumps(receipt["logs"], default=str).lower()
