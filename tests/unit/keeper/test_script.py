"""`ape run keeper` ends in sentences."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from click.testing import CliRunner

from plimsoll.cli.keep import cli
from plimsoll.keeper.settings import Settings

ROOT = Path(__file__).parents[3]


def keeper(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the command against a chain of its own."""
    ape = Path(sys.executable).with_name("ape")
    return subprocess.run(
        [ape, "run", "keeper", *options, "--database", folder / "index.sqlite"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_a_vault_it_says_what_to_do(tmp_path):
    """An empty chain: no traceback, no file."""
    done = keeper("--once", folder=tmp_path)
    assert done.returncode == 1
    assert "Error: There is no vault in an address book in memory; deploy one" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_bad_amount_is_refused():
    """Before anything is started."""
    done = CliRunner().invoke(cli, ["--floor", "-1"])
    assert done.exit_code == 2
    assert "Error: --floor is -1, but must be at least 0; raise it." in done.output


def test_settings_come_from_the_environment_too(monkeypatch):
    """The bot has nothing else."""
    monkeypatch.setenv("KEEPER_VAULT", "pUSDC/weth")
    monkeypatch.setenv("KEEPER_VIA", "0x1,0x2")
    monkeypatch.setenv("KEEPER_DRY_RUN", "true")
    assert Settings(floor="2.5") == Settings(
        vault="pUSDC/weth", via=("0x1", "0x2"), dry_run=True, floor=Decimal("2.5")
    )
