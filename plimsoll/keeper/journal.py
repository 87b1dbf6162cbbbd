"""What the keeper has sent, what it has cost, and whom it leaves alone for a while, in the index's file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plimsoll.keeper.index import Index

MINED, REVERTED, DROPPED = "mined", "reverted", "dropped"  # outcomes; none while it is under way

_TABLES = """
CREATE TABLE IF NOT EXISTS transactions (
    hash TEXT PRIMARY KEY, account TEXT NOT NULL, nonce INTEGER NOT NULL, gas_price TEXT NOT NULL,
    at REAL NOT NULL, what TEXT NOT NULL, owners TEXT NOT NULL, raw BLOB NOT NULL, purpose TEXT NOT NULL,
    loss TEXT NOT NULL, outcome TEXT
);
CREATE TABLE IF NOT EXISTS cooling (owner TEXT PRIMARY KEY, until REAL NOT NULL);
"""
_COLUMNS = "hash, nonce, gas_price, at, what, owners, raw, purpose, loss"


@dataclass(frozen=True, slots=True)
class Sent:
    """A signed transaction."""

    hash: str
    nonce: int
    gas_price: int  # wei
    at: float  # seconds since 1970
    what: str
    owners: tuple[str, ...]  # whose positions it closes
    raw: bytes  # as it is sent
    purpose: str  # whose budget pays for `loss`
    loss: int  # base units of the loan asset, at most, that it costs beyond what it brings


class Journal:
    """The tables `transactions` and `cooling`."""

    def __init__(self, index: Index, account: str) -> None:
        """Keeps them in the file of `index`; what other accounts have sent is left alone."""
        self._index, self._account = index, account
        index.database.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")

    def write(self, sent: Sent) -> None:
        """Notes a transaction that is about to be sent."""
        row = (sent.hash, sent.nonce, str(sent.gas_price), sent.at, sent.what, json.dumps(sent.owners))
        with self._index.transaction():
            self._index.database.execute(
                f"INSERT OR REPLACE INTO transactions ({_COLUMNS}, account) VALUES ({'?, ' * 9}?)",
                (*row, sent.raw, sent.purpose, str(sent.loss), self._account),
            )

    def under_way(self) -> list[Sent]:
        """What has no outcome yet, the newest last; all of one nonce."""
        return self._select("outcome IS NULL")

    def mined_from(self, nonce: int) -> list[Sent]:
        """What was seen in a block, of this nonce and later ones, in their order."""
        return self._select(f"outcome IN ('{MINED}', '{REVERTED}') AND nonce >= ?", nonce)

    def loss_since(self, purpose: str, start: float) -> int:
        """What a purpose has cost since a time (seconds since 1970); of one nonce the dearest transaction."""
        dearest: dict[int, int] = {}
        for sent in self._select("purpose = ? AND at > ?", purpose, start):
            dearest[sent.nonce] = max(sent.loss, dearest.get(sent.nonce, 0))
        return sum(dearest.values())

    def settle(self, outcomes: dict[str, str]) -> None:
        """Notes what became of transactions, by hash."""
        with self._index.transaction():
            self._index.database.executemany(
                "UPDATE transactions SET outcome = ? WHERE hash = ?",
                [(text, it) for it, text in outcomes.items()],
            )

    def cool(self, owners: Iterable[str], until: float) -> None:
        """Leaves owners alone until a time, seconds since 1970."""
        with self._index.transaction():
            self._index.database.executemany(
                "INSERT OR REPLACE INTO cooling VALUES (?, ?)", [(owner, until) for owner in owners]
            )

    def cooling(self, now: float) -> Sequence[str]:
        """Who is left alone now."""
        rows = self._index.database.execute("SELECT owner FROM cooling WHERE until > ?", (now,))
        return [owner for (owner,) in rows]

    def _select(self, condition: str, *values: object) -> list[Sent]:
        rows = self._index.database.execute(
            f"SELECT {_COLUMNS} FROM transactions WHERE account = ? AND {condition} ORDER BY nonce, rowid",
            (self._account, *values),
        )
        return [
            Sent(hash_, nonce, int(gas_price), at, what, tuple(json.loads(owners)), raw, purpose, int(loss))
            for hash_, nonce, gas_price, at, what, owners, raw, purpose, loss in rows
        ]
