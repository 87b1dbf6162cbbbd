"""Contracts as the compiler's front end sees them, and the comments beside their code."""

import functools
import sysconfig
from pathlib import Path
from typing import Any

from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData

ROOT = Path(__file__).parents[1]


@functools.cache
def front_end(source: Path) -> CompilerData:
    """What the compiler knows of a contract or an interface of ours."""
    bundle = FilesystemInputBundle([Path(sysconfig.get_path("purelib")), ROOT])
    return CompilerData(bundle.load_file(str(source.relative_to(ROOT))), bundle)


def comments(node: Any) -> tuple[list[str], str]:
    """The comments above a line of a source, and the one beside it."""
    lines = node.module_node.full_source_code.splitlines()
    above: list[str] = []
    while (line := lines[node.lineno - 2 - len(above)].strip()).startswith("#"):
        above.insert(0, line.removeprefix("#").strip())
    return above, lines[node.lineno - 1].partition("#")[2].strip()


def remark(node: Any) -> str:
    """As `comments`, in one."""
    above, beside = comments(node)
    return " ".join([*above, beside]).strip()
