"""The Foundry project passes outside of the repository; test_wheel.py has the other example."""

from pathlib import Path

import pytest

from tests.utils.examples import copy, run
from tests.utils.solidity import forge, needs_packages


@pytest.mark.slow
@pytest.mark.processes
@needs_packages
def test_solidity_liquidator(tmp_path: Path) -> None:
    folder = copy("solidity-liquidator", tmp_path)
    run("python", "-m", "plimsoll.testing.export", "foundry", "lib/plimsoll", folder=folder)
    assert "6 tests passed, 0 failed" in forge("test", folder=folder)
