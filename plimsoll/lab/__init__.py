"""The scenario laboratory in the hand: load a scenario, play it, sweep it, look at what happened.

    from plimsoll import lab

    night = lab.load("black-thursday")
    result = lab.play(night)
    result.frames()["liquidations"]
    study = lab.sweep(night.with_({"order": "random"}), grid={"vaults.0.bonus_max": (0.05, 0.10)})

Whatever goes wrong is a sentence. It works from any folder; scenarios that ship with Plimsoll go by their
names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from plimsoll.chain import artifacts
from plimsoll.lab.agents import Agent, Desk
from plimsoll.lab.scenarios import Scenario, load, setting
from plimsoll.scenario.own import Own, agent_of
from plimsoll.scenario.reading import ScenarioError
from plimsoll.scenario.records import Result
from plimsoll.scenario.run import laboratory_of
from plimsoll.scenario.world import CONTRACTS

if TYPE_CHECKING:
    import pandas as pd

    from plimsoll.arena.rule import Rule
    from plimsoll.report.sweep import Study

__all__ = [
    "Agent", "Desk", "Result", "Scenario", "ScenarioError", "arena", "compare", "load", "play", "sweep"
]  # fmt: skip

Settings = Mapping[str | tuple[str, ...], Iterable[Any]]


def play(
    scenario: Scenario | str | Path | Mapping[str, Any],
    path: int = 0,
    agents: Sequence[Own] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Plays a scenario on the contracts' bytecode in this process, with the exact twin beside it.

    The market is built once; playing the same scenario again takes the same one, as it was at its start.

    Args:
        scenario: as `load` gives it, or what `load` takes.
        path: number of the random prices.
        agents: of your own, beside the scenario's: objects, classes, functions that make one, or names like
            `my_module:Hare`. Objects are copied, so that each run begins alike.
        progress: called with the number of the block, and of all blocks.

    Raises:
        ScenarioError: the scenario says something impossible, or an agent is none.
        Difference: chain and twin do not agree, which is a bug.
    """
    config, (path,) = _loaded(scenario).config, _numbered([path])
    found = artifacts.load(CONTRACTS, config.has_exchange)
    return laboratory_of(config, found).play(path, [agent_of(each) for each in _several(agents)], progress)


def arena(
    scenario: Scenario | str | Path | Mapping[str, Any],
    rules: Sequence[str | type[Rule]] | None = None,
    paths: Iterable[int] = (0,),
    *,
    deployed: bool = False,
    keepers: str | None = None,
    depth: str | None = None,
    latency: str | None = None,
    population: str | None = None,
) -> pd.DataFrame:
    """What rules of liquidation leave behind on the same paths, with the same people, feeds, DEX and keepers.

    Every rule has the vaults' loan-to-value and threshold, and its own numbers for everything else. Or it has
    the parameters of its system's large market for collaterals of these symbols (`deployed`); people then
    lock the same collateral, and who borrows more than that market lends borrows what it lends. Each path has
    its own people, drawn as the scenario says, and its own prices where these are random. `plimsoll arena`
    plays many; docs/arena.md says what is simplified.

    Args:
        scenario: as `load` gives it, or what `load` takes.
        rules: names, such as `aave-v3`, or classes of your own; without, all that can play the scenario.
        paths: their numbers; path 0 has the people of the scenario's seed.
        deployed: whether rules have the parameters of a market that exists.
        keepers: also with others, each alone: `competitive,scarce,strategic,absent` or some of these.
        depth: also with DEXes so many times as deep, as `x0.5,x2`.
        latency: also with keepers so many blocks late, as `1,10`.
        population: also with other people: `leveraged,whales` or one of these.

    Returns:
        A row a variation, path and rule, whole loan tokens: what people borrowed; loss of lenders, booked and
        hidden (in debt that the collateral does not cover at the end), cost of borrowers, debt ended and
        repaid, profit of keepers, what the protocol keeps, what others who stand in lose (which the page adds
        to the loss of lenders) and gain, what sales brought less than the outside price;
        debt repaid over the least needed; debt under water times hours; closes; the lowest outside price over
        the first; the price's fall over that of its path. The frame's `attrs["unplayable"]` has those of all
        rules that cannot play the scenario, with a sentence each.

    Raises:
        ScenarioError: the scenario says something impossible.
        ArenaError: there is no such rule or variation, two have the same name, or one that is named cannot
                play the scenario.
    """
    import pandas as pd

    from plimsoll.arena.registry import ArenaError, known
    from plimsoll.arena.study import Unplayable, check, kind_of, outcomes, row
    from plimsoll.arena.variation import variations

    config, numbers = _loaded(scenario).config, _numbered(paths)
    kinds = [kind_of(each) for each in rules or known()]
    names = [kind.name for kind in kinds]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ArenaError(f"Two rules are called {twice[0]!r}; name each once, or call one otherwise.")
    unplayable = {}
    for kind in kinds:
        try:
            check(kind, config, deployed=deployed)
        except Unplayable as error:
            if rules:
                raise
            unplayable[kind.name] = str(error)
    rows = [
        {"rule": kind.name, "variation": str(it), "path": path}
        | row(config, outcomes(config, kind, path, variation=it, deployed=deployed))
        for it in variations(keepers, depth, latency, population)
        for path in numbers
        for kind in kinds
        if kind.name not in unplayable
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["unplayable"] = unplayable
    return frame


def sweep(
    scenario: Scenario | str | Path | Mapping[str, Any],
    grid: Settings | None = None,
    paths: int | None = None,
    *,
    of: int | None = None,
    agents: Sequence[Own] = (),
    measures: Sequence[Own] = (),
    out: str | Path | None = None,
    workers: int | None = None,
    dask: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Study:
    """Plays a scenario on many random paths, at every point of a grid; as `plimsoll sweep`.

    The twin plays all of them, the contracts beside it paths 0, 20, 40 and so on, or all where there are
    agents of your own.

    Args:
        scenario: as `load` gives it, or what `load` takes.
        grid: values by setting, `{"vaults.0.bonus_max": (0.05, 0.08)}`; settings that move together stand in
            a tuple, `{("vaults.0.ltv", "vaults.1.ltv"): [(0.7, 0.7), (0.8, 0.8)]}`. Impossible corners are
            left away and listed in `skipped` of what is returned.
        paths: for each grid point; without, 100, or one where nothing is random.
        of: draw so many, and play the deepest falls among them and some of the others.
        agents: of your own, as for `play`; each path has new ones, or copies of objects.
        measures: of your own: functions of a finished run, or names like `my_module:worst_hour`.
        out: a folder that keeps what was played, so that the sweep can go on, also with more paths; without,
            nothing is kept.
        workers: processes; 1 plays in this one. Without, one for each processor.
        dask: address of a Dask cluster to play on instead.
        progress: called with the paths that have been played, and all; such as `print`.

    Raises:
        ScenarioError: the scenario or the grid says something impossible, or what is your own cannot be used.
        SweepError: the folder is another's, a path cannot be played, or workers fail.
    """
    from plimsoll.report.sweep import study_of
    from plimsoll.report.sweep_page import write
    from plimsoll.scenario.grid import points_of
    from plimsoll.scenario.sweep import Sweep, run, sampled
    from plimsoll.scenario.workers import crew_of

    loaded = _loaded(scenario)
    axes = _grid(grid or {})
    points, corners = points_of(loaded.source, axes)
    swept = Sweep(loaded.source, axes, tuple(points), _several(agents), _several(measures))
    swept.check_own()
    samples = sampled(swept, paths, of, lambda _done, _all: None)
    with ExitStack() as stack:
        folder = Path(out) if out else Path(stack.enter_context(TemporaryDirectory()))
        crew = stack.enter_context(crew_of(workers or os.cpu_count() or 1, dask))
        found = artifacts.load(CONTRACTS, swept.has_exchange)
        study = study_of(swept, corners, samples, run(swept, samples, folder, found, crew, progress))
        if out:
            write(study, folder)
    return study


def compare(a: Study | str | Path, b: Study | str | Path) -> pd.DataFrame:
    """What is different between two sweeps of the same paths, path by path.

    Args:
        a: a sweep, or the folder that keeps one.
        b: another.

    Returns:
        A row a figure, for each grid point that both have: the figure of `a` and of `b`, `b` less `a`, and
        the interval of the difference. One that does not contain 0 tells them apart.

    Raises:
        FolderError: a folder holds no sweep, or they have not played the same paths.
        ScenarioError: one is no sweep.
    """
    import pandas as pd

    from plimsoll.report.sweep_compare import difference, pairs

    rows = []
    first, second = _study(a), _study(b)
    for one, other in pairs(first, second):
        for name, (value, low, high) in difference(first, one["number"], second, other["number"]).items():
            row = {"a": one["figures"][name], "b": other["figures"][name], "difference": value}
            rows.append({**one["values"], "figure": name, **row, "low": low, "high": high})
    return pd.DataFrame(rows)


def _study(it: Any) -> Study:
    from plimsoll.report.sweep import Study, read

    if isinstance(it, str | Path):
        return read(Path(it))
    if not isinstance(it, Study):
        raise ScenarioError(
            f"{it!r} is no sweep; of two runs write the reports with `report`, and say `plimsoll compare`."
        )
    return it


def _several(own: Sequence[Own] | Own) -> tuple[Own, ...]:
    """Agents or measures; one alone needs no list."""
    return tuple(own) if isinstance(own, Iterable) and not isinstance(own, str | type) else (own,)


def _numbered(paths: Iterable[int]) -> list[int]:
    """The numbers of paths.

    Raises:
        ScenarioError: there is none of a number.
    """
    numbers = [*paths]
    if strange := [path for path in numbers if path < 0]:
        raise ScenarioError(f"There is no path {strange[0]}; they are numbered from 0.")
    return numbers


def _loaded(scenario: Scenario | str | Path | Mapping[str, Any]) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load(scenario)


def _grid(grid: Settings) -> Any:
    """The axes that a dictionary means."""
    from plimsoll.scenario.grid import grid_of

    axes = []
    for keys, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise ScenarioError(
                f"{keys!r} of the grid is {values!r}; give a list of values, such as [0.05, 0.08]."
            )
        steps = list(values)
        if isinstance(keys, str):
            keys, steps = (keys,), [(value,) for value in steps]
        if any(not isinstance(step, tuple | list) or len(step) != len(keys) for step in steps):
            raise ScenarioError(
                f"Each step of {', '.join(keys)} needs {len(keys)} values, one for each of them."
            )
        columns = zip(*steps, strict=True)
        axes.append(" & ".join(
            f"{key}={','.join(setting(key, value).partition('=')[2] for value in column)}"
            for key, column in zip(keys, columns, strict=False)
        ))  # fmt: skip
    return grid_of(axes)
