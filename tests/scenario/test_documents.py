"""docs/scenarios.md says what the code does: keys, examples, figures."""

import re
import shlex
from typing import Any

import pytest

from plimsoll.report.measures import measure
from plimsoll.scenario.reading import load, parse
from quality.documents import FILES, PARTS, filled, parts_of
from tests.utils.laboratory import ROOT, SCENARIOS, SHIPPED, laboratory, play, rows

TEXT = (ROOT / "docs" / "scenarios.md").read_text()
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.M | re.S) for kind in ("yaml", "python")}
FIGURES = (
    ("liquidated_debt", "{:,.0f}"), ("bad_debt", "{:,.0f}"), ("lenders_loss", "{:,.0f}"),
    ("borrower_loss", "{:.3f}"), ("over_liquidation", "{:.2f}"), ("liquidated_within_2", "{:.0%}"),
    ("cascade_amplification", "{:.2f}"),
)  # fmt: skip
SHIPPING = TEXT.split("## Those that ship")[1]
TWIN_ALONE = ("correlated-crash", "sequencer-halt", "whale")
ROWS = re.findall(r"^\| `([a-z0-9-]+(?: --set [^`]+)?)` \| (.+) \|$", SHIPPING, re.M)


def test_tables_are_what_the_code_says() -> None:
    """After a change that is meant: python -m quality.documents."""
    texts = [path.read_text() for path in FILES]
    assert [filled(text) for text in texts] == texts
    assert sorted(name for text in texts for name in parts_of(text)) == sorted(PARTS)


def test_every_setting_is_described() -> None:
    """By words or by the part that it is."""
    for name, part in PARTS.items():
        assert not [row for row in part() if row.endswith(" |  |")], name


def test_every_scenario_has_a_section() -> None:
    commands = {command for command, _ in ROWS}
    assert {path.stem for path in SHIPPED} <= commands


@pytest.mark.parametrize(
    ("command", "row"),
    [pytest.param(*row, id=row[0], marks=[pytest.mark.replay] if "--set" in row[0] else []) for row in ROWS],
)
def test_figures_are_what_is_measured(command: str, row: str) -> None:
    """And three have the same rows when the twin plays them alone."""
    name, *words = shlex.split(command)
    lab = laboratory(load(SCENARIOS / f"{name}.yaml", words[1::2]))
    result = lab.play()
    if command in TWIN_ALONE:
        quick = lab.quick()
        assert quick.liquidations
        assert rows(quick) == rows(result)
    measured = measure(result)
    found = [measured[key] for key, _ in FIGURES]
    cells = [
        "-" if value is None else form.format(value) for value, (_, form) in zip(found, FIGURES, strict=True)
    ]
    assert row == " | ".join(cells)


def test_the_example_plays() -> None:
    """The complete file of the first chapter."""
    (text,) = [block for block in BLOCKS["yaml"] if block.startswith("title:")]
    result = play(parse(text, "docs/scenarios.md"))
    assert result.liquidations
    assert result.compared > 50


@pytest.mark.replay
def test_python_plays_as_it_stands(monkeypatch, tmp_path) -> None:
    """From any folder; whoever borrows against a frozen price leaves bad debt."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    for block in BLOCKS["python"]:
        exec(compile(block, "docs/scenarios.md", "exec"), names)
    assert names["page"].is_file()
    alone, exploited = (measure(each) for each in (names["lab"].play("oracle-freeze"), names["result"]))
    assert exploited["bad_debt"] > alone["bad_debt"] + 100_000
