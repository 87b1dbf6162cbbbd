"""docs/scenarios.md says what the code does: keys, examples, figures."""

import re
import shlex
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from plimsoll.report.measures import measure
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import load, parse
from tests.utils.laboratory import ROOT, SCENARIOS, SHIPPED, play

TEXT = (ROOT / "docs" / "scenarios.md").read_text()
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.M | re.S) for kind in ("yaml", "python")}
FIGURES = (
    ("liquidated_debt", "{:,.0f}"), ("bad_debt", "{:,.0f}"), ("lenders_loss", "{:,.0f}"),
    ("borrower_loss", "{:.3f}"), ("over_liquidation", "{:.2f}"), ("liquidated_within_2", "{:.0%}"),
    ("cascade_amplification", "{:.2f}"),
)  # fmt: skip
SHIPPING = TEXT.split("## The ten that ship")[1]
ROWS = re.findall(r"^\| `([a-z0-9-]+(?: --set [^`]+)?)` \| (.+) \|$", SHIPPING, re.M)


def models(kind: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of, without those in them."""
    if get_origin(kind) in (tuple, Union, UnionType, Annotated):
        for part in get_args(kind):
            yield from models(part)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind


def reference() -> dict[str, list[str]]:
    """The fields of every part of a scenario, by the part's name."""
    found: dict[str, list[str]] = {}
    left: list[type[BaseModel]] = [Scenario]
    while left:
        model = left.pop()
        name = model.__name__.removesuffix("Config")
        if name not in found:
            found[name] = list(model.model_fields)
            left += [part for field in model.model_fields.values() for part in models(field.annotation)]
    return found


def test_every_key_is_explained() -> None:
    """A table a part, headed by `<!-- Name -->`, with a row a key."""
    chapters = dict(re.findall(r"^<!-- (\w+) -->\n(.*?)(?=^<!-- |^#|\Z)", TEXT, re.M | re.S))
    explained = {name: re.findall(r"^\| `(\w+)` \|", chapter, re.M) for name, chapter in chapters.items()}
    assert explained == reference()


def test_every_scenario_has_a_section() -> None:
    commands = {command for command, _ in ROWS}
    assert {path.stem for path in SHIPPED} <= commands


@pytest.mark.parametrize(("command", "row"), ROWS, ids=[command for command, _ in ROWS])
def test_figures_are_what_is_measured(command: str, row: str) -> None:
    name, *words = shlex.split(command)
    measured = measure(play(load(SCENARIOS / f"{name}.yaml", words[1::2])))
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


def test_the_agent_of_ones_own_plays(monkeypatch) -> None:
    """The block runs as it stands; whoever borrows against a frozen price leaves bad debt."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {"__name__": "example"}
    for block in BLOCKS["python"]:
        exec(compile(block, "docs/scenarios.md", "exec"), names)
    alone, exploited = measure(names["laboratory"].play()), measure(names["result"])
    assert exploited["bad_debt"] > alone["bad_debt"] + 100_000
