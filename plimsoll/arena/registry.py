"""Which rules there are: those of this package, and those that somebody has written in a file."""

from __future__ import annotations

import hashlib
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from plimsoll.arena import rules
from plimsoll.arena.rule import Rule


class ArenaError(ValueError):
    """Something is asked of the arena that it cannot do; the message is one sentence."""


def known() -> dict[str, type[Rule]]:
    """The rules of `plimsoll.arena.rules` by name, in alphabetical order."""
    modules = (import_module(f"{rules.__name__}.{it.name}") for it in pkgutil.iter_modules(rules.__path__))
    return _named(each for module in modules for each in vars(module).values())


def text_of(file: Path) -> str:
    """The text of a file with rules.

    Raises:
        ArenaError: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = str(getattr(error, "strerror", "") or "it is not text in UTF-8").lower()
        raise ArenaError(
            f"The file {file} with a rule cannot be read ({reason}); name another one."
        ) from None


def _named(things: Iterable[object]) -> dict[str, type[Rule]]:
    """Those that are rules and have a name, by it.

    Raises:
        ArenaError: a name is no text, or two have the same.
    """
    found: dict[str, type[Rule]] = {}
    for each in things:
        if not (isinstance(each, type) and issubclass(each, Rule) and hasattr(each, "name")):
            continue
        if not isinstance(each.name, str) or not each.name:
            raise ArenaError(f"The `name` of the rule {each.__name__} is {each.name!r}; it must be a text.")
        if found.setdefault(each.name, each) is not each:
            one = found[each.name].__name__
            raise ArenaError(f"{one} and {each.__name__} are both called {each.name!r}; rename one of them.")
    return dict(sorted(found.items()))


def place_in(file: str, error: BaseException) -> str:
    """Where in a file an error arose, as `, line 7`; nothing, if nowhere in it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f", line {lines[-1]}" if lines else ""


@lru_cache
def written(text: str, file: str) -> dict[str, type[Rule]]:
    """The rules that a file's text defines, by name.

    Args:
        text: Python.
        file: where it stands, for tracebacks and sentences.

    Raises:
        ArenaError: it cannot be run, has no rule, one that lacks something, or one of a name that is taken.
    """
    module = ModuleType(f"plimsoll_rule_{hashlib.sha256(text.encode()).hexdigest()[:12]}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # where dataclasses look
    try:
        exec(compile(text, file, "exec"), vars(module))
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}{place_in(file, error)}"
        raise ArenaError(f"{file} cannot be run ({reason}); correct it.") from None
    own = (each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__)
    found = _named(own)
    if not found:
        raise ArenaError(
            f"{file} defines no rule; write a class of `plimsoll.arena.rule.Rule` with a `name`."
        )
    for name, each in found.items():
        if inspect.isabstract(each):
            lacking = ", ".join(sorted(each.__abstractmethods__))
            raise ArenaError(f"The rule {name!r} of {file} lacks {lacking}; see `plimsoll.arena.rule.Rule`.")
        if not isinstance(getattr(each, "source", None), str):
            raise ArenaError(f"The rule {name!r} of {file} has no `source`; say where it is from, in a text.")
        if name in known():
            raise ArenaError(f"There is a rule {name!r} already; call that of {file} by another name.")
    return found
