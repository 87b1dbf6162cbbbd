"""`plimsoll play`: the link, and sentences for what is mistyped."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plimsoll.cli import cli

pytestmark = pytest.mark.processes
STARTING = "Starting: the link comes here in some seconds.\n"
ROOT = Path(__file__).parents[3]


def run(*words: str) -> Result:
    """The command, which does not come to serve."""
    return CliRunner().invoke(cli, ["play", "--no-browser", *words])


@pytest.mark.processes
@pytest.mark.parametrize(
    ("number", "code", "last"), [(signal.SIGINT, 130, "plimsoll: stopped\n"), (signal.SIGTERM, 143, "")]
)
def test_it_prints_a_link_and_stops_in_order(number: signal.Signals, code: int, last: str) -> None:
    command = [sys.executable, "-m", "plimsoll", "play", "--no-browser", "--port", "0", "--borrowers", "2"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
    link = started.stdout.readline().strip()
    started.send_signal(number)
    _, told = started.communicate(timeout=60)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{22}", link), told
    assert (started.returncode, told) == (code, STARTING + last)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.yaml"], "Error: There is no file nothing.yaml; give the path of a market file, or one of"),
        (["nothing.yaml"], "ship: local-basket-usdc, local-play-usdc, local-weth-usdc.\n"),
        (["example-live.yaml"], "line 13: pool.asset is still the placeholder"),
        (["--account", "treasurer"], "Error: --account goes with --connect;"),
        (["--connect", "http://127.0.0.1:1", "local-weth-usdc.yaml"], "Error: Give a market file, or"),
        (["--borrowers", "-1"], "-1 is not in the range 0<=x<=20000"),
    ],
)
def test_what_is_mistyped_is_a_sentence(words: list[str], sentence: str) -> None:
    done = run("--port", "0", *words)
    assert done.exit_code in (1, 2) and sentence in done.output


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    told = f"Error: Port {port} cannot be taken (address already in use); choose another with --port.\n"
    assert done.output == told
