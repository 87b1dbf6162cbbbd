"""Notebooks of docs/notebooks, run in this process."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


def code(path: Path) -> list[str]:
    """The cells of a notebook that are code."""
    cells = json.loads(path.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run(path: Path, smaller: Mapping[str, str]) -> dict[str, Any]:
    """Every cell in the order in which they stand.

    Figures are drawn and thrown away; what a notebook sets for its frames is undone.

    Args:
        path: of the notebook.
        smaller: what makes it quick: texts of its code, and what stands there instead.

    Returns:
        What it has defined, by name.
    """
    names: dict[str, Any] = {"__name__": path.stem}
    matplotlib.use("Agg")
    shown = pd.options.display.float_format
    try:
        with patch.object(plt, "show"):
            for cell in code(path):
                for text, other in smaller.items():
                    cell = cell.replace(text, other)
                exec(compile(cell, path.name, "exec"), names)
    finally:
        pd.options.display.float_format = shown
        plt.close("all")
    return names


def study(name: str, **smaller: str) -> tuple[dict[str, Any], str]:
    """The notebook of a page of docs/research, and the page.

    Args:
        name: of both.
        smaller: values by the names to which the notebook assigns others.

    Returns:
        What the notebook has defined, by name; the page's text.
    """
    path = DOCS / "notebooks" / f"{name}.ipynb"
    lines = "\n".join(code(path)).splitlines()
    changes = {}
    for variable, value in smaller.items():
        (line,) = [each for each in lines if each.startswith(f"{variable} = ")]
        changes[line] = f"{variable} = {value}"
    return run(path, changes), (DOCS / "research" / f"{name}.md").read_text()
