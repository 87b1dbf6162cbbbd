"""What the keeper has sent and whom it leaves alone for a while, in the index's file.

A transaction is written down before it is sent: a keeper that is killed in between finds it again, and never
has more than one nonce under execution.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plimsoll.keeper.index import Index

_TABLES = """
CREATE TABLE IF NOT EXISTS sent (
    hash TEXT PRIMARY KEY, account TEXT NOT NULL, nonce INTEGER NOT NULL, gas_price TEXT NOT NULL,
    at REAL NOT NULL, what TEXT NOT NULL, owners TEXT NOT NULL, outcome TEXT
);
CREATE TABLE IF NOT EXISTS cooling (owner TEXT PRIMARY KEY, until REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A signed transaction."""

    hash: str
    nonce: int
    gas_price: int  # wei
    at: float  # seconds since 1970
    what: str
    owners: tuple[str, ...]  # whose positions it closes


class Journal:
    """The tables `sent` and `cooling`."""

    def __init__(self, index: Index, account: str) -> None:
        """Keeps them in the file of `index`; what other accounts have sent is left alone."""
        self._index, self._account = index, account
        index.database.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")

    def write(self, sent: Sent) -> None:
        """Notes a transaction that is about to be sent."""
        with self._index.transaction():
            self._index.database.execute(
                "INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    sent.hash,
                    self._account,
                    sent.nonce,
                    str(sent.gas_price),
                    sent.at,
                    sent.what,
                    json.dumps(sent.owners),
                ),
            )

    def under_way(self) -> list[Sent]:
        """What has no outcome yet, the newest last; all of one nonce."""
        rows = self._index.database.execute(
            "SELECT hash, nonce, gas_price, at, what, owners FROM sent "
            "WHERE outcome IS NULL AND account = ? ORDER BY rowid",
            (self._account,),
        )
        return [
            Sent(hash_, nonce, int(gas_price), at, what, tuple(json.loads(owners)))
            for hash_, nonce, gas_price, at, what, owners in rows
        ]

    def settle(self, outcomes: dict[str, str]) -> None:
        """Notes what became of transactions, by hash."""
        with self._index.transaction():
            self._index.database.executemany(
                "UPDATE sent SET outcome = ? WHERE hash = ?", [(text, it) for it, text in outcomes.items()]
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
