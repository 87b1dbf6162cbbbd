"""The folder of a sweep, or of what is played like one: whose it is, and the rows in it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq


class Kind(NamedTuple):
    """What is kept in a folder.

    Attributes:
        name: of one, in sentences and of the folder's note.
        parts: what two of them may differ in besides the version of Plimsoll, in words.
    """

    name: str
    parts: str

    @property
    def note(self) -> str:
        """The file that says whose the folder is."""
        return f"{self.name}.json"


SWEEP = Kind("sweep", "of other settings, candles, contracts, agents")


class SweepError(RuntimeError):
    """Many paths that cannot be played, or not on; the message is one sentence."""


def write_rows(table: pa.Table, path: Path) -> None:
    """Writes a file of rows, whole or not at all."""
    part = path.with_suffix(".part")
    pq.write_table(table, part)
    part.replace(path)


def read_rows(paths: Sequence[Path]) -> pa.Table | None:
    """The rows of many small files, None without one; a table for each would take ten times their memory.

    Raises:
        SweepError: a file is damaged.
    """
    joined = []
    for first in range(0, len(paths), 1_000):
        tables = []
        for path in paths[first : first + 1_000]:
            try:
                tables.append(pq.read_table(path))
            except pa.ArrowException as error:
                raise SweepError(f"{path} is damaged ({error}); delete it and repeat the command.") from None
        joined.append(pa.concat_tables(tables).combine_chunks())
    return pa.concat_tables(joined) if joined else None


def check_folder(folder: Path, kind: Kind = SWEEP) -> None:
    """Sees that something can be played there: in a new or empty folder, or in that of one of its kind.

    Raises:
        SweepError: it holds, or is, something else, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise SweepError(f"{folder} is not a folder; name another one with --out.")
    try:
        present = {each.name for each in folder.iterdir()} if folder.exists() else set()
        if kind.note not in present and present - {f"{kind.name}.part"}:
            raise SweepError(f"{folder} holds something else; name another folder with --out.")
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(
            prefix=f".{kind.name}-", dir=folder if folder.exists() else folder.absolute().parent
        ):
            pass
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise SweepError(f"{folder} cannot be written ({reason}); name another one with --out.") from None


@contextmanager
def claimed(folder: Path, digest: str, about: dict[str, Any], kind: Kind = SWEEP) -> Iterator[None]:
    """Makes the folder this sweep's, or finds that it is; nobody else plays there meanwhile.

    Args:
        folder: a new or empty one, or that of the same sweep.
        digest: tells sweeps apart.
        about: what else the folder's note says, for people.
        kind: what is played.

    Raises:
        SweepError: it is another sweep's, or something else.
    """
    check_folder(folder, kind)
    note, part = folder / kind.note, folder / f"{kind.name}.part"
    if not note.exists():
        folder.mkdir(exist_ok=True)
        told = {"digest": digest, **about}
        part.write_text(json.dumps(told, indent=2) + "\n")
        part.replace(note)
    with note.open(encoding="utf-8") as lines:
        try:
            known = json.load(lines)["digest"]
        except (ValueError, KeyError, TypeError):
            raise SweepError(f"{note} is no note of a {kind.name}; name another folder with --out.") from None
        if known != digest:
            raise SweepError(
                f"{folder} holds another {kind.name} ({kind.parts} or another version of Plimsoll); name "
                "another folder with --out, or delete it."
            )
        try:
            fcntl.flock(lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SweepError(f"Another command plays this {kind.name} in {folder}; wait for it.") from None
        yield
