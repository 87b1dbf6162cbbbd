"""What contracts and interfaces say of themselves: their NatSpec, as the compiler's front end sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from vyper.ast import nodes as vy_ast

from quality.sources import ROOT, front_end, remark

CONTRACTS = ROOT / "contracts"


@dataclass(frozen=True)
class Part:
    """An argument, a returned value, or a field of an event or a struct."""

    name: str  # empty for a returned value
    type: str
    text: str
    default: str = ""


@dataclass(frozen=True)
class Function:
    """An external function, or the getter of a public variable."""

    name: str
    arguments: tuple[Part, ...]
    returns: tuple[Part, ...]
    mutability: str
    is_getter: bool
    notice: str
    details: str
    reasons: tuple[str, ...]  # with which it, or what it calls in its own contract, reverts


@dataclass(frozen=True)
class Record:
    """An event or a struct."""

    name: str
    fields: tuple[Part, ...]


@dataclass(frozen=True)
class Contract:
    """A contract or an interface."""

    name: str
    path: Path  # from the repository's root
    notice: str
    details: str
    security: str
    functions: tuple[Function, ...]
    events: tuple[Record, ...]
    structs: tuple[Record, ...]


def deployable() -> list[Path]:
    """The files of the contracts that are deployed, in the order of a loan's life; mocks are not."""
    order = (
        "Pool", "Vault", "Basket", "Council", "Backstop", "Factory", "Lens", "ChainlinkOracle", "Liquidator"
    )  # fmt: skip
    found = [path for path in CONTRACTS.rglob("[A-Z]*.vy") if "mocks" not in path.parts]
    return sorted(found, key=lambda path: order.index(path.stem) if path.stem in order else len(order))


def interfaces() -> list[Path]:
    """The files of the interfaces."""
    return sorted((CONTRACTS / "interfaces").glob("*.vyi"))


def read(path: Path) -> Contract:
    """What a contract or an interface says of itself."""
    module = front_end(path).annotated_vyper_module
    kind = module._metadata["type"]
    if path.suffix == ".vyi":
        functions = [node._metadata["func_type"] for node in module.get_children(vy_ast.FunctionDef)]
        events = [node._metadata["event_type"] for node in module.get_children(vy_ast.EventDef)]
    else:
        own_first = sorted(kind.exposed_functions, key=lambda each: each.decl_node.module_node is not module)
        functions, events = own_first, kind.used_events
    said = _natspec(module.get("doc_string.value"))
    return Contract(
        name=path.stem,
        path=path.relative_to(ROOT),
        notice=_first(said, "notice"),
        details=_first(said, "dev"),
        security=_first(said, "custom:security"),
        functions=tuple(map(_function, functions)),
        events=tuple(_record(event.name, event.decl_node) for event in events),
        structs=tuple(_record(node.name, node) for node in module.get_children(vy_ast.StructDef)),
    )


def _function(kind: Any) -> Function:
    node = kind.decl_node
    said = _natspec(node.get("doc_string.value"))
    described = dict(text.split(maxsplit=1) for text in said.get("param", []))
    is_getter = node.lineno is None  # made by the compiler
    return Function(
        name=kind.name,
        arguments=tuple(
            Part(
                "" if is_getter else each.name,
                str(each.typ),
                described.get(each.name, ""),
                default.node_source_code if (default := getattr(each, "default_value", None)) else "",
            )
            for each in kind.arguments
        ),
        returns=tuple(
            Part("", str(each), text)
            for each, text in zip_longest(_elements(kind.return_type), said.get("return", []), fillvalue="")
        ),
        mutability=kind.mutability.value,
        is_getter=is_getter,
        notice=_of_variable(kind) if is_getter else _first(said, "notice"),
        details=_first(said, "dev"),
        reasons=tuple(dict.fromkeys(_reasons(kind))),
    )


def _of_variable(getter: Any) -> str:
    """What is remarked of the variable that a getter returns."""
    return remark(getter.decl_node.module_node._metadata["type"].variables[getter.name].decl_node)


def _natspec(docstring: str | None) -> dict[str, list[str]]:
    """The texts behind each tag, in their order."""
    said: dict[str, list[str]] = {}
    for tag, text in re.findall(r"^\s*@(\S+)\s+(.*?)(?=^\s*@|\Z)", docstring or "", flags=re.M | re.S):
        said.setdefault(tag, []).append(" ".join(text.split()))
    return said


def _first(said: dict[str, list[str]], tag: str) -> str:
    return said.get(tag, [""])[0]


def _elements(kind: Any) -> list[Any]:
    if kind is None:
        return []
    return list(kind.member_types) if type(kind).__name__ == "TupleT" else [kind]


def _reasons(kind: Any) -> Iterator[str]:
    """The reasons of the assertions and raises that a call can come by without leaving its contract."""
    for each in (kind, *kind.reachable_internal_functions):
        for node in each.decl_node.get_descendants((vy_ast.Assert, vy_ast.Raise)):
            reason = node.msg if isinstance(node, vy_ast.Assert) else node.exc
            if isinstance(reason, vy_ast.Str):
                yield reason.value


def _record(name: str, node: Any) -> Record:
    fields = node.get_children(vy_ast.AnnAssign)
    return Record(
        name, tuple(Part(each.target.id, each.annotation.node_source_code, remark(each)) for each in fields)
    )


def undocumented(contracts: Iterable[Contract]) -> list[str]:
    """The functions of contracts that say neither what they do nor what they return.

    Getters of public variables need not, and what an interface lists is explained where it is implemented.
    """
    return [
        f"{contract.name}.{function.name}"
        for contract in contracts
        if contract.path.suffix == ".vy"
        for function in contract.functions
        if not function.is_getter and not function.notice and not any(part.text for part in function.returns)
    ]
