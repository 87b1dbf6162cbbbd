"""Compiles contracts with one file changed, to the compiler's code in a third of its time.

Vyper 0.4.3 does most of its work many times over. Here is done once:

- its optimiser begins again with every subtree at each level of a program; here each node keeps what became
  of it;
- modules that do not import the changed file, at any depth, are read and checked before the processes fork
  that compile changes;
- the table that finds a function by its selector is searched for once for the same functions;
- instructions do not bear the line that they come from, which it writes onto them again at every level.

Each run of `make mutation` compares the runtime code of all contracts with the compiler's, `make fuzz` all
that comes of the mistakes of `tests/stateful/test_mutants.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import vyper.ast as ast
from vyper.codegen import jumptable_utils
from vyper.ir import compile_ir, optimizer
from vyper.semantics.analysis import imports

from plimsoll.chain.engine import Artifact
from quality.compiling import CONTRACTS, ROOT, artifact_of, compiler_data

Modules = dict[Path, Any]  # vyper's, by their files
_TRUTHY = ("if", "assert", "iszero")  # under these the optimiser makes something else of a node

_parse = imports._parse_ast
_resolve = imports.ImportAnalyzer._resolve_imports_r
_optimise = optimizer._optimize
_find_magic = jumptable_utils.find_magic_for


_checked: dict[str, Modules] = {}  # by contract; of this module, for an object would be copied to a process


def prepare() -> None:
    """Reads all contracts with their modules; processes that are forked after it compile fast."""
    _checked.update({name: _check(file) for name, file in CONTRACTS.items()})


def rebuild(name: str, source: str, text: str) -> Artifact:
    """As `quality.compiling.build`; fast once for each contract in a process: compiling uses its modules up.

    Raises:
        Exception: whatever the compiler raises when it refuses the text.
    """
    changed, checked = (ROOT / source).resolve(), _checked.pop(name, {})
    kept = {path: module for path, module in checked.items() if changed not in _reach(module)}

    def parse(file: Any) -> Any:
        return kept.get(file.resolved_path) or _parse(file)

    with (
        _reading(parse),
        patch.object(optimizer, "_optimize", _optimise_once),
        patch.object(jumptable_utils, "find_magic_for", lambda ids: _find_magic_once(tuple(ids))),
        patch.object(compile_ir, "_compile_to_assembly", compile_ir._compile_to_assembly.__wrapped__),
    ):
        return artifact_of(
            compiler_data(CONTRACTS[name], lambda path, found: text if path == changed else found)
        )


def _check(file: str) -> Modules:
    """The modules that a contract imports, at any depth, as the compiler's analysis leaves them."""
    found: Modules = {}

    def parse(file: Any) -> Any:
        found[file.resolved_path] = module = _parse(file)
        return module

    with _reading(parse):
        compiler_data(file, lambda _, text: text).annotated_vyper_module  # noqa: B018  a property that works
    return found


@contextmanager
def _reading(parse: Callable[[Any], Any]) -> Iterator[None]:
    """Lets the compiler get its modules otherwise; what is in those that it has checked stays as it is."""

    def resolve(analyser: Any, module: Any) -> None:
        if "type" in module._metadata:
            analyser.seen.add(module)
        else:
            _resolve(analyser, module)

    with (
        patch.object(imports, "_parse_ast", parse),
        patch.object(imports.ImportAnalyzer, "_resolve_imports_r", resolve),
    ):
        yield


def _reach(module: Any) -> set[Path]:
    """A module's file and those of everything it imports."""
    reach = {Path(module.resolved_path)}
    for node in module.get_children((ast.Import, ast.ImportFrom)):
        reach |= _reach(node._metadata["import_info"].parsed)
    return reach


def _optimise_once(node: Any, parent: Any) -> tuple[bool, Any]:
    """The compiler's `_optimize`: of a parent it sees the name alone, in its own results nothing to do."""
    under = parent.value if parent is not None and parent.value in _TRUTHY else ""
    known = node.__dict__.setdefault("optimised", {})
    if under not in known:
        known[under] = _optimise(node, parent)
        made = known[under][1]
        made.__dict__.setdefault("optimised", {}).setdefault(under, (False, made))
    answer: tuple[bool, Any] = known[under]
    return answer


@cache
def _find_magic_once(ids: tuple[int, ...]) -> int:
    """The compiler's `find_magic_for`."""
    return int(_find_magic(ids))
