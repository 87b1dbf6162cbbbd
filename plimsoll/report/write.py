"""Writes a report's folder, all at once or not at all."""

import json
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from plimsoll import __version__
from plimsoll.report import page, picture
from plimsoll.report.columns import TABLES, Column
from plimsoll.report.summary import summarise
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.records import Result

FILES = (
    "index.html",
    "picture.png",
    "scenario.yaml",
    "summary.json",
    *(f"{table}.parquet" for table in TABLES),
)
PACKAGES = ("eth-ape", "vyper", "numpy", "pyarrow", "matplotlib")


class FolderError(ValueError):
    """The report cannot go where it should; the message is one sentence for the person who said where."""


def check_folder(folder: Path) -> None:
    """Sees that a report can be written there: a new or empty folder, or an older report, which it replaces.

    Raises:
        FolderError: it holds, or is, something else.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise FolderError(f"{folder} is not a folder; name a new one for the report.")
    present = folder.iterdir() if folder.is_dir() else ()
    others = sorted(each.name for each in present if each.name not in FILES)
    if others:
        raise FolderError(
            f"{folder} holds more than a report ({', '.join(others[:3])}); name a new or empty folder."
        )
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.absolute().parent):
            pass
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise FolderError(
            f"{folder} cannot be made ({reason}); name another folder for the report."
        ) from None


def write(result: Result, folder: Path, *, source: str, command: str) -> dict[str, Any]:
    """Writes page, picture, tables, scenario and summary; an older report stays until all is written.

    Args:
        result: a finished run.
        folder: where to; see `check_folder`.
        source: the scenario file's text.
        command: what repeats the run.

    Returns:
        The summary.

    Raises:
        FolderError: the folder holds something else.
        OSError: the disk refuses.
    """
    check_folder(folder)
    result = replace(result, versions=_versions() | result.versions)
    summary = summarise(result) | {"command": command}
    with _replacing(folder) as draft:
        picture.draw(result, draft / "picture.png")
        for name, rows in result.rows().items():
            pq.write_table(_table(TABLES[name], rows, result.scenario), draft / f"{name}.parquet")
        (draft / "scenario.yaml").write_text(source, encoding="utf-8")
        (draft / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        html = page.render(result, summary, draft / "picture.png", source, command)
        (draft / "index.html").write_text(html, encoding="utf-8")
    return summary


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` that takes its place when all went well, and vanishes otherwise."""
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
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


def _table(columns: tuple[Column, ...], rows: tuple[Any, ...], scenario: Scenario) -> Any:
    """Rows as an Arrow table whose fields carry unit and meaning."""
    fields = [
        pa.field(
            column.name,
            _type(column, scenario),
            metadata={"unit": column.unit(scenario), "meaning": column.meaning},
        )
        for column in columns
    ]
    values = [[column.value(row, scenario) for row in rows] for column in columns]
    arrays = [pa.array(each, type=field.type) for each, field in zip(values, fields, strict=True)]
    about = {"title": scenario.title, "seed": str(scenario.seed)}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=about))


def _type(column: Column, scenario: Scenario) -> Any:
    simple = {
        "text": pa.string(),
        "integer": pa.int64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("s", tz="UTC"),
        "loan": pa.decimal128(38, column.decimals(scenario)),
        "collateral": pa.decimal128(38, column.decimals(scenario)),
        "shares": pa.decimal128(38, 0),
    }
    return simple.get(column.kind, pa.float64())


def _versions() -> dict[str, str]:
    """What the run was made with."""
    versions = {"plimsoll": f"{__version__}{_commit()}", "python": platform.python_version()}
    return versions | {package: version(package) for package in PACKAGES}


def _commit() -> str:
    """The repository's commit, when there is one."""
    try:
        reply = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return f" ({reply.stdout.strip()})" if reply.returncode == 0 else ""
