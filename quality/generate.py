"""Prints what universalmutator makes of source files, a JSON object a line; needs no other package.

Arguments: a file of rules, then the files to mutate.
"""

import contextlib
import json
import sys
from pathlib import Path

from universalmutator.mutator import mutants_regexp


def code_lines(lines: list[str]) -> list[bool]:
    """Which lines are outside docstrings."""
    inside = False
    answer = []
    for line in lines:
        quotes = line.count('"""')
        answer.append(not inside and quotes == 0)
        inside ^= quotes % 2 == 1
    return answer


def functions(lines: list[str]) -> list[str]:
    """The function that each line is in."""
    name = ""
    answer = []
    for line in lines:
        if line.startswith("def "):
            name = line[4:].split("(")[0]
        elif line[0] not in " )\n":
            name = ""
        answer.append(name)
    return answer


rules, *sources = sys.argv[1:]
for source in sources:
    lines = Path(source).read_text().splitlines(keepends=True)
    is_code, function = code_lines(lines), functions(lines)
    with contextlib.redirect_stdout(sys.stderr):
        found = mutants_regexp(lines, ruleFiles=[rules], ignorePatterns=[])
    for number, text, _, _ in found:
        at = number - 1
        if is_code[at]:
            old, new = lines[at].rstrip(), text.rstrip()
            print(
                json.dumps(
                    {"source": source, "function": function[at], "line": number, "old": old, "new": new}
                )
            )
