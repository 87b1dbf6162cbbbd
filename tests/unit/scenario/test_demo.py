"""The command `ape run demo`."""

import importlib.util
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from plimsoll.scenario.checks import CheckFailed
from plimsoll.scenario.config import parse
from tests.unit.scenario.conftest import TINY
from tests.utils.clock import isolated

SCRIPT = Path(__file__).parents[3] / "scripts" / "demo.py"


@pytest.fixture(scope="session")
def demo():
    """The script, imported."""
    spec = importlib.util.spec_from_file_location("demo", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def command(demo, tmp_path):
    """Runs the command on the short scenario; the report goes to tmp_path/report."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)

    def run(seed: int | None = None) -> Path:
        with isolated():
            demo.cli.callback(chosen=(path, parse(TINY, "tiny.yaml")), out=tmp_path / "report", seed=seed)
        return tmp_path / "report"

    return run


def test_a_run_ends_with_table_and_report(command, result, capsys) -> None:
    folder = command(seed=8)
    printed = capsys.readouterr().out
    assert "A short fall (seed 8)" in printed
    assert "carried by lenders" in printed
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["seed"] == 8
    assert summary["command"].endswith(f"--seed 8 --out {folder}")


def test_an_interrupted_run_says_so_and_leaves_the_older_report(
    command, monkeypatch, capsys, tmp_path
) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "summary.json").write_text("old")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("plimsoll.scenario.run.run", interrupted)
    with pytest.raises(SystemExit) as end:
        command()
    assert end.value.code == 130
    assert "Interrupted: no report was written, and an older one is as it was." in capsys.readouterr().out
    assert [path.read_text() for path in (tmp_path / "report").iterdir()] == ["old"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CheckFailed("Broken promise: this; but that."), "Broken promise: this; but that."),
        (OSError("disk full"), "The run broke off (disk full); no report was written."),
    ],
)
def test_a_failed_run_is_one_sentence(command, monkeypatch, error: Exception, sentence: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("plimsoll.scenario.run.run", fail)
    with pytest.raises(click.ClickException) as refusal:
        command()
    assert refusal.value.message == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--scenario", "missing.yaml"],
            "There is no scenario file missing.yaml; the ones that ship are in scenarios/.",
        ),
        (["--seed", "x"], "Invalid value for '--seed': 'x' is not a valid integer range."),
        (["--seed", "-1"], "Invalid value for '--seed': -1 is not in the range 0<=x<=9223372036854775807."),
        (["--fast"], "No such option: --fast"),
        (["now"], "Got unexpected extra argument (now)"),
    ],
)
def test_wrong_arguments_end_in_one_sentence(demo, arguments: list[str], sentence: str) -> None:
    reply = CliRunner().invoke(demo.cli, arguments)
    assert reply.exit_code != 0
    assert reply.output.strip().splitlines()[-1] == f"Error: {sentence}"


def test_the_command_that_repeats_a_run(demo, monkeypatch) -> None:
    monkeypatch.chdir(demo.ROOT)
    assert demo.command_for(demo.SCENARIO, None, None) == "ape run demo"
    other = Path("scenarios") / "my crash.yaml"
    assert demo.command_for(other, 3, Path("out")) == (
        "ape run demo --scenario 'scenarios/my crash.yaml' --seed 3 --out out"
    )
