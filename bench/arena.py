"""arena-1 on a seed of its own, a few paths of each point; and how many plays a processor makes in a minute.

Writes bench/arena.json, which docs/arena.md shows, and prints the tables for it; the page is in
reports/arena-1-measured. What was played is kept there, so that it goes on where it was stopped.
"""

import json
from time import process_time
from typing import Any

from plimsoll import lab
from plimsoll.arena.sets import SETS, Set
from plimsoll.arena.study import Unplayable, outcomes
from plimsoll.arena.tournament import Entrant, Tournament, entries_of, run
from plimsoll.report.arena import Results, results_of
from plimsoll.report.arena_page import write
from plimsoll.report.arena_words import BRIEF, cell, verdict
from plimsoll.report.summary import versions
from plimsoll.scenario.files import ROOT, file_of
from plimsoll.scenario.reading import source_of
from plimsoll.scenario.workers import InProcess

RESULTS = ROOT / "bench" / "arena.json"
SET, SEED, PATHS, VARIED = "arena-1", 20261130, 20, 1
COMMAND = f"plimsoll arena {SET} --seed {SEED} --paths {PATHS} --varied {VARIED}"
TIMED = 2  # paths


def main() -> None:
    arena = SETS[SET]
    found = played(arena)
    measured = {
        "command": COMMAND,
        "inputs": found.summary["inputs"],
        "rows": rows(found),
        "verdict": [each.replace("\u00a0", " ") for each in verdict(found)],
        "unplayable": len(found.summary["unplayable"]),
        "plays_a_minute": plays_a_minute(arena),
    }
    RESULTS.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n")
    print("\n".join(table(measured)))


def played(arena: Set) -> Results:
    entries = entries_of([source_of(file_of(name), (f"seed={SEED}",)) for name in arena.scenarios])
    it = Tournament(entries, tuple(map(Entrant, arena.rules)), arena.variations, PATHS, VARIED)
    folder = ROOT / "reports" / f"{SET}-measured"
    folder.parent.mkdir(exist_ok=True)
    plays = run(it, folder, InProcess(), lambda done, of: print(f"{done} of {of}", end="\r", flush=True))
    about = {"name": SET, "plays": plays.num_rows, "command": COMMAND, "versions": versions()}
    results = results_of(it, plays, about | {"set": {"name": SET, "whole": False}})
    write(results, folder)
    return results


def rows(results: Results) -> list[list[str]]:
    """Each rule over the scenarios that all play: figures of `BRIEF`, of what lenders lose the interval."""
    found = []
    for row in results.summary["overall"]:
        cells = [cell(row, figure) for figure in BRIEF]
        shown = [
            f"{value} ({ends})" if ends and not place else value for place, (value, ends) in enumerate(cells)
        ]
        found.append([row["rule"], *(each.replace("\u00a0", " ") for each in shown)])
    return found


def plays_a_minute(arena: Set) -> dict[str, int]:
    """By the processor's time, over all scenarios of the set that a rule plays; `all` together."""
    spent, plays = dict.fromkeys(arena.rules, 0.0), dict.fromkeys(arena.rules, 0)
    for name in arena.scenarios:
        scenario = lab.load(name).config
        for rule in arena.rules:
            begun = process_time()
            try:
                for path in range(TIMED):
                    outcomes(scenario, rule, path)
            except Unplayable:
                continue
            spent[rule] += process_time() - begun
            plays[rule] += TIMED
    found = {rule: round(60 * plays[rule] / spent[rule]) for rule in arena.rules}
    return found | {"all": round(60 * sum(plays.values()) / sum(spent.values()))}


def table(measured: dict[str, Any]) -> list[str]:
    heads = ["rule", *(words.replace("\n", " ").strip() for words in BRIEF.values()), "plays a minute"]
    minute = measured["plays_a_minute"]
    lines = [f"| {' | '.join(heads)} |", f"|---|{'--:|' * (len(heads) - 1)}"]
    return lines + [
        f"| `{row[0]}` | {' | '.join([*row[1:], f'{minute[row[0]]:,}'])} |" for row in measured["rows"]
    ]
