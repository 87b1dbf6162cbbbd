"""A session at a market that is deployed, through ape."""

from __future__ import annotations

from typing import Any

from ape.exceptions import ApeException
from web3.exceptions import Web3Exception

from plimsoll.chain.views import Block, is_local, network_of
from plimsoll.deploy import AddressBook, DeployError, book_path, signer, unlock
from plimsoll.market.basket import BasketMarket
from plimsoll.market.market import Market
from plimsoll.market.refusals import MarketError
from plimsoll.play.session import Session
from plimsoll.play.shown import Seen


def session_at(provider: Any, account: str | None) -> Session:
    """A session at the market of the network's address book.

    On a live network it only looks, unless an account is named, which then is who acts.

    Args:
        provider: ape's, connected.
        account: one of ape's; its passphrase is asked for here, in the terminal.

    Raises:
        MarketError: there is no address book, nothing in it, or no such account.
    """
    try:
        book = AddressBook.load(provider, book_path(provider))
        is_live = not is_local(provider)
        if account and is_live:
            unlock(signer(account, provider))
    except DeployError as error:
        raise MarketError(str(error)) from None

    def make() -> Seen:
        return Market.connect(provider, book) if book.vaults else BasketMarket.connect(provider, book)

    made = Session(make, network=network_of(provider), actor=account, is_live=is_live)
    made.block = lambda: Block(provider).hash
    made.faults = (*made.faults, ApeException, Web3Exception)
    return made
