"""An ape project of one's own: its contracts beside Plimsoll's on ape's chain."""

from pathlib import Path

import pytest

from tests.utils.examples import blocks, copy, run


@pytest.mark.slow
def test_own_oracle(tmp_path: Path) -> None:
    """With Plimsoll as a dependency too, as the guide has it."""
    folder = copy("own-oracle", tmp_path)
    run("python", "-m", "plimsoll.testing.export", "ape", "plimsoll.json", folder=folder)
    with (folder / "ape-config.yaml").open("a") as config:
        config.write("\n" + blocks("yaml")[0])
    (folder / "ape_tests" / "test_guide.py").write_text(blocks("python")[-1])
    assert "3 passed" in run("ape", "test", "ape_tests", "--plimsoll-engine", "ape", folder=folder)
