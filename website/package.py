"""The reference of the Python package: a page for each public module; mkdocstrings renders its docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

from website.griffe_remarks import Remarks

ROOT = Path(__file__).parents[1]
PACKAGE = "plimsoll"
PUBLIC = ("market", "scenario", "report", "testing", "params", "units", "twin", "chain", "deploy", "keeper")
"""What others may import, in the order in which they need it; of packages all their modules."""


def load() -> griffe.Module:
    """The package as its sources say, without importing it."""
    loader = griffe.GriffeLoader(
        search_paths=[ROOT], extensions=griffe.load_extensions(Remarks()), docstring_parser="google"
    )
    found = loader.load(PACKAGE)
    assert isinstance(found, griffe.Module)
    return found


def modules(package: griffe.Module) -> Iterator[griffe.Module]:
    """The public modules, each package before what is in it."""
    yield package
    for name in PUBLIC:
        if name in package.modules:
            yield from _within(package.modules[name])


def _within(module: griffe.Module) -> Iterator[griffe.Module]:
    yield module
    for name, inner in sorted(module.modules.items()):
        if not name.startswith("_") and not inner.is_alias:
            yield from _within(inner)


def source_uri(module: griffe.Module) -> str:
    """Where the page of a module is."""
    return f"python/{module.path}.md"


def pages(package: griffe.Module) -> dict[str, str]:
    """The Markdown of each page."""
    return {source_uri(module): f"# {module.path}\n\n::: {module.path}\n" for module in modules(package)}


def nav(package: griffe.Module) -> list[Any]:
    """The pages by package."""
    found: list[Any] = [{PACKAGE: source_uri(package)}]
    for name in PUBLIC:
        if name not in package.modules:
            continue
        module = package.modules[name]
        inner = [{each.path.removeprefix(f"{PACKAGE}."): source_uri(each)} for each in _within(module)]
        found.append({name: [source_uri(module), *inner[1:]]} if inner[1:] else inner[0])
    return found


def undocumented(package: griffe.Module) -> list[str]:
    """The public names without a docstring: modules, classes, functions and methods."""
    return [
        each.path for module in modules(package) for each in (module, *_members(module)) if not each.docstring
    ]


def _members(holder: griffe.Module | griffe.Class) -> Iterator[griffe.Object]:
    for member in holder.members.values():
        if member.is_alias or member.is_module or not member.is_public or member.name.startswith("_"):
            continue
        if not member.is_attribute:  # constants and fields may speak for themselves
            yield member
        if isinstance(member, griffe.Class):
            yield from _members(member)
