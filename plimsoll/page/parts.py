"""The parts that every page is made of, and how they get into it.

The modules of `STATIC` import each other by bare names, `plimsoll/NAME`, which a page's import map leads to
addresses of a server or, in a page of one file, to themselves. Nothing is built.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from markupsafe import Markup

STATIC = Path(__file__).parent / "static"
MODULES = ("figure", "numbers", "pen", "table", "theme", "timechart", "waterline")
LIBRARY = "vendor/uPlot.iife.min.js"  # a script of the old kind, before the modules
STYLES = ("vendor/uPlot.min.css", "theme.css")


def source(name: str) -> str:
    """The text of a file of `STATIC`."""
    return (STATIC / name).read_text(encoding="utf-8")


def as_json(value: Any) -> Markup:
    """Data to stand in a `<script>` of a page, whatever its texts are.

    Raises:
        ValueError: a number is not finite; JSON has none for it.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate({ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}))


def importmap(address: Callable[[str], str]) -> Markup:
    """The import map that leads each name of `MODULES` to what `address` answers for it."""
    return as_json({"imports": {f"plimsoll/{name}": address(name) for name in MODULES}})


def styles() -> Markup:
    """The style sheets of every page, as one."""
    return Markup("\n".join(map(source, STYLES)))


def embedded(modules: Mapping[str, str], entry: str) -> dict[str, Markup]:
    """What a page of one file has in its head, and what it may run.

    Args:
        modules: further modules, their texts by the name they are imported by.
        entry: the text of the script, a module, that the page begins with.

    Returns:
        The texts for the template: `policy`, `library`, `imports` and `entry`. The policy allows these
        scripts and nothing that is loaded.
    """
    texts = {f"plimsoll/{name}": source(f"{name}.js") for name in MODULES} | dict(modules)
    scripts = {
        "library": Markup(source(LIBRARY)),
        "imports": as_json({"imports": {name: _data(text) for name, text in texts.items()}}),
        "entry": Markup(entry),
    }
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in scripts.values())
    policy = (
        f"default-src 'none'; script-src {hashes} data:; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    return scripts | {"policy": Markup(policy)}


def _data(text: str) -> str:
    return "data:text/javascript;base64," + b64encode(text.encode()).decode()


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
