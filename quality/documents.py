"""Writes the tables of docs/ that the code knows: `python -m quality.documents`.

A table stands between `<!-- made: NAME -->` and `<!-- end -->`, and is replaced; the rest is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from textwrap import fill
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from plimsoll.keeper.settings import Settings
from plimsoll.params import RiskParams
from plimsoll.report.columns import FLOWS, KINDS, PURPOSES, TABLES
from plimsoll.report.figures import CHARTS
from plimsoll.report.measures import MEASURES
from plimsoll.report.risk import entropic_value_at_risk, expected_shortfall, over_runs, value_at_risk
from plimsoll.scenario.config import Scenario
from plimsoll.scenario.vaults import SpokeConfig

DOCS = Path(__file__).parents[1] / "docs"
FILES = [DOCS / f"{name}.md" for name in ("keeper", "results", "scenarios")]
WIDTH = 120  # columns
_PART = re.compile(r"(<!-- made: (.+?) -->\n).*?(<!-- end -->)", re.S)


def filled(text: str) -> str:
    """A document with its tables as the code knows them now."""
    return _PART.sub(lambda part: "\n".join([part[1], *PARTS[part[2]](), "", part[3]]), text)


def parts_of(text: str) -> list[str]:
    """The names of a document's made parts."""
    return [name for _, name, _ in _PART.findall(text)]


# ------------------------------------------------------------------------------------------------- settings


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of, without those in them."""
    if get_origin(kind) in (tuple, Union, UnionType, Annotated):
        for part in get_args(kind):
            yield from _models(part)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind


def _title(model: type[BaseModel]) -> str:
    return model.__name__.removesuffix("Config")


def _models_within(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _models(field.annotation):
            yield from _models_within(part)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    """A row for each key that a part of a scenario has."""
    return _table(
        ("key", "default", "meaning"),
        (
            (f"`{field.alias or name}`", _default(model, name, field), _meaning(field))
            for name, field in model.model_fields.items()
        ),
    )


def _options() -> Iterator[str]:
    """A row for each setting of the keeper."""
    return _table(
        ("option", "default", "meaning"),
        (
            (f"`--{name.replace('_', '-')}`", _default(Settings, name, field), _meaning(field))
            for name, field in Settings.model_fields.items()
        ),
    )


def _default(model: type[BaseModel], name: str, field: FieldInfo) -> str:
    if issubclass(model, SpokeConfig) and name in RiskParams.model_fields:
        return "the preset's"
    default = field.default
    if field.is_required() or isinstance(default, BaseModel) or default == "":
        return ""
    if default is None or default == ():
        return "none"
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    if isinstance(default, datetime):
        return f"{default:%Y-%m-%d}"
    if isinstance(default, bool):
        return str(default).lower()
    return f"`{default}`" if isinstance(default, str) else f"{default:,}"


def _meaning(field: FieldInfo) -> str:
    names = " or ".join(_title(model) for model in _models(field.annotation))
    kind = "a list, see" if get_origin(field.annotation) is tuple else "see"
    return "; ".join(filter(None, (field.description, f"{kind} {names}" if names else "")))


# -------------------------------------------------------------------------------------------------- results


def _columns(name: str) -> Iterator[str]:
    rows = ((f"`{each.name}`", each.kind, each.unit(), each.meaning) for each in TABLES[name])
    yield f"{PURPOSES[name].capitalize()}.\n"
    yield from _table(("column", "kind", "unit", "meaning"), rows)


def _kinds() -> Iterator[str]:
    names = {"loan": "loan token", "collateral": "collateral token"}
    rows = ((kind, unit.format(**names), held) for kind, (unit, held) in KINDS.items())
    return _table(("kind", "unit", "type"), rows)


def _flows() -> Iterator[str]:
    return _table(("purpose", "what for"), ((f"`{name}`", meaning) for name, meaning in FLOWS.items()))


def _figures() -> Iterator[str]:
    rows = ((f"`{name}.svg`", chart.title, chart.caption) for name, chart in CHARTS.items())
    return _table(("file", "shows", "reading it"), rows)


def _measures() -> Iterator[str]:
    rows = ((f"`{name}`", each.unit, each.definition) for name, each in MEASURES.items())
    return _table(("measure", "unit", "definition"), rows)


def _risks() -> Iterator[str]:
    yield f"{fill(_said(over_runs), WIDTH)}\n"
    for function in (value_at_risk, expected_shortfall, entropic_value_at_risk):
        text = f"- `{function.__name__}`: {_said(function)}"
        yield fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _said(function: Callable[..., object]) -> str:
    """A function's docstring in one line, without its sections."""
    return " ".join((function.__doc__ or "").split("Raises:")[0].split())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(each.split()) for each in row)} |"


PARTS: dict[str, Callable[[], Iterable[str]]] = {
    "keeper": _options,
    "kinds": _kinds,
    "flows": _flows,
    "figures": _figures,
    "measures": _measures,
    "risks": _risks,
    **{f"{name}.parquet": partial(_columns, name) for name in TABLES},
    **{_title(model): partial(_keys, model) for model in _models_within(Scenario)},
}
"""What is made, by the name in the document."""


if __name__ == "__main__":
    for path in FILES:
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
