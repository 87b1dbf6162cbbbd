"""What a lemma is, how it is checked, and the vocabulary that lemmas are written in."""

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import z3

WAD = 10**18
F = 65_536  # fractions in a base unit; also the virtual base unit
N = 1_000  # virtual shares
SCALE = 10**36  # of prices

REALS = "reals"
INTEGERS = "unbounded integers"
WORDS = "256-bit words"
TIMEOUT = 10_000  # ms a try; an unknown answer fails the run
SEEDS = 5  # tries a query

Term = Any  # z3 has no useful types: an arithmetic or bit-vector expression, or a Python integer
Terms = Sequence[Term]


@dataclass(frozen=True, slots=True)
class Claim:
    """`given` implies `then`."""

    given: Terms
    then: Term


PAIR = tuple[Claim, Claim]  # a claim, and a wrong version of it
Body = Callable[..., PAIR]


@dataclass(frozen=True, slots=True)
class Lemma:
    """A sentence, its formula, and a wrong version of it that must be refuted."""

    name: str
    section: str  # of docs/SPECIFICATION.md
    domain: str
    says: str
    wrong_says: str
    body: Body
    integral: bool  # the proof needs that the variables are integers
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the solver said."""

    lemma: str
    proven: str  # "yes", or why not
    refuted: str  # "yes", or why not
    counterexample: str  # to the wrong version; to the lemma itself when it is not proven
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether the lemma is proven and its wrong version refuted."""
        return self.proven == self.refuted == "yes"


LEMMAS: dict[str, Lemma] = {}


def lemma(
    section: str,
    domain: str,
    says: str,
    wrong: str,
    *,
    integral: bool = False,
    uses: Sequence[Body] = (),
) -> Callable[[Body], Body]:
    """Register a lemma: a function of its variables that gives the claim and a wrong version of it.

    The variables are the function's parameters. All are at least 0, as every quantity of the contracts is.
    Over integers the claim is proven for all real numbers that satisfy it, which is more and easier (the
    rounding is in the formulas), unless `integral`; the wrong version is always refuted by integers.

    Args:
        section: of docs/SPECIFICATION.md.
        domain: REALS, INTEGERS, WORDS, or INTEGERS with bounds in words.
        says: the claim in words.
        wrong: the wrong version in words.
        integral: prove it over integers proper.
        uses: lemmas whose conclusions are premises here.
    """

    def register(body: Body) -> Body:
        name = body.__name__
        if name in LEMMAS:
            raise ValueError(f"two lemmas are called {name}; rename one")
        LEMMAS[name] = Lemma(
            name, section, domain, says, wrong, body, integral, tuple(used.__name__ for used in uses)
        )
        return body

    return register


def _variables(body: Callable[..., Any], make: Callable[[str], Term]) -> list[Term]:
    return [make(name) for name in inspect.signature(body).parameters]


def _find(formulas: Terms, variables: Terms, real: bool) -> tuple[str, str]:
    """Sat with an assignment, unsat, or unknown with the reason; an unknown is tried again by other seeds."""
    for seed in range(SEEDS):
        answer, detail = _try(formulas, variables, real, seed)
        if answer != "unknown":
            break
    return answer, detail


def _try(formulas: Terms, variables: Terms, real: bool, seed: int) -> tuple[str, str]:
    words = any(z3.is_bv(variable) for variable in variables)
    solver = z3.SolverFor("QF_BV") if words else z3.SolverFor("QF_NRA") if real else z3.Solver()
    solver.set("timeout", TIMEOUT)
    solver.set("random_seed", seed)
    if not words:
        solver.add(*(variable >= 0 for variable in variables))
    solver.add(*formulas)
    answer = str(solver.check())
    if answer == "unknown":
        return answer, solver.reason_unknown()
    if answer == "unsat":
        return answer, ""
    model = solver.model()
    return answer, ", ".join(f"{v} = {model.eval(v, model_completion=True)}" for v in variables)


def check(name: str) -> Verdict:
    """Prove a lemma, see that its premises can hold at all, and refute its wrong version."""
    it = LEMMAS[name]
    start = time.monotonic()
    makes: dict[str, Callable[[str], Term]] = {REALS: z3.Real, WORDS: lambda name: z3.BitVec(name, 256)}
    make = makes.get(it.domain, z3.Int)
    relaxed = z3.Real if make is z3.Int and not it.integral else make

    variables = _variables(it.body, relaxed)
    claim = it.body(*variables)[0]
    against, found = _find([*claim.given, z3.Not(claim.then)], variables, relaxed is z3.Real)
    proven = {"unsat": "yes", "sat": "NO"}.get(against, against)
    if proven == "yes":
        possible, _ = _find(claim.given, variables, relaxed is z3.Real)
        proven = {"sat": "yes", "unsat": "EMPTY"}.get(possible, possible)

    variables = _variables(it.body, make)
    claim = it.body(*variables)[1]
    answer, example = _find([*claim.given, z3.Not(claim.then)], variables, make is z3.Real)
    refuted = {"sat": "yes", "unsat": "NO"}.get(answer, answer)
    return Verdict(name, proven, refuted, found or example, time.monotonic() - start)


# ------------------------------------------------------------------------------------------------ vocabulary


def exchanged(given: Terms, right: Term, wrong: Term, then: Term) -> PAIR:
    """A claim whose last premise is `right`, and its wrong version with `wrong` in the place of that."""
    return Claim([*given, right], then), Claim([*given, wrong], then)


def floor(q: Term, numerator: Term, denominator: Term) -> Term:
    """`q = numerator // denominator`, of integers: what is left over is at most `denominator - 1`."""
    return z3.And(
        denominator > 0, q * denominator <= numerator, numerator <= q * denominator + denominator - 1
    )


def ceil(q: Term, numerator: Term, denominator: Term) -> Term:
    """`q = (numerator + denominator - 1) // denominator`, of integers."""
    return floor(q, numerator + denominator - 1, denominator)


def least(q: Term, *terms: Term) -> Term:
    """`q = min(terms)`."""
    return z3.And(z3.Or(*(q == term for term in terms)), *(q <= term for term in terms))


def most(q: Term, *terms: Term) -> Term:
    """`q = max(terms)`."""
    return z3.And(z3.Or(*(q == term for term in terms)), *(q >= term for term in terms))
