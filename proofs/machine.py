"""Runs EVM bytecode on symbols: every path of a call that does not revert, and what it stores, calls, logs.

A path here is a conjunction of conditions (`given`) and words of 256 bits that depend on the unknowns: the
calldata, the caller, the time, the storage before the call, the answers of other contracts.

What is left open ("havocked") is replaced by a word of which nothing is known. That word can also be what the
chain would have computed, so whatever holds on all paths here holds on the chain; the reverse does not, so a
claim that fails here may be true. Left open are:

- products, quotients, remainders and powers, but for constants and powers of two. Equal operands give the
  same unknown;
- keccak256, but for the slots of mappings;
- success and answers of calls, the size of returned data and of other contracts' code, the gas, the chain id;
- memory that is written at an offset or with a size that is not known, over the whole range it may touch;
- whether the conditions of a path contradict each other: paths that nobody can take are followed as well;
- which leg an internal function took, when many legs stored, called and logged the same: they go on as one,
  in which the words that differ are unknown. Of few legs the words are a choice, and nothing is lost.

Taken for granted: keccak256 does not collide, so two entries of mappings, or an entry and a variable, never
share a slot; other contracts do not change this one's storage during a call, for which the lock stands (that
it is taken before every call, and that nothing passes while it is taken, is a check of its own in
`proofs.bytecode`); no call runs out of gas halfway without reverting.

What is not modelled raises `Unknown`: DELEGATECALL, CREATE, SELFDESTRUCT, a jump to an unknown place, storage
at an unknown slot, memory beyond 64 KiB. A loop is followed `rounds` times; what would go on is counted in
`Machine.cut`, and a caller must refuse a run in which that is not 0.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import z3

TOP = 2**256 - 1
EFFORT = 30_000_000  # steps of the solver a question, some seconds; unanswered, it takes the wider side
TIMEOUT = 120_000  # ms any question: the last resort, as the steps are the same on every machine
MEMORY = 2_000  # MiB that the solver may use; more is an unknown answer
STEPS = 200_000  # of one path; more is a loop that does not end

CHOICES = 4  # legs of an internal function that are told apart when they come together, unless said otherwise

Value = Any  # int, z3 word or z3 truth: Python integers where known; a truth counts as 1 and 0
WORD = z3.BitVecSort(256)
HASH = z3.Function("keccak", WORD, WORD, WORD)
CALLDATA = z3.Function("calldata", WORD, WORD)  # the word at an offset; overlaps are left open
CALLER, TIME, SELF = (z3.BitVec(name, 256) for name in ("caller", "time", "self"))
CALLDATASIZE, CALLVALUE = (z3.BitVec(name, 256) for name in ("calldatasize", "callvalue"))
AXIOMS = [z3.ULT(CALLER, 2**160), z3.ULT(SELF, 2**160), z3.ULT(TIME, 2**64)]


class Unknown(Exception):
    """Something that the machine does not model."""


@dataclass(frozen=True)
class StorageSlot:
    """A storage slot: a variable, or an entry of a mapping by its keys, or a field of one."""

    slot: int
    keys: tuple[z3.BitVecRef, ...] = ()
    offset: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Places of different shapes are different slots."""
        return self.slot, len(self.keys), self.offset


@dataclass(frozen=True)
class Call:
    """A call of another contract."""

    static: bool
    to: Value
    selector: int | None  # None: not a fixed one
    arguments: tuple[Value, ...]  # the first words after the selector
    answers: tuple[z3.BitVecRef, ...]  # whatever came back
    locked: bool  # whether the lock, transient word 0, is 1


@dataclass(frozen=True)
class Log:
    """An event."""

    topics: tuple[Value, ...]
    data: tuple[Value, ...]


@dataclass
class Path:
    """One way through a call that does not revert."""

    given: list[z3.BoolRef]
    writes: list[tuple[StorageSlot, Value]]
    calls: list[Call]
    logs: list[Log]
    returned: tuple[Value, ...] = ()

    def before(self, slot: int, *keys: Value, offset: int = 0) -> z3.BitVecRef:
        """A storage word before the call."""
        return initial(StorageSlot(slot, tuple(map(word, keys)), offset))

    def after(self, slot: int, *keys: Value, offset: int = 0) -> z3.BitVecRef:
        """A storage word after the call."""
        return word(load(self.writes, StorageSlot(slot, tuple(map(word, keys)), offset)))

    def keys(self, slot: int) -> list[tuple[z3.BitVecRef, ...]]:
        """The entries of a mapping that may have been written; every other is as it was."""
        return list(dict.fromkeys(place.keys for place, _ in self.writes if place.slot == slot))

    def calls_of(self, selector: int) -> list[Call]:
        """The calls of a function of other contracts."""
        return [call for call in self.calls if call.selector == selector]


def word(value: Value) -> z3.BitVecRef:
    """A value as 256 bits."""
    if isinstance(value, int):
        return z3.BitVecVal(value, 256)
    if isinstance(value, z3.BoolRef):
        return z3.If(value, z3.BitVecVal(1, 256), z3.BitVecVal(0, 256))
    return value


def truth(value: Value) -> z3.BoolRef | bool:
    """Whether a value is not 0."""
    if isinstance(value, int):
        return value != 0
    return value if isinstance(value, z3.BoolRef) else value != 0


def atoms(term: z3.ExprRef) -> frozenset[int]:
    """What a term is about: the ids of its variables, storage words, calldata words and open results."""
    key = term.get_id()
    if key not in _ATOMS:
        own = [key] if term.decl().kind() == z3.Z3_OP_UNINTERPRETED else []
        found = frozenset(own).union(*map(atoms, term.children()))
        _ATOMS[key] = (term, found)
    return _ATOMS[key][1]


_ATOMS: dict[int, tuple[z3.ExprRef, frozenset[int]]] = {}


def about(given: Sequence[z3.BoolRef], term: z3.ExprRef) -> list[z3.BoolRef]:
    """The conditions that share something with a term."""
    mine = atoms(term)
    return [condition for condition in given if mine & atoms(condition)]


def certain(given: Sequence[z3.BoolRef], claim: z3.BoolRef, effort: int = EFFORT) -> bool:
    """Whether a claim follows from the conditions that are about it; not when the solver does not know.

    Which conditions a proof needed is kept: another path that has them too needs no solver.
    """
    parts = {part.get_id(): part for part in about(given, claim)}
    _, cores, failures = _PROOFS.setdefault(claim.get_id(), (claim, [], set()))
    if any(core.keys() <= parts.keys() for core in cores):
        return True
    if frozenset(parts) in failures:
        return False
    solver = _solver(effort)
    solver.add(z3.Not(claim))
    names = {f"part_{number}": part for number, part in parts.items()}
    for name, part in names.items():
        solver.assert_and_track(part, name)
    if solver.check() != z3.unsat:
        failures.add(frozenset(parts))
        _KEPT.extend(parts.values())
        return False
    needed = [names[str(name)] for name in solver.unsat_core()]
    cores.append({part.get_id(): part for part in needed})
    return True


# by the number of a claim: itself, what proofs of it needed, and of what it does not follow; numbers are of
# terms that are kept, so that they stay theirs
_PROOFS: dict[int, tuple[z3.BoolRef, list[dict[int, z3.BoolRef]], set[frozenset[int]]]] = {}
_KEPT: list[z3.BoolRef] = []


def _solver(effort: int) -> z3.Solver:
    solver = z3.SolverFor("QF_UFBV")
    solver.set("rlimit", effort)
    solver.set("timeout", TIMEOUT)
    solver.set("max_memory", MEMORY)
    return solver


def solve(
    conditions: Sequence[z3.BoolRef], effort: int = EFFORT
) -> tuple[z3.CheckSatResult, z3.ModelRef | None]:
    """Whether conditions can hold together, and an example."""
    solver = _solver(effort)
    solver.add(*conditions)
    answer = solver.check()
    return answer, solver.model() if answer == z3.sat else None


def initial(place: StorageSlot) -> z3.BitVecRef:
    """What storage holds before the call."""
    name = f"storage_{place.slot}_{place.offset}"
    if not place.keys:
        return z3.BitVec(name, 256)
    return z3.Function(name, *([WORD] * len(place.keys)), WORD)(*place.keys)


def transient(slot: int) -> z3.BitVecRef:
    """What transient storage holds before the call; Vyper keeps its lock in slot 0."""
    return z3.BitVec(f"transient_{slot}", 256)


def load(writes: list[tuple[StorageSlot, Value]], place: StorageSlot) -> Value:
    """What storage holds after these writes."""
    found: Value = initial(place)
    for written, value in writes:
        if written.shape == place.shape:
            pairs = list(zip(written.keys, place.keys, strict=True))
            same = all(one.eq(other) for one, other in pairs)
            either = z3.And(*(one == other for one, other in pairs))
            found = value if same else z3.If(either, word(value), word(found))
    return found


@dataclass
class State:
    """Where a path is."""

    pc: int
    given: list[z3.BoolRef] = field(default_factory=lambda: list(AXIOMS))
    stack: list[Value] = field(default_factory=list)
    memory: dict[int, Any] = field(default_factory=dict)  # byte -> integer, or word and number of its byte
    writes: list[tuple[StorageSlot, Value]] = field(default_factory=list)
    transient: dict[int, Value] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    jumps: dict[int, int] = field(default_factory=dict)  # how often an open branch has been met
    known: set[int] = field(default_factory=set)  # ids of the conditions that hold
    steps: int = 0
    fresh: int = 0
    returned: tuple[Value, ...] | None = None  # None: has not ended

    def fork(self) -> "State":
        """The same state, to go another way."""
        copies = {name: copy(value) for name, value in vars(self).items()}
        return State(**copies)

    def effects(self) -> tuple[Any, ...]:
        """What tells apart two states that can be joined from two that cannot."""
        return (
            self.pc,
            len(self.stack),
            tuple((place.shape, *map(_identity, (*place.keys, value))) for place, value in self.writes),
            tuple(sorted((slot, _identity(value)) for slot, value in self.transient.items())),
            tuple(
                (c.static, c.locked, c.selector, *map(_identity, (c.to, *c.arguments, *c.answers)))
                for c in self.calls
            ),
            tuple((*map(_identity, log.topics), "", *map(_identity, log.data)) for log in self.logs),
        )

    def new(self, what: str) -> z3.BitVecRef:
        """A word of which nothing is known. Paths that go the same way use the same names."""
        self.fresh += 1
        return z3.BitVec(f"{what}_{self.fresh}", 256)


def _read(parts: list[Any]) -> Value:
    """The word that 32 bytes of memory are."""
    if all(isinstance(part, int) for part in parts):
        return int.from_bytes(bytes(parts), "big")
    first = parts[0]
    if not isinstance(first, int) and all(
        not isinstance(part, int) and part[1] == i and part[0] is first[0] for i, part in enumerate(parts)
    ):
        return first[0]
    octets = [
        z3.BitVecVal(part, 8)
        if isinstance(part, int)
        else z3.Extract(255 - 8 * part[1], 248 - 8 * part[1], part[0])
        for part in parts
    ]
    return z3.simplify(z3.Concat(*octets))


def store(state: State, offset: int, value: Value) -> None:
    """Write a word to memory."""
    if isinstance(value, int):
        state.memory.update(zip(range(offset, offset + 32), value.to_bytes(32, "big"), strict=True))
    else:
        value = word(value)
        state.memory.update({offset + i: (value, i) for i in range(32)})


def _identity(value: Value) -> Any:
    """Equal for equal values. Terms of the solver are the same when their numbers are."""
    return ("term", value.get_id()) if isinstance(value, z3.ExprRef) else value


def join(legs: list[State], choices: int = CHOICES) -> State:
    """One state for several with the same effects: what they agree on, and a choice of what they do not."""
    shared = set.intersection(*({condition.get_id() for condition in leg.given} for leg in legs))
    own = [z3.And(*(c for c in leg.given if c.get_id() not in shared)) for leg in legs]
    one = legs[0].fork()
    one.given = [c for c in one.given if c.get_id() in shared] + [z3.Or(*own)]
    one.known = set.intersection(*(leg.known for leg in legs))
    one.jumps = {at: max(leg.jumps.get(at, 0) for leg in legs) for leg in legs for at in leg.jumps}
    one.steps, one.fresh = max(leg.steps for leg in legs), max(leg.fresh for leg in legs)

    def choice(values: list[Value]) -> Value:
        if len({_identity(value) for value in values}) == 1:
            return values[0]
        if len(legs) > choices:
            return one.new("joined")
        chosen = word(values[-1])
        for condition, value in zip(own[:-1], values[:-1], strict=True):
            chosen = z3.If(condition, word(value), chosen)
        return chosen

    one.stack = [choice(list(values)) for values in zip(*(leg.stack for leg in legs), strict=True)]
    touched = {at // 32 * 32 for leg in legs for at in leg.memory}
    for at in sorted(touched):
        octets = [[leg.memory.get(at + i, 0) for i in range(32)] for leg in legs]
        if any(_octets(parts) != _octets(octets[0]) for parts in octets):
            store(one, at, choice([_read(parts) for parts in octets]))
    return one


def _octets(parts: list[Any]) -> list[Any]:
    return [part if isinstance(part, int) else (part[0].get_id(), part[1]) for part in parts]


def _is_integer(value: Value) -> bool:
    return isinstance(value, int)


def _signed(value: Value) -> Value:
    return value - 2**256 if isinstance(value, int) and value >> 255 else value


def _compare(integers: Callable[[int, int], bool], words: Callable[[Any, Any], z3.BoolRef]) -> Any:
    def apply(a: Value, b: Value) -> Value:
        return int(integers(a, b)) if isinstance(a, int) and isinstance(b, int) else words(word(a), word(b))

    return apply


def left_open(name: str, a: Value, b: Value) -> z3.BitVecRef:
    """The result of an operation that is not modelled: a word of its own, the same for the same operands."""
    one, other = word(a), word(b)
    key = (name, one.get_id(), other.get_id())
    if key not in _LEFT_OPEN:
        _LEFT_OPEN[key] = (one, other, z3.BitVec(f"{name}_{len(_LEFT_OPEN)}", 256))
    return _LEFT_OPEN[key][2]


_LEFT_OPEN: dict[tuple[str, int, int], tuple[z3.BitVecRef, z3.BitVecRef, z3.BitVecRef]] = {}


def quotients(divisor: z3.BitVecRef) -> list[z3.BitVecRef]:
    """What divisions by a term have given so far; left open."""
    return [made for (name, *_), (_, by, made) in _LEFT_OPEN.items() if name == "div" and by.eq(divisor)]


def add(a: Value, b: Value) -> Value:
    """Equal sums are the same term, whatever the order of the two."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b & TOP
    if isinstance(a, int) or isinstance(b, int):
        known, term = (a, b) if isinstance(a, int) else (b, a)
        return word(known) + word(term) if known else term
    one, other = sorted((word(a), word(b)), key=lambda term: term.get_id())
    return one + other


def _mul(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return a * b & TOP
    a, b = (b, a) if isinstance(b, int) else (a, b)
    if isinstance(a, int) and a & (a - 1) == 0:
        return 0 if a == 0 else word(b) << (a.bit_length() - 1)
    for one, other in ((a, b), (b, a)):
        if isinstance(one, z3.BoolRef):  # how the compiler chooses without a branch
            return z3.If(one, word(other), word(0))
    one, other = sorted((word(a), word(b)), key=lambda term: term.get_id())
    return left_open("mul", one, other)


def _div(a: Value, b: Value) -> Value:
    if isinstance(b, int) and b & (b - 1) == 0:
        if b == 0:
            return 0
        return a // b if isinstance(a, int) else z3.LShR(word(a), b.bit_length() - 1)
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    return left_open("div", a, b)


def _mod(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return a % b if b else 0
    if isinstance(b, int) and b & (b - 1) == 0:
        return word(a) & (b - 1) if b else 0
    return left_open("mod", a, b)


def _exp(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return pow(a, b, 2**256)
    return left_open("exp", a, b)


def _and(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return a & b
    if isinstance(a, z3.BoolRef) and isinstance(b, z3.BoolRef):
        return z3.And(a, b)
    a, b = (b, a) if isinstance(b, int) else (a, b)  # equal masks of equal words are the same term
    return word(a) & word(b)


def _or(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return a | b
    if isinstance(a, z3.BoolRef) and isinstance(b, z3.BoolRef):
        return z3.Or(a, b)
    return word(a) | word(b)


def _xor(a: Value, b: Value) -> Value:
    if isinstance(a, int) and isinstance(b, int):
        return a ^ b
    return word(a) ^ word(b)


def _shift(integers: Callable[[int, int], int], words: Callable[[Any, Any], Any]) -> Any:
    def apply(by: Value, value: Value) -> Value:
        if isinstance(by, int) and isinstance(value, int):
            return integers(value, by) & TOP if by < 256 else 0
        return words(word(value), word(by))

    return apply


def _iszero(value: Value) -> Value:
    if isinstance(value, int):
        return int(value == 0)
    return z3.Not(value) if isinstance(value, z3.BoolRef) else value == 0


def _byte(index: Value, value: Value) -> Value:
    if not isinstance(index, int):
        raise Unknown("a byte of unknown number")
    return _and(_shift(int.__rshift__, z3.LShR)(8 * (31 - index), value), 0xFF) if index < 32 else 0


TWO: dict[int, Callable[[Value, Value], Value]] = {
    0x01: add,
    0x02: _mul,
    0x03: lambda a, b: (a - b) & TOP if isinstance(a, int) and isinstance(b, int) else word(a) - word(b),
    0x04: _div,
    0x06: _mod,
    0x0A: _exp,
    0x10: _compare(int.__lt__, z3.ULT),
    0x11: _compare(int.__gt__, z3.UGT),
    0x12: _compare(lambda a, b: _signed(a) < _signed(b), lambda a, b: a < b),
    0x13: _compare(lambda a, b: _signed(a) > _signed(b), lambda a, b: a > b),
    0x14: _compare(int.__eq__, lambda a, b: a == b),
    0x16: _and,
    0x17: _or,
    0x18: _xor,
    0x1A: _byte,
    0x1B: _shift(int.__lshift__, lambda a, by: a << by),
    0x1C: _shift(int.__rshift__, z3.LShR),
}
TERMINAL = {0x00, 0x56, 0x57, 0x5B, 0xF3, 0xFD, 0xFE}  # where a straight stretch of code ends
EFFECTS = {0x55, 0x5D, 0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFF}
SELECTOR_ONLY = bytes.fromhex("60e01c")  # PUSH1 224 SHR
REVERT_BUBBLE = bytes.fromhex("3e3d5ffd")  # RETURNDATACOPY RETURNDATASIZE PUSH0 REVERT


class Machine:
    """One contract's code."""

    def __init__(
        self,
        code: bytes,
        rounds: int = 8,
        *,
        prune: bool = False,
        views: bool = True,
        choices: int = CHOICES,
        given: Mapping[int, int] | None = None,
    ) -> None:
        """`rounds`: how often a path may meet the same open branch; what would go on is counted in `cut`.

        With `prune` the solver is asked at every branch whether it can be taken. Without `views` calls by
        view are not kept, so that paths on which others were asked can go on as one. `choices` is how many
        legs of an internal function are told apart when they come together. `given` are words of the
        calldata, by their offsets, that are no unknowns.
        """
        self.code = code + bytes(33)  # beyond its end the chain reads zeros, which stop
        self.rounds = rounds
        self.prune = prune
        self.views = views
        self.choices = choices
        self.given = given or {}
        self.cut = 0
        self._selector = 0
        self._reverts: dict[int, bool] = {}
        self._places: dict[int, tuple[z3.ExprRef, StorageSlot]] = {}  # by the id of the slot's term

    # ------------------------------------------------------------------------------------------- running

    def run(self, selector: int) -> Iterator[Path]:
        """Every path of a call of a function that does not revert, and some that nobody can take."""
        self._selector = selector
        for end in self._explore(State(0), None):
            yield Path(end.given, end.writes, end.calls, end.logs, end.returned or ())

    def _explore(self, start: State, until: int | None) -> Iterator[State]:
        """The states in which the call ends, or in which code at `until` goes on."""
        waiting = [start]
        while waiting:
            state = waiting.pop()
            while state.pc != until:
                state.steps += 1
                if state.steps > STEPS:
                    raise Unknown(f"no end after {STEPS} steps")
                at, op = state.pc, self.code[state.pc]
                if op in (0xFD, 0xFE) or self.code[at : at + 4] == REVERT_BUBBLE:
                    break
                if op in (0x00, 0xF3):
                    size = (state.stack.pop(), state.stack.pop()) if op == 0xF3 else (0, 0)
                    state.returned = self._words(state, *size)
                    yield state
                    break
                if op == 0x57:
                    waiting += self._branch(state)
                    break
                if op == 0x56:
                    state.pc = self._target(state.stack.pop())
                    if self.code[at + 1] == 0x5B and at + 1 in filter(_is_integer, state.stack):
                        # an internal call of Vyper's: the place to come back to lies on the stack
                        legs = list(self._explore(state, at + 1))
                        yield from (leg for leg in legs if leg.returned is not None)
                        waiting += self._joined([leg for leg in legs if leg.returned is None])
                        break
                else:
                    self._step(state, op)
            else:
                yield state

    def _joined(self, legs: list[State]) -> list[State]:
        groups: dict[tuple[Any, ...], list[State]] = {}
        for leg in legs:
            groups.setdefault(leg.effects(), []).append(leg)
        return [join(group, self.choices) if len(group) > 1 else group[0] for group in groups.values()]

    def _branch(self, state: State) -> list[State]:
        at, target, condition = state.pc, self._target(state.stack.pop()), truth(state.stack.pop())
        if isinstance(condition, bool):
            state.pc = target if condition else at + 1
            return [state]
        state.jumps[at] = state.jumps.get(at, 0) + 1
        if state.jumps[at] > self.rounds:
            self.cut += 1
            return []
        legs = []
        opposite = z3.Not(condition)
        for pc, holds, fails in ((target, condition, opposite), (at + 1, opposite, condition)):
            if self._reverts_at(pc) or fails.get_id() in state.known:
                continue
            if self.prune and certain(state.given, fails):
                continue
            leg = state.fork()
            leg.pc = pc
            leg.known.add(holds.get_id())
            leg.given.append(holds)
            legs.append(leg)
        return legs

    def _target(self, value: Value) -> int:
        if not isinstance(value, int):
            raise Unknown("a jump to an unknown place")
        return value

    def _reverts_at(self, pc: int) -> bool:
        """Whether the straight stretch of code from here reverts, whatever the state."""
        if pc not in self._reverts:
            at = pc + 1 if self.code[pc] == 0x5B else pc
            while self.code[at] not in TERMINAL | EFFECTS:
                at += 1 + (self.code[at] - 0x5F if 0x60 <= self.code[at] <= 0x7F else 0)
            self._reverts[pc] = self.code[at] in (0xFD, 0xFE)
        return self._reverts[pc]

    # ------------------------------------------------------------------------------------- one operation

    def _step(self, state: State, op: int) -> None:
        stack = state.stack
        state.pc += 1
        if 0x5F <= op <= 0x7F:
            size = op - 0x5F
            stack.append(int.from_bytes(self.code[state.pc : state.pc + size], "big"))
            state.pc += size
        elif 0x80 <= op <= 0x8F:
            stack.append(stack[-(op - 0x7F)])
        elif 0x90 <= op <= 0x9F:
            other = -(op - 0x8E)
            stack[-1], stack[other] = stack[other], stack[-1]
        elif op in TWO:
            a, b = stack.pop(), stack.pop()
            stack.append(self._add(a, b) if op == 0x01 else TWO[op](a, b))
        elif op == 0x15:
            stack.append(_iszero(stack.pop()))
        elif op == 0x19:
            value = stack.pop()
            stack.append(value ^ TOP if isinstance(value, int) else ~word(value))
        elif op == 0x50:
            stack.pop()
        elif op == 0x5B:
            pass
        elif 0xA0 <= op <= 0xA4:
            offset, size = stack.pop(), stack.pop()
            topics = tuple(stack.pop() for _ in range(op - 0xA0))
            state.logs.append(Log(topics, self._words(state, offset, size)))
        elif op in (0xF1, 0xFA):
            self._call(state, static=op == 0xFA)
        elif op in _SIMPLE:
            _SIMPLE[op](self, state)
        else:
            raise Unknown(f"operation {op:#x} at {state.pc - 1}")

    def _add(self, a: Value, b: Value) -> Value:
        total = add(a, b)
        for term, more in ((a, b), (b, a)):
            known = self._places.get(term.get_id()) if isinstance(term, z3.ExprRef) else None
            if known and isinstance(more, int):
                self._note(total, replace(known[1], offset=known[1].offset + more))
        return total

    def _note(self, term: z3.ExprRef, place: StorageSlot) -> None:
        self._places[term.get_id()] = (term, place)

    def _place(self, slot: Value) -> StorageSlot:
        if isinstance(slot, int):
            return StorageSlot(slot)
        if slot.get_id() not in self._places:
            raise Unknown(f"storage at {slot}")
        return self._places[slot.get_id()][1]

    def _hash(self, state: State) -> None:
        offset, size = state.stack.pop(), state.stack.pop()
        if size != 64:
            state.stack.append(state.new("hash"))
            return
        slot, key = self._load(state, offset), self._load(state, offset + 32)
        term = HASH(word(slot), word(key))
        if isinstance(slot, int) or slot.get_id() in self._places:
            outer = self._place(slot)
            self._note(term, replace(outer, keys=(*outer.keys, word(key))))
        state.stack.append(term)

    def _call(self, state: State, static: bool) -> None:
        stack = state.stack
        _, to = stack.pop(), stack.pop()
        if not static:
            stack.pop()
        offset, _, out, out_size = (stack.pop() for _ in range(4))
        head = [state.memory.get(offset + i, 0) for i in range(4)]
        selector = int.from_bytes(bytes(head), "big") if all(isinstance(b, int) for b in head) else None
        arguments = tuple(self._load(state, offset + 4 + 32 * i) for i in range(10))
        answers = tuple(state.new("answer") for _ in range(-(-out_size // 32)))
        for i, answer in enumerate(answers):
            self._store(state, out + 32 * i, answer)
        locked = isinstance(lock := state.transient.get(0), int) and lock == 1
        if self.views or not static:
            state.calls.append(Call(static, to, selector, arguments, answers, locked))
        stack.append(state.new("success"))

    # --------------------------------------------------------------------------------------------- memory

    def _load(self, state: State, offset: Value) -> Value:
        if not isinstance(offset, int):
            return state.new("memory")
        return _read([state.memory.get(offset + i, 0) for i in range(32)])

    def _store(self, state: State, offset: Value, value: Value) -> None:
        if isinstance(offset, int):
            store(state, offset, value)
        else:
            self._blur(state, offset, 32)

    def _words(self, state: State, offset: int, size: Value) -> tuple[Value, ...]:
        """Memory from an offset; of an unknown size as much as it has at least."""
        return tuple(
            self._load(state, offset + 32 * i) for i in range(-(-self._bounds(state, size)[0] // 32))
        )

    def _blur(self, state: State, offset: Value, size: Value) -> None:
        """Anything may have been written where offset and size are not known exactly."""
        lowest = self._bounds(state, offset)[0]
        highest = self._bounds(state, add(offset, size))[1]
        for at in range(lowest, highest):
            if (at - lowest) % 32 == 0:
                fresh = state.new("memory")
            state.memory[at] = (fresh, (at - lowest) % 32)

    def _bounds(self, state: State, value: Value) -> tuple[int, int]:
        """The least and the greatest that a value can be on this path, found by halving.

        Raises:
            Unknown: when it may be above 2**16.
        """
        if isinstance(value, int):
            return value, value
        value = word(value)
        low, high = 0, 2**16
        if not certain(state.given, z3.ULE(value, high)):
            raise Unknown(f"memory at {value}")
        while low < high:
            middle = (low + high) // 2
            if certain(state.given, z3.ULE(value, middle)):
                high = middle
            else:
                low = middle + 1
        top, low = high, 0
        while low < high:
            middle = (low + high + 1) // 2
            if certain(state.given, z3.UGE(value, middle)):
                low = middle
            else:
                high = middle - 1
        return low, top

    def _copy(self, state: State, source: Callable[[Value, int], Any]) -> None:
        """To memory; `source` gives a byte by offset. Beyond the least size anything may be written."""
        to, start, size = state.stack.pop(), state.stack.pop(), state.stack.pop()
        least, most = self._bounds(state, size)
        if not isinstance(to, int):
            self._blur(state, to, size)
            return
        zeros = isinstance(start, z3.ExprRef) and start.eq(CALLDATASIZE)
        found = [0 if zeros else source(start, i) for i in range(least)]
        state.memory.update(zip(range(to, to + least), found, strict=True))
        if least < most:
            self._blur(state, to + least, most - least)

    def _transient(self, state: State, slot: Value) -> Value:
        if not isinstance(slot, int):
            raise Unknown("transient storage at an unknown slot")
        return state.transient.get(slot, transient(slot))

    def _calldata(self, state: State, offset: Value) -> Value:
        if not (isinstance(offset, int) and offset == 0):
            return self._argument(offset)
        if self.code[state.pc : state.pc + 3] != SELECTOR_ONLY:
            raise Unknown("the selector together with what follows it")
        return self._selector << 224

    def _argument(self, offset: Value) -> Value:
        known = self.given.get(offset) if isinstance(offset, int) else None
        return CALLDATA(word(offset)) if known is None else known

    def _calldata_byte(self, start: Value, i: int) -> Any:
        if isinstance(start, int) and start < 4:
            raise Unknown("a copy of the selector")
        value, at = self._argument(start + i // 32 * 32), i % 32
        return (value >> (248 - 8 * at)) & 0xFF if isinstance(value, int) else (value, at)


def _memory_byte(state: State, start: Value, i: int) -> Any:
    if not isinstance(start, int):
        raise Unknown("a copy of unknown memory")
    return state.memory.get(start + i, 0)


def _push(value: Callable[[Machine, State], Value]) -> Callable[[Machine, State], None]:
    def apply(machine: Machine, state: State) -> None:
        state.stack.append(value(machine, state))

    return apply


def _mstore8(machine: Machine, state: State) -> None:
    offset, value = state.stack.pop(), state.stack.pop()
    if not (isinstance(offset, int) and isinstance(value, int)):
        raise Unknown("a byte of memory")
    state.memory[offset] = value & 0xFF


def _sstore(machine: Machine, state: State) -> None:
    slot, value = state.stack.pop(), state.stack.pop()
    state.writes.append((machine._place(slot), value))


def _tstore(machine: Machine, state: State) -> None:
    slot, value = state.stack.pop(), state.stack.pop()
    if not isinstance(slot, int):
        raise Unknown("transient storage at an unknown slot")
    state.transient[slot] = value


def _store(machine: Machine, state: State) -> None:
    offset, value = state.stack.pop(), state.stack.pop()
    machine._store(state, offset, value)


def _code_of_another(machine: Machine, state: State) -> None:
    """Any bytes: what another account's code is, nobody knows."""
    state.stack.pop()
    machine._copy(state, lambda start, i: (state.new("code"), 31))


_SIMPLE: dict[int, Callable[[Machine, State], None]] = {
    0x20: Machine._hash,
    0x30: _push(lambda m, s: SELF),
    0x33: _push(lambda m, s: CALLER),
    0x34: _push(lambda m, s: CALLVALUE),
    0x35: _push(lambda m, s: m._calldata(s, s.stack.pop())),
    0x36: _push(lambda m, s: CALLDATASIZE),
    0x37: lambda m, s: m._copy(s, m._calldata_byte),
    0x39: lambda m, s: m._copy(s, lambda start, i: m.code[start + i] if start + i < len(m.code) else 0),
    0x3B: _push(lambda m, s: (s.stack.pop(), s.new("codesize"))[1]),
    0x3C: _code_of_another,
    0x3D: _push(lambda m, s: s.new("returndatasize")),
    0x42: _push(lambda m, s: TIME),
    0x46: _push(lambda m, s: z3.BitVec("chainid", 256)),
    0x51: _push(lambda m, s: m._load(s, s.stack.pop())),
    0x52: _store,
    0x53: _mstore8,
    0x54: _push(lambda m, s: load(s.writes, m._place(s.stack.pop()))),
    0x55: _sstore,
    0x5A: _push(lambda m, s: s.new("gas")),
    0x5C: _push(lambda m, s: m._transient(s, s.stack.pop())),
    0x5D: _tstore,
    0x5E: lambda m, s: m._copy(s, lambda start, i: _memory_byte(s, start, i)),
}
