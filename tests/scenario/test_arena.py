"""The command `plimsoll arena`, its folder and its page, and the guide's own rule."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from plimsoll import lab
from plimsoll.cli.arena import cli
from plimsoll.report.arena import _suited
from plimsoll.report.arena_words import WORSE
from plimsoll.scenario.workers import InProcess
from tests.utils.laboratory import BASKET, ROOT, TINY

GUIDE = (ROOT / "docs" / "arena.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```", GUIDE, re.M | re.S)
SHELL = [
    line for block in re.findall(r"^```sh\n(.*?)^```", GUIDE, re.M | re.S) for line in block.splitlines()
]


def call(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        cli, [str(word) for word in words], catch_exceptions=False
    )


def refused(*words: object) -> str:
    reply = call(*words)
    assert reply.exit_code == 1
    return reply.output.removeprefix("Error: ").strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tournament of two scenarios and two rules, one of which cannot play one of them."""
    folder = tmp_path_factory.mktemp("arena")
    for name, text in (("tiny", TINY), ("basket", BASKET)):
        (folder / f"{name}.yaml").write_text(text)
    reply = call(
        folder / "tiny.yaml", folder / "basket.yaml", "--rules", "plimsoll,morpho-blue", "--paths", 4,
        "--varied", 2, "--keepers", "scarce", "--depth", "x1,x0.5", "--workers", 1, "--out", folder / "out",
    )  # fmt: skip
    assert reply.exit_code == 0, reply.output
    (folder / "told").write_text(reply.output)
    return folder


# --------------------------------------------------------------------------------------------- what it leaves


def test_the_terminal_has_a_table_for_each_scenario(folder: Path) -> None:
    told = (folder / "told").read_text()
    for title in ("tiny, 4 paths, of what was borrowed", "basket, 4 paths", "not played"):
        assert title in told
    assert "morpho-blue has markets of one collateral, not of 3." in told
    assert re.search(r"morpho-blue .* \d+\.\d\d\s%", told)


def test_the_summary_can_be_cited(folder: Path) -> None:
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert summary["plays"] == pq.read_table(folder / "out" / "plays.parquet").num_rows
    assert summary["plays"] == 3 * 4 + 2 * 3 * 2  # `x1` changes nothing
    assert re.fullmatch("[0-9a-f]{64}", summary["inputs"])
    assert summary["versions"]["plimsoll"]
    assert summary["command"].startswith("plimsoll arena ")
    assert summary["unchanged"] == [
        {"scenario": name, "variation": "depth x1"} for name in ("tiny", "basket")
    ]
    assert summary["common"] == ["tiny"]


def test_figures_are_those_of_the_plays(folder: Path) -> None:
    """A mean is a mean of parts, and what is laid beside each other is the same path."""
    plays = pq.read_table(folder / "out" / "plays.parquet").to_pandas()
    plays = plays[(plays.variation == "as written") & (plays.scenario == "tiny")].set_index(["rule", "path"])
    lost = (plays.lender_loss + plays.others) / plays.borrowed
    summary = json.loads((folder / "out" / "summary.json").read_text())
    for point in summary["points"]:
        if point["scenario"] == "tiny" and point["variation"] == "as written":
            assert point["figures"]["lender_loss_mean"] == pytest.approx(lost[point["rule"]].mean())
            assert point["figures"]["lender_loss_es_99"] == pytest.approx(lost[point["rule"]].max())
            low, high = point["intervals"]["lender_loss_mean"]
            assert low <= point["figures"]["lender_loss_mean"] <= high
    (beside,) = [each for each in summary["beside"] if each["figure"] == "lender_loss_mean"]
    assert beside["rule"] == "morpho-blue"
    assert beside["value"] == pytest.approx((lost["morpho-blue"] - lost["plimsoll"]).mean())


def test_the_page_says_which_rule_suits_which_scenario(folder: Path) -> None:
    """Lenders first, and who is not told apart stands together."""
    summary = json.loads((folder / "out" / "summary.json").read_text())
    tiny, basket = summary["suited"]
    assert basket["borrower_cost"] == basket["pools"] == ["plimsoll"]  # alone there
    figures = {
        point["rule"]: point["figures"]
        for point in summary["points"]
        if (point["scenario"], point["variation"]) == ("tiny", "as written")
    }
    (beside,) = [each for each in summary["beside"] if each["figure"] == "lender_loss_mean"]
    best = min(figures, key=lambda rule: figures[rule]["lender_loss_mean"])
    is_alike = beside["low"] <= 0 <= beside["high"]
    assert tiny["lender_loss"] == [best, *(set(figures) - {best})][: 1 + is_alike]
    assert tiny["borrower_cost"][0] == min(
        tiny["lender_loss"], key=lambda rule: figures[rule]["borrower_cost_mean"]
    )
    page = (folder / "out" / "report.html").read_text()
    assert f"Of 2 scenarios plimsoll in {1 + ('plimsoll' in tiny['borrower_cost'])}" in page
    assert summary["stand_in"] == [] and "nobody standing in" not in page


def test_rules_under_which_others_stand_in_are_left_out_of_the_last_column(tmp_path: Path) -> None:
    """Also where nobody has had to stand in."""
    (tmp_path / "tiny.yaml").write_text(TINY)
    words = ("--rules", "margin-venue,morpho-blue", "--paths", 1, "--workers", 1, "--out", tmp_path / "out")
    assert call(tmp_path / "tiny.yaml", *words).exit_code == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["stand_in"] == ["margin-venue"]
    assert summary["suited"][0]["pools"] == ["morpho-blue"]
    assert "Without these: morpho-blue in 1." in (tmp_path / "out" / "report.html").read_text()


def test_rules_that_are_alike_stand_together() -> None:
    """By the interval of what they differ by on the same paths, or because it is next to nothing."""
    paths = np.arange(50.0)
    losses = {
        "best": 0 * paths,
        "hair": 0 * paths + 9e-5,
        "noisy": np.where(paths % 25, 0, 0.1),
        "worse": 0 * paths + 2e-4,
    }
    runs = {rule: {"lender_loss": it, "borrower_cost": -it} for rule, it in losses.items()}
    assert _suited(runs) == {
        "lender_loss": ["best", "hair", "noisy"],
        "borrower_cost": ["noisy", "hair", "best"],
    }


def test_the_page_is_one_file_and_says_where_plimsoll_is_worse(folder: Path) -> None:
    page = (folder / "out" / "report.html").read_text()
    assert page.count("<svg ") == 4  # two scenarios, two pictures of variations
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    summary = json.loads((folder / "out" / "summary.json").read_text())
    worse = {each["figure"] for each in summary["beside"] if each["high"] < 0}
    assert 0 < len(worse) < len(WORSE)
    for figure, words in WORSE.items():
        found = "1 of 1 scenarios: tiny (" if figure in worse else "none of 1 scenarios."
        assert f"{words} under plimsoll than under another rule in {found}" in page
    assert "morpho-blue has markets of one collateral" in page
    assert "keepers scarce: one alone" in page


def test_the_same_command_goes_on_and_more_paths_are_added(folder: Path, monkeypatch: Any) -> None:
    played = []
    monkeypatch.setattr(
        InProcess, "play", lambda self, chunks, work, play=InProcess.play: (
            played.append(chunk) or (chunk, rows) for chunk, rows in play(self, chunks, work)
        ),
    )  # fmt: skip
    words = json.loads((folder / "out" / "summary.json").read_text())["command"]
    again = [*shlex.split(words)[2:], "--workers", "1", "--out", str(folder / "out")]
    assert call(*again).exit_code == 0
    assert played == []
    assert call(*again, "--paths", 5).exit_code == 0
    assert [chunk.paths for chunk in played] == [(4,)] * 3


def test_ctrl_c_keeps_what_was_played(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    def stopped(self: Any, chunks: Any, work: Any) -> Any:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(InProcess, "play", stopped)
    reply = call(folder / "tiny.yaml", "--paths", 1, "--workers", 1, "--out", tmp_path / "out")
    assert reply.exit_code == 130
    assert reply.output.splitlines()[-1] == "Interrupted: nothing was played yet."


# --------------------------------------------------------------------------------------------------- mistakes


def test_mistakes_end_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    tiny, here = folder / "tiny.yaml", ("--workers", 1, "--paths", 1)
    assert refused("monday", *here).startswith("There is no scenario file monday; the ones that ship are")
    assert refused(tiny, tiny, *here) == "Two scenarios are called tiny; name each once, or rename a file."
    assert refused(tiny, "--rules", "aave", *here).startswith("There is no rule 'aave'; choose of aave-v3,")
    assert "No rule takes part" in refused(tiny, "--rules", "none", *here)
    assert refused(tiny, "--depth", "deep", *here) == "--depth 'deep' is no factor; write it like x0.5."
    assert "cannot be read (no such file or directory)" in refused(tiny, "--rule", tmp_path / "toy.py", *here)
    assert refused(folder / "basket.yaml", "--rules", "morpho-blue", *here) == (
        "morpho-blue has markets of one collateral, not of 3."
    )
    (tmp_path / "file").write_text("mine")
    assert "is not a folder" in refused(tiny, *here, "--out", tmp_path / "file")
    assert "cannot be written" in refused(tiny, *here, "--out", tmp_path / "file" / "below")
    other = refused(tiny, *here, "--out", folder / "out")
    assert (
        "holds another tournament (of other scenarios, rules, variations, candles or another version" in other
    )


def test_a_rule_that_cannot_be_made_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(PYTHON[0].replace("return cls([only(", "return 1 / 0, cls([only("))
    told = refused(folder / "tiny.yaml", "--rules", "none", "--rule", tmp_path / "toy.py", "--workers", 1)
    assert f"The rule 'toy' of {tmp_path}/toy.py cannot be made for tiny (ZeroDivisionError: division" in told


def test_a_rule_that_fails_is_named(folder: Path, tmp_path: Path) -> None:
    toy = PYTHON[0].replace("(held,), (price,)", "1 / 0\n        (held,), (price,)")
    (tmp_path / "toy.py").write_text(toy)
    told = refused(
        folder / "tiny.yaml", "--rules", "none", "--rule", tmp_path / "toy.py", "--workers", 1, "--paths", 1,
        "--out", tmp_path / "out",
    )  # fmt: skip
    where = f"{tmp_path}/toy.py, line {1 + toy[: toy.index('1 / 0')].count(chr(10))}"
    assert f"toy failed on path 0 of tiny, as written (ZeroDivisionError: division by zero, {where});" in told


# -------------------------------------------------------------------------------------------------- the guide


def test_a_rule_of_ones_own_as_the_guide_says(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("toy.py").write_text(PYTHON[0])
    (line,) = [line for line in SHELL if "flash-wick" in line and "toy.py" in line]
    reply = call(*shlex.split(line)[2:], "--workers", 1)
    assert reply.exit_code == 0, reply.output
    summary = json.loads(Path("reports/flash-wick-arena/summary.json").read_text())
    assert set(summary["sources"]) == {"plimsoll", "morpho-blue", "toy"}
    names: dict[str, Any] = {}
    exec(compile(PYTHON[1], "docs/arena.md", "exec"), names)
    frame = names["frame"]
    plays = pq.read_table("reports/flash-wick-arena/plays.parquet").to_pandas()
    assert frame.set_index(["rule", "path"]).lender_loss.equals(
        plays.set_index(["rule", "path"]).lender_loss.reindex([*zip(frame.rule, frame.path, strict=True)])
    )
    assert "toy" in capsys.readouterr().out


def test_the_guides_discount_grows_with_time() -> None:
    """At the price of the oracle, which it begins with, nobody buys."""
    names: dict[str, Any] = {"__name__": "dutch"}
    exec(compile(PYTHON[2], "docs/arena.md", "exec"), names)
    frame = lab.arena(YAML().load(TINY), ["plimsoll", names["Dutch"]]).set_index("rule")
    assert frame.ended["dutch"] > 0
    assert 0 < frame.borrower_cost["dutch"] < frame.ended["dutch"] / 5
