"""Reads scenarios from YAML files.

An error is one sentence that names the line, the value and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from plimsoll.scenario.config import Scenario
from plimsoll.scenario.strict_model import KINDS, sentence


class ScenarioError(ValueError):
    """A scenario that cannot be used; the message is one sentence for the person who wrote it."""


class _Loader(yaml.SafeLoader):
    """Takes numbers as they look, and refuses a key that stands twice.

    YAML 1.1 reads 11:00 as 660 and 0100 as 64, and drops the first of two keys.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":int", ":float"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # refused later: no field has such a name
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value!r} stands twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
               r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
    list("-+.0123456789"),
)  # fmt: skip


def load(path: Path, settings: Sequence[str] = ()) -> Scenario:
    """The scenario in a YAML file.

    Args:
        path: the file; CSV files that it names are looked for beside it.
        settings: changes like `vaults.0.bonus_max=0.08`.

    Raises:
        ScenarioError: the file cannot be read or says something impossible.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError(
            f"There is no scenario file {path}; the ones that ship are in scenarios/."
        ) from None
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise ScenarioError(
            f"The scenario file {path} cannot be read ({reason}); name another one."
        ) from None
    except UnicodeDecodeError:
        raise ScenarioError(f"The scenario file {path} is not text in UTF-8; name another one.") from None
    return parse(text, str(path), settings, path.parent)


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
        tree = yaml.compose(text, _Loader)
        data = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ScenarioError(f"{name} is not valid YAML{line}: {error.problem}; correct it.") from None
    except yaml.YAMLError as error:
        raise ScenarioError(
            f"{name} is not valid YAML: {' '.join(str(error).split())}; correct it."
        ) from None
    data = _own(data)
    for setting in settings:
        _change(data, setting)
    try:
        return Scenario.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        said = sentence(error)
        raise ScenarioError(f"{name}{_where(tree, settings, error, said)}: {said}.") from None


def _where(tree: yaml.Node | None, settings: Sequence[str], error: ValidationError, said: str) -> str:
    """The line of what is wrong, or the setting that says it."""
    place = [part for part in error.errors()[0]["loc"] if part not in KINDS]
    found = re.match(r"(hours|block_seconds|correlation)\b", said) or re.search(
        r"(?:^|\s)((?:vaults|borrowers|liquidators)\.\d+[\w.]*)", said
    )
    if not place and found:  # a check of several parts names them itself
        place = [int(part) if part.isdecimal() else part for part in found[1].rstrip(".").split(".")]
    dotted = ".".join(map(str, place))
    for setting in reversed(settings):
        key = setting.partition("=")[0]
        if place and (f"{dotted}.".startswith(f"{key}.") or f"{key}.".startswith(f"{dotted}.")):
            return f", as changed by --set {setting}"
    return _line(tree, place)


def _own(data: Any) -> Any:
    """The same without parts that stand in two places, as YAML's anchors make them."""
    if isinstance(data, dict):
        return {key: _own(value) for key, value in data.items()}
    return [_own(value) for value in data] if isinstance(data, list) else data


def _change(data: Any, setting: str) -> None:
    """Sets one value of a parsed file.

    Raises:
        ScenarioError: the setting has no value, or leads nowhere.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ScenarioError(f"{setting!r} is no setting; write it like vaults.0.bonus_max=0.08.")
    try:
        value = yaml.load(text, _Loader)
    except yaml.YAMLError:
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


def _line(tree: yaml.Node | None, location: Sequence[int | str]) -> str:
    """Where in the file the thing at `location` stands, or else what it should be in."""
    if tree is None:
        return ""
    line = tree.start_mark.line
    for part in location:
        if isinstance(tree, yaml.SequenceNode) and isinstance(part, int) and part < len(tree.value):
            tree = tree.value[part]
            line = tree.start_mark.line
        elif isinstance(tree, yaml.MappingNode):
            for key, value in tree.value:
                if key.value == str(part):
                    line, tree = key.start_mark.line, value
                    break
    return f", line {line + 1}"
