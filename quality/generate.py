"""Prints what universalmutator makes of source files, a JSON object a line; needs no other package.

Without other first values of names that are assigned before they are read: nothing could notice those.

Arguments: a file of rules, then the files to mutate.
"""

import contextlib
import json
import re
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


def is_overwritten(lines: list[str], at: int) -> bool:
    """Whether a line declares a name that the next statement with it assigns: its first value goes unread."""
    declared = re.match(r'( +)(\w+): \S+ = (0|False|b""|empty\(.*\))$', lines[at])
    if not declared:
        return False
    indentation, name, _ = declared.groups()
    mentioned = re.compile(rf"\b{name}\b")
    rest = re.split(r"\n(?=\S)", "".join(lines[at + 1 :]))[0]  # of the function
    for statement in re.split(rf"\n(?={indentation}\S)", rest):
        if mentioned.search(statement):
            assigned = re.fullmatch(r"\s*(\w+(?:, \w+)*) = (.*)", statement, re.DOTALL)
            return bool(assigned) and name in assigned[1].split(", ") and not mentioned.search(assigned[2])
    return False


rules, *sources = sys.argv[1:]
for source in sources:
    lines = Path(source).read_text().splitlines(keepends=True)
    is_code, function = code_lines(lines), functions(lines)
    with contextlib.redirect_stdout(sys.stderr):
        found = mutants_regexp(lines, ruleFiles=[rules], ignorePatterns=[])
    for number, text, _, _ in found:
        at = number - 1
        if is_code[at] and not is_overwritten(lines, at):
            old, new = lines[at].rstrip(), text.rstrip()
            print(
                json.dumps(
                    {"source": source, "function": function[at], "line": number, "old": old, "new": new}
                )
            )
