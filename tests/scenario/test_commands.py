"""`ape run scenario`, `sweep` and `compare` as people type them: what they write, and how they refuse."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from plimsoll.chain.anvil import AnvilProcess
from plimsoll.report import drawing, sweep_page
from plimsoll.report.folder import PAGE
from plimsoll.scenario import workers
from plimsoll.scenario.files import names
from scripts.compare import cli as compare
from scripts.scenario import cli as scenario
from scripts.sweep import cli as sweep
from tests.unit.report.conftest import draw_nothing
from tests.utils.laboratory import ROOT, TINY

PATIENCE = 60  # seconds
APE = Path(sys.executable).with_name("ape")
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
LONG = TINY.replace("block_seconds: 600", "block_seconds: 1").replace("[3, 150]", "[40, 150]")
WAYPOINTS = re.search(r"    price:\n(      .*\n)+", TINY)[0]
GBM = TINY.replace(WAYPOINTS, "    price: {kind: gbm, start: 200, hours: 3, volatility: 9}\n")


@pytest.fixture
def file(tmp_path) -> Path:
    """The short scenario."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def call(command, *words) -> Result:
    """Runs a command in this process; only `SystemExit` may leave it."""
    reply = CliRunner().invoke(command, [str(word) for word in words])
    assert reply.exception is None or isinstance(reply.exception, SystemExit), reply.exception
    return reply


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def wait_for(done: Callable[[], bool]) -> None:
    """Asks again and again, for a minute."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Typed:
    """A command in a terminal of its own."""

    def __init__(self, *words: object) -> None:
        self.screen, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [APE, "run", *map(str, words)],
            cwd=ROOT,
            env=ENV,
            preexec_fn=lambda: os.login_tty(terminal),
        )
        os.close(terminal)
        os.set_blocking(self.screen, False)
        self.shown = ""

    def until(self, done: Callable[[], bool]) -> None:
        """Waits for something, and reads the screen meanwhile."""

        def is_done() -> bool:
            with suppress(OSError):  # nothing new
                self.shown += os.read(self.screen, 65_536).decode(errors="replace")
            return done()

        wait_for(is_done)

    def interrupt(self) -> str:
        """Ctrl-C; what is shown from then on."""
        self.until(lambda: bool(self.shown))
        before = len(self.shown)
        os.write(self.screen, b"\x03")
        self.until(lambda: self.process.poll() is not None)
        self.until(lambda: True)  # its last words
        return self.shown[before:]


@contextmanager
def typed(*words: object) -> Iterator[Typed]:
    """A command that ends with the test."""
    command = Typed(*words)
    try:
        yield command
    finally:
        command.process.kill()
        command.process.wait()
        os.close(command.screen)


# ------------------------------------------------------------------------------------------------ scenario


@pytest.fixture(scope="module", autouse=True)
def _no_pictures() -> Iterator[None]:
    """Pictures take seconds; commands in a process of their own draw them."""

    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        patch.setattr(sweep_page, "pictures", lambda _study: [])
        patch.setattr(drawing, "draughtsman", lambda: nullcontext(SimpleNamespace(complete=drawing.complete)))
        yield


@pytest.fixture(scope="module")
def played(tmp_path_factory, _no_pictures) -> Path:
    """A run on revm, as the command has written it."""
    folder = tmp_path_factory.mktemp("played")
    (folder / "tiny.yaml").write_text(TINY)
    reply = call(scenario, folder / "tiny.yaml", "--engine", "revm", "--out", folder / "report")
    assert reply.exit_code == 0, reply.output
    assert f"report: {folder / 'report' / PAGE}" in reply.output
    return folder / "report"


def test_a_run_writes_page_summary_and_tables(played) -> None:
    summary = json.loads((played / "summary.json").read_text())
    assert summary["seed"] == 7
    assert summary["measures"]["liquidated_debt"] > 10_000
    assert (played / PAGE).read_text().startswith("<!doctype html>")
    assert pq.read_table(played / "vaults.parquet").num_rows == 19
    assert pq.read_table(played / "liquidations.parquet").num_rows > 5


def test_a_run_says_what_would_have_helped(played, tmp_path, file) -> None:
    """On the same path, judged by the same measures; without the flag nothing more is played."""
    plain = json.loads((played / "summary.json").read_text())
    assert plain["what_helps"] == []
    assert "What would have helped" not in (played / PAGE).read_text()
    reply = call(scenario, file, "--engine", "revm", "--what-helps", "--out", tmp_path / "report")
    assert reply.exit_code == 0, reply.output
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert summary["measures"] == plain["measures"]
    assert summary["command"].endswith(" --what-helps")
    awake, safer, _ = summary["what_helps"]
    assert awake["settings"] == ["liquidators.0.outages=[]", "liquidators.1.latency=0"]
    assert awake["measures"]["bad_debt"] < plain["measures"]["bad_debt"]
    words = [word for each in safer["settings"] for word in ("--set", each)]
    assert call(scenario, file, "--engine", "revm", *words, "--out", tmp_path / "safer").exit_code == 0
    alone = json.loads((tmp_path / "safer" / "summary.json").read_text())
    assert alone["measures"] == safer["measures"]
    page = (tmp_path / "report" / PAGE).read_text()
    assert f'<td class="n">{safer["measures"]["bad_debt"]:,.0f}</td>' in page
    assert "as it was" in reply.output


def test_seed_path_and_settings_change_the_run(played, tmp_path) -> None:
    """And the report says the command that repeats it."""
    path = tmp_path / "gbm.yaml"
    path.write_text(GBM)
    told = {}
    for name, words in {
        "plain": [], "seed": ["--seed", "8"], "path": ["--path", "1"], "set": ["--set", "pool.reserve=1"],
    }.items():  # fmt: skip
        folder = tmp_path / name
        assert call(scenario, path, "--engine", "revm", "--out", folder, *words).exit_code == 0
        told[name] = json.loads((folder / "summary.json").read_text())
        assert " ".join(words) in told[name]["command"]
    tables = {name: pq.read_table(tmp_path / name / "vaults.parquet") for name in told}
    assert tables["seed"] != tables["plain"]
    assert tables["path"] != tables["plain"]
    assert tables["set"] == tables["plain"]
    assert told["set"]["measures"]["liquidated_debt"] == told["plain"]["measures"]["liquidated_debt"]
    assert "reserve: '1'" in (tmp_path / "set" / "scenario.yaml").read_text()
    command = f"plimsoll run {path} --engine revm --path 0 --seed 7 --set pool.reserve=1"
    assert told["set"]["command"] == command


def csv(text: str) -> tuple[str, str]:
    return TINY.replace(WAYPOINTS, "    price: {kind: csv, file: p.csv}\n"), text


WRONG = [
    (
        TINY.replace("seed: 7", "seed: x"),
        "",
        [],
        "line 2: seed is 'x', but must be a whole number; correct it.",
    ),
    (TINY.replace("seed: 7", "seed: ["), "", [], "tiny.yaml is not valid YAML in line 4: expected"),
    (TINY.replace("[2, 110]", "[2, -110]"), "", [], "the price at hour 2 is -110; it must be above 0"),
    (
        TINY.replace("[2, 110]", "[2, .nan]"),
        "",
        [],
        "points.2.1 is nan, but must be a finite number; correct it.",
    ),
    (
        *csv("time,open,high,low\n0,1,2,1\n"),
        [],
        "has no column 'close', only time, open, high, low (separated",
    ),
    (
        *csv("open,high,low,close\n1,2,1,nan\n"),
        [],
        "line 2, column 'close' is nan; it must be above 0",
    ),
    (*csv("open,high,low,close\n1,2,-1,2\n"), [], "p.csv, line 2, column 'low' is -1; it must be above 0"),
    (*csv("open,high,low,close\n1,2,x,2\n"), [], "p.csv, line 2, column 'low' is 'x'; it must be a number."),
    (TINY, "", ["--set", "nonsense"], "'nonsense' is no setting; write it like vaults.0.bonus_max=0.08."),
    (TINY, "", ["--set", "vaults.7.ltv=1"], "a list of 1, which has no '7'; replace it as a whole."),
    (TINY, "", ["--set", "pool.suply=1"], "unknown key 'suply'; remove it or use one of loan, loan_price"),
    (TINY, "", ["--set", "vaults.0.bonus_max=9"], "bonus_max is 9, but must be at most 1; lower it."),
]


@pytest.mark.parametrize("command", [scenario, sweep])
@pytest.mark.parametrize(("text", "candles", "words", "message"), WRONG, ids=[w[3][:40] for w in WRONG])
def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path, command, text, candles, words, message
) -> None:
    (tmp_path / "tiny.yaml").write_text(text)
    (tmp_path / "p.csv").write_text(candles)
    before = files(tmp_path)
    reply = call(command, tmp_path / "tiny.yaml", "--out", tmp_path / "out", *words)
    assert reply.exit_code == 1
    assert message in reply.output
    assert reply.output.startswith("Error: ")
    assert reply.output.count("\n") == 1
    assert files(tmp_path) == before


@pytest.mark.parametrize("command", [scenario, sweep])
def test_an_unknown_scenario_is_named(tmp_path, command) -> None:
    reply = call(command, "black-friday", "--out", tmp_path / "out")
    assert reply.exit_code == 1
    assert reply.output == (
        f"Error: There is no scenario file black-friday; the ones that ship are {', '.join(names())}.\n"
    )
    assert "flash-wick" in names()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("command", "words", "message"),
    [
        (scenario, ["--engine", "ganache"], "'ganache' is not one of 'anvil', 'revm'"),
        (scenario, ["--seed", "-1"], "-1 is not in the range"),
        (sweep, ["--paths", "0"], "0 is not in the range"),
        (sweep, ["--workers", "0"], "0 is not in the range"),
    ],
)
def test_impossible_options_are_refused(file, command, words, message) -> None:
    reply = call(command, file, *words)
    assert reply.exit_code == 2
    assert message in reply.output


@pytest.mark.parametrize("command", [scenario, sweep])
def test_a_folder_with_something_else_is_left_as_it_is(file, tmp_path, command) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    reply = call(command, file, "--out", tmp_path / "mine")
    assert reply.exit_code == 1
    assert re.search(r"^Error: \S+/mine holds (more than a report \(thesis\.txt\)|something else); name ",
                     reply.output, re.M)  # fmt: skip
    assert files(tmp_path / "mine") == {"thesis.txt": b"mine"}


def test_a_chain_of_others_is_left_alone(file, tmp_path, monkeypatch) -> None:
    """With the variable set that leads `ape run deploy` to a user's Anvil."""
    with AnvilProcess() as node:
        monkeypatch.setenv("APE_FOUNDRY_HOST", node.url)
        before = node.request("eth_getBlockByNumber", "latest", False)
        assert call(scenario, file, "--engine", "anvil", "--out", tmp_path / "out").exit_code == 0
        assert node.request("eth_getBlockByNumber", "latest", False) == before
        node.request("evm_mine")
        later = node.request("eth_getBlockByNumber", "latest", False)["timestamp"]
        assert 0 <= int(later, 16) - int(before["timestamp"], 16) < 3_600


@pytest.mark.parametrize("engine", ["anvil", "revm"])
def test_an_interrupted_run_leaves_the_older_report(played, tmp_path, engine: str) -> None:
    """Ctrl-C in the midst of the blocks."""
    path = tmp_path / "long.yaml"
    path.write_text(LONG)
    before = files(played)
    with typed("scenario", path, "--engine", engine, "--out", played) as command:
        command.until(lambda: "blocks " in command.shown)
        told = command.interrupt()
    assert command.process.returncode == 130
    assert "Interrupted: no report was written, and an older one is as it was." in told
    assert "Traceback" not in told
    assert files(played) == before
    assert [each.name for each in played.parent.iterdir() if each.name.startswith(".")] == []


def test_anvil_is_the_default(file, tmp_path, played) -> None:
    """A chain of its own, which ends with the command; the rows are those of revm."""
    with typed("scenario", file, "--out", tmp_path / "out") as command:
        command.until(lambda: command.process.poll() is not None)
    assert command.process.returncode == 0, command.shown
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["engine"] == "anvil"
    for name in ("vaults", "pool", "liquidations", "losses", "agents", "positions"):
        assert pq.read_table(tmp_path / "out" / f"{name}.parquet") == pq.read_table(
            played / f"{name}.parquet"
        )


# --------------------------------------------------------------------------------------------------- sweep


def test_a_sweep_writes_rows_summary_and_page(tmp_path) -> None:
    (tmp_path / "gbm.yaml").write_text(GBM)
    words = [tmp_path / "gbm.yaml", "--paths", "30", "--workers", "1", "--out", tmp_path / "out"]
    reply = call(sweep, *words, "--grid", "vaults.0.bonus_max=0.06,0.08")
    assert reply.exit_code == 0, reply.output
    assert (tmp_path / "out" / PAGE).read_text().startswith("<!doctype html>")
    assert pq.read_table(tmp_path / "out" / "paths.parquet").num_rows == 60
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [point["settings"] for point in summary["points"]] == [
        ["vaults.0.bonus_max=0.06"], ["vaults.0.bonus_max=0.08"],
    ]  # fmt: skip
    assert (summary["paths"], summary["of"], summary["skipped"]) == (30, 30, [])
    rows = pq.read_table(tmp_path / "out" / "paths.parquet").to_pandas()
    for number, point in enumerate(summary["points"]):
        lost = rows[rows["point"] == number]["bad_debt"]
        assert point["figures"]["bad_debt_mean"] == pytest.approx(lost.mean())
        assert point["figures"]["bad_debt_max"] == lost.max() > 0
        low, high = point["intervals"]["bad_debt_mean"]
        assert low < lost.mean() < high
    one, other = (point["figures"]["bad_debt_mean"] for point in summary["points"])
    assert one != other
    points = (tmp_path / "out" / "points.csv").read_text().splitlines()
    assert points[0].startswith("vaults.0.bonus_max,bad_debt_mean,bad_debt_mean_low,bad_debt_mean_high,")
    assert [line.partition(",")[0] for line in points[1:]] == ["0.06", "0.08"]
    assert "0.06" in reply.output
    assert "Nothing" not in reply.output


def test_a_sweep_without_chance_plays_one_path_and_says_so(file, tmp_path) -> None:
    reply = call(sweep, file, "--workers", "1", "--out", tmp_path / "out")
    assert reply.exit_code == 0, reply.output
    assert "Nothing in tiny.yaml is random: every path of a grid point is the same." in reply.output
    assert pq.read_table(tmp_path / "out" / "paths.parquet").num_rows == 1


def test_nobody_answers_at_a_schedulers_address(file, tmp_path) -> None:
    reply = call(sweep, file, "--dask", "nowhere", "--out", tmp_path / "out")
    assert reply.exit_code == 1
    assert (
        "Error: No Dask scheduler answers at nowhere (missing port number in address 'nowhere'); start one "
        "first." in reply.output
    )
    assert not (tmp_path / "out").exists()


def workers_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def alive(pid: int) -> bool:
    """Whether it runs; one whose parent has not asked for its end does not."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()[:1] not in ("", "Z")


def test_an_interrupted_sweep_goes_on(tmp_path) -> None:
    """Ctrl-C: the workers end at once, what was played is kept, and the same command adds to it."""
    (tmp_path / "gbm.yaml").write_text(GBM)
    out = tmp_path / "out"
    words = ["sweep", tmp_path / "gbm.yaml", "--paths", "2000", "--workers", "2", "--out", out]

    def parts() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in out.glob("parts/*.parquet")}

    with typed(*words) as command:
        command.until(lambda: len(parts()) > 1)
        told = command.interrupt()
    assert command.process.returncode == 130
    assert f"Interrupted: what was played is kept in {out}; the same command goes on." in told
    assert "Traceback" not in command.shown
    kept = parts()
    with typed(*words) as command:
        command.until(lambda: len(parts()) > len(kept) + 1)
        command.interrupt()
    assert kept.items() <= parts().items()
    assert len(parts()) < 80


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_is_lost_ends_the_sweep_at_the_next_chunk(tmp_path, monkeypatch) -> None:
    """Python drops exceptions of destructors."""

    class Dying:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            sum(range(100_000))  # the signal comes

    class Here(workers.InProcess):
        def play(self, chunks, work):
            for number, chunk in enumerate(chunks):
                if number == 2:
                    Dying()
                yield from super().play([chunk], work)

    monkeypatch.setattr(workers, "processes", lambda _count: nullcontext(Here()))
    (tmp_path / "gbm.yaml").write_text(GBM)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ape's stops the tests' Anvil
    try:
        reply = call(sweep, tmp_path / "gbm.yaml", "--paths", "250", "--out", tmp_path / "out")
    finally:
        signal.signal(signal.SIGINT, before)
    assert reply.exit_code == 130
    assert len(list((tmp_path / "out" / "parts").iterdir())) == 3


def test_workers_do_not_outlive_a_killed_sweep(tmp_path) -> None:
    """Although they are in the midst of a chunk that takes long; no terminal hangs up on them."""
    (tmp_path / "slow.yaml").write_text(GBM.replace("block_seconds: 600", "block_seconds: 1"))
    words = ["sweep", tmp_path / "slow.yaml", "--workers", "2", "--out", tmp_path / "out"]
    with (tmp_path / "shown").open("w") as shown:
        process = subprocess.Popen([APE, "run", *words], cwd=ROOT, env=ENV, stdout=shown, stderr=shown)
    try:
        wait_for(lambda: len(workers_of(process.pid)) == 3)  # with one that tracks resources
        workers = workers_of(process.pid)
        time.sleep(4)  # until they play
        assert all(map(alive, workers))
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not any(map(alive, workers)))
    assert "Traceback" not in (tmp_path / "shown").read_text()


# ------------------------------------------------------------------------------------------------- compare


def test_a_folder_without_a_run_is_not_compared(played, tmp_path) -> None:
    for a, b in ((tmp_path, played), (played, tmp_path / "nowhere")):
        reply = call(compare, a, b, "--out", tmp_path / "both")
        wrong = a if a == tmp_path else b
        assert reply.exit_code == 1
        assert reply.output == (
            f"Error: {wrong} has no summary.json of a run; name a folder that `plimsoll run` wrote.\n"
        )
        assert not (tmp_path / "both").exists()


def test_a_comparison_does_not_replace_a_run(played) -> None:
    before = files(played)
    reply = call(compare, played, played, "--out", played)
    assert reply.exit_code == 1
    assert reply.output == f"Error: {played} is one of the two; name another folder with --out.\n"
    assert files(played) == before
