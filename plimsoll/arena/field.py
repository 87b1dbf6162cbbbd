"""Which rules there are."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from plimsoll.arena import rules
from plimsoll.arena.rule import AccountRule, Rule


def known() -> dict[str, type[Rule]]:
    """The rules of `plimsoll.arena.rules` by name, in alphabetical order."""
    found: dict[str, type[Rule]] = {}
    for module in pkgutil.iter_modules(rules.__path__):
        for each in vars(import_module(f"{rules.__name__}.{module.name}")).values():
            if isinstance(each, type) and issubclass(each, Rule) and each not in (Rule, AccountRule):
                found[each.name] = each
    return dict(sorted(found.items()))
