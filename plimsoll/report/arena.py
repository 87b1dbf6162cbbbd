"""The results of a tournament: figures of every point with intervals, and what tells two rules apart.

Amounts are parts of what was borrowed, so that scenarios of any size can be laid side by side;
`plays.parquet` has the amounts themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from plimsoll.arena.study import left_out
from plimsoll.arena.tournament import Tournament
from plimsoll.report.risk import (
    Estimate,
    Numbers,
    differences,
    expected_shortfall,
    mean,
    over_runs,
    value_at_risk,
)
from plimsoll.scenario.sample import Sample, every

FORMAT = "plimsoll arena, version 1"
OURS = "plimsoll"


class Measure(NamedTuple):
    """What is measured of a play.

    Attributes:
        title: of a column.
        unit: part (of what was borrowed), times, hours or count.
        definition: in a sentence or two.
    """

    title: str
    unit: str
    definition: str


MEASURES = {
    "lender_loss": Measure(
        "lenders lose", "part",
        "Debt that nobody pays, booked by the rule or hidden at the end, and what others lose who stand in "
        "for lenders by the rule.",
    ),
    "booked": Measure("booked", "part", "Of that, what the rule has written off."),
    "hidden": Measure(
        "hidden", "part",
        "Of that, debt at the end beyond what its collateral is worth at the outside price, and what the "
        "protocol has paid for collateral beyond what that is worth, all of it together.",
    ),
    "others": Measure(
        "others lose", "part",
        "Of that, what others who stand in by the rule lose, such as a pool of deposits, in closes that cost "
        "them.",
    ),
    "borrower_cost": Measure(
        "borrowers pay", "part",
        "Collateral taken, at the outside price, beyond the debt that it paid: bonus and penalty, "
        "also of debt that need not have been repaid.",
    ),
    "over_liquidation": Measure(
        "times the need", "times",
        "Debt repaid over the least that would have made the accounts healthy at the price of each close.",
    ),
    "keepers": Measure("keepers gain", "part", "Profit of all liquidators; gas costs nothing."),
    "protocol": Measure(
        "protocol keeps", "part", "Fees and penalties, and gains with collateral that it took over."
    ),
    "venues": Measure(
        "lost on the DEX", "part", "What sales of collateral brought less than the outside price."
    ),
    "under_water": Measure(
        "hours under water", "hours",
        "For how long debt was worth more than its collateral: hours for each token borrowed.",
    ),
    "others_gain": Measure(
        "others gain", "part",
        "What those others gain in the closes that do not cost them; their losses are not made up for by it.",
    ),
    "cascade": Measure(
        "cascade", "times", "The outside price's fall over that of its path without feedback of sales."
    ),
    "closes": Measure("closes", "count", "How many closes there were."),
}  # fmt: skip
TAILED = ("lender_loss", "borrower_cost")  # of which there are a median and an ES 99
JUDGED = {
    "lender_loss_mean": "lenders lose",
    "lender_loss_es_99": "lenders lose, ES 99",
    "borrower_cost_mean": "borrowers pay",
    "under_water_mean": "hours under water",
}
"""By which two rules are told apart, each less being better; they stand with their intervals."""
FIRST = ("lender_loss", "borrower_cost")
"""By which rules suit a market: first the one, then the other among those that are alike by it."""
ALIKE = {"part": 1e-4, "hours": 0.005}
"""Differences that do not matter: of what was borrowed, and hours."""


@dataclass(frozen=True, eq=False)
class Results:
    """What a tournament has found.

    Attributes:
        summary: what `summary.json` says.
    """

    summary: dict[str, Any]

    @property
    def rules(self) -> list[str]:
        """The rules that could play anything, the one whose lenders lose least first."""
        return [each["rule"] for each in self.summary["overall"]]

    @property
    def baseline(self) -> str:
        """The rule that others are laid beside: Plimsoll, where it takes part."""
        return OURS if OURS in self.rules else self.rules[0]

    @property
    def scenarios(self) -> list[dict[str, Any]]:
        """What is said of each scenario."""
        found: list[dict[str, Any]] = self.summary["scenarios"]
        return found

    def of(self, scenario: str, variation: str = "as written") -> list[dict[str, Any]]:
        """The points of a scenario, in the order of `rules`."""
        points = [
            each
            for each in self.summary["points"]
            if each["scenario"] == scenario and each["variation"] == variation
        ]
        return sorted(points, key=lambda each: self.rules.index(each["rule"]))

    def against(self, rule: str, figure: str) -> dict[str, list[str]]:
        """The scenarios in which the baseline is `better`, `worse` and `alike` by a figure than a rule."""
        found: dict[str, list[str]] = {"better": [], "worse": [], "alike": []}
        for each in self.summary["beside"]:
            if each["rule"] == rule and each["figure"] == figure:
                found[_judged(each, figure)].append(each["scenario"])
        return found


def _judged(difference: Mapping[str, Any], figure: str) -> str:
    """What a figure of another rule less the baseline's says of the baseline."""
    low, high, value = (difference[part] for part in ("low", "high", "value"))
    if abs(value) < ALIKE[measure_of(figure)[0].unit]:
        return "alike"
    if low is None:
        low = high = value
    return "better" if low > 0 else "worse" if high < 0 else "alike"


def measure_of(figure: str) -> tuple[Measure, str]:
    """The measure of a figure, and which figure of it: mean, median or ES 99."""
    name, _, kind = figure.partition("_es_99")
    if name != figure:
        return MEASURES[name], "ES 99"
    name, _, kind = figure.rpartition("_")
    return MEASURES[name], kind


def parts(rows: pa.Table) -> dict[str, Numbers]:
    """The measures of plays, amounts as parts of what was borrowed."""
    borrowed = rows["borrowed"].to_numpy()
    found = {}
    for name, measure in MEASURES.items():
        values = rows[name].to_numpy(zero_copy_only=False).astype(float)
        if name == "lender_loss":
            values = values + rows["others"].to_numpy()
        if measure.unit in ("part", "hours"):
            values = np.divide(values, borrowed, out=np.zeros_like(values), where=borrowed > 0)
        found[name] = values
    return found


def _figures(runs: Mapping[str, Numbers], weights: Numbers) -> dict[str, Any]:
    return {
        **_means(runs, weights),
        **{f"{name}_median": value_at_risk(runs[name], 0.5, weights) for name in TAILED},
        **{f"{name}_es_99": expected_shortfall(runs[name], 0.99, weights) for name in TAILED},
    }


def _means(runs: Mapping[str, Numbers], weights: Numbers) -> dict[str, Any]:
    return {f"{name}_mean": mean(values, weights) for name, values in runs.items()}


def _judgement(runs: Mapping[str, Numbers], weights: Numbers) -> dict[str, Any]:
    return {
        "lender_loss_es_99": expected_shortfall(runs["lender_loss"], 0.99, weights),
        **{
            name: mean(runs[name.removesuffix("_mean")], weights) for name in JUDGED if name.endswith("_mean")
        },
    }


def results_of(tournament: Tournament, rows: pa.Table, about: Mapping[str, Any]) -> Results:
    """What a tournament has found.

    Args:
        tournament: what was played.
        rows: a row a play, in order, as `plimsoll.arena.tournament.run` returns them.
        about: what else the summary says: command, versions.
    """
    runs: dict[tuple[str, str, str], dict[str, Numbers]] = {}
    points, first = [], 0
    for point in tournament.points:
        count = len(tournament.paths_of(point))
        part = rows.slice(first, count)
        first += count
        key = point.entry.name, str(point.variation), point.entrant.name
        runs[key] = parts(part)
        points.append(
            dict(zip(("scenario", "variation", "rule"), key, strict=True))
            | {"paths": count, "borrowed": float(np.mean(part["borrowed"].to_numpy()))}
            | _estimated(over_runs(runs[key], every(count), _figures))
        )
    overall = _overall(tournament, points, runs)
    common = _common(tournament)
    playing = set(_playing(tournament))
    stand_in = [it.name for it in tournament.entrants if it.name in playing and it.kind.hands_over]
    results = Results({
        "format": FORMAT,
        "inputs": tournament.inputs,
        "digest": tournament.digest,
        "deployed": tournament.deployed,
        "paths": tournament.paths,
        "varied": tournament.varied,
        "scenarios": [
            {
                "name": entry.name,
                "title": entry.config.title,
                "loan": entry.config.pool.loan.symbol,
                "seed": entry.config.seed,
                "hours": entry.config.duration,
                "fall": max(float(1 - prices.min() / prices[0]) for prices in entry.config.outside_prices(0)),
                "left_out": left_out(entry.config),
            }
            for entry in tournament.entries
        ],
        "variations": [str(each) for each in tournament.variations],
        "sources": {entrant.name: entrant.kind.source for entrant in tournament.entrants},
        "points": points,
        "common": common,
        "overall": overall,
        "stand_in": stand_in,
        "suited": [
            {
                "scenario": entry.name,
                **_suited(played),
                "pools": _suited({rule: it for rule, it in played.items() if rule not in stand_in})[FIRST[1]],
            }
            for entry in tournament.entries
            if (played := _played(tournament, runs, [entry.name]))
        ],
        "least": {name: _least(_played(tournament, runs, common), name) for name in FIRST if common},
        "unplayable": [
            {"scenario": scenario, "rule": rule, "because": because}
            for (scenario, rule), because in tournament.unplayable.items()
        ],
        "unchanged": [
            {"scenario": name, "variation": str(variation)} for name, variation in tournament.unchanged
        ],
        **about,
    })  # fmt: skip
    results.summary["beside"] = [*_beside(results, runs)]
    return results


def _estimated(found: Mapping[str, Estimate]) -> dict[str, Any]:
    return {
        "figures": {name: each.value for name, each in found.items()},
        "intervals": {name: [each.low, each.high] for name, each in found.items() if each.low is not None},
    }


def _playing(tournament: Tournament) -> list[str]:
    """The rules that can play anything."""
    return list(dict.fromkeys(point.entrant.name for point in tournament.points))


def _common(tournament: Tournament) -> list[str]:
    """The scenarios that all of them can play."""
    return [
        entry.name
        for entry in tournament.entries
        if not any((entry.name, rule) in tournament.unplayable for rule in _playing(tournament))
    ]


def _overall(
    tournament: Tournament,
    points: Sequence[Mapping[str, Any]],
    runs: Mapping[tuple[str, str, str], Mapping[str, Numbers]],
) -> list[dict[str, Any]]:
    """Every rule over the scenarios that all can play, which count the same; the least loss first."""
    common = _common(tournament)
    known = {(each["scenario"], each["variation"], each["rule"]): each["figures"] for each in points}
    found = []
    for rule in _playing(tournament):
        played = [(known[name, "as written", rule], runs[name, "as written", rule]) for name in common]
        figures: dict[str, Any] = {}
        for figure in known[next(key for key in known if key[2] == rule)]:
            values = [each[figure] for each, _ in played if each[figure] is not None]
            figures[figure] = float(np.mean(values)) if values else None
        row: dict[str, Any] = {"rule": rule, "figures": figures, "intervals": {}}
        if played:
            joined = _joined([it for _, it in played])
            row["intervals"] = _estimated(over_runs(joined, every(len(joined["lender_loss"])), _means))[
                "intervals"
            ]
        row["varied"] = {
            str(variation): _varied_means(
                [runs.get((name, str(variation), rule), runs[name, "as written", rule]) for name in common],
                tournament.varied,
            )
            for variation in tournament.variations
        }
        found.append(row)
    return sorted(found, key=lambda row: row["figures"]["lender_loss_mean"] or 0.0)


def _joined(played: Sequence[Mapping[str, Numbers]]) -> dict[str, Numbers]:
    """The means over scenarios, path n of all of which is one draw."""
    most = max(len(it["lender_loss"]) for it in played)
    return {
        name: np.mean([np.resize(it[name], most) for it in played], axis=0)
        for name in ("lender_loss", "borrower_cost", "under_water")
    }


def _played(
    tournament: Tournament,
    runs: Mapping[tuple[str, str, str], Mapping[str, Numbers]],
    scenarios: Sequence[str],
) -> dict[str, Mapping[str, Numbers]]:
    """What each rule that has played some scenarios has left in all of them together."""
    return {
        rule: _joined([runs[name, "as written", rule] for name in scenarios])
        for rule in _playing(tournament)
        if all((name, "as written", rule) in runs for name in scenarios)
    }


def _least(runs: Mapping[str, Mapping[str, Numbers]], name: str) -> list[str]:
    """The rule with the least mean of a measure, and those that are alike: path by path, or nearly so."""
    best, *others = sorted(runs, key=lambda rule: float(np.mean(runs[rule][name])))
    figure = {name: runs[best][name]}
    return [best] + [
        rule
        for rule in others
        if _judged(
            differences(figure, {name: runs[rule][name]}, every(len(figure[name])), _means)[
                f"{name}_mean"
            ]._asdict(),
            f"{name}_mean",
        )
        == "alike"
    ]


def _suited(runs: Mapping[str, Mapping[str, Numbers]]) -> dict[str, list[str]]:
    """The rules with the least of the first measure, and of these the ones with the least of the second."""
    first, second = FIRST
    if not runs:
        return {first: [], second: []}
    safe = _least(runs, first)
    return {first: safe, second: _least({rule: runs[rule] for rule in safe}, second)}


def _varied_means(played: Sequence[Mapping[str, Numbers]], paths: int) -> dict[str, float | None]:
    """What lenders lose and borrowers pay on the first paths, which all variations have."""
    return {
        f"{name}_mean": float(np.mean([np.mean(it[name][:paths]) for it in played])) if played else None
        for name in TAILED
    }


def _beside(
    results: Results, runs: Mapping[tuple[str, str, str], Mapping[str, Numbers]]
) -> Iterator[dict[str, Any]]:
    """Every rule less the baseline, path by path, in each scenario that both play."""
    for scenario in results.scenarios:
        name = scenario["name"]
        ours = runs.get((name, "as written", results.baseline))
        for rule in results.rules:
            others = runs.get((name, "as written", rule))
            if ours is None or others is None or rule == results.baseline:
                continue
            sample: Sample = every(len(ours["lender_loss"]))
            for figure, each in differences(ours, others, sample, _judgement).items():
                yield {"scenario": name, "rule": rule, "figure": figure, **each._asdict()}
