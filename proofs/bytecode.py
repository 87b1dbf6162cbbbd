"""What the deployed bytecode does, for any caller, any calldata of every function and any storage.

Each check looks at every path of a contract's functions, as `proofs.machine` finds them: who may do what, and
what becomes of every packed word. The words are checked on the modules that pack them, in the small contracts
of `proofs/probes`. A check's wrong version is the same check on code that was compiled with one mistake; it
must be refuted by an example.
"""

import functools
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

import z3
from eth_utils.crypto import keccak

from plimsoll.chain.artifacts import standing_in
from plimsoll.chain.engine import Contract, deploy
from plimsoll.chain.revm import Revm
from plimsoll.params import RateParams
from proofs.lemma import Verdict
from proofs.machine import (
    CALLDATA,
    CALLER,
    SELF,
    TIME,
    TOP,
    Machine,
    Path,
    atoms,
    certain,
    quotients,
    solve,
    transient,
    word,
)
from proofs.words import lane
from quality.compiling import CONTRACTS, ROOT, build, build_file
from quality.layouts import layout
from tests.stateful.world import DEPLOYER, Lockstep

LIQUIDATION = int.from_bytes(keccak(text="Liquidation(address,uint256,uint256)"), "big")
TRANSFER, PULL = 0xA9059CBB, 0x23B872DD  # of ERC-20: transfer, transferFrom
KNOWN = 1 << 255
START = 1_800_000_000  # seconds since 1970, at which the contracts are deployed
EFFORT = 200_000_000  # steps of the solver, about 15 s, a claim; an unknown answer fails the run
LIMIT = 300  # seconds of processor time for each half of a check; more fails the run
NAMES = {"Pool": "pool", "Vault": "first_vault", "Council": "council"}  # in the campaign's market
LEG_AT = {"deposit": 0, "withdraw": 0, "open": 0, "close": 1}  # which argument of a basket's names a leg
LEGS = 2  # of the basket that is looked at
MASKS = 32  # ways in which its legs are read: by the pairs that are held
PROBES: dict[str, tuple[Any, ...]] = {  # with the arguments of the constructors
    "PositionProbe": (),
    "CreditProbe": (10**18 // 4, 6 * 3_600),  # with a pace
    "LedgerProbe": (RateParams().to_struct(18), 10**17),
    "OperatorsProbe": (),
}

Claims = Iterator[z3.BoolRef]


@dataclass(frozen=True)
class Check:
    """A claim about every path of a contract's functions, and a mistake that breaks it."""

    contract: str
    section: str  # of docs/SPECIFICATION.md
    says: str
    wrong_says: str
    mistake: tuple[str, str, str]  # file, text, and what stands there instead
    found_in: str  # the function in which the mistake shows
    claims: Callable[[str, Path], Claims]
    functions: tuple[str, ...] = ()  # that are looked at; none: all but the batches
    prune: bool = False  # see `Machine`


@dataclass(frozen=True)
class Code:
    """A contract as it is deployed."""

    runtime: bytes
    functions: tuple[tuple[int, str], ...]  # selectors and names
    factory: str = ""
    tokens: tuple[int, ...] = ()  # of a basket's legs


@functools.cache
def deployed(contract: str, mistake: tuple[str, str, str] | None = None) -> Code:
    """A contract, or one with a mistake in it; the protocol's in a market like the campaign's."""
    file, text = "", ""
    if mistake:
        file, right, wrong = mistake
        source = (ROOT / file).read_text()
        if source.count(right) != 1:
            raise ValueError(f"{file} has changed; adapt {right!r}")
        text = source.replace(right, wrong)
    engine, factory, tokens = Revm(START), "", ()
    if contract in PROBES:
        artifact = build_file(source_of(contract), file, text)
        place = deploy(engine, artifact, *PROBES[contract], sender=DEPLOYER)
    else:
        artifacts = {contract: build(contract, file, text)} if mistake else {}
        with standing_in(artifacts):
            world = Lockstep(engine)
            if contract == "Basket":  # of the campaign's first two legs: with three there are too many paths
                legs, risk = (world.chain["basket"].call(view) for view in ("legs", "risk"))
                place = world.protocol.create_basket(world.chain["pool"], legs[:LEGS], risk)
                tokens = tuple(int(leg[0], 16) for leg in legs[:LEGS])
            else:
                place = world.chain[NAMES[contract]]
        factory = world.factory.address
    return Code(engine.code(place.address), selectors(place), factory, tokens)


def selectors(place: Contract) -> tuple[tuple[int, str], ...]:
    """The functions of a contract, those with default arguments once for each number of arguments."""
    return tuple((int.from_bytes(f.selector, "big"), name) for (name, _), f in place._functions.items())


def source_of(contract: str) -> str:
    """A contract's file."""
    return f"proofs/probes/{contract}.vy" if contract in PROBES else CONTRACTS[contract]


# ------------------------------------------------------------------------------------------- vocabulary


@functools.cache
def slots(contract: str) -> dict[str, int]:
    """The slots of variables, by their names with those of their modules."""
    found: dict[str, int] = {}

    def collect(part: dict[str, Any], prefix: str) -> None:
        for name, entry in part.items():
            if "slot" in entry:
                found[prefix + name] = entry["slot"]
            else:
                collect(entry, f"{prefix}{name}.")

    collect(layout(File(ROOT / source_of(contract)))["storage_layout"], "")
    return found


def slot(contract: str, name: str) -> int:
    """The slot of a variable."""
    return slots(contract)[name]


def argument(number: int) -> z3.BitVecRef:
    """A word of the calldata."""
    return CALLDATA(word(4 + 32 * number))


def acts(path: Path) -> bool:
    """Whether a path stores, calls or logs anything."""
    return bool(path.writes or path.logs or [call for call in path.calls if not call.static])


def fits(value: z3.BitVecRef, bits: int) -> z3.BoolRef:
    """`value < 2**bits`."""
    return z3.ULT(value, 2**bits)


def unchanged(path: Path, place: int) -> z3.BoolRef:
    """A variable is as it was."""
    return path.after(place) == path.before(place)


# ------------------------------------------------------------------------------------------------- locks


def locks(function: str, path: Path) -> Claims:
    if acts(path):
        yield transient(0) != 1
    yield z3.BoolVal(all(call.locked for call in path.calls if not call.static))


# --------------------------------------------------------------------------------------------- Council

CURATORS = (
    "open_pool", "set_limit", "queue_limit", "queue_guardian", "execute_queued", "restore_limit",
    "set_supply_cap", "set_payout_receiver", "remove_guardian", "transfer_curator", "renounce_curator",
)  # fmt: skip
ANYBODYS = ("announce", "distribute")
OFFICES = ("curator", "guardian", "pending_curator", "queued", "pause_started", "payout_receiver")


def council_powers(function: str, path: Path) -> Claims:
    curator, guardian, heir = (
        path.before(slot("Council", name)) for name in ("curator", "guardian", "pending_curator")
    )
    if function in CURATORS:
        yield curator == CALLER
    elif function == "cancel_queued":
        yield z3.Or(curator == CALLER, guardian == CALLER)
    elif function in ("cut_limit", "pause", "cancel_payout"):
        yield guardian == CALLER
    elif function == "accept_curator":
        yield heir == CALLER
    elif function == "unpause":
        yield z3.Or(curator == CALLER, z3.UGE(TIME, path.calls[0].answers[0]))
    elif function == "witness":
        yield from (unchanged(path, slot("Council", name)) for name in OFFICES)  # `queued`: its subject
        queued, basis = slot("Council", "queued"), 3
        yield from (unchanged(path, queued + field) for field in (1, 2, 4))
        yield z3.ULE(path.after(queued + basis), path.before(queued + basis))
    elif function in ANYBODYS:
        yield from (unchanged(path, slot("Council", name)) for name in OFFICES)
    else:
        yield z3.BoolVal(not acts(path))


# ------------------------------------------------------------------------------------------------ Pool

COUNCILS = ("open_pool", "set_limit", "set_supply_cap", "set_pause", "distribute_excess")
SETTINGS = ("gates.council", "waterfall.backstop", "gates.supply_cap", "gates.paused_until")
LINES = ("set_limit", "draw", "settle", "set_provision")
SHARES = ("transfer", "transferFrom", "approve", "permit", "withdraw", "redeem", "exit")


def pool_powers(function: str, path: Path) -> Claims:
    if function in COUNCILS:
        yield path.before(slot("Pool", "gates.council")) == CALLER
    elif function == "initialize":
        yield CALLER == int(deployed("Pool").factory, 16)
        yield path.before(slot("Pool", "gates.council")) == 0
    else:
        yield from (unchanged(path, slot("Pool", name)) for name in SETTINGS)
    if function not in LINES:
        yield z3.BoolVal(not path.keys(slot("Pool", "credit_lines.lines")))
        yield z3.BoolVal(not path.keys(slot("Pool", "waterfall.provision_of")))


def pool_lines(function: str, path: Path) -> Claims:
    lines = slot("Pool", "credit_lines.lines")
    if function == "set_limit":
        yield path.before(slot("Pool", "gates.council")) == CALLER
        for (vault,) in path.keys(lines):
            yield lane(path.after(lines, vault), 0, 104) == lane(path.before(lines, vault), 0, 104)
        return
    yield path.before(lines, CALLER) != 0
    for place in (lines, slot("Pool", "waterfall.provision_of")):
        yield from (vault == CALLER for (vault,) in path.keys(place))


def pool_shares(function: str, path: Path) -> Claims:
    balances, allowances = slot("Pool", "share_token.balanceOf"), slot("Pool", "share_token.allowance")
    holders = [holder for (holder,) in path.keys(balances)]
    small = z3.And(*(fits(path.before(balances, holder), 104) for holder in holders))
    for holder in holders:
        before, after = path.before(balances, holder), path.after(balances, holder)
        kept = z3.Implies(z3.And(small, *same(path, balances, holders)), z3.UGE(after, before))
        allowed, left = path.before(allowances, holder, CALLER), path.after(allowances, holder, CALLER)
        gone = before - after
        spent = z3.And(z3.UGE(allowed, gone), z3.Or(allowed == TOP, left == allowed - gone))
        yield z3.Or(kept, holder == CALLER, spent)
    for owner, spender in path.keys(allowances):
        falls = z3.ULE(path.after(allowances, owner, spender), path.before(allowances, owner, spender))
        signers = [call.answers[0] for call in path.calls if isinstance(call.to, int) and call.to == 1]
        by_signature = z3.Or(*(z3.And(owner != 0, signer == owner) for signer in signers))
        yield z3.Or(owner == CALLER, z3.And(spender == CALLER, falls), by_signature)


def same(path: Path, place: int, keys: list[z3.BitVecRef]) -> list[z3.BoolRef]:
    """Equal keys have equal entries."""
    return [
        z3.Implies(one == other, path.before(place, one) == path.before(place, other))
        for one, other in itertools.combinations(keys, 2)
    ]


# ----------------------------------------------------------------------------------------------- Vault


@dataclass(frozen=True)
class Moved:
    """What a vault tells the pool and its tokens on a path: sums, as 256-bit words."""

    drawn: z3.BitVecRef  # debt shares
    settled: z3.BitVecRef  # debt shares
    sent: z3.BitVecRef  # collateral
    pulled: z3.BitVecRef  # collateral
    paid: z3.BitVecRef  # loan asset

    @classmethod
    def on(cls, path: Path) -> "Moved":
        """Of a path."""
        pulls = [(word(c.arguments[1]).eq(SELF), word(c.arguments[2])) for c in path.calls_of(PULL)]
        zero = word(0)
        return cls(
            sum((c.answers[0] for c in path.calls_of(selector_of("draw"))), zero),
            sum((word(c.arguments[0]) for c in path.calls_of(selector_of("settle"))), zero),
            sum((word(c.arguments[1]) for c in path.calls_of(TRANSFER)), zero),
            sum((amount for to_me, amount in pulls if to_me), zero),
            sum((amount for to_me, amount in pulls if not to_me), zero),
        )

    def held(self, before: z3.BitVecRef) -> z3.BoolRef:
        """A position holds what is taken from it."""
        collateral, debt = lane(before, 0, 128), lane(before, 128, 104)
        return z3.And(z3.ULE(self.settled, debt), z3.ULE(self.sent, collateral))

    def fits(self, before: z3.BitVecRef) -> z3.BoolRef:
        """... and its lane what is drawn (P2)."""
        debt = lane(before, 128, 104)
        return z3.And(self.held(before), fits(self.drawn, 104), fits(debt + self.drawn, 104))


@functools.cache
def selector_of(function: str) -> int:
    """The selector of a function of the pool's."""
    return next(number for number, name in deployed("Pool").functions if name == function)


def vault_powers(function: str, path: Path) -> Claims:
    place, rights = slot("Vault", "book.positions"), slot("Vault", "operators.rights_of")
    for (owner,) in path.keys(place):
        before, after = path.before(place, owner), path.after(place, owner)
        granted = path.before(rights, owner, CALLER)
        fell = z3.ULT(lane(after, 0, 128), lane(before, 0, 128))
        rose = z3.UGT(lane(after, 128, 104), lane(before, 128, 104))
        if function == "liquidate":
            yield owner == argument(0)
        else:
            yield z3.Implies(fell, z3.Or(owner == CALLER, granted & 1 != 0))
        if function in ("repay", "close", "liquidate"):  # whose arithmetic is left open
            rose = z3.And(rose, Moved.on(path).held(before))
        yield z3.Implies(rose, z3.Or(owner == CALLER, granted & 2 != 0))
    for owner, _ in path.keys(rights):
        by_signature = function == "set_operator_by_signature"
        yield z3.Or(owner == CALLER, z3.And(by_signature, owner == argument(0)))


def vault_words(function: str, path: Path) -> Claims:
    place = slot("Vault", "book.positions")
    for (key,) in path.keys(place):
        before, after, moved = path.before(place, key), path.after(place, key), Moved.on(path)
        collateral = lane(before, 0, 128) + moved.pulled - moved.sent
        debt = lane(before, 128, 104) + moved.drawn - moved.settled
        exact = z3.And(lane(after, 0, 128) == collateral, lane(after, 128, 104) == debt)
        yield z3.Implies(moved.fits(before), z3.And(exact, lane(after, 232, 23) == lane(before, 232, 23)))


def liquidation_events(function: str, path: Path) -> Claims:
    close, payment = next(log.data for log in path.logs if log.topics[0] == LIQUIDATION)
    moved = Moved.on(path)
    paid = word(path.calls_of(selector_of("settle"))[0].arguments[1])
    lanes = [(close, 0, 128, moved.sent), (close, 128, 104, moved.settled)]
    lanes += [(payment, 0, 96, paid), (payment, 96, 96, moved.paid - paid)]
    small = z3.And(*(fits(value, bits) for _, _, bits, value in lanes))
    for packed, low, bits, value in lanes:
        yield z3.Implies(small, lane(word(packed), low, bits) == value)


# ---------------------------------------------------------------------------------------------- Basket


# `close`, which does what `repay` and `withdraw` do, and liquidations have too many paths
OWNERS = ("deposit", "withdraw", "borrow", "open", "repay")
ACTS = (*OWNERS, "poke", "set_operator", "set_operator_by_signature")


def amounts(path: Path, owner: z3.BitVecRef, leg: int) -> tuple[z3.BitVecRef, z3.BitVecRef]:
    """What an owner holds of a leg, before and after."""
    place, offset, low = slot("Basket", "basket.amounts"), leg // 2, 128 * (leg % 2)
    return (
        lane(path.before(place, owner, offset=offset), low, 128),
        lane(path.after(place, owner, offset=offset), low, 128),
    )


def basket_powers(function: str, path: Path) -> Claims:
    place, rights = slot("Basket", "book.positions"), slot("Basket", "operators.rights_of")
    for (owner,) in {*path.keys(place), *path.keys(slot("Basket", "basket.amounts"))}:
        granted = path.before(rights, owner, CALLER)
        pairs = [amounts(path, owner, leg) for leg in range(LEGS)]
        before = path.before(place, owner)
        masked = z3.And(*(is_masked(before, leg, held) for leg, (held, _) in enumerate(pairs)))
        for held, left in pairs:
            fell = z3.And(masked, z3.ULT(left, held))
            yield z3.Implies(fell, z3.Or(owner == CALLER, granted & 1 != 0))
        debt, left = (lane(word, 128, 104) for word in (path.before(place, owner), path.after(place, owner)))
        rose = z3.And(z3.UGT(left, debt), z3.ULE(Moved.on(path).settled, debt))
        yield z3.Implies(rose, z3.Or(owner == CALLER, granted & 2 != 0))
    for owner, _ in path.keys(rights):
        by_signature = function == "set_operator_by_signature"
        yield z3.Or(owner == CALLER, z3.And(by_signature, owner == argument(0)))


def basket_words(function: str, path: Path) -> Claims:
    place, moved = slot("Basket", "book.positions"), Moved.on(path)
    for (owner,) in {*path.keys(place), *path.keys(slot("Basket", "basket.amounts"))}:
        before, after = path.before(place, owner), path.after(place, owner)
        debt = lane(before, 128, 104)
        fit = z3.And(z3.ULE(moved.settled, debt), fits(moved.drawn, 104), fits(debt + moved.drawn, 104))
        exact = lane(after, 128, 104) == debt + moved.drawn - moved.settled
        yield z3.Implies(fit, z3.And(exact, lane(after, 232, 23) == lane(before, 232, 23)))
        pairs = [amounts(path, owner, leg) for leg in range(LEGS)]
        masked = z3.And(*(is_masked(before, leg, held) for leg, (held, _) in enumerate(pairs)))
        for leg, (held, left) in enumerate(pairs):
            sent, pulled = of_leg(path, leg)
            enough = z3.And(fit, masked, z3.ULE(sent, held), fits(pulled, 128), fits(held + pulled, 128))
            yield z3.Implies(enough, left == held + pulled - sent)
            yield z3.Implies(enough, is_masked(after, leg, left))


def is_masked(position: z3.BitVecRef, leg: int, amount: z3.BitVecRef) -> z3.BoolRef:
    """The bit of a leg is set exactly while there is some of it."""
    return (lane(position, leg, 1) == 1) == (amount != 0)


def of_leg(path: Path, leg: int) -> tuple[z3.BitVecRef, z3.BitVecRef]:
    """What is sent and pulled of a leg's token."""
    token = deployed("Basket").tokens[leg]
    sent = [word(call.arguments[1]) for call in path.calls_of(TRANSFER) if call.to == token]
    pulled = [word(call.arguments[2]) for call in path.calls_of(PULL) if call.to == token]
    return sum(sent, word(0)), sum(pulled, word(0))


# ------------------------------------------------------------------------------------------ packed words


def position_words(function: str, path: Path) -> Claims:
    answer = [word(value) for value in path.returned]
    packed, first, second = argument(0), argument(1), argument(2)
    collateral, debt = lane(packed, 0, 128), lane(packed, 128, 104)
    if function == "round_trip":
        yield z3.Implies(fits(first, 104), z3.And(answer[0] == argument(0), answer[1] == argument(1)))
        yield fits(argument(0), 128)
    elif function == "unpack":
        yield z3.And(answer[0] == collateral, answer[1] == debt)
    elif function == "add_collateral":
        yield z3.And(fits(first, 128), fits(collateral + first, 128))
        yield z3.And(lane(answer[0], 0, 128) == collateral + first, answer[0] >> 128 == packed >> 128)
    elif function == "add_debt":
        exact = z3.And(lane(answer[0], 128, 104) == debt + first, answer[0] & REST == packed & REST)
        yield z3.Implies(z3.And(fits(first, 104), fits(debt + first, 104)), exact)
    elif function == "reduce":
        held = z3.And(z3.ULE(first, collateral), z3.ULE(second, debt))
        less = [lane(answer[0], 0, 128) == collateral - first, lane(answer[0], 128, 104) == debt - second]
        yield z3.Implies(held, z3.And(*less, z3.LShR(answer[0], 232) == z3.LShR(packed, 232)))
    else:  # flag_provisioned
        yield answer[0] == z3.If(first == 1, packed | KNOWN, packed & ~word(KNOWN))


REST = TOP ^ ((2**104 - 1) << 128)  # of a position, all but the debt


def line_words(function: str, path: Path) -> Claims:
    lines, losses = slot("CreditProbe", "credit_lines.lines"), slot("CreditProbe", "credit_lines.losses")
    vault, value = argument(0), argument(1)
    old, new = path.before(lines, vault), path.after(lines, vault)
    drawn, limit = lane(old, 0, 104), lane(old, 104, 94)
    answer = [word(value) for value in path.returned]
    yield from (key == vault for (key,) in path.keys(lines) + path.keys(losses))
    if function == "line":
        yield z3.And(answer[0] == limit, answer[1] == drawn)
    elif function == "is_known":
        yield answer[0] == z3.If(old != 0, word(1), word(0))
    elif function == "at_once":
        pass
    elif function == "set_limit":
        yield z3.And(fits(value, 94), lane(new, 0, 104) == drawn, lane(new, 104, 94) == value)
        lowered = z3.And(*(fits(level, 24) for level in quotients(value)))  # by a raise of the limit
        yield z3.Implies(lowered, z3.And(lane(new, 254, 2) == 3, lane(new, 222, 32) == STAMP))
    elif function == "draw":
        yield old != 0
        exact = z3.And(lane(new, 0, 104) == drawn + value, lane(new, 104, 94) == limit)
        whole = z3.And(fits(value, 104), fits(drawn + value, 104))
        yield z3.Implies(whole, z3.And(exact, lane(new, 254, 2) == lane(old, 254, 2)))
        paced = z3.And(lane(old, 254, 1) == 1, argument(2) != 0)
        stamped = lane(new, 222, 32) == z3.If(paced, STAMP, lane(old, 222, 32))
        yield z3.Implies(whole, stamped)
    elif function == "settle":
        yield z3.And(old != 0, z3.ULE(value, drawn))
        yield z3.And(lane(new, 0, 104) == drawn - value, lane(new, 104, 94) == limit)
        yield lane(new, 254, 2) == lane(old, 254, 2)
        kept = z3.LShR(new, 198) == z3.LShR(old, 198)  # as with a limit of 0, whose product is left open
        yield z3.If(lane(old, 254, 1) == 1, z3.Or(kept, lane(new, 222, 32) == STAMP), kept)
    else:  # lose
        lost = z3.If(z3.ULT(value, limit), value, limit)
        yield z3.And(lane(new, 0, 104) == drawn, lane(new, 104, 94) == limit - lost)
        yield z3.LShR(new, 198) == z3.LShR(old, 198)


STAMP = TIME & (2**32 - 1)  # what a clock of 32 bits shows

WIDTHS = (110, 110, 104, 104, 32, 16)  # of the ledger's totals: assets, debt, supply, shares, rate, flags
LANES = ((0, 0), (0, 110), (1, 0), (1, 104), (1, 208), (1, 240))  # number of the word, lowest bit


def ledger_words(function: str, path: Path) -> Claims:
    places = [slot("LedgerProbe", name) for name in ("ledger.books", "ledger.counts")]
    old, new = [path.before(place) for place in places], [path.after(place) for place in places]
    answer = [word(value) for value in path.returned]
    given = [argument(number) for number in range(6)]
    narrow = z3.And(fits(given[4], 32), fits(given[5], 16))  # what the masks that read them leave
    if function in ("store", "round_trip"):
        yield z3.And(*(fits(value, width) for value, width in zip(given[:4], WIDTHS, strict=False)))
        yield lane(new[0], 220, 36) == STAMP
        for value, width, (number, low) in zip(given, WIDTHS, LANES, strict=True):
            yield z3.Implies(narrow, lane(new[number], low, width) == value)
    if function == "round_trip":
        yield z3.Implies(narrow, z3.And(*(one == other for one, other in zip(answer, given, strict=True))))
    elif function == "accrued":
        at_once = z3.LShR(old[0], 220) & (2**32 - 1) == STAMP
        fields = [lane(old[number], low, width) for width, (number, low) in zip(WIDTHS, LANES, strict=True)]
        yield z3.Implies(at_once, z3.And(*(one == other for one, other in zip(answer, fields, strict=True))))
        yield z3.And(answer[2] == fields[2], answer[3] == fields[3], answer[5] == fields[5])
    elif function == "total_supply":
        yield answer[0] == lane(old[1], 0, 104)


def operator_words(function: str, path: Path) -> Claims:
    place = slot("OperatorsProbe", "operators.rights_of")
    owner, operator, rights = CALLER, argument(0), argument(1)
    for keys in path.keys(place):
        yield z3.And(keys[0] == owner, keys[1] == operator)
    if function == "set_operator":
        yield z3.And(z3.ULE(rights, 3), path.after(place, owner, operator) == rights)
    elif function == "authorise":
        yield z3.Or(argument(0) == CALLER, path.before(place, argument(0), CALLER) & argument(1) != 0)
    else:
        yield word(path.returned[0]) == path.before(place, argument(0), argument(1))


# ---------------------------------------------------------------------------------------------- checks

POOL, COUNCIL = "contracts/Pool.vy", "contracts/Council.vy"
BASKET, DEBTS = "contracts/Basket.vy", "contracts/modules/debts.vy"
CLOSES = "contracts/modules/liquidation.vy"
LEDGER, CREDIT = "contracts/modules/ledger.vy", "contracts/modules/credit_lines.vy"
GATES = "contracts/modules/gates.vy"
POSITION, OPERATORS = "contracts/modules/position.vy", "contracts/modules/operators.vy"
PAUSE = "    ledger._store_flag(ledger._accrued(), ledger.FLAG_PAUSED"
LOCKED = (
    "Whatever stores, calls or logs is refused while the lock is taken; no other contract is called, but by "
    "view, without taking it (N1)."
)

CHECKS = {
    "bytecode council lock": Check(
        "Council", "9", LOCKED, "The pause leaves the lock alone.",
        (COUNCIL, "@external\ndef pause()", "@external\n@reentrant\ndef pause()"), "pause", locks,
    ),
    "bytecode pool lock": Check(
        "Pool", "6", LOCKED, "A settlement leaves the lock alone.",
        (POOL, "@external\ndef settle(", "@external\n@reentrant\ndef settle("), "settle", locks,
    ),
    "bytecode vault lock": Check(
        "Vault", "10", LOCKED, "A repayment leaves the lock alone.",
        (DEBTS, "@external\ndef repay(", "@external\n@reentrant\ndef repay("), "repay", locks,
    ),
    "bytecode council powers": Check(
        "Council",
        "9",
        "Each function of curator and guardian is refused to everybody else; the open ones change no role.",
        "Anybody sets the supply cap.",
        (COUNCIL, "    self._only_curator()\n    extcall POOL.set_supply", "    extcall POOL.set_supply"),
        "set_supply_cap",
        council_powers,
    ),
    "bytecode pool powers": Check(
        "Pool",
        "9",
        "Only the council opens, sets limits, cap and pause and pays out; only the Factory initializes, "
        "once; nothing else changes these settings, or a line but drawing, settling and providing.",
        "Anybody pauses.",
        (GATES, "    self._only_council()\n" + PAUSE, PAUSE),
        "set_pause",
        pool_powers,
    ),
    "bytecode pool lines": Check(
        "Pool",
        "6",
        "Only a registered vault draws, settles and provides, and only on its own line; the council sets "
        "limits and leaves what is drawn.",
        "Whoever has no line draws on one.",
        (CREDIT, '    assert line != 0, "pool: not a vault"\n    line = unsafe', "    line = unsafe"),
        "draw",
        pool_lines,
        LINES,
    ),
    "bytecode pool shares": Check(
        "Pool",
        "5",
        "Moving and leaving take shares from the caller or within what their holder allowed him; an "
        "allowance rises only by the owner's call or signature. Premise: balances are below 2**104 (P1).",
        "Anybody withdraws for anybody.",
        (POOL, "    if msg.sender != owner:\n        share_token._spend_allowance(owner, shares)\n", ""),
        "redeem",
        pool_shares,
        SHARES,
    ),
    "bytecode vault powers": Check(
        "Vault",
        "10",
        "Collateral falls and debt rises only by the owner, an operator with that right or, collateral, by a "
        "liquidation of just that owner; rights change only by the owner's call or signature (V4). Premise "
        "where debt is extinguished: the position holds what is taken.",
        "An operator who may withdraw may borrow.",
        (OPERATORS, "[owner][msg.sender] & right != 0", "[owner][msg.sender] != 0"),
        "borrow",
        vault_powers,
    ),
    "bytecode vault words": Check(
        "Vault",
        "2",
        "What is drawn, settled, sent and pulled changes its lane of a position by just that, and no other. "
        "Premise: the position holds what is taken, and P2.",
        "Debt shares are taken off one bit too low.",
        (POSITION, "collateral | (shares << 128)", "collateral | (shares << 127)"),
        "repay",
        vault_words,
    ),
    "bytecode liquidation events": Check(
        "Vault",
        "13",
        "`close` and `payment` hold what is sent, settled, paid and charged, each in its lane.",
        "The fee is written one bit too low.",
        (CLOSES, "| (fee << 96)", "| (fee << 95)"),
        "liquidate",
        liquidation_events,
        ("liquidate",),
    ),
    "bytecode basket lock": Check(
        "Basket", "17", LOCKED, "A deposit leaves the lock alone.",
        (BASKET, "@external\ndef deposit(", "@external\n@reentrant\ndef deposit("), "deposit", locks,
        ACTS,
    ),
    "bytecode basket powers": Check(
        "Basket",
        "17",
        "A leg falls and debt rises only by the owner or an operator with that right; rights change only by "
        "the owner's call or signature (V4b). Premise: the position holds what is extinguished, and the mask "
        "says which legs are held.",
        "An operator who may borrow may withdraw.",
        (BASKET, "operators._authorise(owner, operators.RIGHT_WITHDRAW)", "operators._authorise(owner, 3)"),
        "withdraw",
        basket_powers,
        ACTS,
    ),
    "bytecode basket words": Check(
        "Basket",
        "2, 17",
        "What is sent and pulled of each leg changes its amount by just that, what is drawn and settled the "
        "debt, and the mask says which legs are held. Premise: it did, the position holds what is taken, P2.",
        "A leg that is gone stays in the mask.",
        (BASKET, "    if basket._amount(lane, leg) == 0:\n        rest &= ~(1 << leg)\n", ""),
        "withdraw",
        basket_words,
        OWNERS,
    ),
    "bytecode position word": Check(
        "PositionProbe",
        "2",
        "Collateral and debt are read as they were written; each change leaves the other lanes; collateral "
        "that its lane cannot hold is refused.",
        "Collateral may have 129 bits.",
        (POSITION, "assert amount <= unsafe_sub(COLLATERAL_TOP, word & COLLATERAL_TOP),", "assert True,"),
        "add_collateral",
        position_words,
    ),
    "bytecode line word": Check(
        "CreditProbe",
        "2",
        "Limit and drawn shares are read as they were written; each change leaves the other lanes and lines; "
        "limits of 95 bits and shares that are not there are refused. Premise: a raise lowers the "
        "level (pace_counts_net_drawing).",
        "A limit is written one bit too low.",
        (CREDIT, "level | (limit << 104)", "level | (limit << 103)"),
        "set_limit",
        line_words,
    ),
    "bytecode ledger words": Check(
        "LedgerProbe",
        "2",
        "Totals, rate, flags and time are read as they were written; totals that a field cannot hold are "
        "refused; time changes neither shares nor flags.",
        "Debt shares are written one bit too low.",
        (LEDGER, "(t.total_debt_shares << 104)", "(t.total_debt_shares << 103)"),
        "round_trip",
        ledger_words,
        prune=True,
    ),
    "bytecode operator bits": Check(
        "OperatorsProbe",
        "10",
        "Rights are stored for the caller and this operator alone, unknown ones refused; only the owner or "
        "who has the right passes.",
        "A third right may be granted.",
        (OPERATORS, '    assert rights <= RIGHTS_ALL, "vault: unknown right"\n', ""),
        "set_operator",
        operator_words,
    ),
}  # fmt: skip


BATCHES = ("liquidate_batch", "preview_liquidate_batch")  # loops over orders


def examine(check: Check, code: Code, only: str = "") -> tuple[str, str]:
    """Whether the claims hold on every path, one of which is possible: "yes", or what is wrong and where."""
    start, cut = time.process_time(), 0
    for selector, function in code.functions:
        if only not in ("", function) or function in BATCHES:
            continue
        if check.functions and function not in check.functions:
            continue
        is_basket = check.contract == "Basket"
        for given in legs_of(function) if is_basket else [{}]:
            possible = False
            more = {"rounds": 16, "views": False, "choices": MASKS, "given": given} if is_basket else {}
            machine = Machine(code.runtime, prune=check.prune, **more)
            for path in machine.run(selector):
                for claim in check.claims(function, path):
                    answer, model = decide(path, claim)
                    if answer != z3.unsat:
                        return ("NO" if model else "unknown"), f"{function}: {example(model)}"
                possible = possible or solve(path.given, EFFORT)[0] == z3.sat
                if time.process_time() - start > LIMIT:
                    return "SLOW", f"{function}: more than {LIMIT} s"
            if not possible:
                return "EMPTY", f"{function} has no path that is known to be possible"
            cut += machine.cut
    if cut:
        return "CUT", f"{cut} paths go on"
    return "yes", ""


def legs_of(function: str) -> list[dict[int, int]]:
    """The words of the calldata that name a leg, each leg once; a place in storage must be known."""
    if function not in LEG_AT:
        return [{}]
    return [{4 + 32 * LEG_AT[function]: leg} for leg in range(LEGS)]


def decide(path: Path, claim: z3.BoolRef) -> tuple[z3.CheckSatResult, z3.ModelRef | None]:
    """Whether a claim can fail on a path: first with the conditions on nothing else, then with all."""
    near = [condition for condition in path.given if atoms(condition) <= atoms(claim)]
    if certain(near, claim, EFFORT) or certain(path.given, claim, EFFORT):
        return z3.unsat, None
    return solve([*path.given, z3.Not(claim)], EFFORT)


def example(model: z3.ModelRef | None) -> str:
    """Who calls, with what, on what, as far as it matters."""
    if model is None:
        return "the solver does not know"
    shown = sorted((str(one), model[one]) for one in model.decls() if one.arity() == 0)
    return ", ".join(f"{name} = {value}" for name, value in shown if name != "time")[:400]


def check(name: str) -> Verdict:
    """Prove a check on the deployed code, and refute it on the code with its mistake."""
    it = CHECKS[name]
    start = time.monotonic()
    proven, found = examine(it, deployed(it.contract))
    wrong, refutation = examine(it, deployed(it.contract, it.mistake), it.found_in)
    refuted = {"NO": "yes", "yes": "NO"}.get(wrong, wrong)
    return Verdict(name, proven, refuted, found or refutation, time.monotonic() - start)
