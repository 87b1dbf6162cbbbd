"""Which statements and branches of the contracts the tests play: `make coverage`.

titanoboa runs the programs and keeps every program counter; the compiler's source map says what they are of.
Counted in every contract and module but mocks, in constructors as in what they deploy:

- statements: each has run. The source map of Vyper 0.4.3 has no counter for some (`x: uint256 = 0` after
  another, `return CONSTANT`): such a one has run when the next of its block has that has one, else the one
  before, else what the block belongs to. An empty `return` has no code: the branch to it is counted.
- branches: each conditional jump that the compiler made of an `if`, a conditional expression, an `assert`, or
  of an operand of `and` and `or`, has gone both ways. A module counts once, whatever contract it ran
  in, the probes too, which are mocks that show tests a module by itself.

Not counted: the jumps that the compiler adds by itself (overflow, bounds of arguments and answers, locks, the
choice of the function), and those of loops, which the source map does not name where they go over a list:
their bodies and what follows them are statements. Why titanoboa's own plugin is not used: docs/TESTING.md.
"""

import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vyper.ast as ast
from vyper.ast.parse import parse_to_ast
from vyper.ir.compile_ir import assembly_to_evm

from plimsoll.testing.engines import made_by
from quality.compiling import CONTRACTS, ROOT
from quality.judging import ORACLE_STEPS, Bench, play, with_tests
from quality.sources import front_end
from quality.tracing import Boa, Step, Trace
from tests.stateful import oracle_world

STEPS = 1_200  # of the campaign
ORACLES = 20
MOCKS = ROOT / "contracts" / "mocks"
# each is one of our modules by itself
PROBES = ("contracts/mocks/LiquidationProbe.vy", "contracts/mocks/SlicesProbe.vy")
FEW = 3  # places left are named as they are counted
JUMPI, PUSH1, PUSH32 = 0x57, 0x60, 0x7F
STATEMENTS = (
    ast.AnnAssign, ast.Assert, ast.Assign, ast.AugAssign, ast.Break, ast.Continue, ast.Expr, ast.For, ast.If,
    ast.Log, ast.Pass, ast.Raise, ast.Return,
)  # fmt: skip
BRANCHES = (ast.If, ast.IfExp, ast.Assert, ast.BoolOp)


@dataclass(frozen=True, order=True)
class SourceSpan:
    """A statement or a branch in a source."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    kind: str

    @classmethod
    def of(cls, node: Any, file: str) -> "SourceSpan":
        """Where a node of a syntax tree stands."""
        return cls(
            file, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, type(node).__name__
        )

    def text(self) -> str:
        """Its source on one line."""
        lines = (ROOT / self.file).read_text().split("\n")[self.line - 1 : self.end_line]
        lines[-1] = lines[-1][: self.end_column]
        lines[0] = lines[0][self.column :]
        if self.kind in ("If", "For"):
            lines = lines[:1]
        return " ".join(" ".join(lines).split())


@dataclass
class Code:
    """A program: how what runs begins, the statements behind its counters, and its branches."""

    head: bytes
    statements: dict[int, SourceSpan] = field(default_factory=dict)
    branches: dict[int, tuple[SourceSpan, int]] = field(
        default_factory=dict
    )  # by the jump; which jump of the place


def programs(path: str) -> list[Code]:
    """Initcode and runtime code of a contract."""
    data = front_end(ROOT / path)
    metadata = bytes.fromhex(data.integrity_sum)
    initcode, initcode_map = assembly_to_evm(data.assembly, compiler_metadata=metadata)
    runtime, runtime_map = assembly_to_evm(data.assembly_runtime)
    if (initcode, runtime) != (data.bytecode, data.bytecode_runtime):
        raise RuntimeError(f"the source map of {path} belongs to other code than the compiler's")
    return [
        _code(initcode, initcode.index(runtime), initcode_map["pc_raw_ast_map"]),
        _code(runtime, len(runtime), runtime_map["pc_raw_ast_map"]),
    ]


def _code(program: bytes, end: int, nodes: dict[int, Any]) -> Code:
    code = Code(program)
    numbers: dict[SourceSpan, int] = {}
    before: Any = None  # the node of the last instruction that has one
    for counter in _instructions(program[:end]):
        node = nodes.get(counter)
        if node is not None and (file := _file(node)):
            statement = _statement(node)
            if statement is not None:
                code.statements[counter] = SourceSpan.of(statement, file)
        if program[counter] == JUMPI:
            branch = node if isinstance(node, BRANCHES) else _if_of(before)
            if branch is not None and (file := _file(branch)):
                place = SourceSpan.of(branch, file)
                number = numbers.get(place, 0)
                if number and not isinstance(branch, ast.BoolOp):
                    raise RuntimeError(f"{place} has two jumps")
                code.branches[counter] = place, number
                numbers[place] = number + 1
        if node is not None:
            before = node
    return code


def _instructions(program: bytes) -> Iterator[int]:
    counter = 0
    while counter < len(program):
        yield counter
        operation = program[counter]
        counter += 1 + (operation - PUSH1 + 1 if PUSH1 <= operation <= PUSH32 else 0)


def _file(node: Any) -> str:
    """The file of a node when it is one of ours to count, else empty."""
    path = Path(node.module_node.resolved_path)
    ours = path.is_relative_to(ROOT / "contracts") and not path.is_relative_to(MOCKS)
    return str(path.relative_to(ROOT)) if ours and path.suffix == ".vy" else ""


def _statement(node: Any) -> Any:
    """The innermost statement that a node is part of, or its function; None outside of functions."""
    while node is not None:
        parent = node._parent
        target = isinstance(parent, ast.For) and node is parent.target
        if isinstance(node, ast.FunctionDef):
            return node
        if isinstance(node, STATEMENTS) and not target and node.get_ancestor(ast.FunctionDef):
            return node
        node = parent
    return None


def _if_of(node: Any) -> Any:
    """The `if` with an empty `return` in whose condition a node stands, or that a `continue` begins, or None.

    The jump of the first goes to the end of the function and bears its name, that of the second bears none.
    """
    if isinstance(node, ast.Continue) and isinstance(node._parent, ast.If) and node is node._parent.body[0]:
        return node._parent
    while node is not None:
        parent = node._parent
        if isinstance(parent, ast.If) and node is parent.test and _is_empty_return(parent.body[0]):
            return parent
        node = parent
    return None


def _stand_in(node: Any, file: str, named: set[SourceSpan]) -> SourceSpan:
    """What runs when a statement does, as far as nothing reverts in between, and has counters."""
    block = next(block for block in _blocks(node._parent) if node in block)
    at = block.index(node)
    for other in (*block[at + 1 :], *reversed(block[:at]), node._parent):
        if SourceSpan.of(other, file) in named:
            return SourceSpan.of(other, file)
    return SourceSpan.of(node, file)  # in a function that nothing calls


def _blocks(node: Any) -> list[list[Any]]:
    return [getattr(node, name) for name in ("body", "orelse") if hasattr(node, name)]


def _is_empty_return(node: Any) -> bool:
    return isinstance(node, ast.Return) and node.value is None


class Coverage:
    """What is to be played, and what has been."""

    def __init__(self) -> None:
        """Everything in the sources; nothing played."""
        self.statements: dict[SourceSpan, bool] = {}
        self.branches: dict[tuple[SourceSpan, int], set[bool]] = {}  # whether the jump was taken
        self.codes = [code for path in (*CONTRACTS.values(), *PROBES) for code in programs(path)]
        self.stand_ins: dict[SourceSpan, SourceSpan] = {}  # for statements without a counter
        named = {place for code in self.codes for place in code.statements.values()}
        branches = {key for code in self.codes for key in code.branches.values()}
        for path in sorted((ROOT / "contracts").rglob("*.vy")):
            if path.is_relative_to(MOCKS):
                continue
            file = str(path.relative_to(ROOT))
            for function in parse_to_ast(path.read_text()).get_children(ast.FunctionDef):
                for node in function.get_descendants(STATEMENTS):
                    if _statement(node) is node and not _is_empty_return(node):
                        self.statements[SourceSpan.of(node, file)] = False
                        if SourceSpan.of(node, file) not in named:
                            self.stand_ins[SourceSpan.of(node, file)] = _stand_in(node, file, named)
                for node in function.get_descendants(BRANCHES):
                    # without code, in a function that nothing calls, it counts all the same
                    place = SourceSpan.of(node, file)
                    for key in {key for key in branches if key[0] == place} or {(place, 0)}:
                        self.branches[key] = set()

    def add(self, steps: dict[bytes, set[Step]]) -> None:
        """Counts what a trace has seen."""
        ran: set[SourceSpan] = set()
        for program, seen in steps.items():
            for code in self.codes:
                if not program.startswith(code.head):
                    continue
                for before, after in seen:
                    if after in code.statements:
                        ran.add(code.statements[after])
                    if before in code.branches:
                        self.branches[code.branches[before]].add(after != before + 1)
        for place in self.statements:
            self.statements[place] |= self.stand_ins.get(place, place) in ran

    def holes(self) -> list[str]:
        """What has not run, or only one way; a sentence each."""
        found = {place: "has not run" for place, ran in self.statements.items() if not ran}
        for (place, number), ways in self.branches.items():
            if len(ways) < 2:
                which = f" (operand {number + 1})" if place.kind == "BoolOp" else ""
                found[place] = f"goes only one way{which}" if ways else f"is never reached{which}"
        return [
            f"{place.file}:{place.line}: {fault}: {place.text()}" for place, fault in sorted(found.items())
        ]

    def table(self) -> str:
        """Statements and ways of branches, played of all, by file."""
        files = sorted({place.file for place in self.statements})
        lines = [f"{'':40}{'statements':>14}{'branches':>14}"]
        for name in [*files, ""]:
            ran = [ran for place, ran in self.statements.items() if not name or place.file == name]
            ways = [len(ways) for (place, _), ways in self.branches.items() if not name or place.file == name]
            statements, branches = f"{sum(ran)}/{len(ran)}", f"{sum(ways)}/{2 * len(ways)}"
            lines.append(f"{name or 'all':40}{statements:>14}{branches:>14}")
        return "\n".join(lines)


# ------------------------------------------------------------------------------------------------ playing

# set before the processes fork
_bench: Bench


def parts(bench: Bench) -> list[tuple[str, ...]]:
    """Names of tests that share a process: those of a file, or a slow one; the campaigns have no names.

    What plays much of the contracts in little time comes first: for the standards each property is tried on
    six pools and vaults, and the slow ones among the unit tests, which come last, burn gas.
    """
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for item in bench.items:
        slow = item.get_closest_marker("slow") is not None
        turn = 3 if slow and "unit" in item.path.parts else 2 if "standards" in item.path.parts else int(slow)
        found[turn, item.nodeid if slow else str(item.path)].append(item.nodeid)
    return [(), *(tuple(found[key]) for key in sorted(found, key=lambda key: key[0]))]


def played(tests: tuple[str, ...]) -> dict[bytes, set[Step]]:
    """Plays some tests on titanoboa, or the campaigns where there are none; the steps that were seen."""
    trace = Trace()
    with made_by(lambda now: Boa(now, trace)):
        if tests:
            _bench.try_out(tests)
        else:
            play(STEPS)
            oracle_world.play("coverage", ORACLES, ORACLE_STEPS)
    return trace.steps


def measure(bench: Bench) -> int:
    """Plays what the judge of mutants has, and slow tests, until nothing is left; 0 when nothing is.

    Prints the table and the holes.
    """
    global _bench
    _bench, coverage, work = bench, Coverage(), parts(bench)
    with multiprocessing.get_context("fork").Pool(maxtasksperchild=1) as pool:
        for number, steps in enumerate(pool.imap_unordered(played, work), 1):
            coverage.add(steps)
            left = coverage.holes()
            named = left if len(left) <= FEW else ()
            counted = f"{number:4} of {len(work)} played, {len(left)} places left"
            print(counted, *named, sep="\n     ", file=sys.stderr)
            if not left:
                break
    print(coverage.table())
    print(f"counted by their neighbours: {len(coverage.stand_ins)} statements without a counter of their own")
    for hole in left:
        print(hole)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(with_tests(measure, marks=""))
