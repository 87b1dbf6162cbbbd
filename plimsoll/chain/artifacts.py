"""The compiled contracts: ours by vyper, those of Uniswap from its packages.

What was compiled is kept under `.build` as long as no file that went into it changes. `python -m
plimsoll.chain.artifacts` compiles all that is missing.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from plimsoll.chain import uniswap
from plimsoll.chain.engine import Artifact

ROOT = Path(__file__).parents[2]
_KEPT = ROOT / ".build" / "artifacts"
_COMPILERS = ("vyper", "snekmate")
_FORMAT = "3"  # of what is kept


@dataclass(frozen=True)
class Compiled:
    """A contract as the compiler leaves it."""

    artifact: Artifact
    slots: dict[str, int]  # of storage, by dotted name
    runtime: bytes  # code, without immutables
    files: dict[str, str]  # that went into it, with their digests; relative to the root where they are in it


@functools.cache
def sources() -> dict[str, Path]:
    """The file of every contract that can be deployed, by its name."""
    return {path.stem: path for path in sorted((ROOT / "contracts").rglob("[A-Z]*.vy"))}


_found: dict[str, Artifact] = {}


def artifact(name: str) -> Artifact:
    """A contract of ours, of Uniswap v2, or WETH9.

    Raises:
        KeyError: there is none of that name.
        FileNotFoundError: Uniswap's packages are not installed.
        vyper.exceptions.VyperException: it does not compile.
    """
    if name not in _found:
        _found[name] = uniswap.artifact(name) if name in uniswap.PACKAGES else _compiled(name).artifact
    return _found[name]


@contextmanager
def standing_in(others: Mapping[str, Artifact]) -> Iterator[None]:
    """Lets `artifact` answer others under the names of the originals: changed contracts, that tests judge."""
    before = dict(_found)
    _found.update(others)
    try:
        yield
    finally:
        _found.clear()
        _found.update(before)


def slots(name: str) -> dict[str, int]:
    """The slots of a contract's storage by dotted name."""
    return _compiled(name).slots


def runtime(name: str) -> bytes:
    """A contract's runtime code, without immutables, which come after it."""
    return _compiled(name).runtime


def load(names: Iterable[str], exchange: bool) -> dict[str, Artifact]:
    """Contracts by name; those of Uniswap v2 as well, if there is to be an exchange.

    Raises:
        FileNotFoundError: Uniswap's packages are not installed.
    """
    return {name: artifact(name) for name in (*names, *(uniswap.EXCHANGE if exchange else ()))}


def compile_missing() -> None:
    """Compiles what is not kept, with all processors."""
    missing = [name for name in sources() if _kept(name) is None]
    if missing:
        with ProcessPoolExecutor() as pool:
            list(pool.map(_compiled, missing))


def compile_file(
    path: Path, rewrite: Callable[[Path, str], str] | None = None, is_bare: bool = False
) -> Compiled:
    """Compiles a contract in this process.

    Args:
        path: of its file.
        rewrite: what stands in for the text of a file, by its path and its text; the files stay as they are.
        is_bare: without the compiler's digest of the sources, so that equal code means equal behaviour.

    Raises:
        Exception: whatever the compiler raises.
    """
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import CompilerInput, FileInput, FilesystemInputBundle

    files: dict[str, str] = {}

    class Bundle(FilesystemInputBundle):  # type: ignore[misc]
        """The file system, seen on the way."""

        def _load_from_path(self, resolved_path: Path, original_path: Path) -> CompilerInput:
            found = super()._load_from_path(resolved_path, original_path)
            files[_name(resolved_path)] = _digest(found.contents)
            text = rewrite(resolved_path, found.contents) if rewrite else found.contents
            return FileInput(found.source_id, original_path, resolved_path, text)

    bundle = Bundle([Path(sysconfig.get_path("purelib")), ROOT])
    formats = ["bytecode", "bytecode_runtime", "abi", "layout"]
    answer: dict[str, Any] = compile_from_file_input(
        bundle.load_file(path), bundle, output_formats=formats, no_bytecode_metadata=is_bare
    )
    made = Artifact(path.stem, tuple(answer["abi"]), bytes.fromhex(answer["bytecode"][2:]))
    slots = dict(_slots(answer["layout"].get("storage_layout", {}), ""))
    return Compiled(made, slots, bytes.fromhex(answer["bytecode_runtime"][2:]), files)


@functools.cache
def _compiled(name: str) -> Compiled:
    kept = _kept(name)
    if kept is not None:
        return kept
    made = compile_file(sources()[name])
    _KEPT.mkdir(parents=True, exist_ok=True)
    part = _KEPT / f"{name}.{os.getpid()}"
    code = made.artifact.initcode.hex()
    part.write_text(
        json.dumps(
            {
                "compilers": _compilers(), "files": made.files, "abi": made.artifact.abi, "initcode": code,
                "slots": made.slots, "runtime": made.runtime.hex(),
            }
        )
    )  # fmt: skip
    part.rename(_KEPT / f"{name}.json")
    return made


def _kept(name: str) -> Compiled | None:
    """What an earlier compilation of the same files by the same compiler has left."""
    path = _KEPT / f"{name}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    if kept["compilers"] != _compilers() or any(
        _digest_of(file) != seen for file, seen in kept["files"].items()
    ):
        return None
    made = Artifact(name, tuple(kept["abi"]), bytes.fromhex(kept["initcode"]))
    return Compiled(made, kept["slots"], bytes.fromhex(kept["runtime"]), kept["files"])


@functools.cache
def _compilers() -> list[str]:
    return [_FORMAT, *(f"{compiler} {version(compiler)}" for compiler in _COMPILERS)]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _digest_of(file: str) -> str | None:
    path = ROOT / file
    return _digest(path.read_text()) if path.is_file() else None


def _slots(part: dict[str, Any], prefix: str) -> Iterable[tuple[str, int]]:
    for key, entry in part.items():
        if "slot" in entry:
            yield prefix + key, entry["slot"]
        else:
            yield from _slots(entry, f"{prefix}{key}.")


if __name__ == "__main__":
    compile_missing()
