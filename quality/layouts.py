"""Where every contract keeps what: storage, transient storage and immutables, written down.

A slot that moves breaks whatever reads storage by its number: the comparison of words, scripts, explorers. So
a layout changes on purpose or not at all. `python -m quality.layouts` writes it down afresh.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vyper.semantics.types import StructT

from quality.sources import ROOT, front_end

GOLDEN = ROOT / "tests" / "golden" / "layout"


def contracts() -> list[Path]:
    """What can be deployed: every contract but the mocks."""
    paths = (ROOT / "contracts").rglob("[A-Z]*.vy")
    return sorted(path for path in paths if "mocks" not in path.parts)


def golden(contract: Path) -> Path:
    """Where a contract's layout is written down."""
    return GOLDEN / f"{contract.stem}.json"


def layout(contract: Path) -> dict[str, Any]:
    """A contract's layout as the compiler says it, and the fields of every struct in it, in order.

    Of an interface that is a type the name is left, without the machine's path to it.
    """
    data = front_end(contract)
    fields = {
        struct.name: [f"{name}: {_plain(str(member))}" for name, member in struct.members.items()]
        for kind in _types_in(data.global_ctx)
        for struct in _structs_in(kind)
    }
    found: dict[str, Any] = _plain({**data.storage_layout, "structs": fields})
    return found


def _types_in(module: Any) -> Iterator[Any]:
    yield from (variable.typ for variable in module.variables.values())
    for part in module.initialized_modules:
        yield from _types_in(part.module_info.module_t)


def _structs_in(kind: Any) -> Iterator[StructT]:
    if isinstance(kind, StructT):
        yield kind
        for member in kind.members.values():
            yield from _structs_in(member)
    if hasattr(kind, "value_type"):  # of a mapping or an array
        yield from _structs_in(kind.value_type)


def _plain(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items()}
    return Path(part).stem if isinstance(part, str) and part.endswith(".vyi") else part


def main() -> None:
    """Writes every layout, and takes away those of contracts that are gone."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for path in GOLDEN.glob("*.json"):
        path.unlink()
    for contract in contracts():
        golden(contract).write_text(json.dumps(layout(contract), indent=1) + "\n")
        print(golden(contract).relative_to(ROOT))


if __name__ == "__main__":
    main()
