"""The symbolic machine of `make prove` does what the chain does, operation by operation.

Each piece of code runs on pyrevm and on the machine, there once with known operands and once with operands
from the calldata, of which the machine knows nothing until the solver is told.
"""

import random

import pytest

from plimsoll.chain.engine import CallReverted
from plimsoll.chain.revm import Revm

z3 = pytest.importorskip("z3", reason="the proofs' solver is installed by `make prove`, which runs this too")

from proofs.machine import CALLDATA, CALLDATASIZE, CHOICES, TOP, Machine, Path, Unknown, transient, word  # noqa: E402

SELECTOR = 0x01020304
SENDER = "0x" + "11" * 20
RETURN = "5f5260205ff3"  # the top of the stack
EDGES = [0, 1, 2, 31, 32, 255, 256, 2**128, 2**255 - 1, 2**255, TOP]
RANDOM = random.Random(1)
PAIRS = [(a, b) for a in EDGES for b in EDGES] + [
    (RANDOM.getrandbits(RANDOM.choice((8, 160, 256))), RANDOM.getrandbits(RANDOM.choice((8, 160, 256))))
    for _ in range(20)
]
MODELLED = {
    "ADD": 0x01, "SUB": 0x03, "LT": 0x10, "GT": 0x11, "SLT": 0x12, "SGT": 0x13, "EQ": 0x14, "AND": 0x16,
    "OR": 0x17, "XOR": 0x18, "SHL": 0x1B, "SHR": 0x1C,
}  # fmt: skip
LEFT_OPEN = {"MUL": 0x02, "DIV": 0x04, "MOD": 0x06, "EXP": 0x0A}  # of unknown operands


def push(number: int) -> str:
    """PUSH32."""
    return f"7f{number:064x}"


def calldata(*numbers: int) -> bytes:
    """The selector and these words."""
    return SELECTOR.to_bytes(4, "big") + b"".join(number.to_bytes(32, "big") for number in numbers)


class Chain:
    """Code at an address of a fresh chain."""

    def __init__(self, code: bytes) -> None:
        self.engine = Revm(1_800_000_000)
        copier = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("80600a5f395ff3")  # these ten bytes
        self.address = self.engine.create(copier + code, SENDER)

    def call(self, *arguments: int) -> int:
        """The first word that comes back."""
        return int.from_bytes(self.engine.send(SENDER, self.address, calldata(*arguments))[:32], "big")


def on_chain(code: str, *arguments: int) -> int:
    """What code returns."""
    return Chain(bytes.fromhex(code)).call(*arguments)


def paths(code: str, **options: int) -> list[Path]:
    """The paths through code."""
    return list(Machine(bytes.fromhex(code), **options).run(SELECTOR))


def answers(found: list[Path], *arguments: int) -> set[int]:
    """What the paths return that these arguments can take."""
    size = 4 + 32 * len(arguments)
    given = [CALLDATA(word(4 + 32 * i)) == value for i, value in enumerate(arguments)] + [
        size == CALLDATASIZE
    ]
    results = set()
    for path in found:
        solver = z3.Solver()
        solver.add(*given, *path.given)
        if solver.check() == z3.sat:
            results.add(solver.model().eval(word(path.returned[0]), model_completion=True).as_long())
    return results


@pytest.mark.parametrize("name", [*MODELLED, *LEFT_OPEN])
def test_two_known_operands(name: str) -> None:
    """Every operation on integers gives what the chain gives."""
    op = (MODELLED | LEFT_OPEN)[name]
    codes = [push(b) + push(a) + f"{op:02x}" for a, b in PAIRS]
    for code in codes:
        (path,) = paths(code + RETURN)
        returned = path.returned[0]
        assert z3.simplify(word(returned)).as_long() == on_chain(code + RETURN)


@pytest.mark.parametrize("name", MODELLED)
def test_two_unknown_operands(name: str) -> None:
    """... and so do the terms for unknown operands, once these are told."""
    code = f"602435600435{MODELLED[name]:02x}" + RETURN
    chain, found = Chain(bytes.fromhex(code)), paths(code)
    for a, b in PAIRS[::20]:
        assert answers(found, a, b) == {chain.call(a, b)}


@pytest.mark.parametrize("name", LEFT_OPEN)
def test_unknown_products_are_left_open(name: str) -> None:
    """Nothing is claimed of them, but equal operands give equal results."""
    once = f"602435600435{LEFT_OPEN[name]:02x}"
    (path,) = paths(once + once + "14" + RETURN)
    assert z3.simplify(word(path.returned[0])).as_long() == 1
    (path,) = paths(once + RETURN)
    for value in (0, 5, TOP):
        solver = z3.Solver()
        solver.add(path.returned[0] == value)
        assert solver.check() == z3.sat


@pytest.mark.parametrize("name", ["MUL", "DIV", "MOD"])
@pytest.mark.parametrize("power", [0, 1, 16, 128, 255])
def test_powers_of_two_are_shifts(name: str, power: int) -> None:
    """A product, quotient or remainder by a known power of two is exact."""
    code = push(2**power) + f"600435{LEFT_OPEN[name]:02x}" + RETURN
    chain, found = Chain(bytes.fromhex(code)), paths(code)
    for value in (0, 1, 2**128 + 7, TOP):
        assert answers(found, value) == {chain.call(value)}


@pytest.mark.parametrize("op", ["15", "19"])
def test_one_operand(op: str) -> None:
    """ISZERO and NOT."""
    code = f"600435{op}" + RETURN
    chain, found = Chain(bytes.fromhex(code)), paths(code)
    for value in EDGES:
        assert answers(found, value) == {chain.call(value)}
        known = push(value) + op + RETURN
        assert z3.simplify(word(paths(known)[0].returned[0])).as_long() == on_chain(known)


@pytest.mark.parametrize("index", [0, 1, 31, 32])
def test_a_byte(index: int) -> None:
    """BYTE, by a known number."""
    code = f"600435{push(index)}1a" + RETURN
    value = int.from_bytes(range(100, 132), "big")
    assert answers(paths(code), value) == {on_chain(code, value)}


@pytest.mark.parametrize(
    "code",
    [
        "600435600752602051",  # MSTORE off the grid, read at 32
        "600435600052602435601152600951",  # overwritten in part
        "60043560005260ab600553600051",  # MSTORE8
        "602060046003376003516000526000601e60085e600851",  # CALLDATACOPY, MCOPY
        "60205f60055e600551",
        "602060006003395f51600351",  # CODECOPY
        "6004356024359050",  # SWAP, POP, DUP
        "602435600155600154",  # SSTORE, SLOAD
    ],
    ids=["mstore", "partly", "mstore8", "calldatacopy", "mcopy", "codecopy", "stack", "storage"],
)
def test_memory_and_stack(code: str) -> None:
    """Words, bytes and copies, as the chain has them."""
    arguments = (int.from_bytes(range(1, 33), "big"), int.from_bytes(range(51, 83), "big"))
    assert answers(paths(code + RETURN), *arguments) == {on_chain(code + RETURN, *arguments)}


def test_transient_storage() -> None:
    """TSTORE, TLOAD; what was there before is unknown, each slot by itself."""
    code = "60043560075d60075c" + RETURN
    assert answers(paths(code), 9) == {on_chain(code, 9)} == {9}
    (path,) = paths("60085c" + RETURN)
    assert path.returned[0].eq(transient(8)) and not transient(8).eq(transient(7))


def test_both_sides_of_a_branch() -> None:
    """JUMPI: either way is a path, and a given argument takes just one."""
    code = "600435600a57" + "60015ff3" + "5b600c" + RETURN
    found = paths(code)
    assert len(found) == 2
    chain = Chain(bytes.fromhex(code))
    assert answers(found[:1] if found[0].returned == (12,) else found[1:], 1) == {chain.call(1)} == {12}


def test_a_side_that_reverts_is_no_path() -> None:
    """What reverts changes nothing; what must hold is known of the rest."""
    code = "600435600857" + "5ffd" + "5b600c" + RETURN
    (path,) = paths(code)
    assert answers([path], 1) == {12} and answers([path], 0) == set()
    with pytest.raises(CallReverted):
        on_chain(code, 0)


def test_an_entry_of_a_mapping() -> None:
    """KECCAK256 of slot and key is a place; an equal key reads what was written, another may not."""
    store = "60016000526004356020526024356040600020" + "55"
    load = "60016000526044356020526040600020" + "54"
    (path,) = paths(store + load + RETURN)
    key = CALLDATA(word(4))
    assert path.keys(1) == [(key,)]
    assert path.after(1, key).eq(CALLDATA(word(36)))
    chain = Chain(bytes.fromhex(store + load + RETURN))
    for other in (5, 6):
        solver = z3.Solver()
        solver.add(key == 5, CALLDATA(word(36)) == 77, CALLDATA(word(68)) == other, path.returned[0] != 77)
        assert (solver.check() == z3.unsat) is (other == 5)
        assert chain.call(5, 77, other) == (77 if other == 5 else 0)


def test_a_call_may_answer_anything() -> None:
    """CALL and STATICCALL: what was asked is known, success and answer are not; the lock is seen."""
    for locked in (True, False):
        lock = "60015f5d" if locked else ""
        ask = "63aabbccdd5f52" + "6020608060046" + "01c5f6004355af1"
        (path,) = paths(lock + ask + "608051" + RETURN)
        (call,) = path.calls_of(0xAABBCCDD)
        assert call.locked is locked and not call.static
        assert call.to.eq(CALLDATA(word(4))) and path.returned[0].eq(call.answers[0])
    (path,) = paths("63aabbccdd5f52" + "602060806004601c6004355afa" + RETURN)
    assert path.calls[0].static and path.returned[0].decl().name().startswith("success")


@pytest.mark.parametrize("op", ["f4", "f0", "f5", "ff", "f2", "31", "40"])
def test_what_is_not_modelled_is_refused(op: str) -> None:
    """DELEGATECALL, CREATE, SELFDESTRUCT and the like end the run; they are not skipped."""
    with pytest.raises(Unknown):
        paths("5f5f5f5f5f5f5f" + op + RETURN)


def test_an_unknown_slot_and_an_unknown_jump_are_refused() -> None:
    """Nothing is assumed of what they may touch."""
    for code in ("5f60043555", "60043556", "60043554", "5f6004355d"):
        with pytest.raises(Unknown):
            paths(code + RETURN)


def test_a_loop_that_goes_on_is_counted() -> None:
    """A run with paths that were not followed to their end says so."""
    code = "5b5a5f575f" + RETURN  # while gas() != 0
    machine = Machine(bytes.fromhex(code), rounds=3)
    found = list(machine.run(SELECTOR))
    assert machine.cut == 1 and len(found) == 3


@pytest.mark.parametrize("in_memory", [False, True], ids=["stack", "memory"])
@pytest.mark.parametrize("legs", [2, 6])
def test_legs_of_an_internal_call_go_on_as_one(legs: int, in_memory: bool) -> None:
    """Few legs are told apart by a choice; of many, the result is unknown, which no claim survives."""
    code = _function(legs, in_memory)
    chain, found = Chain(bytes.fromhex(code)), paths(code)
    (path,) = found
    for value in range(legs + 1):
        is_right = path.returned[0] == chain.call(value)
        solver = z3.Solver()
        solver.add(CALLDATA(word(4)) == value, *path.given)
        assert solver.check(is_right) == z3.sat
        assert solver.check(z3.Not(is_right)) == (z3.sat if legs > CHOICES else z3.unsat)


def _function(legs: int, in_memory: bool) -> str:
    """Calls an internal function that gives 10 + i for an argument i < legs, else 99."""
    back = "608052" if in_memory else "90"  # MSTORE at 128, or SWAP1 with the place to come back to
    read = "608051" if in_memory else ""
    function = 5 + 1 + len(bytes.fromhex(read + RETURN))
    leaf = len(bytes.fromhex("6063" + back + "56"))
    first = function + 1 + 10 * legs + leaf
    code = f"600560{function:02x}56" + "5b" + read + RETURN + "5b"
    for i in range(legs):
        code += f"60043560{i:02x}1461{first + (leaf + 1) * i:04x}57"
    code += "6063" + back + "56"
    return code + "".join(f"5b60{10 + i:02x}{back}56" for i in range(legs))
