"""The tests of the examples, of the guide to them and of the README pass outside of the repository."""

from pathlib import Path

import pytest

from tests.utils.examples import blocks, copy, run
from tests.utils.solidity import forge, needs_packages


@pytest.mark.slow
def test_own_oracle(tmp_path: Path) -> None:
    folder = copy("own-oracle", tmp_path)
    (folder / "tests" / "test_guide.py").write_text(blocks("python")[0])
    (readme,) = (block for block in blocks("python", "README.md") if "def test_" in block)
    (folder / "tests" / "test_readme.py").write_text(readme)
    assert "16 passed" in run("pytest", "-p", "no:ape_test", "tests", folder=folder)


@pytest.mark.slow
@needs_packages
def test_solidity_liquidator(tmp_path: Path) -> None:
    folder = copy("solidity-liquidator", tmp_path)
    run("python", "-m", "plimsoll.testing.export", "foundry", "lib/plimsoll", folder=folder)
    assert "6 tests passed, 0 failed" in forge("test", folder=folder)
