"""Reads YAML 1.2 (so that 0100 is 100 and 11:00 a text) and knows the line of each field."""

from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode


def reader() -> YAML:
    """A reader of plain values; it refuses a key that is given twice."""
    return YAML(typ="safe", pure=True)


def lines_of(tree: Node) -> dict[str, int]:
    """The line of each field, from 1, by its dotted path such as `vaults.0.price`; the file itself is ``."""
    lines: dict[str, int] = {}
    for path, line in _places(tree, "", tree.start_mark.line + 1):
        lines.setdefault(path, line)
    return lines


def nearest(lines: dict[str, int], path: str) -> str:
    """The longest leading part of a dotted path that the file has."""
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return path


def _places(node: Node, path: str, line: int) -> Iterator[tuple[str, int]]:
    yield path, line
    below = f"{path}." if path else ""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _places(value, f"{below}{key.value}", key.start_mark.line + 1)
    elif isinstance(node, SequenceNode):
        for number, value in enumerate(node.value):
            yield from _places(value, f"{below}{number}", value.start_mark.line + 1)
