"""What `make docs` is made of: notebooks that run."""

import json
import re
from pathlib import Path

import pytest

from tests.utils.notebooks import DOCS, NOTEBOOKS, run

ROOT = Path(__file__).parents[2]
STUDIES = {path.stem for path in (DOCS / "research").glob("*.md")}
"""Notebooks that belong to a page; `tests/research` runs them."""
SMALLER = {
    "PATHS = 16": "PATHS = 2",
    "(500_000, 1_000_000, 2_000_000)": "(500_000, 2_000_000)",
    "(0.05, 0.08, 0.10)": "(0.05, 0.10)",
}
"""What makes the parameter study quick."""


@pytest.mark.slow
@pytest.mark.replay
@pytest.mark.parametrize(
    "path", [each for each in NOTEBOOKS if each.stem not in STUDIES], ids=lambda path: path.stem
)
def test_notebooks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell, in this process and in the order in which they stand, from any folder."""
    monkeypatch.chdir(tmp_path)
    run(path, SMALLER)


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_pages_of_research_have_a_notebook_and_a_test(name: str) -> None:
    assert name in {path.stem for path in NOTEBOOKS}
    assert (ROOT / "tests" / "research" / f"test_{name.replace('-', '_')}.py").exists()


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
