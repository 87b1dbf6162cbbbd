"""Reads a Vyper file and finds, for every `unsafe_*` in it, why it cannot wrap.

Vyper's expressions are Python's, so Python's parser reads the file after a few keywords are taken out. Each
function is walked once, statement by statement, with two kinds of knowledge:

- an interval for every expression, from exact big integers: `a*b` is at most the product of the bounds;
- orders `small <= large` between expressions, from `assert`, `if` and `min` in the function itself.

What that does not give comes from the tables of `proofs.bounds`: `Facts.bounds` for a name, `Facts.orders`
for a pair, each with the lemma or the check at the door that it rests on. An addition or product must stay
below 2**256, a subtraction must not go below 0, a divisor must not be 0, and `<<` must lose no bit.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CONTRACTS = Path(__file__).parents[1] / "contracts"
MAX = 2**256 - 1
Interval = tuple[int, int]
ANY: Interval = (0, MAX)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beyond the source of the function, by `file.function` and the text of an expression."""

    bounds: Mapping[tuple[str, str], tuple[int, int, str]] = field(default_factory=dict)
    orders: Mapping[tuple[str, str, str], str] = field(default_factory=dict)  # small <= large
    checks: bool = True  # whether the function's own `assert`, `if` and `min` count


@dataclass(frozen=True, slots=True)
class Operation:
    """One `unsafe_*` or `<<`."""

    file: str
    line: int
    function: str
    text: str
    reason: str  # "" when nothing shows that it cannot wrap
    top: int  # the largest value of its result
    call: bool  # an `unsafe_*`, not a `<<`


def parse(path: Path) -> ast.Module:
    """The file as Python's syntax tree; the line numbers stay."""
    text = re.sub(r"\b(?:extcall|staticcall) ", "", path.read_text())
    text = re.sub(r"^( *)log ", r"\1", text, flags=re.M)
    text = re.sub(r"^(?:struct|event|flag|interface) ", "class ", text, flags=re.M)
    text = re.sub(r"^( *for \w+): [\w.]+ in", r"\1 in", text, flags=re.M)
    return ast.parse(text)


def constants() -> dict[str, int]:
    """Every integer constant of the contracts, by its own name; equal names must have equal values."""
    found: dict[str, int] = {}
    others = [path for path in sorted(CONTRACTS.rglob("*.vy")) if "mocks" not in path.parts]
    for path in [CONTRACTS / "modules/units.vy", *others]:  # the others' constants are made of these
        for node in parse(path).body:
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "constant(uint256)":
                scope = {**found, "max_value": lambda _: MAX, "uint256": None}
                name = ast.unparse(node.target)
                text = re.sub(r"\w+\.(\w+)", r"\1", ast.unparse(node.value))  # ledger.FRACTION
                try:
                    number = eval(text, {"__builtins__": {}}, scope)
                except NameError:  # of a file that comes later; it is then simply unknown
                    continue
                if found.setdefault(name, number) != number and name in SHARED:
                    raise ValueError(f"{path.name}: {name} has another value elsewhere")
    return found


SHARED = ("WAD", "FRACTION", "PRICE_SCALE", "VALUE_TOP", "COUNT_TOP")


class Walker:
    """Walks one function."""

    def __init__(self, file: str, function: str, facts: Facts, names: Mapping[str, int]) -> None:
        """Start with the bounds that the facts give for parameters and storage."""
        self.file, self.function, self.facts, self.names = file, function, facts, names
        self.bounds: dict[str, Interval] = {}
        self.orders: set[tuple[str, str]] = set()
        self.operations: list[Operation] = []
        self.returned: list[Interval] = []
        self.used: set[tuple[str, ...]] = set()  # keys of the facts that were asked for

    # -------------------------------------------------------------------------------------------- knowledge

    def known(self, name: str, otherwise: Interval) -> Interval:
        """The bound of a name: narrowed by the facts."""
        key = self.function, name
        if key not in self.facts.bounds:
            return otherwise
        self.used.add(key)
        low, high, _ = self.facts.bounds[key]
        return max(low, otherwise[0]), min(high, otherwise[1])

    def why_at_most(self, small: str, large: str) -> str:
        """Why `small <= large` whatever their bounds; "" if that is not known."""
        if (small, large) in self.orders:
            return "checked in the function"
        key = self.function, small, large
        if key in self.facts.orders:
            self.used.add(key)
        return self.facts.orders.get(key, "")

    def learn(self, test: ast.expr, holds: bool) -> None:
        """Remember what a condition says."""
        if not self.facts.checks:
            return
        if isinstance(test, ast.BoolOp):
            if isinstance(test.op, ast.And) == holds:
                for part in test.values:
                    self.learn(part, holds)
            return
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return
        left, right = test.left, test.comparators[0]
        operator = type(test.ops[0])
        if not holds:
            opposite = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
            opposite |= {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
            operator = opposite.get(operator, operator)
        if operator in (ast.Gt, ast.GtE):
            left, right = right, left
            operator = ast.Lt if operator is ast.Gt else ast.LtE
        if operator is ast.NotEq and isinstance(right, ast.Constant) and right.value == 0:
            left, right, operator = right, left, ast.Lt  # not 0: above 0
        if operator not in (ast.Lt, ast.LtE):
            return
        gap = 1 if operator is ast.Lt else 0
        small, large = ast.unparse(left), ast.unparse(right)
        if "self." in small + large:  # storage may change under other names
            return
        self.orders.add((small, large))
        low, high = self.value(left, quiet=True), self.value(right, quiet=True)
        self.bounds[small] = (low[0], max(0, min(low[1], high[1] - gap)))
        self.bounds[large] = (min(MAX, max(high[0], low[0] + gap)), high[1])

    def forget(self, name: str) -> None:
        """Drop what is known of expressions in which a name occurs that is about to change."""
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        self.orders = {pair for pair in self.orders if not any(word.search(text) for text in pair)}
        self.bounds = {text: bound for text, bound in self.bounds.items() if not word.search(text)}

    # ------------------------------------------------------------------------------------------ expressions

    def value(self, node: ast.expr, quiet: bool = False) -> Interval:
        """The interval of an expression; notes the unsafe operations in it unless `quiet`."""
        text = ast.unparse(node)
        computed = self._value(node, text, quiet)
        low, high = self.bounds.get(text, ANY)
        return max(low, computed[0]), min(high, computed[1])

    def _value(self, node: ast.expr, text: str, quiet: bool) -> Interval:
        match node:
            case ast.Constant(value=bool()) | ast.Constant(value=str()):
                return ANY
            case ast.Constant(value=int(number)):
                return number, number
            case ast.Name() | ast.Attribute():
                last = text.rsplit(".", 1)[-1]
                if last in self.names and last.isupper():
                    return self.names[last], self.names[last]
                return self.known(text, self.bounds.get(text, ANY))
            case ast.Call(func=ast.Name(id=name), args=args) if name.startswith("unsafe_"):
                a, b = (self.value(argument, quiet) for argument in args)
                return self.unsafe(node, name, a, b, quiet)
            case ast.Call(func=ast.Name(id="min" | "max" as name), args=[x, y]):
                a, b = self.value(x, quiet), self.value(y, quiet)
                pick = min if name == "min" else max
                return pick(a[0], b[0]), pick(a[1], b[1])
            case ast.IfExp(test=test, body=x, orelse=y):
                self.value(test, quiet)
                a, b = self.value(x, quiet), self.value(y, quiet)
                return min(a[0], b[0]), max(a[1], b[1])
            case ast.BinOp(left=x, right=y):
                return self.binary(node, self.value(x, quiet), self.value(y, quiet), quiet)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.keyword):
                        child = child.value
                    if isinstance(child, ast.expr):
                        self.value(child, quiet)
                return self.known(text, ANY)

    def binary(self, node: ast.BinOp, a: Interval, b: Interval, quiet: bool) -> Interval:
        """The interval of a checked operation: a result beyond 256 bits reverts."""
        match node.op:
            case ast.Add():
                return min(MAX, a[0] + b[0]), min(MAX, a[1] + b[1])
            case ast.Sub():
                return max(0, a[0] - b[1]), max(0, a[1] - b[0])
            case ast.Mult():
                return min(MAX, a[0] * b[0]), min(MAX, a[1] * b[1])
            case ast.Pow():
                return (a[0] ** b[0], min(MAX, a[1] ** b[1])) if b[1] <= 256 >= a[1].bit_length() else ANY
            case ast.FloorDiv():
                return a[0] // max(b[1], 1), a[1] // max(b[0], 1)
            case ast.RShift():
                return a[0] >> min(b[1], 256), a[1] >> min(b[0], 256)
            case ast.LShift():
                low, high = a[0] << min(b[0], 256), a[1] << min(b[1], 256)
                fits = high <= MAX
                reason = "interval" if fits else self.why_at_most(ast.unparse(node), "MAX")
                self.note(node, reason, min(high, MAX), quiet)
                return (low, high) if fits else ANY
            case ast.BitAnd():
                return 0, min(a[1], b[1])
            case ast.BitOr() | ast.BitXor():
                return 0, 2 ** max(a[1].bit_length(), b[1].bit_length()) - 1
        return ANY

    def unsafe(self, node: ast.Call, name: str, a: Interval, b: Interval, quiet: bool) -> Interval:
        """The interval of an unsafe operation, and the reason why it is the true result."""
        x, y = (ast.unparse(argument) for argument in node.args)
        text = ast.unparse(node)
        reason = "interval"
        if name == "unsafe_sub":
            low, high = max(0, a[0] - b[1]), max(0, a[1] - b[0])
            if a[0] < b[1]:
                reason = (
                    f"interval, {y} is a minimum" if self.is_part(node.args[1], x) else self.why_at_most(y, x)
                )
        elif name == "unsafe_div":
            low, high = a[0] // max(b[1], 1), a[1] // max(b[0], 1)
            if b[0] < 1:
                reason = self.why_at_most("1", y)
        else:
            low, high = (a[0] + b[0], a[1] + b[1]) if name == "unsafe_add" else (a[0] * b[0], a[1] * b[1])
            if high > MAX:
                reason = self.why_at_most(text, "MAX")
                low, high = ANY
        self.note(node, reason, high, quiet)
        return self.known(text, (low, high))

    def is_part(self, node: ast.expr, whole: str) -> bool:
        """Whether an expression is a `min` of, among others, `whole`."""
        if not (self.facts.checks and isinstance(node, ast.Call) and ast.unparse(node.func) == "min"):
            return False
        return any(ast.unparse(part) == whole or self.is_part(part, whole) for part in node.args)

    def note(self, node: ast.expr, reason: str, top: int, quiet: bool) -> None:
        """Add an operation to the list."""
        if not quiet:
            text = ast.unparse(node)
            call = isinstance(node, ast.Call)
            self.operations.append(Operation(self.file, node.lineno, self.function, text, reason, top, call))

    # ------------------------------------------------------------------------------------------- statements

    def assign(self, target: ast.expr, value: ast.expr | None, bound: Interval) -> None:
        """Give a name a new bound, and learn from a `min`."""
        if isinstance(target, ast.Tuple):
            for part in target.elts:
                self.assign(part, None, ANY)
            return
        name = ast.unparse(target)
        self.forget(name)
        if "self." in name:
            return
        self.bounds[name] = self.known(name, bound)
        if value is not None and self.facts.checks:
            for whole in self.minimum_of(value):
                if not re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", whole):
                    self.orders.add((name, whole))

    def minimum_of(self, node: ast.expr) -> list[str]:
        """What an expression is at most: itself, or the parts of a `min`."""
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "min":
            return [text for part in node.args for text in self.minimum_of(part)]
        return [ast.unparse(node)]

    def block(self, body: list[ast.stmt]) -> bool:
        """Walk statements; whether the block returns for certain."""
        return any(self.statement(statement) for statement in body)

    def statement(self, node: ast.stmt) -> bool:
        """Walk one statement; whether it returns for certain."""
        match node:
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assign(target, value, self.value(value))
            case ast.Assign(targets=[target], value=value):
                self.assign(target, value, self.value(value))
            case ast.AugAssign(target=target, op=op, value=value):
                computed = self.value(ast.copy_location(ast.BinOp(target, op, value), node))
                self.assign(target, None, computed)
            case ast.Assert(test=test):
                self.value(test)
                self.learn(test, holds=True)
            case ast.If(test=test, body=body, orelse=orelse):
                return self.branch(test, body, orelse)
            case ast.For(body=body):
                changed = {
                    ast.unparse(x.target)
                    for x in ast.walk(node)
                    if isinstance(x, ast.AnnAssign | ast.AugAssign)
                }
                changed |= {
                    ast.unparse(t) for x in ast.walk(node) if isinstance(x, ast.Assign) for t in x.targets
                }
                for name in changed:
                    self.forget(name)
                self.block(body)
                for name in changed:
                    self.forget(name)
            case ast.Return(value=value):
                if value is not None:
                    self.give_back(value)
                return True
            case ast.Expr(value=value):
                self.value(value)
        return False

    def give_back(self, value: ast.expr) -> None:
        """Widen what the function is known to return."""
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        new = [self.value(part) for part in parts]
        old = self.returned or new
        self.returned = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(old, new, strict=True)]

    def branch(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> bool:
        """Walk both branches; afterwards only what both leave is known."""
        self.value(test)
        before = dict(self.bounds), set(self.orders)
        self.learn(test, holds=True)
        left_returns = self.block(body)
        left = self.bounds, self.orders
        self.bounds, self.orders = dict(before[0]), set(before[1])
        self.learn(test, holds=False)
        right_returns = self.block(orelse)
        if left_returns and right_returns:
            return True
        if right_returns:
            self.bounds, self.orders = left
        elif not left_returns:
            both = left[0].keys() & self.bounds.keys()
            self.bounds = {
                name: (
                    min(left[0][name][0], self.bounds[name][0]),
                    max(left[0][name][1], self.bounds[name][1]),
                )
                for name in both
            }
            self.orders &= left[1]
        return False


def walk(path: Path, facts: Facts) -> list[Walker]:
    """Walk every function of a file."""
    names = constants()
    walkers = []
    for node in parse(path).body:
        if isinstance(node, ast.FunctionDef):
            walkers.append(Walker(path.name, f"{path.stem}.{node.name}", facts, names))
            walkers[-1].block(node.body)
    return walkers


def count(path: Path) -> int:
    """How often `unsafe_...(` stands in a file's code, found by its text alone."""
    code = re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text())
    return len(re.findall(r"\bunsafe_\w+\(", code))


def files() -> list[Path]:
    """The contracts and modules, without mocks and oracles, that use unsafe arithmetic."""
    others = {"mocks", "oracles"}
    return [path for path in sorted(CONTRACTS.rglob("*.vy")) if not others & set(path.parts) and count(path)]
