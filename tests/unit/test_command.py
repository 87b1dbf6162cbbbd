"""The command `plimsoll`, before it does anything: help, Ctrl-C, missing packages, wrong words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.__main__ import main
from plimsoll.cli import COMMANDS, EXTRAS

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[2]
WITHOUT = "import sys; sys.modules.update(dict.fromkeys({!r})); "
PRESSED = """
import sys

class Pressed:
    def find_spec(self, name, *_):
        if name == {!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Pressed())
"""
MAIN = "from plimsoll.__main__ import main; main()"


def run(code: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command, in a folder, in a Python of which something is different."""
    return subprocess.run(
        [sys.executable, "-c", code + MAIN, *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_no_extra(command: str, tmp_path: Path) -> None:
    done = run(WITHOUT.format(list(EXTRAS)), command, "--help", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: plimsoll {command} ")


@pytest.mark.parametrize(
    ("module", "extra", "words"),
    [
        ("prometheus_client", "keeper", ["keep"]),
        ("matplotlib", "lab", ["run", "flash-wick"]),
        ("jinja2", "lab", ["run", "flash-wick"]),
        ("pyarrow", "lab", ["run", "flash-wick"]),
    ],
)
def test_a_missing_extra_is_said_before_anything_begins(
    module: str, extra: str, words: list[str], tmp_path: Path
) -> None:
    done = run(WITHOUT.format([module]), *words, folder=tmp_path)
    told = f"Error: {module} is not installed; `pip install 'plimsoll[{extra}]'` brings it.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["click", "plimsoll.cli", "plimsoll.cli.run", "plimsoll.scenario.config"])
def test_an_interrupt_while_it_is_loaded_is_a_line(module: str, tmp_path: Path) -> None:
    done = run(PRESSED.format(module), "run", "flash-wick", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "plimsoll: stopped\n")


def test_an_interrupt_that_ape_answers_is_a_line(tmp_path: Path) -> None:
    """It leaves without a word."""
    code = PRESSED.format("web3.exceptions").replace("raise KeyboardInterrupt", "sys.exit(130)")
    done = run(code, "inspect", "--network", "http://127.0.0.1:1", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "plimsoll: stopped\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "flash-wick", "--seed", "x"], "'x' is not a valid whole number."),
        (["sweep", "flash-wick", "--workers", "1.5"], "'1.5' is not a valid whole number."),
        (["keep", "--interval", "x"], "'x' is not a valid number."),
        (["watch", "--health", "-1"], "-1.0 is not in the range 0.01<=x<=100."),
        (
            ["run", "empty.yaml"],
            "empty.yaml is empty; `plimsoll new scenario NAME` writes one to ",
        ),
        (["run", "empty.yaml", "--set", "seed=1"], "empty.yaml is empty; "),
        (["run", "flash-wick", "--set", "nonsense"], "'nonsense' is no setting; write it like vaults.0."),
        (["run", "flash-wick", "--set", "vaults..ltv=1"], "'vaults..ltv=1' is no setting; write it like "),
        (["run", "flash-wick", "--set", "pool.supply="], "'pool.supply=' is no setting; write it like "),
        (
            ["run", "flash-wick", "--set", "x=1"],
            "flash-wick.yaml, as changed by x=1: unknown key 'x'; ",
        ),
        (
            ["sweep", "flash-wick", "--grid", "x=1,2"],
            "flash-wick.yaml, as changed by x=1: unknown key 'x'; ",
        ),
        (["sweep", "flash-wick", "--grid", "x=1,,2"], "'x=1,,2' is no axis of a grid; write it like vaults"),
        (["sweep", "flash-wick", "--out", "empty.yaml"], "empty.yaml is not a folder; name another one "),
    ],
)
def test_a_mistake_is_said_in_a_line(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["plimsoll", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    is_a_line(ended.value.code, said.out, said.err, sentence)
    assert [each.name for each in tmp_path.iterdir()] == ["empty.yaml"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--network", "nowhere"], "No ecosystem named 'nowhere'. Give a node's URL, or a name that"),
        ([], "Without an ape-config.yaml ape's chain is one that lives in this process alone"),
    ],
)
def test_what_ape_refuses_is_said_in_a_line(words: list[str], sentence: str, tmp_path: Path) -> None:
    done = run("", "inspect", *words, folder=tmp_path)
    is_a_line(done.returncode, done.stdout, done.stderr, sentence)
    assert list(tmp_path.iterdir()) == []


def is_a_line(code: object, output: str, errors: str, sentence: str) -> None:
    *usage, line = errors.splitlines()
    assert line.startswith("Error: ")
    assert sentence in line
    assert (code, output) == (2 if usage else 1, "")
    assert not any("Traceback" in each for each in usage)
