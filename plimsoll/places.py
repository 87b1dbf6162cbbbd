"""Where the files are that belong to Plimsoll.

In a clone they stand beside the package. An installed package has a copy of them, `shipped`, and the compiled
contracts in it, which the build adds (`setup.py`); so it needs no compiler.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent
SHIPPED = PACKAGE / "shipped"
IS_INSTALLED = SHIPPED.is_dir()
ROOT = SHIPPED if IS_INSTALLED else PACKAGE.parent
"""The folder with `contracts`, `scenarios`, `markets` and `package.json`."""

CONTRACTS = ROOT / "contracts"
SCENARIOS = ROOT / "scenarios"
MARKETS = ROOT / "markets"
COMPILED = ROOT / "artifacts" if IS_INSTALLED else ROOT / ".build" / "artifacts"
"""A JSON file for each compiled contract; in a clone, those that were compiled there."""


def cache() -> Path:
    """The user's folder for what was fetched; it need not exist."""
    from platformdirs import user_cache_path

    return user_cache_path("plimsoll")
