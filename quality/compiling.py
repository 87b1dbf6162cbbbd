"""Compiles a contract in this process with the text of one source file replaced; the file stays as it is."""

import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import CompilerInput, FileInput, FilesystemInputBundle

from plimsoll.chain.engine import Artifact

ROOT = Path(__file__).parents[1]
CONTRACTS = {
    "Pool": "contracts/Pool.vy",
    "Vault": "contracts/Vault.vy",
    "Council": "contracts/Council.vy",
    "Factory": "contracts/Factory.vy",
    "ChainlinkOracle": "contracts/oracles/ChainlinkOracle.vy",
}
_IMPORT = re.compile(r"^from (\.+)(\S*) import (\w+)", re.MULTILINE)


class _Overlay(FilesystemInputBundle):  # type: ignore[misc]
    """The file system, but for one file."""

    def __init__(self, replaced: Path, text: str) -> None:
        super().__init__([Path(sysconfig.get_path("purelib")), ROOT])
        self.replaced = replaced
        self.text = text

    def _load_from_path(self, resolved_path: Path, original_path: Path) -> CompilerInput:
        found = super()._load_from_path(resolved_path, original_path)
        if resolved_path != self.replaced:
            return found
        return FileInput(found.source_id, original_path, resolved_path, self.text)


def build(name: str, source: str = "", text: str = "") -> Artifact:
    """Compiles a contract of `CONTRACTS`; `text` stands in for the file `source` (relative to the root).

    The code ends without the compiler's digest of the sources, so equal code means equal behaviour.

    Raises:
        Exception: whatever the compiler raises when it refuses the text.
    """
    bundle = _Overlay((ROOT / source).resolve(), text)
    answer: dict[str, Any] = compile_from_file_input(
        bundle.load_file(CONTRACTS[name]),
        bundle,
        output_formats=["bytecode", "abi"],
        no_bytecode_metadata=True,
    )
    return Artifact(name, tuple(answer["abi"]), bytes.fromhex(answer["bytecode"][2:]))


def contracts_with(source: str) -> list[str]:
    """The contracts of `CONTRACTS` that a source file is part of."""
    return [name for name, path in CONTRACTS.items() if (ROOT / source).resolve() in set(_parts(ROOT / path))]


def _parts(path: Path) -> Iterator[Path]:
    path = path.resolve()
    yield path
    for dots, folder, name in _IMPORT.findall(path.read_text()):
        part = path.parents[len(dots) - 1].joinpath(*folder.split("."), f"{name}.vy")
        if part.is_file():
            yield from _parts(part)
