"""What `make docs` is made of: notebooks that run."""

import json
import re
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
SMALLER = {
    "PATHS = 16": "PATHS = 2",
    "(500_000, 1_000_000, 2_000_000)": "(500_000, 2_000_000)",
    "(0.05, 0.08, 0.10)": "(0.05, 0.10)",
}
"""What makes the parameter study quick."""


def code(path: Path) -> list[str]:
    """The cells of a notebook that are code."""
    cells = json.loads(path.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture
def _without_a_screen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Figures are drawn and thrown away; what a notebook sets for its frames is undone."""
    import pandas as pd

    monkeypatch.setattr(plt, "show", lambda: None)
    matplotlib.use("Agg")
    shown = pd.options.display.float_format
    yield
    pd.options.display.float_format = shown
    plt.close("all")


@pytest.mark.slow
@pytest.mark.replay
@pytest.mark.usefixtures("_without_a_screen")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell, in this process and in the order in which they stand, from any folder."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": path.stem}
    for cell in code(path):
        for text, smaller in SMALLER.items():
            cell = cell.replace(text, smaller)
        exec(compile(cell, path.name, "exec"), names)


def test_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """And prints what it says."""
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.M | re.S)
    exec(compile(block, "README.md", "exec"), {})
    *_, health, payment = capsys.readouterr().out.splitlines()
    assert f"# {health}\n" in block
    assert payment == "bob paid 7,105.85 USDC for 4.2647 WETH"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_what_they_print(path: Path) -> None:
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
