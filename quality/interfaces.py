"""Interfaces for Solidity and ABI files, from the contracts as the compiler sees them.

An interface has every external function of a contract, an overload for each number of default arguments, its
events, its structs by their names, and what the Vyper sources say about them. `python -m quality.interfaces`
writes `interfaces/` and `abi/` afresh.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vyper.semantics.types import BytesT, DArrayT, SArrayT, StringT, StructT, TupleT

from plimsoll.chain.artifacts import artifact
from quality.sources import ROOT, comments, front_end, remark

SOLIDITY = ROOT / "interfaces"
ABI = ROOT / "abi"
CONTRACTS = (
    "Pool", "Vault", "Basket", "Council", "Factory", "Lens", "periphery/Backstop", "periphery/Liquidator",
    "periphery/Leverage", "oracles/ChainlinkOracle",
)  # fmt: skip
IMPLEMENTED_BY_OTHERS = ("IOracle", "ICallbacks", "IBasketCallbacks", "IFlashBorrower")
SOURCES = {
    **{f"I{Path(name).name}": ROOT / "contracts" / f"{name}.vy" for name in CONTRACTS},
    **{name: ROOT / "contracts" / "interfaces" / f"{name}.vyi" for name in IMPLEMENTED_BY_OTHERS},
}
"""What each interface is made of."""

_RESERVED = {"fallback"}  # by Solidity; names that we use
_INDENT = " " * 4
_WIDTH = 112


def written() -> dict[Path, str]:
    """The text of every file."""
    files = {}
    for name, source in SOURCES.items():
        module = _module(source)
        files[SOLIDITY / f"{name}.sol"] = _Interface(name, module, _declared(name)).text()
        is_contract = source.suffix == ".vy"
        abi = artifact(source.stem).abi if is_contract else module.interface.to_toplevel_abi_dict()
        files[ABI / f"{source.stem}.json"] = json.dumps(abi, indent=1) + "\n"
    return files


def _module(source: Path) -> Any:
    return front_end(source).annotated_vyper_module._metadata["type"]


def _declared(name: str) -> dict[str, StructT]:
    """The structs of the Vyper interface of that name, which others may take from it."""
    source = ROOT / "contracts" / "interfaces" / f"{name}.vyi"
    return dict(_module(source).interface.structs) if source.is_file() else {}


@dataclass
class _Interface:
    """An interface on its way."""

    name: str
    module: Any
    structs: dict[str, StructT]
    imports: set[str] = field(default_factory=set)

    def text(self) -> str:
        events = [self._event(each) for each in sorted(self._events(), key=_place)]
        functions = ["\n".join(self._overloads(each)) for each in self._functions()]
        # fields may be of further structs
        structs: list[str] = []
        while len(structs) < len(self.structs):
            structs = [self._struct(each) for each in sorted(self.structs.values(), key=_place)]
        return "\n".join(
            [
                "// SPDX-License-Identifier: AGPL-3.0-only",
                f"// Written by `python -m quality.interfaces` from {self.module.decl_node.path}.",
                "pragma solidity >=0.8.4;\n",
                *(f'import {{{name}}} from "./{name}.sol";' for name in sorted(self.imports)),
                *([""] if self.imports else []),
                *_natspec(self.module.decl_node, ""),
                f"interface {self.name} {{",
                "\n\n".join([*structs, *events, *functions]),
                "}\n",
            ]
        )

    def _functions(self) -> list[Any]:
        if self.module.decl_node.path.endswith(".vyi"):
            return list(self.module.functions.values())
        return [each for each in self.module.exposed_functions if not each.is_constructor]

    def _events(self) -> list[Any]:
        return list(self.module.interface.events.values())

    def _overloads(self, function: Any) -> Iterator[str]:
        """A function with all its arguments, then with fewer and fewer."""
        least = len(function.arguments) - len(function.keyword_args)
        for count in range(len(function.arguments), least - 1, -1):
            arguments = function.arguments[:count]
            left = [
                f"{each.name} = {each.default_value.node_source_code.removeprefix('b')}"
                for each in function.keyword_args[count - least :]
            ]
            if left:
                yield f"\n{_INDENT}/// @notice The same with {', '.join(left)}."
            else:
                yield from _said_of(function)
            parts = [self._argument(each.typ, each.name, "calldata") for each in arguments]
            view = f" {function.mutability.value}" if function.mutability.value != "nonpayable" else ""
            answers = self._answers(function.return_type)
            yield _wrapped(f"{_INDENT}function {function.name}", parts, f"external{view}{answers};")

    def _answers(self, kind: Any) -> str:
        if kind is None:
            return ""
        kinds = kind.member_types if isinstance(kind, TupleT) else [kind]
        return f" returns ({', '.join(self._argument(each, '', 'memory') for each in kinds)})"

    def _event(self, event: Any) -> str:
        if not event.arguments:
            return f"{_INDENT}event {event.name}();"
        fields = [
            f"{self._type(kind)} {'indexed ' if is_indexed else ''}{_named(name)}"
            for (name, kind), is_indexed in zip(event.arguments.items(), event.indexed, strict=True)
        ]
        fields = [*(f"{each}," for each in fields[:-1]), fields[-1]]
        return _block(f"event {event.name}(", fields, event.decl_node, ");")

    def _struct(self, struct: StructT) -> str:
        fields = [f"{self._type(kind)} {_named(name)};" for name, kind in struct.members.items()]
        return _block(f"struct {struct.name} {{", fields, struct.ast_def, "}")

    def _argument(self, kind: Any, name: str, location: str) -> str:
        is_long = isinstance(kind, StringT | BytesT | DArrayT | SArrayT | StructT)
        return " ".join(
            part for part in (self._type(kind), location if is_long else "", _named(name)) if part
        )

    def _type(self, kind: Any) -> str:
        if isinstance(kind, StringT):
            return "string"
        if isinstance(kind, BytesT):
            return "bytes"
        if isinstance(kind, DArrayT):
            return f"{self._type(kind.value_type)}[]"
        if isinstance(kind, SArrayT):
            return f"{self._type(kind.value_type)}[{kind.length}]"
        if not isinstance(kind, StructT):
            return str(kind.canonical_abi_type)
        home = Path(kind.ast_def.module_node.path).stem
        if home in SOURCES and home != self.name:
            self.imports.add(home)
            return f"{home}.{kind.name}"
        self.structs[kind.name] = kind
        return kind.name


def _block(head: str, fields: Sequence[str], declaration: Any, foot: str) -> str:
    """Fields, each with what the source says of it."""
    lines = [_INDENT + head]
    for text, node in zip(fields, declaration.body, strict=True):
        above, beside = comments(node)
        lines += [f"{2 * _INDENT}// {line}" for line in above]
        lines.append(f"{2 * _INDENT}{text}  // {beside}" if beside else 2 * _INDENT + text)
    return "\n".join([*lines, _INDENT + foot])


def _said_of(function: Any) -> list[str]:
    """The docstring of a function; of a public variable the comments at it."""
    node = function.decl_node
    variable = node.module_node._metadata["type"].variables.get(function.name)
    if variable is None:
        return _natspec(node, _INDENT)
    said = remark(variable.decl_node)
    return [f"{_INDENT}/// @notice {said}"] if said else []


def _natspec(node: Any, indent: str) -> list[str]:
    """A docstring as Solidity has it."""
    docstring = getattr(node, "doc_string", None)
    if docstring is None:
        return []
    lines = [line.strip() for line in docstring.value.strip().splitlines()]
    return [f"{indent}/// {line}".rstrip() for line in lines if not line.startswith("@license")]


def _wrapped(head: str, parts: Sequence[str], tail: str) -> str:
    """A declaration, on lines of its own where it is long."""
    line = f"{head}({', '.join(parts)}) {tail}"
    if len(line) <= _WIDTH:
        return line
    separator = f",\n{2 * _INDENT}"
    return f"{head}(\n{2 * _INDENT}{separator.join(parts)}\n{_INDENT}) {tail}"


def _named(name: str) -> str:
    return f"{name}_" if name in _RESERVED else name


def _place(declared: Any) -> tuple[str, int]:
    """Where something is declared."""
    node = getattr(declared, "decl_node", None) or declared.ast_def
    return node.module_node.path, node.lineno


def main() -> None:
    """Writes every file, and takes away those of contracts that are gone."""
    files = written()
    for folder in (SOLIDITY, ABI):
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            if path not in files:
                path.unlink()
    for path, text in files.items():
        path.write_text(text)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
