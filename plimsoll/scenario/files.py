"""Where scenarios and their reports lie, and how files that they name are read."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plimsoll.places import ROOT as ROOT
from plimsoll.places import SCENARIOS as SCENARIOS

REPORTS = Path("reports")


def names() -> list[str]:
    """The scenarios that ship with Plimsoll."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def file_of(name: str) -> Path:
    """A scenario's file by its path, or by its name alone when it ships with Plimsoll."""
    shipped = SCENARIOS / f"{name}.yaml"
    return shipped if "/" not in name and shipped.is_file() else Path(name)


def shown(path: Path) -> str:
    """The path as one would type it here."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@contextmanager
def legible(path: Path) -> Iterator[None]:
    """Reads a file that a scenario names. Raises `ValueError`, a sentence, when that cannot be done."""
    try:
        yield
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise ValueError(
            f"{path} cannot be read ({reason}); name another file, by its whole path if it is not beside the "
            "scenario"
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; name another file") from None


def lines_of_csv(path: Path) -> list[tuple[int, list[str]]]:
    """The lines of a CSV file that are not empty, with their numbers from 1."""
    with path.open(newline="", encoding="utf-8-sig") as text:
        return [(number, row) for number, row in enumerate(csv.reader(text), 1) if any(row)]
