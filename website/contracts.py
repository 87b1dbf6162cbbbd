"""The reference of the contracts: a page for each contract and interface, made of their NatSpec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from website import natspec
from website.natspec import Contract, Function, Record

WIDTH = 80  # of a signature in one line


def load() -> list[Contract]:
    """The contracts that are deployed, then the interfaces."""
    return [natspec.read(path) for path in (*natspec.deployable(), *natspec.interfaces())]


def source_uri(contract: Contract) -> str:
    """Where the page of a contract is."""
    return f"contracts/{contract.name}.md"


def listing_uri(path: Path) -> str:
    """Where the text of a source is."""
    return f"source/{path.relative_to(natspec.ROOT).as_posix()}.md"


def pages(contracts: list[Contract]) -> dict[str, str]:
    """The Markdown of each page."""
    return {source_uri(contract): "\n\n".join(_page(contract)) + "\n" for contract in contracts}


def nav(contracts: list[Contract]) -> list[Any]:
    """The pages, interfaces last."""
    entries = {contract: {contract.name: source_uri(contract)} for contract in contracts}
    is_interface = {contract: contract.path.suffix == ".vyi" for contract in contracts}
    return [
        *(entry for contract, entry in entries.items() if not is_interface[contract]),
        {"Interfaces": [entry for contract, entry in entries.items() if is_interface[contract]]},
    ]


def _page(contract: Contract) -> Iterator[str]:
    yield f"# {contract.name}"
    yield contract.notice
    yield f"Source: [{contract.path}](../{listing_uri(natspec.ROOT / contract.path)})"
    if contract.details:
        yield _numbered(contract.details)
    if contract.security:
        yield f"**Trust:** {contract.security}"
    changing = [each for each in contract.functions if each.mutability not in ("view", "pure")]
    views = [each for each in contract.functions if each not in changing and not each.is_getter]
    getters = [each for each in contract.functions if each.is_getter]
    for title, functions in (("Transactions", changing), ("Views", views)):
        if functions:
            yield f"## {title}"
            for function in functions:
                yield from _function(function)
    if getters:
        yield "## Public variables"
        yield _table(
            ("name", "of", "type", ""),
            [
                (
                    f"`{each.name}`",
                    ", ".join(f"`{part.type}`" for part in each.arguments),
                    ", ".join(f"`{part.type}`" for part in each.returns),
                    each.notice,
                )
                for each in getters
            ],
        )
    for title, records in (("Events", contract.events), ("Structs", contract.structs)):
        if records:
            yield f"## {title}"
            for record in records:
                yield from _record(record)


def _function(function: Function) -> Iterator[str]:
    yield f"### {function.name}"
    yield f"```python\n{_signature(function)}\n```"
    if function.notice:
        yield function.notice
    if function.details:
        yield function.details
    described = [part for part in function.arguments if part.text]
    if described:
        yield _table(("argument", ""), [(f"`{part.name}`", part.text) for part in described])
    for part in function.returns:
        if part.text:
            yield f"**Returns:** {part.text}"
    if function.reasons:
        yield "**Reverts:** " + ", ".join(map(_code, function.reasons))


def _signature(function: Function) -> str:
    """As Vyper writes it; one that is long, an argument a line."""
    arguments = [
        f"{part.name}: {part.type}" + (f" = {part.default}" if part.default else "")
        for part in function.arguments
    ]
    kinds = [part.type for part in function.returns if part.type]
    result = f" -> ({', '.join(kinds)})" if len(kinds) > 1 else f" -> {kinds[0]}" if kinds else ""
    line = f"{function.name}({', '.join(arguments)}){result}"
    if len(line) <= WIDTH:
        return line
    return f"{function.name}(\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){result}"


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _record(record: Record) -> Iterator[str]:
    yield f"### {record.name}"
    if record.fields:
        yield _table(
            ("field", "type", ""), [(f"`{part.name}`", f"`{part.type}`", part.text) for part in record.fields]
        )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _numbered(text: str) -> str:
    """A text in which `1. ... 2. ...` is a list again."""
    return re.sub(r" (?=\d\. )", "\n", text).replace("\n1. ", "\n\n1. ", 1)
