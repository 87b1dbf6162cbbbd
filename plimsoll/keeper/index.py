"""The positions of one vault or basket, replayed from its events into a SQLite file.

A batch of blocks is one transaction: positions, what they were before, and the batch's last block (a
checkpoint). A kill at any moment leaves the file at a checkpoint. When the chain has dropped a checkpoint's
block, the index goes back to the last checkpoint that still stands and reads on from there. A chain with
another first block is another chain: the index says so and stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple, Protocol

from plimsoll.chain.abi import Log
from plimsoll.keeper.events import change
from plimsoll.twin.position import pack, unpack

BATCH = 2_000  # blocks
DEPTH = 256  # blocks below the head that may still be replaced without reading everything again
REMEDY = "events are missing: delete the index, and try another node if it happens again"
FIRST = "first block"  # in the table `about`: its hash, which tells chains of one id apart
DOUBTS = 30  # looks at a head whose events and debt differ, before that counts as a fault
SAMPLE = 100  # positions that `verify` compares one by one
WORD, LANE = 32, 16  # bytes

_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (owner BLOB PRIMARY KEY, word BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoints (block INTEGER PRIMARY KEY, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS before (
    block INTEGER, owner BLOB, word BLOB NOT NULL, PRIMARY KEY (block, owner)
) WITHOUT ROWID;
"""


class IndexFault(Exception):
    """The index cannot be used as it is; the message says why and what to do."""


class ForeignChain(IndexFault):
    """The node follows another chain than the index; with the right one it goes on."""


class ChainMoved(Exception):
    """The chain moved while it was read; reading again helps."""


class Checkpoint(NamedTuple):
    """A block up to which, itself included, the events are in."""

    block: int
    hash: bytes


class Source(Protocol):
    """Where events come from."""

    def head(self) -> int:
        """The number of the newest block."""

    def block_hash(self, block: int) -> bytes | None:
        """The hash of a block; None when the chain is shorter."""

    def logs(self, first: int, last: int) -> Iterable[Log]:
        """The vault's events in the blocks from `first` to `last`, both included, in the chain's order."""


Position = tuple[int, ...]
"""Base units of the collateral, or of each leg of a basket; last the debt shares."""


class Books(Protocol):
    """What the chain itself says, in the block of a hash."""

    def position(self, owner: str, block: bytes) -> Position:
        """What `owner` has."""

    def drawn(self, block: bytes) -> int:
        """Debt shares of all positions of the vault."""


class Index:
    """Positions by owner (lower case), in memory and in a file.

    Attributes:
        positions: of each owner who has any collateral or debt.
        checkpoint: the block that they are true in; None before the first batch.
        database: the connection; others may keep tables of their own in it.
    """

    def __init__(
        self, path: Path | str, chain_id: int, vault: str, first_block: int = 0, legs: int = 1
    ) -> None:
        """Opens or begins the file; only one process may have it open.

        Args:
            path: of the file, or ":memory:".
            chain_id: of the chain.
            vault: its address.
            first_block: none of the vault's events is older.
            legs: how many collaterals there are; a vault has one.

        Raises:
            IndexFault: the file is in use, is no index, or is that of another vault.
        """
        self._first_block = first_block
        self._nothing: Position = (0,) * (legs + 1)
        self._doubts = 0
        self.positions: dict[str, Position] = {}
        self.checkpoint: Checkpoint | None = None
        self.database = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            self.database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
            self._check_about({"chain": str(chain_id), "vault": vault.lower()}, path)
            self._load()
        except sqlite3.OperationalError as error:
            self.database.close()
            raise IndexFault(f"{path} cannot be opened ({error}); does another keeper use it?") from None
        except sqlite3.DatabaseError as error:
            self.database.close()
            raise IndexFault(f"{path} is no index ({error}); delete it, and it is made afresh.") from None
        except IndexFault:
            self.database.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self.database.close()

    def sync(self, source: Source, books: Books | None = None) -> Checkpoint:
        """Reads what is new, after undoing what the chain no longer has.

        Args:
            source: where the events come from.
            books: with which the debt at the head is compared: a node may show a block before its events. A
                position of which events take more than there is, since others were missing, is theirs.

        Raises:
            ChainMoved: the chain changed meanwhile, or the events of its head are not there yet; what was
                read before is kept.
            ForeignChain: see `recognise`.
            IndexFault: the events contradict each other and there are no books, or, again and again, the
                books.
        """
        self.recognise(source)
        head = source.head()
        self._roll_back(source)
        while (first := self._next_block()) <= head:
            last = min(first + BATCH - 1, head)
            if first <= head - DEPTH:
                last = min(last, head - DEPTH)  # so that a checkpoint stands where the chain is settled
            block = source.block_hash(last)
            if block is None:
                raise ChainMoved
            changes = self._changed(source.logs(first, last), block, books)
            if source.block_hash(last) != block or not self._stands(source):
                raise ChainMoved
            if books is not None and last == head:
                self._check_debt({**self.positions, **changes}, books.drawn(block))
            self._keep(Checkpoint(last, block), changes, head)
        if self.checkpoint is None:
            raise IndexFault(
                f"The chain ends at block {head}, before the vault's first, {self._first_block}."
            )
        return self.checkpoint

    def recognise(self, source: Source) -> None:
        """Compares the chain's first block with that of the chain that was read before.

        Raises:
            ForeignChain: they differ.
        """
        if self._stands(source) and self.checkpoint is not None:
            return
        first = source.block_hash(0)
        if first is None:
            raise ChainMoved
        self.database.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (FIRST, first.hex()))
        ((known,),) = self.database.execute("SELECT value FROM about WHERE name = ?", (FIRST,)).fetchall()
        if known != first.hex():
            raise ForeignChain(
                f"The node's chain begins with block 0x{first.hex()[:8]}…, that of the index with "
                f"0x{known[:8]}…: another chain. Connect to the right one, or name another file."
            )

    def verify(self, books: Books, random: Random) -> int:
        """Compares the positions with the chain at the checkpoint: all debt at once, and a sample one by one.

        Returns:
            How many positions were compared.

        Raises:
            IndexFault: they differ.
        """
        assert self.checkpoint is not None, "nothing has been read"
        self._check_debt(self.positions, books.drawn(self.checkpoint.hash), doubts=0)
        owners = random.sample(sorted(self.positions), min(SAMPLE, len(self.positions)))
        self.compare(books, owners)
        return len(owners)

    def compare(self, books: Books, owners: Iterable[str]) -> None:
        """Compares positions with the chain at the checkpoint.

        Raises:
            IndexFault: one differs.
        """
        assert self.checkpoint is not None, "nothing has been read"
        for owner in owners:
            if (there := books.position(owner, self.checkpoint.hash)) != self.positions[owner]:
                raise IndexFault(
                    f"{owner} has {self.positions[owner]} in the index, {there} on the chain; {REMEDY}."
                )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written inside, or nothing."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    def _check_about(self, about: dict[str, str], path: Path | str) -> None:
        rows = [(name, value) for name, value in about.items()]
        self.database.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", rows)
        found = dict(self.database.execute("SELECT name, value FROM about WHERE name != ?", (FIRST,)))
        if found != about:
            raise IndexFault(f"{path} is the index of {found}, not of {about}; name another file.")

    def _check_debt(self, positions: Mapping[str, Position], drawn: int, doubts: int = DOUBTS) -> None:
        debt = sum(position[-1] for position in positions.values())
        if debt == drawn:
            self._doubts = 0
            return
        self._doubts += 1
        if self._doubts <= doubts:
            raise ChainMoved
        raise IndexFault(f"The index has {debt} debt shares, the chain {drawn}; {REMEDY}.")

    def _load(self) -> None:
        rows = self.database.execute("SELECT owner, word FROM positions")
        self.positions = {"0x" + owner.hex(): _position(word) for owner, word in rows}
        row = self.database.execute(
            "SELECT block, hash FROM checkpoints ORDER BY block DESC LIMIT 1"
        ).fetchone()
        self.checkpoint = Checkpoint(*row) if row else None

    def _next_block(self) -> int:
        return self.checkpoint.block + 1 if self.checkpoint else self._first_block

    def _stands(self, source: Source) -> bool:
        return self.checkpoint is None or source.block_hash(self.checkpoint.block) == self.checkpoint.hash

    def _changed(self, logs: Iterable[Log], block: bytes, books: Books | None) -> dict[str, Position]:
        """The positions that events up to a block lead to, of the owners who are named in them."""
        changed: dict[str, Position] = {}
        looked_up: set[str] = set()
        for log in logs:
            if (found := change(log)) is None or found[0] in looked_up:
                continue
            owner, amounts, shares = found
            *held, debt = changed.get(owner) or self.positions.get(owner, self._nothing)
            for leg, amount in amounts.items():
                held[leg] += amount
            new: Position = (*held, debt + shares)
            if min(new) < 0:
                if books is None:
                    raise IndexFault(f"The events of {owner} take more than the position holds; {REMEDY}.")
                new = books.position(owner, block)
                looked_up.add(owner)
            changed[owner] = new
        return changed

    def _keep(self, checkpoint: Checkpoint, changes: Mapping[str, Position], head: int) -> None:
        settled = head - DEPTH
        with self.transaction():
            if checkpoint.block > settled:
                self.database.executemany(
                    "INSERT INTO before VALUES (?, ?, ?)",
                    [
                        (checkpoint.block, *_row(owner, self.positions.get(owner, self._nothing)))
                        for owner in changes
                    ],
                )
            self.database.executemany(
                "INSERT OR REPLACE INTO positions VALUES (?, ?)",
                [_row(owner, position) for owner, position in changes.items() if any(position)],
            )
            self.database.executemany(
                "DELETE FROM positions WHERE owner = ?",
                [(bytes.fromhex(owner[2:]),) for owner, position in changes.items() if not any(position)],
            )
            self.database.execute("INSERT INTO checkpoints VALUES (?, ?)", checkpoint)
            floor = self.database.execute(
                "SELECT max(block) FROM checkpoints WHERE block <= ?", (settled,)
            ).fetchone()[0]
            if floor is not None:
                self.database.execute("DELETE FROM checkpoints WHERE block < ?", (floor,))
                self.database.execute("DELETE FROM before WHERE block <= ?", (floor,))
        for owner, position in changes.items():
            if any(position):
                self.positions[owner] = position
            else:
                self.positions.pop(owner, None)
        self.checkpoint = checkpoint

    def _roll_back(self, source: Source) -> None:
        """Goes back to the last checkpoint whose block the chain still has; to nothing when there is none."""
        if self._stands(source):
            return
        checkpoints = self.database.execute(
            "SELECT block, hash FROM checkpoints ORDER BY block DESC"
        ).fetchall()
        target = next((block for block, hash_ in checkpoints if source.block_hash(block) == hash_), None)
        with self.transaction():
            if target is None:
                for table in ("positions", "before", "checkpoints"):
                    self.database.execute(f"DELETE FROM {table}")
            else:
                undone = self.database.execute(
                    "SELECT owner, word FROM before WHERE block > ? ORDER BY block DESC", (target,)
                ).fetchall()
                self.database.executemany(
                    "INSERT OR REPLACE INTO positions (owner, word) VALUES (?, ?)", undone
                )
                self.database.execute("DELETE FROM positions WHERE word = ?", (_word(self._nothing),))
                self.database.execute("DELETE FROM before WHERE block > ?", (target,))
                self.database.execute("DELETE FROM checkpoints WHERE block > ?", (target,))
        self._load()


def _row(owner: str, position: Position) -> tuple[bytes, bytes]:
    return bytes.fromhex(owner[2:]), _word(position)


def _word(position: Position) -> bytes:
    """A vault's storage word; a basket's further legs follow it."""
    first, *others, shares = position
    return pack(first, shares).to_bytes(WORD, "big") + b"".join(it.to_bytes(LANE, "big") for it in others)


def _position(word: bytes) -> Position:
    first, shares = unpack(int.from_bytes(word[:WORD], "big"))
    if len(word) == WORD:
        return first, shares
    others = (int.from_bytes(word[at : at + LANE], "big") for at in range(WORD, len(word), LANE))
    return (first, *others, shares)
