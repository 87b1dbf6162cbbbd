"""The grid of a sweep: axes of settings, the points where they meet, and corners that are impossible."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ruamel.yaml.error import YAMLError

from plimsoll.scenario.config import Scenario
from plimsoll.scenario.reading import ScenarioError, Source
from plimsoll.yaml_lines import reader

_TIED = re.compile(r"\s*&\s*(?=[\w.]+=)")


@dataclass(frozen=True)
class Axis:
    """Settings that move together, step by step.

    Attributes:
        keys: their names, such as `vaults.0.bonus_max`.
        steps: at each step a value for each key, as YAML.
    """

    keys: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]

    def settings(self) -> list[tuple[str, ...]]:
        """At each step the settings, like `vaults.0.bonus_max=0.08`."""
        return [
            tuple(f"{key}={value}" for key, value in zip(self.keys, step, strict=True)) for step in self.steps
        ]


Grid = tuple[Axis, ...]


@dataclass(frozen=True)
class Point:
    """A point of a grid that can be played.

    Attributes:
        number: among all points, from 0.
        settings: of its axes.
        scenario: with them.
    """

    number: int
    settings: tuple[str, ...]
    scenario: Scenario


@dataclass(frozen=True)
class Corner:
    """A point of a grid that is impossible, and why: one sentence."""

    settings: tuple[str, ...]
    reason: str


def grid_of(axes: Sequence[str]) -> Grid:
    """Axes like `vaults.0.bonus_max=0.05,0.08`; tied ones like `a=1,2 & b=3,4`, step by step.

    Raises:
        ScenarioError: an axis has no values, says something twice, or ties unequal lists.
    """
    grid = tuple(map(_axis, axes))
    for key, times in Counter(key for axis in grid for key in axis.keys).items():
        if times > 1:
            raise ScenarioError(f"{key} stands on two axes of the grid; write all its values on one.")
    return grid


def _axis(text: str) -> Axis:
    keys: list[str] = []
    columns: list[list[str]] = []
    for part in _TIED.split(text):
        key, _, values = part.partition("=")
        found = _values(values)
        if not key or not found:
            raise ScenarioError(f"{text!r} is no axis of a grid; write it like vaults.0.bonus_max=0.05,0.08.")
        if len(found) != len(columns[0] if columns else found):
            raise ScenarioError(
                f"{text!r} ties {len(columns[0])} values of {keys[0]} to {len(found)} of {key}; give as many."
            )
        keys.append(key)
        columns.append(found)
    steps = tuple(zip(*columns, strict=True))
    if twice := [step for step, times in Counter(steps).items() if times > 1]:
        raise ScenarioError(f"{text!r} has the value {', '.join(twice[0])} twice; remove one.")
    return Axis(tuple(keys), steps)


def _values(text: str) -> list[str]:
    """The values of an axis as they are written; commas in brackets and quotes belong to a value."""
    try:
        found = reader().compose(f"[{text}]")
    except YAMLError:
        return []
    parts = found.value if found else []
    return [text[part.start_mark.index - 1 : part.end_mark.index - 1] for part in parts]


def settings_of(grid: Grid) -> list[tuple[str, ...]]:
    """The settings of every combination; without an axis there is one, of none."""
    return [
        tuple(setting for step in steps for setting in step)
        for steps in product(*(axis.settings() for axis in grid))
    ]


def points_of(source: Source, grid: Grid) -> tuple[list[Point], list[Corner]]:
    """The points that can be played, and those that cannot.

    Raises:
        ScenarioError: none can be played.
    """
    points, corners = [], []
    for number, settings in enumerate(settings_of(grid)):
        try:
            points.append(Point(number, settings, source.scenario(settings)))
        except ScenarioError as error:
            corners.append(Corner(settings, str(error)))
    if not points:
        raise ScenarioError(corners[0].reason)
    return points, corners


def in_force(settings: Sequence[str], keys: Iterable[str]) -> list[str]:
    """Settings that nothing changes again: neither a later one of the same, or of what it is a part of.

    Args:
        settings: in their order.
        keys: what is set after all of them, as by the axes of a grid.
    """
    found: list[str] = []
    later = list(keys)
    for setting in reversed(settings):
        key = setting.partition("=")[0]
        if not any(f"{key}.".startswith(f"{other}.") for other in later):
            found.append(setting)
        later.append(key)
    return found[::-1]


def plain(text: str) -> Any:
    """The value of a setting as a column holds it: a number if it is one, else as it is written."""
    value = reader().load(text)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else text
