"""Objects whose mistyped attributes are errors, as mistyped names are elsewhere."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def hint(name: str, known: Iterable[str]) -> str:
    """What somebody may have meant, to follow the sentence that a name does not exist; empty: who knows."""
    near = get_close_matches(name, [each for each in known if not each.startswith("_")], cutoff=0.5)
    return f"; perhaps you meant {' or '.join(near)}" if near else ""


def unknown(what: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error for a name that does not exist, with those that are near to it."""
    return AttributeError(f"{what} has no {name!r}{hint(name, known)}.")


class Strict:
    """Has the attributes that its class declares as slots and properties, and no others."""

    __slots__ = ()

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute that exists."""
        if not hasattr(type(self), name):
            raise unknown(type(self).__name__, name, dir(type(self)))
        found = getattr(type(self), name)
        if isinstance(found, property) and found.fset is None:
            raise AttributeError(f"{name} of a {type(self).__name__} cannot be set.")
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        """Called for what does not exist."""
        raise unknown(type(self).__name__, name, dir(type(self)))
