"""The compiled contracts: ours by vyper, those of Uniswap from its packages.

In a clone, what was compiled is kept as long as no file that went into it changes. `python -m
plimsoll.chain.artifacts` compiles all that is missing. An installed package brings its contracts, compiled
when it was built, and needs no compiler.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

from plimsoll.chain import uniswap
from plimsoll.chain.artifact import Artifact
from plimsoll.places import COMPILED, CONTRACTS, IS_INSTALLED, ROOT
from plimsoll.strict import hint

_COMPILERS = ("vyper", "snekmate")
_FORMAT = "6"  # of what is kept


@dataclass(frozen=True)
class Compiled:
    """A contract as the compiler leaves it."""

    artifact: Artifact
    runtime: bytes  # without immutables
    layout: dict[str, Any]  # of storage, transient storage and immutables
    devdoc: dict[str, Any]  # NatSpec for developers
    userdoc: dict[str, Any]  # and for users
    compilers: list[str]  # name and version; the first is the format of what is kept
    files: dict[str, str]  # that went into it, with their digests; relative to the root or to site-packages


@functools.cache
def sources() -> dict[str, Path]:
    """The file of every contract that can be deployed, by its name."""
    return {path.stem: path for path in sorted(CONTRACTS.rglob("[A-Z]*.vy"))}


_found: dict[str, Artifact] = {}


def artifact(name: str) -> Artifact:
    """A contract of ours, of Uniswap v2, or WETH9.

    Raises:
        LookupError: there is none of that name.
        FileNotFoundError: Uniswap's packages are not here.
        vyper.exceptions.VyperException: it does not compile.
    """
    if name not in _found:
        _found[name] = uniswap.artifact(name) if name in uniswap.PACKAGES else compiled(name).artifact
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


@functools.cache
def compiled(name: str) -> Compiled:
    """All that the compiler says of a contract of ours.

    Raises:
        LookupError: there is none of that name.
        vyper.exceptions.VyperException: it does not compile.
    """
    kept = _kept(name)
    if kept is not None:
        return kept
    if name not in sources():
        known = (*sources(), *uniswap.PACKAGES)
        raise LookupError(
            f"There is no contract {name!r}{hint(name, known) or '; there are ' + ', '.join(known)}."
        )
    made = compile_file(sources()[name])
    COMPILED.mkdir(parents=True, exist_ok=True)
    part = COMPILED / f"{name}.{os.getpid()}"
    part.write_text(json.dumps(_told(made)))
    part.rename(COMPILED / f"{name}.json")
    return made


def slots(name: str) -> dict[str, int]:
    """The slots of a contract's storage by dotted name."""
    return dict(_slots(compiled(name).layout.get("storage_layout", {}), ""))


def runtime(name: str) -> bytes:
    """A contract's runtime code, without immutables, which come after it."""
    return compiled(name).runtime


def compiler() -> str:
    """What the contracts were compiled with, such as `vyper 0.4.3`."""
    return compiled("Pool").compilers[1]


def load(names: Iterable[str], exchange: bool) -> dict[str, Artifact]:
    """Contracts by name; those of Uniswap v2 as well, if there is to be an exchange.

    Raises:
        FileNotFoundError: Uniswap's packages are not here.
    """
    return {name: artifact(name) for name in (*names, *(uniswap.EXCHANGE if exchange else ()))}


def compile_missing() -> None:
    """Compiles what is not kept, with all processors."""
    missing = [name for name in sources() if _kept(name) is None]
    if missing:
        with ProcessPoolExecutor() as pool:
            list(pool.map(compiled, missing))


def compile_file(path: Path) -> Compiled:
    """Compiles a contract in this process, by the path of its file.

    Raises:
        vyper.exceptions.VyperException: it does not compile.
    """
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import CompilerInput, FilesystemInputBundle

    files: dict[str, str] = {}

    class Bundle(FilesystemInputBundle):  # type: ignore[misc]
        """The file system, seen on the way."""

        def _load_from_path(self, resolved_path: Path, original_path: Path) -> CompilerInput:
            found = super()._load_from_path(resolved_path, original_path)
            files[_name(resolved_path)] = digest(found.contents)
            return found

    bundle = Bundle([_packages(), ROOT])
    formats = ["bytecode", "bytecode_runtime", "abi", "layout", "devdoc", "userdoc"]
    answer: dict[str, Any] = compile_from_file_input(bundle.load_file(path), bundle, output_formats=formats)
    return Compiled(
        Artifact(path.stem, tuple(answer["abi"]), bytes.fromhex(answer["bytecode"][2:])),
        bytes.fromhex(answer["bytecode_runtime"][2:]),
        _without_paths(answer["layout"]),
        answer["devdoc"],
        answer["userdoc"],
        _compilers(),
        files,
    )


def _without_paths(layout: Any) -> Any:
    """A layout that calls a type which the compiler brings by its name, not by where that was found."""
    if isinstance(layout, dict):
        return {key: _without_paths(value) for key, value in layout.items()}
    return Path(layout).stem if isinstance(layout, str) and layout.endswith(".vyi") else layout


def _told(made: Compiled) -> dict[str, Any]:
    """A contract as its file has it."""
    return {
        "name": made.artifact.name,
        "compilers": made.compilers,
        "files": made.files,
        "abi": made.artifact.abi,
        "initcode": "0x" + made.artifact.initcode.hex(),
        "runtime": "0x" + made.runtime.hex(),
        "layout": made.layout,
        "devdoc": made.devdoc,
        "userdoc": made.userdoc,
    }


def _kept(name: str) -> Compiled | None:
    """What came with the package, or what an earlier compilation of the same files has left in a clone."""
    path = COMPILED / f"{name}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    if not IS_INSTALLED and (
        kept["compilers"] != _compilers()
        or any(_digest_of(file) != seen for file, seen in kept["files"].items())
    ):
        return None
    return Compiled(
        Artifact(name, tuple(kept["abi"]), bytes.fromhex(kept["initcode"][2:])),
        bytes.fromhex(kept["runtime"][2:]),
        kept["layout"],
        kept["devdoc"],
        kept["userdoc"],
        kept["compilers"],
        kept["files"],
    )


@functools.cache
def _compilers() -> list[str]:
    return [f"format {_FORMAT}", *(f"{compiler} {version(compiler)}" for compiler in _COMPILERS)]


@functools.cache
def _packages() -> Path:
    """The folder with the packages that contracts import."""
    return Path(str(distribution("snekmate").locate_file(""))).resolve()


def _name(path: Path) -> str:
    for folder in (_packages(), ROOT):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return str(path)


def digest(text: str) -> str:
    """Tells texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _digest_of(file: str) -> str | None:
    found = (folder / file for folder in (ROOT, _packages()))
    return next((digest(path.read_text()) for path in found if path.is_file()), None)


def _slots(part: dict[str, Any], prefix: str) -> Iterable[tuple[str, int]]:
    for key, entry in part.items():
        if "slot" in entry:
            yield prefix + key, entry["slot"]
        else:
            yield from _slots(entry, f"{prefix}{key}.")


if __name__ == "__main__":
    compile_missing()
