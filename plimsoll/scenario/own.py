"""Agents and measures of one's own, as a sweep is given them: objects, or names like `module:name`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from types import CodeType
from typing import Any

from plimsoll.scenario.agents.view import Agent
from plimsoll.scenario.reading import ScenarioError

Own = Any
"""A name like `module:name`, or an agent, a class of agents or what makes one; or a measure: a function."""


def found(own: Own) -> Any:
    """What a name stands for; anything else is itself.

    Raises:
        ScenarioError: there is nothing of that name.
    """
    if not isinstance(own, str):
        return own
    module, _, name = own.partition(":")
    if not module or not name:
        raise ScenarioError(f"{own!r} names nothing; write it like my_module:MyAgent.")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ScenarioError(
            f"{own!r} cannot be loaded ({error}); name a module that Python finds from this folder, and "
            "something in it."
        ) from None


def agent_of(own: Own) -> Agent:
    """An agent for one run: made by a class or function, or a copy of one that has not played yet.

    Raises:
        ScenarioError: it is no agent.
    """
    it = found(own)
    is_maker = isinstance(it, type) or (callable(it) and not hasattr(it, "update"))
    agent: Agent = it() if is_maker else it
    if lacking := [part for part in ("name", "update", "record") if not hasattr(agent, part)]:
        raise ScenarioError(f"{shown(own)} is no agent: it has no {lacking[0]}; see `plimsoll.lab.Agent`.")
    return agent if is_maker else deepcopy(agent)


def measure_of(own: Own) -> tuple[str, Callable[[Any], float | None]]:
    """A measure's name and its function, of a finished run.

    Raises:
        ScenarioError: it cannot be called.
    """
    it = found(own)
    if not inspect.isroutine(it):
        raise ScenarioError(f"{shown(own)} is no measure; name a function of a finished run.")
    return it.__name__, it


def shown(own: Own) -> str:
    """As a sentence names it."""
    return repr(own) if isinstance(own, str) else getattr(own, "__name__", type(own).__name__)


def code_of(owns: Sequence[Own]) -> bytes:
    """Tells apart what is brought along: by its code, and that of its module where that is a file."""
    return b"\0".join(part for own in owns for part in (shown(own).encode(), _code(found(own))))


def _code(it: Any) -> bytes:
    kind = it if isinstance(it, type) or inspect.isroutine(it) else type(it)
    state = b"" if kind is it else repr(sorted(vars(it).items())).encode()
    module = inspect.getmodule(kind)
    file = getattr(module, "__file__", None)
    if file and getattr(module, "__name__", "__main__") != "__main__":
        return Path(file).read_bytes() + state
    parts = vars(kind).items() if isinstance(kind, type) else [(kind.__name__, kind)]
    return (
        repr([(name, _compiled(part)) for name, part in parts if not name.startswith("__")]).encode() + state
    )


def _compiled(part: Any) -> Any:
    """What a function of a notebook does, wherever it stands in it; anything else is itself."""
    code = getattr(part, "__code__", part)
    if not isinstance(code, CodeType):
        return code
    return code.co_code, code.co_names, [_compiled(const) for const in code.co_consts]
