"""A run in figures: what summary.json says, and how it is shown."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from plimsoll import __version__
from plimsoll.chain import artifacts
from plimsoll.places import IS_INSTALLED
from plimsoll.report.folder import RUN
from plimsoll.report.measures import BAD_DEBT, LIQUIDATED_DEBT, MEASURES, OF_ALL, by_vault, measure
from plimsoll.scenario.records import RESTORABLE, SHORTFALL, Result

HELP = (BAD_DEBT, "lenders_loss", LIQUIDATED_DEBT, "borrowers_cost", "gained_by_liquidators")
"""Measures by which a change that may have helped is judged; all are amounts."""
PACKAGES = ("pyrevm", "numpy", "pyarrow", "matplotlib")


def summarise(result: Result) -> dict[str, Any]:
    """The figures of a run; amounts are whole loan tokens."""
    scenario, closes = result.scenario, result.liquidations
    return {
        "format": RUN,
        "title": scenario.title,
        "seed": scenario.seed,
        "path": result.path,
        "engine": result.engine,
        "client": result.client,
        "start": scenario.start.isoformat(),
        "blocks": scenario.blocks,
        "block_seconds": scenario.block_seconds,
        "loan": scenario.pool.loan.symbol,
        "collaterals": [each.collateral.symbol for _, each in scenario.collaterals],
        "borrowers": sum(group.count for group in scenario.borrowers),
        "closes": {
            "all": len(closes),
            **{kind: sum(close.kind == kind for close in closes) for kind in (RESTORABLE, SHORTFALL)},
        },
        "borrowers_liquidated": len({(close.vault, close.owner) for close in closes}),
        "transactions": result.transactions,
        "reverts": [
            {"transaction": label, "reason": reason, "count": count}
            for (label, reason), count in result.reverts.most_common()
        ],
        "compared": result.compared,
        "compare_every": scenario.compare_every,
        "seconds": round(result.seconds, 1),
        "measures": measure(result),
        "vaults": by_vault(result) if len(scenario.vaults) > 1 else [],
        "rows": {name: len(rows) for name, rows in result.tables().items()},
        "versions": versions(),
    }


def tried(said: str, settings: Sequence[str], result: Result) -> dict[str, Any]:
    """What came of a change that may have helped, played on the same path."""
    return {"said": said, "settings": list(settings), "measures": measure(result)}


def lines_of_help(summary: Mapping[str, Any]) -> list[list[str]]:
    """What was changed, and `HELP` of each in whole loan tokens, the run itself first; or no rows."""
    if not summary["what_helps"]:
        return []
    runs = [("as it was", summary["measures"])]
    runs += [(each["said"], each["measures"]) for each in summary["what_helps"]]
    return [[said, *(f"{measures[name]:,.0f}" for name in HELP)] for said, measures in runs]


def lines(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The summary as rows for people: group, label, figure with its unit."""
    closes = summary["closes"]
    rows = [
        ("run", "blocks, seconds each", f"{summary['blocks']:,}, {summary['block_seconds']:,}"),
        ("", "transactions", f"{summary['transactions']:,}"),
        ("", "of these failed", f"{sum(each['count'] for each in summary['reverts']):,}"),
        ("", "numbers equal on chain and twin", f"{summary['compared']:,}"),
        ("", "wall time", f"{summary['seconds']:.1f} s on {summary['engine']}"),
        ("closes", "all", f"{closes['all']:,}"),
        ("", "restorable, shortfall", f"{closes[RESTORABLE]:,}, {closes[SHORTFALL]:,}"),
        ("", "borrowers liquidated", f"{summary['borrowers_liquidated']:,} of {summary['borrowers']:,}"),
    ]
    for number, (name, each) in enumerate(MEASURES.items()):
        group = "" if number else "measures"
        rows.append((group, each.title, formatted(summary["measures"].get(name), each.unit, summary["loan"])))
    return rows


def lines_by_vault(summary: Mapping[str, Any]) -> list[list[str]]:
    """The measures of each vault as rows for people: title, and a figure for each."""
    return [
        [each.title, *(formatted(vault[name], each.unit, summary["loan"]) for vault in summary["vaults"])]
        for name, each in MEASURES.items()
        if name not in OF_ALL
    ]


def formatted(value: float | None, unit: str, loan: str, sign: str = "") -> str:
    """A measure with its unit; `sign` is "+" for a difference."""
    if value is None:
        return "none"
    match unit:
        case "loan":
            return f"{value:{sign},.2f} {loan}"
        case "part":
            return f"{100 * value:{sign}.1f} {'points' if sign else '%'}"
        case "ratio":
            return f"{value:{sign}.4f}"
        case _:
            told = f"{value:{sign},.0f}"
            return f"{told} {unit.removesuffix('s') if told.lstrip('+-') == '1' else unit}"


def versions() -> dict[str, str]:
    """What the run was made with."""
    compiler, _, number = artifacts.compiler().partition(" ")
    versions = {
        "plimsoll": f"{__version__}{_commit()}",
        "python": platform.python_version(),
        compiler: number,
    }
    return versions | {package: version(package) for package in PACKAGES}


def _commit() -> str:
    """The clone's commit, when there is one; an installed package may lie in somebody else's repository."""
    if IS_INSTALLED:
        return ""
    try:
        reply = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return f" ({reply.stdout.strip()})" if reply.returncode == 0 else ""
