"""Folders of reports: how they are recognised, written atomically and read."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir, mkdtemp
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from plimsoll.report.columns import TABLES
from plimsoll.scenario.collateral import distinct
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import ScenarioError, load
from plimsoll.scenario.vaults import BasketConfig

if TYPE_CHECKING:  # what only looks at folders does not wait for pandas and pyarrow
    import pandas as pd

SUMMARY, SCENARIO, PAGE = "summary.json", "scenario.yaml", "report.html"
RUN, COMPARISON = "plimsoll run, version 1", "plimsoll comparison, version 1"  # a summary's format


class FolderError(ValueError):
    """A folder cannot be used; the message is one sentence for the person who named it."""


def check_folder(folder: Path) -> None:
    """Sees that a report can be written there: a new or empty folder, or an older report, which it replaces.

    Raises:
        FolderError: it holds, or is, something else.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise FolderError(f"{folder} is not a folder; name a new one for the report.")
    try:
        present = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
        written = _summary(folder).get("files", []) if present else []
        others = [name for name in present if name not in written]
        if others:
            raise FolderError(
                f"{folder} holds more than a report ({', '.join(others[:3])}); name a new or empty folder."
            )
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.absolute().parent):
            pass
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise FolderError(
            f"{folder} cannot be made ({reason}); name another folder for the report."
        ) from None


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keeps other commands from writing a report to the same folder meanwhile.

    Raises:
        FolderError: another command is at it, or see `check_folder`.
    """
    check_folder(folder)
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    with (Path(gettempdir()) / f"plimsoll-{os.getuid()}-{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(
                f"Another command is writing {folder}; wait for it, or name another folder."
            ) from None
        yield


def _summary(folder: Path) -> dict[str, Any]:
    """The summary of a report of either format; empty when there is none."""
    try:
        found = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("format") in (RUN, COMPARISON) else {}


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` that takes its place when all went well, and vanishes otherwise.

    Raises:
        FolderError: see `check_folder`.
    """
    check_folder(folder)
    folder = folder.absolute()
    draft = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    draft.chmod(0o755)
    old = draft.with_name(draft.name + "-old")
    try:
        yield draft
        try:
            if folder.exists():
                folder.rename(old)
            draft.rename(folder)
        except BaseException:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    """Writes the last file of a report; it names the others, so that a later report may replace them."""
    files = sorted({SUMMARY, *(each.name for each in folder.iterdir())})
    text = json.dumps(summary | {"files": files}, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it: amounts and prices are floats of whole tokens."""

    folder: Path
    scenario: Scenario
    summary: dict[str, Any]
    tables: dict[str, pd.DataFrame]

    @property
    def loan(self) -> str:
        """Symbol of the loan asset."""
        return self.scenario.pool.loan.symbol

    @property
    def symbols(self) -> list[str]:
        """A name for each vault: its collaterals, with the vault's number where two have the same."""
        return distinct(
            "+".join(each.collateral.symbol for each in vault.collaterals) for vault in self.scenario.vaults
        )

    @property
    def collaterals(self) -> list[tuple[int, int]]:
        """Numbers of vault and leg of every collateral; a vault has leg 0."""
        return [
            (number, leg)
            for number, vault in enumerate(self.scenario.vaults)
            for leg in range(len(vault.collaterals))
        ]

    @property
    def collateral_symbols(self) -> list[str]:
        """A name for each collateral."""
        return self.scenario.collateral_symbols

    def quotes(self, vault: int, leg: int) -> pd.DataFrame:
        """The rows with the prices of a collateral."""
        if not isinstance(self.scenario.vaults[vault], BasketConfig):
            return self.of("vaults", vault)
        rows = self.of("legs", vault)
        return rows[rows["leg"] == leg]

    def of(self, table: str, vault: int) -> pd.DataFrame:
        """A table's rows of one vault."""
        rows = self.tables[table]
        return rows[rows["vault"] == vault]


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of a run, decimals as floats."""
    import pyarrow.parquet as pq

    return {name: _frame(pq.read_table(folder / f"{name}.parquet")) for name in TABLES}


def read(folder: Path) -> Run:
    """The run that was written to a folder.

    Raises:
        FolderError: it holds no run, or a damaged one.
    """
    from pyarrow import ArrowException

    summary = _summary(folder)
    if summary.get("format") != RUN:
        what = "holds a comparison" if summary else "has no summary.json of a run"
        raise FolderError(f"{folder} {what}; name a folder that `plimsoll run` wrote.")
    try:
        return Run(folder, load(folder / SCENARIO), summary, read_tables(folder))
    except (ScenarioError, ValidationError, OSError, ArrowException, KeyError) as error:
        raise FolderError(f"The report in {folder} is damaged ({error}); write it again.") from None


def _frame(table: Any) -> pd.DataFrame:
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            floats = table.column(place).cast(pa.float64())
            table = table.set_column(place, field.name, floats)
    frame: pd.DataFrame = table.to_pandas()
    return frame
