"""Breaks the contracts in hundreds of small ways and counts what the tests in process notice.

universalmutator makes mutants (`generate.py`, by `vyper.rules`); the compiler drops what is no program, makes
the same code, or makes the code of another mutant of the file; `judging.py` tries the rest and stops at the
first red. What was compiled is kept in `.build/mutants`, each verdict is a line of
`.build/mutation-*.jsonl`: a run that was killed goes on.

--full judges all mutants, file by file, and writes what it finds of each file into `quality/verdicts.json`,
which is kept with the sources: the whole is gathered in as many sittings as it takes. Where a file's row is
of these contracts already, only those mutants are judged again that nobody had noticed.
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
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from plimsoll.chain.artifacts import runtime
from plimsoll.chain.engine import Artifact
from quality.compiling import CONTRACTS, ROOT, contracts_with
from quality.judging import Bench, Red, judge, with_tests
from quality.recompiling import prepare, rebuild
from quality.verdicts import HEAD, SOURCES, Change, Row, digest, line, read, table, write

EQUIVALENT = ROOT / "quality/equivalent.toml"
CACHE = ROOT / ".build"
LEAST = 8  # mutants of a file in a sample, if it has as many
LIMIT = 300  # seconds of a processor to judge a mutant; one that survives takes 80
NEAR = 4  # tests that are tried first
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
        """Reads the sources and compiles the originals.

        Raises:
            RuntimeError: what compiles the mutants makes other code than the compiler does.
        """
        self.originals = {name: original(name) for name in CONTRACTS}
        prepare()
        gc.freeze()  # all processes share what there is
        for name, found in self.originals.items():
            if runtime(name) not in found.initcode:
                raise RuntimeError(f"{name} is other code than the compiler's; mend quality/recompiling.py.")

    def changed(self, mutant: Mutant) -> dict[str, Artifact]:
        """The contracts whose code the mutant changes; none when the compiler refuses it."""
        codes = [self.originals[name].initcode for name in contracts_with(mutant.source)]
        file = CACHE / "mutants" / _digest(b"".join(codes)) / mutant.key
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}")
            part.write_bytes(pickle.dumps(self._compile(mutant)))
            part.rename(file)
        found: dict[str, Artifact] = pickle.loads(file.read_bytes())
        return found

    def _compile(self, mutant: Mutant) -> dict[str, Artifact]:
        gc.disable()  # a third of the time
        source, text = mutant.source, mutant.text
        try:
            builds = {name: rebuild(name, source, text) for name in contracts_with(source)}
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


def original(name: str) -> Artifact:
    """A contract as it is, compiled as mutants are."""
    file = CONTRACTS[name]
    return rebuild(name, file, (ROOT / file).read_text())


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
    drawn = []
    for source, part in files.items():
        if only not in source:
            continue
        random.Random(f"{seed} {source}").shuffle(part)
        quota = max(LEAST, round(size * len(part) / len(mutants))) if size else len(part)
        seen, found = {""}, []
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


def examine(mutant: Mutant, first: list[str]) -> dict[str, Any]:
    """The verdict on a mutant: killed, and by what, or survived. One that hangs is killed.

    Args:
        mutant: to judge.
        first: tests that might kill it.
    """
    began = time.process_time()
    verdict, by, test = "survived", "", ""
    signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        judge(_bench, _compiler.changed(mutant), _options.steps, _options.seed, first)
    except _TooLong:
        verdict, by = "killed", "time"
    except Exception as red:  # a mutant may break anything
        verdict, by = "killed", f"{type(red).__name__}: {red}"[:200]
        test = red.test if isinstance(red, Red) else ""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = round(time.process_time() - began, 2)
    return asdict(mutant) | {
        "key": mutant.key, "verdict": verdict, "by": by, "test": test, "seconds": seconds,
    }  # fmt: skip


def near(mutant: Mutant, verdicts: Iterable[dict[str, Any]]) -> list[str]:
    """The tests that have killed mutants of the nearest lines."""
    killed = [found for found in verdicts if found["source"] == mutant.source and found["test"]]
    killed.sort(key=lambda found: abs(found["line"] - mutant.line))
    return list(dict.fromkeys(found["test"] for found in killed))[:NEAR]


def code_of(mutant: Mutant) -> str:
    """See `Compiler.code`."""
    return _compiler.code(mutant)


def _ring(*_: object) -> None:
    raise _TooLong


def in_order(pool: Pool, function: Callable[..., Any], work: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """What `function` makes of each item of work, in their order; the processes are a few ahead."""
    rest = iter(work)
    running = [pool.apply_async(function, item) for item in islice(rest, 2 * _options.workers)]
    while running:
        yield running.pop(0).get()
        running += [pool.apply_async(function, item) for item in islice(rest, 1)]


def as_they_end(pool: Pool, function: Callable[..., Any], work: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """As `in_order`, but what ends first comes first, so that nobody waits for one that takes long."""
    rest, ended = iter(work), SimpleQueue[Any]()

    def start(count: int) -> int:
        items = list(islice(rest, count))
        for item in items:
            pool.apply_async(function, item, callback=ended.put, error_callback=ended.put)
        return len(items)

    running = start(2 * _options.workers)
    while running:
        found = ended.get()
        if isinstance(found, BaseException):
            raise found
        yield found
        running += start(1) - 1


def run(mutants: list[Mutant]) -> list[dict[str, Any]]:
    """Compiles, draws and judges; returns the verdicts, those of earlier runs included."""
    results = file_of_verdicts()
    done = {found["key"]: found for found in map(json.loads, results.open())} if results.exists() else {}
    with (
        multiprocessing.get_context("fork").Pool(_options.workers, maxtasksperchild=1) as pool,
        results.open("a") as out,
    ):
        choice = _options.only, _options.sample, _options.seed
        drawn = draw(mutants, *choice, lambda part: in_order(pool, code_of, ((each,) for each in part)))
        left = [mutant for mutant in drawn if mutant.key not in done]
        work = ((mutant, near(mutant, done.values())) for mutant in left)  # as it comes: with what was found
        for number, verdict in enumerate(as_they_end(pool, examine, work), len(drawn) - len(left) + 1):
            done[verdict["key"]] = verdict
            out.write(json.dumps(verdict) + "\n")
            out.flush()
            place = f"{verdict['source']}:{verdict['line']}"
            print(f"{number:5} {verdict['verdict']:8} {place} {verdict['by']}", file=sys.stderr)
    return [done[mutant.key] for mutant in drawn]


def run_full(mutants: list[Mutant], argued: set[Change]) -> None:
    """Judges file by file, the smallest first, and writes each file's row; see above what is judged again."""
    files: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        files[mutant.source].append(mutant)
    for source, part in sorted(files.items(), key=lambda item: len(item[1])):
        if _options.only not in source:
            continue
        row = read().get(source)
        if row and row.sources == digest(source):
            kept = [change for change in row.left(source) if change in argued]
            again = set(row.left(source)) - argued
            verdicts = run([mutant for mutant in part if change_of(asdict(mutant)) in again])
            total = row.mutants
        else:
            verdicts, kept = run(part), []
            total = len(verdicts)
        survivors(verdicts, argued)
        left = [change_of(found) for found in verdicts if found["verdict"] == "survived"]
        write(source, Row.now(source, total, [*kept, *left]))


def file_of_verdicts() -> Path:
    """The file of the verdicts of this state of everything that a verdict depends on."""
    folders = ("contracts", "plimsoll", "quality", "tests")
    paths = [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".vy", ".vyi")
    ]
    data = b"".join(path.read_bytes() for path in paths) + f"{_options.seed} {_options.steps}".encode()
    return CACHE / f"mutation-{_digest(data)}.jsonl"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


# -------------------------------------------------------------------------------------------------- report


def change_of(found: dict[str, Any]) -> Change:
    """What a mutant changes, wherever the line stands now."""
    return found["source"], found["function"], found["old"].strip(), found["new"].strip()


def equivalents(candidates: list[Mutant]) -> set[Change]:
    """Mutants that nothing can notice; the file says why.

    Raises:
        ValueError: the file holds a mutant that cannot be made any more, or one twice.
    """
    entries = tomllib.loads(EQUIVALENT.read_text())["mutant"]
    argued = Counter(
        (entry["file"], function, entry["old"], new)
        for entry in entries
        for function in entry["functions"]
        for new in entry["new"]
    )
    twice = [change for change, count in argued.items() if count > 1]
    if twice:
        raise ValueError(f"{EQUIVALENT.name} holds mutants twice: {sorted(twice)}; remove one of each.")
    unknown = argued.keys() - {change_of(asdict(mutant)) for mutant in candidates}
    if unknown:
        raise ValueError(f"{EQUIVALENT.name} holds what is no mutant: {sorted(unknown)}; remove it.")
    return set(argued)


def survivors(verdicts: list[dict[str, Any]], argued: set[Change]) -> dict[str, Counter[str]]:
    """Prints who survived and is not argued to be equivalent; returns the verdicts by file, counted.

    Raises:
        ValueError: when a mutant that is argued to be equivalent was killed.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in sorted(verdicts, key=lambda found: (found["source"], found["line"])):
        outcome, change = verdict["verdict"], change_of(verdict)
        if change in argued:
            if outcome == "killed":
                raise ValueError(f"{EQUIVALENT.name} holds {change}, but it was noticed: {verdict['by']}")
            outcome = "equivalent"
        counts[verdict["source"]][outcome] += 1
        if outcome == "survived":
            place = f"{verdict['source']}:{verdict['line']} {verdict['function']}"
            print(place, f"- {change[2]}", f"+ {change[3]}", sep="\n  ")
    return counts


def report(verdicts: list[dict[str, Any]], argued: set[Change]) -> float:
    """Prints figures and survivors; returns the part killed of those that are not argued to be equivalent."""
    counts = survivors(verdicts, argued)
    total = sum(counts.values(), Counter[str]())
    print(HEAD)
    for source, row in [*counts.items(), ("together", total)]:
        print(line(source, row.total(), row["killed"], row["survived"], row["equivalent"]))
    return total["killed"] / max(1, total["killed"] + total["survived"])


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
    if not file_of_verdicts().exists():
        with multiprocessing.get_context("fork").Pool(1) as pool:
            pool.apply(must_be_green)
    candidates = generate(_options.generator)
    argued = equivalents(candidates)
    if _options.sample:
        rate = report(run(candidates), argued)
    else:
        run_full(candidates, argued)
        text, rate = table(argued)
        print(text)
    print(f"{rate:.1%} of the mutants that are not equivalent were killed; at least {ENOUGH:.0%} should be.")
    return 0 if rate >= ENOUGH else 1


def must_be_green() -> None:
    """Judges the originals, in a process of its own as every mutant."""
    first = [item.nodeid for item in _bench.items[:NEAR]]
    judge(_bench, _compiler.originals, _options.steps, _options.seed, first)


if __name__ == "__main__":
    sys.exit(main())
