"""Breaks the contracts in hundreds of small ways and counts what the tests in process notice.

universalmutator makes mutants (`generate.py`, by `vyper.rules`); the compiler drops what is no program, makes
the same code, or makes the code of another mutant; `judging.py` tries the rest and stops at the first red.
What was compiled is kept in `.build/mutants`, each verdict is a line of `.build/mutation-*.jsonl`: a run that
was killed goes on.
"""

import argparse
import gc
import hashlib
import json
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing.pool import Pool
from typing import Any

from plimsoll.chain.engine import Artifact
from quality.compiling import CONTRACTS, ROOT, build, contracts_with, parts
from quality.judging import Bench, judge, with_tests

SOURCES = sorted({str(path.relative_to(ROOT)) for name in CONTRACTS for path in parts(name)})
EQUIVALENT = ROOT / "quality/equivalent.toml"
CACHE = ROOT / ".build"
LEAST = 8  # mutants of a file in a sample, if it has as many
LIMIT = 180  # seconds to judge a mutant
ENOUGH = 0.99  # of those that are not equivalent


@dataclass(frozen=True)
class Mutant:
    """One changed line."""

    source: str
    function: str  # that it is in; empty outside of functions
    line: int
    old: str
    new: str

    @property
    def key(self) -> str:
        """A name for files."""
        return _digest(repr(self).encode())

    @property
    def text(self) -> str:
        """The whole file with the line changed."""
        lines = (ROOT / self.source).read_text().splitlines()
        lines[self.line - 1] = self.new
        return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------- making


def generate(python: str) -> list[Mutant]:
    """All mutants of all sources; `python` is the interpreter that has universalmutator."""
    script = ROOT / "quality" / "generate.py"
    command = [python, str(script), str(script.with_name("vyper.rules")), *SOURCES]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Mutant(**json.loads(line)) for line in output.splitlines()]


class Compiler:
    """Compiles mutants and keeps what comes out, as long as the code of the originals stays as it is."""

    def __init__(self) -> None:
        """Compiles the originals."""
        self.originals = {name: build(name) for name in CONTRACTS}

    def changed(self, mutant: Mutant) -> dict[str, Artifact]:
        """The contracts whose code the mutant changes; none when the compiler refuses it."""
        codes = [self.originals[name].initcode for name in contracts_with(mutant.source)]
        kept = CACHE / "mutants" / _digest(b"".join(codes)) / mutant.key
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_bytes(pickle.dumps(self._compile(mutant)))
            part.rename(kept)
        found: dict[str, Artifact] = pickle.loads(kept.read_bytes())
        return found

    def _compile(self, mutant: Mutant) -> dict[str, Artifact]:
        gc.disable()  # a third of the time
        try:
            builds = {name: build(name, mutant.source, mutant.text) for name in contracts_with(mutant.source)}
        except Exception:  # the compiler raises what it likes
            return {}
        finally:
            gc.enable()
        return {name: made for name, made in builds.items() if made.initcode != self.originals[name].initcode}

    def code(self, mutant: Mutant) -> str:
        """A digest of what the mutant changes; empty when it changes nothing."""
        changed = self.changed(mutant)
        return (
            _digest(b"".join(name.encode() + made.initcode for name, made in changed.items()))
            if changed
            else ""
        )


def draw(
    mutants: list[Mutant], only: str, size: int, seed: int, codes: Callable[[list[Mutant]], Iterator[str]]
) -> list[Mutant]:
    """A sample of mutants with code of their own, from each file in proportion to its candidates.

    Args:
        mutants: all candidates.
        only: files are left out whose path does not contain this.
        size: of the sample, about; 0 is all.
        seed: of the choice.
        codes: the digest of each candidate's code.
    """
    files: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        files[mutant.source].append(mutant)
    seen = {""}
    drawn = []
    for source, part in files.items():
        if only not in source:
            continue
        random.Random(f"{seed} {source}").shuffle(part)
        quota = max(LEAST, round(size * len(part) / len(mutants))) if size else len(part)
        found = []
        for mutant, code in zip(part, codes(part), strict=True):
            if code not in seen:
                seen.add(code)
                found.append(mutant)
            if len(found) == quota:
                break
        print(f"{len(found):5} mutants of {source}", file=sys.stderr)
        drawn += found
    random.Random(seed).shuffle(drawn)
    return drawn


# ------------------------------------------------------------------------------------------------ judging


# set before the processes fork
_compiler: "Compiler"
_options: argparse.Namespace
_bench: Bench


class _TooLong(BaseException):
    """The time of a mutant is up; no Exception, so that nothing on the way takes it for one."""


def examine(mutant: Mutant) -> dict[str, Any]:
    """The verdict on a mutant: killed, and by what, or survived. One that hangs is killed."""
    began = time.monotonic()
    verdict, by = "survived", ""
    signal.signal(signal.SIGALRM, _ring)
    signal.alarm(LIMIT)
    try:
        judge(_bench, _compiler.changed(mutant), _options.steps, _options.seed)
    except _TooLong:
        verdict, by = "killed", "time"
    except Exception as red:  # a mutant may break anything
        verdict, by = "killed", f"{type(red).__name__}: {red}"[:200]
    finally:
        signal.alarm(0)
    return asdict(mutant) | {"verdict": verdict, "by": by, "seconds": round(time.monotonic() - began, 2)}


def code_of(mutant: Mutant) -> str:
    """See `Compiler.code`."""
    return _compiler.code(mutant)


def _ring(*_: object) -> None:
    raise _TooLong


def in_order(pool: Pool, function: Callable[[Mutant], Any], work: Iterable[Mutant]) -> Iterator[Any]:
    """What `function` makes of each mutant, in their order; the processes are a few ahead."""
    rest = iter(work)
    running = [pool.apply_async(function, (item,)) for item in islice(rest, 2 * _options.workers)]
    while running:
        yield running.pop(0).get()
        running += [pool.apply_async(function, (item,)) for item in islice(rest, 1)]


def run(mutants: list[Mutant]) -> list[dict[str, Any]]:
    """Compiles, draws and judges; returns the verdicts, those of earlier runs included."""
    results = CACHE / f"mutation-{state()}.jsonl"
    done = {found["key"]: found for found in map(json.loads, results.open())} if results.exists() else {}
    with (
        multiprocessing.get_context("fork").Pool(_options.workers, maxtasksperchild=1) as pool,
        results.open("a") as out,
    ):
        choice = _options.only, _options.sample, _options.seed
        drawn = draw(mutants, *choice, lambda part: in_order(pool, code_of, part))
        left = [mutant for mutant in drawn if mutant.key not in done]
        for number, (mutant, verdict) in enumerate(zip(left, in_order(pool, examine, left), strict=True)):
            done[mutant.key] = verdict | {"key": mutant.key}
            out.write(json.dumps(done[mutant.key]) + "\n")
            out.flush()
            place = f"{verdict['source']}:{verdict['line']}"
            print(
                f"{len(drawn) - len(left) + number + 1:5} {verdict['verdict']:8} {place} {verdict['by']}",
                file=sys.stderr,
            )
    return [done[mutant.key] for mutant in drawn]


def state() -> str:
    """A digest of everything that a verdict depends on."""
    folders = ("contracts", "plimsoll", "quality", "tests")
    paths = [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".vy", ".vyi")
    ]
    return _digest(
        b"".join(path.read_bytes() for path in paths) + f"{_options.seed} {_options.steps}".encode()
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


# -------------------------------------------------------------------------------------------------- report


Change = tuple[str, str, str, str]  # file, function, the line before and after


def change_of(found: dict[str, Any]) -> Change:
    """What a mutant changes, wherever the line stands now."""
    return found["source"], found["function"], found["old"].strip(), found["new"].strip()


def equivalents(candidates: list[Mutant]) -> set[Change]:
    """Mutants that nothing can notice; the file says why.

    Raises:
        ValueError: when the file holds a mutant that cannot be made any more.
    """
    entries = tomllib.loads(EQUIVALENT.read_text())["mutant"]
    argued = {
        (entry["file"], function, entry["old"], new)
        for entry in entries
        for function in entry["functions"]
        for new in entry["new"]
    }
    unknown = argued - {change_of(asdict(mutant)) for mutant in candidates}
    if unknown:
        raise ValueError(f"{EQUIVALENT.name} holds what is no mutant: {sorted(unknown)}; remove it.")
    return argued


def report(verdicts: list[dict[str, Any]], argued: set[Change]) -> float:
    """Prints figures and survivors; returns the part killed of those that are not argued to be equivalent.

    Raises:
        ValueError: when a mutant that is argued to be equivalent was killed.
    """
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in sorted(verdicts, key=lambda found: (found["source"], found["line"])):
        outcome, change = verdict["verdict"], change_of(verdict)
        if change in argued:
            if outcome == "killed":
                raise ValueError(f"{EQUIVALENT.name} holds {change}, but it was noticed: {verdict['by']}")
            outcome = "equivalent"
        table[verdict["source"]][outcome] += 1
        if outcome == "survived":
            place = f"{verdict['source']}:{verdict['line']} {verdict['function']}"
            print(place, f"- {change[2]}", f"+ {change[3]}", sep="\n  ")
    total = sum(table.values(), Counter[str]())
    print(f"{'':42}mutants  killed  survived  equivalent")
    for source, row in [*table.items(), ("together", total)]:
        print(f"{source:42}{row.total():7}{row['killed']:8}{row['survived']:10}{row['equivalent']:12}")
    rate = total["killed"] / max(1, total["killed"] + total["survived"])
    print(f"{rate:.1%} of the mutants that are not equivalent were killed; at least {ENOUGH:.0%} should be.")
    return rate


def main() -> int:
    """Parses the options and runs; 0 when enough were killed."""
    parser = argparse.ArgumentParser(
        prog="make mutation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=600, help="about how many mutants to judge")
    parser.add_argument("--full", action="store_const", const=0, dest="sample", help="all of them")
    parser.add_argument("--seed", type=int, default=1, help="of the sample and of the campaign")
    parser.add_argument("--steps", type=int, default=6_000, help="of the campaign on each mutant")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument(
        "--generator", default=".venv-quality/bin/python", help="a Python that has universalmutator"
    )
    options = parser.parse_args()

    global _options
    _options = options
    return with_tests(count)


def count(bench: Bench) -> int:
    """Makes, judges and reports; 0 when enough were killed."""
    global _bench, _compiler
    _bench, _compiler = bench, Compiler()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.apply(must_be_green)
    candidates = generate(_options.generator)
    argued = equivalents(candidates)
    return 0 if report(run(candidates), argued) >= ENOUGH else 1


def must_be_green() -> None:
    """Judges the originals, in a process of its own as every mutant."""
    judge(_bench, _compiler.originals, _options.steps, _options.seed)


if __name__ == "__main__":
    sys.exit(main())
