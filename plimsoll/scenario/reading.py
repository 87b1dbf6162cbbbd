"""Reads scenarios from YAML files.

An error is one sentence that names the line, the value and the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from plimsoll.scenario.config import Scenario
from plimsoll.scenario.files import names
from plimsoll.scenario.strict_model import field_of, sentence
from plimsoll.yaml_lines import lines_of, nearest, reader


class ScenarioError(ValueError):
    """A scenario that cannot be used; the message is one sentence for the person who wrote it."""


@dataclass(frozen=True)
class Source:
    """A scenario as it is written.

    Attributes:
        name: what errors call it.
        text: YAML.
        folder: where files that it names are looked for.
        settings: changes like `vaults.0.bonus_max=0.08`.
        file: where the text stands, if in a file.
    """

    name: str
    text: str
    folder: Path = Path()
    settings: tuple[str, ...] = ()
    file: Path | None = None

    def scenario(self, more: Sequence[str] = ()) -> Scenario:
        """The scenario that it says, with more settings.

        Raises:
            ScenarioError: it says something impossible.
        """
        return parse(self.text, self.name, (*self.settings, *more), self.folder)


def source_of(path: Path, settings: Sequence[str] = ()) -> Source:
    """A YAML file; files that it names are looked for beside it.

    Raises:
        ScenarioError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError(
            f"There is no scenario file {path}; the ones that ship are {', '.join(names())}."
        ) from None
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise ScenarioError(
            f"The scenario file {path} cannot be read ({reason}); name another one."
        ) from None
    except UnicodeDecodeError:
        raise ScenarioError(f"The scenario file {path} is not text in UTF-8; name another one.") from None
    return Source(str(path), text, path.parent, tuple(settings), path)


def load(path: Path, settings: Sequence[str] = ()) -> Scenario:
    """The scenario in a YAML file, with changes like `vaults.0.bonus_max=0.08`.

    Raises:
        ScenarioError: the file cannot be read or says something impossible.
    """
    return source_of(path, settings).scenario()


def parse(text: str, name: str, settings: Sequence[str] = (), folder: Path = Path()) -> Scenario:
    """The scenario in a YAML text.

    Args:
        text: the file's content.
        name: what errors call it.
        settings: changes like `vaults.0.bonus_max=0.08`.
        folder: where CSV files are looked for.

    Raises:
        ScenarioError: it says something impossible.
    """
    try:
        data = _unshared(reader().load(text))
    except MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ScenarioError(f"{name} is not valid YAML{line}: {error.problem}; correct it.") from None
    except YAMLError as error:
        raise ScenarioError(
            f"{name} is not valid YAML: {' '.join(str(error).split())}; correct it."
        ) from None
    except ValueError as error:  # of a date that no calendar has
        raise ScenarioError(f"{name} has a date that is none ({error}); correct it.") from None
    if data is None:
        raise ScenarioError(f"{name} is empty; `plimsoll new scenario NAME` writes one to start from.")
    for setting in settings:
        _change(data, setting)
    try:
        return Scenario.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        raise ScenarioError(f"{name}{_where(text, settings, error)}: {sentence(error)}.") from None


def _where(text: str, settings: Sequence[str], error: ValidationError) -> str:
    """The line of the field that is wrong, or the setting that changed it."""
    field = field_of(error)
    for setting in reversed(settings):
        key = setting.partition("=")[0]
        is_within = f"{field}.".startswith(f"{key}.") or f"{key}.".startswith(f"{field}.")
        if is_within if field else key.partition(".")[0] not in Scenario.model_fields:
            return f", as changed by {setting}"
    if text.startswith("{") and "\n" not in text.strip():  # a dictionary
        return ""
    lines = lines_of(reader().compose(text))
    return f", line {lines[nearest(lines, field)]}"


def _unshared(data: Any) -> Any:
    """The same without parts that are one object in two places, as YAML's anchors make them."""
    if isinstance(data, dict):
        return {key: _unshared(value) for key, value in data.items()}
    return [_unshared(value) for value in data] if isinstance(data, list) else data


def _change(data: Any, setting: str) -> None:
    """Sets one value of a parsed file.

    Raises:
        ScenarioError: the setting has no value, or leads nowhere.
    """
    key, equals, text = setting.partition("=")
    if not equals or not text or not all(key.split(".")):
        raise ScenarioError(f"{setting!r} is no setting; write it like vaults.0.bonus_max=0.08.")
    try:
        value = reader().load(text)
    except (YAMLError, ValueError):  # the latter of a date that no calendar has
        raise ScenarioError(f"{text!r} in {setting!r} is no value in YAML; correct it.") from None
    *path, last = key.split(".")
    place = data
    for number, part in enumerate([*path, last]):
        step: Any = int(part) if isinstance(place, list) and part.isdecimal() else part
        at = ".".join(key.split(".")[:number]) or "the scenario"
        if isinstance(place, list) and (not isinstance(step, int) or step >= len(place)):
            raise ScenarioError(
                f"{setting!r}: {at} is a list of {len(place)}, which has no {part!r}; replace it as a whole."
            )
        if not isinstance(place, dict | list):
            raise ScenarioError(f"{setting!r}: {at} is {place!r} and holds no {part!r}.")
        if number == len(path):
            place[step] = value
        else:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
