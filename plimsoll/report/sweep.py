"""The results of a sweep: risk at every grid point with intervals, as frames, tables, files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from plimsoll.report.folder import FolderError
from plimsoll.report.measures import MEASURES
from plimsoll.report.risk import over_runs
from plimsoll.scenario.grid import Corner, in_force
from plimsoll.scenario.own import measure_of
from plimsoll.scenario.sample import Sample
from plimsoll.scenario.sweep import Sweep, columns_of
from plimsoll.scenario.sweep_folder import SWEEP

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from plimsoll.report.sweep_figures import Drawn

SUMMARY, ROWS, POINTS = "summary.json", "paths.parquet", "points.csv"
FORMAT = "plimsoll sweep, version 2"
TAIL = 10  # paths in the worst hundredth, below which intervals of ES 99 are too narrow

SHOWN = {  # of `over_runs`, in the terminal
    "bad_debt_none": "without bad debt",
    "bad_debt_mean": "bad debt, mean",
    "bad_debt_var_95": "VaR 95",
    "bad_debt_es_99": "ES 99",
    "bad_debt_evar_99": "EVaR 99",
    "liquidated_debt_lar_95": "LaR 95",
}


@dataclass(frozen=True, eq=False)
class Study:
    """A finished sweep.

    Attributes:
        summary: what `summary.json` says; amounts are whole loan tokens.
        rows: a row a path, as `plimsoll.scenario.sweep.run` returns them.
    """

    summary: dict[str, Any]
    rows: pa.Table

    @property
    def axes(self) -> list[list[str]]:
        """The keys of each axis."""
        axes: list[list[str]] = self.summary["axes"]
        return axes

    @property
    def short(self) -> dict[str, str]:
        """A short name for each key of an axis: without the vault's number, where that leaves no doubt."""
        keys = [key for axis in self.axes for key in axis]
        names = [re.sub(r"^vaults\.\d+\.", "", key) for key in keys]
        return {key: name if names.count(name) == 1 else key for key, name in zip(keys, names, strict=True)}

    def label(self, point: Mapping[str, Any]) -> str:
        """What a grid point is called."""
        settings = (setting.partition("=")[::2] for setting in point["settings"])
        return ", ".join(f"{self.short[key]} {label_of(value)}" for key, value in settings) or "as written"

    @property
    def loan(self) -> str:
        """Symbol of the loan asset."""
        return str(self.summary["loan"])

    @property
    def paths(self) -> pd.DataFrame:
        """A row for each path: its grid point and axes, how much it counts, its measures."""
        frame: pd.DataFrame = self.rows.to_pandas()
        return frame

    @property
    def points(self) -> pd.DataFrame:
        """A row for each grid point: its axes, and every figure with the ends of its interval."""
        import pandas as pd

        rows = []
        for point in self.summary["points"]:
            row = dict(point["values"])
            for name, value in point["figures"].items():
                low, high = point["intervals"].get(name, (None, None))
                row |= {name: value, f"{name}_low": low, f"{name}_high": high}
            rows.append(row)
        return pd.DataFrame(rows)

    @property
    def skipped(self) -> pd.DataFrame:
        """A row for each corner of the grid that is impossible, and why."""
        import pandas as pd

        rows = [(", ".join(each["settings"]), each["reason"]) for each in self.summary["skipped"]]
        return pd.DataFrame(rows, columns=["settings", "reason"])

    def heat_map(self, figure: str = "bad_debt_es_99") -> Drawn:
        """A figure over two axes, with intervals; of more axes a panel for each combination of the others.

        Raises:
            ValueError: there are fewer axes, or there is no such figure.
        """
        from plimsoll.report.sweep_figures import Drawn, heat

        return Drawn(heat(self, figure))

    def curve(self, *figures: str) -> Drawn:
        """Figures along the first axis, with intervals as bands; without names, mean and ES 99 of bad debt.

        Raises:
            ValueError: there is no axis, or there is no such figure.
        """
        from plimsoll.report.sweep_figures import Drawn, curve

        return Drawn(curve(self, figures or ("bad_debt_mean", "bad_debt_es_99")))

    def likelihood(self) -> Drawn:
        """How likely an amount of bad debt or more is, at the worst grid points."""
        from plimsoll.report.sweep_figures import Drawn, likelihood

        return Drawn(likelihood(self))

    def sample(self, point: int) -> Sample:
        """What the rows of a grid point stand for."""
        rows = self.of(point)
        paths = tuple(rows["path"].to_pylist())
        return Sample(paths, rows["deepest"].to_numpy(zero_copy_only=False), self.summary["of"])

    def of(self, point: int) -> pa.Table:
        """The rows of a grid point."""
        return self.rows.filter(pc.equal(self.rows["point"], point))

    def __repr__(self) -> str:
        """On a line."""
        summary = self.summary
        skipped = f", {len(summary['skipped'])} skipped" if summary["skipped"] else ""
        count = len(summary["points"])
        points = f"{count:,} grid points" if count > 1 else "one grid point"
        return f"<{summary['title']}: {points}{skipped}, {each_of(summary)}>"


def study_of(sweep: Sweep, corners: Sequence[Corner], samples: Mapping[int, Sample], rows: pa.Table) -> Study:
    """What a sweep has found.

    Args:
        sweep: what was played.
        corners: points of its grid that are impossible.
        samples: the paths of each grid point.
        rows: a row a path, in order, as `plimsoll.scenario.sweep.run` returns them.
    """
    columns = columns_of(sweep)
    names = [*MEASURES, *(measure_of(each)[0] for each in sweep.measures)]
    points, first = [], 0
    for place, point in enumerate(sweep.points):
        sample = samples[point.number]
        part = rows.slice(first, len(sample.paths))
        estimates = over_runs(_numbers(part, names), sample)
        first += len(sample.paths)
        points.append({
            "number": point.number,
            "settings": list(point.settings),
            "values": {key: values[place] for key, values in columns.items()},
            "figures": {name: each.value for name, each in estimates.items()},
            "intervals": {
                name: [each.low, each.high] for name, each in estimates.items() if each.low is not None
            },
        })  # fmt: skip
    one = sweep.points[0].scenario
    sample = samples[sweep.points[0].number]
    summary = {
        "format": FORMAT,
        "title": one.title,
        "scenario": Path(sweep.source.name).name,
        "measures": names,
        "loan": one.pool.loan.symbol,
        "settings": in_force(sweep.source.settings, (key for axis in sweep.grid for key in axis.keys)),
        "axes": [list(axis.keys) for axis in sweep.grid],
        "paths": len(sample.paths),
        "of": sample.of,
        "compared": pc.sum(rows["compared"]).as_py(),
        "held": pc.sum(pc.greater(rows["compared"], 0)).as_py(),
        "points": points,
        "skipped": [{"settings": list(each.settings), "reason": each.reason} for each in corners],
    }
    return Study(summary, rows)


def measures_of(study: Study, point: int) -> dict[str, Any]:
    """The measures of a grid point's paths, as arrays."""
    return _numbers(study.of(point), study.summary["measures"])


def _numbers(rows: pa.Table, names: Sequence[str]) -> dict[str, Any]:
    return {name: rows[name].to_numpy(zero_copy_only=False) for name in names}


def is_sweep(folder: Path) -> bool:
    """Whether a folder holds a sweep, finished or not."""
    return (folder / SWEEP.note).is_file()


def read(folder: Path) -> Study:
    """The sweep that was written to a folder.

    Raises:
        FolderError: it holds no finished sweep, or a damaged one.
    """
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        if summary["format"] != FORMAT:
            raise KeyError
        return Study(summary, pq.read_table(folder / ROWS))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        raise FolderError(
            f"{folder} holds no finished sweep; name a folder that `plimsoll sweep` wrote."
        ) from None


def tables(study: Study) -> list[Table]:
    """The risk in the terminal: a row a point, with the values of its axes, intervals below the figures."""
    from rich.table import Table

    summary = study.summary
    table = Table(title=f"{summary['scenario']}, {each_of(summary)}, in loan tokens")
    for key in study.short.values():
        table.add_column(key.replace(".", ".\n").replace("_", "_\n"), overflow="fold")
    for title in SHOWN.values():
        table.add_column(title, justify="right", overflow="fold")
    for point in summary["points"]:
        values = [step_of(it) for it in point["values"].values()]
        table.add_row(*values, *(_cell(point, name) for name in SHOWN))
    table.caption = (
        f"{summary['held']:,} of {len(study.rows):,} paths were played on the contracts too, where "
        f"{summary['compared']:,} numbers of the books were equal to the twin's"
    )
    if summary["paths"] > 1:
        table.caption += "; below each figure its interval of 95 %"
        if summary["of"] < 100 * TAIL:
            table.caption += (
                f"; ES 99 and EVaR 99 rest on the worst hundredth of {summary['of']:,} paths, too few "
                "for their intervals to be trusted"
            )
    found = [table]
    if summary["skipped"]:
        skipped = Table("skipped", "impossible because", title="Skipped corners of the grid")
        reasons = Counter(corner["reason"] for corner in summary["skipped"])
        for reason, count in reasons.items():
            skipped.add_row(f"{count:,}", reason)
        found.append(skipped)
    return found


def cell(point: Mapping[str, Any], name: str) -> tuple[str, str]:
    """A figure, and its interval if it has one."""
    value, interval = point["figures"].get(name), point["intervals"].get(name)
    if value is None:
        return "none", ""
    show = (lambda it: f"{100 * it:.1f} %") if name == "bad_debt_none" else compact
    return show(value), f"{show(interval[0])} to {show(interval[1])}" if interval else ""


def _cell(point: Mapping[str, Any], name: str) -> str:
    value, interval = cell(point, name)
    return value + (f"\n[dim]{interval}[/]" if interval else "")


def is_number(text: str) -> bool:
    """Whether a setting's value is a number."""
    try:
        float(text.replace("_", ""))
    except ValueError:
        return False
    return True


def label_of(text: str) -> str:
    """A setting's value, as people read it."""
    if not is_number(text):
        return text if len(text) <= 24 else f"{text[:21]}..."
    value = float(text.replace("_", ""))
    return f"{value / 1e6:g} M" if abs(value) >= 1e6 else f"{value:,g}"


def step_of(value: float | str) -> str:
    """A value of an axis in a table: a number as in pictures, a text in full."""
    return label_of(repr(value)) if isinstance(value, int | float) else value


def compact(amount: float) -> str:
    """An amount in eight characters; summary.json has all of it."""
    if abs(amount) >= 1e6:
        return f"{amount / 1e6:,.2f} M"
    return f"{amount / 1e3:,.0f} k" if abs(amount) >= 1e4 else f"{amount:z,.0f}"


def each_of(summary: Mapping[str, Any]) -> str:
    """How many paths each point has."""
    paths, of = summary["paths"], summary["of"]
    if of > paths:
        return f"{paths:,} of {of:,} paths each"
    return f"{paths:,} paths each" if paths > 1 else "one path each"
