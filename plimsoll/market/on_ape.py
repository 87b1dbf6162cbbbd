"""A market's ground on the network that ape is connected to.

On a local chain a name is an account of its own, which ape impersonates, and the tokens and feeds of a market
file's mocks may be minted and set. On a live network a name is one of ape's accounts, and nothing is given.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ape import accounts, networks
from ape.api import AccountAPI, ProviderAPI, ReceiptAPI
from ape.exceptions import ContractLogicError
from eth_utils.address import to_checksum_address

from plimsoll.chain.abi import Log
from plimsoll.chain.account import Account
from plimsoll.chain.artifacts import artifact
from plimsoll.chain.engine import CallReverted, Contract
from plimsoll.chain.views import Block, is_local, network_of, now, view_one
from plimsoll.deploy import AddressBook, DeployError, book_path, signer
from plimsoll.deploy.book import Deployed
from plimsoll.market.deployment import DEPLOYER, Parts, Spoke, Token
from plimsoll.market.events import log_of
from plimsoll.market.ground import Ground, Happening, States
from plimsoll.market.on_chain import OnContracts
from plimsoll.market.refusals import MarketError

_WEALTH = 10**20  # wei, for the gas of accounts for play
_SLACK = 1_000  # a debt grows by less than this part of it until a transaction lands


def connected(
    provider: ProviderAPI | None, book: AddressBook | None, vault: str | None, kind: str
) -> tuple[Ground, str]:
    """The ground under a vault of the address book, or under a `basket`, and its name in its pool.

    Raises:
        MarketError: the book has no such vault, or no Lens.
    """
    provider = provider or networks.provider
    if not isinstance(provider, ProviderAPI):
        raise MarketError(
            f"{provider!r} is no provider of ape's; connect with `networks.parse_network_choice(...)` first."
        )
    try:
        book = book or AddressBook.load(provider, book_path(provider))
    except DeployError as error:
        raise MarketError(str(error)) from None
    known = list(book.baskets if kind == "basket" else book.vaults)
    key = vault or next(iter(known), None)
    if key not in known:
        names = ", ".join(known) or "none"
        raise MarketError(f"{book.title} has no {kind} {vault or 'at all'} (there are: {names}); deploy one.")
    if book.lens is None:
        raise MarketError(f"{book.title} names no Lens; add one with `plimsoll deploy factory`.")
    pool, name = str(key).split("/")
    return OnApe(provider, book, pool), name


class _ApeNode:
    """Asks and sends through ape."""

    def __init__(self, provider: ProviderAPI) -> None:
        self.provider = provider
        self.is_local = is_local(provider)
        self._logs: Sequence[Log] = ()
        self.identifier: str | None = None

    @property
    def now(self) -> int:
        return now(self.provider)

    def call(self, sender: str, to: str, data: bytes) -> bytes:
        return Block(self.provider).call(sender, to, data)

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        account_ = self._account(sender)
        answer = self.call(sender, to, data)  # says why, should it revert
        if account_ is None:
            receipt = self._impersonated(sender, to, data)
        else:
            transaction = self.provider.network.ecosystem.create_transaction(
                receiver=to_checksum_address(to), data=data
            )
            try:
                receipt = account_.call(transaction)
            except ContractLogicError as error:
                raise CallReverted(error.revert_message) from None
        self._logs = [log_of(entry) for entry in receipt.logs]
        self.identifier = str(receipt.txn_hash)
        return answer

    def logs(self) -> Sequence[Log]:
        return self._logs

    def request(self, method: str, *parameters: Any) -> Any:
        """What only a local chain does."""
        if not self.is_local:
            raise MarketError(
                f"{network_of(self.provider)} is a live network: that goes on a local one only."
            )
        return self.provider.make_request(method, list(parameters))

    def _account(self, address: str) -> AccountAPI | None:
        """An account of ape's; None: somebody whom a local node lets send; ape does so on its own alone."""
        if self.is_local and self.provider.get_balance(to_checksum_address(address)) < _WEALTH // 2:
            self.request("anvil_setBalance", address, hex(_WEALTH))
        try:
            return accounts[to_checksum_address(address)]
        except (KeyError, IndexError):
            if self.is_local:
                return None
            raise MarketError(
                f"ape has no account {address}; add it with `ape accounts import`, or choose another."
            ) from None

    def _impersonated(self, sender: str, to: str, data: bytes) -> ReceiptAPI:
        """Sent by the node in somebody's name. Raises `CallReverted`."""
        self.request("anvil_impersonateAccount", sender)
        request = {"from": sender, "to": to, "data": "0x" + data.hex()}
        receipt = self.provider.get_receipt(self.request("eth_sendTransaction", request))
        if receipt.failed:
            raise CallReverted("")
        return receipt


class OnApe(OnContracts):
    """A `Ground` on ape's connected network."""

    def __init__(self, provider: ProviderAPI, book: AddressBook, pool: str) -> None:
        """A pool of an address book with all of its vaults and baskets."""
        self._ape = node = _ApeNode(provider)
        self.client = network_of(provider)
        record = book.pools[pool]
        assert book.lens is not None

        def at(kind: str, address: str) -> Contract:
            return Contract(node, address.lower(), artifact(kind).abi)  # type: ignore[arg-type]

        self._loan_feeds: dict[str, Contract] = {}

        def spoke(kind: str, it: Deployed, token: str, oracle: str, key: str, name: str) -> Spoke[Contract]:
            feed, loan_feed = (book.feeds.get(f"{key}/{side}") for side in ("collateral", "loan"))
            if loan_feed:
                self._loan_feeds[name] = at("MockFeed", loan_feed.address)
            return Spoke(
                at(kind, it.address), at("PlainToken", token), at("ChainlinkOracle", oracle),
                at("MockFeed", feed.address) if feed else None,
            )  # fmt: skip

        spokes, baskets = {}, {}
        for key, vault in book.vaults.items():
            of_pool, name = key.split("/")
            if of_pool == pool:
                spokes[name] = spoke("Vault", vault, vault.collateral, vault.oracle, key, name)
        for key, basket in book.baskets.items():
            of_pool, name = key.split("/")
            if of_pool == pool:
                baskets[name] = tuple(
                    spoke("Basket", basket, it.token, it.oracle, f"{key}/{leg}", f"{name}/{number}")
                    for number, (leg, it) in enumerate(basket.legs.items())
                )
        made = at("Pool", record.address)
        parts = Parts(
            at("PlainToken", made.call("asset")), made, at("Council", record.council),
            at("Backstop", record.backstop), spokes,
            at("Liquidator", book.liquidator.address) if book.liquidator else None,
            at("Leverage", book.leverage.address) if book.leverage else None,
            baskets,
        )  # fmt: skip
        tokens = [parts.loan, parts.pool, *(it.collateral for it in parts.collaterals().values())]
        known = {token.address: _token(provider, token.address) for token in tokens}
        super().__init__(node, parts, known, at("Lens", book.lens.address))
        self._mints = {token.address.lower() for token in book.tokens.values()}
        self._first_block = record.block or 0
        self._states = States()
        self._kept: tuple[str, list[Happening]] = ("", [])  # the history as of a block, by its hash

    def advance(self, seconds: int) -> None:
        """Lets time pass on a local chain; the mock feeds say their answers again."""
        self._ape.request("evm_increaseTime", hex(seconds))
        self._ape.request("evm_mine")
        mocks = [it.feed for it in self.parts.collaterals().values() if it.feed]
        for feed in (*mocks, *self._loan_feeds.values()):
            self._set_answer(feed, self._answer(feed))

    def address(self, name: str) -> str:
        """Somebody's address by their name: one of ape's accounts, or on a local chain anybody."""
        is_known = name in accounts.aliases or name.startswith("TEST::")
        if self._ape.is_local and not is_known:
            return Account.of(name)
        try:
            return str(signer(name, self._ape.provider).address)
        except DeployError as error:
            raise MarketError(str(error)) from None

    def history(self) -> Sequence[Happening]:
        """All events so far, as of the latest block."""
        latest = Block(self._ape.provider)
        if latest.hash != self._kept[0]:
            self._kept = latest.hash, self._read(latest)
        return self._kept[1]

    def give(self, token: Contract, to: str, amount: int) -> None:
        """Mints what somebody lacks of a mock token."""
        if token.address in self._mints:
            super().give(token, to, amount)

    def set_price(self, key: str, price: Fraction) -> None:
        """Sets the mock feed of a collateral: whole loan tokens for a whole one of its, rounded down.

        Raises:
            MarketError: it has another oracle.
        """
        spoke = self.parts.collaterals()[key]
        if spoke.feed is None:
            name = key if key in self.parts.spokes else self.tokens[spoke.collateral.address].symbol
            raise MarketError(
                f"The price of {name} is that of the oracle {spoke.oracle.address}; nobody sets it."
            )
        loan = self._answer(self._loan_feeds[key])
        self._set_answer(spoke.feed, int(price * loan))

    def grown(self, debt: int) -> int:
        """A thousandth more, for the interest until the transaction lands."""
        return debt + debt // _SLACK + 1

    def snapshot(self) -> Any:
        """Keeps the state of a local chain."""
        return self._states.keep((self._ape.request("evm_snapshot"), self._last))

    def revert(self, snapshot: Any) -> None:
        """Goes back to a state, which is used up by it. Raises `MarketError` for what is none."""
        state, self._last = self._states.use_up(snapshot)
        self._ape.request("evm_revert", state)

    def stop(self) -> None:
        """Nothing was started."""

    def _answer(self, feed: Contract) -> int:
        return int(self.call(feed, "latestRoundData")[1])

    def _set_answer(self, feed: Contract, answer: int) -> None:
        self.send(feed, "set_answer", answer, sender=DEPLOYER)

    def _read(self, latest: Block) -> list[Happening]:
        """The events up to a block."""
        parts = self.parts
        ours = [parts.pool, parts.council, parts.backstop, *parts.borrowers().values()]

        @functools.cache
        def time_of(block: str) -> int:
            found = self._ape.provider.make_request("eth_getBlockByNumber", [block, False])
            return int(found["timestamp"], 16)

        return [
            Happening(time_of(entry["blockNumber"]), event)
            for entry in latest.logs([part.address for part in ours], None, self._first_block)
            if (event := self._event(log_of(entry)))
        ]


def _token(provider: ProviderAPI, address: str) -> Token:
    symbol = view_one(provider, address, "symbol()", "string")
    decimals = view_one(provider, address, "decimals()", "uint8")
    return Token(symbol or f"{address[:8]}…", decimals or 0)
