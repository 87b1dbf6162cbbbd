"""What became of all mutants: `quality/verdicts.json`, which `make mutation ARGS=--full` gathers.

A row holds as long as the sources stay as they are of all contracts that its file is part of.
"""

import datetime
import hashlib
import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from quality.compiling import CONTRACTS, ROOT, contracts_with, parts

PATH = ROOT / "quality/verdicts.json"
RULES = ROOT / "quality/vyper.rules"
SOURCES = sorted({str(path.relative_to(ROOT)) for name in CONTRACTS for path in parts(name)})

HEAD = f"{'':42}mutants  killed  survived  equivalent"

Change = tuple[str, str, str, str]  # file, function, the line before and after


@dataclass(frozen=True)
class Row:
    """The mutants of a file with code of their own, when they were judged last."""

    sources: str  # a digest
    commit: str  # of the tests
    date: str
    mutants: int
    unnoticed: tuple[tuple[str, str, str], ...]  # function, the line before and after; once for each mutant

    @classmethod
    def now(cls, source: str, mutants: int, unnoticed: Iterable[Change]) -> "Row":
        """What has been found out just now."""
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        return cls(digest(source), commit, today, mutants, tuple(sorted(change[1:] for change in unnoticed)))

    def left(self, source: str) -> list[Change]:
        """What nobody noticed."""
        return [(source, *change) for change in self.unnoticed]


def digest(source: str) -> str:
    """Tells apart what the verdicts on a file depend on, besides tests."""
    paths = {path for name in contracts_with(source) for path in parts(name)} | {RULES}
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(paths))).hexdigest()[:16]


def read() -> dict[str, Row]:
    """The rows by file."""
    rows = json.loads(PATH.read_text()) if PATH.exists() else {}
    return {
        source: Row(**row | {"unnoticed": tuple(tuple(change) for change in row["unnoticed"])})
        for source, row in rows.items()
    }


def write(source: str, row: Row) -> None:
    """Renews the row of a file."""
    rows = {name: asdict(found) for name, found in sorted((read() | {source: row}).items())}
    PATH.write_text(json.dumps(rows, indent=1) + "\n")


def table(argued: set[Change]) -> tuple[str, float]:
    """All rows, and the part killed of the mutants that hold and are not argued to be equivalent."""
    lines = [HEAD]
    totals = [0, 0, 0, 0]
    rows = read()
    for source in SOURCES:
        if source not in rows:
            lines.append(f"{source:42}  not judged yet")
            continue
        row = rows[source]
        equivalent = sum(change in argued for change in row.left(source))
        figures = (
            row.mutants, row.mutants - len(row.unnoticed), len(row.unnoticed) - equivalent, equivalent,
        )  # fmt: skip
        is_stale = row.sources != digest(source)
        lines.append(line(source, *figures, f"{row.date} {row.commit}{', stale' if is_stale else ''}"))
        if not is_stale:
            totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
    lines.append(line("together, without what is stale", *totals))
    return "\n".join(lines), totals[1] / max(1, totals[1] + totals[2])


def line(name: str, mutants: int, killed: int, survived: int, equivalent: int, note: str = "") -> str:
    """A row under `HEAD`."""
    return f"{name:42}{mutants:7}{killed:8}{survived:10}{equivalent:12}  {note}".rstrip()
