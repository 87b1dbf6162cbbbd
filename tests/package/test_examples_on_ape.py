"""An ape project of one's own: its contracts beside Plimsoll's on ape's chain."""

from pathlib import Path

import pytest

from tests.utils.examples import copy, run

DEPENDENCY = """
dependencies:
  - name: plimsoll-contracts
    local: plimsoll.json
"""
DEPENDENT = """
def test_it_has_plimsolls_contracts(project, accounts):
    contracts = project.dependencies["plimsoll-contracts"]["local"]
    token = accounts[0].deploy(contracts.PlainToken, "Token", "TKN", 6)
    oracle = accounts[0].deploy(contracts.LyingOracle, 10**36)
    assert (token.decimals(), oracle.price()) == (6, 10**36)
    assert contracts.Vault.at(oracle.address).liquidate.abis
"""


@pytest.mark.slow
def test_own_oracle(tmp_path: Path) -> None:
    """With Plimsoll as a dependency too, as the guide has it."""
    folder = copy("own-oracle", tmp_path)
    run("python", "-m", "plimsoll.testing.export", "ape", "plimsoll.json", folder=folder)
    with (folder / "ape-config.yaml").open("a") as config:
        config.write(DEPENDENCY)
    (folder / "ape_tests" / "test_dependency.py").write_text(DEPENDENT)
    assert "3 passed" in run("ape", "test", "ape_tests", "--plimsoll-engine", "ape", folder=folder)
