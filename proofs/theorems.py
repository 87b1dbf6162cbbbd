"""The theorems of section 11 over the reals: `V` collateral value, `D` debt, `x` repaid, `b` the bonus.

The loan's own units cancel; `w` threshold, `T` target health, `low` and `high` the bonuses, `h` the health at
which the bonus is highest. Health is `V*w/D`, equity per debt `V/D - 1`.
"""

import z3

from proofs.lemma import PAIR, REALS, Claim, Term, Terms, exchanged, least, lemma


def constructor(w: Term, low: Term, high: Term, h: Term, T: Term) -> Terms:
    """What `vault_params._check_risk` demands."""
    return [w > 0, w < 1, low > 0, low <= high, high <= 1, w * (1 + high) <= h, h < 1, T >= 1.005, T <= 1.25]


def ramp(r: Term, health: Term, low: Term, high: Term, h: Term) -> Term:
    """`r` is the bonus that the ramp gives at `health`, at most 1."""
    return z3.If(health <= h, r == high, (r - low) * (1 - h) == (high - low) * (1 - health))


@lemma(
    "11, integers",
    REALS,
    "The denominator of x* is positive for every bonus that the constructor allows.",
    "Also without the constructor's w*(1 + bonus_max) <= h.",
)
def denominator(w: Term, low: Term, high: Term, h: Term, T: Term, b: Term) -> PAIR:
    then = T - (1 + b) * w > 0
    loose = [w > 0, w < 1, high <= 1, h < 1, T >= 1.005, b <= high]
    return Claim([*constructor(w, low, high, h, T), b <= high], then), Claim(loose, then)


@lemma(
    "11, theorem 1",
    REALS,
    "A restorable close of any size that leaves debt does not lower V/D, and so not health, if b <= V/D - 1.",
    "Also for a bonus above the equity.",
)
def theorem_1(V: Term, D: Term, x: Term, b: Term) -> PAIR:
    sizes = [D > 0, x < D]
    then = (V - (1 + b) * x) * D >= V * (D - x)
    return Claim([*sizes, (1 + b) * D <= V], then), Claim([*sizes, D <= V, b <= 1], then)


@lemma(
    "11, theorem 1",
    REALS,
    "It raises V/D strictly while the cap is slack, b < V/D - 1, and something is repaid.",
    "Strictly even where the cap binds.",
)
def theorem_1_strict(V: Term, D: Term, x: Term, b: Term) -> PAIR:
    sizes = [x > 0, x < D]
    then = (V - (1 + b) * x) * D > V * (D - x)
    return exchanged(sizes, (1 + b) * D < V, (1 + b) * D <= V, then)


@lemma(
    "11, theorem 2",
    REALS,
    "A restorable close takes at most all collateral and at most the equity, and leaves V' >= D'.",
    "Also for a bonus above the equity.",
)
def theorem_2(V: Term, D: Term, x: Term, b: Term) -> PAIR:
    taken = (1 + b) * x
    then = z3.And(taken <= V, b * x <= V - D, V - taken >= D - x)
    return Claim([x <= D, (1 + b) * D <= V], then), Claim([x <= D, D <= V, b <= 1], then)


@lemma(
    "11, theorem 3",
    REALS,
    "A shortfall close of any share of a position keeps V/D, and with it equity, bonus and health.",
    "Also when it takes the collateral by value at the bonus, as a restorable close does.",
)
def theorem_3(V: Term, D: Term, share: Term, V_left: Term, D_left: Term, b: Term) -> PAIR:
    debt = [D > 0, V < D, share < 1, D_left == D * (1 - share)]
    then = V_left * D == V * D_left
    by_value = V_left == V - (1 + b) * D * share
    return Claim([*debt, V_left == V * (1 - share)], then), Claim([*debt, by_value, b <= 1], then)


@lemma(
    "11, theorem 3",
    REALS,
    "Two shortfall closes pay, take and extinguish what one close of both shares does, in either order.",
    "Also if the second were priced on the original position.",
)
def theorem_3_order(V: Term, D: Term, s: Term, first: Term, second: Term) -> PAIR:
    given = [D > 0, s >= 1, first < 1, second < 1]
    both = 1 - (1 - first) * (1 - second)
    price = V / s
    together = z3.And(
        price * first + price * (1 - first) * second == price * both,
        price * second + price * (1 - second) * first == price * both,
        D * first + D * (1 - first) * second == D * both,
    )
    return Claim(given, together), Claim(given, price * first + price * second == price * both)


@lemma(
    "11, splitting",
    REALS,
    "After a restorable close no later close of the position earns a larger bonus.",
    "Without the cap by equity and the constructor's w*(1 + bonus_max) <= h.",
    uses=[theorem_1],
)
def later_bonus(
    V: Term,
    D: Term,
    x: Term,
    w: Term,
    low: Term,
    high: Term,
    h: Term,
    T: Term,
    b: Term,
    r: Term,
    r2: Term,
    b2: Term,
) -> PAIR:
    e, e2 = V / D - 1, (V - (1 + b) * x) / (D - x) - 1
    given = [x > 0, x < D, V * w < D, V >= D * (1 + low)]
    given += [ramp(r, (1 + e) * w, low, high, h), ramp(r2, (1 + e2) * w, low, high, h), (1 + e2) * w <= 1]
    right = [*constructor(w, low, high, h, T), least(b, r, e), least(b2, r2, e2)]
    loose = [w < 1, low > 0, low <= high, high <= 1, h < 1, b == r, b2 == r2]
    return Claim([*right, *given], b2 <= b), Claim([*loose, *given], b2 <= b)


@lemma(
    "11, splitting",
    REALS,
    "Two restorable closes repay together at most x*, if the second bonus is not larger.",
    "Also for a larger second bonus.",
    uses=[later_bonus, denominator],
)
def split_repays_no_more(
    V: Term, D: Term, w: Term, T: Term, s: Term, s2: Term, x: Term, x1: Term, x2: Term
) -> PAIR:
    given = [w > 0, s >= 1, s2 >= 1, T - s * w > 0, T - s2 * w > 0, V * w < D, T >= 1.005]
    stars = [x * (T - s * w) == T * D - V * w, x1 <= x]
    second = x2 * (T - s2 * w) == T * (D - x1) - (V - s * x1) * w
    then = x1 + x2 <= x
    return Claim([*given, *stars, second, s2 <= s], then), Claim([*given, *stars, second], then)


@lemma(
    "11, splitting",
    REALS,
    "Two restorable closes seize together at most what one close of x* does.",
    "Also for a larger second bonus.",
    uses=[later_bonus, split_repays_no_more],
)
def split_seizes_no_more(s: Term, s2: Term, x: Term, x1: Term, x2: Term) -> PAIR:
    given = [s >= 1, s2 >= 1, x1 + x2 <= x]
    then = s * x1 + s2 * x2 <= s * x
    return Claim([*given, s2 <= s], then), Claim(given, then)


@lemma(
    "11, the end",
    REALS,
    "An uncapped restorable close that leaves debt ends at the target health.",
    "Also one that repays less.",
    uses=[denominator],
)
def ends_at_target(V: Term, D: Term, w: Term, T: Term, s: Term, x: Term) -> PAIR:
    given = [w > 0, s >= 1, T - s * w > 0, x < D, V * w < D, T >= 1.005]
    then = (V - s * x) * w == T * (D - x)
    least_to_target = T * D - V * w
    return exchanged(given, x * (T - s * w) == least_to_target, x * (T - s * w) <= least_to_target, then)


@lemma(
    "11, restorable",
    REALS,
    "A liquidatable position's x* is positive.",
    "A healthy position's too.",
    uses=[denominator],
)
def something_to_repay(V: Term, D: Term, w: Term, T: Term, s: Term, x: Term) -> PAIR:
    given = [w > 0, s >= 1, T - s * w > 0, T >= 1.005, x * (T - s * w) == T * D - V * w]
    return Claim([*given, V * w < D], x > 0), Claim([*given, V * w >= D, D > 0], x > 0)


@lemma(
    "11, seam",
    REALS,
    "Where V = D*(1 + bonus_min) both branches give the bonus bonus_min.",
    "Where V = D.",
)
def seam_is_continuous(
    e: Term, w: Term, low: Term, high: Term, h: Term, T: Term, slope: Term, r: Term, b: Term, b2: Term
) -> PAIR:
    given = [*constructor(w, low, high, h, T), slope <= 0.25, (1 + e) * w < 1]
    given += [ramp(r, (1 + e) * w, low, high, h), least(b, r, e), least(b2, high, low + slope * (low - e))]
    return Claim([*given, e == low], z3.And(b == low, b2 == low)), Claim([*given, e == 0], b == b2)


@lemma(
    "11, shortfall",
    REALS,
    "In a shortfall V/(1 + b), what liquidators pay for the whole position, never rises as V falls.",
    "It is never below D.",
)
def falling_value_pays_less(
    D: Term, e: Term, e2: Term, low: Term, high: Term, slope: Term, b: Term, b2: Term
) -> PAIR:
    # e + 1 = V/D: both values in units of D, shifted by 1 so that the variables are at least 0
    v, v2 = e, e2
    given = [low > 0, low <= high, high <= 1, slope <= 0.25, v2 <= v, v <= 1 + low, D == 1]
    given += [least(b, high, low + slope * (1 + low - v)), least(b2, high, low + slope * (1 + low - v2))]
    return Claim(given, v2 * (1 + b) <= v * (1 + b2)), Claim(given, v >= 1 + b)
