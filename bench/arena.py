"""How many plays of each rule a processor makes in a minute, over the scenarios of arena-1."""

from time import process_time

from plimsoll import lab
from plimsoll.arena.sets import SETS
from plimsoll.arena.study import Unplayable, outcomes

PATHS = 2


def main() -> None:
    arena = SETS["arena-1"]
    spent = dict.fromkeys(arena.rules, 0.0)
    plays = dict.fromkeys(arena.rules, 0)
    for name in arena.scenarios:
        scenario = lab.load(name).config
        for rule in arena.rules:
            for path in range(PATHS):
                begun = process_time()
                try:
                    outcomes(scenario, rule, path)
                except Unplayable:
                    continue
                spent[rule] += process_time() - begun
                plays[rule] += 1
    for rule in arena.rules:
        print(f"| `{rule}` | {60 * plays[rule] / spent[rule]:,.0f} |")
    print(f"| all | {60 * sum(plays.values()) / sum(spent.values()):,.0f} |")
    hours = sum(spent.values()) / PATHS * (arena.paths + arena.varied * (len(arena.variations) - 1)) / 3_600
    print(f"all of arena-1, at most: {hours:.1f} hours of a processor")
