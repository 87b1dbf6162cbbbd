"""Compiles a contract in this process from sources changed on the way; the files stay as they are."""

import functools
import re
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
    return artifact_of(compiler_data(file, rewrite))


def compiler_data(file: str, rewrite: Callable[[Path, str], str]) -> Any:
    """Vyper's `CompilerData` of a contract's file (relative to the root), not yet compiled.

    Args:
        file: of the contract.
        rewrite: what stands in for the text of a file, by its path and its text.
    """
    from vyper.compiler.input_bundle import CompilerInput, FileInput, FilesystemInputBundle
    from vyper.compiler.phases import CompilerData

    class Bundle(FilesystemInputBundle):  # type: ignore[misc]
        """The file system, but for what is changed on the way."""

        def _load_from_path(self, resolved_path: Path, original_path: Path) -> CompilerInput:
            found = super()._load_from_path(resolved_path, original_path)
            text = rewrite(resolved_path, found.contents)
            return FileInput(found.source_id, original_path, resolved_path, text)

    bundle = Bundle([Path(sysconfig.get_path("purelib")), ROOT])
    return CompilerData(bundle.load_file(ROOT / file), bundle, no_bytecode_metadata=True)


def artifact_of(data: Any) -> Artifact:
    """What a `CompilerData` compiles to; raises whatever the compiler raises."""
    from vyper.compiler import outputs_from_compiler_data

    made = outputs_from_compiler_data(data, ["bytecode", "abi"])
    return Artifact(data.contract_path.stem, tuple(made["abi"]), bytes.fromhex(made["bytecode"][2:]))


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
