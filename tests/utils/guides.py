"""Guides, played as they are written."""

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def play(
    guide: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str], printed: int
) -> dict[str, Any]:
    """Runs every block of Python in its order, with these names; what it prints stands in the guide."""
    text = (DOCS / guide).read_text()
    capsys.readouterr()
    for block in re.findall(r"^```python\n(.*?)^```", text, re.S | re.M):
        exec(compile(block, guide, "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == printed
    assert [line for line in lines if line not in text] == []
    return names
