"""The table lemma: every `unsafe_*` of a file gives the true result, for a reason that is itself checked."""

import re
import time
from functools import cache

from proofs.bounds import FACTS
from proofs.lemma import LEMMAS, Verdict
from proofs.source import Facts, Operation, Walker, count, files, walk

PATHS = {f"unsafe in {path.name}": path for path in files()}
CLAIM = re.compile(r"o product(?: below)? reaches 2\*\*(\d+)")  # what a docstring promises


def operations(walkers: list[Walker]) -> list[Operation]:
    """All operations of a file."""
    return [operation for walker in walkers for operation in walker.operations]


def faults(name: str, walkers: list[Walker]) -> list[str]:
    """What is wrong with a file or with the tables; nothing when the lemma holds."""
    path = PATHS[name]
    found = operations(walkers)
    wrong = [f"line {it.line}: {it.text} may wrap" for it in found if not it.reason]
    seen = sum(it.call for it in found)
    if seen != count(path):
        wrong.append(f"{count(path)} unsafe operations in the text, {seen} looked at")
    for claim in CLAIM.findall(path.read_text()):
        tops = [it.top for it in found if it.text.startswith("unsafe_mul(") and it.reason == "interval"]
        if max(tops) >= 2 ** int(claim) and len(CLAIM.findall(path.read_text())) == 1:
            wrong.append(f"the docstring says 2**{claim}, a product reaches {max(tops):,}")
    return wrong + table_faults(walkers)


def table_faults(walkers: list[Walker]) -> list[str]:
    """Entries of the tables for these functions that nobody asked for, or whose reason does not exist."""
    functions = {walker.function for walker in walkers}
    used = {key for walker in walkers for key in walker.used}
    entries = {key: reason for key, (_, _, reason) in FACTS.bounds.items()} | dict(FACTS.orders)
    wrong = []
    for key, reasons in entries.items():
        if key[0] in functions and key not in used:
            wrong.append(f"nobody asks for {key}")
        for reason in [] if reasons.startswith(("door: ", "result of ")) else reasons.split(", "):
            if reason not in LEMMAS:
                wrong.append(f"{key}: there is no lemma {reason}")
    return wrong


@cache
def result_faults() -> list[str]:
    """Entries of the table whose bound is below the interval of the result that they cite."""
    results: dict[str, int] = {}
    for path in PATHS.values():
        for walker in walk(path, FACTS):
            results |= {f"{walker.function}[{i}]": high for i, (_, high) in enumerate(walker.returned)}
    wrong = []
    for key, (_, high, reason) in FACTS.bounds.items():
        if reason.startswith("result of ") and results[reason.removeprefix("result of ")] > high:
            wrong.append(f"{key} is bounded by {high:,}, but {reason} may be larger")
    return wrong


def check(name: str) -> Verdict:
    """See that no unsafe operation of a file can wrap, and that some could without the tables and checks."""
    start = time.monotonic()
    wrong = faults(name, walk(PATHS[name], FACTS)) + result_faults()
    loose = operations(walk(PATHS[name], Facts(checks=False)))
    free = [operation for operation in loose if not operation.reason]
    example = f"{len(free)} of {len(loose)} may wrap, the first in line {free[0].line}" if free else ""
    return Verdict(
        name,
        "NO" if wrong else "yes",
        "yes" if free else "NO",
        "; ".join(wrong) or example,
        time.monotonic() - start,
    )


def listing(name: str) -> list[tuple[str, str, str, str]]:
    """Line, operation, bits of the result and reason, for every operation of a file."""
    found = operations(walk(PATHS[name], FACTS))
    found.sort(key=lambda operation: operation.line)
    return [(str(it.line), it.text, str(it.top.bit_length()), it.reason) for it in found]
