"""Scenarios to hold in the hand: loaded from anywhere, changed by the names that `--set` takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plimsoll.scenario import config
from plimsoll.scenario.files import file_of
from plimsoll.scenario.reading import ScenarioError, Source, source_of

if TYPE_CHECKING:
    import pandas as pd


class Scenario:
    """A scenario as it is written, with changes.

    Attributes:
        source: what is written, and the changes.
    """

    def __init__(self, source: Source) -> None:
        """A scenario; it is read when something is asked of it."""
        self.source = source

    def with_(self, settings: Mapping[str, Any] | None = None, /, **more: Any) -> Scenario:
        """The same with other settings, such as `{"vaults.0.bonus_max": 0.08}`, or `seed=8`.

        A file as a text is looked for where the scenario's own are, as a `Path` from the working folder.

        Raises:
            ScenarioError: that is impossible.
        """
        changes = tuple(setting(key, value) for key, value in {**(settings or {}), **more}.items())
        it = self.source
        changed = Scenario(Source(it.name, it.text, it.folder, (*it.settings, *changes), it.file))
        _ = changed.config
        return changed

    @cached_property
    def config(self) -> config.Scenario:
        """All of it, checked, defaults included."""
        return self.source.scenario()

    def prices(self, path: int = 0) -> pd.DataFrame:
        """The outside prices of a path, without feedback: a row a block by its time, a column a collateral.

        Args:
            path: number of the random prices.
        """
        import pandas as pd

        it = self.config
        times = pd.to_datetime(
            [it.first_time + block * it.block_seconds for block in range(it.blocks + 1)], unit="s", utc=True
        )
        index = times.rename("time")
        return pd.DataFrame(it.outside_prices(path).T, index=index, columns=it.collateral_symbols)

    def __repr__(self) -> str:
        """On a line: title, people, when."""
        it = self.config
        people = sum(group.count for group in it.borrowers)
        end = it.start + timedelta(hours=it.duration)
        return (
            f"<{it.title}: {people:,} borrowers, {it.blocks:,} blocks of {it.block_seconds} s, "
            f"{it.start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC>"
        )


def load(scenario: str | Path | Mapping[str, Any]) -> Scenario:
    """A scenario: one that ships by its name, a YAML file by its path, YAML as a text, or a dictionary.

    Files that it names are looked for beside it; of a text or dictionary in the working folder.

    Raises:
        ScenarioError: it cannot be read, or says something impossible.
    """
    if isinstance(scenario, Mapping):
        source = Source("the scenario", json.dumps(scenario, default=_plain))
    elif isinstance(scenario, str) and "\n" in scenario:
        source = Source("the scenario", scenario)
    else:
        source = source_of(file_of(str(scenario)))
    loaded = Scenario(source)
    _ = loaded.config
    return loaded


def setting(key: str, value: Any) -> str:
    """A setting as `--set` takes it.

    Raises:
        ScenarioError: the value is nothing that a scenario can say.
    """
    return f"{key}={json.dumps(value, default=_plain)}"


def _plain(value: Any) -> Any:
    """What JSON has for numbers of numpy, exact ones, dates, paths and frames."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    for method in ("tolist", "isoformat"):
        if hasattr(value, method):
            return getattr(value, method)()
    if isinstance(value, Path):
        return str(value.absolute())
    shown = repr(value)
    if "\n" in shown:  # of a frame
        shown = type(value).__name__
    raise ScenarioError(
        f"{shown} is nothing that a scenario can say; give numbers, texts, lists or dictionaries, and tables "
        "as files."
    )
