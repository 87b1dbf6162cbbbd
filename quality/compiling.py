"""Compiles a contract in this process from sources changed on the way; the files stay as they are."""

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from plimsoll.chain.artifacts import compile_file
from plimsoll.chain.engine import Artifact

ROOT = Path(__file__).parents[1]
CONTRACTS = {
    "Pool": "contracts/Pool.vy",
    "Vault": "contracts/Vault.vy",
    "Basket": "contracts/Basket.vy",
    "Council": "contracts/Council.vy",
    "Factory": "contracts/Factory.vy",
    "Backstop": "contracts/periphery/Backstop.vy",
    "Liquidator": "contracts/periphery/Liquidator.vy",
    "Leverage": "contracts/periphery/Leverage.vy",
    "Lens": "contracts/Lens.vy",
    "ChainlinkOracle": "contracts/oracles/ChainlinkOracle.vy",
}
_OPTIMISER = re.compile(r"^(# pragma optimize )\w+$", re.MULTILINE)
_IMPORT = re.compile(r"^from (\.+)(\S*) import (\w+)", re.MULTILINE)


def build(name: str, source: str = "", text: str = "") -> Artifact:
    """Compiles a contract of `CONTRACTS`; `text` stands in for the file `source` (relative to the root).

    The code ends without the compiler's digest of the sources, so equal code means equal behaviour.

    Raises:
        Exception: whatever the compiler raises when it refuses the text.
    """
    return build_file(CONTRACTS[name], source, text)


def build_file(file: str, source: str = "", text: str = "") -> Artifact:
    """As `build`, of any contract's file (relative to the root)."""
    replaced = (ROOT / source).resolve()
    return _compile(file, lambda path, found: text if path == replaced else found)


def build_optimised(name: str, level: str) -> Artifact:
    """Compiles a contract of `CONTRACTS` with another optimiser: none, gas or codesize in every pragma."""
    return _compile(CONTRACTS[name], lambda _, found: _OPTIMISER.sub(rf"\g<1>{level}", found))


def _compile(file: str, rewrite: Callable[[Path, str], str]) -> Artifact:
    return compile_file(ROOT / file, rewrite, is_bare=True).artifact


def contracts_with(source: str) -> list[str]:
    """The contracts of `CONTRACTS` that a source file is part of."""
    return [name for name in CONTRACTS if (ROOT / source).resolve() in parts(name)]


@functools.cache
def parts(name: str) -> frozenset[Path]:
    """The files with code of ours that a contract of `CONTRACTS` is made of."""
    return frozenset(_parts(ROOT / CONTRACTS[name]))


def _parts(path: Path) -> Iterator[Path]:
    path = path.resolve()
    yield path
    for dots, folder, name in _IMPORT.findall(path.read_text()):
        part = path.parents[len(dots) - 1].joinpath(*folder.split("."), f"{name}.vy")
        # a contract that another one imports gives it an interface, no code
        if part.is_file() and part.relative_to(ROOT).as_posix() not in CONTRACTS.values():
            yield from _parts(part)
