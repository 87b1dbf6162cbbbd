"""Where scenarios and their reports lie."""

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
